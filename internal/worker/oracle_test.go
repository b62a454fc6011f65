package worker

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/pack"
	"github.com/vigia-cx/vigia/internal/store"
)

// fold folds a partition's whole log in one go, one record a commit, with no worker in between.
//
// After a rebuild it tells open breaches again at the mark that the state has kept in its root.
func (w *world) fold(s slotOf) (fold.Memory, []fold.Out) {
	w.t.Helper()
	values, err := w.state.Read(w.t.Context(), []store.SlotRefs{{Slot: s.slot}})
	if err != nil || values[0].Absent {
		w.t.Fatalf("slot %s: %+v, %v", s.slot, values, err)
	}
	meta := values[0].Meta
	o := newOwner(&Worker{topics: w.topics, route: route, metrics: must(newMetrics(nil)), log: w.logger()}, nil, stage{fold: s.stage, topic: Topic{Name: s.topic, Partitions: 2}}, s.slot.Partition)
	if at, ok := w.poison[s.slot]; ok {
		o.poison = map[int64]bool{at: true}
	}
	var outs []fold.Out
	mem := fold.Memory{}
	messages := w.read(s.topic, s.slot.Partition)
	inputs, _ := o.decode(messages)
	config := o.config()
	slot := fold.New(config, mem.Load, fold.Position{}, fold.Start{Fresh: true, LogLineage: meta.LogLineage, StateLineage: meta.Position.Lineage, RestateAt: w.restateAt(s)})
	for _, in := range inputs {
		for done := false; !done; {
			if done, err = slot.Apply(in); err != nil {
				w.t.Fatalf("oracle: slot %s offset %d: %v", s.slot, in.Offset, err)
			}
		}
		c := slot.Commit()
		mem.Apply(c)
		told := map[string]bool{}
		for _, o := range c.Outs {
			// What is told again where it was told for the first time has the same id, and consumers drop it.
			if id := fmt.Sprint(o.Topic, o.Partition, o.Record.OutputID); !told[id] {
				told[id] = true
				outs = append(outs, o)
			}
		}
		slot.Committed(1 << 30)
	}
	return mem, outs
}

