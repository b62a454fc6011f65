package sim

import "github.com/vigia-cx/vigia/internal/event"

// WireType is the content type of what [Wire] writes.
const WireType = "application/protobuf; delimited=true"

// Wire writes events as ingest over HTTP reads them: each as a protobuf message after its length.
func Wire(events []*event.Event) []byte {
	var body []byte
	for _, e := range events {
		// A record of the log that holds nothing but an event is the tag of its first field, the length, and the event.
		body = append(body, event.Encode(event.Record{Body: e})[1:]...)
	}
	return body
}
