package window

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// Round widens a window outward to the edges of the finest panes that survive when panes have been moved up to boundary. A window longer than
// [MaxFineWindow] becomes whole days of the zone, except that a last day which is not over at boundary keeps its finer edge. Instants are Unix ms, windows
// [from, to) with from < to.
func Round(from, to, boundary int64, zone Zone) (int64, int64) {
	long := to-from > MaxFineWindow
	from, _ = surviving(from, boundary, zone)
	_, to = surviving(to-1, boundary, zone)
	if long {
		from = DayStart(Day(from, zone), zone)
		if over := DayStart(Day(to-1, zone)+1, zone); over <= boundary {
			to = over
		}
	}
	return from, to
}

// surviving returns the span of the finest pane that an instant has.
func surviving(at, boundary int64, zone Zone) (from, to int64) {
	p, _ := Locate(at, boundary, zone)
	return p.Span(zone)
}

// Kept returns the first instant for which panes are kept when they have been moved up to boundary: what lies before has been dropped.
func Kept(boundary int64, zone Zone) int64 {
	c := coarsePlace(boundary-coarseKeep, zone).Chunk
	for !c.Due(boundary, zone) {
		c.Start--
	}
	_, to := c.Span(zone)
	return to
}

// Overlapping returns the chunks of a family that hold panes of [from, to), in the order of the directory.
func (d *Dir) Overlapping(f Family, from, to int64, zone Zone) []Chunk {
	var out []Chunk
	for _, c := range d.Chunks(f) {
		if a, b := c.Span(zone); a < to && b > from {
			out = append(out, c)
		}
	}
	return out
}

// Block is a chunk as readers hold it: the panes as stored, and the sum of all. It is immutable.
type Block struct {
	chunk  Chunk
	panes  []pane
	groups []Group // of totals, sorted
	totals []*Cell
	size   int
	lean   bool // panes are left out
	counts []paneCount
	of     []Metric // that counts are of
}

// paneCount is how often a metric was counted in a pane.
type paneCount struct {
	metric Metric
	number int // of the pane
	group  int // index of groups
	n      int64
}

type pane struct {
	number int
	groups []Group
	cells  [][]byte
}

// DecodeBlock reads the fields of a chunk's hash. It keeps the values, which must not change afterwards.
func DecodeBlock(c Chunk, fields map[string][]byte) (*Block, error) {
	b := &Block{chunk: c, size: 200}
	totals := map[Group]*Cell{}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		number, g, ok := ParseField(name)
		if !ok || number < 0 || number >= c.panes() {
			return nil, fmt.Errorf("window: chunk %+v has a field %q that names no pane: restore a snapshot or rebuild the partition from the log", c, name)
		}
		if totals[g] == nil {
			totals[g] = &Cell{}
		}
		if err := totals[g].MergeEncoded(fields[name]); err != nil {
			return nil, err
		}
		if n := len(b.panes); n == 0 || b.panes[n-1].number != number {
			b.panes = append(b.panes, pane{number: number})
		}
		p := &b.panes[len(b.panes)-1]
		p.groups = append(p.groups, g)
		p.cells = append(p.cells, fields[name])
		b.size += len(name) + len(fields[name]) + 100
	}
	b.groups = slices.SortedFunc(maps.Keys(totals), Group.Compare)
	for _, g := range b.groups {
		b.totals = append(b.totals, totals[g])
		b.size += totals[g].size() + 100
	}
	return b, nil
}

// Lean returns a block that takes far less memory: without its panes, only with the counts of some metrics by pane. It serves [Block.Quarters] of these metrics and sums of windows
// that hold the whole chunk; what cuts through it is widened to all of it.
func (b *Block) Lean(metrics []Metric) *Block {
	out := &Block{chunk: b.chunk, groups: b.groups, totals: b.totals, lean: true, of: slices.Clone(metrics), size: 200}
	for _, m := range metrics {
		b.eachPane(m, func(number, group int, n int64) { out.counts = append(out.counts, paneCount{m, number, group, n}) })
	}
	out.counts = slices.Clip(out.counts)
	out.size += 32 * len(out.counts)
	for _, c := range b.totals {
		out.size += c.size() + 100
	}
	return out
}

// Serves reports whether the block has everything that one of all panes has, or when lean is wanted the counts of the metrics.
func (b *Block) Serves(lean bool, metrics []Metric) bool {
	return !b.lean || lean && !slices.ContainsFunc(metrics, func(m Metric) bool { return !slices.Contains(b.of, m) })
}

// eachPane tells how often a metric was counted in each pane, where it was; group is an index of groups.
func (b *Block) eachPane(m Metric, tell func(number, group int, n int64)) {
	for _, c := range b.counts {
		if c.metric == m {
			tell(c.number, c.group, c.n)
		}
	}
	for i := range b.panes {
		for k, g := range b.panes[i].groups {
			if n := countEncoded(b.panes[i].cells[k], m); n != 0 {
				group, _ := slices.BinarySearchFunc(b.groups, g, Group.Compare)
				tell(b.panes[i].number, group, n)
			}
		}
	}
}

