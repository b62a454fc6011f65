package oracle

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// calendarSpec is a calendar as a policy writes it.
type calendarSpec struct {
	Name     string              `json:"name"`
	Zone     string              `json:"zone"`
	Week     map[string][]string `json:"week"`
	Holidays []struct {
		Date  string   `json:"date"`
		Hours []string `json:"hours"`
	} `json:"holidays"`
	Set string `json:"holiday_set"`
}

// always says whether the calendar is never closed.
func (c calendarSpec) always() bool {
	daily := c.Week["daily"]
	return len(c.Week) == 1 && len(daily) == 1 && daily[0] == "00:00-24:00" && len(c.Holidays) == 0 && c.Set == ""
}

const minuteMs = 60_000

// hours says of every minute whether a calendar is open, rule 7.3. A day of UTC is looked at minute by minute once.
type hours struct {
	spec    calendarSpec
	zone    *time.Location
	holiday func(set, date string) bool
	days    map[int64]*openDay
}

// openDay is a day of UTC: which of its minutes are open, and how many.
type openDay struct {
	open  [1440]bool
	count int64
}

// stretch is from one minute of a date to another; to is not above from when it goes over midnight.
type stretch struct{ from, to int }

func newHours(spec calendarSpec, zone *time.Location, o Options) (*hours, error) {
	h := &hours{spec: spec, zone: zone, holiday: o.Holiday, days: map[int64]*openDay{}}
	if spec.Zone != "" {
		z, err := o.zone(spec.Zone)
		if err != nil {
			return nil, err
		}
		h.zone = z
	}
	if spec.Set != "" && o.Holiday == nil {
		return nil, fmt.Errorf("holiday set %q cannot be looked up; give Options.Holiday", spec.Set)
	}
	return h, nil
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// owned is what a date owns.
func (h *hours) owned(date time.Time) []stretch {
	full, yearly := date.Format("2006-01-02"), date.Format("01-02")
	for _, key := range []string{full, yearly} {
		for _, d := range h.spec.Holidays {
			if d.Date == key {
				return stretches(d.Hours)
			}
		}
	}
	if h.spec.Set != "" && h.holiday(h.spec.Set, full) {
		return nil
	}
	day := int(date.Weekday())
	if list, ok := h.spec.Week[weekdays[day]]; ok {
		return stretches(list)
	}
	for key, list := range h.spec.Week {
		a, b, ok := strings.Cut(key, "-")
		if !ok {
			continue
		}
		// A range goes on over the end of the week.
		for i, to := slices.Index(weekdays, a), slices.Index(weekdays, b); ; i = (i + 1) % 7 {
			if i == day {
				return stretches(list)
			}
			if i == to {
				break
			}
		}
	}
	return stretches(h.spec.Week["daily"])
}

func stretches(list []string) []stretch {
	var out []stretch
	for _, s := range list {
		var a, b, c, d int
		if n, _ := fmt.Sscanf(strings.ReplaceAll(s, " ", ""), "%d:%d-%d:%d", &a, &b, &c, &d); n == 4 {
			out = append(out, stretch{a*60 + b, c*60 + d})
		}
	}
	return out
}

// day looks at every minute of a day of UTC, counted from 1970-01-01.
func (h *hours) day(n int64) *openDay {
	if d := h.days[n]; d != nil {
		return d
	}
	d := &openDay{}
	owned := map[string][]stretch{}
	of := func(date time.Time) []stretch {
		key := date.Format("2006-01-02")
		list, ok := owned[key]
		if !ok {
			list = h.owned(date)
			owned[key] = list
		}
		return list
	}
	for m := range d.open {
		wall := time.UnixMilli(n*dayMs + int64(m)*minuteMs).In(h.zone)
		if y := wall.Year(); y < 1970 || y > 2099 {
			continue
		}
		minute := wall.Hour()*60 + wall.Minute()
		date := time.Date(wall.Year(), wall.Month(), wall.Day(), 0, 0, 0, 0, time.UTC)
		for _, s := range of(date) {
			d.open[m] = d.open[m] || minute >= s.from && (minute < s.to || s.to < s.from)
		}
		for _, s := range of(date.AddDate(0, 0, -1)) {
			d.open[m] = d.open[m] || s.to < s.from && minute < s.to
		}
		if d.open[m] {
			d.count++
		}
	}
	h.days[n] = d
	return d
}

// after 2099 no calendar is open; a day is added for the zones.
var endOfTime = time.Date(2100, 1, 2, 0, 0, 0, 0, time.UTC).UnixMilli()

// opened is the open ms of [a, b).
func (h *hours) opened(a, b int64) int64 {
	if h == nil {
		return max(0, b-a)
	}
	var sum int64
	a, b = max(a, 0), min(b, endOfTime)
	for a < b {
		day := h.day(a / dayMs)
		if a%dayMs == 0 && a+dayMs <= b {
			sum += day.count * minuteMs
			a += dayMs
			continue
		}
		to := min(b, (a/minuteMs+1)*minuteMs)
		if day.open[a%dayMs/minuteMs] {
			sum += to - a
		}
		a = to
	}
	return sum
}

// reach is the earliest t in (a, b] by which target ms of [a, t) are open; if there is none it says how many are.
func (h *hours) reach(a, b, target int64) (t, found int64) {
	if h == nil {
		if b-a >= target {
			return a + target, target
		}
		return -1, b - a
	}
	var sum int64
	for a, b = max(a, 0), min(b, endOfTime); a < b; {
		day := h.day(a / dayMs)
		if a%dayMs == 0 && a+dayMs <= b && sum+day.count*minuteMs < target {
			sum += day.count * minuteMs
			a += dayMs
			continue
		}
		to := min(b, (a/minuteMs+1)*minuteMs)
		if day.open[a%dayMs/minuteMs] {
			if sum+to-a >= target {
				return a + target - sum, target
			}
			sum += to - a
		}
		a = to
	}
	return -1, sum
}

// pause is a stretch in which an episode had a status.
type pause struct {
	state    string
	from, to int64 // to is forever while it lasts
}

// free are the stretches of [a, b) outside of the pauses that stop a rule's clocks.
func (r *rule) free(a, b int64, pauses []pause) [][2]int64 {
	var stops []pause
	for _, p := range pauses {
		if slices.Contains(r.PauseOn, p.state) {
			stops = append(stops, p)
		}
	}
	return without(a, b, stops)
}

func without(a, b int64, stops []pause) [][2]int64 {
	slices.SortFunc(stops, func(p, q pause) int { return int(max(-1, min(1, p.from-q.from))) })
	var out [][2]int64
	for _, p := range stops {
		if p.from > a && a < b {
			out = append(out, [2]int64{a, min(p.from, b)})
		}
		a = max(a, p.to)
	}
	if a < b {
		out = append(out, [2]int64{a, b})
	}
	return out
}

// elapsed is rule 7.4.
func (r *rule) elapsed(a, b int64, pauses []pause) int64 {
	if r == nil {
		return max(0, b-a)
	}
	var sum int64
	for _, f := range r.free(a, b, pauses) {
		sum += r.hours.opened(f[0], f[1])
	}
	return sum
}

// due is rule 7.5; forever when it is never.
func (r *rule) due(start, target int64, pauses []pause) int64 {
	for _, f := range r.free(start, forever, pauses) {
		t, found := r.hours.reach(f[0], f[1], target)
		if t >= 0 {
			return t
		}
		target -= found
	}
	return forever
}
