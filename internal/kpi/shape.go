package kpi

import (
	"slices"
	"time"

	"github.com/vigia-cx/vigia/internal/window"
)

// The shapes.
const (
	ShapeCount    = counted    // how many; n and numerator are the same
	ShapeDuration = timed      // mean, percentiles and exact sum of durations
	ShapeLongest  = longest    // one duration
	ShapeShare    = proportion // x of y, 0 to 1, with an interval
	ShapeBalance  = balance    // x over y, −1 to 1
	ShapeAverage  = average    // mean of n numbers
	ShapeNet      = net        // promoters less detractors in points, with an interval
	ShapeFactor   = factor     // x over y, unbounded
	ShapeEstimate = estimate   // how many may be expected
	ShapeChange   = change     // difference of two net scores in points, with an interval
	ShapeDiffer   = difference // difference of two shares, −1 to 1, with an interval
	ShapeMoney    = money      // an amount, or how many times another
)

// Shape returns the shape of what the reading says.
func (r Reading) Shape() Shape { return r.kind }

// Shape returns the shape of the definition's values: that of its reading of nothing.
func (def *Definition) Shape() Shape {
	var r Reading
	w := Window{To: window.FinePane, Now: window.FinePane, Zone: time.UTC}
	switch {
	case def.Now != nil:
		r = def.Now(nil)
	case def.Customers != nil:
		r, _ = def.Customers(&window.Cell{}, w) // a window that ends now can be answered
	case def.Derive != nil:
		r, _ = def.Derive(&View{Frame: Frame{Window: w}, Cell: &window.Cell{}, Source: nothing{}})
	default:
		r = def.Read(&window.Cell{})
	}
	return r.kind
}

// Shapes returns the shapes of the definitions, each once.
func (d *Def) Shapes() []Shape {
	var out []Shape
	for i := range d.Definitions {
		if s := d.Definitions[i].Shape(); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// Share reports whether a definition is a share of things that are either good or bad, so that chance can be reckoned with.
func (def *Definition) Share() bool { return def.Shape() == ShapeShare }

// nothing is a source in which nothing has happened.
type nothing struct{}

// Sum implements [Source].
func (nothing) Sum(by []window.Dimension, from, to int64) *window.Sum {
	return window.NewSum(window.Routing, by, from, to, time.UTC)
}

// Quarters implements [Source].
func (nothing) Quarters(window.Metric, []window.Dimension, int64, int64) (map[window.Group][]int64, bool) {
	return nil, true
}
