package exporter

import (
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

// MetricInfo describes a metric of /metrics/kpi.
type MetricInfo struct {
	Name string
	Type string // "gauge", "gaugehistogram"
	Unit string // "seconds", "ratio" or ""
	Help string
	// Labels that series may have, sorted; those of a dimension are there only in roll-ups that have it.
	Labels []string
}

// The metrics about the reading itself.
const (
	metricUp       = "vigia_kpi_up"
	metricAsOf     = "vigia_kpi_as_of_timestamp_seconds"
	metricStale    = "vigia_kpi_stale"
	metricComplete = "vigia_kpi_complete"
	metricDropped  = "vigia_kpi_dropped_groups"
	metricSeconds  = "vigia_kpi_read_seconds"
)

// facet is one of the metrics that a KPI is shown as.
type facet struct {
	suffix, unit, help string
	value              func(v *kpi.Value) kpi.Number
}

func deref(n *kpi.Number) kpi.Number {
	if n == nil {
		return ""
	}
	return *n
}

// The facets, each once: several shapes share them.
var (
	meanSeconds = facet{"_mean_seconds", "seconds", "mean", valueOf}
	// Not "_count": the ending belongs to histograms, and promtool refuses it elsewhere.
	samples     = facet{"_samples", "", "how many the mean and the percentiles rest on", func(v *kpi.Value) kpi.Number { return v.Denominator }}
	ratio       = facet{"_ratio", "ratio", "as a share, 0.5 is 50 %", valueOf}
	numerator   = facet{"_numerator", "", "numerator", func(v *kpi.Value) kpi.Number { return v.Numerator }}
	denominator = facet{"_denominator", "", "denominator", func(v *kpi.Value) kpi.Number { return v.Denominator }}
	plain       = facet{"", "", "", valueOf}
	seconds     = facet{"_seconds", "seconds", "now", valueOf}
	factor      = facet{"_factor", "", "as a factor", valueOf}
)

func valueOf(v *kpi.Value) kpi.Number { return v.Value }

// shapeFacets are what values of a shape are shown as, in the KPI's unit.
func shapeFacets(shape kpi.Shape, unit kpi.Unit) []facet {
	switch shape {
	case kpi.ShapeLongest:
		return []facet{seconds}
	case kpi.ShapeDuration:
		return []facet{
			meanSeconds,
			{"_p50_seconds", "seconds", "median, at most 1.1 % off", func(v *kpi.Value) kpi.Number { return deref(v.P50) }},
			{"_p90_seconds", "seconds", "90th percentile, at most 1.1 % off", func(v *kpi.Value) kpi.Number { return deref(v.P90) }},
			{"_p95_seconds", "seconds", "95th percentile, at most 1.1 % off", func(v *kpi.Value) kpi.Number { return deref(v.P95) }},
			{"_p99_seconds", "seconds", "99th percentile, at most 1.1 % off", func(v *kpi.Value) kpi.Number { return deref(v.P99) }},
			samples,
		}
	case kpi.ShapeShare:
		return []facet{
			ratio,
			{"_low_ratio", "ratio", "lower end of the Wilson 95 % interval", func(v *kpi.Value) kpi.Number { return v.Low }},
			{"_high_ratio", "ratio", "upper end of the Wilson 95 % interval", func(v *kpi.Value) kpi.Number { return v.High }},
			numerator, denominator,
		}
	case kpi.ShapeNet:
		return []facet{
			{"_points", "", "from −100 to 100 points", valueOf},
			{"_low_points", "", "lower end of the adjusted Wald 95 % interval", func(v *kpi.Value) kpi.Number { return v.Low }},
			{"_high_points", "", "upper end of the adjusted Wald 95 % interval", func(v *kpi.Value) kpi.Number { return v.High }},
			numerator, denominator,
		}
	case kpi.ShapeChange:
		return []facet{
			{"_points", "", "difference in points", valueOf},
			{"_low_points", "", "lower end of the 95 % interval", func(v *kpi.Value) kpi.Number { return v.Low }},
			{"_high_points", "", "upper end of the 95 % interval", func(v *kpi.Value) kpi.Number { return v.High }},
		}
	case kpi.ShapeDiffer:
		return []facet{
			ratio,
			{"_low_ratio", "ratio", "lower end of the 95 % interval", func(v *kpi.Value) kpi.Number { return v.Low }},
			{"_high_ratio", "ratio", "upper end of the 95 % interval", func(v *kpi.Value) kpi.Number { return v.High }},
		}
	case kpi.ShapeCount, kpi.ShapeEstimate:
		return []facet{plain}
	}
	switch unit { // balances, averages and factors
	case kpi.Factor:
		return []facet{factor}
	case kpi.Money:
		return []facet{{"_amount", "", "in the tenant's currency", valueOf}}
	case kpi.Seconds:
		return []facet{meanSeconds, samples}
	case kpi.Ratio:
		return []facet{ratio, numerator, denominator}
	case kpi.Points:
		return []facet{{"_points", "", "from −100 to 100 points", valueOf}, denominator}
	}
	return []facet{{"_mean", "", "mean", valueOf}, samples}
}

// meanScore is of KPIs that know scores on a scale.
var meanScore = facet{"_mean_score", "", "mean on the scale of the scores", func(v *kpi.Value) kpi.Number { return deref(v.Mean) }}

// facetsOf says which metrics a KPI is shown as: those of all its definitions, each once.
func facetsOf(d *kpi.Def) []facet {
	var out []facet
	for _, shape := range d.Shapes() {
		for _, p := range shapeFacets(shape, d.Unit) {
			if !slices.ContainsFunc(out, func(o facet) bool { return o.suffix == p.suffix }) {
				out = append(out, p)
			}
		}
	}
	if d.Scored {
		out = append(out, meanScore)
	}
	return out
}

func metricName(d *kpi.Def, p facet) string { return "vigia_kpi_" + d.ID + p.suffix }

// histogramKPIs are shown as histograms too.
var histogramKPIs = []string{"first_response_time", "next_response_time", "speed_of_answer"}

// KPIMetrics lists every metric that /metrics/kpi can show, in its order.
func KPIMetrics() []MetricInfo {
	out := []MetricInfo{
		{metricUp, "gauge", "", "1 when the tenant's state could be read for this scrape, else 0: its KPIs are absent then.", []string{"tenant"}},
		{metricAsOf, "gauge", "seconds", "Instant up to which everything is known, as Unix seconds; the last one known while the state cannot be read.", []string{"tenant"}},
		{metricStale, "gauge", "", "1 when the KPIs are older than 10 s or cannot be read, else 0.", []string{"tenant"}},
		{metricComplete, "gauge", "", "1 when nothing that belongs into the window is known to be missing, else 0.", []string{"rollup", "tenant", "window"}},
		{metricDropped, "gauge", "", "Groups that this scrape leaves out because the tenant's cap of series is reached.", []string{"rollup", "tenant"}},
		{metricSeconds, "gauge", "seconds", "Time that reading the tenant's state took for this scrape.", []string{"tenant"}},
	}
	for _, d := range kpi.Catalog() {
		labels := []string{"rollup", "tenant"}
		for _, dim := range everyDimension {
			if slices.Contains(d.Dimensions, dim) {
				labels = append(labels, string(dim))
			}
		}
		if !d.Instant() {
			labels = append(labels, "window")
		}
		if len(d.Definitions) > 1 {
			labels = append(labels, "definition")
		}
		slices.Sort(labels)
		for _, p := range facetsOf(d) {
			help := d.Title.EN
			if p.help != "" {
				help += ", " + p.help
			}
			out = append(out, MetricInfo{metricName(d, p), "gauge", p.unit, help + ". " + d.Explain.EN, labels})
		}
		if slices.Contains(histogramKPIs, d.ID) {
			out = append(out, MetricInfo{histogramName(d), "gaugehistogram", "seconds",
				d.Title.EN + ", how the durations of the window spread, by queue; not cumulative over time: use histogram_quantile without rate. " + d.Explain.EN,
				slices.DeleteFunc(slices.Clone(labels), func(l string) bool { return l == "channel" || l == "team" || l == "topic" })})
		}
	}
	return out
}

// families collects metrics. Families without a metric are not shown.
type families struct {
	byName map[string]*dto.MetricFamily
	order  []*dto.MetricFamily
}

func newFamilies() *families {
	f := &families{byName: map[string]*dto.MetricFamily{}}
	for _, m := range KPIMetrics() {
		kind := dto.MetricType_GAUGE
		if m.Type == "gaugehistogram" {
			kind = dto.MetricType_GAUGE_HISTOGRAM
		}
		mf := &dto.MetricFamily{Name: new(m.Name), Help: new(m.Help), Type: new(kind)}
		if m.Unit != "" {
			mf.Unit = new(m.Unit)
		}
		f.byName[m.Name] = mf
		f.order = append(f.order, mf)
	}
	return f
}

func (f *families) gauge(name string, labels []*dto.LabelPair, value float64) {
	mf := f.byName[name]
	mf.Metric = append(mf.Metric, &dto.Metric{Label: labels, Gauge: &dto.Gauge{Value: new(value)}})
}

func (f *families) shown() []*dto.MetricFamily {
	return slices.DeleteFunc(slices.Clone(f.order), func(mf *dto.MetricFamily) bool { return len(mf.Metric) == 0 })
}

// labels makes label pairs, sorted by name; pairs of name and value, of which empty values are left out.
func labels(pairs ...string) []*dto.LabelPair {
	out := make([]*dto.LabelPair, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out = append(out, &dto.LabelPair{Name: new(pairs[i]), Value: new(pairs[i+1])})
		}
	}
	slices.SortFunc(out, func(a, b *dto.LabelPair) int { return strings.Compare(a.GetName(), b.GetName()) })
	return out
}

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// seriesOf is the most series that one group of a roll-up can have.
func seriesOf(ru rollup, definitions []string, histogram histogramKind) int {
	n := 0
	for _, d := range kpi.Catalog() {
		if _, err := d.FamilyOf(ru.by); err != nil {
			continue
		}
		per := len(facetsOf(d)) * len(definitionsOf(d, definitions))
		if !d.Instant() {
			per *= len(metricWindows)
		}
		n += per
		if ru.name == histogramRollup && slices.Contains(histogramKPIs, d.ID) {
			n += histogram.series() * len(histogramWindows)
		}
	}
	return n
}

