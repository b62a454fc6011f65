package replay

import (
	"slices"
	"strings"
	"testing"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/replay/mapping"
)

const (
	firstEvent  = `{"occurred_at":"2026-03-02T09:00:00Z","channel":"CHANNEL_WEB_CHAT","conversation":{"id":"c1"},"source":{"native_event_id":"1"},"actor":{"kind":"KIND_CUSTOMER"},"message":{"direction":"DIRECTION_INBOUND","message_id":"m1"}}`
	secondEvent = `{"occurred_at":"2026-03-02T08:00:00Z","channel":"CHANNEL_WEB_CHAT","conversation":{"id":"c2"},"source":{"native_event_id":"2"},"actor":{"kind":"KIND_CUSTOMER"},"message":{"direction":"DIRECTION_INBOUND","message_id":"m2"}}`
)

func input(text string) []mapping.Input {
	return []mapping.Input{{Name: "events", R: strings.NewReader(text)}}
}

func TestReadEvents(t *testing.T) {
	for _, text := range []string{firstEvent + "\n\n" + secondEvent, " \n[" + firstEvent + ",\n" + secondEvent + "]", secondEvent + firstEvent} {
		events, err := ReadEvents("acme", input(text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if len(events) != 2 || events[0].Conversation != "c2" || events[0].Tenant != "acme" || events[0].ID == "" || events[0].ID == events[1].ID {
			t.Errorf("%s: %+v", text, events)
		}
	}
	for text, want := range map[string]string{
		firstEvent + "\n{":          "events:2:",
		"\n\n" + firstEvent + "\n{": "events:4:",
		`{"channel":"CHANNEL_FAX"}`: "events:1:",
		`{"channel":"CHANNEL_WEB_CHAT","conversation":{"id":"c1"},"actor":{"kind":"KIND_CUSTOMER"},"message":{"direction":"DIRECTION_INBOUND"}}`: "neither occurred_at nor received_at",
	} {
		if _, err := ReadEvents("acme", input(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func FuzzReadEvents(f *testing.F) {
	for _, text := range []string{"", firstEvent, "[" + firstEvent + "]", firstEvent + "\n" + secondEvent, "[", "{}", "null"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		events, err := ReadEvents("acme", input(text))
		if err != nil {
			return
		}
		if slices.ContainsFunc(events, func(e *event.Event) bool { return e.Validate() != nil }) {
			t.Error("an event that is not valid is let through")
		}
	})
}
