package kpi

import (
	"math/big"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// currencies are those that amounts may be in. Amounts are kept apart by currency, and converted when they are read.
var currencies = event.Currencies()

// ofCurrency numbers the metrics of a kind of amount by model and currency, from the lowest number of a currency on.
func ofCurrency(class uint32) window.Metric { return window.Metric(class) - lowestCurrency }

// exchange converts amounts into one currency.
type exchange struct {
	to    string
	rates References
	at    int64
	span  string   // of days that stand for a window that is too short, and a blank
	basis []string // the rates that were used, as "EUR=1.08"; "none" where there is none
}

// rate is what a unit of a currency is worth, in billionths.
func (x *exchange) rate(currency string) (int64, bool) {
	if currency == x.to {
		return 1e9, true
	}
	p, ok := x.rates.At(event.ExchangeRate, currency, x.at)
	if ok = ok && p.Currency == x.to; ok {
		x.state(currency + "=" + string(p.Number()))
		return p.Value, true
	}
	x.state(currency + "=none")
	return 0, false
}

func (x *exchange) state(rate string) {
	if !slices.Contains(x.basis, rate) {
		x.basis = append(x.basis, rate)
	}
}

// stated is the table of rates: the currency that amounts are told in, then what was converted.
func (x *exchange) stated() string {
	slices.Sort(x.basis)
	return x.span + strings.Join(append([]string{x.to}, x.basis...), " ")
}

// amounts adds up what a cell has in all currencies, exactly; n is how many contributions there are. What has no rate is left out.
func (x *exchange) amounts(c *window.Cell, base window.Metric) (sum *big.Rat, n int64) {
	total := new(big.Int)
	for _, k := range currencies {
		a := c.Metric(base + window.Metric(k.Number) - lowestCurrency)
		if a.N == 0 && a.Sum == 0 {
			continue
		}
		if rate, ok := x.rate(k.Code); ok {
			total.Add(total, new(big.Int).Mul(big.NewInt(a.Sum), big.NewInt(rate)))
			n += a.N
		}
	}
	return new(big.Rat).SetFrac(total, big.NewInt(1e15)), n // millionths by billionths
}

// decimal prints a sum of money exactly; sums have at most 15 decimals.
func decimal(x *big.Rat) Number {
	return trimmed(x.FloatString(15))
}

// trimmed leaves out zeros at the end of decimals.
func trimmed(s string) Number { return Number(strings.TrimSuffix(strings.TrimRight(s, "0"), ".")) }

// lifetime is how a tenant reckons what customers are worth.
type lifetime = sla.Worth

// What customers are worth is projected to years: of less than a month that says nothing, so shorter windows are answered by the quarter that ends with them.
const (
	leastWorth    = 28 * 24 * 60 * minute // ms
	quarterOfDays = 90
	worthReach    = (quarterOfDays + 1) * 24 * 60 * minute
)

// customerValue makes ready to tell what customers are worth, of the view that is returned. The error says what to do next.
func customerValue(v *View, id string) (of *View, w lifetime, x *exchange, err error) {
	if v.Policy != nil {
		w = v.Policy.Worth()
	}
	switch {
	case v.Window.To < v.Window.Now:
		err = &WindowError{KPI: id, Window: v.Window, Reason: "customers who bought are known now, not as they were then; leave \"at\" out"}
	case w.Currency == "":
		err = &WindowError{KPI: id, Window: v.Window, Reason: "the tenant names no currency to tell amounts in; set value.currency in its configuration, and an exchange_rate for each other currency"}
	}
	x = &exchange{to: w.Currency, rates: v.References, at: v.Window.To}
	if err != nil || v.Window.To-v.Window.From >= leastWorth {
		return v, w, x, err
	}
	longer := *v
	longer.Window.From = window.DayStart(window.Day(v.Window.To-1, v.Window.Zone)-quarterOfDays+1, v.Window.Zone)
	longer.Cell = v.At(longer.Window.From, longer.Window.To)
	x.span = "90d "
	return &longer, w, x, nil
}

// yearly is how often a year of 365 days holds the window.
func yearly(w Window) *big.Rat { return big.NewRat(365*24*60*minute, w.To-w.From) }

// worthOf reads what one of n customers is worth, who paid an amount in all, times what that is projected by. count is what it rests on.
func (x *exchange) worthOf(amount *big.Rat, n int64, projected *big.Rat, count int64) Reading {
	r := Reading{kind: money, n: count, den: n, top: decimal(amount), bottom: integer(n), basis: x.stated()}
	if n > 0 {
		r.exact = new(big.Rat).Mul(amount, projected)
		r.exact.Quo(r.exact, big.NewRat(n, 1))
	}
	return r
}
