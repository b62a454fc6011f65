package e2e

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
)

// traffic invents conversations from a seed and adds up, in plain sums, what the KPIs of them must be.
type traffic struct {
	rng   *rand.Rand
	now   func() time.Time
	count int
	want  sums
}

// key names a value: queue is empty for the whole tenant.
type key struct{ kpi, definition, queue string }

// sum is what a value must rest on: durations are in ms.
type sum struct{ numerator, denominator int64 }

// sums are the expected values: counts have their count as numerator, durations the sum and how many, ratios the two counts.
type sums struct {
	of        map[key]*sum
	customers map[string]map[string]bool // by queue: who was active
}

func newTraffic(seed uint64) *traffic {
	return &traffic{rng: rand.New(rand.NewPCG(seed, 2)), now: time.Now, want: sums{map[key]*sum{}, map[string]map[string]bool{}}}
}

// add notes a contribution for its queue and for the tenant.
func (s *sums) add(kpi, definition, queue string, numerator, denominator int64) {
	for _, q := range []string{queue, ""} {
		k := key{kpi, definition, q}
		if s.of[k] == nil {
			s.of[k] = &sum{}
		}
		s.of[k].numerator += numerator
		s.of[k].denominator += denominator
	}
}

func (s *sums) seen(customer, queue string) {
	for _, q := range []string{queue, ""} {
		if s.customers[q] == nil {
			s.customers[q] = map[string]bool{}
		}
		s.customers[q][customer] = true
	}
}

// talk is one conversation being written.
type talk struct {
	*traffic
	id, customer, queue string
	channel             event.Channel
	at                  time.Time
	events              []*event.Event
}

// conversation invents the next one. It lies some time back, so that all its deadlines have passed whatever happens to the processes.
func (t *traffic) conversation() []*event.Event {
	t.count++
	c := &talk{traffic: t, id: fmt.Sprintf("talk-%d", t.count), customer: fmt.Sprintf("customer-%d", t.rng.IntN(300))}
	c.at = t.now().Add(-time.Hour - time.Duration(t.rng.IntN(1200))*time.Second).Truncate(time.Millisecond)
	switch t.rng.IntN(3) {
	case 0:
		c.channel, c.queue = event.Voice, fmt.Sprintf("phone-%d", t.rng.IntN(2))
		c.call()
	case 1:
		c.channel, c.queue = event.Email, fmt.Sprintf("mail-%d", t.rng.IntN(2))
		c.write()
	default:
		c.channel, c.queue = event.WebChat, fmt.Sprintf("chat-%d", t.rng.IntN(3))
		c.write()
	}
	t.want.add("conversations_started", "default", c.queue, 1, 0)
	t.want.seen(c.customer, c.queue)
	return c.events
}

// pass lets up to most pass and returns how long it took, ms.
func (c *talk) pass(most time.Duration) int64 {
	d := time.Duration(1+c.rng.Int64N(most.Milliseconds())) * time.Millisecond
	c.at = c.at.Add(d)
	return d.Milliseconds()
}

func (c *talk) event(actor event.ActorKind, body event.Body) {
	n := len(c.events)
	c.events = append(c.events, &event.Event{
		At: c.at.UnixMilli(), Quality: event.QualitySubsecond, Source: event.Source{Connector: "e2e", NativeID: fmt.Sprintf("%s.%d", c.id, n)}, Conversation: c.id, Customer: c.customer,
		Actor: actor, Channel: c.channel, Routing: event.Routing{Queue: c.queue}, OrderHint: fmt.Sprint(n), Body: body,
	})
}

func (c *talk) message(actor event.ActorKind, direction event.Direction) {
	m := event.Message{ID: fmt.Sprintf("%s.%d", c.id, len(c.events)), Direction: direction, ContentType: "text"}
	if direction == event.Inbound {
		score := int64(c.rng.IntN(2_000_001) - 1_000_000)
		m.Sentiment = &event.Sentiment{Polarity: score, Confidence: 1_000_000, Model: "e2e"}
		switch {
		case score >= 200_000:
			c.want.add("sentiment_balance", "default", c.queue, 1, 1)
		case score <= -200_000:
			c.want.add("sentiment_balance", "default", c.queue, -1, 1)
		default:
			c.want.add("sentiment_balance", "default", c.queue, 0, 1)
		}
	}
	c.event(actor, m)
}

// promise notes whether a promise was kept.
func (c *talk) promise(clock string, took int64, target time.Duration) {
	kept := int64(0)
	if took <= target.Milliseconds() {
		kept = 1
	}
	c.want.add("sla_compliance", clock, c.queue, kept, 1)
}

// write is a conversation in text: some turns, and mostly an end. A few customers never get an answer.
func (c *talk) write() {
	began := c.at
	for turn := range 1 + c.rng.IntN(4) {
		c.message(event.ByCustomer, event.Inbound)
		if turn == 0 && c.rng.IntN(20) == 0 {
			c.want.add("sla_compliance", "first_response", c.queue, 0, 1)
			c.want.add("sla_compliance", "resolution", c.queue, 0, 1)
			return
		}
		waited := c.pass(4 * time.Minute)
		c.message(event.ByAgent, event.Outbound)
		if turn == 0 {
			c.want.add("first_response_time", "default", c.queue, waited, 1)
			c.promise("first_response", waited, firstTarget)
			c.want.add("contacts_offered", "default", c.queue, 1, 0)
			c.want.add("contacts_answered", "default", c.queue, 1, 0)
			c.want.add("abandon_rate", "default", c.queue, 0, 1)
			c.want.add("speed_of_answer", "default", c.queue, waited, 1)
		} else {
			c.want.add("next_response_time", "default", c.queue, waited, 1)
			c.promise("next_response", waited, nextTarget)
		}
		c.pass(time.Minute)
	}
	c.event(event.ByAgent, event.ConversationState{State: event.StatusResolved})
	took := c.at.Sub(began).Milliseconds()
	c.want.add("resolution_time", "from_creation", c.queue, took, 1)
	c.promise("resolution", took, resolutionTarget)
}

// call is a call that waits in a queue until it is answered or the customer hangs up.
func (c *talk) call() {
	step := func(p event.CallPhase, by event.ActorKind) {
		c.event(by, event.Call{ID: c.id, Phase: p, Direction: event.Inbound, Wait: -1, Ring: -1, Talk: -1, Hold: -1, Wrap: -1})
	}
	step(event.PhaseStarted, event.ByCustomer)
	c.pass(10 * time.Second)
	step(event.PhaseQueued, event.ByCustomer)
	waited := c.pass(time.Minute)
	c.want.add("contacts_offered", "default", c.queue, 1, 0)
	if c.rng.IntN(5) == 0 {
		step(event.PhaseAbandoned, event.ByCustomer)
		c.want.add("contacts_abandoned", "default", c.queue, 1, 0)
		c.want.add("abandon_rate", "default", c.queue, 1, 1)
		return
	}
	step(event.PhaseAnswered, event.ByAgent)
	c.want.add("contacts_answered", "default", c.queue, 1, 0)
	c.want.add("abandon_rate", "default", c.queue, 0, 1)
	c.want.add("speed_of_answer", "default", c.queue, waited, 1)
	talked := c.pass(5 * time.Minute)
	step(event.PhaseEnded, event.ByCustomer)
	c.want.add("handle_time", "default", c.queue, talked, 1)
}
