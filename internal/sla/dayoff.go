package sla

import (
	"maps"
	"slices"
)

// datesOf lists the dates that own hours of their own, ascending.
func datesOf(holidays map[int32][]span) []int32 { return slices.Sorted(maps.Keys(holidays)) }

// Holiday reports whether a date, in days from 1970-01-01 on the wall calendar, is one of the calendar's holidays, closed or with hours of its own.
func (c *Calendar) Holiday(day int64) bool {
	_, found := slices.BinarySearch(c.dates, int32(min(max(day, 0), 1<<31-1)))
	return found
}

// Holiday reports whether a date, in days from 1970-01-01, is a holiday of the first calendar that the policy has: the one that counts where no rule names a calendar.
func (p *Policy) Holiday(day int64) bool {
	c := p.calendars[p.spec.Calendars[0].Name] // there is always one: the calendar that never closes
	return c.Holiday(day)
}
