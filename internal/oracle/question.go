package oracle

import (
	"math/big"
	"slices"
	"time"
)

// extras are what some readings say beside their number.
type extras struct {
	Basis   string
	Bins    []int64 // how many there are of each point, from the lowest
	Lowest  int64
	HasMean bool
	Mean    float64
	Series  []Step

	Money       bool   // Basis, Top and Bottom are told as they stand
	Top, Bottom string // exact decimals of what was divided; of a value that is null empty or not looked at
	exact       *big.Rat
}

// Step is one of a series; Bounded says that Low and High are known.
type Step struct {
	At               string
	Value, Low, High float64
	Bounded          bool
}

// question is what a formula that looks at several windows is asked.
type question struct {
	*World
	tenant  string
	policy  *policy
	window  Window // as rounded
	by      []string
	group   Group
	moments Sums // of the group, whenever
}

// at are the moments of a group in another window, whose edges are rounded.
func (q question) at(from, to int64) Sums {
	w := Window{from, to, q.window.Now, q.window.Zone}.round(q.Time())
	return q.within(w.From, w.To)
}

func (q question) within(from, to int64) Sums {
	out := Sums{}
	for m, list := range q.moments {
		for _, x := range list {
			if x.At >= from && x.At < to {
				out[m] = append(out[m], x)
			}
		}
	}
	return out
}

// ask answers a formula that looks at several windows, for every group that has anything to do with it.
func (w *World) ask(tenant string, f Formula, by []string, window Window, p *policy) ([]Value, error) {
	all, err := w.sums(tenant, f, by, Window{From: -forever, To: forever})
	if err != nil {
		return nil, err
	}
	var out []Value
	for g, s := range all {
		q := question{w, tenant, p, window, by, g, s}
		r, err := f.Ask(q)
		if err != nil {
			return nil, err
		}
		out = append(out, Value{Group: g, Reading: r, From: window.From, To: window.To, Conversations: q.within(window.From, window.To).conversations()})
	}
	slices.SortFunc(out, func(a, b Value) int { return Moment{Group: a.Group}.compare(Moment{Group: b.Group}) })
	return out, nil
}

// wall is the first instant at which the clock of a zone shows a time of a date; ok is false when it never does.
func wall(y int, m time.Month, d, hour, minute int, zone *time.Location) (t int64, ok bool) {
	day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	begin := firstOf(y, m, d, zone)
	for t := begin; t < begin+26*3600_000; t += 60_000 {
		l := time.UnixMilli(t).In(zone)
		if l.Day() == day.Day() && l.Hour() == hour && l.Minute() == minute {
			return t, true
		}
	}
	return 0, false
}
