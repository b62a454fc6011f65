package sim

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/event"
)

var monday = time.Date(2026, 11, 16, 8, 0, 0, 0, time.UTC)

func TestTrafficIsTheSameForTheSameSeed(t *testing.T) {
	a, b := New(Shift{Seed: 7, Tenant: "t", Start: monday, PerHour: 300}), New(Shift{Seed: 7, Tenant: "t", Start: monday, PerHour: 300})
	for range 5000 {
		if d := cmp.Diff(a.Next(), b.Next()); d != "" {
			t.Fatal(d)
		}
	}
	c := New(Shift{Seed: 8, Tenant: "t", Start: monday, PerHour: 300})
	if a.Next().At == c.Next().At {
		t.Error("another seed begins alike")
	}
}

func TestTrafficIsBelievable(t *testing.T) {
	tr := New(Shift{Seed: 1, Tenant: "t", Start: monday, PerHour: 400, Flat: true, Incidents: []Incident{{monday.Add(time.Hour), monday.Add(70 * time.Minute), event.WhatsApp, "soporte"}}})
	seen := map[event.Channel]int{}
	last := int64(0)
	for {
		e := tr.Next()
		if e.At < last {
			t.Fatalf("event at %d after one at %d", e.At, last)
		}
		last = e.At
		if e.At > monday.Add(2*time.Hour).UnixMilli() {
			break
		}
		e.ID = "x" // given at ingest
		if err := e.Validate(); err != nil {
			t.Fatalf("%v: %+v", err, e)
		}
		seen[e.Channel]++
		if m, ok := e.Body.(event.Message); ok && m.Direction == event.Outbound && e.Channel == event.WhatsApp && e.Routing.Queue == "soporte" {
			if at := time.UnixMilli(e.At); at.After(monday.Add(61*time.Minute)) && at.Before(monday.Add(69*time.Minute)) {
				t.Errorf("an answer at %v, in the middle of the incident", at)
			}
		}
	}
	if n := tr.Conversations(); n < 700 || n > 900 {
		t.Errorf("%d conversations in two hours at 400 an hour", n)
	}
	for _, ch := range []event.Channel{event.WhatsApp, event.WebChat, event.Email, event.Voice} {
		if seen[ch] < 50 {
			t.Errorf("only %d events on %s", seen[ch], ch)
		}
	}
}

// TestFeedback: people are asked how it was, some answer, few change their minds; what was done is labelled.
func TestFeedback(t *testing.T) {
	tr := New(Shift{Seed: 3, Tenant: "t", Start: monday, PerHour: 400, Flat: true, Conversations: 2000})
	asked := map[string]int64{}
	var seen, answered, edited, labelled int
	for e := tr.Next(); e != nil; e = tr.Next() {
		if len(e.Labels) > 0 {
			labelled++
		}
		switch b := e.Body.(type) {
		case event.SurveyRequested:
			asked[b.Request] = e.At
		case event.MessageState:
			if asked[b.MessageID] == 0 {
				t.Fatalf("a survey is read that nobody sent: %+v", e)
			}
			seen++
		case event.SurveyAnswered:
			if at, ok := asked[b.Request]; !ok || at > e.At {
				t.Fatalf("an answer without a question: %+v", e)
			}
			if b.Revision > 1 {
				edited++
			} else {
				answered++
			}
		}
	}
	if n := len(asked); n < 500 || n > 1100 || seen < n/3 || answered < n/6 || answered > n/2 || edited < 5 || labelled < 1000 {
		t.Errorf("%d asked, %d seen, %d answered, %d edited; %d labelled", n, seen, answered, edited, labelled)
	}
}
