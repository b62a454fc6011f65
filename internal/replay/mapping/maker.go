package mapping

import (
	"slices"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
)

// maker makes one event of a row.
type maker struct {
	when condition
	at   int
	step string // its place among the events of the row, part of the id

	kind       event.Kind
	phase      event.CallPhase
	direction  event.Direction
	state      event.ConversationStatus
	cause      event.AssignmentCause
	endedBy    event.EndedBy
	instrument event.Instrument
	actor      event.ActorKind

	internal, automated bool
	ownCustomer         bool

	id, customer, actorID, text, replyTo, priority template
	queue, team, agent, bot, inbox                 template
	survey, score, scaleMin, scaleMax              template

	wait, ring, talk, hold, wrap *span
}

// span is a duration: a value and what it is counted in.
type span struct {
	value template
	unit  int64 // ms; 0 = written as a clock (m:ss or h:mm:ss)
}

var (
	directionNames  = []string{"", "inbound", "outbound"}
	endedByNames    = []string{"", "customer", "agent", "system", "timeout"}
	causeNames      = []string{"", "routed", "transfer", "escalation", "bot_to_human", "human_to_bot", "unassigned"}
	instrumentNames = []string{"", "csat", "ces", "nps", "micro_feedback", "custom"}
	units           = map[string]time.Duration{"ms": time.Millisecond, "s": time.Second, "min": time.Minute, "h": time.Hour, "clock": 0}
)

// names lists what String says of 1, 2, … up to the first unknown.
func namesOf[T ~uint8](name func(T) string) []string {
	out := []string{""}
	for i := 1; i < 64; i++ {
		n := name(T(i))
		if n == "unknown" {
			break
		}
		out = append(out, n)
	}
	return out
}

// choice finds a word in a closed list; "" stays 0.
func choice[T ~uint8](w word, key string, list []string) (T, error) {
	if !w.set() {
		return 0, nil
	}
	if i := slices.Index(list, w.s); i > 0 {
		return T(i), nil
	}
	return 0, refusal(w.at, "%s %q is not one of %s", key, w.s, strings.Join(list[1:], ", "))
}

func (c *compiler) maker(s eventSpec) (mk maker, err error) {
	kinds := 0
	for _, k := range []struct {
		w    word
		kind event.Kind
	}{{s.Call, event.KindCall}, {s.Message, event.KindMessage}, {s.State, event.KindConversationState}, {s.Assignment, event.KindAssignment}, {s.Survey, event.KindSurveyAnswered}} {
		if k.w.set() {
			mk.kind = k.kind
			mk.step = k.kind.String() + "." + k.w.s
			kinds++
		}
	}
	where := place(s.Call, s.Message, s.State, s.Assignment, s.Survey, s.At, s.When, c.s.Name)
	if kinds != 1 {
		return mk, refusal(where, "an event needs exactly one of call, message, state, assignment, survey")
	}
	if !s.At.set() {
		return mk, refusal(where, "at is missing: name the time of the event (one of times)")
	}
	if mk.at, err = c.named(s.At, "at"); err != nil {
		return mk, err
	}
	if mk.when, err = c.condition(s.When); err != nil {
		return mk, err
	}
	if err := mk.choose(s); err != nil {
		return mk, err
	}
	mk.internal, mk.automated, mk.ownCustomer = s.Internal, s.Automated, s.Customer.set()
	for _, t := range []struct {
		w  word
		to *template
	}{
		{s.ID, &mk.id}, {s.Customer, &mk.customer}, {s.ActorID, &mk.actorID}, {s.Text, &mk.text}, {s.ReplyTo, &mk.replyTo}, {s.Priority, &mk.priority},
		{s.Queue, &mk.queue}, {s.Team, &mk.team}, {s.Agent, &mk.agent}, {s.Bot, &mk.bot}, {s.Inbox, &mk.inbox},
		{s.Survey, &mk.survey}, {s.Score, &mk.score}, {s.ScaleMin, &mk.scaleMin}, {s.ScaleMax, &mk.scaleMax},
	} {
		if *t.to, err = c.template(t.w); err != nil {
			return mk, err
		}
	}
	for _, d := range []struct {
		w  word
		to **span
	}{{s.Wait, &mk.wait}, {s.Ring, &mk.ring}, {s.Talk, &mk.talk}, {s.Hold, &mk.hold}, {s.Wrap, &mk.wrap}} {
		if *d.to, err = c.span(d.w); err != nil {
			return mk, err
		}
		if d.w.set() && mk.kind != event.KindCall {
			return mk, refusal(d.w.at, "only calls have durations")
		}
	}
	return mk, nil
}

