package worker

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/fold"
)

// maxSources bounds the sources that have a series of their own: names come from events, and one that changes with every event must not fill the memory of whoever
// scrapes.
const maxSources = 1000

var deadReasons = []event.Reason{
	event.ReasonGarbage, event.ReasonUnknownKind, event.ReasonMissingField, event.ReasonBadValue, event.ReasonTooLarge, event.ReasonBadTime, event.ReasonMisrouted,
	event.ReasonWrongTopic, event.ReasonTooLate, event.ReasonNoTenant, event.ReasonConflict, event.ReasonPanic,
}

// logMetrics tell what the log brings: records that cannot be used, sources that speak, gaps.
type logMetrics struct {
	dead   *prometheus.CounterVec // stage, reason
	gaps   *prometheus.GaugeVec   // stage, partition
	source *prometheus.GaugeVec   // tenant, source
	skew   prometheus.Gauge

	mu   sync.Mutex
	seen map[sourceKey]int64 // newest receipt, Unix ms
}

type sourceKey struct{ tenant, connector, account string }

func newLogMetrics(reg prometheus.Registerer, errs *[]error) *logMetrics {
	m := &logMetrics{
		dead: register(reg, errs, prometheus.NewCounterVec(prometheus.CounterOpts{Name: "vigia_worker_dead_letters_total",
			Help: "Records that could not be used, by reason; each is dead-lettered with its coordinates."}, []string{"stage", "reason"})),
		gaps: register(reg, errs, prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "vigia_worker_open_gaps",
			Help: "Sources that are blind now, as the partition knows; deadlines of theirs wait."}, []string{"stage", "partition"})),
		source: register(reg, errs, prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "vigia_worker_source_last_event_timestamp_seconds",
			Help: "When the newest event of a source was received, as Unix seconds, among the partitions of this worker."}, []string{"tenant", "source"})),
		skew: register(reg, errs, prometheus.NewGauge(prometheus.GaugeOpts{Name: "vigia_worker_clock_skew_seconds",
			Help: "Clock of Redis minus clock of this worker when the last tick was due."})),
		seen: map[sourceKey]int64{},
	}
	for _, stage := range stageNames {
		for _, reason := range deadReasons {
			m.dead.WithLabelValues(stage, string(reason))
		}
	}
	return m
}

// heard notes the newest receipts of a batch.
func (m *logMetrics) heard(batch map[sourceKey]int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, at := range batch {
		before, known := m.seen[key]
		if !known && len(m.seen) >= maxSources || at <= before {
			continue
		}
		m.seen[key] = at
		m.source.WithLabelValues(key.tenant, event.SourceName(key.connector, key.account)).Set(float64(at) / 1000)
	}
}

// buried counts the dead letters among outputs that have been stored.
func (m *logMetrics) buried(stage string, outs []fold.Out) {
	for i := range outs {
		if d, ok := outs[i].Record.Body.(event.DeadLetter); ok {
			m.dead.WithLabelValues(stage, string(d.Reason)).Inc()
		}
	}
}
