package sim_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/event"
)

// TestASourceFallsSilent cuts the power of the connector while promises run. Replies that were given in time arrive when it is back: nobody is called for them, and nothing is taken
// back. What really was not answered is called, once the source has been heard for five minutes.
func TestASourceFallsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(t *config.Tenant) { t.Sources = []config.Source{{Connector: "http", PlainConversations: true}} })
		defer w.close()
		first := w.start(app.Connector)
		rest := w.start(app.Worker, app.Exporter, app.Alerter)
		defer rest.stop()
		settled(rest)
		pass(2 * time.Minute)

		message := func(n int, at time.Time, dir event.Direction) *event.Event {
			e := &event.Event{
				At: at.UnixMilli(), Quality: event.QualitySubsecond, Source: event.Source{Connector: "http", NativeID: fmt.Sprint(dir, n)}, Conversation: fmt.Sprint("c", n), Customer: fmt.Sprint("u", n),
				Actor: event.ByCustomer, Channel: event.WebChat, Routing: event.Routing{Queue: "ventas"}, Body: event.Message{ID: fmt.Sprint("m", dir, n), Direction: dir},
			}
			if dir == event.Outbound {
				e.Actor, e.ActorID = event.ByAgent, "zoe"
			}
			return e
		}
		const asked, answered = 10, 8
		began := time.Now()
		for n := range asked {
			w.send(first, []*event.Event{message(n, began, event.Inbound)})
		}
		pass(time.Minute)
		first.kill()
		pass(10 * time.Minute) // the promised two minutes are over, and nobody knows what was written
		if n := w.signalled(event.SignalBreach); n != 0 {
			t.Errorf("%d breaches were called while the source was silent", n)
		}
		second := w.start(app.Connector)
		defer second.stop()
		for n := range answered {
			w.send(second, []*event.Event{message(n, began.Add(90*time.Second), event.Outbound)})
		}
		pass(4 * time.Minute)
		if n := w.signalled(event.SignalBreach); n != 0 {
			t.Errorf("%d breaches were called before the source was heard for five minutes", n)
		}
		pass(5 * time.Minute)
		for kind, want := range map[event.SignalKind]int{event.SignalBreach: asked - answered, event.SignalRetracted: 0, event.SignalSettled: 0} {
			if n := w.signalled(kind); n != want {
				t.Errorf("%d times %s, want %d", n, kind, want)
			}
		}
	})
}

// signalled counts signals of a kind, each once.
func (w *world) signalled(kind event.SignalKind) int {
	w.t.Helper()
	ids := map[string]bool{}
	for _, m := range w.records("vigia.signals") {
		r, err := event.Decode(m.Value)
		if s, ok := r.Body.(event.Signal); err == nil && ok && s.Kind == kind {
			ids[r.OutputID] = true
		}
	}
	return len(ids)
}
