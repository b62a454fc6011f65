package exporter

import (
	"fmt"
	"math"
	"slices"

	dto "github.com/prometheus/client_model/go"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

// histogramKind says in which form histograms are served.
type histogramKind string

// The forms. Prometheus with native histograms switched on drops the classic buckets of a metric that has both, and boards made for them go blank: so it is one or the other
// unless both are asked for.
const (
	noHistogram      histogramKind = "none"
	classicHistogram histogramKind = "classic"
	nativeHistogram  histogramKind = "native"
	bothHistograms   histogramKind = "both"
)

var histogramKinds = []string{string(classicHistogram), string(nativeHistogram), string(bothHistograms), string(noHistogram)}

// histogramRollup and histogramWindows are what histograms are served for: the unit that people set targets for. Percentiles of several queues together come out of
// histogram_quantile over the sum of their buckets.
const histogramRollup = "queue"

var histogramWindows = []string{"5m", "1h"}

// classicBounds are the upper bounds of classic buckets: from 1.024 s to 37 h, each twice the one before. They are edges of the buckets that Vigia keeps, so the counts
// are exact; a round second is no edge, and a count for it would be a guess.
var classicBounds = func() []int64 {
	var out []int64
	for ms := int64(1024); ms <= 1<<27; ms *= 2 {
		out = append(out, ms)
	}
	return out
}()

// nativeSchema has four buckets for each doubling of a duration. Vigia keeps buckets of milliseconds with 32, whose edges are none of a histogram in seconds: what a coarser
// bucket holds is off by at most one of the finer ones, 2.2 % of a duration at its edge.
const nativeSchema = 2

func (k histogramKind) classic() bool { return k == classicHistogram || k == bothHistograms }
func (k histogramKind) native() bool  { return k == nativeHistogram || k == bothHistograms }

// series is how many a histogram counts for at the cap; a native one is a single series that takes the room of about ten.
func (k histogramKind) series() int {
	n := 0
	if k.classic() {
		n += len(classicBounds) + 3
	}
	if k.native() {
		n += 10
	}
	return n
}

// conversations is where the durations of histograms are.
var conversations = home{false, window.Routing}

func histogramName(d *kpi.Def) string { return "vigia_kpi_" + d.ID + "_seconds" }

// spreadOf is the metric whose buckets hold the durations of the KPI's default definition.
func spreadOf(d *kpi.Def) window.Metric {
	for _, feed := range d.Feeds {
		if feed.Spread {
			return feed.Metric
		}
	}
	panic(fmt.Sprintf("exporter: BUG: %s has no histogram", d.ID))
}

func (f *families) histograms(tenant string, x *rolled, groups []window.Group, definitions []string, kind histogramKind) {
	for _, id := range histogramKPIs {
		d, err := kpi.ByID(id)
		if err != nil {
			panic("exporter: BUG: " + err.Error())
		}
		defs := definitionsOf(d, definitions)
		if !slices.ContainsFunc(defs, func(def *kpi.Definition) bool { return def.ID == "default" }) {
			continue
		}
		definition := ""
		if len(d.Definitions) > 1 {
			definition = "default"
		}
		mf := f.byName[histogramName(d)]
		for _, w := range x.windows {
			if !slices.Contains(histogramWindows, w.name) {
				continue
			}
			for _, g := range groups {
				mf.Metric = append(mf.Metric, &dto.Metric{
					Label:     labels("definition", definition, "queue", g.Queue, "rollup", x.name, "tenant", tenant, "window", w.name),
					Histogram: histogramOf(w.of[conversations].sum.Cell(g).Metric(spreadOf(d)), kind),
				})
			}
		}
	}
}

// histogramOf turns the buckets of a window into a histogram of seconds.
func histogramOf(a window.Agg, kind histogramKind) *dto.Histogram {
	h := &dto.Histogram{SampleCount: new(uint64(max(0, a.N))), SampleSum: new(float64(a.Sum) / 1000)}
	if kind.classic() {
		i, n := 0, int64(0)
		for _, bound := range classicBounds {
			for ; i < len(a.Buckets); i++ {
				if _, upper := window.Bounds(a.Buckets[i].Index); upper > bound {
					break
				}
				n += a.Buckets[i].N
			}
			h.Bucket = append(h.Bucket, &dto.Bucket{UpperBound: new(float64(bound) / 1000), CumulativeCount: new(uint64(max(0, n)))})
		}
	}
	if kind.native() {
		native(h, a)
	}
	return h
}

// native adds the native buckets: each of ours goes where the middle of it belongs.
func native(h *dto.Histogram, a window.Agg) {
	h.Schema, h.ZeroThreshold, h.ZeroCount = new(int32(nativeSchema)), new(0.0005), new(uint64(0))
	counts := map[int]int64{}
	for _, b := range a.Buckets {
		lower, upper := window.Bounds(b.Index)
		if upper <= 0 {
			h.ZeroCount = new(uint64(max(0, b.N)))
			continue
		}
		counts[nativeIndex((float64(lower)+float64(upper))/2000)] += b.N
	}
	indexes := make([]int, 0, len(counts))
	for i, n := range counts {
		if n > 0 {
			indexes = append(indexes, i)
		}
	}
	slices.Sort(indexes)
	last, before := 0, int64(0)
	for k, i := range indexes {
		if k == 0 || i != last+1 {
			gap := i - last - 1
			if k == 0 {
				gap = i
			}
			h.PositiveSpan = append(h.PositiveSpan, &dto.BucketSpan{Offset: new(int32(gap)), Length: new(uint32(0))})
		}
		span := h.PositiveSpan[len(h.PositiveSpan)-1]
		*span.Length++
		h.PositiveDelta = append(h.PositiveDelta, counts[i]-before)
		last, before = i, counts[i]
	}
	if len(h.PositiveSpan) == 0 {
		h.PositiveSpan = []*dto.BucketSpan{{Offset: new(int32(0)), Length: new(uint32(0))}} // marks an empty histogram as a native one
	}
}

// nativeIndex is the native bucket that a duration in seconds lies in: the first whose upper bound 2^(i/4) is not below it.
func nativeIndex(seconds float64) int {
	return int(math.Ceil(math.Log2(seconds) * (1 << nativeSchema)))
}
