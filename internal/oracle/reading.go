package oracle

import "math"

// Reading is a number with what it was made of, rule 12.6.
type Reading struct {
	extras
	Known       bool
	Value       float64 // seconds, a ratio or a count
	N           int64
	Numerator   int64 // of durations the sum in ms
	Denominator int64 // 0 on counts
	Share       bool  // it has an interval
	Low, High   float64
	Percentiles map[int]int64 // 50, 90, 95 and 99 of durations as reported, ms
}

func countOf(n int64) Reading { return Reading{Known: true, Value: float64(n), N: n, Numerator: n} }

func balanceOf(up, of int64) Reading {
	r := Reading{N: of, Numerator: up, Denominator: of}
	if of > 0 {
		r.Known, r.Value = true, float64(up)/float64(of)
	}
	return r
}

const z = 1.959963984540054

// shareOf has the Wilson interval.
func shareOf(x, of int64) Reading {
	r := balanceOf(x, of)
	if !r.Known {
		return r
	}
	n, p := float64(of), float64(x)/float64(of)
	mid := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	r.Share, r.Low, r.High = true, round6(max(0, mid-half)), round6(min(1, mid+half))
	return r
}

func round6(f float64) float64 { return math.Round(f*1e6)/1e6 + 0 } // zero has no sign

func durationsOf(list []int64) Reading {
	r := Reading{N: int64(len(list)), Denominator: int64(len(list))}
	for _, v := range list {
		r.Numerator += v
	}
	if r.N == 0 {
		return r
	}
	r.Known, r.Value, r.Percentiles = true, float64(r.Numerator)/float64(r.N*1000), map[int]int64{}
	for _, p := range []int{50, 90, 95, 99} {
		r.Percentiles[p], _ = percentile(list, p)
	}
	return r
}
