package event

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	vigiav1 "github.com/vigia-cx/vigia/proto/vigia/v1"
)

// MaxFaults is how many faulty events one [BatchError] names; reading stops there.
const MaxFaults = 20

// Fault is one event of a request that was refused.
type Fault struct {
	Index int // place of the event in the request, from 0
	Err   *Error
}

// BatchError lists the faulty events of a request, in order and at most [MaxFaults] of them.
type BatchError struct{ Faults []Fault }

func (e *BatchError) Error() string {
	f := e.Faults[0]
	if len(e.Faults) == 1 {
		return fmt.Sprintf("event %d: %v", f.Index, f.Err)
	}
	return fmt.Sprintf("event %d: %v (and %d more)", f.Index, f.Err, len(e.Faults)-1)
}

// Full reports that reading stopped here: more events may be faulty.
func (e *BatchError) Full() bool { return len(e.Faults) >= MaxFaults }

// batch collects the events of a request and what is wrong with them.
type batch struct {
	events []*Event
	faults []Fault
	next   int
}

// add reports whether to go on.
func (b *batch) add(e *Event, err error) bool {
	if err == nil {
		b.events = append(b.events, e)
	} else {
		fault, ok := errors.AsType[*Error](err)
		if !ok {
			fault = &Error{ReasonGarbage, "", "could not be read"}
		}
		b.faults = append(b.faults, Fault{b.next, fault})
	}
	b.next++
	return len(b.faults) < MaxFaults
}

func (b *batch) result() ([]*Event, error) {
	switch {
	case len(b.faults) > 0:
		return nil, &BatchError{b.faults}
	case len(b.events) == 0:
		return nil, garbage("holds no event: send at least one")
	}
	return b.events, nil
}

func garbage(format string, args ...any) *Error {
	return &Error{ReasonGarbage, "", fmt.Sprintf(format, args...)}
}

// The decoders below read what clients send. They check the form, the ranges of numbers and the names of fields, but not what [Event.Validate] checks, for a client
// may leave out what ingest fills in. An error is a [*BatchError] when single events are at fault, an [*Error] when the body as a whole is; neither ever carries a
// value that was sent.

// DecodeProto reads one vigia.v1.Event in the protobuf wire format.
func DecodeProto(body []byte) ([]*Event, error) {
	var b batch
	b.add(decodeProto(body))
	return b.result()
}

// DecodeProtoDelimited reads any number of vigia.v1.Event, each after its length as a varint (the format of writeDelimitedTo in the protobuf libraries).
func DecodeProtoDelimited(body []byte) ([]*Event, error) {
	var b batch
	for at := 0; at < len(body); {
		value, n := protowire.ConsumeBytes(body[at:])
		if n < 0 {
			return nil, garbage("is cut off at byte %d: send each event after its length as a varint", at)
		}
		at += n
		if !b.add(decodeProto(value)) {
			break
		}
	}
	return b.result()
}

func decodeProto(value []byte) (*Event, error) {
	var m vigiav1.Event
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(value, &m); err != nil {
		return nil, garbage("is not a vigia.v1.Event: write with the published schema (proto/vigia/v1/event.proto)")
	}
	return FromProto(&m)
}

// DecodeJSON reads events in the JSON mapping of protobuf: one object, an array of objects, or one object after the other (NDJSON). Unknown and repeated fields are
// errors that name the field.
func DecodeJSON(body []byte) ([]*Event, error) {
	var b batch
	r, err := newJSONReader(body)
	if err != nil {
		return nil, err
	}
	err = r.objects(func() (bool, error) {
		raw, err := r.event()
		if err != nil {
			return false, err
		}
		return b.add(decodeJSON(raw, r.takeFault())), nil
	})
	if err != nil {
		return nil, err
	}
	return b.result()
}

