package kpi

import (
	"fmt"
	"math"
	"testing"
)

// TestSignificance: z by hand, and what is too little to tell.
func TestSignificance(t *testing.T) {
	for _, c := range []struct {
		name string
		z    float64
		want float64
	}{
		// (0.5 − 0.9) / √(75/110 · 35/110 · (1/60 + 1/50))
		{"shares", twoProportions(30, 60, 45, 50), -4.484895},
		{"the same share", twoProportions(5, 50, 10, 100), 0},
		{"all of either", twoProportions(50, 50, 60, 60), 0},
		// (60 − 55) / √(110/4)
		{"counts", twoCounts(60, 1, 50, 1), 0.953463},
		// of 120, 4 of 9 parts are expected: (30 − 53.33) / √(120 · 20/81)
		{"counts of unequal times", twoCounts(30, 60, 90, 75), -4.286607},
	} {
		if math.Abs(c.z-c.want) > 1e-6 {
			t.Errorf("%s: z = %f, want %f", c.name, c.z, c.want)
		}
	}
	share := func(num, den int64) Value {
		var v Value
		proportionOf(num, den).put(&v)
		return v
	}
	count := func(n int64) Value {
		var v Value
		countOf(n).put(&v)
		return v
	}
	w := Window{From: 0, To: 1000}
	for _, c := range []struct {
		name  string
		v, b  Value
		shape Shape
		want  string
	}{
		{"29 are too few", share(29, 29), share(0, 100), ShapeShare, "0 1 ? two_proportion_z"},
		{"30 are enough", share(30, 30), share(0, 100), ShapeShare, "0 1 true two_proportion_z"},
		{"nine in both", count(9), count(0), ShapeCount, "0 9 ? poisson_z"},
		{"ten in both", count(10), count(0), ShapeCount, "0 10 true poisson_z"},
		{"unknown share", share(0, 0), share(1, 100), ShapeShare, "  ? unknown"},
		{"unknown baseline", share(1, 100), share(0, 0), ShapeShare, "  ? unknown"},
	} {
		b := Against(&c.v, w, c.shape, []Based{{Value: c.b, Window: w, Known: true}})
		s := "?"
		if b.Significant != nil {
			s = fmt.Sprint(*b.Significant)
		}
		if got := fmt.Sprint(b.Value, " ", b.Difference, " ", s, " ", b.Method); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	v := count(7)
	if b := Against(&v, w, ShapeCount, []Based{{Value: count(3), Window: w}}); b.Method != MethodUnknown || b.Value.Known() {
		t.Errorf("an incomplete window is compared with: %+v", b)
	}
	known := func(n int64) Based { return Based{Value: count(n), Window: w, Known: true} }
	for want, list := range map[string][]Based{
		"5 2 median":     {known(9), known(1), known(5), {Value: count(100), Window: w}},
		"3.5 3.5 median": {known(9), known(1), known(5), known(2)},
		"  unknown":      {known(9), {Value: count(1), Window: w}},
	} {
		if b := AgainstMedian(&v, w, ShapeCount, list); fmt.Sprint(b.Value, " ", b.Difference, " ", b.Method) != want {
			t.Errorf("%s %s %s, want %s", b.Value, b.Difference, b.Method, want)
		}
	}
}
