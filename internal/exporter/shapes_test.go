package exporter

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// everything counts some moments of every kind in both stages, as both would.
func (w *world) everything() {
	for kind := convo.Started; kind <= convo.LastKind; kind++ {
		for i := range 12 {
			m := convo.Moment{Kind: kind, At: noon - 60_000 - int64(i)*1000, Group: about("PS", "voice", "billing"), Value: int64(i) * 1_000_000, Clock: sla.Clock(i % sla.NumClocks), Band: convo.InTarget}
			if kind == convo.Active || kind == convo.ActiveDay {
				m.Group = window.Group{Queue: "PS"}
			}
			w.stage1[i%2].count("acme", 1, m)
			w.stage2[i%2].count("acme", 1, m)
		}
	}
	for _, x := range slices.Concat(w.stage1, w.stage2) {
		x.commit()
	}
}

// TestEveryShapeIsShown: with something counted for every KPI, metrics say what the API says, cleanly, and topics have their roll-ups.
func TestEveryShapeIsShown(t *testing.T) {
	w := newWorld(t)
	w.everything()
	h := newHandler(t, w)
	text := asAcme(h, "?definition=all").Body.String()
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v %v", problems, err)
	}
	m := parse(t, text)
	shown, compared := map[kpi.Shape]bool{}, 0
	for _, d := range kpi.Catalog() {
		if !slices.Contains(d.Dimensions, window.DimTopic) || d.Instant() {
			continue
		}
		var ids []string
		for i := range d.Definitions {
			ids = append(ids, d.Definitions[i].ID)
		}
		for _, v := range values(t, h, "/api/v1/kpis?window=1h&group=topic&kpi="+d.ID+"&definition="+strings.ReplaceAll(strings.Join(ids, ","), "+", "%2B")) {
			labels := []string{"rollup", "topic", "topic", v.Group["topic"], "window", "1h"}
			if len(d.Definitions) > 1 {
				labels = append(labels, "definition", v.Definition)
			}
			def, _ := d.Definition(v.Definition)
			for _, p := range facetsOf(d) {
				got, want := sample(t, m, metricName(d, p), labels...), p.value(&v).Float()
				if got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
					t.Errorf("%s%v = %v, the API says %v", metricName(d, p), labels, got, want)
				}
				if !math.IsNaN(got) {
					compared++
					shown[def.Shape()] = true
				}
			}
		}
	}
	for _, shape := range []kpi.Shape{kpi.ShapeCount, kpi.ShapeDuration, kpi.ShapeShare, kpi.ShapeBalance, kpi.ShapeAverage, kpi.ShapeFactor, kpi.ShapeEstimate} {
		if !shown[shape] {
			t.Errorf("no KPI of shape %d is shown", shape)
		}
	}
	if compared < 200 {
		t.Errorf("only %d numbers were compared", compared)
	}
	// Net scores are of customers, by queue and channel.
	if got := m["vigia_kpi_nps_points"].GetMetric(); len(got) == 0 {
		t.Error("no net score is shown")
	}
	for _, name := range []string{"vigia_kpi_average_abandon_time_mean_seconds", "vigia_kpi_replies_to_resolution_mean", "vigia_kpi_sentiment_balance_ratio", "vigia_kpi_sla_burn_rate_factor"} {
		if len(m[name].GetMetric()) == 0 {
			t.Errorf("%s is not shown", name)
		}
	}
	for _, name := range []string{"vigia_kpi_average_abandon_time_p90_seconds", "vigia_kpi_sentiment_balance_low_ratio", "vigia_kpi_sentiment_score_low_ratio"} {
		if m[name] != nil || slices.ContainsFunc(KPIMetrics(), func(i MetricInfo) bool { return i.Name == name }) {
			t.Errorf("%s is shown", name)
		}
	}
}

// TestPageByTopic: the table is of what was asked for, and says what it hides.
func TestPageByTopic(t *testing.T) {
	w := newWorld(t)
	w.busy()
	spec := sla.DefaultPolicy("acme", "America/Mexico_City")
	spec.MinN = map[string]int64{"sentiment_balance": 20}
	for _, x := range w.stage1 {
		x.enrol(spec)
	}
	w.everything()
	for lang, words := range map[string][]string{
		"en": {"By topic", "All topics", "billing", "hidden: fewer than 20", "n\u00a0&lt;\u00a020"},
		"es": {"Por tema", "Todos los temas", "billing", "oculto: menos de 20"},
		"pt": {"Por assunto", "Todos os assuntos", "billing", "oculto: menos de 20"},
	} {
		page := get(newHandler(t, w), "/?by=topic&lang="+lang).Body.String()
		for _, text := range words {
			if !strings.Contains(page, text) {
				t.Errorf("%s: the page lacks %q", lang, text)
			}
		}
		if strings.Contains(page, "<th scope=\"rowgroup\" rowspan=\"3\">PS") {
			t.Errorf("%s: the page by topic has queues", lang)
		}
	}
	if page := get(newHandler(t, w), "/?by=agent&lang=en").Body.String(); !strings.Contains(page, "By queue") {
		t.Error("what cannot be grouped by is not shown by queue")
	}
}

// TestCells: how values read on the page.
func TestCells(t *testing.T) {
	for _, c := range []struct {
		lang words
		v    kpi.Value
		want cell
	}{
		{"es", kpi.Value{Unit: kpi.Ratio, Value: "0.79", N: 100, Numerator: "79", Denominator: "100", Low: "0.7", High: "0.86"}, cell{Text: "79,0\u00a0%", Note: "79/100"}},
		{"en", kpi.Value{Unit: kpi.Ratio, Value: "0.75", N: 4, Numerator: "3", Denominator: "4", Low: "0.3", High: "0.95", Mean: new(kpi.Number("4.25"))}, cell{Text: "75.0\u00a0%", Note: "ø\u00a04.25, 3/4"}},
		{"pt", kpi.Value{Unit: kpi.Ratio, Value: "-0.123", N: 9, Numerator: "-1.107", Denominator: "9"}, cell{Text: "\u22120,12", Note: "n\u00a09"}},
		{"en", kpi.Value{Unit: kpi.Points, Value: "30", N: 100, Low: "14.7", High: "45"}, cell{Text: "+30", Note: "n\u00a0100"}},
		{"es", kpi.Value{Unit: kpi.Factor, Value: "2.04", N: 7}, cell{Text: "×\u00a02,0", Note: "n\u00a07"}},
		{"en", kpi.Value{Unit: kpi.Count, Value: "12", N: 12, Numerator: "12"}, cell{Text: "12"}},
		{"en", kpi.Value{Unit: kpi.Count, Value: "1.5", N: 4, Numerator: "6", Denominator: "4"}, cell{Text: "1.5", Note: "n\u00a04"}},
		{"en", kpi.Value{Unit: kpi.Seconds, Value: "65", N: 4}, cell{Text: "1\u00a0min 05\u00a0s", Note: "n\u00a04"}},
		{"en", kpi.Value{Unit: kpi.Seconds, N: 0}, cell{}},
		{"en", kpi.Value{Unit: kpi.Count, Value: "7.5", N: 30, Numerator: "7.5", Series: []kpi.Step{{Value: "0"}, {Value: "1"}, {Value: "6.5"}, {}}}, cell{Text: "7.5", Note: "▁▂█▁"}},
	} {
		if got := showValue(c.lang, &c.v); got != c.want {
			t.Errorf("%+v: %+v, want %+v", c.v, got, c.want)
		}
	}
}
