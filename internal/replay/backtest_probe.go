package replay

import (
	"slices"
	"sort"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/rule"
	"github.com/vigia-cx/vigia/internal/window"
)

// probe is one rule on a log.
type probe struct {
	t          *tenantTest
	rule       *rule.Rule
	def        *kpi.Def
	definition *kpi.Definition
	family     window.Family
	spans      []rule.Span
	instant    bool
	groups     map[window.Group]*tracked
	order      []*tracked
	desk       *desk // of KPIs about now
}

// newProbe prepares a rule; why says that a log of events cannot tell about it.
func newProbe(t *tenantTest, r *rule.Rule) (p *probe, why string) {
	if r.Kind == rule.Silent {
		return nil, "a log does not say when a source was asked and had nothing to say"
	}
	def, err := kpi.ByID(r.KPI)
	if err != nil {
		return nil, err.Error()
	}
	p = &probe{t: t, rule: r, instant: def.Instant(), def: def, groups: map[window.Group]*tracked{}}
	p.definition, _ = def.Definition(r.Definition) // checked when the rule was read
	if p.family, err = def.FamilyOf(r.By); err != nil {
		return nil, err.Error()
	}
	if def.SecondStage() {
		return nil, "customers are known by the second stage, which a back-test does not run"
	}
	if !p.instant && p.definition.Read == nil {
		return nil, "it is derived from other windows, which a back-test does not read"
	}
	if def.NeedsAgents(r.By) && !t.policy.AgentCells() {
		return nil, "the tenant keeps no KPIs by agent (agent_cells)"
	}
	for _, q := range r.Queries() {
		span, err := rule.ParseSpan(q.Window)
		if err != nil && !p.instant {
			return nil, err.Error()
		}
		p.spans = append(p.spans, span)
	}
	if p.instant {
		p.desk = newDesk(p.definition)
	}
	return p, ""
}

// of returns the track of a group.
func (p *probe) of(g window.Group) *tracked {
	x := p.groups[g]
	if x == nil {
		x = &tracked{probe: p, group: g, labels: map[string]string{}, panes: make([]sliding, len(p.spans)), measures: make([]rule.Measure, max(1, len(p.spans))), fresh: true}
		for _, d := range p.rule.By {
			x.labels[string(d)] = g.Name(d)
		}
		x.ignored = !p.rule.Covers(x.labels)
		p.groups[g] = x
		// Evaluations are in the order of groups, as the alerter reads them.
		i := sort.Search(len(p.order), func(i int) bool { return p.order[i].group.Compare(g) > 0 })
		p.order = slices.Insert(p.order, i, x)
	}
	return x
}

func (p *probe) evaluate(at int64) {
	for _, x := range p.order {
		if !x.ignored {
			x.evaluate(at)
		}
	}
}

// tracked is one group of a rule.
type tracked struct {
	probe    *probe
	group    window.Group
	labels   map[string]string
	ignored  bool
	samples  []stamped // in the order of their instants
	panes    []sliding // one for each window
	measures []rule.Measure
	seen     rule.Observation // the last one
	state    rule.State
	fresh    bool // something has changed since the last evaluation
	open     open // of KPIs about now
}

type stamped struct {
	at   int64
	s    window.Sample
	sign int64
}

// sliding is the sum of the samples in a window that goes on.
type sliding struct {
	from, to int64 // Unix ms
	lo, hi   int   // the samples in it
	cell     window.Cell
}

// add puts a sample where its instant is.
func (x *tracked) add(at int64, s window.Sample, sign int64) {
	i := len(x.samples)
	for i > 0 && x.samples[i-1].at > at {
		i--
	}
	x.samples = slices.Insert(x.samples, i, stamped{at, s, sign})
	x.fresh = true
	for j := range x.panes {
		w := &x.panes[j]
		switch {
		case at < w.from:
			w.lo++
			w.hi++
		case at < w.to:
			w.hi++
			w.cell.Add(s, sign)
		}
	}
}

// slide moves a window on. Its begin is where that of a reader would be: the further back, the coarser the panes.
func (x *tracked) slide(w *sliding, span rule.Span, at int64) {
	zone := x.probe.t.policy.Zone()
	from, to := span.Bounds(at, zone)
	from, to = window.Round(from, to, at, zone)
	w.from, w.to = max(w.from, from), to
	for w.hi < len(x.samples) && x.samples[w.hi].at < w.to {
		w.cell.Add(x.samples[w.hi].s, x.samples[w.hi].sign)
		w.hi++
		x.fresh = true
	}
	for w.lo < w.hi && x.samples[w.lo].at < w.from {
		w.cell.Add(x.samples[w.lo].s, -x.samples[w.lo].sign)
		w.lo++
		x.fresh = true
	}
}

// prune drops samples that no window will see again.
func (x *tracked) prune() {
	least := len(x.samples)
	for i := range x.panes {
		least = min(least, x.panes[i].lo)
	}
	if least < 256 || 2*least < len(x.samples) {
		return
	}
	x.samples = append(x.samples[:0], x.samples[least:]...)
	for i := range x.panes {
		x.panes[i].lo -= least
		x.panes[i].hi -= least
	}
}

func (x *tracked) evaluate(at int64) {
	r := x.probe.rule
	if x.probe.instant {
		if x.open.fresh || at >= x.open.next {
			x.measures[0] = r.MeasureOf(x.probe.definition.Now(x.open.at(at)))
			x.open.next, x.open.fresh, x.fresh = x.probe.desk.next(x.open.list, at), false, true
		}
	} else {
		for i := range x.panes {
			x.slide(&x.panes[i], x.probe.spans[i], at)
		}
	}
	switch {
	case x.fresh || r.OnlyInHours != "":
		if !x.probe.instant {
			for i := range x.panes {
				x.measures[i] = r.MeasureOf(x.probe.definition.Read(&x.panes[i].cell))
			}
			x.prune()
		}
		x.seen = r.Judge(at, at, x.measures)
		x.seen.Group = x.labels
		x.fresh = false
	case x.state.Status == rule.Inactive && x.seen.Fire == rule.False:
		return // nothing can have changed
	}
	x.seen.At = at
	var changes []rule.Change
	x.state, changes = r.Step(x.state, x.seen)
	out := x.probe.t.b.out
	out.Changes = append(out.Changes, changes...)
}
