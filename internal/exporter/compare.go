package exporter

import (
	"fmt"
	"slices"
	"time"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

// Compare says what values are compared with.
type Compare string

// The comparisons.
const (
	NoComparison Compare = ""
	// Previous is the window of the same length right before; of days, the days before up to the same time of the day; of a week or month of
	// the calendar, the one before.
	Previous Compare = "previous"
	// SameWeekday is the same window a week before.
	SameWeekday Compare = "same_weekday"
	// FourWeeks is the median of the same window one to four weeks before.
	FourWeeks Compare = "4w_median"
)

// Comparisons lists what can be compared with.
var Comparisons = []string{string(Previous), string(SameWeekday), string(FourWeeks)}

// windows returns the windows that a window is compared with, not rounded to panes, newest first. Days and weeks before are those of the tenant's wall clock.
func (c Compare) windows(span Span, w edges, zone *time.Location) []edges {
	before := func(days int) edges { return edges{daysBefore(w.from, days, zone), daysBefore(w.to, days, zone)} }
	switch c {
	case Previous:
		switch {
		case span.kind == lastWeek:
			return []edges{before(7)}
		case span.kind == lastMonth:
			return []edges{{window.DayStart(firstOf(window.Day(w.from, zone)-1), zone), w.from}}
		case span.kind != lasting:
			return []edges{before(1)}
		case w.to-w.from > window.MaxFineWindow: // is made of whole days, perhaps but the last one
			return []edges{before(int(window.Day(w.to-1, zone) - window.Day(w.from, zone) + 1))}
		}
		return []edges{{w.from - (w.to - w.from), w.from}}
	case SameWeekday:
		return []edges{before(7)}
	case FourWeeks:
		return []edges{before(7), before(14), before(21), before(28)}
	}
	return nil
}

// daysBefore returns the instant at which the wall clock showed the same time some days before.
func daysBefore(at int64, days int, zone *time.Location) int64 {
	return time.UnixMilli(at).In(zone).AddDate(0, 0, -days).UnixMilli()
}

// compare gives values their baselines.
func (f *frame) compare(c Compare, d *kpi.Def, definitions []*kpi.Definition, family window.Family, groups []window.Group, values []kpi.Value) {
	type cellKey struct{ definition, group string }
	key := func(v *kpi.Value) cellKey { return cellKey{v.Definition, fmt.Sprint(v.Group)} }
	shapes := map[string]kpi.Shape{}
	var plain []*kpi.Definition
	for _, def := range definitions {
		shapes[def.ID] = def.Shape()
		if def.Derive == nil {
			plain = append(plain, def) // what looks at other windows by itself has no baseline
		}
	}
	known := map[cellKey][]kpi.Based{}
	begin := f.s.begin()
	for i := range f.base {
		b := &f.base[i]
		of := b.Frame
		of.Plain, of.Asked = true, nil
		for _, def := range plain {
			of.Asked = append(of.Asked, def.ID) // also of scales that nobody used then
		}
		base, err := d.Values(plain, of, groups, b.sums[family], nil)
		if err != nil {
			continue // distinct customers: only windows that end now can be answered
		}
		for j := range base {
			known[key(&base[j])] = append(known[key(&base[j])], kpi.Based{Value: base[j], Window: of.Window, Known: of.Complete && of.Window.From >= begin})
		}
	}
	for i := range values {
		v := &values[i]
		based := known[key(v)]
		if c == FourWeeks {
			v.Baseline = kpi.AgainstMedian(v, f.Window, shapes[v.Definition], based)
		} else {
			v.Baseline = kpi.Against(v, f.Window, shapes[v.Definition], based)
		}
	}
}

// begin returns the first instant of the oldest chunk of the tenant: before, it had nothing, and that is no 0 to compare with.
func (s *snapshot) begin() int64 {
	first := int64(1<<63 - 1)
	for _, dir := range s.dirs {
		for _, f := range dir.Families() {
			for _, c := range dir.Chunks(f) {
				from, _ := c.Span(s.zone)
				first = min(first, from)
			}
		}
	}
	return first
}

// comparison reads the name of a comparison.
func comparison(name string) (Compare, error) {
	if name != "" && !slices.Contains(Comparisons, name) {
		return NoComparison, parameter("compare", fmt.Sprintf("%q is nothing to compare with.", name), Comparisons...)
	}
	return Compare(name), nil
}
