package worker

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/store"
)

// meta returns where a slot stands.
func (w *world) meta(s store.Slot) store.Meta {
	w.t.Helper()
	v, err := w.state.Read(w.t.Context(), []store.SlotRefs{{Slot: s}})
	if err != nil {
		w.t.Fatal(err)
	}
	return v[0].Meta
}

// TestRedisLost flushes Redis under a running worker: it builds the same state from the log, in a new lineage, and repeats nothing that consumers would count twice.
func TestRedisLost(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.applyPolicy()
		r := w.start(options{})
		w.talk("a", 5)
		before, breaches := w.meta(SlotOf(1, 0)), w.signals(event.SignalBreach)
		w.redis.Flush()
		w.talk("b", 3)
		after := w.meta(SlotOf(1, 0))
		if after.Position.Lineage <= before.Position.Lineage || after.LogLineage != before.LogLineage {
			t.Errorf("lineages: %+v, then %+v", before, after)
		}
		// And again, with nobody there.
		r.mustStop(t)
		w.redis.Flush()
		r = w.start(options{})
		w.talk("c", 1)
		if again := w.meta(SlotOf(1, 0)); again.Position.Lineage <= after.Position.Lineage || again.LogLineage != before.LogLineage {
			t.Errorf("lineages: %+v, then %+v", after, again)
		}
		w.verifyRebuilt()
		if n := w.signals(event.SignalBreach); n <= breaches {
			t.Errorf("%d breaches before, %d after", breaches, n)
		}
		r.mustStop(t)
	})
}

// TestLineagesAreUsedOnce loses Redis twice, the second time right after a rebuild has begun: a frozen owner of the first rebuild must never meet a state of the
// same lineage.
func TestLineagesAreUsedOnce(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.applyPolicy()
		r := w.start(options{})
		w.talk("a", 1)
		r.mustStop(t)
		w.redis.Flush()
		p := &plug{at: "after create"}
		r = w.start(behind(p))
		w.pass(10 * time.Second)
		_ = r.stop()
		used := map[store.Slot]int64{}
		for _, s := range w.slots() {
			used[s.slot] = w.meta(s.slot).Position.Lineage
		}
		w.redis.Flush()
		r = w.start(options{})
		w.rest()
		begun := 0
		for slot, lineage := range used {
			if lineage > 0 {
				begun++
			}
			if got := w.meta(slot).Position.Lineage; got <= lineage {
				t.Errorf("slot %s: lineage %d after %d", slot, got, lineage)
			}
		}
		if begun == 0 {
			t.Error("no rebuild had begun")
		}
		r.mustStop(t)
	})
}

// TestMarkIsKept commits high-water marks with their lineages, and a rebuild sends nothing below them.
func TestMarkIsKept(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.applyPolicy()
		r := w.start(options{})
		w.talk("a", 5)
		r.mustStop(t)
		topic := w.topics.Interactions.Name
		commits, err := w.log.Committed(t.Context(), "vigia-worker", topic, []int32{0, 1})
		if err != nil {
			t.Fatal(err)
		}
		for p, c := range commits {
			m, meta := parseMark(c), w.meta(SlotOf(1, p))
			if m.Offset != meta.Position.Offset || m.Log != meta.LogLineage || m.State != meta.Position.Lineage {
				t.Errorf("partition %d: mark %+v, the state stands at %s of log %d", p, m, meta.Position, meta.LogLineage)
			}
		}
		sent := w.ends()
		w.redis.Flush()
		r = w.start(options{cfg: Config{ExternalTime: true}})
		w.rest()
		r.mustStop(t)
		if again := w.ends(); again != sent {
			t.Errorf("the rebuild sent %v records, the log had %v", again, sent)
		}
	})
}

// ends counts the records of the topics that the relay of stage 1 writes.
func (w *world) ends() (n [2]int) {
	for i, topic := range []Topic{w.topics.Customers, w.topics.Signals} {
		for p := range int32(topic.Partitions) {
			n[i] += len(w.read(topic.Name, p))
		}
	}
	return n
}

