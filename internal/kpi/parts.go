package kpi

import "math"

// Count returns how many contributions the reading rests on.
func (r Reading) Count() int64 { return r.n }

// Parts returns the numerator and the denominator of shares; of other readings they mean nothing.
func (r Reading) Parts() (num, den int64) { return r.num, r.den }

// Number returns what [Value.Value] says, as a float; NaN where that is null.
func (r Reading) Number() float64 {
	switch {
	case r.kind == counted:
		return float64(r.num)
	case r.kind == money && r.exact != nil:
		f, _ := r.exact.Float64() // the nearest double
		return f
	case (r.kind == change || r.kind == difference) && r.den > 0:
		return r.distance
	case r.kind == change || r.kind == difference:
		return math.NaN()
	case r.step != 0:
		return r.distance / r.step
	case r.kind == estimate:
		return float64(r.num) / float64(r.scale)
	case r.kind == longest && r.n > 0:
		return float64(r.num) / 1000
	case r.kind == timed && r.den > 0:
		return float64(r.num) / float64(r.den*1000)
	case r.kind == average && r.den > 0:
		return float64(r.num) / float64(r.den*r.scale)
	case r.kind == net && r.den > 0:
		return 100 * float64(r.num) / float64(r.den)
	case r.kind == factor && r.den > 0:
		return float64(r.num*max(r.scale, 1)) / float64(r.den)
	case (r.kind == proportion || r.kind == balance) && r.den > 0:
		return float64(r.num) / float64(r.den)
	}
	return math.NaN()
}

// Percentile returns a percentile of durations in seconds; NaN where there is none.
func (r Reading) Percentile(percent int) float64 {
	if r.kind != timed {
		return math.NaN()
	}
	ms, ok := r.spread.Percentile(percent)
	if !ok {
		return math.NaN()
	}
	return float64(ms) / 1000
}
