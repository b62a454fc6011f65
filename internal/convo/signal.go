package convo

import (
	"slices"
	"strconv"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
)

// signalled remembers what people were told about one promise, so that the difference can be told later.
type signalled struct {
	Clock    sla.Clock
	StartAt  int64
	StartID  uint64
	DueAt    int64
	Warned   int // highest warning point told, percent
	Breached bool
	Over     bool // the breach was told to be over
	Revision uint32
}

func (g *signalled) of(p *promise) bool {
	return g.Clock == p.Clock && g.StartAt == p.StartAt && g.StartID == p.StartID
}

func (s *State) find(p *promise) *signalled {
	for i := range s.signals {
		if s.signals[i].of(p) {
			return &s.signals[i]
		}
	}
	return nil
}

// signal compares every promise with what was told and tells the difference.
func (s *State) signal(env *Env, res *result) []event.Signal {
	var out []event.Signal
	for i := range res.promises {
		p := &res.promises[i]
		g := s.find(p)
		if g == nil {
			if p.State == hit {
				continue
			}
			g = &signalled{Clock: p.Clock, StartAt: p.StartAt, StartID: p.StartID}
		}
		was := *g
		out = append(out, s.tellPromise(env, res, p, g)...)
		if *g != was && s.find(p) == nil {
			s.signals = append(s.signals, *g)
		}
	}
	// A promise that no longer exists, because an earlier event arrived late, was never broken.
	s.signals = slices.DeleteFunc(s.signals, func(g signalled) bool {
		if slices.ContainsFunc(res.promises, func(p promise) bool { return g.of(&p) }) {
			return false
		}
		if g.Breached {
			p := &promise{Clock: g.Clock, StartAt: g.StartAt, StartID: g.StartID, Due: g.DueAt, Group: res.end.Group}
			g.Revision = s.revise()
			out = append(out, s.compose(env, res, p, &g, event.SignalRetracted))
		}
		return true
	})
	return out
}

// revise numbers what people are told, over all promises of the conversation: one that vanishes and comes back must not begin again at 1.
func (s *State) revise() uint32 {
	s.Revision++
	return uint32(s.Revision)
}

func (s *State) tellPromise(env *Env, res *result, p *promise, g *signalled) []event.Signal {
	var out []event.Signal
	tell := func(k event.SignalKind) {
		g.Revision = s.revise()
		g.DueAt = p.Due
		out = append(out, s.compose(env, res, p, g, k))
	}
	broken := s.broken(env, p)
	if g.Breached && !broken {
		// Kept in time after all; or the deadline moved (a pause that became known late); or the late fulfilment that broke it was undone, and time has not come.
		g.Breached, g.Over, g.Warned = false, false, 0
		tell(event.SignalRetracted)
	}
	if p.State == running && !broken && !g.Breached {
		grace := env.Current.GraceMs(connector(p.Source))
		for i := len(p.Warn) - 1; i >= 0; i-- {
			if p.Percent[i] <= g.Warned {
				break
			}
			if s.Woken > p.Warn[i]+grace {
				g.Warned = p.Percent[i]
				tell(event.SignalWarning)
				break
			}
		}
	}
	over := p.State == missed && (p.Fulfilled != 0 || p.Cut != 0)
	switch {
	case broken && (!g.Breached || p.Due != g.DueAt):
		// New, or its deadline moved because of what became known late.
		g.Breached, g.Over = true, over
		tell(event.SignalBreach)
	case g.Breached && over && !g.Over:
		g.Over = true
		tell(event.SignalSettled)
	case g.Breached && !over && g.Over:
		g.Over = false
		tell(event.SignalBreach)
	}
	return out
}

// broken reports whether a promise is known to be broken: missed, or still running after its deadline and grace, and no blindness of its source holds the
// verdict back.
func (s *State) broken(env *Env, p *promise) bool {
	if p.State == hit || p.Due == 0 {
		return false
	}
	if p.State == running && s.Woken <= p.Due+env.Current.GraceMs(connector(p.Source)) {
		return false
	}
	if g := s.find(p); g != nil && g.Breached && g.DueAt == p.Due {
		return true
	}
	return env.Hold(p.Due, p.Source) <= s.Woken
}

// wakeFor says when a promise needs another look, 0 when it does not.
func (s *State) wakeFor(env *Env, p *promise) int64 {
	g := s.find(p)
	if p.State == hit || p.Due == 0 || g != nil && g.Breached {
		return 0
	}
	if p.State == missed || s.Woken > p.Due {
		if hold := env.Hold(p.Due, p.Source); hold > s.Woken {
			return min(hold, s.Woken+recheck)
		}
	}
	if p.State == missed {
		return 0
	}
	grace := env.Current.GraceMs(connector(p.Source))
	for i, at := range p.Warn {
		if (g == nil || p.Percent[i] > g.Warned) && s.Woken <= at+grace {
			return at + grace + 1
		}
	}
	return p.Due + grace + 1
}

// Restate tells the breaches that are not over once more, under their old revision: after a rebuild nobody downstream can tell what is still open.
func (s *State) Restate(env *Env) []event.Signal {
	var out []event.Signal
	res := s.evaluated(env)
	for i := range res.promises {
		if g := s.find(&res.promises[i]); g != nil && g.Breached && !g.Over {
			out = append(out, s.compose(env, res, &res.promises[i], g, event.SignalBreach))
		}
	}
	return out
}

func (s *State) compose(env *Env, res *result, p *promise, g *signalled, k event.SignalKind) event.Signal {
	sig := event.Signal{
		Tenant: s.Tenant, Conversation: s.ID, Clock: p.Clock.String(), Instance: strconv.FormatInt(p.StartAt, 36) + "-" + strconv.FormatUint(p.StartID, 36),
		Kind: k, Revision: g.Revision, StartedAt: p.StartAt, DueAt: p.Due, FulfilledAt: p.Fulfilled, At: env.T, Channel: s.Channel,
		Queue: p.Group.Queue, Team: p.Group.Team, Agent: p.Group.Agent, PolicySerial: p.Serial, Rule: p.Rule, Customer: res.end.Who, Link: s.Link,
	}
	switch k {
	case event.SignalWarning:
		sig.WarnPercent = uint32(g.Warned)
	case event.SignalBreach, event.SignalSettled:
		sig.Cause = event.ByTimer
		if p.State == missed {
			sig.Cause = event.ByLateFulfilment
		}
		if p.Fulfilled == 0 {
			sig.FulfilledAt = p.Cut
		}
	}
	return sig
}
