package sla

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// oracle is business time by the plain definition: go through time minute by
// minute, read the wall clock, look at the sign on the door. It shares nothing
// with Calendar but the zone.
type oracle struct {
	zone     *time.Location
	week     map[time.Weekday][]string
	holidays map[string][]string // "2006-01-02"
}

func (o oracle) sign(day time.Time) []string {
	if hours, ok := o.holidays[day.Format(time.DateOnly)]; ok {
		return hours
	}
	return o.week[day.Weekday()]
}

func (o oracle) open(ms int64) bool {
	wall := time.UnixMilli(ms).In(o.zone)
	clock := wall.Format("15:04")
	y, m, d := wall.Date()
	for _, h := range o.sign(time.Date(y, m, d, 12, 0, 0, 0, time.UTC)) {
		from, to := h[:5], h[6:]
		if clock >= from && (clock < to || to < from) {
			return true
		}
	}
	for _, h := range o.sign(time.Date(y, m, d-1, 12, 0, 0, 0, time.UTC)) {
		if from, to := h[:5], h[6:]; to < from && clock < to {
			return true
		}
	}
	return false
}

// steps cuts [from, …) at every full minute and at the edges of pauses, and
// yields each piece with whether it counts.
func (o oracle) steps(from, to int64, pauses []Pause, yield func(a, b int64) bool) {
	for a := from; a < to; {
		b := min((a/60_000+1)*60_000, to)
		counts := o.open(a)
		for _, p := range pauses {
			if p.From <= a && a < p.To {
				counts = false
			}
			for _, edge := range []int64{p.From, p.To} {
				if a < edge && edge < b {
					b = edge
				}
			}
		}
		if counts && !yield(a, b) {
			return
		}
		a = b
	}
}

func (o oracle) elapsed(from, to int64, pauses []Pause) (sum int64) {
	o.steps(from, to, pauses, func(a, b int64) bool { sum += b - a; return true })
	return sum
}

func (o oracle) due(from, target, limit int64, pauses []Pause) (due int64, ok bool) {
	left := target
	o.steps(from, limit, pauses, func(a, b int64) bool {
		if b-a >= left {
			due, ok = a+left, true
			return false
		}
		left -= b - a
		return true
	})
	return due, ok
}

// changes are weeks around which the zones moved their clocks, and two plain
// ones. Mexico City and Asunción are there with their last change ever.
var changes = []struct{ zone, day string }{
	{"America/Mexico_City", "2022-04-03"}, {"America/Mexico_City", "2022-10-30"}, {"America/Mexico_City", "2026-04-05"},
	{"America/Sao_Paulo", "2018-11-04"}, {"America/Sao_Paulo", "2019-02-17"},
	{"America/Santiago", "2025-04-06"}, {"America/Santiago", "2025-09-07"},
	{"America/Asuncion", "2024-03-24"}, {"America/Asuncion", "2024-10-06"},
	{"Europe/Madrid", "2026-03-29"}, {"Europe/Madrid", "2026-10-25"},
	{"America/New_York", "2026-03-08"}, {"America/New_York", "2026-11-01"},
	{"Australia/Lord_Howe", "2026-04-05"}, // half an hour
	{"America/St_Johns", "2006-10-29"},    // at 00:01, back into the day before
	{"Pacific/Apia", "2011-12-30"},        // a date that never was
	{"Asia/Kathmandu", "2026-05-05"},
}

func drawHours(t *rapid.T, label string) []string {
	lists := [][]string{
		{}, {"00:00-24:00"}, {"09:00-17:00"}, {"08:00-12:00", "13:30-18:00"}, {"22:00-06:00"},
		{"00:00-02:30", "02:45-05:00", "23:15-24:00"}, {"01:30-01:45", "02:00-03:00"}, {"18:00-00:00"}, {"23:30-00:45"},
	}
	i := rapid.IntRange(0, len(lists)).Draw(t, label)
	if i < len(lists) {
		return lists[i]
	}
	a := rapid.IntRange(0, 1439).Draw(t, label+" from")
	b := (a + rapid.IntRange(1, 1439).Draw(t, label+" length")) % 1440
	return []string{fmt.Sprintf("%02d:%02d-%02d:%02d", a/60, a%60, b/60, b%60)}
}