// allDefinitions asks for every definition there is.
const allDefinitions = "all"

func definitionsOf(d *kpi.Def, asked []string) []*kpi.Definition {
	if slices.Contains(asked, allDefinitions) {
		var out []*kpi.Definition
		for i := range d.Definitions {
			out = append(out, &d.Definitions[i])
		}
		return out
	}
	return d.Resolve(asked)
}

// add shows a scrape of a tenant, with at most limit series of its KPIs; what does not fit is left out by whole groups, finest roll-ups first.
func (f *families) add(tenant string, s *scrape, definitions []string, histogram histogramKind, limit int) {
	f.gauge(metricAsOf, labels("tenant", tenant), float64(s.asOf)/1000)
	left := limit
	for _, x := range s.rollups {
		for _, w := range x.windows {
			f.gauge(metricComplete, labels("tenant", tenant, "rollup", x.name, "window", w.name), boolean(w.complete))
		}
		groups := x.groups
		if fit := max(0, left/seriesOf(x.rollup, definitions, histogram)); fit < len(groups) {
			groups = groups[:fit]
		}
		f.gauge(metricDropped, labels("tenant", tenant, "rollup", x.name), float64(len(x.groups)-len(groups)))
		left -= len(groups) * seriesOf(x.rollup, definitions, histogram)
		f.rollup(tenant, &x, groups, definitions)
		if x.name == histogramRollup && histogram != noHistogram {
			f.histograms(tenant, &x, groups, definitions, histogram)
		}
	}
}

