package oracle

import (
	"testing"
	"time"
)

func at(t *testing.T, zone *time.Location, s string) int64 {
	t.Helper()
	v, err := time.ParseInLocation("2006-01-02 15:04:05", s, zone)
	if err != nil {
		t.Fatal(err)
	}
	return v.UnixMilli()
}

// An office with a lunch break, a night that goes over midnight, an hour that clocks skip and one that they show twice.
func TestCalendar(t *testing.T) {
	madrid, err := time.LoadLocation("Europe/Madrid")
	if err != nil {
		t.Skip(err)
	}
	spec := calendarSpec{Week: map[string][]string{"mon-fri": {"08:00-12:00", "13:00-18:00"}, "sat": {"22:00-04:00"}}}
	spec.Holidays = append(spec.Holidays, struct {
		Date  string   `json:"date"`
		Hours []string `json:"hours"`
	}{Date: "12-25"})
	h, err := newHours(spec, madrid, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from, to string
		want     time.Duration
	}{
		{"2026-11-23 00:00:00", "2026-11-24 00:00:00", 9 * time.Hour},
		{"2026-11-23 11:59:30", "2026-11-23 13:00:10", 40 * time.Second},
		{"2026-12-25 00:00:00", "2026-12-26 00:00:00", 0},
		{"2026-03-28 12:00:00", "2026-03-29 12:00:00", 5 * time.Hour},
		{"2026-10-24 12:00:00", "2026-10-25 12:00:00", 7 * time.Hour},
	} {
		if got := h.opened(at(t, madrid, c.from), at(t, madrid, c.to)); got != c.want.Milliseconds() {
			t.Errorf("%s to %s: %d ms, want %v", c.from, c.to, got, c.want)
		}
	}
	r := rule{hours: h, PauseOn: []string{isOnHold}}
	start := at(t, madrid, "2026-11-23 11:30:00")
	if got, want := r.due(start, time.Hour.Milliseconds(), nil), at(t, madrid, "2026-11-23 13:30:00"); got != want {
		t.Errorf("due %d, want %d", got, want)
	}
	pauses := []pause{{isOnHold, at(t, madrid, "2026-11-23 12:00:00"), at(t, madrid, "2026-11-23 17:45:00")}, {isOnHold, at(t, madrid, "2026-11-23 17:50:00"), forever}}
	if got, want := r.due(start, 30*time.Minute.Milliseconds(), pauses), at(t, madrid, "2026-11-23 12:00:00"); got != want {
		t.Errorf("a target used up where a pause begins is due %d, want %d", got, want)
	}
	if got := r.due(start, time.Hour.Milliseconds(), pauses); got != forever {
		t.Errorf("due %d in a pause without end, want never", got)
	}
}

func TestBuckets(t *testing.T) {
	for v, want := range map[int64]int{0: 0, 1: 1, 2: 33, 3: 52, 4: 65, 1 << 40: 1281, 1 << 41: 1281} {
		if got := Bucket(v); got != want {
			t.Errorf("%d ms lies in bucket %d, want %d", v, got, want)
		}
	}
	if _, ok := percentile(nil, 50); ok {
		t.Error("nothing has a percentile")
	}
	if got, _ := percentile([]int64{4, 1, 2, 3}, 50); got != 2 {
		t.Errorf("the median of 1, 2, 3, 4 by nearest rank is reported as %d, want 2", got)
	}
}

func TestReadings(t *testing.T) {
	if r := shareOf(8, 10); r.Value != 0.8 || r.Low != 0.490162 || r.High != 0.943318 {
		t.Errorf("8 of 10: %+v", r)
	}
	if r := shareOf(0, 0); r.Known {
		t.Errorf("0 of 0 is known: %+v", r)
	}
	if r := durationsOf([]int64{1000, 2001}); r.Value != 1.5005 || r.Numerator != 3001 || r.N != 2 {
		t.Errorf("durations: %+v", r)
	}
	if fnv("") != 14695981039346656037 || fnv("a") != 0xaf63dc4c8601ec8c {
		t.Error("the hash is not FNV-1a")
	}
}

func TestSpan(t *testing.T) {
	for s, want := range map[string]int64{"": 7, "15m": 900_000, "1h30m": 5_400_000, "30d": 30 * dayMs, "never": forever, "0s": 0} {
		if got := span(s, 7); got != want {
			t.Errorf("%q is %d ms, want %d", s, got, want)
		}
	}
}

// The edges of windows: what is old is known in quarters and days only.
func TestRound(t *testing.T) {
	bogota, err := time.LoadLocation("America/Bogota")
	if err != nil {
		t.Skip(err)
	}
	b := at(t, bogota, "2026-11-22 10:00:00")
	for _, c := range []struct{ from, to, wantFrom, wantTo string }{
		{"2026-11-22 09:00:03", "2026-11-22 09:59:55", "2026-11-22 09:00:00", "2026-11-22 10:00:00"},
		{"2026-11-20 09:01:03", "2026-11-20 09:59:55", "2026-11-20 09:00:00", "2026-11-20 10:00:00"},
		{"2026-10-01 09:01:03", "2026-10-01 09:59:55", "2026-10-01 00:00:00", "2026-10-02 00:00:00"},
		{"2026-11-01 09:01:03", "2026-11-22 09:59:51", "2026-11-01 00:00:00", "2026-11-22 10:00:00"},
	} {
		w := Window{From: at(t, bogota, c.from), To: at(t, bogota, c.to), Zone: bogota}.round(b)
		if w.From != at(t, bogota, c.wantFrom) || w.To != at(t, bogota, c.wantTo) {
			t.Errorf("[%s, %s) becomes [%s, %s)", c.from, c.to, stamp(w.From), stamp(w.To))
		}
	}
}