// TestLogRecreated deletes the interactions topic and creates it again: the state belongs to a log that is gone, and is begun anew.
func TestLogRecreated(t *testing.T) {
	for _, running := range []bool{true, false} {
		t.Run(fmt.Sprint("running ", running), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.applyPolicy()
				r := w.start(options{})
				w.talk("a", 3)
				before := w.meta(SlotOf(1, 0))
				if !running {
					r.mustStop(t)
				}
				if err := w.log.DeleteTopics(t.Context(), w.topics.Interactions.Name); err != nil {
					t.Fatal(err)
				}
				w.pass(10 * time.Second)
				if err := w.log.CreateTopics(t.Context(), []bus.TopicSpec{w.topics.Interactions.spec()}); err != nil {
					t.Fatal(err)
				}
				w.log.Close()
				w.log = w.client()
				if running {
					// Until the workers read it, and begin anew.
					w.pass(time.Minute)
				}
				w.applyPolicy()
				if !running {
					// Longer than the old one by the time somebody looks: only the fingerprint tells them apart.
					w.talk("again", 25)
					r = w.start(options{})
				}
				w.talk("b", 3)
				w.rest()
				after := w.meta(SlotOf(1, 0))
				if after.LogLineage <= before.LogLineage || after.Position.Lineage <= before.Position.Lineage {
					t.Errorf("lineages: %+v, then %+v", before, after)
				}
				for _, s := range w.slots()[:2] {
					mem, _ := w.fold(s)
					w.compare(s, mem, false)
				}
				r.mustStop(t)
			})
		})
	}
}

// TestSkip lets retention delete records that were never applied: a recorded loss, in a new lineage, and the partition goes on.
func TestSkip(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.applyPolicy()
		r := w.start(options{})
		w.talk("a", 3)
		r.mustStop(t)
		before := w.meta(SlotOf(1, 0))
		w.talk("lost", 3)
		_, end, err := w.log.Bounds(t.Context(), w.topics.Interactions.Name, 0)
		if err != nil {
			t.Fatal(err)
		}
		lost := end - before.Position.Offset
		if lost < 5 {
			t.Fatalf("only %d records to lose", lost)
		}
		w.deleteRecords(w.topics.Interactions.Name, 0, end)
		r = w.start(options{})
		w.talk("b", 3)
		w.rest()
		after := w.meta(SlotOf(1, 0))
		if after.Position.Lineage <= before.Position.Lineage || after.LogLineage != before.LogLineage || after.Space != before.Space {
			t.Errorf("%+v, then %+v", before, after)
		}
		if n := r.metric(t, "vigia_worker_lost_records_total"); n != float64(lost) {
			t.Errorf("%v records counted as lost, want %d", n, lost)
		}
		for _, s := range r.Status() {
			if s.State != Running {
				t.Errorf("%+v", s)
			}
		}
		r.mustStop(t)
	})
}

// TestOrdinalsOfALineage puts Redis back to before outputs that were sent, and lets retention take the records that caused them. What the next lineage emits gets the same
// ordinals, and must not be taken for sent.
func TestOrdinalsOfALineage(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.applyPolicy()
		r := w.start(options{})
		w.talk("a", 2)
		file := filepath.Join(t.TempDir(), "copy")
		if err := w.redis.SaveFile(file); err != nil {
			t.Fatal(err)
		}
		w.talk("gone", 5)
		w.rest()
		sent := w.signals(event.SignalBreach)
		for _, s := range w.slots()[:2] {
			_, end, err := w.log.Bounds(t.Context(), s.topic, s.slot.Partition)
			if err != nil {
				t.Fatal(err)
			}
			w.deleteRecords(s.topic, s.slot.Partition, end)
		}
		if err := w.redis.LoadFile(file); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Minute)
		w.talk("b", 3)
		w.pass(3 * time.Minute)
		w.rest()
		// In each minute two of four are not answered in time.
		if n := w.signals(event.SignalBreach) - sent; n < 6 {
			t.Errorf("%d breaches after the loss, want 6 at least", n)
		}
		r.mustStop(t)
	})
}

// TestOlderCopy restores a copy of Redis that is older than a rebuild: the worker goes on from it, in a lineage of its own.
func TestOlderCopy(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.applyPolicy()
		r := w.start(options{})
		w.talk("a", 2)
		file := filepath.Join(t.TempDir(), "copy")
		if err := w.redis.SaveFile(file); err != nil {
			t.Fatal(err)
		}
		copied := w.meta(SlotOf(1, 0))
		w.talk("b", 2)
		w.redis.Flush()
		w.talk("c", 2)
		rebuilt := w.meta(SlotOf(1, 0))
		if err := w.redis.LoadFile(file); err != nil {
			t.Fatal(err)
		}
		w.talk("d", 2)
		w.rest()
		after := w.meta(SlotOf(1, 0))
		if after.Position.Lineage <= rebuilt.Position.Lineage || after.Space != copied.Space {
			t.Errorf("copy %+v, rebuilt %+v, after %+v", copied, rebuilt, after)
		}
		w.verifyRebuilt()
		r.mustStop(t)
	})
}

