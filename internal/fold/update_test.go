package fold

import (
	"testing"

	"github.com/vigia-cx/vigia/internal/event"
)

// The promise of news goes the whole way: called at its due time, counted, taken back by a reply that arrives late, and given up with the conversation.
func TestUpdateDeadline(t *testing.T) {
	spec := frtOnly()
	spec.Rules[0].PeriodicUpdate, spec.Rules[0].PausableUpdate = "10m", "8m"
	r := newRig(t, spec)
	r.tick(t0)
	r.event(message(t0, "a", event.Inbound))
	r.event(message(t0+1*minute, "a", event.Outbound))
	pending := message(t0+5*minute, "a", event.Outbound)
	pending.Actor, pending.Body = event.BySystem, event.ConversationState{State: event.StatusPendingCustomer}
	r.event(pending)
	r.tick(t0 + 6*minute) // the first response was to be looked at
	if at, err := r.slot.NextDeadline(); err != nil || at != t0+11*minute+2001 {
		t.Fatalf("next deadline %v, %v", since(at), err)
	}
	r.tick(t0 + 11*minute + 2001)
	r.wantTold("periodic_update", "11m2.001s breach due 11m0s")
	r.wantTold("pausable_update")
	r.wantMetric(46, 1, 0)

	late := message(t0+9*minute, "a", event.Outbound)
	r.event(late)
	r.wantTold("periodic_update", "11m2.001s breach due 11m0s", "11m2.001s breach_retracted due 11m0s")
	r.wantMetric(46, 0, 0)
	r.wantMetric(45, 1, 0)
	r.wantMetric(43, 1, 8*minute)
	r.wantMetric(44, 1, 4*minute)
	r.wantMetric(47, 1, 0)

	// Forgotten with its horizon over, the promise runs on until it is broken, once.
	r.tick(t0 + 40*3600_000)
	r.wantMetric(46, 1, 0)
	over := message(t0+41*3600_000, "a", event.Inbound)
	over.Actor, over.Body = event.BySystem, event.ConversationState{State: event.StatusResolved}
	r.event(over)
	r.wantMetric(46, 1, 0)
	r.wantMetric(48, 0, 0)
}
