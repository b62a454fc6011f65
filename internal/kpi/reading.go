package kpi

import (
	"math"

	"github.com/vigia-cx/vigia/internal/window"
)

// Reading is what a definition reads off: exact numbers, not yet printed.
type Reading struct {
	kind     readingKind
	n        int64
	num, den int64 // ms for durations
	spread   window.Agg
}

type readingKind uint8

const (
	counted    readingKind = iota // num of things
	timed                         // num ms over n durations, with a histogram
	longest                       // num ms, the most of n
	proportion                    // num of den
	balance                       // num over den, num from -den to den
)

func countOf(n int64) Reading { return Reading{kind: counted, n: n, num: n} }

// durationOf reads durations: mean, percentiles, exact sum.
func durationOf(aggs ...window.Agg) Reading {
	var sum window.Agg
	for _, a := range aggs {
		sum.Merge(a)
	}
	return Reading{kind: timed, n: sum.N, num: sum.Sum, den: sum.N, spread: sum}
}

func longestOf(n, ms int64) Reading { return Reading{kind: longest, n: n, num: ms} }

func proportionOf(num, den int64) Reading {
	return Reading{kind: proportion, n: den, num: num, den: den}
}

func balanceOf(num, den int64) Reading { return Reading{kind: balance, n: den, num: num, den: den} }

// put prints the reading into a value.
func (r Reading) put(v *Value) {
	v.N = r.n
	switch r.kind {
	case counted:
		v.Value, v.Numerator = integer(r.num), integer(r.num)
		return
	case longest:
		if r.n > 0 {
			v.Value = seconds(r.num)
		}
		return
	case timed:
		v.Numerator, v.Denominator = seconds(r.num), integer(r.den)
		for _, p := range [...]struct {
			percent int
			at      **Number
		}{{50, &v.P50}, {90, &v.P90}, {95, &v.P95}, {99, &v.P99}} {
			*p.at = new(Number)
			if ms, ok := r.spread.Percentile(p.percent); ok {
				**p.at = seconds(ms)
			}
		}
		if r.den > 0 {
			// One division of two exact integers: the nearest double to the true mean.
			v.Value = float(float64(r.num) / float64(r.den*1000))
		}
		return
	}
	v.Numerator, v.Denominator = integer(r.num), integer(r.den)
	if r.den > 0 {
		v.Value = float(float64(r.num) / float64(r.den))
		if r.kind == proportion {
			low, high := wilson(r.num, r.den)
			v.Low, v.High = rounded(low), rounded(high)
		}
	}
}

// wilson returns the 95 % score interval of a proportion.
func wilson(num, den int64) (low, high float64) {
	const z = 1.959963984540054
	n := float64(den)
	p := float64(num) / n
	mid := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max(0, mid-half), min(1, mid+half)
}
