package exporter

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

// Query asks for values.
type Query struct {
	Tenant string
	// KPIs by id; none means all that can be answered for the window and grouping.
	KPIs []string
	// Definitions to answer; a KPI that has none of them answers its default ones.
	Definitions []string
	By          []window.Dimension
	Window      Span
	// At is where the window ends, Unix ms; 0 is now, rounded up to 10 s.
	At int64
	// Compare says what values of windows are compared with.
	Compare Compare

	lenient bool // leaves out KPIs that cannot be answered for the window or the tenant, also when they are named

	only window.Family // of which sums are wanted; "" is every family that is needed
}

// Values answers a query: KPIs in the order asked for, within them groups in order, within them definitions.
//
// Errors to decide on: [*UnknownError], [*TenantError], [*InstantError], [*GoneError], [*AgentsOffError], [*kpi.WindowError], [*kpi.GroupError]; an unknown KPI names the known ones.
func (r *Reader) Values(ctx context.Context, q Query) ([]kpi.Value, error) {
	answers, _, err := r.answer(ctx, q.Tenant, []Query{q}, false)
	if err != nil {
		return nil, err
	}
	return answers[0], nil
}

// answer answers queries about one tenant from one read of each stage, and lists the most pressing open conversations if wanted.
func (r *Reader) answer(ctx context.Context, tenant string, queries []Query, list bool) ([][]kpi.Value, *Open, error) {
	now := r.now().UnixMilli()
	defs := make([][]*kpi.Def, len(queries))
	interactions := need{tenant: tenant, stage: stageInteractions, open: list}
	customers := need{tenant: tenant, stage: stageCustomers}
	for i, q := range queries {
		var err error
		if defs[i], err = q.defs(); err != nil {
			return nil, nil, err
		}
		interactions.add(defs[i], q)
		customers.add(defs[i], q)
	}
	frames, s, err := r.frames(ctx, queries, now, interactions)
	if err != nil {
		return nil, nil, err
	}
	second, _, err := r.frames(ctx, queries, now, customers)
	if err != nil {
		return nil, nil, err
	}
	var open *Open
	if list {
		open = r.list(s, now, everyOpen, listed)
		open.next = r.list(s, now, notOverdue, listed).List
	}
	out := make([][]kpi.Value, len(queries))
	for i, q := range queries {
		if out[i], err = q.values(defs[i], &frames[i], &second[i], r.cfg.StaleAfter); err != nil {
			return nil, nil, err
		}
	}
	return out, open, nil
}

// add notes what the KPIs of a query need of the stage.
func (n *need) add(defs []*kpi.Def, q Query) {
	for _, d := range defs {
		family, _ := d.FamilyOf(q.By) // checked by defs
		if d.Instant() {
			n.open = n.open || d.SecondStage() == (n.stage == stageCustomers)
			continue
		}
		if d.SecondStage() == (n.stage == stageCustomers) {
			n.reads(d, d.Resolve(q.Definitions), family)
		}
	}
}

// reads notes that definitions of a KPI are read from a family.
func (n *need) reads(d *kpi.Def, definitions []*kpi.Definition, family window.Family) {
	n.numbers = n.numbers || d.References
	if !slices.Contains(n.families, family) {
		n.families = append(n.families, family)
	}
	if d.Reach == 0 || !slices.ContainsFunc(definitions, func(def *kpi.Definition) bool { return def.Derive != nil }) {
		return
	}
	far := reach{family, d.Reach, d.FromBegin, d.Quarterly != 0}
	if i := slices.IndexFunc(n.reaches, func(x reach) bool { return x.family == far.family && x.begin == far.begin && x.lean == far.lean }); i < 0 {
		n.reaches = append(n.reaches, far)
	} else {
		n.reaches[i].ms = max(n.reaches[i].ms, far.ms)
	}
}

// frame is what is being answered, from one stage. The zero frame is of a stage that nobody asked.
type frame struct {
	kpi.Frame
	s    *snapshot
	sums map[window.Family]*window.Sum
	base []frame // what it is compared with
}

// edges are those of a window, Unix ms.
type edges struct{ from, to int64 }