// Quarters tells how often a metric was counted in each quarter of an hour of [from, to), edges of quarters, where it was; at is the begin of the quarter. It may tell the same quarter
// and group several times: add up. ok is false when some of it is known only as part of a day.
func (b *Block) Quarters(m Metric, from, to int64, zone Zone, tell func(at int64, g Group, n int64)) (ok bool) {
	if a, z := b.chunk.Span(zone); z <= from || a >= to {
		return true
	}
	ok = true
	b.eachPane(m, func(number, group int, n int64) {
		at, end := Place{b.chunk, number}.Span(zone)
		switch {
		case end <= from || at >= to:
		case b.chunk.Tier == Coarse:
			ok = false
		default:
			tell(floorDiv(at, MediumPane)*MediumPane, b.groups[group], n)
		}
	})
	return ok
}

// Groups returns the groups that have panes. Do not change them.
func (b *Block) Groups() []Group { return b.groups }

// Size returns roughly how many bytes of memory the block takes.
func (b *Block) Size() int { return b.size }

// Span returns the instants of the pane.
func (b *Block) span(p *pane, zone Zone) (from, to int64) { return Place{b.chunk, p.number}.Span(zone) }

func (c *Cell) size() int {
	n := 80 + 50*len(c.metrics)
	for i := range c.aggs {
		n += 16 * cap(c.aggs[i].Buckets)
	}
	return n
}

// Sum adds up the panes of a window, by some of the dimensions.
type Sum struct {
	by       []Dimension
	distinct bool
	from, to int64
	zone     Zone
	cells    map[Group]*Cell
}

// NewSum begins the sum of the panes in [from, to), which must be edges as [Round] returns them. Cells of the family [Activity] are roll-ups already: of them only
// those kept for exactly the dimensions by are taken.
func NewSum(f Family, by []Dimension, from, to int64, zone Zone) *Sum {
	return &Sum{by: by, distinct: f == Activity, from: from, to: to, zone: zone, cells: map[Group]*Cell{}}
}

// Add adds the panes of a block that lie in the window. When a pane straddles an edge, because panes are being moved up right now, ok is false: begin again
// with the window [from, to), widened to take the pane in. The sum is of no use then.
func (s *Sum) Add(b *Block) (from, to int64, ok bool) {
	a, z := b.chunk.Span(s.zone)
	if z <= s.from || a >= s.to {
		return s.from, s.to, true
	}
	if a >= s.from && z <= s.to {
		for i, g := range b.groups {
			s.add(g, func(c *Cell) { c.Merge(b.totals[i]) })
		}
		return s.from, s.to, true
	}
	if b.lean {
		return min(a, s.from), max(z, s.to), false
	}
	from, to = s.from, s.to
	for i := range b.panes {
		p := &b.panes[i]
		a, z := b.span(p, s.zone)
		if z <= s.from || a >= s.to {
			continue
		}
		from, to = min(from, a), max(to, z)
		for i, g := range p.groups {
			// DecodeBlock has read every cell once: there is no error here.
			s.add(g, func(c *Cell) { _ = c.MergeEncoded(p.cells[i]) })
		}
	}
	return from, to, from == s.from && to == s.to
}

func (s *Sum) add(g Group, merge func(*Cell)) {
	of := g.By(s.by)
	if s.distinct && (of != g || !g.Names(s.by)) {
		return
	}
	c := s.cells[of]
	if c == nil {
		c = &Cell{}
		s.cells[of] = c
	}
	merge(c)
}

// Merge adds all of o, a sum by the same dimensions over other blocks or another window.
func (s *Sum) Merge(o *Sum) {
	for g, c := range o.cells {
		s.add(g, func(into *Cell) { into.Merge(c) })
	}
}

// Groups returns the groups that have contributions, sorted. Contributions that were all taken back leave none.
func (s *Sum) Groups() []Group {
	var out []Group
	for g, c := range s.cells {
		if !c.Empty() {
			out = append(out, g)
		}
	}
	slices.SortFunc(out, Group.Compare)
	return out
}

// Cell returns the sum of a group; an empty cell when it has none.
func (s *Sum) Cell(g Group) *Cell {
	if c := s.cells[g]; c != nil {
		return c
	}
	return &Cell{}
}

// Compare orders groups by channel, queue, team, agent and topic.
func (g Group) Compare(o Group) int {
	return cmp.Or(cmp.Compare(g.Channel, o.Channel), cmp.Compare(g.Queue, o.Queue), cmp.Compare(g.Team, o.Team), cmp.Compare(g.Agent, o.Agent),
		cmp.Compare(g.Topic, o.Topic))
}

// Name returns the group's name in a dimension, "" when it has none.
func (g Group) Name(d Dimension) string {
	switch d {
	case DimChannel:
		return g.Channel
	case DimQueue:
		return g.Queue
	case DimTeam:
		return g.Team
	case DimAgent:
		return g.Agent
	case DimTopic:
		return g.Topic
	}
	return ""
}

// Names reports whether the group has a name in each of the dimensions.
func (g Group) Names(by []Dimension) bool {
	for _, d := range by {
		if g.Name(d) == "" {
			return false
		}
	}
	return true
}
