// Package sim invents believable traffic from a seed: the demo, load on a real stack, and the virtual world of the tests are driven by it.
package sim

import (
	"cmp"
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
)

// Shift says what traffic to invent.
type Shift struct {
	Seed   uint64
	Tenant string
	Start  time.Time
	// PerHour is the number of conversations that begin in an hour of full business; the curve of the day and the mix of channels are built in.
	PerHour float64
	// Flat ignores the time of day.
	Flat bool
	// Customers is how many people there are, 4,000 when 0.
	Customers int
	// Conversations is how many begin before the traffic runs dry, 0 for no end.
	Conversations int
	// Incidents are stretches in which the people of one queue do not answer. Two shifts that differ in one of them are equal up to its begin.
	Incidents []Incident
}

// Incident is what goes wrong, and when.
type Incident struct {
	From    time.Time     `json:"from"`
	To      time.Time     `json:"to"`
	Channel event.Channel `json:"channel"`
	Queue   string        `json:"queue"`
}

// covers reports whether an answer at an instant is held up.
func (i Incident) covers(ch event.Channel, queue string, at time.Time) bool {
	return ch == i.Channel && queue == i.Queue && !at.Before(i.From) && at.Before(i.To)
}

// line is one channel and queue with its habits.
type line struct {
	channel event.Channel
	queue   string
	team    string
	share   float64 // of all conversations
	answer  float64 // median seconds to an answer
	spread  float64 // sigma of the log of it
	turns   float64 // mean turns of the customer
	mood    float64 // mean sentiment
	agents  []string
}

// lines is the mix: four channels of a shop in Latin America.
var lines = []line{
	{event.WhatsApp, "ventas", "norte", 0.26, 38, 0.6, 3.2, 0.25, []string{"camila", "joao", "mateo"}},
	{event.WhatsApp, "soporte", "sur", 0.24, 55, 0.6, 3.8, -0.05, []string{"lucia", "pedro", "renata"}},
	{event.WebChat, "ventas", "norte", 0.16, 25, 0.5, 2.6, 0.2, []string{"camila", "joao", "mateo"}},
	{event.Email, "reclamos", "sur", 0.12, 1100, 0.8, 1.6, -0.2, []string{"ines", "bruno"}},
	{event.Voice, "atencion", "norte", 0.22, 9, 0.9, 1, 0, []string{"sofia", "diego", "marta", "luis"}},
}

// Traffic is a stream of events in order of time. Equal shifts give equal streams.
type Traffic struct {
	shift Shift
	run   string // part of all ids: shifts that begin at another time speak of other conversations
	rng   *rand.Rand
	next  time.Time // the next conversation begins
	count int
	queue pending
}

// New begins a shift.
func New(s Shift) *Traffic {
	s.Customers = cmp.Or(s.Customers, 4000)
	t := &Traffic{shift: s, rng: rand.New(rand.NewPCG(s.Seed, 0x5649474941)), next: s.Start}
	t.run = strconv.FormatUint(s.Seed, 36) + "-" + strconv.FormatInt(s.Start.UnixMilli(), 36)
	t.next = t.after(t.next)
	return t
}

// Next returns the next event, nil at the end. Conversations overlap as they do in life.
func (t *Traffic) Next() *event.Event {
	if !t.ready() {
		return nil
	}
	return heap.Pop(&t.queue).(*event.Event)
}

// NextBefore returns the next event if it happens before an instant, else nil.
func (t *Traffic) NextBefore(at time.Time) *event.Event {
	if !t.ready() || t.queue[0].At >= at.UnixMilli() {
		return nil
	}
	return heap.Pop(&t.queue).(*event.Event)
}

// ready makes sure that the next event is the first of the queue; false at the end.
func (t *Traffic) ready() bool {
	more := func() bool { return t.shift.Conversations == 0 || t.count < t.shift.Conversations }
	for more() && (len(t.queue) == 0 || t.queue[0].At >= t.next.UnixMilli()) {
		t.converse()
	}
	return len(t.queue) > 0
}

