package event_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/event/eventtest"
)

func TestValidateAccepts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		if err := eventtest.Draw(t).Validate(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestValidateRefuses(t *testing.T) {
	long := strings.Repeat("x", event.MaxID+1)
	body := func(b event.Body) func(*event.Event) { return func(e *event.Event) { e.Body = b } }
	for _, c := range []struct {
		name   string
		change func(*event.Event)
		reason event.Reason
		field  string
	}{
		{"no body", body(nil), event.ReasonUnknownKind, "kind"},
		{"no id", func(e *event.Event) { e.ID = "" }, event.ReasonMissingField, "event_id"},
		{"id with a space", func(e *event.Event) { e.ID = "a b" }, event.ReasonBadValue, "event_id"},
		{"long id", func(e *event.Event) { e.ID = long }, event.ReasonBadValue, "event_id"},
		{"no tenant", func(e *event.Event) { e.Tenant = "" }, event.ReasonMissingField, "tenant_id"},
		{"no time", func(e *event.Event) { e.At = 0 }, event.ReasonMissingField, "occurred_at"},
		{"year 1970", func(e *event.Event) { e.At = 1000 }, event.ReasonBadTime, "occurred_at"},
		{"future", func(e *event.Event) { e.At = e.ReceivedAt + event.FutureSlack + 1 }, event.ReasonBadTime, "occurred_at"},
		{"never received", func(e *event.Event) { e.ReceivedAt = 0 }, event.ReasonBadTime, "received_at"},
		{"no channel", func(e *event.Event) { e.Channel = 0 }, event.ReasonBadValue, "channel"},
		{"unknown channel", func(e *event.Event) { e.Channel = 200 }, event.ReasonBadValue, "channel"},
		{"no actor", func(e *event.Event) { e.Actor = 0 }, event.ReasonBadValue, "actor.kind"},
		{"no connector", func(e *event.Event) { e.Source.Connector = "" }, event.ReasonMissingField, "source.connector"},
		{"connector with capitals", func(e *event.Event) { e.Source.Connector = "CRM" }, event.ReasonBadValue, "source.connector"},
		{"no conversation", func(e *event.Event) { e.Conversation = "" }, event.ReasonMissingField, "conversation.id"},
		{"long conversation", func(e *event.Event) { e.Conversation = long }, event.ReasonBadValue, "conversation.id"},
		{"broken UTF-8 in an id", func(e *event.Event) { e.Customer = "\xff" }, event.ReasonBadValue, "customer.id"},
		{"broken UTF-8 in the order hint", func(e *event.Event) { e.OrderHint = "\xff" }, event.ReasonBadValue, "order_hint"},
		{"broken UTF-8 in the link", func(e *event.Event) { e.Link = "https://\xff" }, event.ReasonBadValue, "link"},
		{"script link", func(e *event.Event) { e.Link = "javascript:alert(1)" }, event.ReasonBadValue, "link"},
		{"long queue", func(e *event.Event) { e.Routing.Queue = strings.Repeat("é", event.MaxName+1) }, event.ReasonBadValue, "routing.queue_id"},
		{"reversed queue", func(e *event.Event) { e.Routing.Queue = "a\u202eb" }, event.ReasonBadValue, "routing.queue_id"},
		{"queue with a line feed", func(e *event.Event) { e.Routing.Queue = "a\nb" }, event.ReasonBadValue, "routing.queue_id"},
		{"many labels", func(e *event.Event) { e.Labels = make([]event.Label, 17) }, event.ReasonBadValue, "labels"},
		{"many identities", func(e *event.Event) { e.Identities = make([]event.Identity, 17) }, event.ReasonBadValue, "customer.identities"},
		{"message without id", body(event.Message{Direction: event.Inbound}), event.ReasonMissingField, "message.message_id"},
		{"message without direction", body(event.Message{ID: "m"}), event.ReasonBadValue, "message.direction"},
		{"message with a score of 2", body(event.Message{ID: "m", Direction: event.Inbound, Sentiment: &event.Sentiment{Polarity: 2e6}}), event.ReasonBadValue, "message.sentiment.polarity"},
		{"state of no message", body(event.MessageState{State: event.MessageRead}), event.ReasonMissingField, "message_state.message_id"},
		{"no message state", body(event.MessageState{MessageID: "m"}), event.ReasonBadValue, "message_state.state"},
		{"no conversation state", body(event.ConversationState{}), event.ReasonBadValue, "conversation_state.state"},
		{"assigned to nobody", body(event.Assignment{Cause: event.CauseRouted}), event.ReasonMissingField, "assignment.to"},
		{"call without id", body(event.Call{Phase: event.PhaseQueued}), event.ReasonMissingField, "call.call_id"},
		{"call without phase", body(event.Call{ID: "c"}), event.ReasonBadValue, "call.phase"},
		{"endless call", body(event.Call{ID: "c", Phase: event.PhaseEnded, Talk: 367 * 86400 * 1000}), event.ReasonBadValue, "call.talk"},
		{"no survey", body(event.SurveyRequested{}), event.ReasonMissingField, "survey_requested.survey_id"},
		{"no response", body(event.SurveyAnswered{Survey: "s"}), event.ReasonMissingField, "survey_answered.response_id"},
		{"flat scale", body(event.SurveyAnswered{Survey: "s", Response: "r"}), event.ReasonBadValue, "survey_answered.scale_max"},
		{"score off the scale", body(event.SurveyAnswered{Survey: "s", Response: "r", ScaleMax: 5e6, Score: 6e6}), event.ReasonBadValue, "survey_answered.score"},
		{"score of nothing", body(event.Sentiment{}), event.ReasonMissingField, "sentiment.subject_id"},
		{"confidence above 1", body(event.Sentiment{Subject: "m", Confidence: 2e6}), event.ReasonBadValue, "sentiment.confidence"},
		{"purchase of no type", body(event.Purchase{Order: "o", Currency: "MXN"}), event.ReasonBadValue, "purchase.type"},
		{"no order", body(event.Purchase{Type: 1, Currency: "MXN"}), event.ReasonMissingField, "purchase.order_id"},
		{"digits as currency", body(event.Purchase{Type: 1, Order: "o", Currency: "484"}), event.ReasonBadValue, "purchase.currency"},
		{"a hundred digits", body(event.Purchase{Type: 1, Order: "o", Currency: "MXN", MinorDigits: 100}), event.ReasonBadValue, "purchase.minor_digits"},
		{"self-service without outcome", body(event.SelfService{}), event.ReasonBadValue, "self_service.outcome"},
		{"nobody's presence", body(event.Presence{}), event.ReasonMissingField, "agent_presence.agent_id"},
		{"many slots", body(event.Presence{Agent: "a", Slots: make([]event.Slot, 40)}), event.ReasonBadValue, "agent_presence.free_slots"},
		{"no change of identity", body(event.CustomerIdentity{}), event.ReasonBadValue, "customer_identity.change"},
		{"merged into nobody", body(event.CustomerIdentity{Change: event.IdentityMerged}), event.ReasonMissingField, "customer_identity.survivor_customer_id"},
		{"erasure of nobody", func(e *event.Event) { e.Customer, e.Body = "", event.CustomerIdentity{Change: event.IdentityErased} }, event.ReasonMissingField, "customer.id"},
		{"many new identities", body(event.CustomerIdentity{Change: event.IdentityLinked, Identities: make([]event.Identity, 17)}), event.ReasonBadValue, "customer_identity.identities"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := golden()
			c.change(e)
			err := e.Validate()
			if fault, ok := errors.AsType[*event.Error](err); !ok || fault.Reason != c.reason || fault.Field != c.field {
				t.Errorf("got %v, want %s at %s", err, c.reason, c.field)
			}
		})
	}
}

