package exporter

import (
	"cmp"
	"slices"
	"time"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// snapshot is what was read. Each slot's part is of one instant of its own.
type snapshot struct {
	zone       *time.Location
	policy     *sla.Policy // nil when there is none
	stretches  []stretch   // that panes were read for
	asOf       int64       // everything before is known, Unix ms
	openAsOf   int64       // the same for the open conversations
	boundary   int64       // panes are moved up to here, at most
	incomplete int64
	capped     []string
	numbers    kpi.References
	blocks     map[window.Family][]part
	open       []*openList
	dirs       []*window.Dir // of the slots
	sources    map[window.Family]*panes
}

// part is a chunk of one slot.
type part struct {
	chunk window.Chunk
	block *block
}

// settle computes from the facts of all slots what the answer is about.
func (r *Reader) settle(v *view, n need) (*snapshot, error) {
	s := &snapshot{}
	var absent []int32
	zone, params := "", ""
	for i := range v.slots {
		f := &v.slots[i].facts
		if !v.slots[i].seen || f.boundary == 0 {
			absent = append(absent, int32(i))
			continue
		}
		if s.asOf == 0 || f.boundary < s.asOf {
			s.asOf = f.boundary
		}
		s.boundary = max(s.boundary, f.time, f.boundary)
		s.incomplete = max(s.incomplete, f.incomplete)
		s.dirs = append(s.dirs, f.dir)
		for name, history := range f.numbers { // a number is in one slot
			if s.numbers == nil {
				s.numbers = kpi.References{}
			}
			s.numbers[name] = history
		}
		for _, dim := range f.capped {
			if !slices.Contains(s.capped, dim) {
				s.capped = append(s.capped, dim)
			}
		}
		if zone == "" {
			zone, params = f.zone, f.params
		}
	}
	if len(absent) > 0 {
		return nil, &UnknownError{v.key.stage, absent}
	}
	s.openAsOf = s.asOf
	configured := r.zones[n.tenant]
	if zone == "" && configured == "" {
		return nil, &TenantError{n.tenant}
	}
	var err error
	if s.zone, err = r.zone(cmp.Or(zone, configured)); err != nil {
		return nil, err
	}
	if params != v.params || params != "" && v.policy == nil {
		if v.policy, err = sla.DecodePolicy([]byte(params), 1); err != nil {
			return nil, err
		}
		v.params = params
	}
	s.policy = v.policy
	if n.stretches != nil {
		s.stretches = n.stretches(s.zone, s.boundary)
	}
	return s, nil
}

// keep adds the open conversations of a slot.
func (s *snapshot) keep(l *openList) {
	s.open = append(s.open, l)
	s.openAsOf = min(s.openAsOf, l.asOf)
}

// complete reports whether nothing that belongs into the window is known to be missing: no records were lost, no panes dropped, no names folded into another, and
// everything up to the window's end is known (for a window that ends now: up to a moment ago).
func (s *snapshot) complete(by []window.Dimension, from, to, asOf, now int64, staleAfter time.Duration) bool {
	folded := slices.ContainsFunc(by, func(d window.Dimension) bool { return slices.Contains(s.capped, string(d)) })
	return !folded && from >= s.incomplete && from >= window.Kept(s.boundary, s.zone) && asOf >= min(to, now-staleAfter.Milliseconds())
}

// groups counts the open conversations, or the agents, of each group.
func (s *snapshot) groups(by []window.Dimension, n map[window.Group]int) {
	for _, l := range s.open {
		for i := range l.list {
			n[kpi.GroupOf(&l.list[i]).By(by)]++
		}
	}
}

// byGroup sorts the open conversations into groups, of which sizes tells how many there are in each.
func (s *snapshot) byGroup(by []window.Dimension, sizes map[window.Group]int) map[window.Group][]kpi.OpenAt {
	of := make(map[window.Group][]kpi.OpenAt, len(sizes))
	for g, n := range sizes {
		of[g] = make([]kpi.OpenAt, 0, n)
	}
	for _, l := range s.open {
		for i := range l.list {
			g := kpi.GroupOf(&l.list[i]).By(by)
			of[g] = append(of[g], l.list[i])
		}
	}
	return of
}
