package fold

import (
	"fmt"
	"slices"

	"github.com/vigia-cx/vigia/internal/event"
)

// deliveries checks that every output was applied exactly once, in order.
func (w *world) deliveries() {
	for from := range firstAlarms {
		src := &w.bays[from]
		sent := map[int][]*link{}
		seen := map[string]bool{}
		for _, l := range backwards(src.sent) {
			// Breaches told again after a rebuild carry the ids that they had.
			if !seen[l.id] && !extra(l, l.wire) {
				seen[l.id] = true
				sent[l.wire] = append(sent[l.wire], l)
			}
		}
		first := firstFacts
		if from >= firstFacts {
			first = firstAlarms // what customers forward to each other carries its own revision
		}
		for to := first; to < bays; to++ {
			b := &w.bays[to]
			var got []*link
			once := map[string]bool{}
			heard := map[string]bool{}
			for _, l := range backwards(b.got) {
				if l.wire != from || extra(l, to) {
					continue
				}
				k := fmt.Sprint(l.log, " ", l.Offset, " ", l.id)
				if once[k] {
					w.fail("bay %d applied output %v of bay %d twice", to, l.Position, from)
				}
				once[k] = true
				if l.log == src.log && !heard[l.id] {
					heard[l.id] = true
					got = append(got, l)
				}
			}
			if w.lossy {
				continue
			}
			want := sent[to]
			for i := range max(len(got), len(want)) {
				if i >= len(got) || i >= len(want) || got[i].id != want[i].id || got[i].Offset != want[i].Offset {
					w.fail("bay %d → %d: output %d of %d sent, %d applied: %v, %v", from, to, i, len(want), len(got), at(want, i), at(got, i))
					break
				}
			}
		}
		for _, l := range sent[bays] {
			if !w.lossy && !slices.ContainsFunc(w.wires[bays].recs, func(r record) bool { return r.OutputID == l.id }) {
				w.fail("bay %d: dead letter %v was lost", from, l.Position)
			}
		}
	}
}

// extra: outputs of a later version, and the mark behind what a new lineage tells again, are not there in every lineage.
func extra(l *link, to int) bool {
	switch b := l.body.(type) {
	case event.Signal:
		return b.Trigger == "fact"
	case event.Watermark:
		return to >= firstAlarms
	}
	return false
}

func at(list []*link, i int) string {
	if i >= len(list) {
		return "nothing"
	}
	return fmt.Sprintf("%v.%d %T %+v", list[i].Position, list[i].index, list[i].body, list[i].body)
}

func backwards(l *link) (out []*link) {
	for ; l != nil; l = l.before {
		out = append(out, l)
	}
	slices.Reverse(out)
	return out
}

// triggers counts what stage 2 told, by trigger.
func (w *world) triggers(told map[string]int) {
	for from := firstFacts; from < firstAlarms; from++ {
		for l := w.bays[from].sent; l != nil; l = l.before {
			if s, ok := l.body.(event.Signal); ok {
				told[s.Trigger]++
			}
		}
	}
}