// Conversations returns how many conversations have begun.
func (t *Traffic) Conversations() int { return t.count }

// after draws the begin of the next conversation: arrivals at the rate of the hour.
func (t *Traffic) after(at time.Time) time.Time {
	rate := t.shift.PerHour
	if !t.shift.Flat {
		h := float64(at.Hour()) + float64(at.Minute())/60
		rate *= 0.08 + math.Exp(-(h-11)*(h-11)/8) + 0.8*math.Exp(-(h-16.5)*(h-16.5)/9)
	}
	return at.Add(time.Duration(t.rng.ExpFloat64() / rate * float64(time.Hour)))
}

// script is one conversation being written.
type script struct {
	t   *Traffic
	rng *rand.Rand
	l   line
	id  string
	who string
	at  time.Time
	no  int // of the conversation
	n   int // of the event in it
}

func (t *Traffic) converse() {
	at := t.next
	t.next = t.after(at)
	t.count++
	// Each conversation has a chance of its own, so that what happens in one changes no other.
	rng := rand.New(rand.NewPCG(t.shift.Seed, uint64(t.count)))
	pick := rng.Float64()
	l := lines[len(lines)-1]
	for _, c := range lines {
		if pick -= c.share; pick < 0 {
			l = c
			break
		}
	}
	s := &script{t: t, rng: rng, l: l, at: at, no: t.count, id: fmt.Sprintf("%s-%s-%d", l.channel, t.run, t.count), who: fmt.Sprintf("cliente-%d", rng.IntN(t.shift.Customers))}
	if l.channel == event.WhatsApp {
		s.id = "wa-" + s.who // no conversations on WhatsApp: the customer is the thread
	}
	if l.channel == event.Voice {
		s.phone()
	} else {
		s.write()
	}
}

// write is a conversation in text.
func (s *script) write() {
	rng := s.rng
	agent := s.l.agents[rng.IntN(len(s.l.agents))]
	turns := 1 + int(rng.ExpFloat64()*(s.l.turns-1))
	for turn := range min(turns, 12) {
		for range 1 + rng.IntN(2) {
			s.say(event.ByCustomer, "", event.Message{Direction: event.Inbound, ContentType: "text", TextChars: uint32(10 + rng.IntN(140)), Sentiment: s.mood(turn)})
			s.pass(4, 0.5)
		}
		if rng.Float64() < 0.015 {
			return // the customer is forgotten, or gives up
		}
		s.pass(s.l.answer, s.l.spread)
		s.hold()
		s.say(event.ByAgent, agent, event.Message{Direction: event.Outbound, ContentType: "text", TextChars: uint32(20 + rng.IntN(200))})
		s.pass(40, 0.9)
	}
	if rng.Float64() < 0.92 {
		aside := s.aside()
		s.add(event.ByAgent, agent, event.ConversationState{State: event.StatusResolved}, s.noted(aside)...)
		s.ask(aside)
	}
}

// phone is a call: menu, queue, answer or abandonment, talk.
func (s *script) phone() {
	rng := s.rng
	step := func(p event.CallPhase, by event.ActorKind, agent string, labels ...event.Label) {
		s.add(by, agent, event.Call{ID: s.id, Phase: p, Direction: event.Inbound, Wait: -1, Ring: -1, Talk: -1, Hold: -1, Wrap: -1}, labels...)
	}
	step(event.PhaseStarted, event.ByCustomer, "")
	s.pass(12, 0.4)
	if rng.Float64() < 0.06 {
		step(event.PhaseEnded, event.ByCustomer, "")
		return
	}
	step(event.PhaseQueued, event.ByCustomer, "")
	queued := s.at
	s.pass(s.l.answer, s.l.spread)
	s.hold()
	patience := 15 + rng.ExpFloat64()*150
	if s.at.Sub(queued).Seconds() > patience {
		s.at = queued.Add(time.Duration(patience * float64(time.Second)))
		step(event.PhaseAbandoned, event.ByCustomer, "")
		return
	}
	agent := s.l.agents[rng.IntN(len(s.l.agents))]
	step(event.PhaseAnswered, event.ByAgent, agent)
	s.pass(170, 0.7)
	step(event.PhaseEnded, event.ByCustomer, agent)
	s.pass(15, 0.5)
	aside := s.aside()
	step(event.PhaseWrapUpEnded, event.ByAgent, agent, s.noted(aside)...)
	s.ask(aside)
}

