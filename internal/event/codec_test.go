package event_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/event/eventtest"
	vigiav1 "github.com/vigia-cx/vigia/proto/vigia/v1"
)

func TestEventRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := event.Record{Body: eventtest.Draw(t)}
		wire := event.Encode(want)
		got, err := event.Decode(wire)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("decoded differs (-want +got):\n%s", diff)
		}
		if !bytes.Equal(wire, event.Encode(got)) {
			t.Fatal("encoding the decoded record gives other bytes")
		}
	})
}

func TestControlRecordRoundTrip(t *testing.T) {
	seq := &event.Seq{Topic: "vigia.interactions", Partition: 3, LogLineage: 7, Offset: 99, Step: 1, Index: 2, Prev: event.PrevSeq{Offset: -1, Restart: true}}
	for _, want := range []event.Record{
		{Body: event.Tick{At: 1767225600000}},
		{Body: event.Policy{Tenant: "acme", Serial: 4, Hash: "ab", Body: []byte(`{"x":1}`), Reapply: true}},
		{Body: event.Gap{Tenant: "acme", Connector: "http", Account: "p1X", From: 1, To: 2, Reason: "log_unavailable"}},
		{Body: event.Watermark{Partition: 5, At: 9}, Seq: seq, OutputID: "X"},
		{Body: event.Fact{Tenant: "acme", Customer: "c", Subject: "s", Revision: 2, Channel: event.Voice, Queue: "q", StartedAt: 1, ActiveAt: []int64{1, 4}, Open: true, MergedInto: "d", Mood: -450_000, MoodAt: 4, AbandonedAt: 3, Broken: true}, Seq: seq, OutputID: "X"},
		{Body: event.AgentFact{Tenant: "acme", Agent: "a7", Subject: "v#1.0", Revision: 2, Stints: []event.Stint{{From: 1, To: 2, Team: "t"}, {From: 3}}, Continued: true}, Seq: seq, OutputID: "X"},
		{Body: event.AgentFact{Tenant: "acme", Agent: "a7", Subject: "E", Presence: &event.Availability{At: 5, Available: true, Team: "t"}}, Seq: seq, OutputID: "X"},
		{Body: event.Signal{Tenant: "acme", Conversation: "v", Clock: "first_response", Instance: "1", Kind: event.SignalBreach, Revision: 1, StartedAt: 1, DueAt: 2, At: 3,
			Cause: event.ByTimer, Channel: event.WhatsApp, Queue: "q", PolicySerial: 3, Rule: "r", WarnPercent: 80, Link: "https://x"}, Seq: seq, OutputID: "Y"},
		{Body: event.DeadLetter{Topic: "t", Partition: 1, Offset: 2, Reason: event.ReasonGarbage, Field: "f", PayloadSHA256: "00", PayloadBytes: 9, At: 4}},
		{Body: event.Alert{Tenant: "t", Incident: "I", Revision: 3, Type: "sla.breached", Severity: "critical", Labels: map[string]string{"queue": "ventas", "clock": "x"}, StartsAt: 1,
			EndsAt: 2, DueAt: 3, Delivered: []event.AlertDelivery{{Receiver: "chat", Revision: 2, Type: "sla.warning", At: 9}}, State: []byte{1, 2}}},
		{Body: event.AlertProgress{Shard: 3, At: 5, Position: "1/2/0", State: []byte{7}}},
		{Body: event.Acknowledgement{Tenant: "t", Incident: "I", By: "ana", At: 4}},
		{Body: event.Silence{Tenant: "t", ID: "S", Author: "ana", Reason: "move", StartsAt: 1, EndsAt: 2, Matchers: []event.SilenceMatcher{{Name: "queue", Value: "v.*", Regex: true, Negative: true}}}},
	} {
		t.Run(event.Type(want.Body), func(t *testing.T) {
			got, err := event.Decode(event.Encode(want))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("decoded differs (-want +got):\n%s", diff)
			}
		})
	}
}

