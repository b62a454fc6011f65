package notify

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/kpi"
)

// duration writes a duration as people say it: two units at most, none that does not matter beside the first.
func duration(d time.Duration) string {
	d = d.Abs()
	if d == 0 {
		return "0 s"
	}
	if d < time.Second {
		return "< 1 s"
	}
	two := func(first, second time.Duration, a, b string) string {
		d := d.Round(second)
		s := strconv.FormatInt(int64(d/first), 10) + " " + a
		if rest := d % first / second; rest != 0 {
			s += " " + strconv.FormatInt(int64(rest), 10) + " " + b
		}
		return s
	}
	switch {
	case d < 59500*time.Millisecond:
		return strconv.FormatInt(int64(d.Round(time.Second)/time.Second), 10) + " s"
	case d < 10*time.Minute:
		return two(time.Minute, time.Second, "min", "s")
	case d < time.Hour-30*time.Second:
		return strconv.FormatInt(int64(d.Round(time.Minute)/time.Minute), 10) + " min"
	case d < 24*time.Hour-30*time.Second:
		return two(time.Hour, time.Minute, "h", "min")
	}
	return two(24*time.Hour, time.Hour, "d", "h")
}

// clockTime writes the time of day, with seconds only when there are some.
func clockTime(at time.Time) string {
	if at.Second() != 0 {
		return at.Format("15:04:05")
	}
	return at.Format("15:04")
}

// instant writes an instant with its day and zone: "2026-03-02 14:32 CET".
func instant(at time.Time) string {
	zone, _ := at.Zone()
	if strings.HasPrefix(zone, "-") || strings.HasPrefix(zone, "+") {
		zone = "UTC" + zone
	}
	return at.Format(time.DateOnly) + " " + clockTime(at) + " " + zone
}

// decimal writes a number with the language's decimal sign.
func decimal(text, lang string) string {
	if lang == "es" || lang == "pt" {
		return strings.Replace(text, ".", ",", 1)
	}
	return text
}

// percent writes a ratio in whole per cent. Next to 0 and 100 it says on which side it is, for "0 %" of something that happened is a lie.
func percent(ratio float64, lang string) string {
	p := ratio * 100
	switch {
	case p > 0 && p < 0.5:
		return "< " + decimal("0.5", lang) + " %"
	case p > 99.5 && p < 100:
		return "> " + decimal("99.5", lang) + " %"
	}
	return strconv.FormatFloat(math.Round(p)+0, 'f', 0, 64) + " %" // + 0: no minus before a zero
}

// number writes a value in its unit, as precise as it is worth; stat picks a percentile ("p90") of durations.
func number(v *kpi.Value, stat, lang string) string {
	n := v.Value
	for name, p := range map[string]*kpi.Number{"p50": v.P50, "p90": v.P90, "p95": v.P95, "p99": v.P99} {
		if name == stat && p != nil {
			n = *p
		}
	}
	f := n.Float()
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return "–"
	}
	switch v.Unit {
	case kpi.Seconds:
		const longest = 100 * 365 * 24 * 3600
		return duration(time.Duration(min(math.Abs(f), longest) * float64(time.Second)))
	case kpi.Ratio:
		return percent(f, lang)
	}
	if f == math.Trunc(f) {
		return strconv.FormatFloat(f, 'f', 0, 64)
	}
	return decimal(strconv.FormatFloat(f, 'f', 1, 64), lang)
}