// windows returns what a query asks for: its window, then those that it is compared with, all as rounded to panes.
func (q Query) windows(now, boundary int64, zone *time.Location) []edges {
	to := q.At
	if to == 0 {
		to = (now + window.FinePane - 1) / window.FinePane * window.FinePane
	}
	from, to := q.Window.ends(to, zone)
	from, to = window.Round(from, to, boundary, zone)
	out := []edges{{from, to}}
	for _, e := range q.Compare.windows(q.Window, out[0], zone) {
		from, to := window.Round(e.from, e.to, boundary, zone)
		out = append(out, edges{from, to})
	}
	return out
}

// frames reads a stage once for all queries and adds up the windows of each.
func (r *Reader) frames(ctx context.Context, queries []Query, now int64, n need) ([]frame, *snapshot, error) {
	frames := make([]frame, len(queries))
	if len(n.families) == 0 && !n.open {
		return frames, nil, nil
	}
	if n.numbers {
		var err error
		if n.known, err = r.numbers(ctx, n.tenant); err != nil {
			return nil, nil, err
		}
	}
	// Windows that had to be widened because panes are being moved up right now.
	widened := make([][]edges, len(queries))
	windows := func(i int, boundary int64, zone *time.Location) []edges {
		out := queries[i].windows(now, boundary, zone)
		for k, e := range widened[i] {
			if e != (edges{}) && k < len(out) {
				out[k].from, out[k].to = window.Round(e.from, e.to, boundary, zone)
			}
		}
		return out
	}
	if len(n.families) > 0 {
		n.stretches = func(zone *time.Location, boundary int64) (out []stretch) {
			for i := range queries {
				for k, e := range windows(i, boundary, zone) {
					out = append(out, stretch{queries[i].only, e.from, e.to, false})
					for _, x := range n.reaches {
						if k > 0 || queries[i].only != "" && queries[i].only != x.family {
							continue // what something is compared with is never derived
						}
						// Whole days: what is looked at may have to be widened to the panes that survive.
						far := edges{window.DayStart(window.Day(x.back(e), zone), zone), window.DayStart(window.Day(e.to-1, zone)+1, zone)}
						out = append(out, stretch{x.family, far.from, far.to, x.lean})
					}
				}
			}
			return out
		}
	}
	for range 8 {
		s, err := r.read(ctx, n)
		if err != nil {
			return nil, nil, err
		}
		whole := true
		for i, q := range queries {
			all := windows(i, s.boundary, s.zone)
			one := make([]frame, len(all))
			for k, e := range all {
				wide := e
				one[k] = frame{s: s, sums: map[window.Family]*window.Sum{}}
				for _, f := range n.families {
					if q.only != "" && q.only != f {
						continue
					}
					sum, a, z := s.sum(f, q.By, e.from, e.to)
					one[k].sums[f] = sum
					wide = edges{min(wide.from, a), max(wide.to, z)}
				}
				if wide != e {
					if widened[i] == nil {
						widened[i] = make([]edges, len(all))
					}
					widened[i][k], whole = wide, false
				}
				one[k].Frame = kpi.Frame{
					Tenant: n.tenant, By: q.By, AsOf: s.asOf, Policy: s.policy, Complete: s.complete(q.By, e.from, e.to, s.asOf, now, r.cfg.StaleAfter), Asked: q.Definitions,
					References: n.known, Window: kpi.Window{From: e.from, To: e.to, Now: now, Zone: s.zone},
				}
			}
			frames[i], frames[i].base = one[0], one[1:]
		}
		if whole {
			return frames, s, nil
		}
	}
	return nil, nil, &storeError{fmt.Errorf("the panes of tenant %q move faster than they can be read", n.tenant)}
}

