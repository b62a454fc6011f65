package exporter

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
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
}

// Span is the length of a window.
type Span struct {
	kind spanKind
	ms   int64
}

type spanKind uint8

const (
	lasting spanKind = iota
	today            // from the begin of the tenant's day to now
	yesterday
)

// The day windows.
var (
	Today     = Span{kind: today}
	Yesterday = Span{kind: yesterday}
)

// Lasting is a window of some milliseconds.
func Lasting(d time.Duration) Span { return Span{ms: d.Milliseconds()} }

// longestSpan is how long coarse panes are kept.
const longestSpan = 400 * 24 * time.Hour

// ParseSpan reads "30s", "5m", "1h", "7d", "today" or "yesterday".
func ParseSpan(s string) (Span, error) {
	switch s {
	case "today":
		return Today, nil
	case "yesterday":
		return Yesterday, nil
	}
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}
	if s != "" {
		if unit, ok := units[s[len(s)-1]]; ok {
			n, err := strconv.ParseUint(s[:len(s)-1], 10, 32)
			if d := time.Duration(n) * unit; err == nil && n > 0 && n < 40_000_000 && d >= 10*time.Second && d <= longestSpan {
				return Lasting(d), nil
			}
		}
	}
	return Span{}, fmt.Errorf("%q is not a window; use 10s to 400d, such as 30s, 5m, 1h, 24h or 7d, or today or yesterday", s)
}

// ends returns the instants [from, to) of the span that ends at an instant.
func (s Span) ends(to int64, zone *time.Location) (int64, int64) {
	day := window.Day(to-1, zone)
	switch s.kind {
	case today:
		return window.DayStart(day, zone), to
	case yesterday:
		return window.DayStart(day-1, zone), window.DayStart(day, zone)
	}
	return to - s.ms, to
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
		interactions.add(defs[i], q.By)
		customers.add(defs[i], q.By)
	}
	frames, s, err := r.frames(ctx, queries, now, interactions)
	if err != nil {
		return nil, nil, err
	}
	distinct, _, err := r.frames(ctx, queries, now, customers)
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
		if out[i], err = q.values(defs[i], &frames[i], &distinct[i], r.cfg.StaleAfter); err != nil {
			return nil, nil, err
		}
	}
	return out, open, nil
}

// add notes what KPIs need of the stage.
func (n *need) add(defs []*kpi.Def, by []window.Dimension) {
	for _, d := range defs {
		family, _ := d.FamilyOf(by) // checked by defs
		switch {
		case (family == window.Activity) != (n.stage == stageCustomers):
		case d.Instant():
			n.open = true
		case !slices.Contains(n.families, family):
			n.families = append(n.families, family)
		}
	}
}

// frame is what is being answered, from one stage. The zero frame is of a stage that nobody asked.
type frame struct {
	kpi.Frame
	s    *snapshot
	sums map[window.Family]*window.Sum
}

// frames reads a stage once for all queries and adds up the window of each.
func (r *Reader) frames(ctx context.Context, queries []Query, now int64, n need) ([]frame, *snapshot, error) {
	frames := make([]frame, len(queries))
	if len(n.families) == 0 && !n.open {
		return frames, nil, nil
	}
	// Windows that had to be widened because panes are being moved up right now.
	type span struct{ from, to int64 }
	widened := make([]span, len(queries))
	bounds := func(i int, zone *time.Location) (from, to int64) {
		if widened[i] != (span{}) {
			return widened[i].from, widened[i].to
		}
		to = queries[i].At
		if to == 0 {
			to = (now + window.FinePane - 1) / window.FinePane * window.FinePane
		}
		return queries[i].Window.ends(to, zone)
	}
	if len(n.families) > 0 {
		n.window = func(zone *time.Location) (from, to int64) {
			from, to = bounds(0, zone)
			for i := range queries {
				a, z := bounds(i, zone)
				from, to = min(from, a), max(to, z)
			}
			return from, to
		}
	}
	for range 8 {
		s, err := r.read(ctx, n)
		if err != nil {
			return nil, nil, err
		}
		whole := true
		for i, q := range queries {
			from, to := bounds(i, s.zone)
			from, to = window.Round(from, to, s.boundary, s.zone)
			wide := span{from, to}
			frames[i] = frame{s: s, sums: map[window.Family]*window.Sum{}}
			for _, f := range n.families {
				sum, a, z := s.sum(f, q.By, from, to)
				frames[i].sums[f] = sum
				wide = span{min(wide.from, a), max(wide.to, z)}
			}
			if wide != (span{from, to}) {
				widened[i], whole = wide, false
			}
			frames[i].Frame = kpi.Frame{
				Tenant: n.tenant, By: q.By, AsOf: s.asOf, Policy: s.policy, Complete: s.complete(q.By, from, to, s.asOf, now, r.cfg.StaleAfter),
				Window: kpi.Window{From: from, To: to, Now: now, Zone: s.zone},
			}
		}
		if whole {
			return frames, s, nil
		}
	}
	return nil, nil, &storeError{fmt.Errorf("the panes of tenant %q move faster than they can be read", n.tenant)}
}

// values reads the KPIs off the frames of the two stages.
func (q Query) values(defs []*kpi.Def, f, distinct *frame, staleAfter time.Duration) ([]kpi.Value, error) {
	var sizes map[window.Group]int // of the open conversations
	if f.s != nil {
		sizes = f.s.groups(q.By)
	}
	groups := groupsOf(q.By, sizes, f, distinct)
	var open map[window.Group][]kpi.OpenAt
	var out []kpi.Value
	for _, d := range defs {
		definitions := d.Resolve(q.Definitions)
		family, _ := d.FamilyOf(q.By) // checked by defs
		if d.Instant() {
			if open == nil {
				open = f.s.byGroup(q.By, sizes)
			}
			now := f.Frame
			now.AsOf = f.s.openAsOf
			now.Complete = f.s.complete(q.By, now.AsOf, now.Window.Now, now.AsOf, now.Window.Now, staleAfter)
			out = append(out, d.ValuesNow(definitions, now, groups, open)...)
			continue
		}
		of := f
		switch {
		case family == window.Activity:
			of = distinct
		case family == window.Agent && (f.Policy == nil || !f.Policy.AgentCells()):
			if len(q.KPIs) == 0 {
				continue
			}
			return nil, &AgentsOffError{q.Tenant, d.ID}
		}
		if kept := window.Kept(of.s.boundary, of.s.zone); of.Window.To <= kept {
			return nil, &GoneError{kept, of.s.zone}
		}
		values, err := d.Values(definitions, of.Frame, groups, of.sums[family])
		if err != nil && len(q.KPIs) == 0 && as[*kpi.WindowError](err) != nil {
			continue // nobody asked for this one by name
		}
		if err != nil {
			return nil, err
		}
		out = append(out, values...)
	}
	return out, nil
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
