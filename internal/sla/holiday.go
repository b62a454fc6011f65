package sla

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Calendars know business time from 1970 through 2099; instants outside count
// as the nearest edge. The bounds keep every compiled calendar finite.
const (
	firstYear = 1970
	lastYear  = 2099
)

// maxHolidays bounds the memory one calendar can ask for.
const maxHolidays = 1000

// Holiday is a date whose hours replace those of its weekday.
type Holiday struct {
	// Date is one day, "2026-12-25", or the same day of every year, "12-25"
	// ("02-29" only where that day exists).
	Date string `json:"date" yaml:"date"`
	// Name is for people.
	Name string `json:"name,omitempty" yaml:"name,omitempty"`
	// Hours are the reduced opening hours, written as in CalendarSpec.Week;
	// none means closed. A night that the day before began goes on to its end.
	Hours []string `json:"hours,omitempty" yaml:"hours,omitempty"`
}

// dayNumber counts days of the wall calendar from 1970-01-01.
func dayNumber(year int, month time.Month, day int) int32 {
	return int32(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / (dayMs / 1000))
}

// parseHolidays returns the hours that exceptional days own, by day number.
// A date of one year beats the same date of every year, which beats the set.
func parseHolidays(list []Holiday, set string) (map[int32][]span, error) {
	if len(list) > maxHolidays {
		return nil, fmt.Errorf("holidays: %d entries, at most %d are allowed; write dates that return each year as \"12-25\"", len(list), maxHolidays)
	}
	closed, errs := map[int32][]span{}, []error(nil)
	days, err := setDays(set)
	if err != nil {
		errs = append(errs, err)
	}
	for _, d := range days {
		closed[d] = nil
	}

	seen := map[string]bool{}
	dated := map[int32][]span{} // applied last
	for _, h := range list {
		hours, err := parseHours(h.Hours)
		if err != nil {
			errs = append(errs, within(fmt.Sprintf("holidays %q", h.Date), err))
			continue
		}
		if seen[h.Date] {
			errs = append(errs, fmt.Errorf("holidays: %q is given twice; keep one", h.Date))
			continue
		}
		seen[h.Date] = true

		if t, err := time.Parse("2006-01-02", h.Date); err == nil && t.Year() >= firstYear && t.Year() <= lastYear {
			dated[dayNumber(t.Date())] = hours
			continue
		}
		t, err := time.Parse("2006-01-02", "2000-"+h.Date) // a leap year: 02-29 is a date
		if err != nil {
			errs = append(errs, fmt.Errorf(`holidays: %q is not a date from %d to %d; write "2026-12-25", or "12-25" for every year`, h.Date, firstYear, lastYear))
			continue
		}
		for y := firstYear; y <= lastYear; y++ {
			if u := time.Date(y, t.Month(), t.Day(), 0, 0, 0, 0, time.UTC); u.Day() == t.Day() {
				closed[dayNumber(u.Date())] = hours
			}
		}
	}
	maps.Copy(closed, dated)
	return closed, errors.Join(errs...)
}

// special is a day whose wall differs from its weekday's.
type special struct {
	day     int32
	pattern int32 // index into the calendar's patterns
	sum     int64 // open ms gained (or lost, negative) by all specials up to and with this one
}

// specials compares every holiday, and the day after it (a night may be
// missing there), with the plain week.
func specials(w week, plain [7][]span, holidays map[int32][]span) (list []special, patterns [][]span) {
	days := make([]int32, 0, 2*len(holidays))
	for d := range holidays {
		days = append(days, d, d+1)
	}
	slices.Sort(days)
	days = slices.Compact(days)

	own := func(d int32) []span {
		if hours, ok := holidays[d]; ok {
			return hours
		}
		return w[weekday(int64(d))]
	}
	known := map[string]int32{}
	var sum int64
	for _, d := range days {
		hours, normal := effective(own(d-1), own(d)), plain[weekday(int64(d))]
		if slices.Equal(hours, normal) {
			continue
		}
		key := fmt.Sprint(hours)
		id, ok := known[key]
		if !ok {
			id = int32(len(patterns))
			known[key], patterns = id, append(patterns, hours)
		}
		sum += openMs(hours) - openMs(normal)
		list = append(list, special{day: d, pattern: id, sum: sum})
	}
	return list, patterns
}

// weekday is 0 for Monday; day 0, 1970-01-01, was a Thursday.
func weekday(day int64) int { return int(floorMod(day+3, 7)) }

func floorMod(a, b int64) int64 {
	m := a % b
	if m < 0 {
		m += b
	}
	return m
}

func floorDiv(a, b int64) int64 { return (a - floorMod(a, b)) / b }
