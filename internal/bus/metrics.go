package bus

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The closed sets of label values; every series exists from the start so that rates and
// absent() work before the first failure.
var (
	metricAPIs = []string{
		"publish", "produce", "fetch", "bounds", "commit", "committed",
		"join", "topics", "create_topics", "alter_config", "delete_topics", "ping",
	}
	metricResults = []string{"ok", "retryable", "refused", "canceled"}
)

type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

// newMetrics registers on reg, which may be nil. Clients that share a registry share the
// series.
func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vigia_bus_requests_total",
			Help: "Calls to the log by method and result: ok, retryable (a broker or the network), refused (a decision: too large, out of range, stale generation, no access), canceled by the caller.",
		}, []string{"api", "result"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "vigia_bus_request_seconds",
			Help:    "Duration of calls to the log by method. A fetch at the end of a partition waits for records by design.",
			Buckets: []float64{.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30},
		}, []string{"api"}),
	}
	if reg != nil {
		var err error
		if m.requests, err = register(reg, m.requests); err != nil {
			return nil, err
		}
		if m.seconds, err = register(reg, m.seconds); err != nil {
			return nil, err
		}
	}
	for _, api := range metricAPIs {
		m.seconds.WithLabelValues(api)
		for _, result := range metricResults {
			m.requests.WithLabelValues(api, result)
		}
	}
	return m, nil
}

func register[C prometheus.Collector](reg prometheus.Registerer, c C) (C, error) {
	err := reg.Register(c)
	if dup, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		if old, ok := dup.ExistingCollector.(C); ok {
			return old, nil
		}
	}
	return c, err
}

// observe counts one call that began at start and returned err, and returns err.
func (m *metrics) observe(api string, start time.Time, err error) error {
	m.seconds.WithLabelValues(api).Observe(time.Since(start).Seconds())
	m.requests.WithLabelValues(api, result(err)).Inc()
	return err
}

func result(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case Retryable(err):
		return "retryable"
	default:
		return "refused"
	}
}
