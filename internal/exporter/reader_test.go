package exporter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/store"
	"github.com/vigia-cx/vigia/internal/window"
)

func (w *world) ask(t testing.TB, q Query) []kpi.Value {
	t.Helper()
	q.Tenant = "acme"
	values, err := w.reader.Values(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// TestReadsWhatMoved: an answer never rests on panes of an older position than its facts, and nothing is fetched again while a slot stands still.
func TestReadsWhatMoved(t *testing.T) {
	w := newWorld(t)
	w.busy()
	q := Query{KPIs: []string{"contacts_offered"}, Window: Lasting(time.Hour)}
	expect := func(when string, n int64) {
		t.Helper()
		if got := w.ask(t, q)[0].N; got != n {
			t.Errorf("%s: %d, want %d", when, got, n)
		}
	}
	fetched := func(do func()) int {
		w.fetched.Store(0)
		do()
		return int(w.fetched.Load())
	}
	if n := fetched(func() { expect("first", 100) }); n == 0 {
		t.Error("nothing was fetched")
	}
	read := func(when string, offered int64, want int) {
		t.Helper()
		if n := fetched(func() { expect(when, offered) }); n != want {
			t.Errorf("%s: %d chunks were fetched, want %d", when, n, want)
		}
	}
	read("nothing moved", 100, 0)
	for _, x := range w.stage1 {
		x.tick(noon)
		x.commit()
	}
	read("only time went on", 100, 0)
	// A retraction reaches into an old chunk.
	w.stage1[0].count("acme", -1, convo.Moment{Kind: convo.Answered, At: noon - 3_500_000, Group: voice("PS", "7"), Band: convo.InTarget, Value: 20_000})
	w.stage1[0].commit()
	read("a retraction", 99, 1)
	w.stage1[1].count("acme", 1, convo.Moment{Kind: convo.Lost, At: noon - 3_500_000, Group: voice("PS", "")})
	w.stage1[1].commit()
	read("a late contribution in the other slot", 100, 1)
	for _, x := range w.stage1 {
		x.count("acme", 1, convo.Moment{Kind: convo.Lost, At: noon, Group: voice("PS", "")})
		x.commit()
	}
	read("a contribution in either, one to a new chunk", 102, 2)
	// Another window needs chunks that were not read yet, at the same position.
	q.Window = Lasting(2 * time.Hour)
	expect("a longer window", 103)
	// A rebuild begins a new lineage: nothing of the old one may show.
	if _, err := w.store.Reset(context.Background(), w.stage1[0].slot, 1, store.Meta{Position: store.Position{Lineage: 2}, LogLineage: 1, Partitions: 2, Partitioner: "murmur2", Schema: 1}); err != nil {
		t.Fatal(err)
	}
	q.Tenant = "acme"
	_, err := w.reader.Values(context.Background(), q)
	if unknown := (*UnknownError)(nil); !errors.As(err, &unknown) || !slices.Equal(unknown.Partitions, []int32{0}) {
		t.Errorf("in a rebuild: %v", err)
	}
}

// TestSmallCache: memory that holds nothing slows down, but changes no answer.
func TestSmallCache(t *testing.T) {
	w := newWorld(t)
	w.busy()
	w.cfg.CacheBytes = 1
	w.reader = NewReader(w.cfg, w)
	for range 2 {
		if got := w.ask(t, Query{KPIs: []string{"contacts_offered"}, Window: Lasting(time.Hour)})[0].N; got != 100 {
			t.Errorf("%d offered", got)
		}
	}
	if n := w.reader.cache.size(); n != 0 {
		t.Errorf("%d bytes are kept", n)
	}
}

func TestCacheIsBounded(t *testing.T) {
	c := newCache(100)
	slot := store.Slot{Stage: stageInteractions}
	for i := range 10 {
		c.put(&item{key: itemKey{slot, fmt.Sprint(i)}, value: i, size: 30})
		c.get(itemKey{slot, "0"}) // stays in use
	}
	if c.size() > 100 || len(c.items) != 3 || c.used.Len() != 3 {
		t.Errorf("%d bytes, %d items", c.size(), len(c.items))
	}
	if it, ok := c.get(itemKey{slot, "0"}); !ok || it.value != 0 {
		t.Error("the item in use was dropped")
	}
	c.put(&item{key: itemKey{slot, "0"}, value: 1, size: 10})
	if it, _ := c.get(itemKey{slot, "0"}); it == nil || it.value != 1 || c.size() != 70 {
		t.Errorf("replaced: %v, %d bytes", it, c.size())
	}
	c.put(&item{key: itemKey{store.Slot{Stage: stageCustomers}, "0"}, value: 2, size: 5})
	c.forget(slot)
	if c.size() != 5 || len(c.items) != 1 {
		t.Errorf("%d bytes, %d items are left when a slot is forgotten", c.size(), len(c.items))
	}
}

// TestManyReaders runs under the race detector.
func TestManyReaders(t *testing.T) {
	w := newWorld(t)
	w.busy()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 5 {
				q := Query{Tenant: "acme", KPIs: []string{"contacts_offered", "sla_overdue", "active_customers"}, Window: Lasting(time.Duration(1+(i+j)%3) * time.Hour)}
				if i%2 == 0 {
					q.By = []window.Dimension{window.DimQueue}
				}
				if _, err := w.reader.Values(context.Background(), q); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 5 {
		w.stage1[0].tick(noon)
		w.stage1[0].commit()
	}
	wg.Wait()
}

// TestWindowsAddUp: the value over [a, c) is that of the merge of [a, b) and [b, c), at every scale, whatever lives in which tier.
func TestWindowsAddUp(t *testing.T) {
	w := newWorld(t)
	kinds := []convo.MomentKind{convo.Answered, convo.Abandoned, convo.FlowOut, convo.FirstResponse, convo.ClockHit, convo.ClockMiss, convo.Started}
	var all []convo.Moment
	for i := range 600 {
		ago := int64(i) * int64(i) * 5000 // dense now, thin three weeks ago
		m := convo.Moment{Kind: kinds[i%len(kinds)], At: noon - ago, Group: voice([]string{"PS", "IN"}[i%2], "7"), Value: int64(i) * 100, Band: convo.Band(1 + i%3), Clock: sla.Clock(i % 3)}
		w.stage1[i%3%2].count("acme", 1, m)
		all = append(all, m)
	}
	w.stage1[0].commit()
	w.stage1[1].commit()
	zone, err := sla.LoadZone("America/Mexico_City")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		length := rapid.SampledFrom([]int64{60_000, 3_600_000, 86_400_000, 7 * 86_400_000}).Draw(t, "length")
		c := noon - rapid.Int64Range(0, length).Draw(t, "ago")
		b := c - rapid.Int64Range(10_000, length).Draw(t, "right")
		a := b - rapid.Int64Range(10_000, length).Draw(t, "left")
		// Cut at edges that survive, so that rounding changes nothing.
		a, _ = window.Round(a, b, noon, zone)
		b, c = window.Round(b, c, noon, zone)
		if a >= b || c-a > window.MaxFineWindow {
			return
		}
		total := func(from, to int64) map[string]int64 {
			values, err := w.reader.Values(context.Background(), Query{Tenant: "acme", Window: Span{ms: to - from}, At: to, By: []window.Dimension{window.DimQueue},
				KPIs: []string{"contacts_offered", "speed_of_answer", "first_response_time", "sla_compliance", "service_level", "conversations_started"}, Definitions: []string{"connect"}})
			if err != nil {
				t.Fatal(err)
			}
			out := map[string]int64{}
			for _, v := range values {
				if v.From != kpi.Timestamp(from, zone) || v.To != kpi.Timestamp(to, zone) {
					t.Fatalf("[%d, %d) was rounded to [%s, %s)", from, to, v.From, v.To)
				}
				name := v.KPI + " " + v.Definition + " " + v.Group["queue"]
				out[name+" n"] += v.N
				out[name+" numerator"] += int64(v.Numerator.Float()*1000 + 0.5)
			}
			return out
		}
		whole, left, right := total(a, c), total(a, b), total(b, c)
		for name := range whole {
			if whole[name] != left[name]+right[name] {
				t.Fatalf("%s: %d is not %d + %d", name, whole[name], left[name], right[name])
			}
		}
		var offered int64
		for _, m := range all {
			if m.At >= a && m.At < c && (m.Kind >= convo.Answered && m.Kind <= convo.Lost) {
				offered++
			}
		}
		if got := whole["contacts_offered default PS n"] + whole["contacts_offered default IN n"]; got != offered {
			t.Fatalf("%d offered, counted %d", got, offered)
		}
	})
}

// TestPanesAreBeingMovedUp: between two steps of a tick a slot may already hold coarser panes than its neighbour.
func TestPanesAreBeingMovedUp(t *testing.T) {
	w := newWorld(t)
	at := noon - 2*3_600_000 - 1_100_000 // its chunk of 10 s panes is due
	w.stage1[0].at = at                  // as if time had stood still there: the pane is fine
	w.stage1[0].count("acme", 1, convo.Moment{Kind: convo.Started, At: at, Group: voice("PS", "")})
	w.stage1[1].count("acme", 1, convo.Moment{Kind: convo.Started, At: at, Group: voice("PS", "")})
	for _, x := range w.stage1 {
		x.tick(at + 600_000) // readers believe that both are fine
		x.commit()
	}
	v := w.ask(t, Query{KPIs: []string{"conversations_started"}, Window: Lasting(time.Minute), At: at + 30_000})[0]
	if v.N != 2 || v.From != "2026-03-20T03:30:00-06:00" || v.To != "2026-03-20T03:45:00-06:00" {
		t.Errorf("%d in [%s, %s)", v.N, v.From, v.To)
	}
}

func TestGroupsAreTheUnion(t *testing.T) {
	w := newWorld(t)
	w.busy()
	got := map[string][]string{}
	for _, v := range w.ask(t, Query{KPIs: []string{"contacts_offered", "contacts_waiting", "active_customers"}, By: []window.Dimension{window.DimQueue}, Window: Lasting(5 * time.Minute)}) {
		got[v.KPI] = append(got[v.KPI], v.Group["queue"]+"="+string(v.Value))
	}
	if diff := cmp.Diff(map[string][]string{
		"contacts_offered": {"=0", "IN=0", "PS=5"}, "contacts_waiting": {"=0", "IN=0", "PS=2"}, "active_customers": {"IN=0", "PS=7"},
	}, got); diff != "" {
		t.Error(diff)
	}
}

func TestStage2HasItsOwnTime(t *testing.T) {
	w := newWorld(t)
	w.busy()
	w.stage2[1].tick(noon - 4000)
	w.stage2[1].commit()
	values := w.ask(t, Query{KPIs: []string{"contacts_offered", "active_customers"}, Window: Lasting(time.Hour)})
	if values[0].FreshnessS != "1.5" || values[1].FreshnessS != "5.5" {
		t.Errorf("freshness %s and %s", values[0].FreshnessS, values[1].FreshnessS)
	}
}
