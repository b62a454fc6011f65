package worker

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/fold"
)

func TestLogMetrics(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	var errs []error
	m := newLogMetrics(reg, &errs)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	m.heard(map[sourceKey]int64{{"acme", "whatsapp", "1"}: 2_000, {"acme", "crm", ""}: 1_500})
	m.heard(map[sourceKey]int64{{"acme", "whatsapp", "1"}: 1_000}) // another partition that lags
	m.buried(stageInteractions, []fold.Out{
		{Record: event.Record{Body: event.DeadLetter{Reason: event.ReasonTooLate}}}, {Record: event.Record{Body: event.Tick{At: 1}}},
		{Record: event.Record{Body: event.DeadLetter{Reason: event.ReasonTooLate}}},
	})
	got := gathered(t, reg)
	for series, want := range map[string]float64{
		"vigia_worker_source_last_event_timestamp_seconds acme crm/*":      1.5,
		"vigia_worker_source_last_event_timestamp_seconds acme whatsapp/1": 2,
		"vigia_worker_dead_letters_total interactions too_late":            2,
		"vigia_worker_dead_letters_total customers panic":                  0,
	} {
		if v, ok := got[series]; !ok || v != want {
			t.Errorf("%s is %v (%v), want %v", series, v, ok, want)
		}
	}
}

func TestSourcesAreBounded(t *testing.T) {
	var errs []error
	reg := prometheus.NewPedanticRegistry()
	m := newLogMetrics(reg, &errs)
	for i := range maxSources + 100 {
		m.heard(map[sourceKey]int64{{"acme", "http", fmt.Sprint(i)}: 1_000})
	}
	m.heard(map[sourceKey]int64{{"acme", "http", "0"}: 9_000})
	got := gathered(t, reg)
	n := 0
	for series := range got {
		if strings.HasPrefix(series, "vigia_worker_source_") {
			n++
		}
	}
	if n != maxSources || got["vigia_worker_source_last_event_timestamp_seconds acme http/0"] != 9 {
		t.Errorf("%d series, want %d; the first source is at %v, want 9", n, maxSources, got["vigia_worker_source_last_event_timestamp_seconds acme http/0"])
	}
}

// gathered returns all values by name and label values, stage or tenant first.
func gathered(t *testing.T, reg prometheus.Gatherer) map[string]float64 {
	t.Helper()
	all, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, f := range all {
		for _, m := range f.GetMetric() {
			of := map[string]string{}
			for _, l := range m.GetLabel() {
				of[l.GetName()] = l.GetValue()
			}
			name := strings.Join(strings.Fields(strings.Join([]string{f.GetName(), of["tenant"], of["stage"], of["source"], of["reason"]}, " ")), " ")
			out[name] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return out
}
