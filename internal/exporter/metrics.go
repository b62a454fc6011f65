package exporter

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics of the role. All label values are closed sets; none comes from a request.
type metrics struct {
	requests     *prometheus.CounterVec // route, code
	seconds      *prometheus.HistogramVec
	storeSeconds prometheus.Histogram
	chunks       *prometheus.CounterVec // result
	cacheBytes   prometheus.Gauge
}

func newMetrics() *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "vigia_api_requests_total", Help: "Requests to the API and the page, by route and status code."},
			[]string{"route", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "vigia_api_request_seconds", Help: "Time that requests took, by route.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}}, []string{"route"}),
		storeSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "vigia_api_store_read_seconds", Help: "Time that reads of the state took.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}}),
		chunks: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "vigia_api_chunks_total",
			Help: "Chunks of panes and lists of conversations that answers needed, by result: fetched from the state, or cached because they had not changed."}, []string{"result"}),
		cacheBytes: prometheus.NewGauge(prometheus.GaugeOpts{Name: "vigia_api_cache_bytes", Help: "Memory kept for panes and conversations between reads, roughly."}),
	}
	for _, result := range []string{"fetched", "cached"} {
		m.chunks.WithLabelValues(result)
	}
	for _, r := range routes {
		m.requests.WithLabelValues(r, "200")
		m.seconds.WithLabelValues(r)
	}
	return m
}

func (m *metrics) register(reg prometheus.Registerer) error {
	if reg == nil {
		return nil
	}
	return errors.Join(reg.Register(m.requests), reg.Register(m.seconds), reg.Register(m.storeSeconds), reg.Register(m.chunks), reg.Register(m.cacheBytes))
}
