package explain

import (
	"slices"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

// Term is one counter as a definition reads it: Times its count, or its sum.
type Term struct {
	Metric int      `json:"metric"`
	Name   kpi.Text `json:"name"`
	Of     string   `json:"of"` // n or sum
	Times  int64    `json:"times"`
	Amount int64    `json:"amount"`         // the count or the sum, as it is
	Unit   string   `json:"unit,omitempty"` // of a sum: ms, millionths or 1
}

// What a term takes of a counter.
const (
	ofCount = "n"
	ofSum   = "sum"
)

// Formula is the numerator and the denominator of a value as sums of counters. Both are empty where a definition is no such sum.
type Formula struct {
	Numerator   []Term `json:"numerator"`
	Denominator []Term `json:"denominator"`
}

// metricsOf lists the metrics that a KPI reads.
func metricsOf(d *kpi.Def) []window.Metric {
	var out []window.Metric
	for _, f := range d.Feeds {
		for i := range max(f.Wide, 1) {
			out = append(out, f.Metric+i)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// formulaOf finds out how a definition reads counters, by having it read one of each at a time, beside what is there already: nothing, or the cell itself. ok is false when that
// does not add up to what it reads of the cell.
func formulaOf(d *kpi.Def, read func(*window.Cell) kpi.Reading, c, beside *window.Cell) (f Formula, ok bool) {
	num0, den0 := read(beside).Parts()
	f = Formula{[]Term{}, []Term{}}
	var num, den int64
	for _, m := range metricsOf(d) {
		have := c.Metric(m)
		for _, probe := range [...]struct {
			of     string
			sample window.Sample
			amount int64
		}{{ofCount, window.Sample{Metric: m, N: 1}, have.N}, {ofSum, window.Sample{Metric: m, Sum: 1}, have.Sum}} {
			if beside == c && probe.amount == 0 {
				continue // what is not there may change which base is taken
			}
			one := &window.Cell{}
			one.Merge(beside)
			one.Add(probe.sample, 1)
			a, b := read(one).Parts()
			a, b = a-num0, b-den0
			term := Term{Metric: int(m), Name: MetricName(d, m), Of: probe.of, Amount: probe.amount}
			if probe.of == ofSum {
				term.Unit = SumUnit(d, m)
			}
			if term.Times = a; a != 0 {
				f.Numerator = append(f.Numerator, term)
			}
			if term.Times = b; b != 0 {
				f.Denominator = append(f.Denominator, term)
			}
			num, den = num+a*probe.amount, den+b*probe.amount
		}
	}
	if beside == c {
		num0, den0 = 0, 0
	}
	wantNum, wantDen := read(c).Parts()
	return f, num+num0 == wantNum && den+den0 == wantDen
}

// reader returns how a definition reads the sum of a window; nil when it reads something else.
func reader(def *kpi.Definition, w kpi.Window) func(*window.Cell) kpi.Reading {
	switch {
	case def.Read != nil:
		return def.Read
	case def.Customers != nil:
		return func(c *window.Cell) kpi.Reading {
			r, _ := def.Customers(c, w) // that the window can be answered was found before
			return r
		}
	}
	return nil
}

// formula returns how the value follows from the counters of the window. A definition that takes the first of several bases that there is reads as that one: as it does of what is
// at hand.
func formula(d *kpi.Def, def *kpi.Definition, w kpi.Window, c *window.Cell) Formula {
	read := reader(def, w)
	if read == nil {
		return Formula{[]Term{}, []Term{}}
	}
	for _, beside := range []*window.Cell{{}, c} {
		if f, ok := formulaOf(d, read, c, beside); ok {
			return f
		}
	}
	return Formula{[]Term{}, []Term{}}
}
