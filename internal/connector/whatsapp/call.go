package whatsapp

import (
	"strconv"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
)

// call is a voice call over WhatsApp. It is a conversation of its own, on the channel of calls.
func (r *reader) call(s scope, x call) {
	direction, p := event.Inbound, personOf(x.From, x.FromUserID, x.FromParentUserID)
	if x.Direction == "BUSINESS_INITIATED" {
		direction, p = event.Outbound, personOf(x.To, x.ToUserID, x.ToParentUserID)
	}
	e := s.voice(p.complete(s.contacts), x.ID)
	if !r.begin(e, "calls", x.ID, x.Timestamp) {
		return
	}
	b := event.Call{ID: string(x.ID), Direction: direction, Wait: event.NotReported, Ring: event.NotReported, Talk: event.NotReported, Hold: event.NotReported, Wrap: event.NotReported}
	switch x.Event {
	case "connect":
		b.Phase, e.Actor = event.PhaseStarted, event.ByCustomer
		if direction == event.Outbound {
			e.Actor = event.ByBusiness
		}
	case "terminate":
		b.Phase, b.NativeCause, e.Actor = event.PhaseEnded, string(x.Status), event.BySystem
		if seconds, err := strconv.ParseInt(string(x.Duration), 10, 32); err == nil && seconds >= 0 {
			b.Talk = seconds * int64(time.Second/time.Millisecond)
		}
	default:
		r.Ignore(unknownCall, 1)
		return
	}
	by(e, x.ID, string(x.Event))
	e.Body = b
	r.Add(r.item, e)
}

// callStatus is what became of a call that we made. That the customer takes it is no answer of ours and would improve our service level.
func (r *reader) callStatus(s scope, x status) {
	phases := map[text]event.CallPhase{"RINGING": event.PhaseOffered, "REJECTED": event.PhaseOfferFailed}
	phase, ok := phases[x.Status]
	switch {
	case x.Status == "ACCEPTED":
		r.Ignore(callStatus, 1)
		return
	case !ok:
		r.Ignore(unknownStatus, 1)
		return
	}
	e := s.voice(personOf(x.RecipientID, x.RecipientUserID, x.RecipientParentUserID).complete(s.contacts), x.ID)
	if !r.begin(e, "statuses", x.ID, x.Timestamp) {
		return
	}
	by(e, x.ID, string(x.Status))
	e.Actor = event.BySystem
	e.Body = event.Call{ID: string(x.ID), Phase: phase, Direction: event.Outbound, Wait: event.NotReported, Ring: event.NotReported, Talk: event.NotReported, Hold: event.NotReported,
		Wrap: event.NotReported}
	r.Add(r.item, e)
}

// voice returns an event of a call.
func (s scope) voice(p person, id text) *event.Event {
	e := s.event(p, "")
	e.Channel, e.Threadless, e.Conversation = event.Voice, false, string(id)
	return e
}
