package sla

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func compile(t testing.TB, spec CalendarSpec) *Calendar {
	t.Helper()
	c, err := Compile(spec)
	if err != nil {
		t.Fatalf("Compile(%+v): %v", spec, err)
	}
	return c
}

// at reads a wall time of the calendar's zone; ambiguous times are not used.
func at(t testing.TB, c *Calendar, wall string) int64 {
	t.Helper()
	x, err := time.ParseInLocation("2006-01-02 15:04", wall, c.Zone())
	if err != nil {
		t.Fatal(err)
	}
	return x.UnixMilli()
}

const (
	minute = int64(60_000)
	hour   = 60 * minute
)

func office(zone string, holidays ...Holiday) CalendarSpec {
	return CalendarSpec{Name: "office", Zone: zone, Week: map[string][]string{"mon-fri": {"09:00-17:00"}}, Holidays: holidays}
}

// TestGoldenDue holds the golden vectors of the KPI definitions, and the edge
// rules for calendars.
func TestGoldenDue(t *testing.T) {
	f := func(name string, spec CalendarSpec, start string, target int64, want string, pauses ...string) {
		t.Helper()
		c := compile(t, spec)
		var ps []Pause
		for i := 0; i+1 < len(pauses); i += 2 {
			ps = append(ps, Pause{at(t, c, pauses[i]), at(t, c, pauses[i+1])})
		}
		due, ok := Due(c, at(t, c, start), target, ps)
		if got := time.UnixMilli(due).In(c.Zone()).Format("2006-01-02 15:04"); !ok || got != want {
			t.Errorf("%s: due %s (ok %v), want %s", name, got, ok, want)
		}
		if got := Elapsed(c, at(t, c, start), due, ps); got != target {
			t.Errorf("%s: elapsed until due %d, want %d", name, got, target)
		}
	}
	always := CalendarSpec{Name: "always", Zone: "Europe/Madrid", Week: map[string][]string{"daily": {"00:00-24:00"}}}
	split := CalendarSpec{Name: "split", Zone: "America/Mexico_City", Week: map[string][]string{"mon-fri": {"08:00-12:00", "13:30-18:00"}}}
	nights := CalendarSpec{Name: "nights", Zone: "America/Bogota", Week: map[string][]string{"fri": {"22:00-06:00"}}}

	f("over the weekend", office("America/New_York"), "2026-03-13 16:30", hour, "2026-03-16 09:30")
	f("24 office hours", office("Europe/Madrid"), "2026-05-08 16:55", 24*hour, "2026-05-13 16:55")
	f("16 h end at closing, not at the next opening", office("America/Mexico_City"), "2026-05-11 09:00", 16*hour, "2026-05-12 17:00")
	f("split shift", split, "2026-05-13 12:30", 30*minute, "2026-05-13 14:00")
	f("pause over closing", office("Europe/Madrid"), "2026-05-11 10:00", 8*hour, "2026-05-14 14:00", "2026-05-11 11:00", "2026-05-13 15:00")
	f("holiday", office("America/New_York", Holiday{Date: "2026-12-25"}), "2026-12-24 16:00", 2*hour, "2026-12-28 10:00")
	f("holiday of every year", office("America/New_York", Holiday{Date: "12-25"}), "2026-12-24 16:00", 2*hour, "2026-12-28 10:00")
	f("holiday of a set", func() CalendarSpec { s := office("America/New_York"); s.HolidaySet = "us"; return s }(), "2026-12-24 16:00", 2*hour, "2026-12-28 10:00")
	f("reduced hours", office("America/New_York", Holiday{Date: "2026-12-24", Hours: []string{"09:00-12:00"}}), "2026-12-24 11:00", 2*hour, "2026-12-25 10:00")
	f("DST gap", always, "2026-03-29 00:00", 4*hour, "2026-03-29 05:00")
	f("DST fold", always, "2026-10-25 00:00", 4*hour, "2026-10-25 03:00")
	f("72 h are three days", always, "2026-06-01 00:00", 72*hour, "2026-06-04 00:00")
	f("a night belongs to its first day", nights, "2026-05-15 23:00", 8*hour, "2026-05-22 23:00")
	f("starts closed", office("Europe/Madrid"), "2026-05-09 12:00", 1, "2026-05-11 09:00")
}

