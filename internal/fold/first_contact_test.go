package fold

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/window"
)

// cells counts a metric in each group of a family, over all panes.
func (r *rig) cells(f window.Family, m window.Metric) map[window.Group]int64 {
	r.t.Helper()
	out := map[window.Group]int64{}
	for key, h := range r.mem {
		if !strings.HasPrefix(key, "p:"+string(f)+":") {
			continue
		}
		for field, b := range h {
			_, g, ok := window.ParseField(field)
			if !ok {
				r.t.Fatalf("field %q", field)
			}
			var c window.Cell
			if err := c.MergeEncoded(b); err != nil {
				r.t.Fatal(err)
			}
			if n := c.Metric(m).N; n != 0 {
				out[g] += n
			}
		}
	}
	return out
}

// A first contact is counted by the second stage for the people and topic of its contact; the verdict falls due with time alone, and who comes back takes it back.
func TestFirstContactsByTopicAndAgent(t *testing.T) {
	spec := testPolicy()
	spec.AgentCells = true
	c := newCouple(t, spec)
	const day = 24 * 60 * minute
	contact := func(at int64, conv, topic, agent string) {
		ask, answer, done := message(at, conv, event.Inbound), message(at+minute, conv, event.Outbound), message(at+2*minute, conv, event.Outbound)
		ask.Labels = []event.Label{{Key: "topic", Value: topic}}
		answer.Routing = event.Routing{Team: "red", Agent: agent}
		done.Actor, done.Body = event.BySystem, event.ConversationState{State: event.StatusResolved}
		c.do(ask, answer, done)
	}
	const first, held, final, finalHeld, served = 200, 210, 220, 230, 250
	want := func(m window.Metric, routing, agents, topics map[window.Group]int64) {
		t.Helper()
		for f, want := range map[window.Family]map[window.Group]int64{window.Routing: routing, window.Agent: agents, window.Topics: topics} {
			if diff := cmp.Diff(want, c.second.cells(f, m)); diff != "" {
				t.Errorf("metric %d, family %s (-want +got):\n%s", m, f, diff)
			}
		}
	}
	type groups = map[window.Group]int64
	routing := groups{{Channel: "web_chat", Queue: "sales", Team: "red"}: 1}
	agent := groups{{Channel: "web_chat", Queue: "sales", Agent: "7"}: 1}
	bill, card := groups{{Channel: "web_chat", Topic: "bill"}: 1}, groups{{Channel: "web_chat", Topic: "card"}: 1}
	c.until(t0)
	contact(t0, "a", "bill", "7")
	want(first, routing, agent, bill)
	want(held, routing, agent, bill)
	want(served, routing, groups{}, bill)
	c.until(t0 + day + 2*minute - 5000)
	want(final, groups{}, groups{}, groups{})
	c.until(t0 + day + 2*minute + 5000) // time is told every 5 s
	want(final, routing, agent, bill)
	want(finalHeld, routing, agent, bill)
	// Another matter is a first contact of its own; the same matter a repeat, although it is told late.
	contact(t0+day+3*minute, "b", "card", "7")
	want(finalHeld, routing, agent, bill)
	want(first, groups{{Channel: "web_chat", Queue: "sales", Team: "red"}: 2}, groups{{Channel: "web_chat", Queue: "sales", Agent: "7"}: 2}, merge(bill, card))
	contact(t0+60*minute, "c", "bill", "8")
	want(finalHeld, groups{}, groups{}, groups{})
	want(held, routing, agent, card)
	want(final, routing, agent, bill)
	// Spam was no contact.
	spam := message(t0+day+10*minute, "c", event.Outbound)
	spam.Actor, spam.Body = event.BySystem, event.ConversationState{State: event.StatusSpam}
	c.do(spam)
	want(finalHeld, routing, agent, bill)
}

func merge(a, b map[window.Group]int64) map[window.Group]int64 {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// What a bot solved alone counts as self-service, until a person has to help with the same.
func TestSelfServiceIsVerified(t *testing.T) {
	c := newCouple(t, testPolicy())
	solved := message(t0+minute, "a", event.Outbound)
	solved.Actor, solved.Routing, solved.Body = event.ByBot, event.Routing{Bot: "b"}, event.SelfService{Outcome: event.SelfServiceContained}
	done := message(t0+2*minute, "a", event.Outbound)
	done.Actor, done.Body = event.BySystem, event.ConversationState{State: event.StatusResolved}
	rungs := func(want ...int64) {
		t.Helper()
		total := c.second.total()
		var got []int64
		for m := range window.Metric(5) {
			got = append(got, total.Metric(250+m).N)
		}
		if !slices.Equal(got, want) {
			t.Errorf("served, deflected, contained, verified, confirmed: %v, want %v", got, want)
		}
	}
	c.until(t0)
	c.do(message(t0, "a", event.Inbound), bot(t0+1000, "a"))
	rungs(0, 0, 0, 0, 0)
	c.do(solved, done)
	rungs(1, 1, 1, 1, 0)
	c.do(message(t0+60*minute, "b", event.Inbound), message(t0+61*minute, "b", event.Outbound))
	rungs(1, 1, 1, 0, 0)
}

// A contact that goes on for so many days that it is told in parts is one contact.
func TestLongContactIsOne(t *testing.T) {
	c := newCouple(t, testPolicy())
	const day = 24 * 60 * minute
	at := int64(t0)
	for range 25 {
		c.until(at)
		c.do(message(at, "a", event.Inbound), message(at+minute, "a", event.Inbound), message(at+2*minute, "a", event.Outbound))
		at += day
	}
	done := message(at, "a", event.Outbound)
	done.Actor, done.Body = event.BySystem, event.ConversationState{State: event.StatusResolved}
	c.do(done)
	c.until(at + 2*day)
	if a := c.second.total(); a.Metric(200).N != 1 || a.Metric(230).N != 1 || a.Metric(250).N != 1 {
		t.Errorf("%d first contacts, %d final and held, %d served; want 1 of each", a.Metric(200).N, a.Metric(230).N, a.Metric(250).N)
	}
}
