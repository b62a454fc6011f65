package event_test

import (
	"errors"
	"testing"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/event/eventtest"
)

func FuzzDecodeRecord(f *testing.F) {
	f.Add(event.Encode(event.Record{Body: golden()}))
	f.Add(event.Encode(event.Record{Body: event.Tick{At: 1767225600000}}))
	f.Add(event.Encode(event.Record{Body: event.Fact{Tenant: "a", ActiveAt: []int64{1}}, Seq: &event.Seq{Topic: "t"}, OutputID: "x"}))
	f.Fuzz(func(t *testing.T, value []byte) {
		r, err := event.Decode(value)
		if err != nil {
			if _, ok := errors.AsType[*event.Error](err); !ok {
				t.Fatalf("%v has no reason", err)
			}
			return
		}
		again, err := event.Decode(event.Encode(r))
		if err != nil {
			t.Fatalf("what was read cannot be written and read: %v", err)
		}
		if event.Type(again.Body) != event.Type(r.Body) {
			t.Fatalf("%T became %T", r.Body, again.Body)
		}
		if e, ok := r.Body.(*event.Event); ok {
			e.Key()
			e.Headers()
		}
	})
}

// fuzzIngest holds every decoder to the same promise: a typed error, or events that ingest can finish.
func fuzzIngest(f *testing.F, decode func([]byte) ([]*event.Event, error)) {
	p := pseudonymizer(f, "acme")
	f.Fuzz(func(t *testing.T, body []byte) {
		events, err := decode(body)
		if err != nil {
			_, single := errors.AsType[*event.Error](err)
			batch, many := errors.AsType[*event.BatchError](err)
			if !single && !many || many && len(batch.Faults) == 0 || len(events) > 0 {
				t.Fatalf("%v with %d events", err, len(events))
			}
			return
		}
		for _, e := range events {
			e.ReceivedAt = planted
			out, _, err := event.Pseudonymise(e, p, event.SourceRules{})
			if err != nil {
				t.Fatalf("what was read cannot be hidden: %v", err)
			}
			if out.Validate() == nil {
				if _, err := event.Decode(event.Encode(event.Record{Body: out})); err != nil {
					t.Fatalf("what is valid cannot be written and read: %v", err)
				}
			}
		}
	})
}

func FuzzDecodeJSON(f *testing.F) {
	f.Add([]byte(minimal))
	f.Add([]byte("[" + minimal + "," + minimal + "]"))
	for _, p := range eventtest.Plant("x", planted) {
		f.Add(p.JSON)
	}
	fuzzIngest(f, event.DecodeJSON)
}

func FuzzDecodeProto(f *testing.F) {
	for _, p := range eventtest.Plant("x", planted) {
		f.Add(p.Proto)
	}
	fuzzIngest(f, func(body []byte) ([]*event.Event, error) {
		if len(body) > 0 && body[0] == 0 { // never the beginning of an event
			return event.DecodeProtoDelimited(body[1:])
		}
		return event.DecodeProto(body)
	})
}

func FuzzDecodeCloudEvents(f *testing.F) {
	f.Add([]byte(`{"specversion":"1.0","id":"1","source":"/s","type":"t","time":"2026-01-01T00:00:00Z","data":` + minimal + `}`))
	f.Add([]byte(`[{"specversion":"1.0","id":"1","source":"/s","type":"t","datacontenttype":"application/protobuf","data_base64":"AAAA"}]`))
	fuzzIngest(f, event.DecodeCloudEvents)
}
