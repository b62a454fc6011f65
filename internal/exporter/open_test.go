package exporter

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
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

// TestLongListsAreReadOnceASecond: an answer from a list that is kept tells the instant that the list is of, not that of the facts.
func TestLongListsAreReadOnceASecond(t *testing.T) {
	w := newWorld(t)
	w.fillOpen(2*longList + 4)
	h := newHandler(t, w)
	expect := func(when string, total int, freshness string) {
		t.Helper()
		var body struct {
			Total      int        `json:"total"`
			FreshnessS kpi.Number `json:"freshness_s"`
		}
		if err := json.Unmarshal(get(h, "/api/v1/conversations").Body.Bytes(), &body); err != nil {
			t.Fatal(err)
		}
		if body.Total != total || string(body.FreshnessS) != freshness {
			t.Errorf("%s: %d conversations, fresh to %s s, want %d, %s s", when, body.Total, body.FreshnessS, total, freshness)
		}
		if v := values(t, h, "/api/v1/kpis?kpi=sla_running&definition=resolution")[0]; int(v.Value.Float()) != total || string(v.FreshnessS) != freshness {
			t.Errorf("%s: %s running, fresh to %s s, want %d, %s s", when, v.Value, v.FreshnessS, total, freshness)
		}
	}
	change := func(i int) {
		for _, x := range w.stage1 {
			x.tick(w.now - 100)
		}
		w.stage1[0].set("o:acme", openNumber(2*i, noon).Conversation, nil)
		w.stage1[0].commit()
		w.stage1[1].commit()
	}
	expect("first", 2*longList+4, "1.5")
	w.now += 600
	change(0)
	expect("after 0.6 s", 2*longList+4, "2.1")
	w.now += 600
	expect("after 1.2 s", 2*longList+3, "0.7")
	change(1)
	open, err := h.reader.Conversations(context.Background(), "acme")
	if err != nil || len(open.List) != 2*longList+2 || open.Now-open.AsOf != 100 {
		t.Errorf("a fresh list: %v", err)
	}
	for i := range 3 { // a short list is read whenever its slot has moved
		change(2 + i)
	}
	expect("a short list", 2*longList-1, "0.1")
	w.now += 1000
	expect("a short one, and one that is kept too long", 2*longList-1, "1.1")
	change(5)
	expect("a short one, and one that is kept", 2*longList-2, "1.1")
}

// TestListsAreTheSame: what is taken over from the list before is what would have been read.
func TestListsAreTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var before *openList
		fields := map[string][]byte{}
		for range 4 {
			for range rapid.IntRange(0, 20).Draw(t, "changes") {
				o := openNumber(rapid.IntRange(0, 30).Draw(t, "conversation"), noon+int64(rapid.IntRange(0, 2).Draw(t, "revision")))
				if fields[o.Conversation] = o.Encode(); rapid.Bool().Draw(t, "closed") {
					delete(fields, o.Conversation)
				}
			}
			now := noon + rapid.Int64Range(0, 10).Draw(t, "time")
			list, err := decodeOpen(store.Value{Fields: fields}, before, now)
			if err != nil {
				t.Fatal(err)
			}
			if len(list.list) != len(fields) || len(list.at) != len(fields) {
				t.Fatalf("%d of %d conversations", len(list.list), len(fields))
			}
			for id, i := range list.at {
				want, err := convo.DecodeOpen(fields[id])
				want.Conversation = id
				if diff := cmp.Diff(kpi.OpenAt{Open: want, T: now}, list.list[i]); err != nil || diff != "" {
					t.Fatal(err, diff)
				}
			}
			before = list
		}
	})
}

