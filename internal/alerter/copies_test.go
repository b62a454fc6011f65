package alerter

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	_ "testing/synctest" // time is virtual here, see inWorld
	"time"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/notify"
)

// TestOlderCopy puts an older copy of Redis back: who was told since then is known from the topic of alerts.
func TestOlderCopy(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var box inbox
		r := w.start(serving(tenantT(&box)))
		w.rest(r)
		w.relay(breach("a", 1, event.SignalBreach, time.Now()), breach("b", 1, event.SignalBreach, time.Now()))
		time.Sleep(10 * time.Second)
		file := filepath.Join(t.TempDir(), "state")
		if err := w.redis.SaveFile(file); err != nil {
			t.Fatal(err)
		}
		for i := range 20 {
			w.relay(breach(fmt.Sprint("c", i), 1, event.SignalBreach, time.Now()))
		}
		w.relay(breach("a", 2, event.SignalSettled, time.Now()))
		time.Sleep(10 * time.Second)
		before := len(box.all())
		r.stop(t)
		w.redis.Close()
		w.startRedis()
		if err := w.redis.LoadFile(file); err != nil {
			t.Fatal(err)
		}
		again := w.start(serving(tenantT(&box)))
		w.rest(again)
		w.relay(breach("b", 2, event.SignalSettled, time.Now()))
		time.Sleep(time.Minute)
		if got := box.types()[before:]; before != 23 || len(got) != 1 || got[0] != "sla.breach_settled/1" {
			t.Errorf("%d notices, then %v", before, got)
		}
		again.stop(t)
	})
}

// TestTwoOwners lets two alerters of different groups believe that every shard is theirs: they cost each other time, and whatever is told twice has the same id.
func TestTwoOwners(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var box inbox
		a, b := serving(tenantT(&box)), serving(tenantT(&box))
		a.cfg.Group, b.cfg.Group = "a", "b"
		one, two := w.start(a), w.start(b)
		for round, kind := range []event.SignalKind{event.SignalBreach, event.SignalRetracted, event.SignalBreach, event.SignalSettled} {
			for i := range 20 {
				w.relay(breach(fmt.Sprint("c", i), uint32(round+1), kind, time.Now().Add(time.Hour)))
				time.Sleep(time.Second)
			}
		}
		if one.metric(t, "vigia_alerter_refused_writes_total")+two.metric(t, "vigia_alerter_refused_writes_total") == 0 {
			t.Error("nobody was ever refused: they did not overlap")
		}
		one.stop(t)
		time.Sleep(2 * time.Minute)
		final := map[string]notify.Type{}
		for _, d := range box.all() {
			for _, i := range append(d.Items, d.Notice) {
				final[i.Conversation] = i.Type
			}
		}
		for i := range 20 {
			if typ := final[fmt.Sprint("c", i)]; typ != notify.SLASettled {
				t.Errorf("c%d was last told %s", i, typ)
			}
		}
		two.stop(t)
	})
}

// TestTooLate lets a chat be away for three hours: what was due more than an hour ago does not page when it is back, but stands in one digest.
func TestTooLate(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var box inbox
		tenant := grouped(&box)
		tenant.Receivers[0].MaxAge = time.Hour
		box.set(func(notify.Notice) error { return &notify.Error{Retry: true, Err: errors.New("503")} })
		r := w.start(serving(tenant))
		w.rest(r)
		for i := range 10 {
			w.relay(breach(fmt.Sprint("old", i), 1, event.SignalBreach, time.Now()))
		}
		time.Sleep(3 * time.Hour)
		w.relay(breach("new", 1, event.SignalBreach, time.Now()))
		time.Sleep(5 * time.Minute)
		box.set(nil)
		time.Sleep(20 * time.Minute)
		said := map[notify.Type]int{}
		for _, d := range box.all() {
			said[d.Type] += max(1, d.Total)
		}
		if len(box.all()) != 2 || said[notify.Digest] != 10 || said[notify.SLABreached] != 1 {
			t.Errorf("told %v", box.types())
		}
		r.stop(t)
	})
}
