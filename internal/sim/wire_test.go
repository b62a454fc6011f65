package sim

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/event"
)

func TestIngestReadsTheWire(t *testing.T) {
	traffic := New(Shift{Seed: 3, Tenant: "t", Start: monday, PerHour: 300})
	var sent []*event.Event
	for range 500 {
		sent = append(sent, traffic.Next())
	}
	got, err := event.DecodeProtoDelimited(Wire(sent))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(sent, got); d != "" {
		t.Error(d)
	}
}

func TestTrafficRunsDry(t *testing.T) {
	traffic := New(Shift{Seed: 3, Tenant: "t", Start: monday, PerHour: 300, Conversations: 20})
	seen := map[string]bool{}
	for e := traffic.Next(); e != nil; e = traffic.Next() {
		seen[e.Conversation] = true
	}
	if traffic.Conversations() != 20 || len(seen) < 18 {
		t.Errorf("%d conversations, %d ids", traffic.Conversations(), len(seen))
	}
}

func TestAnIncidentChangesNothingBeforeIt(t *testing.T) {
	shift := Shift{Seed: 3, Tenant: "t", Start: monday, PerHour: 900, Flat: true}
	from := monday.Add(3600e9)
	calm := New(shift)
	shift.Incidents = []Incident{{from, from.Add(600e9), event.WhatsApp, "soporte"}}
	busy := New(shift)
	for {
		a, b := calm.NextBefore(from), busy.NextBefore(from)
		if a == nil && b == nil {
			break
		}
		if d := cmp.Diff(a, b); d != "" {
			t.Fatal(d)
		}
	}
}