func (f *families) rollup(tenant string, x *rolled, groups []window.Group, definitions []string) {
	for _, d := range kpi.Catalog() {
		if _, err := d.FamilyOf(x.by); err != nil {
			continue
		}
		defs := definitionsOf(d, definitions)
		if d.Instant() {
			stage := 0
			if d.SecondStage() {
				stage = 1
			}
			f.values(tenant, x.name, "", d, d.ValuesNow(defs, x.instant[stage], groups, x.open[stage]))
			continue
		}
		family, _ := d.FamilyOf(x.by)
		if p := x.instant[1].Policy; d.NeedsAgents(x.by) && (p == nil || !p.AgentCells()) {
			continue
		}
		for _, w := range x.windows {
			of := w.of[home{d.SecondStage(), family}]
			if values, err := d.Values(defs, of.frame, groups, of.sum, of.source); err == nil { // else the KPI cannot tell this window: absent
				f.values(tenant, x.name, w.name, d, values)
			}
		}
	}
}

func (f *families) values(tenant, rollup, win string, d *kpi.Def, values []kpi.Value) {
	facets := facetsOf(d)
	for i := range values {
		v := &values[i]
		definition := ""
		if len(d.Definitions) > 1 {
			definition = v.Definition
		}
		l := labels("channel", v.Group["channel"], "definition", definition, "queue", v.Group["queue"], "rollup", rollup, "team", v.Group["team"], "tenant", tenant, "topic", v.Group["topic"], "window", win)
		for _, p := range facets {
			if n := p.value(v); n.Known() {
				f.gauge(metricName(d, p), l, n.Float())
			}
		}
	}
}
