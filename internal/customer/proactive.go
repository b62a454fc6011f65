package customer

import (
	"slices"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/pack"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// maxHelps bounds how many triggers of one customer are followed in nine days. A constant of the state schema.
const maxHelps = 32

// help is a trigger that was set off and decided, until what became of it is final.
type help struct {
	conversation string
	kind         uint8 // the number of its kind
	at           int64
	span         int64 // for how long it is followed, by the policy in force when it was decided, ms
	due          int64 // a word of ours up to here keeps the promise that it is about, 0 when it is about none
	group        window.Group
	marks        helpMarks
}

// helpMarks are part of the state schema.
type helpMarks uint16

const (
	heldOut helpMarks = 1 << iota // nobody was told
	judged                        // its time is over
	fixed                         // and it is final: what is known of it stays

	// What was found, and of contacts that are forgotten, what they had told.
	askedFor
	engaged
	answered
	cleared

	left    // the contact that set it off is forgotten; its topic is in the group
	leftAny // and was about the same as any other
	tried   // its trigger holds customers out
	nowhere // it was taken back: the trigger counts nowhere
)

// class is what the moment tells.
func (h *help) class(m helpMarks) uint32 {
	c := uint32(h.kind)
	for _, bit := range [...]struct {
		of helpMarks
		to uint32
	}{{heldOut, convo.CalledForHeldOut}, {tried, convo.CalledForTried}, {askedFor, convo.CalledForAsked}, {engaged, convo.CalledForEngaged}, {answered, convo.CalledForAnswered}, {cleared, convo.CalledForCleared}} {
		if m&bit.of != 0 {
			c |= bit.to
		}
	}
	return c
}

func (h *help) until() int64 { return h.at + h.span }

// follow remembers a trigger that was decided, to see what becomes of it.
func (s *State) follow(call Call, t int64, p *sla.Policy) {
	sig := &call.Signal
	kind := sla.TriggerKind(sig.TriggerKind).Number()
	if !call.Outcome.Sent() || kind < 0 || sig.At < t-factKeep {
		return
	}
	known := 0
	for i := range s.helps {
		if s.helps[i].at >= sig.At-factKeep {
			known++
		}
	}
	if known >= maxHelps {
		return
	}
	h := help{conversation: sig.Conversation, kind: uint8(kind), at: sig.At, span: p.ProactiveWindowMs(), group: window.Group{Channel: sig.Channel.String(), Queue: sig.Queue, Team: sig.Team}}
	if sig.Clock != "" && sig.Clock != sla.Resolution.String() {
		h.due = sig.DueAt
	}
	if sig.HeldOut {
		h.marks |= heldOut
	}
	if t := p.Trigger(sig.Trigger); t != nil && t.Holdout > 0 {
		h.marks |= tried
	}
	s.helps, s.known = append(s.helps, h), false
}

// origin is the contact that set a trigger off: that of its conversation which began last before it. nil when none is known, or it is forgotten. A contact that was taken
// back is one as well, unless another goes on beyond its begin: late events may have made one of two.
func (s *State) origin(h *help) *contact {
	if h.marks&(left|nowhere) != 0 {
		return nil
	}
	var of [2]*contact // that stands; that was taken back
	for i := range s.facts {
		c := &s.facts[i]
		if !c.Inbound || len(c.ActiveAt) == 0 || c.StartedAt > h.at || conversationOf(c.Subject) != h.conversation {
			continue
		}
		if o := &of[class(c.Retracted)]; *o == nil || c.StartedAt > (*o).StartedAt {
			*o = c
		}
	}
	if live, back := of[0], of[1]; live != nil && (back == nil || lastOf(live) >= back.StartedAt) {
		return live
	}
	return of[1]
}

// about reports whether a contact of another conversation is of the topic of a trigger.
func (h *help) about(origin, c *contact) bool {
	if origin != nil {
		return origin.about(c)
	}
	return h.marks&leftAny != 0 || h.group.Topic == c.Topic || h.group.Topic == "" || c.Topic == ""
}

// learn is what a contact tells of what became of a trigger.
func (h *help) learn(origin, c *contact) (m helpMarks) {
	if !c.inbound() {
		return 0
	}
	same := conversationOf(c.Subject) == h.conversation
	if !same && !h.about(origin, c) {
		return 0
	}
	within := func(at int64) bool { return h.at < at && at <= h.until() }
	asks := same || within(c.StartedAt) // one that went on before, about something else perhaps, goes on
	if c == origin && within(c.ResolvedAt) {
		m |= cleared
	}
	for _, x := range c.Exchanges {
		word := x.From
		if word <= h.at {
			word = x.To
		}
		if !within(word) {
			continue
		}
		if m&engaged == 0 && asks && within(x.Heard) {
			m |= askedFor
		}
		m |= engaged
		if within(x.Back) {
			m |= answered
		}
		if same && word <= h.due {
			m |= cleared
		}
	}
	if m&engaged == 0 && asks && slices.ContainsFunc(c.ActiveAt, within) {
		m |= askedFor
	}
	return m
}

// outcome is all that is known of what became of a trigger.
func (s *State) outcome(h *help) (helpMarks, window.Group) {
	m, g := h.marks, h.group
	if m&fixed != 0 {
		return m, g
	}
	origin := s.origin(h)
	if origin != nil {
		if g.Topic = origin.Topic; origin.Retracted {
			return m | nowhere, g
		}
	}
	for i := range s.facts {
		m |= h.learn(origin, &s.facts[i])
	}
	return m, g
}

// helped derives what became of the triggers whose time is over.
func (s *State) helped(out []convo.Moment) []convo.Moment {
	for i := range s.helps {
		if h := &s.helps[i]; h.marks&judged != 0 {
			m, g := s.outcome(h)
			if m&nowhere != 0 {
				continue
			}
			out = append(out, convo.Moment{Kind: convo.CalledFor, At: h.at, Group: g, Class: h.class(m)})
		}
	}
	return out
}

// judgeHelps marks the triggers whose time is over.
func (s *State) judgeHelps(t int64) {
	for i := range s.helps {
		if h := &s.helps[i]; h.marks&judged == 0 && t >= h.until() {
			h.marks |= judged
			s.known = false
		}
	}
}

// fixHelps makes final what is old enough. Its moments do not change by it.
func (s *State) fixHelps(t int64) {
	for i := range s.helps {
		if h := &s.helps[i]; h.marks&fixed == 0 && h.at < t-factKeep {
			m, g := s.outcome(h)
			h.marks, h.group = m|fixed, g
		}
	}
}

// dropHelps forgets what is final and counted: it stays counted.
func (s *State) dropHelps() {
	n := len(s.helps)
	s.helps = slices.DeleteFunc(s.helps, func(h help) bool { return h.marks&(fixed|judged) == fixed|judged })
	if len(s.helps) != n {
		s.known = false
	}
}

// breakOff forgets the triggers whose time is not over: the customer goes on as another.
func (s *State) breakOff() {
	s.helps = slices.DeleteFunc(s.helps, func(h help) bool { return h.marks&judged == 0 })
}

// bequeathHelps leaves with the triggers what contacts that are about to be forgotten tell of them.
func (s *State) bequeathHelps(old func(*contact) bool) {
	for i := range s.helps {
		h := &s.helps[i]
		if h.marks&fixed != 0 {
			continue
		}
		origin := s.origin(h)
		for k := range s.facts {
			if c := &s.facts[k]; old(c) {
				h.marks |= h.learn(origin, c)
			}
		}
		if origin != nil && old(origin) {
			h.group.Topic = origin.Topic
			if h.marks |= left; origin.Retracted {
				h.marks |= nowhere
			}
			if origin.marks&matchesAny != 0 {
				h.marks |= leftAny
			}
		}
	}
}

// look is when to look at a trigger again.
func (h *help) look() int64 {
	if h.marks&judged == 0 {
		return h.until()
	}
	return h.at + factKeep + 1
}

func (s *State) encodeHelps(w *pack.Writer) {
	w.Uint(uint64(len(s.helps)))
	for _, h := range s.helps {
		w.String(h.conversation)
		w.Byte(h.kind)
		w.Int(h.at)
		w.Int(h.span)
		w.Int(h.due)
		w.String(h.group.Channel)
		w.String(h.group.Queue)
		w.String(h.group.Team)
		w.String(h.group.Topic)
		w.Uint(uint64(h.marks))
	}
}

func (s *State) decodeHelps(r *pack.Reader) {
	for n := r.Len(); n > 0; n-- {
		s.helps = append(s.helps, help{conversation: r.String(), kind: r.Byte(), at: r.Int(), span: r.Int(), due: r.Int(),
			group: window.Group{Channel: r.String(), Queue: r.String(), Team: r.String(), Topic: r.String()}, marks: helpMarks(r.Uint())})
	}
}

func encodeExchanges(w *pack.Writer, f *event.Fact) {
	w.Uint(uint64(len(f.Exchanges)))
	for _, x := range f.Exchanges {
		w.Int(x.Heard)
		w.Int(x.From)
		w.Int(x.To)
		w.Int(x.Back)
	}
}

func decodeExchanges(r *pack.Reader, f *event.Fact) {
	for n := r.Len(); n > 0; n-- {
		f.Exchanges = append(f.Exchanges, event.Exchange{Heard: r.Int(), From: r.Int(), To: r.Int(), Back: r.Int()})
	}
}
