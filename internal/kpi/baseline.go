package kpi

import (
	"math"
	"slices"
)

// Baseline is what a value is compared with.
type Baseline struct {
	// Value of the other window; counts are scaled to the length of the value's window where panes made the other one longer. The median of several windows. Null when it is not known.
	Value Number `json:"value"`
	// N is how many contributions it rests on, in all windows that are known.
	N int64 `json:"n"`
	// From and To bound the window as rounded to surviving panes, of several from the begin of the oldest to the end of the newest; RFC 3339.
	From string `json:"from"`
	To   string `json:"to"`
	// Difference is the value less the baseline; null when one of them is.
	Difference Number `json:"difference"`
	// Significant says whether chance alone would bring such a difference in less than 5 % of cases. Null where that is not told: of means, balances and medians, and of few.
	Significant *bool `json:"significant"`
	// Method is how Significant was found.
	Method string `json:"method"`
}

// The methods.
const (
	MethodProportions = "two_proportion_z" // shares: |z| > 1.96, of 30 or more on either side
	MethodPoisson     = "poisson_z"        // counts: |z| > 1.96, of 10 or more in both together
	MethodDifference  = "difference"       // means and others: only the difference
	MethodMedian      = "median"           // of the known windows among four, two at least: only the difference
	MethodUnknown     = "unknown"          // there is nothing to compare with
)

const (
	leastShares = 30
	leastCounts = 10
	z95         = 1.96
)

// Based is a value of another window.
type Based struct {
	Value  Value
	Window Window
	Known  bool // nothing that belongs into it is known to be missing
}

// number is the value as it compares with windows of length ms; false when it is not known.
func (b *Based) number(shape Shape, ms int64) (float64, bool) {
	if !b.Known || !b.Value.Value.Known() {
		return 0, false
	}
	if shape == ShapeCount && b.Window.length() != ms {
		return b.Value.Value.Float() * float64(ms) / float64(b.Window.length()), true
	}
	return b.Value.Value.Float(), true
}

func (w Window) length() int64 { return w.To - w.From }

// Against compares a value of window w with that of another window; none when based is empty.
func Against(v *Value, w Window, shape Shape, based []Based) *Baseline {
	out := &Baseline{Method: MethodUnknown}
	if len(based) == 0 {
		return out
	}
	b := &based[0]
	out.N, out.From, out.To = b.Value.N, b.Value.From, b.Value.To
	x, known := b.number(shape, w.length())
	if !known || !v.Value.Known() {
		return out
	}
	out.Method = MethodDifference
	out.set(v, x)
	switch shape {
	case ShapeShare:
		out.Method = MethodProportions
		if n1, n2 := v.Denominator.Float(), b.Value.Denominator.Float(); n1 >= leastShares && n2 >= leastShares {
			out.Significant = new(differ(twoProportions(v.Numerator.Float(), n1, b.Value.Numerator.Float(), n2)))
		}
	case ShapeCount:
		out.Method = MethodPoisson
		if x1, x2 := v.Value.Float(), b.Value.Value.Float(); x1+x2 >= leastCounts {
			out.Significant = new(differ(twoCounts(x1, float64(w.length()), x2, float64(b.Window.length()))))
		}
	}
	return out
}

// AgainstMedian compares a value with the median of other windows, of which two at least must be known.
func AgainstMedian(v *Value, w Window, shape Shape, based []Based) *Baseline {
	out := &Baseline{Method: MethodUnknown}
	var list []float64
	for i := range based {
		b := &based[i] // newest first
		out.From = b.Value.From
		if i == 0 {
			out.To = b.Value.To
		}
		if x, known := b.number(shape, w.length()); known {
			list = append(list, x)
			out.N += b.Value.N
		}
	}
	if len(list) < 2 || !v.Value.Known() {
		return out
	}
	slices.Sort(list)
	n := len(list)
	out.Method = MethodMedian
	out.set(v, (list[(n-1)/2]+list[n/2])/2)
	return out
}

func (b *Baseline) set(v *Value, x float64) {
	b.Value = rounded(x)
	b.Difference = rounded(v.Value.Float() - x)
}

func differ(z float64) bool { return math.Abs(z) > z95 }

// twoProportions is the z of a difference of two shares, x of n each, under the share of both together.
func twoProportions(x1, n1, x2, n2 float64) float64 {
	p := (x1 + x2) / (n1 + n2)
	spread := math.Sqrt(p * (1 - p) * (1/n1 + 1/n2))
	if spread == 0 {
		return 0 // all are, or none is, on both sides
	}
	return (x1/n1 - x2/n2) / spread
}

// twoCounts is the z of a difference of two counts in times of t each, if things happen independently of one another: of all of them, those in the first time.
func twoCounts(x1, t1, x2, t2 float64) float64 {
	p := t1 / (t1 + t2)
	return (x1 - (x1+x2)*p) / math.Sqrt((x1+x2)*p*(1-p))
}
