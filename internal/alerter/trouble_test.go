package alerter

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	_ "testing/synctest" // time is virtual here, see inWorld
	"time"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/notify"
)

// TestCrashBetweenAnyTwoCalls lets an alerter die at a call to the log or to the state, before it is made or after it with the answer lost, and another one take over. Whichever
// call it is: everything is told, in order, and whatever is told twice has the same id.
func TestCrashBetweenAnyTwoCalls(t *testing.T) {
	for _, call := range []string{"claim", "bounds", "create", "load", "fetch", "apply", "mark", "produce"} {
		for _, when := range []string{"before ", "after "} {
			t.Run(when+call, func(t *testing.T) {
				deaths := 0
				for _, times := range []int{0, 1, 5} {
					inWorld(t, func(t *testing.T, w *world) {
						var box inbox
						p := &plug{left: times, at: when + call}
						o := behind(p)
						o.cfg.Tenants = []Tenant{tenantT(&box)}
						first := w.start(o)
						due := time.Now().Add(20 * time.Second)
						for i := range 10 {
							w.relay(breach(fmt.Sprint("a", i), 1, event.SignalWarning, due))
							time.Sleep(time.Second)
						}
						time.Sleep(15 * time.Second)
						for i := range 10 {
							w.relay(breach(fmt.Sprint("a", i), 2, event.SignalBreach, due))
							time.Sleep(300 * time.Millisecond)
						}
						first.cancel()
						<-first.done
						first.close()
						second := w.start(serving(tenantT(&box)))
						w.rest(second)
						time.Sleep(time.Minute)
						checkTold(t, box.all(), 10, notify.SLABreached)
						for i := range 10 {
							w.relay(breach(fmt.Sprint("a", i), 3, event.SignalSettled, due))
						}
						time.Sleep(time.Minute)
						checkTold(t, box.all(), 10, notify.SLASettled)
						second.stop(t)
						if p.died() {
							deaths++
						}
						if t.Failed() {
							t.Fatalf("death at time %d", times)
						}
					})
				}
				if deaths == 0 {
					t.Error("the alerter did not die")
				}
			})
		}
	}
}

// checkTold requires that the last thing told of each of n incidents is of a type, that revisions never go back, and that one id always says the same.
func checkTold(t *testing.T, all []delivered, n int, last notify.Type) {
	t.Helper()
	said := map[string]string{} // by id
	rev, final := map[string]int{}, map[string]notify.Type{}
	take := func(d notify.Notice, typ notify.Type) {
		if d.Revision < rev[d.Incident] {
			t.Errorf("incident %s: revision %d after %d", d.Conversation, d.Revision, rev[d.Incident])
		}
		rev[d.Incident], final[d.Incident] = d.Revision, typ
	}
	for _, d := range all {
		what := fmt.Sprint(d.Type, " ", d.Incident, " ", d.Revision, " ", d.Total)
		if before, again := said[d.ID]; again && before != what {
			t.Errorf("the id %s says %q and %q", d.ID, before, what)
		}
		said[d.ID] = what
		if len(d.Items) == 0 {
			take(d.Notice, d.Type)
			continue
		}
		for _, i := range d.Items {
			take(i, i.Type)
		}
	}
	if len(final) != n {
		t.Errorf("%d of %d incidents were told", len(final), n)
	}
	for id, typ := range final {
		if typ != last {
			t.Errorf("incident %s: last told %s, want %s", id, typ, last)
		}
	}
}

