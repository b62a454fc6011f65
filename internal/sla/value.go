package sla

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// ValueSpec says how what customers are worth is reckoned.
type ValueSpec struct {
	// Currency is what amounts are told in, an ISO 4217 code: others are
	// converted with the exchange rates that hold. Without it nothing is told,
	// and orders are not divided among channels.
	Currency string `json:"currency,omitempty" yaml:"currency"`
	// LifespanMonths is for how long somebody stays a customer, 1 to 600; 0 means
	// 36.
	LifespanMonths int64 `json:"lifespan_months,omitempty" yaml:"lifespan_months"`
	// Margin is the share of the revenue that remains, above 0 and at most 1;
	// MonthlyChurn the share of the customers lost in a month, from 0.0001 to 1;
	// Discount what money loses of its value in a month, 0 to 1. nil is not told;
	// a discount that is not told is 0.
	Margin       *float64 `json:"margin,omitempty" yaml:"margin"`
	MonthlyChurn *float64 `json:"monthly_churn,omitempty" yaml:"monthly_churn"`
	Discount     *float64 `json:"discount,omitempty" yaml:"discount"`
	// Lookback is how long before an order contacts have a share in it, "1h" to
	// "90d"; default "30d".
	Lookback string `json:"lookback,omitempty" yaml:"lookback"`
}

// Worth is how what customers are worth is reckoned, as compiled.
type Worth struct {
	Currency       string // "" when nothing can be told
	LifespanMonths int64
	// In millionths. Margin and MonthlyChurn are 0 when they are not told.
	Margin, MonthlyChurn, Discount int64
}

const (
	defaultLifespan = 36
	defaultLookback = "30d"
	longestLookback = 90 * 24 * time.Hour
)

func (p *Policy) compileValue() error {
	spec := p.spec.Value
	var errs []error
	if spec.Currency != "" && (len(spec.Currency) != 3 || strings.Trim(spec.Currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "") {
		errs = append(errs, fmt.Errorf("value: currency: %q is not a currency; use three capital letters of ISO 4217, such as EUR", spec.Currency))
	}
	p.worth = Worth{Currency: spec.Currency, LifespanMonths: spec.LifespanMonths}
	switch n := spec.LifespanMonths; {
	case n == 0:
		p.worth.LifespanMonths = defaultLifespan
	case n < 0 || n > 600:
		errs = append(errs, fmt.Errorf("value: lifespan_months: %d is out of range; use 1 to 600", n))
	}
	share := func(name string, f *float64, least float64) int64 {
		if f == nil {
			return 0
		}
		if !(*f >= least && *f <= 1) {
			errs = append(errs, fmt.Errorf("value: %s: %v is out of range; use %v to 1, such as 0.05 for 5 %%", name, *f, least))
		}
		return int64(math.Round(*f * 1e6))
	}
	p.worth.Margin = share("margin", spec.Margin, 0.0001)
	p.worth.MonthlyChurn = share("monthly_churn", spec.MonthlyChurn, 0.0001)
	p.worth.Discount = share("discount", spec.Discount, 0)
	if spec.Currency == "" {
		if spec != (ValueSpec{}) {
			errs = append(errs, errors.New("value: currency is empty; name the one to tell amounts in, such as EUR"))
		}
		return errors.Join(errs...)
	}
	lookback := spec.Lookback
	if lookback == "" {
		lookback = defaultLookback
	}
	ms, err := durationIn(lookback, true, time.Hour, longestLookback)
	if err != nil {
		errs = append(errs, fmt.Errorf("value: lookback: %w", err))
	}
	p.lookback = ms
	return errors.Join(errs...)
}

// Worth returns how what customers are worth is reckoned.
func (p *Policy) Worth() Worth { return p.worth }

// ValueLookbackMs returns how many ms before an order contacts have a share in
// it; 0 when orders are not divided among channels.
func (p *Policy) ValueLookbackMs() int64 { return p.lookback }