// scripts is "customer service" or a like word in forty scripts.
var scripts = []string{"Servicio", "Σέρβις", "Поддержка", "Սպասարկում", "მომსახურება", "שירות", "خدمة العملاء", "ܫܡܫܐ", "ޚިދުމަތް", "सेवा", "সেবা", "ਸੇਵਾ", "સેવા", "ସେବା", "சேவை", "సేవ",
	"ಸೇವೆ", "സേവനം", "සේවාව", "บริการ", "ບໍລິການ", "བཀོལ", "ဝန်ဆောင်မှု", "ሰርቪስ", "ᎠᏓᏅᏙ", "ᐃᓄᒃᑎᑐᑦ", "សេវា", "ᠦᠢᠯᠡᠴᠢᠯᠡᠭᠡ", "サービス", "カスタマー", "서비스", "客户服务", "客戶服務", "ㄅㄆㄇ", "ꆈꌠ", "ⵜⴰⵎⴰⵣⵉⵖⵜ",
	"ߒߞߏ", "ꯃꯩꯇꯩ", "ᮞᮥᮔ᮪ᮓ", "𞤆𞤵𞤤𞤢𞤪", "ꦗꦮ", "سه\u200cشنبه"}

func TestNamesInAllScripts(t *testing.T) {
	if len(scripts) < 40 {
		t.Fatalf("only %d scripts", len(scripts))
	}
	for _, name := range scripts {
		e := golden()
		e.Routing = event.Routing{Queue: name, Team: name, Agent: name}
		e.Labels = []event.Label{{Key: "topic", Value: name}}
		if err := e.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := event.Decode(event.Encode(event.Record{Body: e}))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if q := got.Body.(*event.Event).Routing.Queue; q != name {
			t.Errorf("queue %q came back as %q", name, q)
		}
	}
}

func TestClampFuture(t *testing.T) {
	for _, c := range []struct {
		ahead, want int64
		clamped     bool
	}{{0, 0, false}, {event.FutureSlack, event.FutureSlack, false}, {event.FutureSlack + 1, event.FutureSlack, true}, {-3600_000, -3600_000, false}} {
		t.Run(fmt.Sprint(c.ahead), func(t *testing.T) {
			e := golden()
			e.At = e.ReceivedAt + c.ahead
			if clamped := e.ClampFuture(); clamped != c.clamped || e.At-e.ReceivedAt != c.want {
				t.Errorf("clamped %v to %+d ms, want %v %+d ms", clamped, e.At-e.ReceivedAt, c.clamped, c.want)
			}
		})
	}
}