// values reads the KPIs off the frames of the two stages.
func (q Query) values(defs []*kpi.Def, f, second *frame, staleAfter time.Duration) ([]kpi.Value, error) {
	sizes := map[window.Group]int{} // of the open conversations, and of the agents who are there
	for _, of := range [...]*frame{f, second} {
		if of.s != nil {
			of.s.groups(q.By, sizes)
		}
	}
	groups := groupsOf(q.By, sizes, f, second)
	open := map[*frame]map[window.Group][]kpi.OpenAt{}
	var out []kpi.Value
	for _, d := range defs {
		definitions := d.Resolve(q.Definitions)
		family, _ := d.FamilyOf(q.By) // checked by defs
		of := f
		if d.SecondStage() {
			of = second
		}
		if d.Instant() {
			if open[of] == nil {
				open[of] = of.s.byGroup(q.By, sizes)
			}
			now := of.Frame
			now.AsOf = of.s.openAsOf
			now.Complete = of.s.complete(q.By, now.AsOf, now.Window.Now, now.AsOf, now.Window.Now, staleAfter)
			out = append(out, d.ValuesNow(definitions, now, groups, open[of])...)
			continue
		}
		if d.NeedsAgents(q.By) && (of.Policy == nil || !of.Policy.AgentCells()) {
			if q.lenient || len(q.KPIs) == 0 {
				continue
			}
			return nil, &AgentsOffError{q.Tenant, d.ID}
		}
		if kept := window.Kept(of.s.boundary, of.s.zone); of.Window.To <= kept {
			return nil, &GoneError{kept, of.s.zone}
		}
		groups := groups
		if len(q.By) > 0 && d.Reach > 0 && slices.ContainsFunc(definitions, func(def *kpi.Definition) bool { return def.Derive != nil }) {
			groups = of.s.known(family, q.By, groups) // a queue that fell silent is what this may be about
		}
		values, err := of.values(d, definitions, family, groups, staleAfter)
		if err != nil && (q.lenient || len(q.KPIs) == 0) && as[*kpi.WindowError](err) != nil {
			continue // nobody asked for this one by name
		}
		if err != nil {
			return nil, err
		}
		if q.Compare != NoComparison {
			of.compare(q.Compare, d, definitions, family, groups, values)
		}
		out = append(out, values...)
	}
	return out, nil
}

// values reads a KPI about a time off the frame.
func (f *frame) values(d *kpi.Def, definitions []*kpi.Definition, family window.Family, groups []window.Group, staleAfter time.Duration) ([]kpi.Value, error) {
	source := f.s.source(family)
	var out []kpi.Value
	far := f.Frame
	far.Complete = far.Complete && f.s.complete(far.By, d.Back(far.Window.From, far.Window.To), far.Window.To, far.AsOf, far.Window.Now, staleAfter)
	if far.Complete == f.Complete {
		return d.Values(definitions, f.Frame, groups, f.sums[family], source)
	}
	// What looks further back than the window may miss something that the others do not.
	for _, g := range groups {
		for _, def := range definitions {
			of := f.Frame
			if def.Derive != nil {
				of = far
			}
			values, err := d.Values([]*kpi.Definition{def}, of, []window.Group{g}, f.sums[family], source)
			if err != nil {
				return nil, err
			}
			out = append(out, values...)
		}
	}
	return out, nil
}

// known adds to groups those that are known of everything that was read of a family, in order.
func (s *snapshot) known(f window.Family, by []window.Dimension, groups []window.Group) []window.Group {
	seen := map[window.Group]bool{}
	for _, g := range groups {
		seen[g] = true
	}
	for _, p := range s.blocks[f] {
		for _, g := range p.block.Groups() {
			seen[g.By(by)] = true
		}
	}
	return slices.SortedFunc(maps.Keys(seen), window.Group.Compare)
}

// groupsOf returns the groups that anything is known of, in order. Without dimensions that is the one group of all.
func groupsOf(by []window.Dimension, open map[window.Group]int, frames ...*frame) []window.Group {
	if len(by) == 0 {
		return []window.Group{{}}
	}
	seen := map[window.Group]bool{}
	for g := range open {
		seen[g] = true
	}
	for _, f := range frames {
		for _, sum := range f.sums {
			for _, g := range sum.Groups() {
				seen[g] = true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(seen), window.Group.Compare)
}

// defs returns the KPIs asked for; without names, all that the query suits.
func (q Query) defs() ([]*kpi.Def, error) {
	var out []*kpi.Def
	if len(q.KPIs) == 0 {
		for _, d := range kpi.Catalog() {
			if _, err := d.FamilyOf(q.By); err == nil && !(d.Instant() && q.At != 0) {
				out = append(out, d)
			}
		}
		return out, nil
	}
	for _, id := range q.KPIs {
		d, err := kpi.ByID(id)
		if err != nil {
			return nil, err
		}
		if _, err := d.FamilyOf(q.By); err != nil {
			return nil, err
		}
		if d.Instant() && q.At != 0 {
			return nil, &InstantError{id}
		}
		if !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	return out, nil
}
