package alerter

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/notify"
)

// TestPromise follows one promise: warned of, broken, told at once, settled; and another that was retracted before anybody heard of it.
func TestPromise(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var box inbox
		r := w.start(serving(tenantT(&box)))
		w.rest(r)
		due := time.Now().Add(10 * time.Second)
		w.relay(breach("a", 1, event.SignalWarning, due))
		time.Sleep(12 * time.Second)
		called := time.Now()
		w.relay(breach("a", 2, event.SignalBreach, due))
		time.Sleep(time.Minute)
		w.relay(breach("a", 3, event.SignalSettled, due), breach("a", 3, event.SignalSettled, due))
		time.Sleep(10 * time.Second)
		want := []string{"sla.warning/1", "sla.breached/1", "sla.breach_settled/1"}
		if d := cmp.Diff(want, box.types()); d != "" {
			t.Fatal(d)
		}
		got := box.all()
		if late := got[1].at.Sub(called); late > 50*time.Millisecond {
			t.Errorf("told %v after the signal", late)
		}
		for _, n := range got {
			if n.Incident != got[0].Incident || n.Tenant != "t" || n.Labels["queue"] != "sales" || n.Conversation != "a" {
				t.Errorf("notice %+v", n.Notice)
			}
		}
		if got[2].EndsAt.IsZero() || got[2].Revision <= got[1].Revision {
			t.Errorf("the end %+v", got[2].Notice)
		}
		r.stop(t)
	})
}

// TestDown lets the alerter be down for an hour, and for two: what was retracted says nothing, what is over is a line in one digest, what is open is told, what was due more than
// an hour ago does not page.
func TestDown(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var box inbox
		r := w.start(serving(tenantT(&box)))
		w.rest(r)
		w.relay(breach("before", 1, event.SignalBreach, time.Now()))
		time.Sleep(5 * time.Second)
		r.stop(t)
		w.down(t)
		again := w.start(serving(tenantT(&box)))
		w.rest(again)
		time.Sleep(time.Minute)
		w.checkDown(t, &box, 1)
		time.Sleep(3 * time.Hour)
		if n := len(box.all()); n != 4 {
			t.Errorf("%v afterwards", box.types())
		}
		again.stop(t)
	})
}

// down is two hours in which things happen and nobody is told.
func (w *world) down(t *testing.T) {
	t.Helper()
	w.relay(breach("old", 1, event.SignalBreach, time.Now()))
	time.Sleep(time.Hour + 5*time.Minute)
	w.relay(breach("gone", 1, event.SignalBreach, time.Now()), breach("late", 1, event.SignalBreach, time.Now()))
	time.Sleep(10 * time.Minute)
	w.relay(breach("gone", 2, event.SignalRetracted, time.Now()), breach("late", 2, event.SignalSettled, time.Now().Add(-10*time.Minute)))
	w.relay(breach("open", 1, event.SignalBreach, time.Now()), breach("before", 2, event.SignalSettled, time.Now().Add(-75*time.Minute)))
}

func (w *world) checkDown(t *testing.T, box *inbox, before int) {
	t.Helper()
	var said []string
	for _, d := range box.all()[before:] {
		switch {
		case d.Type == notify.Digest:
			var of []string
			for _, i := range d.Items {
				of = append(of, i.Conversation)
			}
			slices.Sort(of)
			said = append(said, fmt.Sprint("digest of ", d.Total, " ", of))
		default:
			said = append(said, fmt.Sprint(d.Type, " ", d.Conversation))
		}
	}
	slices.Sort(said)
	want := []string{"digest of 2 [late old]", "sla.breach_settled before", "sla.breached open"}
	if d := cmp.Diff(want, said); d != "" {
		t.Error(d)
	}
}

// TestEmptyRedis starts with a Redis that has lost everything: what was told is known from the topic of alerts.
func TestEmptyRedis(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var box inbox
		r := w.start(serving(tenantT(&box)))
		w.rest(r)
		for i := range 50 {
			w.relay(breach(fmt.Sprint("open", i), 1, event.SignalBreach, time.Now()), breach(fmt.Sprint("over", i), 1, event.SignalBreach, time.Now()))
			w.relay(breach(fmt.Sprint("over", i), 2, event.SignalSettled, time.Now()))
		}
		w.relay(breach("before", 1, event.SignalBreach, time.Now()))
		time.Sleep(10 * time.Second)
		before := len(box.all())
		if before < 101 || before > 151 {
			t.Fatalf("%d notices", before)
		}
		r.stop(t)
		w.redis.Close()
		w.startRedis()
		w.down(t)
		again := w.start(serving(tenantT(&box)))
		w.rest(again)
		time.Sleep(time.Minute)
		w.checkDown(t, &box, before)
		again.stop(t)
	})
}

// TestStorm breaks 10,000 promises in a minute: one notice a group and interval, and the totals are right.
func TestStorm(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var box inbox
		r := w.start(serving(grouped(&box)))
		w.rest(r)
		began := time.Now()
		for i := range 100 {
			var page []event.Signal
			for j := range 100 {
				page = append(page, breach(fmt.Sprint("c", i, "-", j), 1, event.SignalBreach, time.Now()))
			}
			w.relay(page...)
			time.Sleep(600 * time.Millisecond)
		}
		time.Sleep(3 * time.Minute)
		total := 0
		var last time.Time
		for _, d := range box.all() {
			total += max(1, d.Total)
			if !last.IsZero() && d.at.Sub(last) < time.Minute-time.Second {
				t.Errorf("two notices within %v", d.at.Sub(last))
			}
			if last = d.at; len(d.Items) > maxItems || d.Total > 1 && d.Counts[notify.SLABreached] != d.Total {
				t.Errorf("%d items, counts %v of %d", len(d.Items), d.Counts, d.Total)
			}
		}
		if total != 10_000 || len(box.all()) > 3 || box.all()[0].at.Sub(began) > time.Second {
			t.Errorf("%d incidents in %d notices: %v, the first after %v", total, len(box.all()), box.types(), box.all()[0].at.Sub(began))
		}
		r.stop(t)
	})
}

// TestTakeover kills an alerter without a farewell: another one tells what was not told within the session timeout.
func TestTakeover(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var box inbox
		p, cut := &plug{}, &wire{}
		o := behind(p)
		o.cfg.Tenants, o.net = []Tenant{tenantT(&box)}, cut
		victim := w.start(o)
		time.Sleep(10 * time.Second)
		w.relay(breach("a", 1, event.SignalBreach, time.Now()))
		time.Sleep(time.Second)
		if len(box.all()) != 1 {
			t.Fatalf("told %v", box.types())
		}
		p.kill()
		cut.sever()
		died := time.Now()
		w.relay(breach("b", 1, event.SignalBreach, time.Now()))
		heir := w.start(serving(tenantT(&box)))
		for len(box.all()) < 2 && time.Since(died) < time.Minute {
			time.Sleep(10 * time.Millisecond)
		}
		late := time.Since(died)
		t.Logf("taken over after %v", late)
		if late > 15*time.Second || len(box.all()) != 2 {
			t.Errorf("taken over after %v: %v", late, box.types())
		}
		synctest.Wait()
		heir.stop(t)
		victim.cancel()
		<-victim.done
		victim.close()
	})
}
