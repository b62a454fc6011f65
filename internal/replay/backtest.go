package replay

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/rule"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// BacktestOptions say what rules are tried on.
type BacktestOptions struct {
	// Events of any tenants, in the order of their instants.
	Events []*event.Event
	// Policies and Rules by tenant; a tenant without one of them is left out.
	Policies map[string]*sla.Policy
	Rules    map[string]*rule.Set
}

// Backtested is what the rules would have done.
type Backtested struct {
	From, To int64 // first event and last evaluation, Unix ms
	Events   int
	// Changes of all rules, in the order of time; as the alerter makes them on the same log.
	Changes []rule.Change
	// Skipped says of rules that a log cannot tell about them, by alert.
	Skipped map[string]string
}

// Backtest lets rules look at a log as the alerter does: at every instant of their grid they see what was known then. So it does not read values when all is over: it runs the
// conversations (the machine that the worker runs) event by event, adds what each one changes to the windows at that instant, takes back what it takes back, lets time pass for
// deadlines and stale contacts, and judges. Nothing is written anywhere.
//
// Errors: [*UsageError] when there is nothing to judge; ctx's own.
func Backtest(ctx context.Context, o BacktestOptions) (*Backtested, error) {
	b := &backtest{out: &Backtested{Skipped: map[string]string{}}, tenants: map[string]*tenantTest{}}
	var events []*event.Event
	for _, e := range o.Events {
		if o.Policies[e.Tenant] != nil && o.Rules[e.Tenant] != nil {
			events = append(events, e)
		}
	}
	if len(events) == 0 {
		return nil, &UsageError{fmt.Errorf("no event belongs to a tenant with rules: there is nothing to try them on")}
	}
	if !slices.IsSortedFunc(events, func(a, b *event.Event) int { return cmp.Compare(a.At, b.At) }) {
		return nil, fmt.Errorf("replay: the events of a back-test must be in the order of their instants")
	}
	for _, e := range events {
		if b.tenants[e.Tenant] == nil {
			t := newTenantTest(b, o.Policies[e.Tenant], o.Rules[e.Tenant])
			b.tenants[e.Tenant] = t
			b.order = append(b.order, t)
		}
	}
	slices.SortFunc(b.order, func(x, y *tenantTest) int { return strings.Compare(x.policy.Tenant, y.policy.Tenant) })
	if err := b.run(ctx, events, reachOf(o.Policies, events)); err != nil {
		return nil, err
	}
	return b.out, nil
}

type backtest struct {
	out     *Backtested
	tenants map[string]*tenantTest
	order   []*tenantTest
	wakes   wakes
	talks   map[string]*talk // by Kafka key
}

// talk is one conversation.
type talk struct {
	key    string
	tenant *tenantTest
	state  *convo.State
	wake   int64
}

