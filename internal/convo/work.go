package convo

import (
	"slices"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/pack"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// work is what people did in the episode, and when there was something to do.
type work struct {
	ShutAt   int64 // resolved since, 0 while it is not
	Resolved place // the last resolve
	OpenedAt int64 // opened again after a resolve, 0 in the first segment
	Reopened bool  // a resolve was undone
	Replies  int64
	Joined   place // people took part for the first time
	// Uncounted is set when that moment became final while the episode was void: then it never counts, and neither does a transfer.
	Uncounted bool
	Moved     bool
	Agents    []string // who replied or answered, each once

	AbandonedAt int64 // the last outcome, where the customer gave up waiting for long
	Broken      bool  // a promise was broken
}

// place is where something counts that more may be counted beside; At 0: it did not happen.
type place struct {
	At    int64
	Group window.Group
	Final bool // what it follows from is forgotten: topics told later are not of it
}

// maxAgents bounds who is remembered to have taken part.
const maxAgents = 16

func (x work) clone() work {
	x.Agents = slices.Clone(x.Agents)
	return x
}

func (x *work) encode(w *pack.Writer) {
	w.Byte(bits(x.Reopened, x.Uncounted, x.Moved, x.Joined.At != 0, x.Joined.Final, x.Resolved.At != 0, x.Resolved.Final, x.Broken))
	w.Int(x.ShutAt)
	w.Int(x.OpenedAt)
	w.Int(x.Replies)
	for _, p := range [...]*place{&x.Joined, &x.Resolved} {
		if p.At != 0 {
			w.Int(p.At)
			encodeGroup(w, p.Group)
		}
	}
	w.Uint(uint64(len(x.Agents)))
	for _, a := range x.Agents {
		w.String(a)
	}
	w.Int(x.AbandonedAt)
}

func (x *work) decode(r *pack.Reader) {
	flags := r.Byte()
	x.Reopened, x.Uncounted, x.Moved, x.Broken = flags&1 != 0, flags&2 != 0, flags&4 != 0, flags&128 != 0
	x.ShutAt, x.OpenedAt, x.Replies = r.Int(), r.Int(), r.Int()
	for i, p := range [...]*place{&x.Joined, &x.Resolved} {
		if flags&(8<<(2*i)) != 0 {
			*p = place{r.Int(), decodeGroup(r), flags&(16<<(2*i)) != 0}
		}
	}
	for n := r.Len(); n > 0; n-- {
		x.Agents = append(x.Agents, r.String())
	}
	x.AbandonedAt = r.Int()
}

// undecided reports whether something became final whose topic was to be looked up.
func (x *work) undecided() bool {
	return x.Joined.At != 0 && !x.Joined.Final || x.Resolved.At != 0 && !x.Resolved.Final
}

// fix keeps where it counts what became final.
func (x *work) fix(r *run, void bool) {
	for _, p := range [...]*place{&x.Joined, &x.Resolved} {
		if p.At != 0 && !p.Final {
			p.Group.Topic, p.Final = r.groupOf(p.At).Topic, true
			x.Uncounted = x.Uncounted || void && p == &x.Joined
		}
	}
}

// beside counts something in the place of another.
func (r *run) beside(k MomentKind, p place) {
	if p.Final {
		r.emitFinal(k, p.At, 0, p.Group)
		return
	}
	r.emitFor(k, p.At, 0, p.Group)
}

// took: a person took part, the one the conversation is with.
func (r *run) took(at int64) {
	w := &r.Work
	if w.Joined.At == 0 {
		w.Joined = place{At: at, Group: r.groupOf(at)}
		r.beside(Joined, w.Joined)
	}
	if a := r.Group.Agent; a != "" && len(w.Agents) < maxAgents && !slices.Contains(w.Agents, a) {
		w.Agents = append(w.Agents, a)
	}
}

// moves counts the first transfer after a person took part; agent is who the conversation was with before the entry.
func (r *run) moves(e *Entry, agent string) {
	moves := e.Kind == kindTransferred || e.Kind == kindAssign && (e.Moves || e.Agent != "" && agent != "" && e.Agent != agent)
	w := &r.Work
	if !moves || w.Moved || w.Joined.At == 0 {
		return
	}
	if w.Moved = true; !w.Uncounted {
		r.beside(Moved, w.Joined)
	}
}

// resolved appends what counts with a resolution.
func (r *run) resolved(out []Moment, rule *sla.Rule, at int64) []Moment {
	w := &r.Work
	w.ShutAt = at
	g := r.groupOf(at)
	if !r.thread {
		w.Resolved = place{At: at, Group: g}
		r.beside(Resolved, w.Resolved)
	}
	last := r.BeganAt
	if w.OpenedAt != 0 {
		last = w.OpenedAt
	}
	promised := func(k Kind) bool { return rule != nil && rule.PausesOn(pauseNames[k]) }
	for _, m := range [...]Moment{
		{Kind: OpenSegments, Value: r.opened(rule, r.BeganAt, at, promised)},
		{Kind: LastSegment, Value: r.opened(rule, last, at, promised)},
		{Kind: RequesterWait, Value: r.opened(rule, r.BeganAt, at, func(k Kind) bool { return k == kindPending })},
		{Kind: AgentWork, Value: r.opened(rule, r.BeganAt, at, func(Kind) bool { return true })},
		{Kind: Replies, Value: w.Replies},
	} {
		m.At, m.Group = at, g
		out = append(out, m)
	}
	return out
}

// opened is the time that the rule's calendar was open while the conversation was, without its pauses of some kinds.
func (r *run) opened(rule *sla.Rule, from, to int64, without func(Kind) bool) int64 {
	var c *sla.Calendar
	if rule != nil {
		c = rule.Calendar
	}
	pauses := make([]sla.Pause, 0, len(r.Pauses))
	for _, p := range r.Pauses {
		if p.Kind == kindResolved || without(p.Kind) {
			pauses = append(pauses, sla.Pause{From: p.From, To: p.To})
		}
	}
	return sla.Elapsed(c, from, to, pauses)
}

// resume: the conversation is open again after a resolve. The time in between is remembered among the pauses, under a kind that no rule pauses on.
func (r *run) resume(at int64) {
	w := &r.Work
	if w.ShutAt == 0 {
		return
	}
	if at > w.ShutAt {
		r.putAside(pause{From: w.ShutAt, To: at, Kind: kindResolved})
	}
	w.ShutAt, w.OpenedAt = 0, at
}

// undo: a reopening undoes the resolve that stands. Where it takes back spam it says nothing of the resolve.
func (r *run) undo() {
	if r.Settled == nil || r.Void {
		return
	}
	r.Work.Reopened = true
	if !r.thread {
		r.beside(Reopened, r.Work.Resolved)
	}
}

// tellWork adds to a fact what people did.
func (r *run) tellWork(f *event.Fact) {
	w := &r.Work
	f.Reopened, f.Transferred, f.Agents, f.PeopleAt = w.Reopened, w.Moved, uint32(len(w.Agents)), w.Joined.At
	f.AbandonedAt, f.Broken = w.AbandonedAt, w.Broken
}

// handle is the end of a handling and what it took, in ms.
type handle struct {
	At    int64
	Group window.Group
	Busy  int64 // talk and hold
	Hold  int64 // of Busy
	Wrap  int64
}

// count counts the end of a handling, whole and in its parts.
func (r *run) count(h handle) {
	r.emitFor(Handled, h.At, h.Busy+h.Wrap, h.Group)
	r.emitFor(Talked, h.At, h.Busy-h.Hold, h.Group)
	r.emitFor(Held, h.At, h.Hold, h.Group)
	r.emitFor(Wrapped, h.At, h.Wrap, h.Group)
}

func (h *handle) encode(w *pack.Writer) {
	w.Int(h.At)
	encodeGroup(w, h.Group)
	w.Int(h.Busy)
	w.Int(h.Hold)
	w.Int(h.Wrap)
}

func (h *handle) decode(r *pack.Reader) {
	h.At, h.Group, h.Busy, h.Hold, h.Wrap = r.Int(), decodeGroup(r), r.Int(), r.Int(), r.Int()
}