// golden is one event whose bytes may never change: logs of past weeks are read by every later version.
func golden() *event.Event {
	return &event.Event{
		ID: "AAAAAAAAAAAAAAAAAAAAAAAAAA", Tenant: "acme", At: 1767225600123, Quality: event.QualitySubsecond, ReceivedAt: 1767225601000,
		Source:       event.Source{Connector: "whatsapp", Account: "main", NativeID: "p1N", Basis: event.BasisEventID, Attempt: 2, Version: "1"},
		Conversation: "p1V", Threadless: true, Customer: "p1C", Identities: []event.Identity{{Scheme: 2, Value: "p1C"}}, Actor: event.ByCustomer, ActorID: "p1C",
		Channel: event.WhatsApp, Routing: event.Routing{Queue: "Ventas", Team: "Norte", Agent: "a7"}, OrderHint: "12", Labels: []event.Label{{Key: "topic", Value: "billing"}},
		Body: event.Message{ID: "p1M", Direction: event.Inbound, ContentType: "text", TextChars: 11, Locale: "es-MX",
			Sentiment: &event.Sentiment{Polarity: -500000, Confidence: 900000, Model: "lexicon-1"}},
	}
}

func TestGoldenBytes(t *testing.T) {
	got := hex.EncodeToString(event.Encode(event.Record{Body: golden()}))
	file, err := os.ReadFile("testdata/message.hex")
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.TrimSpace(string(file)); got != want {
		t.Errorf("the wire format changed: logs written before can no longer be trusted to read the same\n got %s\nwant %s", got, want)
	}
}

// Stage 2 tells customers from agents by the key alone.
func TestAgentKey(t *testing.T) {
	e := &event.Event{Tenant: "a/b", Body: event.Presence{Agent: "zoe/1"}}
	if got := event.AgentKey("a/b", "zoe/1"); got != e.Key() || got != "a%2Fb/a/zoe%2F1" {
		t.Errorf("key %q, of a presence %q", got, e.Key())
	}
	for key, want := range map[string]bool{event.AgentKey("t", "x"): true, event.CustomerKey("t", "a"): false, event.CustomerKey("a", "a/x"): false, event.ConversationKey("a", "a"): false, "": false, "t": false} {
		if event.IsAgentKey(key) != want {
			t.Errorf("%q is an agent: %v", key, !want)
		}
	}
}

func TestKeyAndHeaders(t *testing.T) {
	e := golden()
	e.Tenant, e.Conversation = "a/b", "línea 1%/é"
	if got, want := e.Key(), "a%2Fb/v/l%C3%ADnea%201%25%2F%C3%A9"; got != want {
		t.Errorf("key %q, want %q", got, want)
	}
	if got := event.KeyTenant(e.Key()); got != e.Tenant {
		t.Errorf("tenant of the key is %q, want %q", got, e.Tenant)
	}
	e.Conversation, e.Body = "", event.Purchase{Type: 1, Order: "o", Currency: "MXN"}
	if got, want := e.Key(), "a%2Fb/c/p1C"; got != want {
		t.Errorf("key of a purchase %q, want %q", got, want)
	}
	e.Body = event.Presence{Agent: "Ana"}
	if got, want := e.Key(), "a%2Fb/a/Ana"; got != want {
		t.Errorf("key of presence %q, want %q", got, want)
	}
	want := []event.Header{{Key: "content-type", Value: "application/protobuf"}, {Key: "ce_specversion", Value: "1.0"}, {Key: "ce_id", Value: e.ID},
		{Key: "ce_source", Value: "/vigia/whatsapp"}, {Key: "ce_type", Value: "vigia.event.agent_presence.v1"}, {Key: "ce_time", Value: "2026-01-01T00:00:00.123Z"}}
	if diff := cmp.Diff(want, e.Headers()); diff != "" {
		t.Errorf("headers differ (-want +got):\n%s", diff)
	}
}

func TestSourceName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		connector := rapid.SampledFrom([]string{"", "http", "a-b"}).Draw(t, "connector")
		account := rapid.SampledFrom([]string{"", "main", "a/b", "100%", "é*", "*"}).Draw(t, "account")
		if connector == "" {
			account = ""
		}
		gotConnector, gotAccount := event.ParseSourceName(event.SourceName(connector, account))
		if gotConnector != connector || gotAccount != account {
			t.Fatalf("%q %q came back as %q %q", connector, account, gotConnector, gotAccount)
		}
	})
}

