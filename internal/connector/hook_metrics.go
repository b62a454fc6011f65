package connector

import (
	"errors"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vigia-cx/vigia/internal/event"
)

// ignoredRepeated counts events that stand in one delivery twice.
const ignoredRepeated = "repeated"

// unknownChannel is the label of requests to channels that do not exist.
const unknownChannel = "unknown"

// hookMetrics of what vendors send. All label values are closed sets or configured names and start at zero; none comes from a request.
type hookMetrics struct {
	requests *prometheus.CounterVec // channel, code
	rejected *prometheus.CounterVec // channel, reason
	events   *prometheus.CounterVec // channel
	ignored  *prometheus.CounterVec // channel, reason
	dead     *prometheus.CounterVec // channel, reason
	last     *prometheus.GaugeVec   // channel, source
}

var hookProblems = []problemKind{incomplete, unauthorized, badSignature, handshakeRefused, notFound, wrongMethod, slowBody, tooLarge, unsupportedType, invalid, sourceLimited, busy,
	unavailable}

func newHookMetrics(channels []Channel, reg prometheus.Registerer) (*hookMetrics, error) {
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := &hookMetrics{
		requests: vec("vigia_hooks_requests_total", "Requests to webhooks, by status code of the answer.", "channel", "code"),
		rejected: vec("vigia_hooks_rejected_total", "Requests to webhooks that were not acknowledged, by reason.", "channel", "reason"),
		events:   vec("vigia_hooks_events_total", "Events that webhooks brought and the log acknowledged.", "channel"),
		ignored:  vec("vigia_hooks_ignored_total", "Items of deliveries that say nothing about an interaction, by reason.", "channel", "reason"),
		dead:     vec("vigia_hooks_dead_letters_total", "Items of deliveries that could not be read and became dead letters, by reason.", "channel", "reason"),
		last: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "vigia_hooks_last_delivery_timestamp_seconds",
			Help: "When the source's last delivery was acknowledged; 0 before the first."}, []string{"channel", "source"}),
	}
	if len(channels) > 0 {
		m.expect(unknownChannel, nil)
	}
	for _, c := range channels {
		m.expect(c.Name(), append([]string{ignoredRepeated}, c.Ignores()...))
	}
	if reg == nil {
		return m, nil
	}
	var errs []error
	for _, c := range []prometheus.Collector{m.requests, m.rejected, m.events, m.ignored, m.dead, m.last} {
		errs = append(errs, reg.Register(c))
	}
	return m, errors.Join(errs...)
}

func (m *hookMetrics) expect(channel string, ignores []string) {
	if channel == unknownChannel {
		m.requests.WithLabelValues(channel, strconv.Itoa(notFound.Status))
		m.rejected.WithLabelValues(channel, notFound.reason())
		return
	}
	m.requests.WithLabelValues(channel, "200")
	for _, p := range hookProblems {
		if p != notFound {
			m.requests.WithLabelValues(channel, strconv.Itoa(p.Status))
			m.rejected.WithLabelValues(channel, p.reason())
		}
	}
	m.events.WithLabelValues(channel)
	for _, reason := range ignores {
		m.ignored.WithLabelValues(channel, reason)
	}
	for _, reason := range []event.Reason{event.ReasonGarbage, event.ReasonUnknownKind, event.ReasonMissingField, event.ReasonBadValue, event.ReasonBadTime, event.ReasonTooLarge,
		event.ReasonPanic} {
		m.dead.WithLabelValues(channel, string(reason))
	}
}
