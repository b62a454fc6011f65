package kpi

import (
	"math"
	"math/big"

	"github.com/vigia-cx/vigia/internal/window"
)

// Reading is what a definition reads off: exact numbers, not yet printed.
type Reading struct {
	kind     Shape
	n        int64
	num, den int64 // ms for durations
	spread   window.Agg

	scale          int64   // of averages: num is in parts of 1/scale; of factors: den is
	distance, step float64 // of factors that are not fractions of integers: their quotient, unless step is 0
	promoters      int64   // of net scores
	detractors     int64
	low, high      float64 // of differences
	mean           Number
	bins           []Bin
	exact          *big.Rat // of money: the value, nil when there is none
	top, bottom    Number   // what it is made of
	basis          string
	series         func() []Step // made when it is shown
}

// Shape says what a reading is made of, and so what its value can tell.
type Shape uint8

const (
	counted    Shape = iota // num of things
	timed                   // num ms over n durations, with a histogram
	longest                 // num ms, the most of n
	proportion              // num of den
	balance                 // num over den, num from -den to den
	average                 // num/scale over den
	net                     // promoters less detractors of den, in points
	factor                  // num over den, with n beside it
	estimate                // num/scale of things, as may be expected from n of them
	change                  // distance points between two net scores, give or take step
	difference              // distance between two shares, with low and high; den is 0 when one of them is of nothing
	money                   // exact
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

// averageOf reads the mean of n numbers whose sum is num/scale.
func averageOf(num, n, scale int64) Reading {
	return Reading{kind: average, n: n, num: num, den: n, scale: scale}
}

// netOf reads promoters less detractors among n, in points, with the adjusted Wald interval.
func netOf(promoters, detractors, n int64) Reading {
	return Reading{kind: net, n: n, num: promoters - detractors, den: n, promoters: promoters, detractors: detractors}
}

// factorOf reads num/den of something that n contributions tell.
func factorOf(num, den, n int64) Reading { return Reading{kind: factor, n: n, num: num, den: den} }

// estimateOf reads num/scale things that may be expected, going by n of them.
func estimateOf(num, scale, n int64) Reading {
	return Reading{kind: estimate, n: n, num: num, scale: scale}
}

// in says that the denominator of a factor counts parts of 1/scale.
func (r Reading) in(scale int64) Reading {
	r.scale = scale
	return r
}

// put prints the reading into a value.
func (r Reading) put(v *Value) {
	v.N, v.Distribution, v.Basis = r.n, r.bins, r.basis
	if r.series != nil {
		v.Series = r.series()
	}
	if r.mean != "" {
		v.Mean = new(r.mean)
	}
	switch r.kind {
	case counted:
		v.Value, v.Numerator = integer(r.num), integer(r.num)
		return
	case estimate:
		v.Value = float(float64(r.num) / float64(r.scale))
		v.Numerator = v.Value
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
	if r.kind == money {
		v.Numerator, v.Denominator = r.top, r.bottom
		if r.exact != nil {
			v.Value = float(r.Number())
		}
		return
	}
	if r.kind == change {
		if r.den > 0 {
			v.Value, v.Low, v.High = rounded(r.distance), rounded(r.distance-r.step), rounded(r.distance+r.step)
		}
		return
	}
	if r.kind == difference {
		if r.den > 0 {
			v.Value, v.Low, v.High = rounded(r.distance), rounded(r.low), rounded(r.high)
		}
		return
	}
	if r.step != 0 {
		v.Value, v.Numerator, v.Denominator = rounded(r.distance/r.step), float(r.distance), rounded(r.step)
		return
	}
	v.Numerator, v.Denominator = integer(r.num), integer(r.den)
	if r.kind == average && r.scale > 1 {
		v.Numerator = rounded(float64(r.num) / float64(r.scale))
	}
	if r.kind == factor && r.scale > 1 {
		v.Denominator = rounded(float64(r.den) / float64(r.scale))
	}
	if r.den <= 0 {
		return
	}
	switch r.kind {
	case factor:
		v.Value = float(float64(r.num*max(r.scale, 1)) / float64(r.den))
	case average:
		v.Value = float(float64(r.num) / float64(r.den*r.scale))
	case net:
		v.Value = rounded(100 * float64(r.num) / float64(r.den))
		low, high := adjustedWald(r.promoters, r.detractors, r.den)
		v.Low, v.High = rounded(100*low), rounded(100*high)
	case proportion:
		low, high := wilson(r.num, r.den)
		v.Low, v.High = rounded(low), rounded(high)
		fallthrough
	default:
		v.Value = float(float64(r.num) / float64(r.den))
	}
}

// adjustedWald returns the 95 % interval of a net score: 0.75, 1.5 and 0.75 answers are added, so that few answers that agree do not look certain.
func adjustedWald(promoters, detractors, n int64) (low, high float64) {
	const z = 1.959963984540054
	m := float64(n) + 3
	p, d := (float64(promoters)+0.75)/m, (float64(detractors)+0.75)/m
	half := z * math.Sqrt((p+d-(p-d)*(p-d))/m)
	return max(-1, p-d-half), min(1, p-d+half)
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