// decodeJSON converts one object that the reader has gone through already; fault is what it found.
func decodeJSON(raw []byte, fault *Error) (*Event, error) {
	if fault != nil {
		return nil, fault
	}
	var m vigiav1.Event
	if err := protojson.Unmarshal(raw, &m); err != nil {
		// The text of err may quote values.
		return nil, garbage("does not follow the JSON mapping of vigia.v1.Event (proto/vigia/v1/event.proto)")
	}
	return FromProto(&m)
}

// CloudEvent is a CloudEvents 1.0 envelope around one event.
type CloudEvent struct {
	SpecVersion, ID, Source, Type string
	Time                          string // RFC 3339, or empty
	ContentType                   string // of Data: application/json (also when empty) or application/protobuf
	Data                          []byte
}

// DecodeCloudEvent reads one event from an envelope whose attributes came as headers (binary mode). ID, source and time stand in for source.native_event_id, source.account
// and occurred_at where the event has none; an event without source.connector gets "cloudevents".
func DecodeCloudEvent(ce CloudEvent) ([]*Event, error) {
	var b batch
	b.add(ce.decode())
	return b.result()
}

// DecodeCloudEvents reads events in structured mode: one envelope, or an array of them (batch).
func DecodeCloudEvents(body []byte) ([]*Event, error) {
	var b batch
	r, err := newJSONReader(body)
	if err != nil {
		return nil, err
	}
	err = r.objects(func() (bool, error) {
		ce, err := r.cloudEvent()
		if err != nil {
			return false, err
		}
		if fault := r.takeFault(); fault != nil {
			return b.add(nil, fault), nil
		}
		return b.add(ce.decode()), nil
	})
	if err != nil {
		return nil, err
	}
	return b.result()
}

func (ce CloudEvent) decode() (*Event, error) {
	for _, a := range []fieldValue{{"cloudevent.specversion", ce.SpecVersion}, {"cloudevent.id", ce.ID}, {"cloudevent.source", ce.Source}, {"cloudevent.type", ce.Type}} {
		if a.value == "" {
			return nil, missing(a.field)
		}
	}
	if ce.SpecVersion != "1.0" {
		return nil, bad("cloudevent.specversion", "must be 1.0")
	}
	e, err := ce.data()
	if err != nil {
		return nil, err
	}
	if ours := strings.HasPrefix(ce.Type, "vigia.event."); ours && ce.Type != e.recordType() {
		return nil, bad("cloudevent.type", "names another kind than data has: "+e.recordType())
	}
	if ce.Time != "" {
		at, err := time.Parse(time.RFC3339Nano, ce.Time)
		if err != nil {
			return nil, &Error{ReasonBadTime, "cloudevent.time", "must be an RFC 3339 time, as 2026-01-31T12:00:00Z"}
		}
		if e.At == 0 {
			if e.At = at.UnixMilli(); e.At < minInstant || e.At > maxInstant {
				return nil, &Error{ReasonBadTime, "cloudevent.time", "lies before the year 1990 or after 2200"}
			}
		}
	}
	if e.Source.NativeID == "" {
		e.Source.NativeID = ce.ID
	}
	if e.Source.Connector == "" {
		e.Source.Connector = "cloudevents"
	}
	if e.Source.Account == "" {
		e.Source.Account = ce.Source
	}
	return e, nil
}

func (ce CloudEvent) data() (*Event, error) {
	if len(ce.Data) == 0 {
		return nil, missing("cloudevent.data")
	}
	switch ce.ContentType {
	case "application/protobuf", "application/x-protobuf":
		return decodeProto(ce.Data)
	case "", "application/json":
	default:
		return nil, bad("cloudevent.datacontenttype", "must be application/json or application/protobuf")
	}
	events, err := DecodeJSON(ce.Data)
	if faults, ok := errors.AsType[*BatchError](err); ok {
		return nil, faults.Faults[0].Err
	}
	if err != nil {
		return nil, err
	}
	if len(events) != 1 {
		return nil, bad("cloudevent.data", "must be exactly one event")
	}
	return events[0], nil
}
