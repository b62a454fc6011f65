package worker

import (
	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/fold"
)

// decode turns records of the log into inputs of the fold, and lists the keys whose state they need. What cannot be used becomes an input too: it is counted and
// dead-lettered by the fold, so that no record goes missing between two offsets.
func (o *owner) decode(messages []bus.Message) (inputs []fold.Input, keys []string) {
	inputs, keys = make([]fold.Input, len(messages)), make([]string, 0, len(messages))
	bytes := 0
	heard := map[sourceKey]int64{}
	for i := range messages {
		m := &messages[i]
		bytes += len(m.Value)
		in := &inputs[i]
		in.Offset, in.Value = m.Offset, m.Value
		var fault *event.Error
		if in.Record, in.Key, fault = o.accept(m); fault != nil {
			in.Record, in.Fault = event.Record{}, fault
			continue
		}
		if in.Key != "" {
			keys = append(keys, in.Key)
		}
		if e, ok := in.Record.Body.(*event.Event); ok {
			o.clock.received = max(o.clock.received, e.ReceivedAt)
			key := sourceKey{e.Tenant, e.Source.Connector, e.Source.Account}
			heard[key] = max(heard[key], e.ReceivedAt)
		}
	}
	o.w.metrics.log.heard(heard)
	o.w.metrics.records.WithLabelValues(o.stage.name).Add(float64(len(messages)))
	o.w.metrics.bytes.WithLabelValues(o.stage.name).Add(float64(bytes))
	return inputs, keys
}

// accept decodes a record and checks that it belongs where it stands. The key is that of the state it touches, "" for control records.
func (o *owner) accept(m *bus.Message) (event.Record, string, *event.Error) {
	if o.poison[m.Offset] {
		return event.Record{}, "", &event.Error{Reason: event.ReasonPanic, Detail: "the fold failed on this record: a defect of Vigia"}
	}
	r, err := o.decoder.Decode(m.Value)
	if err != nil {
		if fault, ok := err.(*event.Error); ok {
			return r, "", fault
		}
		return r, "", &event.Error{Reason: event.ReasonGarbage, Detail: err.Error()}
	}
	key := ""
	switch b := r.Body.(type) {
	case *event.Event:
		key = b.Key()
	case event.Fact:
		key = event.CustomerKey(b.Tenant, b.Customer)
	case event.AgentFact:
		key = event.AgentKey(b.Tenant, b.Agent)
	}
	if !belongs(o.stage.fold, r.Body) {
		return r, "", &event.Error{Reason: event.ReasonWrongTopic, Detail: "a record of type " + event.Type(r.Body) + " does not belong on " + o.topic}
	}
	if key == "" {
		return r, "", nil
	}
	if string(m.Key) != key {
		return r, "", &event.Error{Reason: event.ReasonMisrouted, Field: "key", Detail: "the Kafka key is not the one of the content: publish with the documented key"}
	}
	if bus.Partition(m.Key, o.stage.topic.Partitions) != o.partition {
		return r, "", &event.Error{Reason: event.ReasonMisrouted, Detail: "the key belongs to another partition: producers must use the murmur2 partitioner and the configured partition count"}
	}
	return r, key, nil
}

// belongs reports whether a kind of record belongs on the topic of a stage.
func belongs(stage fold.Stage, body event.RecordBody) bool {
	switch body.(type) {
	case event.Policy, event.Gap:
		return true
	case *event.Event, event.Tick:
		return stage == fold.Conversations
	case event.Fact, event.AgentFact, event.Watermark:
		return stage == fold.Customers
	}
	return false
}
