package fold

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/vigia-cx/vigia/internal/event"
)

// kind of an action.
type kind uint8

const (
	produce kind = iota
	work
	relayStep
	tick
	keep
	assign
	revoke
	crash
	failOver
	lose
	save
	restore
	cut
	recreate
	skew
	redisSkew
	redisDown
	kafkaDown
	gap
	policy
	upgrade
	expire
	garbage
	misroute
)

var kindNames = [...]string{"produce", "work", "relay", "tick", "keep", "assign", "revoke", "crash", "fail-over", "lose", "save", "restore", "cut", "recreate", "skew", "redis skew",
	"redis down", "kafka down", "gap", "policy", "upgrade", "expire", "garbage", "misroute"}

// action is one step of a scenario. Each carries its own time and everything that decides its course, so that any part of a scenario is a scenario.
type action struct {
	at       int64
	order    int
	kind     kind
	who, bay int
	n        int64
	event    *event.Event
	gap      *event.Gap
}

func (a *action) String() string {
	s := fmt.Sprintf("%9.3f %-10s", float64(a.at-epoch)/1000, kindNames[a.kind])
	switch a.kind {
	case produce, misroute:
		e := a.event
		return s + fmt.Sprintf(" %s %s at %.3f %s %+v", e.ID, e.Conversation, float64(e.At-epoch)/1000, e.Customer+"/"+e.Routing.Queue, e.Body)
	case gap:
		return s + fmt.Sprintf(" %+v", *a.gap)
	}
	return s + fmt.Sprintf(" worker %d bay %d %d", a.who, a.bay, a.n)
}

// epoch is where all scripts begin, give or take a day.
const epoch = 1_790_000_000_000

// scenario is drawn from a seed.
type scenario struct {
	*rand.Rand
	actions []*action
	owner   [bays]int
	lossy   bool
	upgrade bool
	serial  int
	ids     int
}

// newScenario draws everything that happens in one run.
func newScenario(seed uint64) *scenario {
	s := &scenario{Rand: rand.New(rand.NewPCG(seed, 0x5eed)), actions: make([]*action, 0, 2000)}
	at := int64(epoch) + s.Int64N(24*60*minutes)
	s.lossy = s.IntN(10) < 3
	s.upgrade = s.IntN(8) == 0
	for i := range bays {
		s.owner[i] = s.IntN(workers)
		s.add(action{at: at, kind: assign, who: s.owner[i], bay: i})
	}
	s.add(action{at: at, kind: policy, n: 0})
	bursts := 1 + s.IntN(3)
	var regulars []*line
	for b := range bursts {
		length := int64(4+s.IntN(9)) * minutes
		for range 3 + s.IntN(6) {
			regulars = append(regulars, s.conversation(at+s.Int64N(length)))
		}
		if b > 0 {
			for _, l := range regulars {
				if l != nil && s.IntN(3) == 0 {
					l.at = at + s.Int64N(length)
					s.turns(l)
				}
			}
		}
		s.machinery(at, at+length)
		at += length
		if b < bursts-1 {
			leap := []int64{30_000, 20 * minutes, 3 * 60 * minutes, 26 * 60 * minutes, 9*24*60*minutes + 3*60*minutes}[s.IntN(5)]
			s.quiet(at, leap)
			at += leap
		}
	}
	// Actions of one instant stay in the order in which they were drawn.
	slices.SortFunc(s.actions, func(a, b *action) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.order, b.order)) })
	return s
}

func (s *scenario) add(a action) {
	a.order = len(s.actions)
	s.actions = append(s.actions, &a)
}

