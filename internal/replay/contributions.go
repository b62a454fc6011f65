package replay

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// Contribution says whether and why a conversation counts for a definition of a KPI: one for each time it counts (a call that enters two queues is two contacts), or one that
// says why it does not.
type Contribution struct {
	KPI          string `json:"kpi"`
	Definition   string `json:"definition"`
	Tenant       string `json:"tenant"`
	Conversation string `json:"conversation"`
	Result       string `json:"result"` // "in" or "out"
	Why          string `json:"why"`
	// Seconds is the wait, response or handling; null when there is none.
	Seconds kpi.Number `json:"seconds"`
	// Numerator and Denominator add up, over the contributions that are in, to those of the KPI's value.
	Numerator   kpi.Number `json:"numerator"`
	Denominator kpi.Number `json:"denominator"`
	// At is when it counts, From and To the period, RFC 3339 in the tenant's zone; empty when it does not.
	At   string `json:"at"`
	From string `json:"from"`
	To   string `json:"to"`
	// Group is what it counts for: channel, queue, team, agent, as far as known.
	Group map[string]string `json:"group"`
}

// The results of a contribution.
const (
	in  = "in"
	out = "out"
)

// contributions come from the conversations alone, one after the other, by the same rules as the engine's.
func (o *Options) contributions(events []*event.Event, policies map[string]*sla.Policy) ([]Contribution, error) {
	asked := *o
	asked.KPIs = []string{o.Contributions}
	questions, err := asked.questions()
	if err != nil {
		return nil, err
	}
	q := questions[0]
	if q.def.SecondStage() {
		return nil, &UsageError{fmt.Errorf("%s counts customers, not conversations; it has no contributions", q.def.ID)}
	}
	var list []Contribution
	if len(events) > 0 {
		first, last := events[0].At, events[len(events)-1].At
		reach := reachOf(policies, events)
		for _, c := range conversations(events) {
			x := &inquiry{q: q, by: o.By, events: c, policy: policies[c[0].Tenant]}
			x.from, _ = Day.period(first, x.policy.Zone())
			_, x.to = Day.period(last, x.policy.Zone())
			x.moments = follow(c, x.policy, last, reach)
			more, err := x.judge()
			if err != nil {
				return nil, err
			}
			list = append(list, more...)
		}
	}
	return list, nil
}

// conversations sorts events by what they are about, in the order in which they begin.
func conversations(events []*event.Event) [][]*event.Event {
	var out [][]*event.Event
	index := map[string]int{}
	for _, e := range events {
		if e.Conversation == "" {
			continue
		}
		key := e.Key()
		i, ok := index[key]
		if !ok {
			i = len(out)
			index[key] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], e)
	}
	return out
}

// follow returns what a conversation has yielded when nothing can change any more, in the order of time. end is the last event of all.
func follow(events []*event.Event, policy *sla.Policy, end int64, reach reach) []convo.Moment {
	var moments []convo.Moment
	var state *convo.State
	var wake int64
	env := &convo.Env{Policies: func(int64) *sla.Policy { return policy }, Current: policy, Hold: func(int64, string) int64 { return 0 }}
	took := func(c convo.Change) {
		for _, m := range c.Gone {
			if i := slices.Index(moments, m); i >= 0 {
				moments = slices.Delete(moments, i, i+1)
			}
		}
		moments = append(moments, c.New...)
		if wake = c.Wake; c.Forget {
			state = nil
		}
	}
	reached := func(t int64) {
		for env.T = max(env.T, t); state != nil && wake != 0 && wake <= env.T; {
			took(state.Tick(env))
		}
	}
	for _, e := range events {
		reached(floor(e.At, hourMs))
		if state == nil {
			state = convo.New(e)
		}
		if c, applied := state.Apply(env, e); applied {
			took(c)
		}
	}
	for t := end + reach.ms; t > env.T; {
		reached(t)
		if state == nil {
			break
		}
		open, _ := state.Open()
		for _, p := range open.Promises {
			if p.DueAt != 0 {
				t = max(t, p.DueAt+reach.grace+minuteMs)
			}
		}
	}
	slices.SortStableFunc(moments, func(a, b convo.Moment) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Kind, b.Kind)) })
	return moments
}

// inquiry is one conversation before a question.
type inquiry struct {
	q        question
	by       By
	policy   *sla.Policy
	events   []*event.Event
	moments  []convo.Moment
	from, to int64 // days of all events, Unix ms
}

// judge says of every moment that the KPI counts what it adds, or why there is none.
func (x *inquiry) judge() ([]Contribution, error) {
	var list []Contribution
	blank := Contribution{KPI: x.q.def.ID, Tenant: x.events[0].Tenant, Conversation: x.events[0].Conversation}
	for _, def := range x.q.definitions {
		counted := 0
		var near *convo.Moment // of a kind that the KPI reads, but not counted
		for i := range x.moments {
			m := &x.moments[i]
			if !slices.ContainsFunc(x.q.def.Feeds, func(f *kpi.Feed) bool { return f.Kind == m.Kind }) {
				continue
			}
			v, err := x.measure(def, *m)
			if err != nil {
				return nil, err
			}
			if v.N == 0 {
				near = m
				continue
			}
			counted++
			c := blank
			c.Definition, c.Result, c.Why, c.Seconds, c.Group = def.ID, in, describe(*m), secondsOf(*m), groupOf(m.Group)
			c.Numerator, c.Denominator, c.At, c.From, c.To = v.Numerator, v.Denominator, kpi.Timestamp(m.At, x.policy.Zone()), v.From, v.To
			list = append(list, c)
		}
		if counted > 0 {
			continue
		}
		c := blank
		c.Definition, c.Result, c.Group = def.ID, out, map[string]string{}
		if near != nil {
			c.Why, c.Seconds, c.Group = describe(*near), secondsOf(*near), groupOf(near.Group)
		} else {
			c.Why, c.Seconds = whyNot(x.q.def, x.events, x.moments)
		}
		list = append(list, c)
	}
	return list, nil
}

// measure reads the definition off a pane that holds nothing but one moment.
func (x *inquiry) measure(def *kpi.Definition, m convo.Moment) (kpi.Value, error) {
	zone, family := x.policy.Zone(), x.q.family
	var cell window.Cell
	kpi.Observe(m, family == window.Agent, func(f window.Family, _ window.Group, s window.Sample) {
		if f == family {
			cell.Add(s, 1)
		}
	})
	place, _ := window.Locate(m.At, m.At, zone)
	block, err := window.DecodeBlock(place.Chunk, map[string][]byte{window.Field(place.Pane, window.Group{}): cell.Encode()})
	if err != nil {
		return kpi.Value{}, err
	}
	from, to := place.Span(zone)
	sum := window.NewSum(family, nil, from, to, zone)
	sum.Add(block)
	f := kpi.Frame{Tenant: x.policy.Tenant, Policy: x.policy, Window: kpi.Window{From: x.from, To: x.to, Zone: zone}}
	if day, end := x.by.period(m.At, zone); x.by == Total {
		f.Window.To = max(f.Window.To, end)
	} else {
		f.Window.From, f.Window.To = day, end
	}
	values, err := x.q.def.Values([]*kpi.Definition{def}, f, []window.Group{{}}, sum, nil)
	if err != nil {
		return kpi.Value{}, err
	}
	return values[0], nil
}

func groupOf(g window.Group) map[string]string {
	out := map[string]string{}
	for _, d := range window.Dimensions {
		if name := g.Name(d); name != "" {
			out[string(d)] = name
		}
	}
	return out
}
