package kpi

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// called is a cell in which triggers of these classes were counted so often.
func called(of map[uint32]int) *window.Cell {
	c := &window.Cell{}
	for class, n := range of {
		for range n {
			Observe(convo.Moment{Kind: convo.CalledFor, Class: class}, false, func(f window.Family, _ window.Group, s window.Sample) {
				if f == window.Routing {
					c.Add(s, 1)
				}
			})
		}
	}
	return c
}

// TestGoldenNewcombe: the examples of Newcombe (1998), method 10: 56 of 70 against 48 of 80, and 9 of 10 against 3 of 10.
func TestGoldenNewcombe(t *testing.T) {
	for _, c := range []struct {
		a, b       side
		low, high  float64
		value      Number
		basis      string
		n          int64
		heldOut    Number
		comparable bool
	}{
		{side{"a", 56, 70}, side{"b", 48, 80}, 0.0524, 0.3339, "0.2", "significant", 150, "0.8", true},
		{side{"a", 48, 80}, side{"b", 56, 70}, -0.3339, -0.0524, "-0.2", "significant", 150, "0.6", true},
		{side{"a", 9, 10}, side{"b", 3, 10}, 0.1705, 0.8090, "0.6", "not_significant", 20, "0.9", true}, // of few, whatever it is
		{side{"a", 10, 100}, side{"b", 9, 100}, -0.0750, 0.0954, "0.01", "not_significant", 200, "0.1", true},
		{side{"a", 0, 0}, side{"b", 9, 100}, 0, 0, "", "not_significant", 100, "", false},
	} {
		var v Value
		differenceOf(c.a, c.b).put(&v)
		if v.Value != c.value || v.Basis != c.basis || v.N != c.n || v.Numerator.Known() || len(v.Series) != 2 || v.Series[0].Value != c.heldOut || v.Series[1].N != c.b.n {
			t.Errorf("%v less %v: %+v", c.a, c.b, v)
		}
		if c.comparable && (math.Abs(v.Low.Float()-c.low) > 0.0001 || math.Abs(v.High.Float()-c.high) > 0.0001) || !c.comparable && (v.Low.Known() || v.High.Known()) {
			t.Errorf("%v less %v: %s to %s, want %v to %v", c.a, c.b, v.Low, v.High, c.low, c.high)
		}
	}
}

// TestGoldenProactive: of 100 triggers people were told of 60; the funnel, the kinds, and how many fewer asked than of those held out.
func TestGoldenProactive(t *testing.T) {
	const kind, silent = 1, 3 // negative_streak, gone_silent
	c := called(map[uint32]int{
		kind | convo.CalledForTried | convo.CalledForCleared | convo.CalledForEngaged | convo.CalledForAnswered: 20,
		kind | convo.CalledForTried | convo.CalledForCleared | convo.CalledForEngaged:                           10,
		kind | convo.CalledForTried | convo.CalledForCleared | convo.CalledForAsked:                             6,
		silent | convo.CalledForAsked: 4,
		silent:                        20,
		kind | convo.CalledForTried | convo.CalledForHeldOut | convo.CalledForAsked: 30,
		kind | convo.CalledForTried | convo.CalledForHeldOut:                        10,
	})
	type share struct{ value, num, den Number }
	got := map[string]share{}
	for i := range proactiveResolutionRate.Definitions {
		v := ofDefinition(t, &proactiveResolutionRate, proactiveResolutionRate.Definitions[i].ID, c)
		got[v.Definition+proactiveResolutionRate.Definitions[i].ID] = share{v.Value, v.Numerator, v.Denominator}
	}
	want := map[string]share{
		"resolved": {"0.5", "30", "60"}, "engaged": {"0.5", "30", "60"}, "answered": {float(20.0 / 30), "20", "30"}, "asked": {float(10.0 / 60), "10", "60"},
		"lift":             {rounded(0.75 - 6.0/36), "", ""},
		"deadline_at_risk": {"", "0", "0"}, "negative_streak": {float(30.0 / 36), "30", "36"}, "repeat_contact": {"", "0", "0"}, "gone_silent": {"0", "0", "24"}, "bot_loop": {"", "0", "0"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(share{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestDifferenceHolds: an interval holds its difference, is within what is possible, and turns over with the sides.
func TestDifferenceHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) side {
			n := rapid.Int64Range(1, 5000).Draw(t, name)
			return side{name, rapid.Int64Range(0, n).Draw(t, "of it"), n}
		}
		a, b := draw("a"), draw("b")
		r, turned := differenceOf(a, b), differenceOf(b, a)
		const dust = 1e-9
		if r.low > r.distance+dust || r.high < r.distance-dust || r.low < -1-dust || r.high > 1+dust {
			t.Fatalf("%v in %v to %v", r.distance, r.low, r.high)
		}
		if math.Abs(r.low+turned.high) > dust || math.Abs(r.high+turned.low) > dust || r.basis != turned.basis {
			t.Fatalf("%+v turned over is %+v", r, turned)
		}
	})
}
