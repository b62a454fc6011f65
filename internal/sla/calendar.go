package sla

import (
	"errors"
	"fmt"
	"math"
	"sort"
	"time"
)

// CalendarSpec is a set of opening hours as configuration writes it and a
// policy record carries it.
type CalendarSpec struct {
	// Name is how rules refer to the calendar.
	Name string `json:"name" yaml:"name"`
	// Zone is an IANA zone; in a policy "" means the policy's zone.
	Zone string `json:"zone,omitempty" yaml:"zone,omitempty"`
	// Week gives opening hours by day: keys "mon" … "sun", ranges "mon-fri",
	// or "daily"; the more precise key wins. Hours are "08:00-12:00"; "24:00"
	// ends a day, and "22:00-06:00" is a night of the day it starts on. A day
	// not named, or with an empty list, is closed.
	Week map[string][]string `json:"week" yaml:"week"`
	// Holidays replace the hours of single dates.
	Holidays []Holiday `json:"holidays,omitempty" yaml:"holidays,omitempty"`
	// HolidaySet adds a country's national holidays as closed days: "ar", "br",
	// "de", "es", "fr", "gb", "it", "mx", "pt" or "us"; Holidays overrule it.
	HolidaySet string `json:"holiday_set,omitempty" yaml:"holiday_set,omitempty"`
}

// Calendar is a compiled set of opening hours in one zone. It is immutable and
// safe to share.
//
// The wall clock decides: the calendar is open at exactly those instants at
// which a clock on the wall shows a time within the opening hours. So in spring
// the hours that the clock skips are not there, in autumn the hours that it
// shows twice count twice, and a day of 00:00–24:00 is the whole real day of
// 23, 24 or 25 hours.
type Calendar struct {
	name string
	zone *time.Location

	always   bool
	plain    [7][]span // how each weekday's wall is open, nights of the day before included
	weekSum  [8]int64  // open ms from Monday 00:00 to the start of each weekday; [7] is the whole week
	specials []special
	dates    []int32 // that are holidays, ascending
	patterns [][]span
	offsets  []offset
	total    int64 // business ms from firstAt to lastAt
}

// offset is a stretch of time during which the zone's distance from UTC stays.
type offset struct {
	start int64 // Unix ms
	ms    int64 // wall = instant + ms
	sum   int64 // business ms from firstAt to start
	base  int64 // sum less the wall's count at start: business(t) = base + wallSum(t + ms)
}

