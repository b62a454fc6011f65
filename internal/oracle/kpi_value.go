package oracle

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
)

const (
	shortValue  = 28 * dayMs
	longDays    = 89
	longBasis   = "90d"
	yearMs      = 365 * dayMs
	defaultLife = 36
	billion     = 1_000_000_000
)

// What customers are worth: rules 22.9 and 22.10.
func init() {
	commerce, subscription := money(metricSold), money(metricSubscribed)
	worth := map[string]func(q valueQuestion) Reading{
		"commerce":     func(q valueQuestion) Reading { return q.commerce(q.sums, commerce, q.sums.N(metricBought)) },
		"subscription": func(q valueQuestion) Reading { return q.subscription(subscription) },
		"margin":       func(q valueQuestion) Reading { return q.margin(commerce) },
	}
	rests := map[string][]int{"commerce": slices.Concat(commerce, []int{metricBought}), "margin": slices.Concat(commerce, []int{metricBought}), "subscription": slices.Concat(subscription, []int{metricBought + 1})}
	clv, cac := map[string]Formula{}, map[string]Formula{}
	for name, of := range worth {
		clv[name] = valueFormula("clv", rests[name], of)
		cac[name] = valueFormula("clv_to_cac", rests[name], func(q valueQuestion) Reading { return q.toCost(of) })
	}
	add(KPI{ID: "clv", Default: []string{"commerce"}, Definitions: clv})
	add(KPI{ID: "clv_to_cac", Default: []string{"commerce"}, Definitions: cac})
	channels := map[string]Formula{}
	for model, name := range models {
		parts := money(metricAttributed + 1000*model)
		f := valueFormula("clv_by_channel", parts, func(q valueQuestion) Reading { return q.channel(parts) })
		f.Whole = []int{metricBought}
		channels[name] = f
	}
	add(KPI{ID: "clv_by_channel", Default: []string{"linear"}, Definitions: channels})
}

// money are the metrics of all currencies, from that of number 0 on.
func money(from int) []int {
	var out []int
	for _, c := range event.Currencies() {
		out = append(out, from+int(c.Number))
	}
	return out
}

// codes are those of currencies, by number.
var codes = func() map[int]string {
	out := map[int]string{}
	for _, c := range event.Currencies() {
		out[int(c.Number)] = c.Code
	}
	return out
}()

// valueQuestion is one with the window of rule 22.10 and what is in it.
type valueQuestion struct {
	question
	sums  Sums
	basis []string
	year  *big.Rat // Y
	life  int64    // L
	cost  string   // currency of the acquisition cost, where it matters
}

func valueFormula(id string, metrics []int, read func(valueQuestion) Reading) Formula {
	return Formula{Metrics: metrics, RollUps: true, Current: true, Ask: func(q question) (Reading, error) {
		w, v := q.window, q.policy.Value
		switch {
		case v.Currency == "":
			return Reading{}, fmt.Errorf("%s is not told: the policy has no value.currency", id)
		case w.To < w.Now:
			return Reading{}, fmt.Errorf("%s is known of windows that end now, not of [%s, %s)", id, stamp(w.From), stamp(w.To))
		}
		x := valueQuestion{question: q, life: v.LifespanMonths}
		if x.life == 0 {
			x.life = defaultLife
		}
		if w.To-w.From < shortValue {
			y, m, d := time.UnixMilli(w.To - 1).In(w.Zone).Date()
			x.window.From = firstOf(y, m, d-longDays, w.Zone)
			x.basis = append(x.basis, longBasis)
		}
		x.basis = append(x.basis, v.Currency)
		x.sums, x.year = q.within(x.window.From, w.To), big.NewRat(yearMs, w.To-x.window.From)
		r := read(x)
		r.Money = true
		return r, nil
	}}
}

// rate is what one unit of a currency is worth, nil where nobody says.
func (q valueQuestion) rate(code string) *big.Rat {
	own := q.policy.Value.Currency
	if code == own {
		return big.NewRat(1, 1)
	}
	var found *big.Rat
	for _, n := range q.references(q.tenant, event.ExchangeRate) {
		if n.key != code || n.at > q.window.To {
			continue
		}
		if found = nil; n.currency == own {
			found = big.NewRat(n.value, billion)
		}
	}
	return found
}