func TestWeekKeys(t *testing.T) {
	c := compile(t, CalendarSpec{Name: "keys", Zone: "UTC", Week: map[string][]string{
		"daily": {"10:00-11:00"}, "Mon-Fri": {"9:00-17:00"}, "fri": {"09:00-15:00"}, "sun": {},
	}})
	var got []int64
	for d := range 7 {
		start := time.Date(2026, 6, 1+d, 0, 0, 0, 0, time.UTC).UnixMilli() // a Monday
		got = append(got, c.Elapsed(start, start+24*hour)/hour)
	}
	if want := []int64{8, 8, 8, 8, 6, 1, 0}; !slices.Equal(got, want) {
		t.Errorf("open hours by day %v, want %v", got, want)
	}
	c = compile(t, CalendarSpec{Name: "wrap", Zone: "UTC", Week: map[string][]string{"sat-mon": {"00:00-24:00"}}})
	if got := c.weekSum[7] / hour; got != 72 {
		t.Errorf("sat-mon is open %d h a week, want 72", got)
	}
}

func TestNightsAndHolidays(t *testing.T) {
	// The night before a holiday goes on; the holiday's own night does not begin.
	c := compile(t, CalendarSpec{
		Name: "night", Zone: "UTC", Week: map[string][]string{"daily": {"22:00-06:00"}},
		Holidays: []Holiday{{Date: "2026-06-10"}, {Date: "2026-06-20", Hours: []string{"04:00-08:00", "20:00-02:00"}}},
	})
	f := func(day int, want ...string) {
		t.Helper()
		var got []string
		start := time.Date(2026, 6, day, 0, 0, 0, 0, time.UTC).UnixMilli()
		open := false
		for m := int64(0); m <= 24*hour; m += minute {
			if now := m < 24*hour && c.Open(start+m); now != open {
				got, open = append(got, fmt.Sprintf("%02d:%02d", m/hour, m%hour/minute)), now
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("June %d (-want +got):\n%s", day, diff)
		}
	}
	f(9, "00:00", "06:00", "22:00", "24:00")
	f(10, "00:00", "06:00")
	f(11, "22:00", "24:00")
	f(20, "00:00", "08:00", "20:00", "24:00") // 22–06 of the 19th and 04–08 are one stretch
	f(21, "00:00", "02:00", "22:00", "24:00")
}

func TestEdges(t *testing.T) {
	c := compile(t, office("America/Sao_Paulo"))
	fri := at(t, c, "2026-06-05 17:00")
	if got := c.Add(fri, 0); got != fri {
		t.Errorf("Add(closing, 0) = %d, want the instant itself", got)
	}
	if got := c.Elapsed(fri, fri-hour); got != 0 {
		t.Errorf("Elapsed backwards = %d, want 0", got)
	}
	if got := c.Elapsed(math.MinInt64, math.MaxInt64); got != c.total {
		t.Errorf("Elapsed over everything = %d, want %d", got, c.total)
	}
	if got := c.Add(fri, math.MaxInt64); got != math.MaxInt64 {
		t.Errorf("Add of everything = %d, want MaxInt64", got)
	}
	if got := c.Add(0, c.total); got > lastAt || c.Elapsed(0, got) != c.total {
		t.Errorf("Add of all there is = %d", got)
	}
	if _, ok := Due(c, fri, math.MaxInt64, nil); ok {
		t.Error("Due of everything is known")
	}
	if c.Open(fri) || !c.Open(fri-1) {
		t.Error("closing time is exclusive")
	}
	a, err := Always("Asia/Kolkata")
	if err != nil {
		t.Fatal(err)
	}
	if a.Add(5, math.MaxInt64) != math.MaxInt64 || a.Add(5, 7) != 12 || a.Elapsed(5, 12) != 7 || !a.Open(5) {
		t.Error("24×7 is not plain time")
	}
}

func TestPauses(t *testing.T) {
	c := compile(t, office("Europe/Madrid"))
	start := at(t, c, "2026-05-11 10:00")
	h := func(n int64) int64 { return start + n*hour }
	f := func(name string, want int64, ok bool, pauses ...Pause) {
		t.Helper()
		given := slices.Clone(pauses)
		due, gotOK := Due(c, start, 2*hour, pauses)
		if gotOK != ok || due != want {
			t.Errorf("%s: due %d %v, want %d %v", name, due-start, gotOK, want-start, ok)
		}
		if !slices.Equal(given, pauses) {
			t.Errorf("%s: the caller's pauses were changed", name)
		}
	}
	f("none", h(2), true)
	f("one", h(3), true, Pause{h(1), h(2)})
	f("unordered, overlapping, touching", h(4), true, Pause{h(2), h(3)}, Pause{h(1), h(2)}, Pause{h(1), h(2) - 1})
	f("one inside another", h(5), true, Pause{h(1), h(4)}, Pause{h(2), h(3)})
	f("began before the clock", h(3), true, Pause{h(-5), h(1)})
	f("over before the clock", h(2), true, Pause{h(-5), h(-1)})
	f("empty and backwards", h(2), true, Pause{h(1), h(1)}, Pause{h(1), h(1) - hour})
	f("begins at due", h(2), true, Pause{h(2), 0})
	f("open", 0, false, Pause{h(1), 0})
	f("open by MaxInt64", 0, false, Pause{h(1), math.MaxInt64})
	f("after an open one", 0, false, Pause{h(1), 0}, Pause{h(2), h(3)})
	if due, ok := Due(c, start, 0, []Pause{{h(-1), 0}}); !ok || due != start {
		t.Errorf("a target of 0 is due at start, got %d %v", due, ok)
	}
	if got := Elapsed(c, start, h(6), []Pause{{h(5), 0}, {h(1), h(2)}, {h(9), h(3)}}); got != 4*hour {
		t.Errorf("Elapsed = %d, want 4 h", got)
	}
}

// TestHolidaySets pins dates that users know and, by a full listing, tells when
// a library update moves any.
func TestHolidaySets(t *testing.T) {
	f := func(set string, year int, want ...string) {
		t.Helper()
		days, err := setDays(set)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range days {
			if x := time.Unix(int64(d)*86_400, 0).UTC(); x.Year() == year {
				got = append(got, x.Format("01-02"))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s %d (-want +got):\n%s", set, year, diff)
		}
	}
	f("mx", 2026, "01-01", "02-02", "03-16", "05-01", "09-16", "11-16", "12-25")
	f("mx", 2024, "01-01", "02-05", "03-18", "05-01", "09-16", "10-01", "11-18", "12-25")
	f("mx", 2018, "01-01", "02-05", "03-19", "05-01", "09-16", "11-19", "12-01", "12-25")
	f("mx", 1999, "01-01", "02-05", "03-21", "05-01", "09-16", "11-20", "12-25")
	f("ar", 2026, "01-01", "02-16", "02-17", "03-24", "04-02", "04-03", "05-01", "05-25", "06-15", "06-20", "07-09", "08-17", "10-12", "11-23", "12-08", "12-25")
	f("br", 2026, "01-01", "02-17", "04-03", "04-21", "05-01", "06-04", "09-07", "10-12", "11-02", "11-15", "11-20", "12-25")
	f("br", 2022, "01-01", "03-01", "04-15", "04-21", "05-01", "06-16", "09-07", "10-12", "11-02", "11-15", "12-25")
	f("us", 2026, "01-01", "01-19", "02-16", "05-25", "06-19", "07-03", "07-04", "09-07", "10-12", "11-11", "11-26", "12-25")
	f("us", 2027, "01-01", "01-18", "02-15", "05-31", "06-18", "06-19", "07-04", "07-05", "09-06", "10-11", "11-11", "11-25", "12-24", "12-25", "12-31")
	f("gb", 2026, "01-01", "04-03", "04-06", "05-04", "05-25", "08-31", "12-25", "12-26", "12-28")
	f("es", 2026, "01-01", "01-06", "04-03", "05-01", "08-15", "10-12", "11-01", "12-06", "12-08", "12-25")
	f("pt", 2026, "01-01", "04-03", "04-05", "04-25", "05-01", "06-04", "06-10", "08-15", "10-05", "11-01", "12-01", "12-08", "12-25")
	f("fr", 2026, "01-01", "04-06", "05-01", "05-08", "05-14", "05-25", "07-14", "08-15", "11-01", "11-11", "12-25")
	f("de", 2026, "01-01", "04-03", "04-06", "05-01", "05-14", "05-25", "10-03", "12-25", "12-26")
	f("it", 2026, "01-01", "01-06", "04-06", "04-25", "05-01", "06-02", "08-15", "11-01", "12-08", "12-25", "12-26")
}
