package oracletest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/oracle"
	"github.com/vigia-cx/vigia/internal/sla"
)

// TestResolutionOfManyRoutings forgets most of more routings than are remembered: the resolution, which can still be undone, stays where it was counted, by topic too.
func TestResolutionOfManyRoutings(t *testing.T) {
	p := sla.DefaultPolicy("t", "America/Bogota")
	p.AgentCells, p.Horizon = true, map[string]string{"*": "3h"}
	p.Rules = []sla.RuleSpec{{Name: "sales", Match: sla.Match{Queue: []string{"sales"}}, Resolution: "15m"}, {Name: "all", Resolution: "9h"}}
	c, err := sla.CompilePolicy(p, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, topics := range [][]int64{{10, 20}, {17, 20}, {40, 41}} {
		l := []oracle.Placed{{Body: event.Tick{At: begin}}, {Body: fold.PolicyRecord(c, false)}}
		tell := func(at int64, topic string, r event.Routing, b event.Body) {
			e := &event.Event{Tenant: "t", ID: fmt.Sprint("e", len(l)), At: begin + at, Source: event.Source{Connector: "http"}, Conversation: "c", Channel: event.Ticket, Actor: event.BySystem, Routing: r, Body: b}
			if topic != "" {
				e.Labels = []event.Label{{Key: event.LabelTopic, Value: topic}}
			}
			l = append(l, oracle.Placed{Key: e.Key(), Body: e})
		}
		tell(0, "", event.Routing{}, event.ConversationState{State: event.StatusOpened})
		tell(minute, "", event.Routing{Queue: "sales"}, event.Assignment{})
		tell(2*minute, "", event.Routing{Queue: "help"}, event.Assignment{})
		for i, at := range topics {
			tell(at*minute, []string{"bill", "delivery"}[i], event.Routing{}, event.Assignment{})
		}
		for i := range int64(40) {
			tell(25*minute+i*30*second, "", event.Routing{Agent: fmt.Sprint("a", i)}, event.Assignment{})
		}
		tell(45*minute, "", event.Routing{}, event.ConversationState{State: event.StatusResolved})
		l = append(l, oracle.Placed{Body: event.Tick{At: begin + 5*hour}})
		tell(4*hour, "", event.Routing{}, event.Message{ID: "n", Direction: event.Outbound, Internal: true})
		tell(4*hour+minute, "", event.Routing{}, event.ConversationState{State: event.StatusReopened})
		l = append(l, oracle.Placed{Body: event.Tick{At: begin + 6*hour}})
		for i := range l {
			l[i].Offset = int64(i)
		}
		for n := len(l) - 3; n <= len(l); n++ {
			if c := compare(t, l[:n], false); len(c.diffs) > 0 {
				t.Errorf("topics at %v, %d records: %d differences:\n%s", topics, n, len(c.diffs), strings.Join(c.diffs, "\n"))
			}
		}
	}
}

// TestResolutionAfterManyRoutings forgets most of more routings than are remembered while the resolution itself is not final yet: what it counts by stays known, also where its promise is
// another one than that which ran before.
func TestResolutionAfterManyRoutings(t *testing.T) {
	p := sla.DefaultPolicy("t", "America/Bogota")
	p.AgentCells, p.Horizon = true, map[string]string{"*": "3h"}
	p.Rules = []sla.RuleSpec{{Name: "vip", Match: sla.Match{Priority: []string{"high"}}, Resolution: "12m"}, {Name: "all", Resolution: "9h"}}
	c, err := sla.CompilePolicy(p, 1)
	if err != nil {
		t.Fatal(err)
	}
	l := []oracle.Placed{{Body: event.Tick{At: begin}}, {Body: fold.PolicyRecord(c, false)}}
	tell := func(at int64, r event.Routing, b event.Body) {
		e := &event.Event{Tenant: "t", ID: fmt.Sprint("e", len(l)), At: begin + at, Source: event.Source{Connector: "http"}, Conversation: "c", Channel: event.Ticket, Actor: event.BySystem, Routing: r, Body: b}
		l = append(l, oracle.Placed{Offset: int64(len(l)), Key: e.Key(), Body: e})
	}
	tick := func(at int64) { l = append(l, oracle.Placed{Offset: int64(len(l)), Body: event.Tick{At: begin + at}}) }
	l[1].Offset = 1
	tell(0, event.Routing{}, event.ConversationState{State: event.StatusOpened})
	for i := range int64(80) {
		tell(minute+i*30*second, event.Routing{Queue: fmt.Sprint("q", i/4), Team: fmt.Sprint("t", i)}, event.Assignment{})
	}
	tell(4*hour, event.Routing{}, event.ConversationState{State: event.StatusResolved, Priority: "high"})
	before := compare(t, l, false)
	tick(5 * hour)
	tell(5*hour, event.Routing{}, event.Message{ID: "n", Direction: event.Outbound, Internal: true})
	tick(5*hour + minute)
	after := compare(t, l, false)
	for what, c := range map[string]compared{"before": before, "after": after} {
		if len(c.diffs) > 0 {
			t.Errorf("%s most routings are forgotten: %d differences:\n%s", what, len(c.diffs), strings.Join(c.diffs, "\n"))
		}
	}
	broken := func(c compared) (out []oracle.Moment) {
		for _, m := range c.world.Breaches() {
			m.Group.Agent = ""
			out = append(out, m)
		}
		return out
	}
	if d := cmp.Diff(broken(before), broken(after)); d != "" {
		t.Errorf("the broken promise moved (-before +after):\n%s", d)
	}
}

// TestTopicsAtOnce tells two topics at one instant, after moments that have none yet: those are of the last one.
func TestTopicsAtOnce(t *testing.T) {
	c, err := sla.CompilePolicy(sla.DefaultPolicy("t", "America/Bogota"), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, queue := range []string{"", "sales"} {
		l := []oracle.Placed{{Body: event.Tick{At: begin}}, {Offset: 1, Body: fold.PolicyRecord(c, false)}}
		for i, topic := range []string{"", "bill", "delivery", "refund"} {
			e := &event.Event{Tenant: "t", ID: fmt.Sprint("e", i), At: begin + int64(i+1)/2*minute, Source: event.Source{Connector: "http"}, Conversation: "c", Channel: event.Ticket, Actor: event.ByCustomer,
				Routing: event.Routing{Queue: queue}, Body: event.Message{ID: fmt.Sprint("m", i), Direction: event.Inbound}, Labels: []event.Label{{Key: event.LabelTopic, Value: topic}}}
			if i == 2 {
				e.Actor, e.ActorID, e.Body = event.ByAgent, "ana", event.Message{ID: "r", Direction: event.Outbound}
			}
			l = append(l, oracle.Placed{Offset: int64(i + 2), Key: e.Key(), Body: e})
		}
		if c := compare(t, l, false); len(c.diffs) > 0 {
			t.Errorf("queue %q: %d differences:\n%s", queue, len(c.diffs), strings.Join(c.diffs, "\n"))
		}
	}
}