// TestFromProtoRefuses has a row for everything the wire can hold and an Event cannot.
func TestFromProtoRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*vigiav1.Event)
		reason event.Reason
		field  string
	}{
		{"no kind", func(m *vigiav1.Event) { m.Kind = nil }, event.ReasonUnknownKind, "kind"},
		{"1970", func(m *vigiav1.Event) { m.OccurredAt = &timestamppb.Timestamp{} }, event.ReasonBadTime, "occurred_at"},
		{"seconds for milliseconds", func(m *vigiav1.Event) { m.OccurredAt = &timestamppb.Timestamp{Seconds: 1767225600123} }, event.ReasonBadTime, "occurred_at"},
		{"overflow", func(m *vigiav1.Event) { m.OccurredAt = &timestamppb.Timestamp{Seconds: math.MaxInt64} }, event.ReasonBadTime, "occurred_at"},
		{"nanos", func(m *vigiav1.Event) { m.OccurredAt.Nanos = 1e9 }, event.ReasonBadTime, "occurred_at"},
		{"NaN polarity", func(m *vigiav1.Event) { m.GetMessage().Sentiment.Polarity = math.NaN() }, event.ReasonBadValue, "message.sentiment.polarity"},
		{"infinite confidence", func(m *vigiav1.Event) { m.GetMessage().Sentiment.Confidence = math.Inf(1) }, event.ReasonBadValue, "message.sentiment.confidence"},
		{"NaN score", func(m *vigiav1.Event) {
			m.Kind = &vigiav1.Event_SurveyAnswered{SurveyAnswered: &vigiav1.SurveyAnswered{Score: math.NaN(), ScaleMax: 5}}
		}, event.ReasonBadValue, "survey_answered.score"},
		{"infinite scale", func(m *vigiav1.Event) {
			m.Kind = &vigiav1.Event_SurveyAnswered{SurveyAnswered: &vigiav1.SurveyAnswered{ScaleMin: math.Inf(-1)}}
		}, event.ReasonBadValue, "survey_answered.scale_min"},
		{"negative wait", func(m *vigiav1.Event) {
			m.Kind = &vigiav1.Event_Call{Call: &vigiav1.CallPhase{Wait: &durationpb.Duration{Seconds: -1}}}
		}, event.ReasonBadValue, "call.wait"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := golden().ToProto()
			c.change(m)
			_, err := event.FromProto(m)
			fault, ok := errors.AsType[*event.Error](err)
			if !ok || fault.Reason != c.reason || fault.Field != c.field {
				t.Errorf("got %v, want %s at %s", err, c.reason, c.field)
			}
		})
	}
}

// TestEnumsDoNotWrap: 257 is not 1.
func TestEnumsDoNotWrap(t *testing.T) {
	m := golden().ToProto()
	m.Channel, m.GetMessage().Direction = 257, 258
	e, err := event.FromProto(m)
	if err != nil {
		t.Fatal(err)
	}
	if e.Channel == event.WhatsApp || e.Body.(event.Message).Direction == event.Outbound {
		t.Errorf("channel %d and direction %d became known values", m.Channel, m.GetMessage().Direction)
	}
	if err := e.Validate(); err == nil {
		t.Error("an unknown channel is valid")
	}
}

func TestDecodeRefuses(t *testing.T) {
	unnamed, err := proto.Marshal(&vigiav1.Record{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		value  []byte
		reason event.Reason
	}{
		{"nothing", nil, event.ReasonUnknownKind},
		{"no record", unnamed, event.ReasonUnknownKind},
		{"text", []byte("hello, this is not a record"), event.ReasonGarbage},
		{"cut off", event.Encode(event.Record{Body: golden()})[:40], event.ReasonGarbage},
		{"too large", make([]byte, event.MaxRecordBytes+1), event.ReasonTooLarge},
		{"empty event", []byte{0x0a, 0x00}, event.ReasonUnknownKind},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := event.Decode(c.value)
			if fault, ok := errors.AsType[*event.Error](err); !ok || fault.Reason != c.reason {
				t.Errorf("got %v, want reason %s", err, c.reason)
			}
		})
	}
}
