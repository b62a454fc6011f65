package oracle

import "math"

// Proactive help: rule 21.
func init() {
	definitions := map[string]Formula{
		"resolved": of([]int{561}, []int{560}), "engaged": of([]int{562}, []int{560}), "answered": of([]int{563}, []int{562}), "asked": of([]int{564}, []int{560}),
		"lift": {Metrics: []int{565, 566, 567, 568}, Read: func(s Sums) Reading { return newcombe(s.N(566), s.N(565), s.N(568), s.N(567)) }},
	}
	for k, name := range triggerNumbers {
		definitions[name] = of([]int{580 + k}, []int{570 + k})
	}
	add(KPI{ID: "proactive_resolution_rate", Default: []string{"resolved"}, Definitions: definitions})
}

// newcombe is the difference of two shares, rule 21.
func newcombe(x1, n1, x2, n2 int64) Reading {
	r := Reading{N: n1 + n2}
	r.Basis = "not_significant"
	a, b := shareOf(x1, n1), shareOf(x2, n2)
	r.Series = []Step{{"held_out", a.Value, a.Low, a.High, a.Known}, {"told", b.Value, b.Low, b.High, b.Known}}
	if n1 == 0 || n2 == 0 {
		return r
	}
	bounds := func(x, n int64) (p, low, high float64) { // of 12.6, not rounded
		f, p := float64(n), float64(x)/float64(n)
		mid, scale := p+z*z/(2*f), 1+z*z/f
		half := z * math.Sqrt(p*(1-p)/f+z*z/(4*f*f))
		return p, max(0, (mid-half)/scale), min(1, (mid+half)/scale)
	}
	p1, l1, u1 := bounds(x1, n1)
	p2, l2, u2 := bounds(x2, n2)
	low, high := p1-p2-math.Sqrt((p1-l1)*(p1-l1)+(u2-p2)*(u2-p2)), p1-p2+math.Sqrt((u1-p1)*(u1-p1)+(p2-l2)*(p2-l2))
	r.Known, r.Share = true, true
	r.Value, r.Low, r.High = round6(p1-p2), round6(low), round6(high)
	if (low > 0 || high < 0) && n1 >= 30 && n2 >= 30 {
		r.Basis = "significant"
	}
	return r
}
