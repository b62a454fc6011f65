package worker

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
)

// TestEventsToState goes the whole way once: policies, events, ticks, both stages, signals, and a drain that leaves nothing behind.
func TestEventsToState(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		if n := w.applyPolicy(); n != 4 {
			t.Errorf("the policy went to %d partitions, want 4", n)
		}
		r := w.start(options{})
		time.Sleep(10 * time.Second)
		if n := w.applyPolicy(); n != 0 {
			t.Errorf("applied again, the policy went to %d partitions, want none", n)
		}
		w.talk("a", 10)
		time.Sleep(3 * time.Minute)
		// In each minute two of four are not answered in time.
		if n := w.signals(event.SignalBreach); n != 20 {
			t.Errorf("%d breaches, want 20", n)
		}
		synctest.Wait()
		for _, s := range r.Status() {
			if s.State != Running || s.Err != "" || time.Since(time.UnixMilli(s.Time)) > 11*time.Second {
				t.Errorf("status %+v", s)
			}
		}
		r.mustStop(t)
		w.verify(false)
		if len(r.Status()) != 0 {
			t.Errorf("after the end: %+v", r.Status())
		}
	})
}
