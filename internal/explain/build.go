package explain

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

// Builder takes a value apart. Make it with what was read of the panes, add the subjects, then ask for the value.
type Builder struct {
	def        *kpi.Def
	definition *kpi.Definition
	frame      kpi.Frame
	family     window.Family
	group      window.Group
	agents     bool
	value      kpi.Value
	inputs     []input
	found      []Contributor
	looked     int   // subjects that were looked at
	parts      int   // subjects that count
	nowN       int64 // what they count, of KPIs about now
	out        map[string]*LeftOut
	read       func(*window.Cell) kpi.Reading
	metrics    []window.Metric // that the KPI reads
	with       float64         // the value, as it is read
	bare       []window.Sample // the counters of the window
}

// input is a time that was added up.
type input struct {
	Span
	total, remembered window.Cell
	panes             []pane
	at                map[Span]int // where in panes
}

type pane struct {
	Span
	cell window.Cell
}

// NewValue begins to explain a value of a group. Cell is the sum of the window.
func NewValue(d *kpi.Def, def *kpi.Definition, f kpi.Frame, family window.Family, g window.Group, v kpi.Value, cell *window.Cell) *Builder {
	b := &Builder{def: d, definition: def, frame: f, family: family, group: g, value: v, out: map[string]*LeftOut{}, read: reader(def, f.Window), metrics: metricsOf(d)}
	b.agents = f.Policy != nil && f.Policy.AgentCells()
	if !d.Instant() {
		b.inputs = []input{{Span: Span{f.Window.From, f.Window.To}}}
		b.inputs[0].total.Merge(cell)
		for _, m := range b.metrics {
			if a := cell.Metric(m); a.N != 0 || a.Sum != 0 {
				b.bare = append(b.bare, window.Sample{Metric: m, N: a.N, Sum: a.Sum})
			}
		}
	}
	if b.read != nil {
		b.with = b.read(cell).Number()
	}
	return b
}

// Look adds a further time that the definition looked at, as it survives in panes. What was there already is not added again.
func (b *Builder) Look(s Span) {
	if !slices.ContainsFunc(b.inputs, func(x input) bool { return x.Span == s }) {
		b.inputs = append(b.inputs, input{Span: s})
	}
}

// Pane adds a cell of a pane to the inputs that it lies in, if it is of the group.
func (b *Builder) Pane(from, to int64, g window.Group, c *window.Cell) {
	if !b.covers(g) {
		return
	}
	for i := range b.inputs {
		x := &b.inputs[i]
		if to <= x.From || from >= x.To {
			continue
		}
		if i > 0 {
			x.total.Merge(c)
		}
		k, known := x.at[Span{from, to}]
		if !known {
			if x.at == nil {
				x.at = map[Span]int{}
			}
			k = len(x.panes)
			x.at[Span{from, to}], x.panes = k, append(x.panes, pane{Span: Span{from, to}})
		}
		x.panes[k].cell.Merge(c)
	}
}

// covers reports whether a cell of the family belongs to the group.
func (b *Builder) covers(g window.Group) bool {
	of := g.By(b.frame.By)
	if b.family == window.Activity && (of != g || !g.Names(b.frame.By)) {
		return false // roll-ups of distinct customers do not add up
	}
	return of == b.group
}

// Add adds a subject of the stage that the KPI is counted in.
func (b *Builder) Add(look *fold.Look, k fold.Known) {
	b.looked++
	c := Contributor{}
	cells, counts := b.counted(k.Moments)
	switch {
	case k.Convo != nil:
		b.judge(look, k, counts > 0, &c)
	case k.Person != nil:
		c.Customer = k.Person.ID
	default:
		c.Agent = k.Agent.ID
	}
	if counts == 0 {
		return
	}
	for i := range cells {
		b.inputs[i].remembered.Merge(&cells[i])
	}
	b.parts++
	if c.Agent != "" && !b.agents {
		return // adds up, and is not shown
	}
	for _, m := range k.Moments {
		if len(c.Counts) < mostCounts && b.counts(m) {
			c.Counts = append(c.Counts, countedOf(m, b.zone(), b.agents))
		}
	}
	c.Counters = countersOf(b.def, &cells[0])
	b.weigh(&c, cells)
	b.found = append(b.found, c)
	if len(b.found) >= 4*mostHeavy+1000 {
		b.cut()
	}
}

