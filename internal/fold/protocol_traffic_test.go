package fold

import (
	"fmt"

	"github.com/vigia-cx/vigia/internal/event"
)

// line is a conversation being drawn.
type line struct {
	id, customer, queue string
	channel             event.Channel
	at                  int64
	spam                bool
}

func (s *scenario) pick(of ...int64) int64 { return of[s.IntN(len(of))] }

func (s *scenario) conversation(at int64) *line {
	s.ids++
	l := &line{id: fmt.Sprintf("v%d", s.ids), queue: []string{"sales", "help"}[s.IntN(2)], at: at, customer: fmt.Sprintf("c%d", s.IntN(5))}
	switch s.IntN(8) {
	case 0, 1, 2:
		l.channel = event.Voice
		s.call(l)
		return nil
	case 3, 4:
		l.channel = event.WhatsApp
	default:
		l.channel = event.WebChat
	}
	s.text(l)
	return l
}

// text draws how a written conversation begins, and its turns.
func (s *scenario) text(l *line) {
	queue := l.queue
	customer := l.customer
	if l.channel == event.WebChat {
		if s.IntN(4) == 0 && !s.lossy {
			l.queue = "" // until it is routed, which must not get lost: a queue learnt when the rest is forgotten changes nothing any more
		}
		if s.IntN(3) == 0 {
			l.customer = ""
		}
		if s.IntN(3) == 0 {
			s.say(l, event.BySystem, event.ConversationState{State: event.StatusOpened}, false)
			l.at += s.pick(0, 300, 2000)
		}
	}
	if l.queue == "" {
		begun := l.at
		s.inbound(l)
		l.queue = queue
		s.say(l, event.BySystem, event.Assignment{Cause: event.CauseRouted}, false)
		l.at = max(l.at, begun) + s.pick(0, 5000)
	}
	if s.IntN(3) > 0 {
		l.customer = customer
	}
	if s.IntN(20) == 0 {
		s.inbound(l)
		s.say(l, event.BySystem, event.ConversationState{State: event.StatusSpam}, false)
		l.at += s.pick(0, 20_000)
		l.spam = true // and is not opened again: what was forgotten meanwhile would not come back
	}
	s.turns(l)
}

func (s *scenario) turns(l *line) {
	for range 1 + s.IntN(3) {
		begun := l.at
		for range 1 + s.IntN(2) {
			s.inbound(l)
			l.at += s.pick(0, 1, 7000, 20_000)
		}
		limit := s.pick(2, 3, 1, 4) * minutes
		switch s.IntN(6) {
		case 0:
			l.at = begun + limit // often exactly when it is due
		case 1:
			l.at = begun + limit + s.pick(1, 1999, 2000, 2001, 90_000)
		case 2:
			l.at += 3 * minutes
			continue
		default:
			l.at += s.pick(0, 5000, 45_000)
		}
		s.say(l, event.ByAgent, event.Message{ID: fmt.Sprint("m", s.ids), Direction: event.Outbound}, true)
		if s.IntN(5) == 0 {
			l.at += s.pick(1, 4000)
			s.say(l, event.ByAgent, event.ConversationState{State: event.StatusPendingCustomer}, false)
		}
		l.at += s.pick(1, 9000, 80_000, 200_000)
	}
	if s.IntN(2) == 0 {
		s.say(l, event.ByAgent, event.ConversationState{State: event.StatusResolved}, false)
		l.at += s.pick(1, 15_000, 100_000)
		switch {
		case s.IntN(3) == 0:
			s.inbound(l)
		case l.channel == event.WebChat && !l.spam && s.IntN(3) == 0:
			s.say(l, event.ByAgent, event.ConversationState{State: event.StatusReopened}, false)
			l.at += s.pick(1, 5000)
		}
	}
	l.at += s.pick(1, 60_000, 16*minutes)
}

func (s *scenario) inbound(l *line) {
	m := event.Message{ID: fmt.Sprint("m", s.ids), Direction: event.Inbound}
	if s.IntN(3) == 0 {
		m.Sentiment = &event.Sentiment{Polarity: s.pick(-800_000, -200_000, 0, 199_999, 200_000, 950_000)}
	}
	s.say(l, event.ByCustomer, m, l.queue != "")
}

// call draws a call through one or two queues.
func (s *scenario) call(l *line) {
	if s.IntN(3) == 0 {
		l.customer = ""
	}
	queue := l.queue
	step := func(p event.CallPhase, q string) {
		l.queue = q
		s.say(l, event.ByCustomer, event.Call{ID: l.id, Phase: p, Wait: event.NotReported, Ring: event.NotReported, Talk: event.NotReported, Hold: event.NotReported,
			Wrap: event.NotReported}, false)
	}
	if s.IntN(3) == 0 {
		step(event.PhaseStarted, "")
		l.at += s.pick(0, 1500, 12_000)
	}
	for leg := range 2 {
		step(event.PhaseQueued, queue)
		switch s.IntN(8) {
		case 0, 1:
			l.at += s.pick(0, 5000, 5001, 20_000, 60_000)
			step([]event.CallPhase{event.PhaseAbandoned, event.PhaseEnded}[s.IntN(2)], queue)
			if s.IntN(2) == 0 {
				step(event.PhaseEnded, queue)
			}
			return
		case 2:
			return // never ends
		}
		l.at += s.pick(0, 3000, 20_000, 20_001, 50_000)
		step(event.PhaseAnswered, queue)
		l.at += s.pick(0, 9000, 40_000)
		if s.IntN(4) == 0 {
			step(event.PhaseHoldStarted, queue)
			l.at += s.pick(1, 9000)
			step(event.PhaseHoldEnded, queue)
			l.at += s.pick(1, 9000)
		}
		if s.IntN(12) == 0 {
			return
		}
		if leg == 0 && s.IntN(3) == 0 {
			step(event.PhaseTransferred, queue)
			queue = "second"
			l.at += s.pick(0, 1000)
			continue
		}
		break
	}
	step(event.PhaseEnded, queue)
	if s.IntN(2) == 0 {
		l.at += s.pick(1, 30_000)
		step(event.PhaseWrapUpEnded, queue)
	}
}

// say produces an event, often late, now and then more than once. Only plain messages come later than the horizon: of other events something may depend that was
// forgotten just before, and at its edge the numbers may differ.
func (s *scenario) say(l *line, by event.ActorKind, body event.Body, plain bool) {
	s.ids++
	e := &event.Event{
		ID: fmt.Sprintf("e%d", s.ids), Tenant: tenantName, Source: event.Source{Connector: "http"}, At: l.at, ReceivedAt: l.at, Conversation: l.id, Customer: l.customer,
		Threadless: l.channel == event.WhatsApp, Actor: by, Channel: l.channel, Routing: event.Routing{Queue: l.queue}, Body: body,
	}
	e.OrderHint = fmt.Sprint(s.ids) // the source numbers what happens in one instant
	arrive := func() int64 {
		switch n := s.IntN(40); {
		case n < 4:
			return l.at + s.Int64N(9*minutes)
		case n == 4 && plain:
			return l.at + 25*minutes + s.Int64N(40*minutes)
		case n < 10:
			return l.at + s.Int64N(4000)
		}
		return l.at
	}
	first := arrive()
	s.add(action{at: first, kind: produce, event: e})
	for s.IntN(8) == 0 {
		s.add(action{at: max(first, arrive()), kind: produce, event: e})
	}
	if s.IntN(60) == 0 {
		s.add(action{at: first, kind: misroute, event: e})
	}
}
