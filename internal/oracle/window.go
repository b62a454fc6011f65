package oracle

import (
	"sync"
	"time"
)

// Window is what a value is about, [From, To), Unix ms.
type Window struct {
	From, To, Now int64
	Zone          *time.Location
}

const (
	finePane     = 10_000
	quarter      = 900_000
	fineKept     = 2 * 3_600_000
	quartersKept = 30 * dayMs
	fineWindow   = 8 * dayMs
)

// startOfDay is the first instant of the local day that holds t, rule 13.3.
func startOfDay(t int64, zone *time.Location) int64 {
	y, m, d := time.UnixMilli(t).In(zone).Date()
	return firstOf(y, m, d, zone)
}

// endOfDay is the first instant of the day after.
func endOfDay(t int64, zone *time.Location) int64 {
	y, m, d := time.UnixMilli(t).In(zone).Date()
	return firstOf(y, m, d+1, zone)
}

// firstOf is the first minute of a date. What was found is kept: customers' weeks and months ask for the same few days again and again.
func firstOf(y int, m time.Month, d int, zone *time.Location) int64 {
	type name struct {
		date int64
		zone *time.Location
	}
	n := name{time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix(), zone}
	if t, ok := firsts.Load(n); ok {
		return t.(int64)
	}
	t := lookForFirst(y, m, d, zone)
	firsts.Store(n, t)
	return t
}

var firsts sync.Map

// lookForFirst steps to the first minute of a date. Noon of the day before is on a date before it whatever clocks do.
func lookForFirst(y int, m time.Month, d int, zone *time.Location) int64 {
	date := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	t := time.Date(y, m, d-1, 12, 0, 0, 0, zone).Truncate(time.Minute)
	for t.In(zone).Format(time.DateOnly) < date {
		t = t.Add(time.Minute)
	}
	return t.UnixMilli()
}

// pane is the stretch of rule 13.1 in which what happened at t lies, at the newest time b.
func pane(t, b int64, zone *time.Location) (from, to int64) {
	switch q := t - mod(t, quarter); {
	case q+quarter > b-fineKept:
		return t - mod(t, finePane), t - mod(t, finePane) + finePane
	case t-mod(t, dayMs)+dayMs > b-quartersKept:
		return q, q + quarter
	}
	return startOfDay(t, zone), endOfDay(t, zone)
}

func mod(a, b int64) int64 { return ((a % b) + b) % b }

// round is rule 13.1.
func (w Window) round(b int64) Window {
	long := w.To-w.From > fineWindow
	from, _ := pane(w.From, b, w.Zone)
	_, to := pane(w.To-1, b, w.Zone)
	if long {
		from = startOfDay(w.From, w.Zone)
		if end := endOfDay(w.To-1, w.Zone); end <= b {
			to = end
		}
	}
	w.From, w.To = from, to
	return w
}
