package worker

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/store"
)

// TestCrashBetweenAnyTwoCalls lets a worker die at a call to the log or to the state, before it is made or after it with the answer lost, and another one take
// over. Whichever call it is, state and outputs are those of the log folded once.
func TestCrashBetweenAnyTwoCalls(t *testing.T) {
	calls := []string{
		"committed", "claim", "bounds", "commit", "create", "read", "load", "fetch", "time", "produce vigia.interactions", "apply", "outbox", "produce vigia.customers",
		"produce vigia.signals", "trim",
	}
	for _, call := range calls {
		for _, when := range []string{"before ", "after "} {
			t.Run(when+call, func(t *testing.T) {
				t.Parallel()
				deaths := 0
				for _, times := range []int{0, 9} {
					inWorld(t, func(t *testing.T, w *world) {
						w.applyPolicy()
						p := &plug{left: times, at: when + call}
						first := w.start(behind(p))
						w.talk("a", 2)
						_ = first.stop() // leaving the group may fail: the process is dead
						second := w.start(options{})
						w.talk("b", 1)
						w.verify(false)
						second.mustStop(t)
						if p.dead {
							deaths++
						}
						if t.Failed() {
							t.Fatalf("death at time %d", times)
						}
					})
				}
				if deaths == 0 {
					t.Error("the worker did not die")
				}
			})
		}
	}
}

// TestTwoOwners lets two workers of different groups believe that every partition is theirs, as in a split group: they cost each other time, and nothing else.
func TestTwoOwners(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.applyPolicy()
		a := w.start(options{cfg: Config{Group: "a"}})
		b := w.start(options{cfg: Config{Group: "b"}})
		w.talk("a", 8)
		if n := a.metric(t, "vigia_worker_refused_applies_total") + b.metric(t, "vigia_worker_refused_applies_total"); n == 0 {
			t.Error("nobody was ever refused: they did not overlap")
		}
		a.mustStop(t)
		w.talk("b", 2)
		w.verify(false)
		b.mustStop(t)
	})
}

// TestZombie cuts a worker off from Kafka for longer than its session; the others take over; then it comes back, with everything it believed.
func TestZombie(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.applyPolicy()
		var frozen atomic.Bool
		p := &plug{filter: func(name string) error {
			if frozen.Load() && strings.HasPrefix(name, "before apply") {
				for frozen.Load() {
					w.pass(100 * time.Millisecond) // the process stands still, its call already under way
				}
			}
			return nil
		}}
		zombie := w.start(behind(p))
		w.talk("a", 2)
		frozen.Store(true)
		w.pass(5 * time.Second)
		heir := w.start(options{})
		w.talk("b", 3)
		frozen.Store(false)
		w.talk("c", 2)
		w.verify(false)
		if n := zombie.metric(t, "vigia_worker_refused_applies_total"); n == 0 {
			t.Error("the zombie was never refused")
		}
		zombie.mustStop(t)
		heir.mustStop(t)
	})
}

// TestTakeover lets workers come and go while events flow.
func TestTakeover(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.applyPolicy()
		var crew []*running
		for i := range 4 {
			crew = append(crew, w.start(options{}))
			w.talk(fmt.Sprint("up", i), 1)
		}
		for i, r := range crew[:3] {
			r.mustStop(t)
			w.talk(fmt.Sprint("down", i), 1)
		}
		w.verify(false)
		crew[3].mustStop(t)
	})
}

// TestOutboxFull lets Kafka refuse outputs: the partition pauses at the limit, and goes on where it stood.
func TestOutboxFull(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.applyPolicy()
		var down atomic.Bool
		p := &plug{filter: func(name string) error {
			if down.Load() && strings.HasPrefix(name, "before produce") && !strings.HasSuffix(name, "interactions") {
				return errors.New("the disk of the broker is full")
			}
			return nil
		}}
		o := behind(p)
		o.cfg.MaxOutbox, o.cfg.BatchRecords = 3, 1
		r := w.start(o)
		w.talk("a", 2)
		down.Store(true)
		w.talk("b", 4)
		waiting := 0
		for _, s := range r.Status() {
			if s.State == Waiting && strings.Contains(s.Err, "outbox is full") {
				waiting++
			}
			if s.Outbox > 20 {
				t.Errorf("%d entries wait", s.Outbox)
			}
		}
		if waiting == 0 {
			t.Errorf("nobody waits for room: %+v", r.Status())
		}
		down.Store(false)
		w.verify(false)
		r.mustStop(t)
	})
}

// TestLostAnswers lets every third call fail after it was made.
func TestLostAnswers(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.applyPolicy()
		var n atomic.Int64
		p := &plug{filter: func(name string) error {
			if n.Add(1)%7 == 0 && (strings.HasPrefix(name, "after apply") || strings.HasPrefix(name, "after produce") || strings.HasPrefix(name, "after trim")) {
				return errors.New("connection reset by peer")
			}
			return nil
		}}
		r := w.start(behind(p))
		w.talk("a", 10)
		w.verify(false)
		r.mustStop(t)
	})
}