// TestFirstOfMany: picking some is sorting all and cutting.
func TestFirstOfMany(t *testing.T) {
	r := &Reader{cfg: Default()}
	rapid.Check(t, func(t *rapid.T) {
		l := &openList{}
		for i := range rapid.IntRange(0, 600).Draw(t, "conversations") {
			o := convo.Open{Conversation: fmt.Sprint(i), OpenedAt: rapid.Int64Range(1, 50).Draw(t, "opened"), Queue: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "queue")}
			for range rapid.IntRange(0, 2).Draw(t, "promises") {
				o.Promises = append(o.Promises, convo.OpenPromise{Clock: sla.FirstResponse, DueAt: rapid.Int64Range(0, 100).Draw(t, "due")})
			}
			l.list = append(l.list, kpi.OpenAt{Open: o, T: 50})
		}
		s := &snapshot{open: []*openList{l}}
		pass := func(o *kpi.OpenAt) bool { return o.Queue == "a" }
		limit := rapid.IntRange(1, 300).Draw(t, "limit")
		all, some := r.list(s, 50, pass, 0), r.list(s, 50, pass, limit)
		if len(all.List) != all.total {
			t.Fatalf("%d of %d", len(all.List), all.total)
		}
		if diff := cmp.Diff(all.List[:min(limit, len(all.List))], some.List); diff != "" {
			t.Fatal(diff)
		}
		overdue := slices.IndexFunc(append(all.List, Conversation{}), func(c Conversation) bool { return c.State != kpi.Overdue })
		if some.total != all.total || some.overdue != overdue || all.overdue != overdue {
			t.Fatalf("%d and %d of %d and %d are overdue, want %d", some.overdue, all.overdue, some.total, all.total, overdue)
		}
	})
}

// TestCountsGoBack: after a slot has gone back to an older position or has lost its state, equal counts of changes prove nothing.
func TestCountsGoBack(t *testing.T) {
	w := newWorld(t)
	q := Query{KPIs: []string{"speed_of_answer"}, Window: Lasting(10 * time.Minute)}
	answered := func(x *slotState, wait int64) {
		x.count("acme", 1, convo.Moment{Kind: convo.Answered, At: noon - 1000, Group: voice("PS", ""), Value: wait, Band: convo.InTarget})
		x.commit()
	}
	answered(w.stage1[0], 1000)
	if v := w.ask(t, q)[0]; v.Value != "1" {
		t.Errorf("mean %s", v.Value)
	}
	again := func(when string, want kpi.Number, prepare func(x *slotState)) {
		t.Helper()
		if err := w.store.Drop(context.Background(), w.stage1[0].slot); err != nil {
			t.Fatal(err)
		}
		x := begin(t, w.store, stageInteractions, 0)
		x.tick(noon)
		x.enrol(sla.DefaultPolicy("acme", "America/Mexico_City"))
		prepare(x)
		answered(x, int64(want.Float()*1000))
		if v := w.ask(t, q)[0]; v.Value != want {
			t.Errorf("%s: mean %s, want %s", when, v.Value, want)
		}
	}
	again("one position back", "2", func(*slotState) {})
	again("another lineage", "3", func(x *slotState) {
		x.commit()
		meta := store.Meta{Position: store.Position{Lineage: 2}, LogLineage: 1, Partitions: 12, Partitioner: "murmur2", Schema: 1}
		if _, err := w.store.Reset(context.Background(), x.slot, 1, meta); err != nil {
			t.Fatal(err)
		}
		x.pos = meta.Position
		x.tick(noon)
		x.enrol(sla.DefaultPolicy("acme", "America/Mexico_City"))
	})
}

// TestMovesWhileRead: the state goes on between the question what has changed and the reading of it.
func TestMovesWhileRead(t *testing.T) {
	w := newWorld(t)
	w.busy()
	q := Query{KPIs: []string{"contacts_offered"}, By: []window.Dimension{window.DimQueue}, Window: Lasting(2 * time.Hour)}
	w.ask(t, q)
	answer := func(x *slotState, ago int64) {
		x.count("acme", 1, convo.Moment{Kind: convo.Answered, At: noon - ago, Group: voice("PS", ""), Value: 1, Band: convo.InTarget})
		x.commit()
	}
	for trouble := range 12 {
		moves := int64(0)
		w.before = func() {
			if int(moves) < trouble%5 {
				answer(w.stage1[0], moves*1_000_000)
			}
			moves++
		}
		answer(w.stage1[1], 1000)
		got := w.ask(t, q)
		w.before = nil
		fresh := NewReader(w.cfg, w)
		want, err := fresh.Values(context.Background(), Query{Tenant: "acme", KPIs: q.KPIs, By: q.By, Window: q.Window})
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%d moves: %v %s", trouble%5, err, diff)
		}
	}
}
