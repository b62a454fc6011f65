package oracletest

import (
	"fmt"
	"testing"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/oracle"
	"github.com/vigia-cx/vigia/internal/sla"
)

// TestDeletedIsForgotten: a ticket that was deleted while somebody waited is not kept until they would have waited too long (30 days), but forgotten as any other with its last survey.
func TestDeletedIsForgotten(t *testing.T) {
	p := sla.DefaultPolicy("t", "America/Bogota")
	p.Retain, p.Horizon = "2d", map[string]string{"*": "3h"}
	c, err := sla.CompilePolicy(p, 1)
	if err != nil {
		t.Fatal(err)
	}
	l := []oracle.Placed{{Body: event.Tick{At: begin}}, {Body: fold.PolicyRecord(c, false)}}
	for i, b := range []event.Body{event.Message{ID: "m", Direction: event.Inbound}, event.SurveyRequested{Survey: "s", Request: "r", Instrument: event.NPS}, event.ConversationState{State: event.StatusDeleted}} {
		l = append(l, oracle.Placed{Body: &event.Event{Tenant: "t", ID: fmt.Sprint("e", i), At: begin + int64(i)*second, ReceivedAt: begin + int64(i)*second, Source: event.Source{Connector: "http"}, Conversation: "c", Channel: event.Ticket, Actor: event.ByCustomer, Body: b}})
	}
	kept := map[int64]int{}
	for at := int64(0); at <= 8*day; at += hour {
		l = append(l, oracle.Placed{Body: event.Tick{At: begin + at}})
		if at != 6*day && at != 8*day {
			continue
		}
		s := newStack(t, 1, 0)
		s.play(l)
		kept[at] = s.compare(int(at/day), "days").Compared.Conversations
	}
	if kept[6*day] != 1 || kept[8*day] != 0 {
		t.Errorf("kept after 6 and 8 days: %v", kept)
	}
}
