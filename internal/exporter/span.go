package exporter

import (
	"fmt"
	"strconv"
	"time"

	"github.com/vigia-cx/vigia/internal/window"
)

// Span is the length of a window.
type Span struct {
	kind spanKind
	ms   int64
}

type spanKind uint8

const (
	lasting spanKind = iota
	today            // from the begin of the tenant's day to now
	yesterday
	lastWeek  // the last whole week of the tenant's zone, Monday first
	lastMonth // the last whole month
)

// The windows of the calendar.
var (
	Today     = Span{kind: today}
	Yesterday = Span{kind: yesterday}
	LastWeek  = Span{kind: lastWeek}
	LastMonth = Span{kind: lastMonth}
)

// Lasting is a window of some milliseconds.
func Lasting(d time.Duration) Span { return Span{ms: d.Milliseconds()} }

// longestSpan is how long coarse panes are kept.
const longestSpan = 400 * 24 * time.Hour

// ParseSpan reads "30s", "5m", "1h", "7d", "today", "yesterday", "last_week" or "last_month".
func ParseSpan(s string) (Span, error) {
	switch s {
	case "today":
		return Today, nil
	case "yesterday":
		return Yesterday, nil
	case "last_week":
		return LastWeek, nil
	case "last_month":
		return LastMonth, nil
	}
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}
	if s != "" {
		if unit, ok := units[s[len(s)-1]]; ok {
			n, err := strconv.ParseUint(s[:len(s)-1], 10, 32)
			if d := time.Duration(n) * unit; err == nil && n > 0 && n < 40_000_000 && d >= 10*time.Second && d <= longestSpan {
				return Lasting(d), nil
			}
		}
	}
	return Span{}, fmt.Errorf("%q is not a window; use 10s to 400d, such as 30s, 5m, 1h, 24h or 7d, today, yesterday, last_week or last_month", s)
}

// ends returns the instants [from, to) of the span that ends at an instant.
func (s Span) ends(to int64, zone *time.Location) (int64, int64) {
	day := window.Day(to-1, zone)
	switch s.kind {
	case today:
		return window.DayStart(day, zone), to
	case yesterday:
		return window.DayStart(day-1, zone), window.DayStart(day, zone)
	case lastWeek:
		monday := mondayOf(window.Day(to, zone))
		return window.DayStart(monday-7, zone), window.DayStart(monday, zone)
	case lastMonth:
		first := firstOf(window.Day(to, zone))
		return window.DayStart(firstOf(first-1), zone), window.DayStart(first, zone)
	}
	return to - s.ms, to
}

// mondayOf returns the Monday of the week that a day is in; days are counted as by [window.Day], and 1970-01-01 was a Thursday.
func mondayOf(day int64) int64 { return day - ((day+3)%7+7)%7 }

// firstOf returns the first day of the month that a day is in.
func firstOf(day int64) int64 {
	return day - int64(time.Unix(day*86_400, 0).UTC().Day()) + 1
}