// drawCase draws a calendar near a change of clocks, its oracle, and the change.
func drawCase(t *rapid.T) (*Calendar, oracle, time.Time) {
	change := rapid.SampledFrom(changes).Draw(t, "change")
	spec := CalendarSpec{Name: "drawn", Zone: change.zone, Week: map[string][]string{}}
	o := oracle{week: map[time.Weekday][]string{}, holidays: map[string][]string{}}
	for i, name := range weekdays {
		hours := drawHours(t, name)
		spec.Week[name], o.week[time.Weekday((i+1)%7)] = hours, hours
	}
	day, err := time.Parse(time.DateOnly, change.day)
	if err != nil {
		t.Fatal(err)
	}
	for range rapid.IntRange(0, 3).Draw(t, "holidays") {
		date := day.AddDate(0, 0, rapid.IntRange(-3, 3).Draw(t, "holiday")).Format(time.DateOnly)
		if _, twice := o.holidays[date]; twice {
			continue
		}
		hours := drawHours(t, date)
		o.holidays[date] = hours
		spec.Holidays = append(spec.Holidays, Holiday{Date: date, Hours: hours})
	}
	c, err := Compile(spec)
	if err != nil {
		t.Skip("closed all week")
	}
	o.zone = c.Zone()
	return c, o, day
}

func drawInstant(t *rapid.T, around time.Time, label string) int64 {
	ms := around.UnixMilli() + rapid.Int64Range(-4*24*60, 5*24*60).Draw(t, label)*minute
	if rapid.Bool().Draw(t, label+" off the minute") {
		ms += rapid.Int64Range(0, minute-1).Draw(t, label+" ms")
	}
	return ms
}

func TestAgainstMinuteSteps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, o, day := drawCase(t)
		from, to := drawInstant(t, day, "from"), drawInstant(t, day, "to")
		var pauses []Pause
		for range rapid.IntRange(0, 3).Draw(t, "pauses") {
			pauses = append(pauses, Pause{drawInstant(t, day, "paused"), drawInstant(t, day, "resumed")})
		}

		if got, want := c.Elapsed(from, to), o.elapsed(from, to, nil); got != want {
			t.Fatalf("Elapsed(%d,%d) = %d, by steps %d", from, to, got, want)
		}
		if got, want := Elapsed(c, from, to, pauses), o.elapsed(from, to, pauses); got != want {
			t.Fatalf("Elapsed with pauses = %d, by steps %d", got, want)
		}
		if got, want := c.Open(from), o.open(from); got != want {
			t.Fatalf("Open(%d) = %v, by the wall %v", from, got, want)
		}

		target := rapid.Int64Range(1, 48*hour).Draw(t, "target")
		switch rapid.IntRange(0, 2).Draw(t, "kind of target") {
		case 0:
			target = max(target/minute, 1) * minute
		case 1: // ends exactly where opening hours or a pause do
			edge := to
			if len(pauses) > 0 {
				edge = pauses[0].From
			}
			target = max(o.elapsed(from, edge, pauses), 1)
		}
		limit := day.UnixMilli() + 9*24*hour
		want, known := o.due(from, target, limit, pauses)
		got, ok := Due(c, from, target, pauses)
		if known && (!ok || got != want) || !known && ok && got <= limit {
			t.Fatalf("Due(%d, %d, %v) = %d %v, by steps %d %v", from, target, pauses, got, ok, want, known)
		}
	})
}

func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, _, day := drawCase(t)
		a, b, e := drawInstant(t, day, "a"), drawInstant(t, day, "b"), drawInstant(t, day, "c")
		s := []int64{a, b, e}
		slices.Sort(s)
		if c.Elapsed(s[0], s[1])+c.Elapsed(s[1], s[2]) != c.Elapsed(s[0], s[2]) {
			t.Fatalf("Elapsed is not additive over %v", s)
		}
		d := rapid.Int64Range(1, 400*24*hour).Draw(t, "d")
		due := c.Add(a, d)
		if got := c.Elapsed(a, due); got != d {
			t.Fatalf("Elapsed(from, Add(from, %d)) = %d", d, got)
		}
		if !c.Open(due - 1) {
			t.Fatalf("Add(%d, %d) = %d is not the earliest: it was closed just before", a, d, due)
		}
		if more := c.Add(due, 1000); more != c.Add(a, d+1000) {
			t.Fatalf("Add in two steps differs: %d", more)
		}
	})
}

// TestOffsets checks the cuts at which a zone's offset changes by asking the
// zone every half hour of the whole range.
func TestOffsets(t *testing.T) {
	for _, zone := range []string{"America/New_York", "America/Santiago", "America/Mexico_City", "Europe/Madrid", "Africa/Casablanca"} {
		c := compile(t, office(zone))
		i := 0
		for ms := firstAt; ms < lastAt; ms += 30 * minute {
			for i+1 < len(c.offsets) && c.offsets[i+1].start <= ms {
				i++
			}
			if _, s := time.UnixMilli(ms).In(c.Zone()).Zone(); int64(s)*1000 != c.offsets[i].ms {
				t.Fatalf("%s at %s: offset %d s, want %d", zone, time.UnixMilli(ms).UTC(), c.offsets[i].ms/1000, s)
			}
		}
	}
}
