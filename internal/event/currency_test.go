package event

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestCurrencies(t *testing.T) {
	all := Currencies()
	if !slices.IsSortedFunc(all, func(a, b Currency) int { return strings.Compare(a.Code, b.Code) }) && all[len(all)-1].Code != "XXX" {
		t.Error("not in the order of their codes")
	}
	seen := map[uint16]string{}
	for _, c := range all {
		if was := seen[c.Number]; was != "" || c.Number < 8 || c.Number > NoCurrency || CurrencyNumber(c.Code) != c.Number {
			t.Errorf("%+v, which is also that of %q; %s reads as %d", c, was, c.Code, CurrencyNumber(c.Code))
		}
		seen[c.Number] = c.Code
	}
	for code, number := range map[string]uint16{"ALL": 8, "ARS": 32, "BRL": 986, "CLP": 152, "COP": 170, "EUR": 978, "GBP": 826, "JPY": 392, "MXN": 484, "PEN": 604, "USD": 840, "UYU": 858, "ZWG": 924,
		"": NoCurrency, "ABC": NoCurrency, "XXX": NoCurrency, "ZZZ": NoCurrency, "usd": NoCurrency, "EURO": NoCurrency, "ALL008": NoCurrency} {
		if got := CurrencyNumber(code); got != number {
			t.Errorf("%q is %d, want %d", code, got, number)
		}
	}
}

func TestMillionths(t *testing.T) {
	for _, c := range []struct {
		minor  int64
		digits uint32
		want   int64 // -1: too much
	}{
		{1999, 2, 19_990_000}, {-1999, 2, 19_990_000}, {5, 0, 5_000_000}, {1, 6, 1}, {14, 7, 1}, {15, 7, 2}, {149, 8, 1}, {150, 8, 2}, {0, 2, 0}, {math.MaxInt64, 8, 92_233_720_368_547_758},
		{100_000_000_000, 0, MaxAmount}, {100_000_000_001, 0, -1}, {math.MaxInt64, 0, -1}, {math.MinInt64, 6, -1}, {math.MaxInt64, 6, -1}, {1, 9, -1},
	} {
		got, ok := Purchase{AmountMinor: c.minor, MinorDigits: c.digits}.Millionths()
		if !ok {
			got = -1
		}
		if got != c.want {
			t.Errorf("%d with %d digits: %d, want %d", c.minor, c.digits, got, c.want)
		}
	}
}