// TestReceiverInTrouble lets the receiver answer 429, 5xx, hang and close in turn: nothing is lost, and what was over meanwhile is one message.
func TestReceiverInTrouble(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var box inbox
		var turn atomic.Int64
		box.set(func(notify.Notice) error {
			switch turn.Add(1) % 8 {
			case 1:
				return &notify.Error{Retry: true, After: 3 * time.Second, Err: errors.New("429")}
			case 2, 3:
				return &notify.Error{Retry: true, Err: errors.New("503")}
			case 4:
				return errHang
			case 5:
				return &notify.Error{Retry: true, Err: io.ErrUnexpectedEOF}
			}
			return nil
		})
		r := w.start(serving(tenantT(&box)))
		w.rest(r)
		for i := range 60 {
			w.relay(breach(fmt.Sprint("a", i), 1, event.SignalBreach, time.Now()))
			time.Sleep(500 * time.Millisecond)
		}
		time.Sleep(5 * time.Minute)
		for i := range 60 {
			w.relay(breach(fmt.Sprint("a", i), 2, event.SignalSettled, time.Now()))
		}
		time.Sleep(10 * time.Minute)
		checkTold(t, box.all(), 60, notify.SLASettled)

		// Down for ten minutes: what began and ended meanwhile is told once, as late; what was retracted, not at all.
		before := len(box.all())
		box.set(func(notify.Notice) error { return &notify.Error{Retry: true, Err: errors.New("500")} })
		w.relay(breach("late", 1, event.SignalBreach, time.Now()), breach("never", 1, event.SignalBreach, time.Now()))
		time.Sleep(5 * time.Minute)
		w.relay(breach("late", 2, event.SignalSettled, time.Now()), breach("never", 2, event.SignalRetracted, time.Now()))
		time.Sleep(5 * time.Minute)
		box.set(nil)
		time.Sleep(3 * time.Minute)
		if got := box.types()[before:]; len(got) != 1 || got[0] != "sla.breach_settled/1" || box.all()[before].Conversation != "late" {
			t.Errorf("told %v", got)
		}
		r.stop(t)
	})
}

// TestFallback lets a receiver be away, and another refuse for good: somebody else is told, once.
func TestFallback(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var away, other inbox
		tenant := tenantT(&away)
		tenant.Receivers[0].Fallback, tenant.Receivers[0].Deadline = "other", time.Minute
		tenant.Receivers = append(tenant.Receivers, Receiver{Name: "other", Notifier: &other, PerIncident: true})
		away.set(func(notify.Notice) error { return &notify.Error{Retry: true, Err: errors.New("503")} })
		r := w.start(serving(tenant))
		w.rest(r)
		began := time.Now()
		w.relay(breach("a", 1, event.SignalBreach, time.Now()))
		time.Sleep(10 * time.Minute)
		if got := other.all(); len(got) != 1 || got[0].at.Sub(began) < time.Minute || got[0].at.Sub(began) > 3*time.Minute {
			t.Fatalf("the other was told %v", other.types())
		}
		away.set(func(notify.Notice) error { return &notify.Error{Hint: "make a new token", Err: errors.New("403")} })
		w.relay(breach("b", 1, event.SignalBreach, time.Now()))
		time.Sleep(5 * time.Minute)
		if got := other.types(); len(got) != 2 || r.metric(t, "vigia_alerter_dead_receiver") != 1 {
			t.Errorf("the other was told %v, dead receivers %v", got, r.metric(t, "vigia_alerter_dead_receiver"))
		}
		w.relay(breach("b", 2, event.SignalSettled, time.Now()))
		time.Sleep(time.Minute)
		if got := other.types(); got[len(got)-1] != "sla.breach_settled/1" {
			t.Errorf("the other was told %v", got)
		}
		r.stop(t)
	})
}

// TestBucket limits a receiver to one notice in two seconds: groups merge while it is full.
func TestBucket(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var box inbox
		tenant := tenantT(&box)
		tenant.Receivers[0].Rate, tenant.Receivers[0].Burst = 0.5, 1
		r := w.start(serving(tenant))
		w.rest(r)
		for i := range 40 {
			w.relay(breach(fmt.Sprint("a", i), 1, event.SignalBreach, time.Now()))
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		total := 0
		for _, d := range box.all() {
			total += max(1, d.Total)
		}
		if total != 40 || len(box.all()) > 5 {
			t.Errorf("%d incidents in %v", total, box.types())
		}
		r.stop(t)
	})
}

