package kpi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Value is one number with everything that is needed to judge it. Encoded as JSON it is the one shape in which numbers leave Vigia; decoding gives
// the same value back.
type Value struct {
	KPI        string            `json:"kpi"`
	Definition string            `json:"definition"`
	Version    int               `json:"version"`
	Tenant     string            `json:"tenant"`
	Group      map[string]string `json:"group"`
	// Params are the target and threshold of the queues, in seconds, where they matter and are the same for the whole group.
	Params map[string]Number `json:"params"`
	// From and To bound the window [from, to) as rounded to surviving panes, RFC 3339 in the tenant's zone. Both are AsOf for KPIs about now.
	From string `json:"from"`
	To   string `json:"to"`
	// Value is null when nothing is known or nothing happened that could be measured; a count of nothing is 0.
	Value Number `json:"value"`
	Unit  Unit   `json:"unit"`
	// N is how many contributions the value rests on.
	N int64 `json:"n"`
	// Numerator and Denominator are exact: of durations the sum in seconds and N, of ratios the two counts, of counts the count and null.
	Numerator   Number `json:"numerator"`
	Denominator Number `json:"denominator"`
	// Low and High are the 95 % interval of proportions (Wilson) and of what is made of shares, null otherwise.
	Low  Number `json:"low"`
	High Number `json:"high"`
	// The percentiles of durations, in seconds, at most 1.1 % off; other units have none.
	P50 *Number `json:"p50,omitempty"`
	P90 *Number `json:"p90,omitempty"`
	P95 *Number `json:"p95,omitempty"`
	P99 *Number `json:"p99,omitempty"`
	// Mean is the mean score of surveys, on their scale; Distribution how often each score was given.
	Mean         *Number `json:"mean,omitempty"`
	Distribution []Bin   `json:"distribution,omitempty"`
	// Basis says what the denominator is where that depends on what is known; of money the currency and the rates used, or why there is no value.
	Basis string `json:"basis,omitempty"`
	// Series are the steps of a profile or a forecast, in the order of time.
	Series []Step `json:"series,omitempty"`
	// MinN is below how many contributions values of single groups are hidden; Hidden says that this one is: everything but N is null then.
	MinN   int64 `json:"min_n,omitempty"`
	Hidden bool  `json:"hidden,omitempty"`
	// Baseline is what the value is compared with; nil unless that was asked for, and of KPIs about now.
	Baseline *Baseline `json:"baseline,omitempty"`
	// AsOf is the instant up to which everything is known, RFC 3339; FreshnessS is its age in seconds.
	AsOf       string `json:"as_of"`
	FreshnessS Number `json:"freshness_s"`
	// Complete is false when something that belongs into the window is known to be missing or not known yet.
	Complete bool `json:"complete"`
}

// Bin is how often a score was given.
type Bin struct {
	Score Number `json:"score"`
	N     int64  `json:"n"`
}

// Step is one step of a series. At names it: an instant (RFC 3339), or "monday 09:15". Low and High bound what is to be expected in nine cases of ten; both are null where
// nothing is expected. The sides of a comparison are steps as well: At is their name, Low and High their interval, N what they rest on.
type Step struct {
	At    string `json:"at"`
	Value Number `json:"value"`
	Low   Number `json:"low"`
	High  Number `json:"high"`
	N     int64  `json:"n,omitempty"`
}

// hide takes away what few contributions would give away.
func (v *Value) hide() {
	v.Hidden = true
	v.Value, v.Numerator, v.Denominator, v.Low, v.High = "", "", "", "", ""
	v.Mean, v.Distribution, v.Series = nil, nil, nil
	for _, p := range []**Number{&v.P50, &v.P90, &v.P95, &v.P99} {
		if *p != nil {
			*p = new(Number)
		}
	}
}

// Number is a decimal number as text, so that it prints exactly as computed. The empty Number is null.
type Number string

// Known reports whether there is a number.
func (n Number) Known() bool { return n != "" }

// Float returns the number as a float; NaN when it is null.
func (n Number) Float() float64 {
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil {
		return math.NaN()
	}
	return f
}

// MarshalJSON writes the number, or null.
func (n Number) MarshalJSON() ([]byte, error) {
	if n == "" {
		return []byte("null"), nil
	}
	if !json.Valid([]byte(n)) {
		return nil, fmt.Errorf("kpi: %q is not a number", string(n))
	}
	return []byte(n), nil
}

// UnmarshalJSON reads a number, or null.
func (n *Number) UnmarshalJSON(b []byte) error {
	if bytes.Equal(b, []byte("null")) {
		*n = ""
		return nil
	}
	var v json.Number
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*n = Number(v)
	return nil
}

func integer(n int64) Number { return Number(strconv.FormatInt(n, 10)) }

func seconds(ms int64) Number { return SecondsOf(ms) }

// SecondsOf prints milliseconds as seconds, exactly and without trailing zeros.
func SecondsOf(ms int64) Number {
	sign := ""
	if ms < 0 {
		sign, ms = "-", -ms
	}
	s := sign + strconv.FormatInt(ms/1000, 10)
	if f := ms % 1000; f != 0 {
		s += strings.TrimRight(fmt.Sprintf(".%03d", f), "0")
	}
	return Number(s)
}

// float prints the shortest decimal that reads back as the same double, never in scientific notation.
func float(f float64) Number { return Number(strconv.FormatFloat(f, 'f', -1, 64)) }

// rounded prints six decimals: what lies behind them may differ between processors, which round chains of operations differently.
func rounded(f float64) Number { return float(math.Round(f*1e6) / 1e6) }

// Timestamp prints an instant (Unix ms) as RFC 3339 in a zone, with milliseconds only when there are some.
func Timestamp(at int64, zone *time.Location) string {
	return time.UnixMilli(at).In(zone).Format("2006-01-02T15:04:05.999Z07:00")
}