// run goes along the grid of data time.
func (b *backtest) run(ctx context.Context, events []*event.Event, reach reach) error {
	b.talks = map[string]*talk{}
	b.out.From, b.out.Events = events[0].At, len(events)
	end := events[len(events)-1].At + reach.ms
	for at := floor(events[0].At, rule.FinePane) + rule.FinePane; at <= end || b.undecided(); at += rule.FinePane {
		for len(events) > 0 && events[0].At < at {
			b.apply(events[0])
			events = events[1:]
		}
		b.pass(at)
		for _, t := range b.order {
			t.evaluate(at)
		}
		b.out.To = at
		if at%hourMs == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// undecided reports whether a promise of an open conversation is still to be decided.
func (b *backtest) undecided() bool {
	for _, t := range b.order {
		for _, due := range t.due {
			if due >= b.out.To {
				return true
			}
		}
	}
	return false
}

// apply lets an event happen.
func (b *backtest) apply(e *event.Event) {
	if e.Conversation == "" {
		return
	}
	key := e.Key()
	x := b.talks[key]
	if x == nil {
		x = &talk{key: key, tenant: b.tenants[e.Tenant]}
		b.talks[key] = x
	}
	if x.state == nil {
		x.state = convo.New(e)
	}
	if c, applied := x.state.Apply(&x.tenant.env, e); applied {
		b.took(x, c)
	}
}

// pass lets time reach an instant: what is due is decided.
func (b *backtest) pass(at int64) {
	for _, t := range b.order {
		t.env.T = at
	}
	for len(b.wakes) > 0 && b.wakes[0].at <= at {
		w := heap.Pop(&b.wakes).(wake)
		for w.talk.state != nil && w.talk.wake != 0 && w.talk.wake == w.at {
			b.took(w.talk, w.talk.state.Tick(&w.talk.tenant.env))
			if w.talk.wake > at {
				break
			}
			w.at = w.talk.wake
		}
	}
}

func (b *backtest) took(x *talk, c convo.Change) {
	for _, m := range c.Gone {
		x.tenant.count(m, -1)
	}
	for _, m := range c.New {
		x.tenant.count(m, 1)
	}
	if c.Wake != x.wake {
		if x.wake = c.Wake; x.wake != 0 {
			heap.Push(&b.wakes, wake{x.wake, x})
		}
	}
	var open convo.Open
	shown := false
	if !c.Forget {
		open, shown = x.state.Open()
	}
	x.tenant.show(x, open, shown)
	if c.Forget {
		x.state = nil
		delete(b.talks, x.key)
	}
}

// tenantTest is the rules of one tenant on the log.
type tenantTest struct {
	b      *backtest
	policy *sla.Policy
	env    convo.Env
	probes []*probe
	due    map[*talk]int64 // conversations with promises: when the last of them is due
}

func newTenantTest(b *backtest, p *sla.Policy, set *rule.Set) *tenantTest {
	t := &tenantTest{b: b, policy: p, due: map[*talk]int64{}}
	t.env = convo.Env{Policies: func(int64) *sla.Policy { return p }, Current: p, Hold: func(int64, string) int64 { return 0 }}
	for _, r := range set.Rules {
		if x, why := newProbe(t, r); why != "" {
			b.out.Skipped[r.Name] = why
		} else {
			t.probes = append(t.probes, x)
		}
	}
	return t
}

// count adds what a moment contributes, or takes it back.
func (t *tenantTest) count(m convo.Moment, sign int64) {
	kpi.Observe(m, t.policy.AgentCells(), func(f window.Family, g window.Group, s window.Sample) {
		for _, p := range t.probes {
			if p.family == f && p.def.Reads(s.Metric) {
				p.of(g.By(p.rule.By)).add(m.At, s, sign)
			}
		}
	})
}

// show notes what readers see of a conversation.
func (t *tenantTest) show(x *talk, o convo.Open, shown bool) {
	var due int64
	if shown {
		for _, p := range o.Promises {
			due = max(due, p.DueAt)
		}
	}
	if due > 0 {
		t.due[x] = due
	} else {
		delete(t.due, x)
	}
	for _, p := range t.probes {
		if p.instant {
			p.show(x, o, shown)
		}
	}
}

func (t *tenantTest) evaluate(at int64) {
	for _, p := range t.probes {
		if at%p.rule.Interval == 0 {
			p.evaluate(at)
		}
	}
}

// wake says when a conversation must be looked at.
type wake struct {
	at   int64
	talk *talk
}

// wakes is a heap, the earliest first; equal instants in the order of keys, so that results do not depend on chance.
type wakes []wake

func (w wakes) Len() int { return len(w) }
func (w wakes) Less(i, j int) bool {
	return w[i].at < w[j].at || w[i].at == w[j].at && w[i].talk.key < w[j].talk.key
}
func (w wakes) Swap(i, j int) { w[i], w[j] = w[j], w[i] }

// Push implements [heap.Interface].
func (w *wakes) Push(x any) { *w = append(*w, x.(wake)) }

// Pop implements [heap.Interface].
func (w *wakes) Pop() any {
	last := (*w)[len(*w)-1]
	*w = (*w)[:len(*w)-1]
	return last
}
