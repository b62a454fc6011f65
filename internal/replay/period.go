package replay

import (
	"fmt"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/window"
)

// By is the length of the periods that values are printed for, on the clock of the tenant's zone.
type By string

// The periods. Weeks begin on Monday.
const (
	Quarter By = "15m"
	Half    By = "30m"
	Hour    By = "hour"
	Day     By = "day"
	Week    By = "week"
	Month   By = "month"
	Total   By = "total"
)

var periods = []By{Quarter, Half, Hour, Day, Week, Month, Total}

// ParseBy reads the name of a period. The error lists the names that exist.
func ParseBy(s string) (By, error) {
	var names []string
	for _, b := range periods {
		if string(b) == s {
			return b, nil
		}
		names = append(names, string(b))
	}
	return "", fmt.Errorf("%q is not a period; use one of %s", s, strings.Join(names, ", "))
}

// fine reports whether periods are shorter than a day, so that they must be read while panes still are.
func (b By) fine() bool { return b == Quarter || b == Half || b == Hour }

const (
	minuteMs = 60 * 1000
	hourMs   = 60 * minuteMs
	dayMs    = 24 * hourMs
)

// period returns the instants [from, to) (Unix ms) of the period that holds an instant. An hour that the clock repeats is two periods, one that it skips is none. total
// has no bounds of its own and returns the day.
func (b By) period(at int64, zone *time.Location) (from, to int64) {
	switch b {
	case Quarter:
		return runOf(at, zone, 15*minuteMs)
	case Half:
		return runOf(at, zone, 30*minuteMs)
	case Hour:
		return runOf(at, zone, hourMs)
	}
	d := window.Day(at, zone)
	first, next := d, d+1
	switch b {
	case Week:
		first = d - (d+3)%7 // 1970-01-01 was a Thursday
		next = first + 7
	case Month:
		y, m, _ := time.UnixMilli(at).In(zone).Date()
		first = dayNumber(y, m)
		next = dayNumber(y, m+1)
	}
	return window.DayStart(first, zone), window.DayStart(next, zone)
}

// dayNumber counts the days from 1970-01-01 to the first of a month.
func dayNumber(y int, m time.Month) int64 {
	return time.Date(y, m, 1, 0, 0, 0, 0, time.UTC).Unix() / (dayMs / 1000)
}

// runOf returns the panes around an instant on which the wall clock, rounded down to length, is the same under the same offset.
func runOf(at int64, zone *time.Location, length int64) (from, to int64) {
	const pane = window.MediumPane
	wall := func(t int64) [2]int64 {
		_, offset := time.UnixMilli(t).In(zone).Zone()
		ms := int64(offset) * 1000
		return [2]int64{floor(t+ms, length), ms}
	}
	from = floor(at, pane)
	here := wall(from)
	for wall(from-pane) == here {
		from -= pane
	}
	to = floor(at, pane) + pane
	for wall(to) == here {
		to += pane
	}
	return from, to
}

func floor(at, length int64) int64 {
	r := at % length
	if r < 0 {
		r += length
	}
	return at - r
}
