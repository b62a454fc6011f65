package config

import (
	"strings"
	"testing"

	"github.com/vigia-cx/vigia/internal/sla"
)

// TestValue: what customers are worth reaches the policy, and a currency that is not in use is an error at its line.
func TestValue(t *testing.T) {
	c, err := load(t, good+"    value: {currency: MXN, lifespan_months: 12, margin: 0.4, monthly_churn: 0.05, discount: 0.01, lookback: 14d}\n")
	if err != nil {
		t.Fatal(err)
	}
	p, err := sla.CompilePolicy(c.Tenant("acme").PolicySpec(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := p.Worth(), (sla.Worth{Currency: "MXN", LifespanMonths: 12, Margin: 400_000, MonthlyChurn: 50_000, Discount: 10_000}); got != want || p.ValueLookbackMs() != 14*24*3600_000 {
		t.Errorf("%+v, lookback %d", got, p.ValueLookbackMs())
	}
	for text, want := range map[string]string{
		"{currency: ABC}":                       `"ABC" is no currency in use; use a code of ISO 4217`,
		"{currency: euro}":                      `value: currency: "euro" is not a currency`,
		"{margin: 0.2}":                         `value: currency is empty; name the one`,
		"{currency: EUR, margin: 20}":           `value: margin: 20 is out of range; use 0.0001 to 1`,
		"{currency: EUR, monthly_churn: 0}":     `value: monthly_churn: 0 is out of range`,
		"{currency: EUR, discount: -1}":         `value: discount: -1 is out of range`,
		"{currency: EUR, lifespan_months: 601}": `value: lifespan_months: 601 is out of range; use 1 to 600`,
		"{currency: EUR, lookback: 91d}":        `value: lookback: "91d" is out of range`,
	} {
		if _, err := load(t, good+"    value: "+text+"\n"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	if c, err = load(t, good); err != nil {
		t.Fatal(err)
	}
	if p, err = sla.CompilePolicy(c.Tenant("acme").PolicySpec(), 1); err != nil || strings.Contains(string(p.JSON()), "value") || p.ValueLookbackMs() != 0 || p.Worth().LifespanMonths != 36 {
		t.Errorf("defaults: %s, %v", p.JSON(), err)
	}
}
