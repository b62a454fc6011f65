package window

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestQuarters: lean blocks and whole ones tell the same counts, and sums that hold all of a chunk are the same too.
func TestQuarters(t *testing.T) {
	for _, tier := range []Tier{Fine, Medium} {
		c := Chunk{tier, 20_000}
		fields := map[string][]byte{}
		begin, end := c.Span(time.UTC)
		want := map[string]int64{}
		groups := []Group{{Channel: "voice", Queue: "a"}, {Channel: "email"}}
		for i := 0; i < c.panes(); i += 7 {
			g := groups[i%2]
			cell := &Cell{}
			for m := Metric(1); m < 5; m++ {
				cell.Add(Sample{Metric: m, N: int64(i + int(m)), Sum: 700, Hist: m == 2}, 1)
			}
			fields[Field(i, g)] = cell.Encode()
			at, _ := Place{c, i}.Span(time.UTC)
			want[fmt.Sprint(at/MediumPane, g)] += int64(i + 3)
		}
		whole, err := DecodeBlock(c, fields)
		if err != nil {
			t.Fatal(err)
		}
		lean := whole.Lean([]Metric{1, 3})
		for name, b := range map[string]*Block{"whole": whole, "lean": lean} {
			got := map[string]int64{}
			if !b.Quarters(3, begin, end, time.UTC, func(at int64, g Group, n int64) { got[fmt.Sprint(at/MediumPane, g)] += n }) {
				t.Errorf("%s: not known", name)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("tier %d, %s: %s", tier, name, diff)
			}
		}
		if lean.Size() >= whole.Size() {
			t.Errorf("a lean block takes %d bytes, the whole one %d", lean.Size(), whole.Size())
		}
		if !whole.Serves(false, nil) || !lean.Serves(true, []Metric{3}) || lean.Serves(false, nil) || lean.Serves(true, []Metric{2}) {
			t.Error("blocks serve what they do not have")
		}
		a, b := NewSum(Routing, nil, begin, end, time.UTC), NewSum(Routing, nil, begin, end, time.UTC)
		a.Add(whole)
		b.Add(lean)
		if diff := cmp.Diff(a.Cell(Group{}).Encode(), b.Cell(Group{}).Encode()); diff != "" {
			t.Error(diff)
		}
		// A window that cuts through a lean block is widened to all of it.
		cut := NewSum(Routing, nil, begin+MediumPane, end+day, time.UTC)
		if tier == Medium {
			if from, to, ok := cut.Add(lean); ok || from != begin || to != end+day {
				t.Errorf("cut: [%d, %d) %v", from, to, ok)
			}
		}
	}
	// Days cannot be taken apart.
	cell := &Cell{}
	cell.Add(Sample{Metric: 1, N: 1}, 1)
	b, err := DecodeBlock(Chunk{Coarse, 300}, map[string][]byte{Field(3, Group{}): cell.Encode()})
	if err != nil {
		t.Fatal(err)
	}
	from, to := Place{Chunk{Coarse, 300}, 3}.Span(time.UTC)
	none := func(int64, Group, int64) {}
	if b.Quarters(1, from, to, time.UTC, none) || !b.Quarters(1, to, to+day, time.UTC, none) || !b.Quarters(2, from, to, time.UTC, none) {
		t.Error("a day is taken apart, or an empty one is not known")
	}
}
