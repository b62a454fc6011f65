package kpi

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/window"
)

// TestHistory: whatever the order in which points come, the last one told of an instant holds from there on, and what is encoded comes back.
func TestHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h History
		told := map[int64]int64{}
		for range rapid.IntRange(0, 30).Draw(t, "points") {
			p := ReferencePoint{At: rapid.Int64Range(0, 20).Draw(t, "at"), Value: rapid.Int64Range(0, 9e18).Draw(t, "value"), Currency: "COP"}
			told[p.At] = p.Value
			h = h.Set(p)
		}
		again, err := DecodeHistory(h.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(h, again); diff != "" && len(h)+len(again) > 0 {
			t.Fatal(diff)
		}
		for at := int64(-1); at <= 21; at++ {
			want, known := int64(0), false
			for x := int64(0); x <= at; x++ {
				if v, ok := told[x]; ok {
					want, known = v, true
				}
			}
			if p, ok := again.At(at); ok != known || p.Value != want {
				t.Fatalf("at %d: %+v %v, want %d %v", at, p, ok, want, known)
			}
		}
	})
	var long History
	for at := range int64(maxHistory + 5) {
		long = long.Set(ReferencePoint{At: at})
	}
	if len(long) != maxHistory || long[0].At != 5 {
		t.Errorf("%d points from %d on, want the newest %d", len(long), long[0].At, maxHistory)
	}
}

// whole is a source whose sums are counted from a list of moments.
type whole struct {
	family  window.Family
	moments []convo.Moment
}

func (s whole) Sum(by []window.Dimension, from, to int64) *window.Sum {
	fields := map[string][]byte{}
	cells := map[string]*window.Cell{}
	zero := window.Chunk{Tier: window.Coarse, Start: from / (64 * 24 * 3600_000)}
	for _, m := range s.moments {
		if m.At < from || m.At >= to {
			continue
		}
		Observe(m, false, func(f window.Family, g window.Group, x window.Sample) {
			if f == s.family {
				field := window.Field(0, g)
				if cells[field] == nil {
					cells[field] = &window.Cell{}
				}
				cells[field].Add(x, 1)
			}
		})
	}
	for field, c := range cells {
		fields[field] = c.Encode()
	}
	b, err := window.DecodeBlock(zero, fields)
	if err != nil {
		panic(err)
	}
	a, z := zero.Span(goldenFrame().Window.Zone)
	sum := window.NewSum(s.family, by, a, z, goldenFrame().Window.Zone)
	sum.Add(b)
	return sum
}

func (s whole) Quarters(window.Metric, []window.Dimension, int64, int64) (map[window.Group][]int64, bool) {
	panic("not asked")
}

// TestEvolution compares two sides of the newest marker.
func TestEvolution(t *testing.T) {
	f := goldenFrame()
	marker := f.Window.From + 1000
	answers := func(at int64, promoters, passives, detractors int) (out []convo.Moment) {
		for i, n := range []int{promoters, passives, detractors} {
			for range n {
				out = append(out, convo.Moment{Kind: convo.Recommended, At: at, Value: []int64{10e6, 8e6, 2e6}[i]})
			}
		}
		return out
	}
	ask := func(moments ...[]convo.Moment) Value {
		t.Helper()
		src := whole{window.Routing, slices.Concat(moments...)}
		values, err := npsEvolution.Values(npsEvolution.Resolve(nil), f, []window.Group{{}}, src.Sum(nil, f.Window.From, f.Window.To), src)
		if err != nil {
			t.Fatal(err)
		}
		return values[0]
	}
	if v := ask(answers(marker+1, 5, 0, 0)); v.Value.Known() || v.N != 0 {
		t.Errorf("without a marker: %+v", v)
	}
	f.References = References{{Type: event.EventMarker, Key: "bot"}: {{At: marker}}, {Type: event.EventMarker, Key: "price"}: {{At: marker - 500}}, {Type: event.CustomerBase}: {{At: marker + 1}}}
	v := ask(answers(marker-10, 50, 30, 20), answers(marker+10, 70, 20, 10))
	// (70 − 10) − (50 − 20) = 30; SE² = (0.8 − 0.36)/100 + (0.7 − 0.09)/100 = 0.0105, and 196 √0.0105 = 20.08.
	if got := fmt.Sprintf("%s %s %s n=%d %s", v.Value, v.Low, v.High, v.N, v.Basis); got != "30 9.916346 50.083654 n=200 bot significant" {
		t.Errorf("got %s", got)
	}
	if len(v.Series) != 2 || v.Series[0].Value != "30" || v.Series[1].Value != "60" {
		t.Errorf("series %+v", v.Series)
	}
	if v := ask(answers(marker-10, 5, 3, 2), answers(marker+10, 10, 0, 0)); v.Value != "70" || v.Basis != "bot not_significant" {
		t.Errorf("few answers: %+v", v)
	}
	if v := ask(answers(marker+10, 10, 0, 0)); v.Value.Known() || v.N != 10 || v.Basis != "bot not_significant" {
		t.Errorf("nothing before: %+v", v)
	}
}

// TestEngagement: the customer base is the denominator, or whoever was active within 31 days, and it says which.
func TestEngagement(t *testing.T) {
	f := goldenFrame()
	f.Window.Now = f.Window.To
	var moments []convo.Moment
	for i := range 40 {
		at := f.Window.To - 1 - int64(i)*24*3600_000
		if i < 10 {
			at = f.Window.From
		}
		moments = append(moments, convo.Moment{Kind: convo.Active, At: at})
	}
	src := whole{window.Activity, moments}
	ask := func() string {
		t.Helper()
		values, err := engagementRate.Values(engagementRate.Resolve(nil), f, []window.Group{{}}, src.Sum(nil, f.Window.From, f.Window.To), src)
		if err != nil {
			t.Fatal(err)
		}
		v := values[0]
		return fmt.Sprintf("%s/%s n=%d %s", v.Numerator, v.Denominator, v.N, v.Basis)
	}
	if got := ask(); got != "10/31 n=10 active_31d" {
		t.Errorf("got %s", got)
	}
	f.References = References{{Type: event.CustomerBase}: {{At: 0, Value: 2_000e9}, {At: f.Window.To, Value: 4_000_900_000_000}, {At: f.Window.To + 1, Value: 9e18}}}
	if got := ask(); got != "10/4000 n=10 customer_base" {
		t.Errorf("got %s", got)
	}
	f.References = References{{Type: event.CustomerBase}: {{At: 0, Value: 3e9}}}
	if got := ask(); got != "10/10 n=10 customer_base" {
		t.Errorf("a base that is out of date: %s", got)
	}
}