func (mk *maker) choose(s eventSpec) (err error) {
	if mk.phase, err = choice[event.CallPhase](s.Call, "call", namesOf(event.CallPhase.String)); err != nil {
		return err
	}
	if mk.state, err = choice[event.ConversationStatus](s.State, "state", namesOf(event.ConversationStatus.String)); err != nil {
		return err
	}
	if mk.cause, err = choice[event.AssignmentCause](s.Assignment, "assignment", causeNames); err != nil {
		return err
	}
	direction := s.Message
	if s.Direction.set() {
		if s.Message.set() {
			return refusal(s.Direction.at, "a message has its direction in message: inbound or outbound")
		}
		direction = s.Direction
	}
	if mk.direction, err = choice[event.Direction](direction, "direction", directionNames); err != nil {
		return err
	}
	if mk.endedBy, err = choice[event.EndedBy](s.EndedBy, "ended_by", endedByNames); err != nil {
		return err
	}
	if mk.instrument, err = choice[event.Instrument](s.Instrument, "instrument", instrumentNames); err != nil {
		return err
	}
	if mk.actor, err = choice[event.ActorKind](s.Actor, "actor", namesOf(event.ActorKind.String)); err != nil {
		return err
	}
	if mk.actor == event.ActorUnknown {
		mk.actor = mk.usualActor()
	}
	return nil
}

// usualActor is who does such a thing when the mapping does not say.
func (mk *maker) usualActor() event.ActorKind {
	switch mk.kind {
	case event.KindMessage:
		if mk.direction == event.Inbound {
			return event.ByCustomer
		}
		return event.ByAgent
	case event.KindCall:
		switch mk.phase {
		case event.PhaseStarted, event.PhaseQueued, event.PhaseAbandoned, event.PhaseVoicemail:
			return event.ByCustomer
		case event.PhaseAnswered, event.PhaseHoldStarted, event.PhaseHoldEnded, event.PhaseTransferred, event.PhaseWrapUpEnded:
			return event.ByAgent
		}
		return event.BySystem
	case event.KindConversationState:
		if mk.state == event.StatusOpened || mk.state == event.StatusReopened {
			return event.ByCustomer
		}
		return event.ByAgent
	case event.KindSurveyAnswered:
		return event.ByCustomer
	}
	return event.BySystem
}

func (c *compiler) span(w word) (*span, error) {
	if !w.set() {
		return nil, nil
	}
	value, unit, ok := cutLast(w.s, " ")
	d, known := units[unit]
	if !ok || !known {
		return nil, refusal(w.at, `duration %q: write a value and what it is counted in: "{wait} s" (or ms, min, h), or "{wait} clock" for 0:35 and 1:02:03`, w.s)
	}
	t, err := c.template(word{strings.TrimSpace(value), w.at})
	if err != nil {
		return nil, err
	}
	return &span{t, d.Milliseconds()}, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// ms returns the duration of a row; [event.NotReported] when the row has none.
func (d *span) ms(r *row, what string) (int64, error) {
	if d == nil {
		return event.NotReported, nil
	}
	s := d.value.text(r)
	if s == "" {
		return event.NotReported, nil
	}
	if d.unit == 0 {
		ms, ok := clockMs(s)
		if !ok {
			return 0, reason("unreadable duration in " + what)
		}
		return ms, nil
	}
	n, ok := r.number(s) // millionths
	if !ok {
		return 0, reason("unreadable duration in " + what)
	}
	if n < 0 {
		return 0, reason("negative duration in " + what)
	}
	if n/1e6 > 366*24*int64(time.Hour/time.Millisecond)/d.unit {
		return 0, reason("duration over a year in " + what)
	}
	// Whole and fraction apart, so that nothing overflows.
	return n/1e6*d.unit + n%1e6*d.unit/1e6, nil
}

// clockMs reads m:ss or h:mm:ss.
func clockMs(s string) (int64, bool) {
	var total int64
	parts := strings.Split(s, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return 0, false
	}
	for i, p := range parts {
		n, width := leadingNumber(p, 4)
		if width == 0 || width != len(p) || i > 0 && n > 59 {
			return 0, false
		}
		total = total*60 + int64(n)
	}
	return total * 1000, true
}