// revenue is that of rule 22.9; n is how many moments are converted. What was used is added to the basis.
func (q *valueQuestion) revenue(s Sums, metrics []int) (sum *big.Rat, n int64) {
	sum = new(big.Rat)
	seen := map[string]bool{q.cost: true}
	for _, no := range metrics {
		code := codes[no%1000]
		if len(s[no]) == 0 {
			continue
		}
		seen[code] = true
		rate := q.rate(code)
		if rate == nil {
			continue
		}
		for _, m := range s[no] {
			sum.Add(sum, new(big.Rat).Mul(big.NewRat(m.Value, million), rate))
			n++
		}
	}
	for _, c := range event.Currencies() {
		if !seen[c.Code] || c.Code == q.policy.Value.Currency {
			continue
		}
		text := "none"
		if r := q.rate(c.Code); r != nil {
			text = decimal(r)
		}
		q.basis = append(q.basis, c.Code+"="+text)
	}
	return sum, n
}

// decimal is the exact decimal of a fraction of which the denominator divides a power of ten.
func decimal(r *big.Rat) string {
	s := r.FloatString(30)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// told makes a reading of a value; nil where it is null.
func (q valueQuestion) told(v *big.Rat, revenue *big.Rat, n, customers int64) Reading {
	r := Reading{N: n}
	r.Basis, r.Top, r.Bottom = strings.Join(q.basis, " "), decimal(revenue), fmt.Sprint(customers)
	if v != nil {
		r.Known, r.exact = true, v
		r.Value, _ = v.Float64()
	}
	return r
}

func times(x *big.Rat, more ...*big.Rat) *big.Rat {
	out := new(big.Rat).Set(x)
	for _, m := range more {
		out.Mul(out, m)
	}
	return out
}

// commerce is R / B · Y · L / 12.
func (q valueQuestion) commerce(s Sums, metrics []int, customers int64) Reading {
	revenue, _ := q.revenue(s, metrics)
	if customers == 0 {
		return q.told(nil, revenue, 0, 0)
	}
	return q.told(times(revenue, big.NewRat(1, customers), q.year, big.NewRat(q.life, 12)), revenue, customers, customers)
}

func (q valueQuestion) subscription(metrics []int) Reading {
	revenue, _ := q.revenue(q.sums, metrics)
	n := q.sums.N(metricBought + 1)
	if n == 0 {
		return q.told(nil, revenue, 0, 0)
	}
	return q.told(times(revenue, big.NewRat(q.life, n)), revenue, n, n)
}

// needs is a reading of what cannot be told yet.
func needs(what string) Reading {
	var r Reading
	r.Basis = "needs_" + what
	return r
}

// share is one of a policy in millionths, 0 where it is not told.
func share(f *float64) int64 {
	if f == nil {
		return 0
	}
	return int64(math.Round(*f * 1e6))
}

func (q valueQuestion) margin(metrics []int) Reading {
	v := q.policy.Value
	margin, churn := share(v.Margin), share(v.MonthlyChurn)
	switch {
	case margin == 0:
		return needs("margin")
	case churn == 0:
		return needs("monthly_churn")
	}
	revenue, _ := q.revenue(q.sums, metrics)
	n := q.sums.N(metricBought)
	if n == 0 {
		return q.told(nil, revenue, 0, 0)
	}
	return q.told(times(revenue, big.NewRat(1, 12*n), q.year, big.NewRat(margin, churn+share(v.Discount))), revenue, n, n)
}

// channel is the part of one in what customers of all channels are worth.
func (q valueQuestion) channel(metrics []int) Reading {
	all, err := q.World.sums(q.tenant, Formula{Metrics: []int{metricBought}, RollUps: true}, nil, Window{From: q.window.From, To: q.window.To})
	if err != nil {
		panic(err) // no dimension is named
	}
	customers := all[Group{}].N(metricBought)
	r := q.commerce(q.sums, metrics, customers)
	_, r.N = q.revenue(q.sums, metrics) // of a copy: the basis is told
	return r
}

// toCost divides what a customer is worth by what winning one costs.
func (q valueQuestion) toCost(worth func(valueQuestion) Reading) Reading {
	var cost *number
	for _, n := range q.references(q.tenant, event.AcquisitionCost) {
		if n.at <= q.window.To {
			cost = &n
		}
	}
	if cost == nil || cost.value == 0 {
		return needs("acquisition_cost")
	}
	q.cost = cost.currency
	r := worth(q)
	rate := q.rate(cost.currency)
	if !r.Known || rate == nil {
		r.Known, r.Top, r.Bottom = false, "", ""
		return r
	}
	price := times(big.NewRat(cost.value, billion), rate)
	ratio := new(big.Rat).Quo(r.exact, price)
	r.Top, r.Bottom = sixDecimals(r.Value), decimal(price)
	r.Value, _ = ratio.Float64()
	return r
}

// sixDecimals prints a number as it is told, rounded to six decimals.
func sixDecimals(v float64) string { return strconv.FormatFloat(math.Round(v*1e6)/1e6, 'f', -1, 64) }