// restateAt reads the sixth number of a root.
func (w *world) restateAt(s slotOf) int64 {
	w.t.Helper()
	_, _, values, err := w.state.Load(w.t.Context(), s.slot, []store.Ref{{Key: "root", Field: "r"}})
	if err != nil || !values[0].Found {
		w.t.Fatalf("slot %s: no root: %v", s.slot, err)
	}
	r := pack.NewReader(values[0].Blob)
	r.Uint() // schema
	for range 4 {
		r.Int() // time, boundary, lineages
	}
	return r.Int()
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// verify compares the state of every partition with the log folded anew, and every output in Kafka, once repetitions are dropped, with what that fold emits. The root holds
// lineages and is compared only if no rebuild has happened.
func (w *world) verify(rebuilt bool) {
	w.t.Helper()
	w.rest()
	got := map[string][]string{}
	for _, topic := range []Topic{w.topics.Customers, w.topics.Signals, w.topics.DeadLetters} {
		for p := range int32(topic.Partitions) {
			w.collect(got, topic.Name, p)
		}
	}
	want := map[string][]string{}
	for _, s := range w.slots() {
		mem, outs := w.fold(s)
		for _, o := range outs {
			lane := fmt.Sprintf("%s/%d → %s/%d", s.topic, s.slot.Partition, o.Topic, o.Partition)
			want[lane] = append(want[lane], o.Record.OutputID)
		}
		w.compare(s, mem, rebuilt)
	}
	for _, lane := range slices.Sorted(maps.Keys(want)) {
		if !slices.Equal(got[lane], want[lane]) {
			w.t.Errorf("%s: %d outputs in Kafka, want %d: %v, want %v", lane, len(got[lane]), len(want[lane]), got[lane], want[lane])
		}
	}
}

// collect reads one destination as a consumer does: by the highest offset of each source and the ids at that offset.
func (w *world) collect(got map[string][]string, topic string, partition int32) {
	w.t.Helper()
	type seen struct {
		lineage, offset int64
		ids             []string
	}
	sources := map[string]*seen{}
	for _, m := range w.read(topic, partition) {
		r, err := event.Decode(m.Value)
		if err != nil || r.Seq == nil {
			continue // control records
		}
		lane := fmt.Sprintf("%s/%d → %s/%d", r.Seq.Topic, r.Seq.Partition, topic, partition)
		s := sources[lane]
		if s == nil {
			s = &seen{offset: -1}
			sources[lane] = s
		}
		if r.Seq.LogLineage > s.lineage {
			*s = seen{lineage: r.Seq.LogLineage, offset: -1}
			got[lane] = nil
		}
		if r.Seq.LogLineage < s.lineage || r.Seq.Offset < s.offset || r.Seq.Offset == s.offset && slices.Contains(s.ids, r.OutputID) {
			continue
		}
		if r.Seq.Offset > s.offset {
			s.offset, s.ids = r.Seq.Offset, nil
		}
		s.ids = append(s.ids, r.OutputID)
		got[lane] = append(got[lane], r.OutputID)
	}
}

func (w *world) compare(s slotOf, mem fold.Memory, rebuilt bool) {
	w.t.Helper()
	keys := slices.Sorted(maps.Keys(mem))
	refs := make([]store.Ref, len(keys))
	for i, k := range keys {
		refs[i] = store.Ref{Key: k}
	}
	_, _, values, err := w.state.Load(w.t.Context(), s.slot, refs)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(keys) < 3 {
		w.t.Errorf("slot %s: the oracle has only %v", s.slot, keys)
	}
	for i, k := range keys {
		if rebuilt && k == "root" {
			continue
		}
		if !maps.EqualFunc(values[i].Fields, mem[k], func(a, b []byte) bool { return string(a) == string(b) }) {
			w.t.Errorf("slot %s: %s differs from the log folded anew:\n%s\nwant\n%s", s.slot, k, text(values[i].Fields), text(mem[k]))
		}
	}
}

func text(h map[string][]byte) string {
	var b strings.Builder
	for _, f := range slices.Sorted(maps.Keys(h)) {
		fmt.Fprintf(&b, "  %q: %x\n", f, h[f])
	}
	return b.String()
}

// signals counts the distinct breaches in Kafka.
func (w *world) signals(kind event.SignalKind) int {
	ids := map[string]bool{}
	for p := range int32(w.topics.Signals.Partitions) {
		for _, m := range w.read(w.topics.Signals.Name, p) {
			if r, err := event.Decode(m.Value); err == nil {
				if s, ok := r.Body.(event.Signal); ok && s.Kind == kind {
					ids[r.OutputID] = true
				}
			}
		}
	}
	return len(ids)
}

// verifyRebuilt is verify where a rebuild told open breaches again: states must agree, and every output of the log folded once must be in Kafka in order.
func (w *world) verifyRebuilt() {
	w.t.Helper()
	w.rest()
	got := map[string][]string{}
	for _, topic := range []Topic{w.topics.Customers, w.topics.Signals, w.topics.DeadLetters} {
		for p := range int32(topic.Partitions) {
			w.collect(got, topic.Name, p)
		}
	}
	for _, s := range w.slots() {
		mem, outs := w.fold(s)
		w.compare(s, mem, true)
		next := map[string]int{}
		for _, o := range outs {
			lane := fmt.Sprintf("%s/%d → %s/%d", s.topic, s.slot.Partition, o.Topic, o.Partition)
			for next[lane] < len(got[lane]) && got[lane][next[lane]] != o.Record.OutputID {
				next[lane]++
			}
			if next[lane] == len(got[lane]) {
				w.t.Errorf("%s: output %s of offset %d (%T) is not in Kafka, or not in order", lane, o.Record.OutputID, o.Offset, o.Record.Body)
				break
			}
		}
	}
}
