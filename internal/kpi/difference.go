package kpi

import "math"

// enoughCases is how many each of two shares must rest on before their difference is called more than chance.
const enoughCases = 30

// side is one of two shares that are compared.
type side struct {
	name   string
	num, n int64
}

// differenceOf reads the first share less the second, with Newcombe's 95 % interval: the Wilson intervals of both, joined.
func differenceOf(a, b side) Reading {
	r := Reading{kind: difference, n: a.n + b.n, basis: "not_significant"}
	r.series = func() []Step {
		var steps []Step
		for _, s := range [...]side{a, b} {
			var v Value
			proportionOf(s.num, s.n).put(&v)
			steps = append(steps, Step{At: s.name, Value: v.Value, Low: v.Low, High: v.High, N: s.n})
		}
		return steps
	}
	if a.n <= 0 || b.n <= 0 {
		return r
	}
	p1, p2 := float64(a.num)/float64(a.n), float64(b.num)/float64(b.n)
	l1, u1 := wilson(a.num, a.n)
	l2, u2 := wilson(b.num, b.n)
	r.den, r.distance = 1, p1-p2
	r.low, r.high = r.distance-math.Hypot(p1-l1, u2-p2), r.distance+math.Hypot(u1-p1, p2-l2)
	if (r.low > 0 || r.high < 0) && min(a.n, b.n) >= enoughCases {
		r.basis = "significant"
	}
	return r
}
