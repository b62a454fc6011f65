package oracle

import (
	"math/big"
)

// First contacts and self-service: rule 18.
func init() {
	first, held, final, kept := tiers(200), tiers(210), tiers(220), tiers(230)
	add(KPI{ID: "fcr", ByAgent: true, Default: []string{"provisional"}, Definitions: map[string]Formula{
		"provisional":  of(held, first),
		"final":        of(kept, final),
		"strict":       of([]int{241}, final),
		"net":          of([]int{243}, []int{242}),
		"weighted":     {Metrics: append(tiers(200), held...), Ask: func(q question) (Reading, error) { return weighted(q), nil }},
		"mix_adjusted": {Metrics: append(tiers(200), held...), Ask: func(q question) (Reading, error) { return mixAdjusted(q), nil }},
	}})
	served := []int{250}
	add(KPI{ID: "self_service_rate", Default: []string{"verified"}, Definitions: map[string]Formula{
		"deflected": of([]int{251}, served), "contained": of([]int{252}, served), "verified": of([]int{253}, served), "confirmed": of([]int{254}, served),
	}})
}

func tiers(first int) []int { return []int{first, first + 1, first + 2, first + 3} }

// cellOf is a channel and a tier, counts how many contacts it has and how many of them hold.
type cellOf struct {
	channel string
	tier    int64
}

type counts struct{ n, held int64 }

func cells(s Sums) map[cellOf]counts {
	out := map[cellOf]counts{}
	for no := range 4 {
		for _, m := range s[200+no] {
			c := out[cellOf{m.Group.Channel, m.Value}]
			c.n++
			out[cellOf{m.Group.Channel, m.Value}] = c
		}
		for _, m := range s[210+no] {
			c := out[cellOf{m.Group.Channel, m.Value}]
			c.held++
			out[cellOf{m.Group.Channel, m.Value}] = c
		}
	}
	return out
}

func weighted(q question) Reading {
	var r Reading
	for c, v := range cells(q.within(q.window.From, q.window.To)) {
		w := q.policy.weight(c.channel, c.tier)
		r.N, r.Numerator, r.Denominator = r.N+v.n, r.Numerator+w*v.held, r.Denominator+w*v.n
	}
	if r.Denominator > 0 {
		r.Known, r.Value = true, float64(r.Numerator)/float64(r.Denominator)
	}
	return r
}

func mixAdjusted(q question) Reading {
	before := cells(q.at(q.window.From-28*dayMs, q.window.From))
	var r Reading
	sum, all := new(big.Rat), int64(0)
	for c, v := range cells(q.within(q.window.From, q.window.To)) {
		n := before[c].n
		if n == 0 || v.n == 0 {
			continue
		}
		r.N, all = r.N+v.n, all+n
		sum.Add(sum, big.NewRat(n*v.held, v.n))
	}
	if all == 0 {
		return r
	}
	sum.Quo(sum, big.NewRat(all, 1))
	sum.Mul(sum, big.NewRat(2_000_000, 1))
	sum.Add(sum, big.NewRat(1, 1))
	whole := new(big.Int).Div(sum.Num(), new(big.Int).Mul(sum.Denom(), big.NewInt(2)))
	r.Numerator, r.Denominator = whole.Int64(), 1_000_000
	r.Known, r.Value = true, float64(r.Numerator)/1e6
	return r
}