var (
	firstAt = time.Date(firstYear, time.January, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	lastAt  = time.Date(lastYear+1, time.January, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
)

// Compile checks and compiles a calendar. The error joins every fault and each
// names the calendar, the field, the value and what to write instead. A week
// without an open hour is a fault: nothing would ever be due.
func Compile(spec CalendarSpec) (*Calendar, error) {
	var errs []error
	zone, err := LoadZone(spec.Zone)
	if err != nil {
		errs = append(errs, err)
	}
	w, err := parseWeek(spec.Week)
	if err != nil {
		errs = append(errs, err)
	}
	holidays, err := parseHolidays(spec.Holidays, spec.HolidaySet)
	if err != nil {
		errs = append(errs, err)
	}

	c := &Calendar{name: spec.Name, zone: zone}
	for d := range c.plain {
		c.plain[d] = effective(w[(d+6)%7], w[d])
		c.weekSum[d+1] = c.weekSum[d] + openMs(c.plain[d])
	}
	if len(errs) == 0 && c.weekSum[7] == 0 {
		errs = append(errs, errors.New(`week has no open hour, so nothing would ever be due; write e.g. {"mon-fri": ["09:00-17:00"]} or {"daily": ["00:00-24:00"]}`))
	}
	if len(errs) > 0 {
		return nil, within(fmt.Sprintf("calendar %q", spec.Name), errors.Join(errs...))
	}

	c.specials, c.patterns = specials(w, c.plain, holidays)
	c.dates = datesOf(holidays)
	c.always = c.weekSum[7] == 7*dayMs && len(c.specials) == 0
	c.layOffsets()
	return c, nil
}

// Always returns the calendar that never closes.
func Always(zone string) (*Calendar, error) {
	return Compile(CalendarSpec{Name: AlwaysOpen, Zone: zone, Week: map[string][]string{"daily": {"00:00-24:00"}}})
}

// layOffsets cuts time where the zone's offset changes. Between two cuts wall
// and instants differ by a constant, so business time is plain arithmetic.
func (c *Calendar) layOffsets() {
	for at := firstAt; at < lastAt; {
		t := time.UnixMilli(at).In(c.zone)
		_, seconds := t.Zone()
		o := offset{start: at, ms: int64(seconds) * 1000, sum: c.total}
		o.base = o.sum - c.wallSum(at+o.ms)

		end := lastAt
		if _, next := t.ZoneBounds(); !next.IsZero() {
			end = min(end, next.UnixMilli())
		}
		if end <= at {
			// ZoneBounds takes every year for 365 days: on a leap year's last day it
			// answers the past. Go on by the hour; equal offsets are joined below.
			end = min(at+hourMs, lastAt)
		}
		c.total = o.base + c.wallSum(end+o.ms)
		// Zones also change names and laws without moving the clock.
		if n := len(c.offsets); n == 0 || c.offsets[n-1].ms != o.ms {
			c.offsets = append(c.offsets, o)
		}
		at = end
	}
}

// Name returns the name the calendar was written with.
func (c *Calendar) Name() string { return c.name }

// Zone returns the zone whose wall clock decides.
func (c *Calendar) Zone() *time.Location { return c.zone }

// Open reports whether the calendar is open at an instant (Unix ms).
func (c *Calendar) Open(at int64) bool {
	if c.always {
		return true
	}
	at = min(max(at, firstAt), lastAt)
	wall := at + c.offsets[c.offsetAt(at)].ms
	minute := int32(floorMod(wall, dayMs) / minuteMs)
	for _, s := range c.hours(floorDiv(wall, dayMs)) {
		if minute < s.to {
			return minute >= s.from
		}
	}
	return false
}

// Elapsed returns the business time in [from,to), in ms; 0 when to ≤ from. No calendar (nil) is always open.
// It is additive: Elapsed(a,b) + Elapsed(b,c) = Elapsed(a,c).
func (c *Calendar) Elapsed(from, to int64) int64 {
	switch {
	case to <= from:
		return 0
	case c == nil || c.always:
		return to - from
	}
	return c.business(to) - c.business(from)
}

// Add returns the earliest instant t ≥ from (Unix ms) with Elapsed(from,t) ≥ d
// ms. A span of business time that ends with the day's last minute therefore
// ends at closing time, not at the next opening. d ≤ 0 gives from itself, open
// or not; math.MaxInt64 means that the calendar has no d ms left before 2100.
func (c *Calendar) Add(from, d int64) int64 {
	if d <= 0 {
		return from
	}
	if c.always {
		if from > math.MaxInt64-d {
			return math.MaxInt64
		}
		return from + d
	}
	before := c.business(from)
	if d > c.total-before {
		return math.MaxInt64
	}
	want := before + d
	i := sort.Search(len(c.offsets), func(i int) bool { return c.offsets[i].sum >= want }) - 1
	o, end := c.offsets[i], lastAt
	if i+1 < len(c.offsets) {
		end = c.offsets[i+1].start
	}
	return c.wallAt(o.start+o.ms, end+o.ms, want-o.base) - o.ms
}

// business counts the business ms from firstAt to an instant. Elapsed and Add
// are its difference and its inverse, so they cannot disagree.
func (c *Calendar) business(at int64) int64 {
	at = min(max(at, firstAt), lastAt)
	o := c.offsets[c.offsetAt(at)]
	return o.base + c.wallSum(at+o.ms)
}

// offsetAt returns the index of the stretch that holds an instant ≥ firstAt.
func (c *Calendar) offsetAt(at int64) int {
	return sort.Search(len(c.offsets), func(i int) bool { return c.offsets[i].start > at }) - 1
}

// wallSum counts open ms on a wall clock that is never put forward or back,
// from an arbitrary origin to a wall time (ms since 1970-01-01 00:00 on that
// wall).
func (c *Calendar) wallSum(wall int64) int64 {
	day := floorDiv(wall, dayMs)
	sum, rest := c.daySum(day), wall-day*dayMs
	for _, s := range c.hours(day) {
		from, to := int64(s.from)*minuteMs, int64(s.to)*minuteMs
		if rest <= from {
			break
		}
		sum += min(rest, to) - from
	}
	return sum
}

// wallAt is the inverse of wallSum: the earliest wall time in (lo,hi] whose sum
// is want.
func (c *Calendar) wallAt(lo, hi, want int64) int64 {
	first := floorDiv(lo, dayMs)
	day := first + int64(sort.Search(int(floorDiv(hi, dayMs)-first), func(i int) bool {
		return c.daySum(first+int64(i)+1) >= want
	}))
	left := want - c.daySum(day)
	for _, s := range c.hours(day) {
		from, to := int64(s.from)*minuteMs, int64(s.to)*minuteMs
		if left <= to-from {
			return day*dayMs + from + left
		}
		left -= to - from
	}
	return hi // not reached: the caller has checked that the sum at hi is enough
}

// daySum is wallSum at the start of a day: whole weeks, days, special days.
func (c *Calendar) daySum(day int64) int64 {
	sum := floorDiv(day+3, 7)*c.weekSum[7] + c.weekSum[weekday(day)]
	if i := c.specialFrom(day); i > 0 {
		sum += c.specials[i-1].sum
	}
	return sum
}

// hours returns when the wall of a day is open.
func (c *Calendar) hours(day int64) []span {
	if i := c.specialFrom(day); i < len(c.specials) && int64(c.specials[i].day) == day {
		return c.patterns[c.specials[i].pattern]
	}
	return c.plain[weekday(day)]
}

// specialFrom returns the index of the first special day not before day.
func (c *Calendar) specialFrom(day int64) int {
	return sort.Search(len(c.specials), func(i int) bool { return int64(c.specials[i].day) >= day })
}
