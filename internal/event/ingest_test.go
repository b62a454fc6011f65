package event_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/event/eventtest"
)

const minimal = `{"occurred_at":"2026-01-01T00:00:00.5Z","conversation":{"id":"c1"},"actor":{"kind":"KIND_CUSTOMER"},"channel":"CHANNEL_EMAIL",` +
	`"message":{"message_id":"m1","direction":"DIRECTION_INBOUND"}}`

// TestFormatsAgree: one event in every format is one event.
func TestFormatsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := eventtest.Draw(t)
		wire, err := proto.Marshal(want.ToProto())
		if err != nil {
			t.Fatal(err)
		}
		text, err := protojson.MarshalOptions{UseProtoNames: rapid.Bool().Draw(t, "proto names"), UseEnumNumbers: rapid.Bool().Draw(t, "enum numbers")}.Marshal(want.ToProto())
		if err != nil {
			t.Fatal(err)
		}
		envelope := func(data string) []byte {
			return fmt.Appendf(nil, `{"specversion":"1.0","id":"x","source":"/crm","type":"com.example.thing","ext":[1,{"a":null}],"datacontenttype":"application/%s"}`, data)
		}
		withSource := *want // what the envelope fills in
		if withSource.Source.NativeID == "" {
			withSource.Source.NativeID = "x"
		}
		if withSource.Source.Account == "" {
			withSource.Source.Account = "/crm"
		}
		for _, c := range []struct {
			name   string
			decode func() ([]*event.Event, error)
			want   *event.Event
		}{
			{"protobuf", func() ([]*event.Event, error) { return event.DecodeProto(wire) }, want},
			{"delimited", func() ([]*event.Event, error) { return event.DecodeProtoDelimited(protowire.AppendBytes(nil, wire)) }, want},
			{"json", func() ([]*event.Event, error) { return event.DecodeJSON(text) }, want},
			{"json array", func() ([]*event.Event, error) { return event.DecodeJSON([]byte("\ufeff [" + string(text) + " ]\n")) }, want},
			{"structured", func() ([]*event.Event, error) {
				return event.DecodeCloudEvents(envelope(`json; charset=utf-8","data":` + string(text) + `,"x":"`))
			}, &withSource},
			{"structured protobuf", func() ([]*event.Event, error) {
				return event.DecodeCloudEvents([]byte("[" + string(envelope(`protobuf","data_base64":"`+base64.StdEncoding.EncodeToString(wire))) + "]"))
			}, &withSource},
			{"binary", func() ([]*event.Event, error) {
				return event.DecodeCloudEvent(event.CloudEvent{SpecVersion: "1.0", ID: "x", Source: "/crm", Type: event.Type(want), ContentType: "application/json", Data: text})
			}, &withSource},
		} {
			got, err := c.decode()
			if err != nil {
				t.Fatalf("%s: %v\n%s", c.name, err, text)
			}
			if diff := cmp.Diff([]*event.Event{c.want}, got); diff != "" {
				t.Fatalf("%s differs (-want +got):\n%s", c.name, diff)
			}
		}
	})
}

func TestManyEvents(t *testing.T) {
	events, err := event.DecodeJSON([]byte(minimal + "\n\n" + minimal + "\r\n" + minimal))
	if err != nil || len(events) != 3 {
		t.Errorf("NDJSON gave %d events, %v", len(events), err)
	}
	events, err = event.DecodeJSON([]byte("[" + minimal + "," + minimal + "]"))
	if err != nil || len(events) != 2 {
		t.Errorf("an array gave %d events, %v", len(events), err)
	}
	if e := events[0]; e.At != 1767225600500 || e.Conversation != "c1" || e.Channel != event.Email {
		t.Errorf("read as %+v", e)
	}
}

func TestCloudEventFillsIn(t *testing.T) {
	bare := strings.Replace(minimal, `"occurred_at":"2026-01-01T00:00:00.5Z",`, "", 1)
	events, err := event.DecodeCloudEvents([]byte(`{"specversion":"1.0","id":"n-1","source":"/crm/mx","type":"x","time":"2026-01-01T00:00:01Z","data":` + bare + `}`))
	if err != nil {
		t.Fatal(err)
	}
	if e := events[0]; e.Source.NativeID != "n-1" || e.Source.Account != "/crm/mx" || e.Source.Connector != "cloudevents" || e.At != 1767225601000 {
		t.Errorf("filled in as %+v", e)
	}
}

// with returns the minimal event with a part replaced.
func with(old, replacement string) string { return strings.Replace(minimal, old, replacement, 1) }