// TestManyKills folds many transitions while the alerter is killed again and again: none is lost, and what comes twice has the same id.
func TestManyKills(t *testing.T) {
	conversations, kills := 4000, 20
	if testing.Short() {
		conversations, kills = 500, 5
	}
	inWorld(t, func(t *testing.T, w *world) {
		var box inbox
		tenant := tenantT(&box)
		tenant.Receivers[0].Concurrency = 32
		box.set(func(notify.Notice) error { time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond); return nil })
		due := time.Now().Add(2 * time.Hour)
		var wg sync.WaitGroup
		done := make(chan struct{})
		wg.Go(func() {
			defer close(done)
			for round, kind := range []event.SignalKind{event.SignalWarning, event.SignalBreach, event.SignalRetracted, event.SignalBreach, event.SignalSettled} {
				for from := 0; from < conversations; from += 100 {
					var page []event.Signal
					for i := range 100 {
						s := breach(fmt.Sprint("c", from+i), uint32(round+1), kind, due)
						page = append(page, s)
					}
					w.relay(page...)
					time.Sleep(time.Duration(rand.IntN(800)) * time.Millisecond)
				}
			}
		})
		for range kills {
			p, cut := &plug{}, &wire{}
			o := behind(p)
			o.cfg.Tenants, o.net = []Tenant{tenant}, cut
			victim := w.start(o)
			time.Sleep(time.Duration(4+rand.IntN(8)) * time.Second)
			p.kill()
			cut.sever()
			victim.cancel()
			<-victim.done
			victim.close()
		}
		last := w.startAlone(serving(tenant))
		<-done
		wg.Wait()
		w.rest(last)
		time.Sleep(5 * time.Minute)
		ids := map[string]bool{}
		twice := 0
		for _, d := range box.all() {
			if ids[d.ID] {
				twice++
			}
			ids[d.ID] = true
		}
		final := map[string]notify.Type{}
		digested := 0
		for _, d := range box.all() {
			if d.Type == notify.Digest {
				digested += d.Total
			} else {
				final[d.Conversation] = d.Type
			}
		}
		lost := 0
		for i := range conversations {
			if typ := final[fmt.Sprint("c", i)]; typ != notify.SLASettled {
				lost++
			}
		}
		t.Logf("%d transitions, %d kills: %d notices, %d came twice with the same id, %d told in digests, %d not told alone", conversations*5, kills, len(box.all()), twice, digested, lost)
		if lost > digested {
			t.Errorf("%d incidents are lost", lost-digested)
		}
		last.stop(t)
	})
}

// TestDrain stops an alerter while one delivery is under way and another falls due to be tried again: it waits for the first, begins nothing new, and does not spin, in which
// case time would stand still here.
func TestDrain(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var box inbox
		tenant := tenantT(&box)
		tenant.Receivers[0].Concurrency = 2
		var calls atomic.Int32
		box.set(func(notify.Notice) error {
			if calls.Add(1) > 1 {
				return errors.New("not now")
			}
			time.Sleep(4 * time.Second)
			return nil
		})
		r := w.startAlone(serving(tenant))
		w.relay(breach("slow", 1, event.SignalBreach, time.Now()))
		w.relay(breach("failing", 1, event.SignalBreach, time.Now()))
		for calls.Load() < 2 {
			time.Sleep(10 * time.Millisecond)
		}
		began := time.Now()
		r.stop(t)
		if took := time.Since(began); took < 3*time.Second || took > 4*time.Second {
			t.Errorf("the drain took %v, want the rest of one delivery of 4 s", took)
		}
		if len(box.all()) != 1 || calls.Load() != 2 {
			t.Errorf("%d deliveries in %d calls, want 1 in 2: nothing is begun during a drain", len(box.all()), calls.Load())
		}
	})
}