// machinery draws what workers do and what befalls them.
func (s *scenario) machinery(from, to int64) {
	span := to - from
	at := func() int64 { return from + s.Int64N(span) }
	count := int(span / 1000)
	for range count {
		s.step(at(), work)
	}
	for range count * 3 / 4 {
		s.step(at(), relayStep)
	}
	for range int(span / 8000) {
		t := at()
		for bay := range partitions {
			s.add(action{at: t, kind: tick, who: s.owner[bay], bay: bay, n: s.Int64N(1000)})
		}
	}
	for range 2 {
		s.step(at(), keep)
	}
	some := func(one, most int) int {
		if s.IntN(one) != 0 {
			return 0
		}
		return 1 + s.IntN(most)
	}
	for range some(2, 4) {
		bay := s.IntN(bays)
		t := at()
		s.owner[bay] = s.IntN(workers)
		s.add(action{at: t, kind: assign, who: s.owner[bay], bay: bay})
		if s.IntN(3) > 0 {
			s.add(action{at: t + s.Int64N(60_000), kind: revoke, bay: bay})
		}
	}
	for range some(2, 3) {
		s.add(action{at: at(), kind: crash, who: s.IntN(workers)})
	}
	for range some(2, 4) {
		s.add(action{at: at(), kind: failOver, bay: s.IntN(bays), n: 1 + s.Int64N(20)})
	}
	for range some(4, 2) {
		s.add(action{at: at(), kind: lose, bay: s.IntN(bays)})
	}
	for range some(3, 2) {
		bay := s.IntN(bays)
		s.add(action{at: at(), kind: save, bay: bay})
		s.add(action{at: at(), kind: restore, bay: bay, n: s.Int64N(8)})
	}
	for range some(6, 2) {
		s.add(action{at: at(), kind: skew, who: s.IntN(workers), n: (s.Int64N(3) - 1) * 1000_000})
	}
	for range some(12, 1) {
		s.add(action{at: at(), kind: redisDown, n: s.Int64N(40_000)})
	}
	for range some(12, 1) {
		s.add(action{at: at(), kind: kafkaDown, n: s.Int64N(40_000)})
	}
	for range some(4, 2) {
		t := at()
		open := event.Gap{Tenant: tenantName, Connector: "http", From: t - s.Int64N(20_000)}
		for bay := range firstAlarms {
			s.add(action{at: t + s.Int64N(2000), kind: gap, bay: bay, gap: &open})
			if s.IntN(4) == 0 {
				s.add(action{at: t + s.Int64N(20_000), kind: gap, bay: bay, gap: &open})
			}
		}
		if s.IntN(6) > 0 {
			over := open
			over.To = over.From + 1 + s.Int64N(2*minutes)
			for bay := range firstAlarms {
				s.add(action{at: max(t, over.To) + s.Int64N(2000), kind: gap, bay: bay, gap: &over})
			}
		}
	}
	if s.serial < len(policies)-1 && s.IntN(4) == 0 {
		s.serial++
		s.add(action{at: at(), kind: policy, n: int64(s.serial)})
	}
	if s.upgrade {
		for who := range workers {
			if s.IntN(2) == 0 {
				s.add(action{at: at(), kind: upgrade, who: who})
			}
		}
	}
	for range some(12, 1) {
		s.add(action{at: at(), kind: expire, bay: s.IntN(bays)})
	}
	for range some(4, 2) {
		s.add(action{at: at(), kind: garbage, bay: s.IntN(firstAlarms)})
	}
	if s.lossy {
		for range some(2, 3) {
			t := at()
			bay := s.IntN(firstAlarms)
			s.add(action{at: t, kind: cut, bay: bay, n: 1 + s.Int64N(60)})
			if s.IntN(2) == 0 {
				s.add(action{at: t, kind: lose, bay: bay})
			}
		}
		if s.IntN(4) == 0 {
			s.add(action{at: at(), kind: recreate, bay: s.IntN(partitions)})
		}
	}
}

// step draws a step of a worker: mostly of the owner, for the others have little to do.
func (s *scenario) step(at int64, k kind) {
	bay := s.IntN(bays)
	who := s.owner[bay]
	if s.IntN(8) == 0 {
		who = s.IntN(workers)
	}
	s.add(action{at: at, kind: k, who: who, bay: bay, n: s.Int64N(1000)})
}

// quiet draws hours or days in which only time passes.
func (s *scenario) quiet(from, leap int64) {
	for _, part := range []int64{4, 2} {
		t := from + leap/part
		for bay := range bays {
			s.add(action{at: t, kind: tick, who: s.owner[bay], bay: bay, n: noFault})
			for i := range int64(6) {
				s.add(action{at: t + i, kind: work, who: s.owner[bay], bay: bay, n: noFault + 5})
				s.add(action{at: t + i, kind: relayStep, who: s.owner[bay], bay: bay, n: noFault + 5})
			}
		}
	}
}

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