// TestFallback puts Redis back to what it was some applies ago, as a fail-over does, again and again under a running worker.
func TestFallback(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.applyPolicy()
		r := w.start(options{})
		dir := t.TempDir()
		for i := range 6 {
			w.talk(fmt.Sprint("a", i), 1)
			file := filepath.Join(dir, fmt.Sprint(i))
			if err := w.redis.SaveFile(file); err != nil {
				t.Fatal(err)
			}
			w.talk(fmt.Sprint("b", i), 1)
			w.pass(time.Duration(i) * 1300 * time.Millisecond)
			if err := w.redis.LoadFile(file); err != nil {
				t.Fatal(err)
			}
		}
		w.verify(false)
		r.mustStop(t)
	})
}

// TestRepeat appends the policy in force again every so often, so that it never falls out of the log.
func TestRepeat(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.topics.Interactions.Retention, w.topics.Customers.Retention = 2*day, 2*day // repeated every 6 h
		w.applyPolicy()
		r := w.start(options{cfg: Config{TickEvery: time.Minute, CommitEvery: time.Minute}})
		w.pass(13 * time.Hour)
		for _, s := range w.slots() {
			n := 0
			for _, m := range w.read(s.topic, s.slot.Partition) {
				if rec, err := event.Decode(m.Value); err == nil {
					if _, ok := rec.Body.(event.Policy); ok {
						n++
					}
				}
			}
			if n != 3 {
				t.Errorf("slot %s: the policy stands %d times in the log, want 3: once, and at 6 h and 12 h", s.slot, n)
			}
		}
		r.mustStop(t)
	})
}

// TestSilentSource opens a gap when heartbeats are missing, once, and closes it when they are back.
func TestSilentSource(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.applyPolicy()
		name := event.SourceName("http", "")
		r := w.start(options{cfg: Config{Sources: []store.Source{{Tenant: "t", Source: name}}}})
		beat := func(d time.Duration) {
			for range d / (10 * time.Second) {
				if err := w.state.Heartbeat(t.Context(), "t", name, 30*time.Second); err != nil {
					t.Fatal(err)
				}
				w.pass(10 * time.Second)
			}
		}
		beat(2 * time.Minute)
		silent := time.Now().Add(-10 * time.Second).UnixMilli()
		w.pass(2 * time.Minute)
		back := time.Now().UnixMilli()
		beat(2 * time.Minute)
		for _, s := range w.slots() {
			var gaps []event.Gap
			for _, m := range w.read(s.topic, s.slot.Partition) {
				if rec, err := event.Decode(m.Value); err == nil {
					if g, ok := rec.Body.(event.Gap); ok {
						gaps = append(gaps, g)
					}
				}
			}
			if len(gaps) != 2 || gaps[0].To != 0 || gaps[0].From != silent || gaps[1].From != silent || gaps[1].To < back || gaps[1].To > back+20_000 {
				t.Errorf("slot %s: gaps %+v, want one from %d, opened and closed at about %d", s.slot, gaps, silent, back)
			}
		}
		w.verify(false)
		r.mustStop(t)
	})
}

// TestStartRule holds time back when the only clock has jumped and nothing confirms it, until an event does.
func TestStartRule(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.applyPolicy()
		r := w.start(options{})
		w.talk("a", 1)
		r.mustStop(t)
		w.pass(2 * time.Hour)
		worker, err := New(Config{}, w.log, w.state, w.topics, w.logger(), nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- worker.Run(ctx) }()
		w.pass(time.Minute)
		old := worker.Status()[0].Time
		if age := time.Since(time.UnixMilli(old)); age < 2*time.Hour {
			t.Errorf("time has jumped without confirmation: %v", age)
		}
		for i := range 20 {
			w.say(fmt.Sprint("b", i), event.Inbound)
		}
		w.pass(20 * time.Second)
		for _, s := range worker.Status() {
			if age := time.Since(time.UnixMilli(s.Time)); age > 20*time.Second {
				t.Errorf("%s/%d: time stands still %v ago", s.Stage, s.Partition, age)
			}
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
