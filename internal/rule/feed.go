package rule

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/vigia-cx/vigia/internal/kpi"
)

// feed computes what a query answers for one group, from series: what step i says happens at its begin, and a window ends before its own end.
type feed struct {
	rule       *Rule
	span       Span
	zone       *time.Location
	start      int64
	step       int64
	series     []*series
	totals     *totals // of counts and shares
	from, to   int     // steps in the window
	last       Measure
	calculated bool
	moved      bool // the last call of at found another window than the one before
}

func newFeed(c *Case, r *Rule, span Span, list []*series, sums *totals) *feed {
	return &feed{rule: r, span: span, zone: c.zone, start: c.start, step: c.step, series: list, totals: sums}
}

// totals are running sums over the steps of series: index i holds what came before step i.
type totals struct {
	num, den []float64
	stale    []int
}

// newTotals adds up series of counts or shares.
func newTotals(list []*series) *totals {
	n := 0
	for _, x := range list {
		n = max(n, len(x.num), len(x.den))
	}
	t := &totals{num: make([]float64, n+1), den: make([]float64, n+1), stale: make([]int, n+1)}
	for i := range n {
		num, den, stale := t.num[i], t.den[i], t.stale[i]
		for _, x := range list {
			a, b, ok := x.step(i)
			if a.stale || b.stale {
				stale++
			}
			if ok {
				num, den = num+a.v, den+b.v
			}
		}
		t.num[i+1], t.den[i+1], t.stale[i+1] = num, den, stale
	}
	return t
}

// over returns the sums over the steps [from, to).
func (t *totals) over(from, to int) (num, den float64, known bool) {
	last := len(t.num) - 1
	from, to = min(max(from, 0), last), min(max(to, 0), last)
	return t.num[to] - t.num[from], t.den[to] - t.den[from], t.stale[to] == t.stale[from]
}

// step returns what happened in a step; ok is false when nothing did, or nobody knows what.
func (x *series) step(i int) (num, den sample, ok bool) {
	num, okA := at(x.num, i)
	den, okB := at(x.den, i)
	if x.den == nil {
		den = sample{v: 1}
	} else if !okB || den.none || den.stale {
		den.v = 0
	}
	return num, den, okA && !num.none && !num.stale
}

// at returns the measure of the window that ends at an instant.
func (f *feed) at(at int64) Measure {
	var from, to int
	if f.rule.def.Instant() {
		from = int((at - f.start) / f.step)
		to = from + 1
	} else {
		a, z := f.span.Bounds(at, f.zone)
		from, to = f.steps(a), f.steps(z)
	}
	if f.moved = !f.calculated || from != f.from || to != f.to; !f.moved {
		return f.last
	}
	f.from, f.to, f.calculated = from, to, true
	f.last = f.sum()
	return f.last
}

// steps counts the steps that begin before an instant.
func (f *feed) steps(at int64) int {
	return int(max(0, (at-f.start+f.step-1)/f.step))
}

// sum adds up the steps of the window.
func (f *feed) sum() Measure {
	m := f.rule.nothing(1)[0]
	if d := f.rule.def; !d.Instant() && (d.Unit == kpi.Ratio || counts(d)) {
		num, den, known := f.totals.over(f.from, f.to)
		m.Complete = known
		if counts(d) {
			m.Number, m.N = num, int64(math.Round(num))
		} else if m.Num, m.Den = int64(math.Round(num)), int64(math.Round(den)); m.Den > 0 {
			m.Number, m.N = float64(m.Num)/float64(m.Den), m.Den
		}
		return m
	}
	var values []weighted
	for _, x := range f.series {
		for i := f.from; i < f.to; i++ {
			a, b, ok := x.step(i)
			if a.stale || b.stale {
				m.Complete = false
			}
			if ok {
				values = append(values, weighted{a.v, b.v})
			}
		}
	}
	switch d := f.rule.def; {
	case !d.Instant():
		m.Number, m.N = f.duration(values)
	case d.Unit == kpi.Count:
		for _, v := range values {
			m.Number += v.value
		}
		m.N = int64(m.Number)
	default:
		for i, v := range values {
			if i == 0 || v.value > m.Number {
				m.Number = v.value
			}
			m.N++
		}
	}
	return m
}

func at(list []sample, i int) (sample, bool) {
	if i < 0 || i >= len(list) {
		return sample{}, false
	}
	return list[i], true
}

// weighted is a value that stands there several times.
type weighted struct{ value, count float64 }

// duration returns the stat that the rule judges.
func (f *feed) duration(values []weighted) (float64, int64) {
	var sum, n float64
	for _, v := range values {
		sum, n = sum+v.value*v.count, n+v.count
	}
	if n == 0 {
		return math.NaN(), 0
	}
	share, ok := map[Stat]float64{StatP50: 0.5, StatP90: 0.9, StatP95: 0.95, StatP99: 0.99}[f.rule.Stat]
	if !ok {
		return sum / n, int64(n)
	}
	slices.SortFunc(values, func(a, b weighted) int { return cmp.Compare(a.value, b.value) })
	rank := math.Ceil(share * n) // nearest rank, as everywhere
	for _, v := range values {
		if rank -= v.count; rank <= 0 {
			return v.value, int64(n)
		}
	}
	return values[len(values)-1].value, int64(n)
}

// last returns the instant of the newest event of a source before an instant, 0 when there is none.
func (x *series) last(c *Case, at int64) int64 {
	for i := int(min(int64(len(x.num)), (at-c.start)/c.step+1)) - 1; i >= 0; i-- {
		if s := x.num[i]; !s.none && !s.stale && s.v > 0 {
			return c.start + int64(i)*c.step
		}
	}
	return 0
}
