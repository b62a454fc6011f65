package convo

import (
	"slices"
	"strconv"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/pack"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// freshCue is how long after it happened something may still set a trigger off, in ms: help that comes an hour late, because the events did, helps nobody. A constant
// of the state schema.
const freshCue = 15 * 60 * 1000

// watch is what triggers must remember of an episode.
type watch struct {
	Sound    []int64 // the last scores of the customer's messages, in millionths, newest last, one more than the longest streak
	WroteAt  int64   // our last message, if the customer has not written since; 0 = they have
	Loop     int     // times in a row that the customer went on after an answer of a bot
	BotSpoke bool    // the bot has answered since the customer wrote last
}

// cue is something that a trigger looks for and that has happened.
type cue struct {
	trigger *sla.Trigger
	at      int64
	count   int
	group   window.Group
	promise *promise // deadline_at_risk: which
}

// cued remembers a cue that was told, or came too late to be told.
type cued struct {
	Trigger string
	At      int64
}

// look notes a cue for every trigger of a kind that covers the conversation and has found what it looks for.
func (r *run) look(kind sla.TriggerKind, found func(t *sla.Trigger) (at int64, count int, ok bool)) {
	triggers := r.env.Current.Triggers()
	for i := range triggers {
		t := &triggers[i]
		if t.Kind != kind || !t.Covers(r.Group.Channel, r.Group.Queue, r.Group.Team, r.Prio) {
			continue
		}
		if at, count, ok := found(t); ok {
			r.cues = append(r.cues, cue{trigger: t, at: at, count: count, group: r.Group})
		}
	}
}

// watching reports whether the policy has triggers at all: without, nothing is remembered for them.
func (r *run) watching() bool { return len(r.env.Current.Triggers()) > 0 }

// sounds notes how a message of the customer sounds. A streak sets its trigger off when it becomes long enough, not again with every further message.
func (r *run) sounds(at, score int64) {
	if !r.watching() {
		return
	}
	w := &r.Watch
	w.Sound = append(slices.Clone(w.Sound[max(0, len(w.Sound)-sla.MaxStreak):]), score)
	r.look(sla.NegativeStreak, func(t *sla.Trigger) (int64, int, bool) {
		n := w.streak(t.Score)
		return at, n, n == t.Count
	})
}

// streak is how many of the last scores in a row are not above a limit.
func (w *watch) streak(limit int64) int {
	n := 0
	for n < len(w.Sound) && w.Sound[len(w.Sound)-1-n] <= limit {
		n++
	}
	return n
}

// heard: the customer wrote.
func (r *run) heard(at int64) {
	w := &r.Watch
	w.WroteAt = 0
	if !r.watching() || !r.Bots || !w.BotSpoke {
		return
	}
	w.Loop, w.BotSpoke = w.Loop+1, false
	r.look(sla.BotLoop, func(t *sla.Trigger) (int64, int, bool) { return at, w.Loop, w.Loop == t.Count })
}

// wrote: we wrote, and it is the customer's turn.
func (r *run) wrote(at int64) {
	if r.watching() {
		r.Watch.WroteAt = at
	}
}

// late looks, at time t, for what time alone brings about: customers who do not answer, and promises of those that run on that have used up most of their time (the first
// warning point that is late enough for the trigger).
func (r *run) late(t int64, open []promise) {
	if !r.watching() || !r.Begun || r.Void {
		return
	}
	if wrote := r.Watch.WroteAt; wrote != 0 && r.isOpen() {
		r.look(sla.GoneSilent, func(g *sla.Trigger) (int64, int, bool) { return wrote + g.SpanMs, 0, t > wrote+g.SpanMs })
	}
	for i := range open {
		p := &open[i]
		if p.State != running {
			continue
		}
		n := len(r.cues)
		r.look(sla.DeadlineAtRisk, func(g *sla.Trigger) (int64, int, bool) {
			k := p.reaches(g.Percent)
			return p.warn(k), 0, k >= 0 && t > p.Warn[k]
		})
		for c := range r.cues[n:] {
			r.cues[n+c].promise = p
		}
	}
}

// reaches is the index of the first warning point that is not below a percentage, -1 when there is none.
func (p *promise) reaches(percent int) int {
	return slices.IndexFunc(p.Percent, func(point int) bool { return point >= percent })
}

func (p *promise) warn(k int) int64 {
	if k < 0 {
		return 0
	}
	return p.Warn[k]
}

// cue returns the cues that have not been told, as signals for stage 2, and remembers them. Those of a conversation whose customer is not known wait until they are too old.
func (s *State) cue(env *Env, res *result) []event.Signal {
	var out []event.Signal
	for i := range res.cues {
		c := &res.cues[i]
		seen := cued{c.trigger.Name, c.at}
		if slices.Contains(s.cued, seen) {
			continue
		}
		stale := env.T-c.at > freshCue
		if res.end.Who == "" && !stale {
			continue
		}
		s.cued = append(s.cued, seen)
		if !stale {
			out = append(out, s.composeCue(res, c))
		}
	}
	return out
}

func (s *State) composeCue(res *result, c *cue) event.Signal {
	sig := event.Signal{
		Tenant: s.Tenant, Conversation: s.ID, Instance: strconv.FormatInt(c.at, 36), Kind: event.SignalTrigger, At: c.at, Channel: s.Channel,
		Queue: c.group.Queue, Team: c.group.Team, Agent: c.group.Agent, Customer: res.end.Who, Link: s.Link,
		Trigger: c.trigger.Name, TriggerKind: string(c.trigger.Kind), Count: uint32(c.count), SpanMs: c.trigger.SpanMs,
	}
	if p := c.promise; p != nil {
		sig.Clock, sig.StartedAt, sig.DueAt, sig.Rule, sig.PolicySerial = p.Clock.String(), p.StartAt, p.Due, p.Rule, p.Serial
		sig.WarnPercent = uint32(p.Percent[p.reaches(c.trigger.Percent)])
	}
	return sig
}

// forgetCues gives up what no evaluation can find again.
func (s *State) forgetCues(res *result) {
	s.cued = slices.DeleteFunc(s.cued, func(old cued) bool {
		return old.At <= s.floor && !slices.ContainsFunc(res.cues, func(c cue) bool { return c.trigger.Name == old.Trigger && c.at == old.At })
	})
}

// wakeForCues says when a customer will have been silent for too long, 0 when no trigger waits for that. The warning points of promises are looked at in any case.
func (s *State) wakeForCues(env *Env, end *core, open bool) int64 {
	if !open || end.Watch.WroteAt == 0 || end.Who == "" {
		return 0
	}
	grace := env.Current.GraceMs(connector(end.Source))
	var at int64
	triggers := env.Current.Triggers()
	for i := range triggers {
		due := end.Watch.WroteAt + triggers[i].SpanMs
		if triggers[i].Kind != sla.GoneSilent || !triggers[i].Covers(end.Group.Channel, end.Group.Queue, end.Group.Team, end.Prio) || slices.Contains(s.cued, cued{triggers[i].Name, due}) {
			continue
		}
		if at == 0 || due+grace+1 < at {
			at = due + grace + 1
		}
	}
	return at
}

func (w *watch) encode(out *pack.Writer) {
	out.Byte(bits(len(w.Sound) > 0, w.WroteAt != 0, w.Loop > 0, w.BotSpoke))
	if len(w.Sound) > 0 {
		out.Uint(uint64(len(w.Sound)))
		for _, score := range w.Sound {
			out.Int(score)
		}
	}
	if w.WroteAt != 0 {
		out.Int(w.WroteAt)
	}
	if w.Loop > 0 {
		out.Uint(uint64(w.Loop))
	}
}

func (w *watch) decode(r *pack.Reader) {
	flags := r.Byte()
	if w.BotSpoke = flags&8 != 0; flags&1 != 0 {
		for n := r.Len(); n > 0; n-- {
			w.Sound = append(w.Sound, r.Int())
		}
	}
	if flags&2 != 0 {
		w.WroteAt = r.Int()
	}
	if flags&4 != 0 {
		w.Loop = int(r.Uint())
	}
}