// hold keeps an answer back while the incident lasts; then people catch up, one after the other.
func (s *script) hold() {
	for _, i := range s.t.shift.Incidents {
		if i.covers(s.l.channel, s.l.queue, s.at) {
			s.at = i.To.Add(time.Duration(s.rng.ExpFloat64() * 45 * float64(time.Second)))
		}
	}
}

func (s *script) mood(turn int) *event.Sentiment {
	v := s.l.mood + s.rng.NormFloat64()*0.35 + 0.05*float64(turn)
	for _, i := range s.t.shift.Incidents {
		if i.covers(s.l.channel, s.l.queue, s.at) {
			v -= 0.5
		}
	}
	return &event.Sentiment{Polarity: int64(max(-1, min(1, v)) * 1e6), Confidence: 900_000, Model: "lexicon"}
}

// pass lets a log-normal time with this median pass.
func (s *script) pass(median, sigma float64) {
	s.at = s.at.Add(time.Duration(median * math.Exp(s.rng.NormFloat64()*sigma) * float64(time.Second)))
}

func (s *script) say(by event.ActorKind, agent string, m event.Message) {
	m.ID = fmt.Sprintf("%s-%d-%d", s.t.run, s.no, s.n)
	s.add(by, agent, m)
}

func (s *script) add(by event.ActorKind, agent string, b event.Body, labels ...event.Label) {
	s.n++
	r := event.Routing{Queue: s.l.queue, Team: s.l.team, Agent: agent}
	switch b := b.(type) {
	case event.Call:
		if b.Phase == event.PhaseStarted {
			r = event.Routing{}
		}
	case event.SurveyRequested, event.SurveyAnswered, event.MessageState:
		r = event.Routing{} // told by others, who know of no queues: the customer may be in another one by now
	}
	at := s.at.UnixMilli()
	heap.Push(&s.t.queue, &event.Event{
		Tenant: s.t.shift.Tenant, Source: event.Source{Connector: "sim", NativeID: fmt.Sprintf("%s-%d-%d", s.t.run, s.no, s.n)},
		At: at, ReceivedAt: at, Quality: event.QualitySubsecond, Conversation: s.id, Threadless: s.l.channel == event.WhatsApp, Customer: s.who,
		Actor: by, ActorID: agent, Channel: s.l.channel, Routing: r, OrderHint: fmt.Sprint(s.n), Labels: labels, Body: b,
	})
}

// pending is a heap of events by time, conversation and order within it.
type pending []*event.Event

func (p pending) Len() int { return len(p) }
func (p pending) Less(i, j int) bool {
	if p[i].At != p[j].At {
		return p[i].At < p[j].At
	}
	if p[i].Conversation != p[j].Conversation {
		return p[i].Conversation < p[j].Conversation
	}
	return len(p[i].OrderHint) < len(p[j].OrderHint) || len(p[i].OrderHint) == len(p[j].OrderHint) && p[i].OrderHint < p[j].OrderHint
}
func (p pending) Swap(i, j int) { p[i], p[j] = p[j], p[i] }
func (p *pending) Push(x any)   { *p = append(*p, x.(*event.Event)) }
func (p *pending) Pop() any {
	old := *p
	x := old[len(old)-1]
	*p = old[:len(old)-1]
	return x
}