func TestDecodeNamesTheFault(t *testing.T) {
	ce := func(attributes string) string {
		return `{"specversion":"1.0","id":"1","source":"/s","type":"t",` + attributes + `"data":` + minimal + `}`
	}
	json, cloud := event.DecodeJSON, event.DecodeCloudEvents
	for _, c := range []struct {
		name   string
		decode func([]byte) ([]*event.Event, error)
		body   string
		index  int // -1: the body as a whole
		reason event.Reason
		field  string
	}{
		{"unknown field", json, with(`"channel"`, `"chanel"`), 0, event.ReasonBadValue, "chanel"},
		{"unknown field inside", json, with(`"message_id"`, `"messageid"`), 0, event.ReasonBadValue, "message.messageid"},
		{"unknown field of the second", json, minimal + "\n" + with(`"id":"c1"`, `"id":"c1","x":{"y":[1]}`) + minimal, 1, event.ReasonBadValue, "conversation.x"},
		{"unknown field that is a text", json, with(`"channel"`, `"Llámame al 5512345678"`), 0, event.ReasonBadValue, "?"},
		{"field twice", json, with(`"channel"`, `"channel":"CHANNEL_SMS","channel"`), 0, event.ReasonBadValue, "channel"},
		{"field under both names", json, with(`"occurred_at"`, `"occurredAt":"2026-01-01T00:00:00Z","occurred_at"`), 0, event.ReasonBadValue, "occurred_at"},
		{"two kinds", json, with(`"message":`, `"sentiment":{},"message":`), 0, event.ReasonBadValue, "message"},
		{"no kind", json, `{"channel":"CHANNEL_SMS"}`, 0, event.ReasonUnknownKind, "kind"},
		{"unknown channel", json, with("CHANNEL_EMAIL", "FAX"), 0, event.ReasonBadValue, "channel"},
		{"number for text", json, with(`"m1"`, `17`), 0, event.ReasonBadValue, "message.message_id"},
		{"object for text", json, with(`"m1"`, `{"a":[]}`), 0, event.ReasonBadValue, "message.message_id"},
		{"text for an object", json, with(`{"kind":"KIND_CUSTOMER"}`, `"me"`), 0, event.ReasonBadValue, "actor"},
		{"text for a flag", json, with(`"message_id"`, `"automated":"yes","message_id"`), 0, event.ReasonBadValue, "message.automated"},
		{"fraction for a count", json, with(`"message_id"`, `"text_chars":1.5,"message_id"`), 0, event.ReasonBadValue, "message.text_chars"},
		{"day first", json, with("2026-01-01T00:00:00.5Z", "01/01/2026 00:00"), 0, event.ReasonBadValue, "occurred_at"},
		{"year 1970", json, with("2026-01-01T00:00:00.5Z", "1970-01-01T00:00:00Z"), 0, event.ReasonBadTime, "occurred_at"},
		{"NaN", json, with(`"message_id"`, `"sentiment":{"polarity":"NaN"},"message_id"`), 0, event.ReasonBadValue, "message.sentiment.polarity"},
		{"infinity", json, with(`"message_id"`, `"sentiment":{"polarity":"-Infinity"},"message_id"`), 0, event.ReasonBadValue, "message.sentiment.polarity"},
		{"1e999", json, with(`"message_id"`, `"sentiment":{"polarity":1e999},"message_id"`), 0, event.ReasonBadValue, "message.sentiment.polarity"},
		{"list for a map", json, with(`"channel"`, `"labels":["a"],"channel"`), 0, event.ReasonBadValue, "labels"},
		{"number as label", json, with(`"channel"`, `"labels":{"a":1},"channel"`), 0, event.ReasonBadValue, "labels"},
		{"null in a list", json, with(`"channel"`, `"customer":{"identities":[null]},"channel"`), 0, event.ReasonBadValue, "customer.identities"},
		{"map for a list", json, with(`"channel"`, `"customer":{"identities":{}},"channel"`), 0, event.ReasonBadValue, "customer.identities"},
		{"duration", json, `{"call":{"wait":"12 min"}}`, 0, event.ReasonBadValue, "call.wait"},
		{"lone surrogate", json, with(`"m1"`, `"\ud800"`), 0, event.ReasonGarbage, ""},
		{"not JSON", json, `{"channel":`, -1, event.ReasonGarbage, ""},
		{"cut off list", json, `[` + minimal, -1, event.ReasonGarbage, ""},
		{"text after the list", json, `[` + minimal + `] x`, -1, event.ReasonGarbage, ""},
		{"a number", json, `17`, -1, event.ReasonGarbage, ""},
		{"list of lists", json, `[[]]`, -1, event.ReasonGarbage, ""},
		{"nothing", json, ``, -1, event.ReasonGarbage, ""},
		{"empty list", json, `[]`, -1, event.ReasonGarbage, ""},
		{"Latin-1", json, with("m1", "caf\xe9"), -1, event.ReasonGarbage, ""},
		{"deep", json, `{"x":` + strings.Repeat("[", 10_000), -1, event.ReasonGarbage, ""},
		{"garbage protobuf", event.DecodeProto, "\xff\xff\xff\xff garbage", 0, event.ReasonGarbage, ""},
		{"empty protobuf", event.DecodeProto, "", 0, event.ReasonUnknownKind, "kind"},
		{"cut off delimited", event.DecodeProtoDelimited, "\x7fabc", -1, event.ReasonGarbage, ""},
		{"nothing delimited", event.DecodeProtoDelimited, "", -1, event.ReasonGarbage, ""},
		{"no id", cloud, strings.Replace(ce(""), `"id":"1",`, "", 1), 0, event.ReasonMissingField, "cloudevent.id"},
		{"old version", cloud, strings.Replace(ce(""), "1.0", "0.3", 1), 0, event.ReasonBadValue, "cloudevent.specversion"},
		{"time", cloud, ce(`"time":"yesterday",`), 0, event.ReasonBadTime, "cloudevent.time"},
		{"other kind", cloud, strings.Replace(ce(""), `"type":"t"`, `"type":"vigia.event.call.v1"`, 1), 0, event.ReasonBadValue, "cloudevent.type"},
		{"number as id", cloud, strings.Replace(ce(""), `"id":"1"`, `"id":1`, 1), 0, event.ReasonBadValue, "cloudevent.id"},
		{"XML", cloud, ce(`"datacontenttype":"text/xml",`), 0, event.ReasonBadValue, "cloudevent.datacontenttype"},
		{"data twice", cloud, ce(`"data_base64":"",`), 0, event.ReasonBadValue, "cloudevent.data"},
		{"not base64", cloud, `{"specversion":"1.0","id":"1","source":"/s","type":"t","data_base64":"%"}`, 0, event.ReasonBadValue, "cloudevent.data_base64"},
		{"no data", cloud, `{"specversion":"1.0","id":"1","source":"/s","type":"t"}`, 0, event.ReasonMissingField, "cloudevent.data"},
		{"text as data", cloud, `{"specversion":"1.0","id":"1","source":"/s","type":"t","data":"x"}`, 0, event.ReasonBadValue, "cloudevent.data"},
		{"unknown field in data", cloud, strings.Replace(ce(""), `"channel"`, `"chanel"`, 1), 0, event.ReasonBadValue, "chanel"},
		{"attribute twice", cloud, ce(`"id":"2",`), 0, event.ReasonBadValue, "cloudevent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			events, err := c.decode([]byte(c.body))
			if err == nil {
				t.Fatalf("was read as %+v", events[0])
			}
			index := -1
			fault, ok := errors.AsType[*event.Error](err)
			if batch, isBatch := errors.AsType[*event.BatchError](err); isBatch {
				index, fault, ok = batch.Faults[0].Index, batch.Faults[0].Err, true
			}
			if !ok || index != c.index || fault.Reason != c.reason || fault.Field != c.field {
				t.Errorf("got event %d %v, want event %d %s at %q", index, err, c.index, c.reason, c.field)
			}
		})
	}
}

