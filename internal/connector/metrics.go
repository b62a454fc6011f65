package connector

import (
	"errors"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vigia-cx/vigia/internal/event"
)

// Results of events, as metric label.
const (
	resultAccepted    = "accepted"
	resultInvalid     = "invalid"
	resultLimited     = "limited"
	resultUnavailable = "unavailable"
)

// metrics of the role. All label values are closed sets and start at zero; none comes from a request.
type metrics struct {
	events   *prometheus.CounterVec // result
	requests *prometheus.CounterVec // code
	rejected *prometheus.CounterVec // reason
	altered  *prometheus.CounterVec // field
	clamped  prometheus.Counter
	gaps     prometheus.Counter
	blind    prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	vec := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	}
	m := &metrics{
		events:   vec("vigia_ingest_events_total", "Events that reached ingest, by result.", "result"),
		requests: vec("vigia_ingest_requests_total", "Requests to ingest, by status code of the answer.", "code"),
		rejected: vec("vigia_ingest_rejected_total", "Refused events and requests, by reason.", "reason"),
		altered:  vec("vigia_ingest_dropped_values_total", "Values dropped or hashed before the log because no configuration declares them, by field.", "field"),
		clamped:  prometheus.NewCounter(prometheus.CounterOpts{Name: "vigia_ingest_clamped_total", Help: "Events from the future whose time was set to receipt + 2 min."}),
		gaps: prometheus.NewCounter(prometheus.CounterOpts{Name: "vigia_ingest_gaps_total",
			Help: "Gaps announced because the log refused events of a source."}),
		blind: prometheus.NewGauge(prometheus.GaugeOpts{Name: "vigia_ingest_blind_sources", Help: "Sources whose events the log refuses now."}),
	}
	for _, r := range []string{resultAccepted, resultInvalid, resultLimited, resultUnavailable} {
		m.events.WithLabelValues(r)
	}
	m.requests.WithLabelValues("200")
	for _, p := range problems {
		m.requests.WithLabelValues(strconv.Itoa(p.Status))
		m.rejected.WithLabelValues(p.reason())
	}
	for _, r := range []event.Reason{event.ReasonGarbage, event.ReasonUnknownKind, event.ReasonMissingField, event.ReasonBadValue, event.ReasonBadTime, event.ReasonNoTenant} {
		m.rejected.WithLabelValues(string(r))
	}
	for _, f := range event.GuardedFields() {
		m.altered.WithLabelValues(f)
	}
	if reg == nil {
		return m, nil
	}
	var errs []error
	for _, c := range []prometheus.Collector{m.events, m.requests, m.rejected, m.altered, m.clamped, m.gaps, m.blind} {
		errs = append(errs, reg.Register(c))
	}
	return m, errors.Join(errs...)
}