// TestFrozen takes a snapshot of the slots while the worker runs.
func TestFrozen(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.applyPolicy()
		r := w.start(options{})
		w.talk("a", 1)
		for _, s := range w.slots() {
			if err := w.state.Freeze(t.Context(), s.slot, "snapshot", 20*time.Second); err != nil {
				t.Fatal(err)
			}
		}
		w.talk("b", 2)
		w.verify(false)
		if n := r.metric(t, "vigia_worker_refused_applies_total"); n == 0 {
			t.Error("the freeze was not noticed")
		}
		r.mustStop(t)
	})
}

// TestPoison sends what cannot be used. Every record becomes a dead letter with coordinates, and the partition goes on.
func TestPoison(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.applyPolicy()
		r := w.start(options{})
		w.pass(6 * time.Second)
		w.say("a", event.Inbound)
		w.publish("k", []byte("no protobuf at all"))
		w.publish("k", event.Encode(event.Record{Body: event.Watermark{Partition: 0, At: 1}}))
		e := w.message("c", event.Inbound)
		w.publish("t/v/another", event.Encode(event.Record{Body: e}))
		w.publish("k", make([]byte, event.MaxRecordBytes+1))
		w.say("b", event.Inbound)
		w.verify(false)
		got := map[event.Reason]int{}
		for p := range int32(2) {
			for _, m := range w.read(w.topics.DeadLetters.Name, p) {
				rec, err := event.Decode(m.Value)
				if err != nil {
					t.Fatal(err)
				}
				d := rec.Body.(event.DeadLetter)
				got[d.Reason]++
				if d.Topic != w.topics.Interactions.Name || len(d.PayloadSHA256) != 64 || d.PayloadBytes == 0 {
					t.Errorf("dead letter %+v", d)
				}
			}
		}
		for _, reason := range []event.Reason{event.ReasonGarbage, event.ReasonWrongTopic, event.ReasonMisrouted, event.ReasonTooLarge} {
			if got[reason] != 1 {
				t.Errorf("%d dead letters for %s, want 1: %v", got[reason], reason, got)
			}
		}
		r.mustStop(t)
	})
}

// TestPanic: a defect on one record costs that record, not the partition.
func TestPanic(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.applyPolicy()
		key := event.CustomerKey("t", "eve")
		r := w.start(options{route: func(k string, n int32) int32 {
			if k == key {
				panic("a planted defect")
			}
			return route(k, n)
		}})
		w.talk("a", 1)
		e := w.message("c", event.Inbound)
		e.Customer = "eve"
		w.publish(e.Key(), event.Encode(event.Record{Body: e}))
		w.talk("b", 1)
		w.rest()
		for p := range int32(2) {
			for _, m := range w.read(w.topics.DeadLetters.Name, p) {
				if rec, err := event.Decode(m.Value); err == nil {
					d := rec.Body.(event.DeadLetter)
					if d.Reason != event.ReasonPanic {
						t.Errorf("dead letter %+v", d)
					}
					w.poison = map[store.Slot]int64{SlotOf(1, d.Partition): d.Offset}
				}
			}
		}
		if len(w.poison) != 1 || r.metric(t, "vigia_worker_fold_panics_total") != 1 {
			t.Errorf("poison %v", w.poison)
		}
		w.verify(false)
		r.mustStop(t)
	})
}

// TestRefusals: what makes a worker refuse to start, or stop, and what it says.
func TestRefusals(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r := w.start(options{})
		w.pass(10 * time.Second)
		r.mustStop(t)
		grown := w.topics
		for _, c := range []struct {
			name   string
			topics Topics
			want   string
		}{
			{"a missing topic", w.topics.WithPrefix("other."), "vigia topics --create"},
			{"another partition count", func() Topics { grown.Interactions.Partitions = 3; return grown }(), "has 2 partitions, the configuration says 3"},
		} {
			worker, err := New(Config{}, w.log, w.state, c.topics, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := worker.Run(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: got %v", c.name, err)
			}
		}
		// The state was made by another release.
		s := SlotOf(1, 0)
		stored, err := w.state.Read(t.Context(), []store.SlotRefs{{Slot: s}})
		if err != nil {
			t.Fatal(err)
		}
		other := stored[0].Meta
		other.Schema, other.Position.Lineage = 99, other.Position.Lineage+1
		if _, err := w.state.Reset(t.Context(), s, other.Epoch, other); err != nil {
			t.Fatal(err)
		}
		worker, err := New(Config{}, w.log, w.state, w.topics, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := worker.Run(t.Context()); !errors.Is(err, store.ErrSchema) || !strings.Contains(err.Error(), "newer release") {
			t.Errorf("unknown schema: got %v", err)
		}
	})
}