// counted adds up what moments count in each input, and how many samples there were.
func (b *Builder) counted(moments []convo.Moment) (cells []window.Cell, n int) {
	cells = make([]window.Cell, len(b.inputs))
	for _, m := range moments {
		for i := range b.inputs {
			if m.At < b.inputs[i].From || m.At >= b.inputs[i].To {
				continue
			}
			b.observe(m, func(s window.Sample) {
				cells[i].Add(s, 1)
				n++
			})
		}
	}
	return cells, n
}

// observe tells what a moment counts for the KPI in the group.
func (b *Builder) observe(m convo.Moment, tell func(s window.Sample)) {
	kpi.Observe(m, b.agents, func(f window.Family, g window.Group, s window.Sample) {
		if f == b.family && b.def.Reads(s.Metric) && b.covers(g) {
			tell(s)
		}
	})
}

// counts reports whether a moment counts in some input.
func (b *Builder) counts(m convo.Moment) (yes bool) {
	for i := range b.inputs {
		if m.At >= b.inputs[i].From && m.At < b.inputs[i].To {
			b.observe(m, func(window.Sample) { yes = true })
		}
	}
	return yes
}

// weigh finds how far the value would be off without a contributor.
func (b *Builder) weigh(c *Contributor, cells []window.Cell) {
	for i := range cells {
		for _, m := range b.metrics {
			a := cells[i].Metric(m)
			c.size, c.sum = c.size+a.N, c.sum+max(a.Sum, -a.Sum)
		}
	}
	if b.read == nil {
		c.weight = float64(c.size)
		return
	}
	rest := &window.Cell{}
	for _, x := range b.bare {
		a := cells[0].Metric(x.Metric)
		rest.Add(window.Sample{Metric: x.Metric, N: x.N - a.N, Sum: x.Sum - a.Sum}, 1)
	}
	b.compare(c, b.with, b.read(rest).Number())
}

// compare notes a value with and without a contributor.
func (b *Builder) compare(c *Contributor, with, without float64) {
	c.Without = &Without{Value: decimal(without)}
	switch {
	case !math.IsNaN(with) && !math.IsNaN(without):
		c.Without.Difference = decimal(with - without)
		c.weight = math.Abs(with - without)
	case math.IsNaN(with) != math.IsNaN(without):
		c.weight = math.Inf(1) // the value hangs on it
	}
}

// decimal prints a number with six decimals at most; nothing for none.
func decimal(f float64) kpi.Number {
	if math.IsNaN(f) {
		return ""
	}
	f = math.Round(f*1e6) / 1e6
	if f == 0 {
		f = 0 // not -0
	}
	return kpi.Number(strconv.FormatFloat(f, 'f', -1, 64))
}

// cut keeps the heaviest.
func (b *Builder) cut() {
	slices.SortStableFunc(b.found, func(x, y Contributor) int {
		return cmp.Or(cmp.Compare(y.weight, x.weight), cmp.Compare(y.size, x.size), cmp.Compare(y.sum, x.sum), cmp.Compare(x.Conversation, y.Conversation), cmp.Compare(x.Customer, y.Customer),
			cmp.Compare(x.Agent, y.Agent))
	})
	b.found = b.found[:min(len(b.found), mostHeavy)]
}

