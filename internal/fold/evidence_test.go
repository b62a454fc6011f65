package fold

import (
	"testing"

	"github.com/vigia-cx/vigia/internal/event"
)

// An author who is not told is a person only if they could have been: what comes sooner than a person can write stops no clock.
func TestUnsureAuthor(t *testing.T) {
	spec := frtOnly()
	r := newRig(t, spec)
	r.tick(t0)
	unsure := func(at int64, conv string) *event.Event {
		e := message(at, conv, event.Outbound)
		e.Actor = event.ByBusiness
		return e
	}
	r.event(message(t0, "fast", event.Inbound))
	r.event(unsure(t0+9_999, "fast"))
	r.event(message(t0, "slow", event.Inbound))
	r.event(unsure(t0+10_000, "slow"))
	r.event(message(t0, "again", event.Inbound))
	r.event(message(t0+30_000, "again", event.Inbound))
	r.event(unsure(t0+35_000, "again")) // soon after the last message
	r.event(unsure(t0+60_000, "again"))
	r.wantMetric(2, 2, 70_000)
	r.tick(t0 + 2*minute + 2001)
	r.wantTold("first_response", "2m2.001s breach due 2m0s")
}

// A message of ours that is known from a receipt and from itself is one reply, and not one known from a receipt alone.
func TestReceiptOfASeenMessage(t *testing.T) {
	for _, echoFirst := range []bool{true, false} {
		r := newRig(t, frtOnly())
		r.tick(t0)
		r.event(message(t0, "a", event.Inbound))
		r.event(message(t0, "b", event.Inbound))
		reply := func(conv string, receipt bool) *event.Event {
			e := message(t0+30_000, conv, event.Outbound)
			e.Actor, e.Body = event.ByBusiness, event.Message{ID: "ours-" + conv, Direction: event.Outbound, Receipt: receipt}
			return e
		}
		echo, sent := reply("a", false), reply("a", true)
		if echoFirst {
			echo.ID, sent.ID = "z1", "z2"
		} else {
			echo.ID, sent.ID = "z2", "z1"
		}
		r.event(sent)
		r.event(echo)
		r.event(reply("b", true))
		r.wantMetric(2, 1, 30_000)
		r.wantMetric(3, 1, 30_000)
	}
}
