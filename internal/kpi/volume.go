package kpi

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/window"
)

const (
	quarter  = window.MediumPane // ms
	hour     = 4 * quarter
	daySlots = 24 * 4
	slots    = 7 * daySlots

	// volumeReach covers the 28 days before the day of the window's end, and that day, of 25 hours at most.
	volumeReach = (29*24 + 2) * hour
)

// week is what the quarters of an hour of a week (Monday 00:00 first) held in the four weeks before the day of the window's end. A quarter that a clock skipped has three counts or
// less, one that it showed twice is one.
type week struct {
	counts [slots][]int64
	n      int64 // all of them
}

// weekBefore reads the week of a group.
func (v *View) weekBefore() (*week, error) {
	zone := v.Window.Zone
	today := window.Day(v.Window.To-1, zone)
	from, to := window.DayStart(today-28, zone), window.DayStart(today, zone)
	counts, err := v.quarters(from, to)
	if err != nil {
		return nil, err
	}
	w := &week{}
	for d := today - 28; d < today; d++ {
		begin, end := window.DayStart(d, zone), window.DayStart(d+1, zone)
		var seen [daySlots]bool
		for at := begin; at < end; at += quarter {
			k := slotOf(at, zone)
			if end-begin == 24*hour {
				k = weekdayOf(d)*daySlots + int((at-begin)/quarter) // the same, without asking the zone each time
			}
			n := int64(0)
			if i := int((at - from) / quarter); i < len(counts) {
				n = counts[i]
			}
			if w.n += n; seen[k%daySlots] {
				last := &w.counts[k][len(w.counts[k])-1]
				*last += n
				continue
			}
			seen[k%daySlots] = true
			w.counts[k] = append(w.counts[k], n)
		}
	}
	return w, nil
}

// quarters counts the conversations of the group that started in each quarter of an hour.
func (v *View) quarters(from, to int64) ([]int64, error) {
	counts, ok := v.Source.Quarters(mStarted, v.By, from, to)
	if !ok {
		return nil, &WindowError{KPI: "the volume of quarter hours", Window: v.Window, Reason: "it rests on the four weeks before the window's end, and quarters of an hour are kept for 30 days; " +
			"leave \"at\" out, or ask for an instant within the last day"}
	}
	return counts[v.Group], nil
}

// expected is twice the median of the four weeks, an integer.
func (w *week) expected(slot int) int64 { return twiceMedian(w.counts[slot]) }

// variance of the four weeks, as of a sample.
func (w *week) variance(slot int) float64 {
	c := w.counts[slot]
	if len(c) < 2 {
		return 0
	}
	var sum, squares int64
	for _, x := range c {
		sum, squares = sum+x, squares+x*x
	}
	n := int64(len(c))
	return float64(n*squares-sum*sum) / float64(n*(n-1))
}

// twiceMedian is the sum of the two middle ones, or twice the middle one; 0 of none.
func twiceMedian(list []int64) int64 {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	n := len(sorted)
	return sorted[(n-1)/2] + sorted[n/2]
}

// slotOf is the quarter of the local week that an instant lies in.
func slotOf(at int64, zone *time.Location) int {
	t := time.UnixMilli(at).In(zone)
	return (int(t.Weekday())+6)%7*daySlots + t.Hour()*4 + t.Minute()/15
}

// weekdayOf is the weekday of a local day, Monday is 0. Day 0 was a Thursday.
func weekdayOf(day int64) int { return int(((day+3)%7 + 7) % 7) }

// slotName is "monday 09:15".
func slotName(slot int) string {
	name := strings.ToLower(time.Weekday((slot/daySlots + 1) % 7).String())
	return name + time.Unix(int64(slot%daySlots)*15*60, 0).UTC().Format(" 15:04")
}

// half prints n/2.
func half(n int64) Number { return float(float64(n) / 2) }

// medianOf is the median of numbers that are given twice over, and their spread around it by the same measure: twice the median, and four times the median of the distances.
func medianOf(list []int64) (twice, deviation4 int64) {
	twice = twiceMedian(list)
	var distances []int64
	for _, x := range list {
		distances = append(distances, max(2*x-twice, twice-2*x))
	}
	return twice, twiceMedian(distances)
}

// robust is how far x lies from the median of a list, in steps of what is usual: of the spread (as a standard deviation), but not less than that of chance.
func robust(x int64, list []int64) (distance, step float64) {
	twice, deviation4 := medianOf(list)
	median := float64(twice) / 2
	return float64(x) - median, max(1.4826*float64(deviation4)/4, math.Sqrt(max(median, 1)))
}
