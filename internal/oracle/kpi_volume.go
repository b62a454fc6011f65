package oracle

import (
	"math"
	"slices"
	"strings"
	"time"
)

// Budgets and volume: rule 19.
func init() {
	add(KPI{ID: "sla_burn_rate", Definitions: map[string]Formula{"fast": burn(time.Hour, 5*time.Minute), "slow": burn(6*time.Hour, 30*time.Minute)}})
	add(KPI{ID: "volume_profile", Definitions: only(Formula{Metrics: []int{1}, Ask: func(q question) (Reading, error) { return profile(q), nil }})})
	add(KPI{ID: "volume_forecast", Definitions: only(Formula{Metrics: []int{1}, Ask: func(q question) (Reading, error) { return forecast(q), nil }})})
	add(KPI{ID: "volume_anomaly", Definitions: only(Formula{Metrics: []int{1}, Ask: func(q question) (Reading, error) { return anomaly(q), nil }})})
}

// burn is rule 19.2; the longer window is named first.
func burn(spans ...time.Duration) Formula {
	kept, broken := []int{7, 9, 11, 45, 47}, []int{8, 10, 12, 46, 48}
	return Formula{Metrics: append(slices.Clone(kept), broken...), Ask: func(q question) (Reading, error) {
		var out Reading
		for i, span := range spans {
			s := q.at(q.window.To-span.Milliseconds(), q.window.To)
			b, n := s.N(broken...), s.N(append(slices.Clone(kept), broken...)...)
			if n == 0 {
				return Reading{}, nil
			}
			rate := float64(b*1_000_000) / float64(n*(1_000_000-q.policy.objective()))
			if i == 0 || rate < out.Value {
				out = Reading{Known: true, Value: rate, N: n, Numerator: b}
			}
		}
		return out, nil
	}}
}

// weeks are the 28 local days before the day of an instant: the begin of each.
func (q question) weeks() []time.Time {
	y, m, d := time.UnixMilli(q.window.To - 1).In(q.window.Zone).Date()
	var out []time.Time
	for i := 28; i >= 1; i-- {
		out = append(out, time.Date(y, m, d-i, 0, 0, 0, 0, time.UTC))
	}
	return out
}

// slot is a quarter of an hour of a local week.
type slot struct {
	day  time.Weekday
	hour int
	min  int
}

// counted are the conversations started in each quarter of the four weeks, one number for each date on which the clock shows it.
func (q question) counted() map[slot][]int64 {
	zone := q.window.Zone
	per := map[string]int64{}
	for _, m := range q.moments[1] {
		l := time.UnixMilli(m.At).In(zone)
		per[l.Truncate(0).Format("2006-01-02 15:")+two(l.Minute()/15*15)]++
	}
	out := map[slot][]int64{}
	for _, day := range q.weeks() {
		begin, end := firstOf(day.Year(), day.Month(), day.Day(), zone), firstOf(day.Year(), day.Month(), day.Day()+1, zone)
		seen := map[string]bool{}
		for t := begin; t < end; t += 15 * 60_000 {
			l := time.UnixMilli(t).In(zone)
			name := l.Format("2006-01-02 15:") + two(l.Minute()/15*15)
			if !seen[name] {
				seen[name] = true
				s := slot{l.Weekday(), l.Hour(), l.Minute() / 15 * 15}
				out[s] = append(out[s], per[name])
			}
		}
	}
	return out
}

func two(n int) string { return string([]byte{byte('0' + n/10), byte('0' + n%10)}) }

func median(list []int64) float64 {
	f := make([]float64, len(list))
	for i, v := range list {
		f[i] = float64(v)
	}
	return medianOf(f)
}

func medianOf(f []float64) float64 {
	if len(f) == 0 {
		return 0
	}
	f = slices.Sorted(slices.Values(f))
	n := len(f)
	return (f[(n-1)/2] + f[n/2]) / 2
}

func profile(q question) Reading {
	counts := q.counted()
	r := Reading{Known: true}
	for d := range 7 {
		day := time.Weekday((d + 1) % 7)
		for i := range 96 {
			list := counts[slot{day, i / 4, i % 4 * 15}]
			v := median(list)
			r.Value += v
			for _, n := range list {
				r.N += n
			}
			r.Series = append(r.Series, Step{At: strings.ToLower(day.String()) + " " + two(i/4) + ":" + two(i%4*15), Value: v})
		}
	}
	return r
}

func forecast(q question) Reading {
	counts := q.counted()
	r := Reading{Known: true}
	t := (q.window.To + quarter - 1) / quarter * quarter
	for range 96 {
		l := time.UnixMilli(t).In(q.window.Zone)
		list := counts[slot{l.Weekday(), l.Hour(), l.Minute() / 15 * 15}]
		v := median(list)
		mean, variance := 0.0, 0.0
		for _, n := range list {
			mean += float64(n) / float64(len(list))
			r.N += n
		}
		if len(list) > 1 {
			for _, n := range list {
				variance += (float64(n) - mean) * (float64(n) - mean) / float64(len(list)-1)
			}
		}
		half := 1.645 * math.Sqrt(max(v, variance))
		r.Value += v
		r.Series = append(r.Series, Step{At: l.Format(time.RFC3339), Value: v, Low: round6(max(0, v-half)), High: round6(v + half), Bounded: true})
		t += quarter
	}
	return r
}

// anomaly is rule 19.5.
func anomaly(q question) Reading {
	zone := q.window.Zone
	t := q.window.To / 60_000 * 60_000
	for time.UnixMilli(t).In(zone).Minute() != 0 {
		t -= 60_000
	}
	started := func(from, to int64) int64 { return q.within(from, to).N(1) }
	x := started(t-3600_000, t)
	begin := time.UnixMilli(t - 3600_000).In(zone)
	y, m, d := begin.Date()
	var before []float64
	for _, days := range []int{7, 14, 21, 28} {
		if q.policy.holiday(y, m, d-days) {
			continue
		}
		if from, ok := wall(y, m, d-days, begin.Hour(), begin.Minute(), zone); ok {
			before = append(before, float64(started(from, from+3600_000)))
		}
	}
	r := Reading{N: x}
	if len(before) < 2 {
		return r
	}
	mid := medianOf(before)
	var off []float64
	for _, b := range before {
		off = append(off, math.Abs(b-mid))
	}
	r.Known = true
	r.Value = round6((float64(x) - mid) / max(1.4826*medianOf(off), math.Sqrt(max(mid, 1))))
	return r
}

// holiday says whether a date is one of the first calendar's.
func (p *policy) holiday(y int, m time.Month, d int) bool {
	if len(p.Calendars) == 0 {
		return false
	}
	c, date := p.Calendars[0], time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	for _, h := range c.Holidays {
		if h.Date == date || h.Date == date[5:] {
			return true
		}
	}
	h := p.hours[c.Name]
	return c.Set != "" && h != nil && h.holiday(c.Set, date)
}
