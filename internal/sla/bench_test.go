package sla

import (
	"testing"
	"time"
)

func benchCalendar(b *testing.B) (*Calendar, int64) {
	spec := CalendarSpec{
		Name: "office", Zone: "America/New_York", HolidaySet: "us",
		Week: map[string][]string{"mon-fri": {"08:00-12:00", "13:30-18:00"}, "sat": {"10:00-14:00"}},
	}
	return compile(b, spec), time.Date(2026, 5, 13, 14, 7, 9, 0, time.UTC).UnixMilli()
}

func BenchmarkElapsed(b *testing.B) {
	c, start := benchCalendar(b)
	for name, span := range map[string]int64{"hour": hour, "year": 365 * 24 * hour} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				c.Elapsed(start, start+span)
			}
		})
	}
}

func BenchmarkAdd(b *testing.B) {
	c, start := benchCalendar(b)
	for name, d := range map[string]int64{"hour": hour, "year": 2000 * hour} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				c.Add(start, d)
			}
		})
	}
}

func BenchmarkDuePaused(b *testing.B) {
	c, start := benchCalendar(b)
	pauses := []Pause{{start + hour, start + 3*hour}, {start + 5*hour, start + 30*hour}}
	b.ReportAllocs()
	for b.Loop() {
		Due(c, start, 8*hour, pauses)
	}
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		benchCalendar(b)
	}
}