func TestManyFaultsAreBounded(t *testing.T) {
	_, err := event.DecodeJSON([]byte("[" + strings.Repeat("{},", 99_999) + "{}]"))
	batch, ok := errors.AsType[*event.BatchError](err)
	if !ok || len(batch.Faults) != event.MaxFaults || !batch.Full() {
		t.Fatalf("got %v", err)
	}
}

// TestErrorsQuoteNothing: what a client sent does not come back in an error, which may be logged.
func TestErrorsQuoteNothing(t *testing.T) {
	const secret = "María 5512345678"
	for _, body := range []string{with("m1", secret+`","x":"`), with("CHANNEL_EMAIL", secret), with(`"2026-01-01T00:00:00.5Z"`, `"`+secret+`"`), with(`"channel"`, `"`+secret+`"`),
		`"` + secret + `"`, `{"` + secret, with(`"channel"`, `"labels":{"`+secret+`":"a","`+secret+`":"b"},"channel"`), with(`"m1"`, `"`+secret+`\ud800"`)} {
		_, err := event.DecodeJSON([]byte(body))
		if err == nil {
			t.Errorf("%s was read", body)
		} else if leak := eventtest.Leak([]byte(err.Error()), secret); leak != "" {
			t.Errorf("%v quotes %q", err, leak)
		}
	}
}

func BenchmarkDecodeJSON(b *testing.B) {
	body := []byte("[" + strings.Repeat(minimal+",", 99) + minimal + "]")
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := event.DecodeJSON(body); err != nil {
			b.Fatal(err)
		}
	}
}
