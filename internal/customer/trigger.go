package customer

import (
	"slices"
	"strconv"
	"strings"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
)

// freshContact is how long after its begin a contact may still set a trigger off, in ms: one that is known late is no reason to call people now. A constant of the state schema.
const freshContact = 15 * 60 * 1000

// Call is a trigger that was set off, and what comes of it.
type Call struct {
	Signal  event.Signal
	Outcome Outcome
}

// Outcome is what comes of a trigger. The names are public, as labels of a metric: a closed set.
type Outcome string

// The outcomes.
const (
	Told     Outcome = "told"      // people are told
	HeldOut  Outcome = "held_out"  // nobody is told, but it is noted, so that the effect can be measured
	Resting  Outcome = "cooldown"  // the same trigger was set off by this customer a short while ago
	OptedOut Outcome = "opted_out" // the customer wants no proactive help
	Closed   Outcome = "closed"    // outside the hours in which customers may be contacted
	Off      Outcome = "off"       // the tenant has no such trigger any more
)

// Sent reports whether the signal leaves.
func (o Outcome) Sent() bool { return o == Told || o == HeldOut }

// rest is a cooldown that runs.
type rest struct {
	trigger string
	until   int64
}

// decide says whether people are told. It goes by the instant at which it happened, so that the answer does not depend on when it is known.
func (s *State) decide(sig event.Signal, p *sla.Policy) Call {
	call := Call{Signal: sig}
	call.Signal.Customer = s.ID
	t := p.Trigger(sig.Trigger)
	i, resting := slices.BinarySearchFunc(s.rests, sig.Trigger, func(r rest, name string) int { return strings.Compare(r.trigger, name) })
	switch {
	case t == nil:
		call.Outcome = Off
		return call
	case s.outAt != 0:
		call.Outcome = OptedOut
		return call
	case !t.Open(sig.At):
		call.Outcome = Closed
		return call
	case resting && sig.At < s.rests[i].until:
		call.Outcome = Resting
		return call
	}
	if !resting {
		s.rests = slices.Insert(s.rests, i, rest{trigger: sig.Trigger})
	}
	s.rests[i].until = sig.At + max(t.CooldownMs, 1) // the same instant again is a repetition
	call.Outcome = Told
	if t.HeldOut(s.ID) {
		call.Outcome, call.Signal.HeldOut = HeldOut, true
	}
	return call
}

// again looks whether a contact that has just become known is one too many.
func (s *State) again(f event.Fact, t int64, p *sla.Policy) []Call {
	if f.Retracted || len(f.ActiveAt) == 0 || t-f.StartedAt > freshContact {
		return nil
	}
	var calls []Call
	triggers := p.Triggers()
	for i := range triggers {
		tr := &triggers[i]
		if tr.Kind != sla.RepeatContact || !tr.Covers(f.Channel.String(), f.Queue, "", "") {
			continue
		}
		n := 0
		for k := range s.facts {
			o := &s.facts[k]
			if !o.Retracted && len(o.ActiveAt) > 0 && o.StartedAt <= f.StartedAt && o.StartedAt > f.StartedAt-tr.SpanMs && tr.Covers(o.Channel.String(), o.Queue, "", "") {
				n++
			}
		}
		if n < tr.Count {
			continue
		}
		calls = append(calls, s.decide(event.Signal{
			Tenant: s.Tenant, Conversation: conversationOf(f.Subject), Instance: strconv.FormatInt(f.StartedAt, 36), Kind: event.SignalTrigger, At: f.StartedAt,
			Channel: f.Channel, Queue: f.Queue, Team: f.Team, Trigger: tr.Name, TriggerKind: string(tr.Kind), Count: uint32(n), SpanMs: tr.SpanMs,
		}, p))
	}
	return calls
}

// conversationOf cuts the episode, and the customers that a fact was forwarded from, off a subject.
func conversationOf(subject string) string {
	subject, _, _ = strings.Cut(subject, via)
	if i := strings.LastIndexByte(subject, '#'); i >= 0 {
		return subject[:i]
	}
	return subject
}