// Open adds the open conversations that a KPI about now is made of: all of the group.
func (b *Builder) Open(open []kpi.OpenAt) {
	all := b.definition.Now(open)
	b.looked = len(open)
	for i := range open {
		o := &open[i]
		one := b.definition.Now(open[i : i+1])
		if one.Count() == 0 {
			continue
		}
		b.parts++
		b.nowN += one.Count()
		if o.Desk != nil {
			continue // nobody's breaks are shown
		}
		b.found = append(b.found, Contributor{Conversation: o.Conversation, Customer: o.Customer, Link: o.Link, Counters: []Counter{}, weight: one.Number(), at: i})
	}
	b.cut()
	for i := range b.found {
		c, at := &b.found[i], b.found[i].at
		rest := b.definition.Now(slices.Delete(slices.Clone(open), at, at+1))
		b.compare(c, all.Number(), rest.Number())
		o := &open[at]
		if o.WaitingSince != 0 {
			c.Counts = append(c.Counts, Counted{At: kpi.Timestamp(o.WaitingSince, b.zone()), What: Waits, Value: o.T - o.WaitingSince, Unit: Milliseconds, Group: groupMap(kpi.GroupOf(o), b.agents)})
		}
		for _, p := range o.Promises {
			c.Counts = append(c.Counts, Counted{At: kpi.Timestamp(p.StartAt, b.zone()), What: Promised, Clock: p.Clock.String(), State: string(kpi.StateOf(p, o.T)), Group: groupMap(kpi.GroupOf(o), b.agents)})
		}
	}
}

func (b *Builder) zone() *time.Location { return b.frame.Window.Zone }

// Value is the explanation. moved says that something came in while the subjects were read, cut that there are more of them.
func (b *Builder) Value(moved, cut bool) *Value {
	v := &Value{Value: b.value, Meaning: Meant(b.def, b.definition, b.value.MinN), Formula: Formula{[]Term{}, []Term{}}, Inputs: []Input{}, Heaviest: []Contributor{}, LeftOut: []LeftOut{}, Notes: []string{}}
	if b.value.Hidden {
		v.Notes = append(v.Notes, NoteHidden)
		return v
	}
	v.Parts = &Parts{Of: "conversations", Looked: b.looked, Subjects: b.parts, N: b.nowN, Remembered: [][]Bare{}, Forgotten: [][]Bare{}, Moved: moved, Cut: cut}
	if b.def.SecondStage() {
		v.Parts.Of = "customers"
	}
	note := func(name string, on bool) {
		if on {
			v.Notes = append(v.Notes, name)
		}
	}
	note(NoteNow, b.def.Instant())
	if !b.def.Instant() {
		v.Formula = formula(b.def, b.definition, b.frame.Window, &b.inputs[0].total)
		note(NoteDerived, len(v.Formula.Numerator) == 0 && len(v.Formula.Denominator) == 0)
	}
	forgotten := false
	for i := range b.inputs {
		x := &b.inputs[i]
		v.Inputs = append(v.Inputs, b.inputOf(x))
		rest := &window.Cell{}
		rest.Merge(&x.total)
		for _, m := range b.metrics {
			if a := x.remembered.Metric(m); a.N != 0 || a.Sum != 0 {
				rest.Add(window.Sample{Metric: m, N: a.N, Sum: a.Sum}, -1)
			}
		}
		lost := bareOf(b.def, rest)
		v.Parts.Remembered, v.Parts.Forgotten = append(v.Parts.Remembered, bareOf(b.def, &x.remembered)), append(v.Parts.Forgotten, lost)
		forgotten = forgotten || len(lost) > 0
	}
	note(NoteForgotten, forgotten)
	note(NoteMoved, moved)
	note(NoteCut, cut)
	note(NoteZero, b.parts == 0 && !forgotten)
	b.cut()
	v.Heaviest = append(v.Heaviest, b.found...)
	v.LeftOut = b.leftOut(v.Formula)
	return v
}

func (b *Builder) inputOf(x *input) Input {
	in := Input{From: kpi.Timestamp(x.From, b.zone()), To: kpi.Timestamp(x.To, b.zone()), Counters: countersOf(b.def, &x.total), Panes: []Pane{}}
	slices.SortFunc(x.panes, func(p, q pane) int { return cmp.Compare(p.From, q.From) })
	for i := range x.panes {
		if bare := bareOf(b.def, &x.panes[i].cell); len(bare) > 0 {
			in.Panes = append(in.Panes, Pane{kpi.Timestamp(x.panes[i].From, b.zone()), kpi.Timestamp(x.panes[i].To, b.zone()), bare})
		}
	}
	return in
}
