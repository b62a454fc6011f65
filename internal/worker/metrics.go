package worker

import (
	"errors"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// The closed sets of label values; every series exists from the start so that rates work before the first failure.
var (
	refusalReasons = []string{"moved", "fenced", "absent", "outbox_full", "frozen", "memory"}
	rebuildReasons = []string{"new", "absent", "recreated", "truncated"}
	stageNames     = []string{stageInteractions, stageCustomers}
)

type metrics struct {
	lag, behind, position, time, outbox, held, results   *prometheus.GaugeVec
	records, bytes, ticks, refused, rebuilds, lost, sent *prometheus.CounterVec
	relayErrors, panics, moves                           *prometheus.CounterVec
	apply, batch                                         *prometheus.HistogramVec
	partitions                                           *prometheus.GaugeVec
	usable                                               prometheus.Gauge
	log                                                  *logMetrics
}

// newMetrics registers on reg, which may be nil. Workers that share a registry share the series.
func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	slot := []string{"stage", "partition"}
	var errs []error
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return register(reg, &errs, prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "vigia_worker_" + name, Help: help}, labels))
	}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return register(reg, &errs, prometheus.NewCounterVec(prometheus.CounterOpts{Name: "vigia_worker_" + name, Help: help}, labels))
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		return register(reg, &errs, prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "vigia_worker_" + name, Help: help, Buckets: buckets}, labels))
	}
	m := &metrics{
		lag:        gauge("lag_seconds", "Age of the last applied record while records wait behind it, else 0.", slot...),
		behind:     gauge("lag_records", "Records of the log that are not applied yet.", slot...),
		position:   gauge("position", "Offset of the next record to apply.", slot...),
		time:       gauge("time_seconds", "Time that the partition has reached, as Unix seconds.", slot...),
		outbox:     gauge("outbox_entries", "Outputs that wait for the relay.", slot...),
		held:       gauge("clock_held_back_seconds", "How far the clocks are ahead of the time that may be written; stays above 0 while the start rule waits for --accept-clock.", slot...),
		results:    gauge("state_records", "What became of the records since the state began, by result. A gauge: it falls when Redis falls back.", "stage", "partition", "result"),
		partitions: gauge("partitions", "Partitions owned by this worker.", "stage"),
		records:    counter("records_total", "Records read from the log.", "stage"),
		bytes:      counter("record_bytes_total", "Bytes of record values read from the log.", "stage"),
		ticks:      counter("ticks_total", "Ticks written by this worker.", slot...),
		refused:    counter("refused_applies_total", "Steps that the state did not take, by reason.", "stage", "reason"),
		rebuilds:   counter("rebuilds_total", "States begun from the log, by reason.", "stage", "reason"),
		moves:      counter("restored_total", "States continued from an older copy in a new lineage.", "stage"),
		lost:       counter("lost_records_total", "Records that the log deleted before they were applied. Never silent: values are marked incomplete.", "stage"),
		sent:       counter("relayed_total", "Outputs sent to Kafka, repetitions included, by topic.", "topic"),
		relayErrors: counter("relay_errors_total",
			"Attempts to send outputs that failed; they are repeated.", "topic"),
		panics: counter("fold_panics_total", "Records on which the fold failed: defects of Vigia. They are dead-lettered.", "stage"),
		apply: histogram("apply_seconds", "Duration of one apply in Redis.",
			[]float64{.0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5}, "stage"),
		batch: histogram("batch_records", "Records in one apply.", []float64{0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000}, "stage"),
	}
	m.usable = register(reg, &errs, prometheus.NewGauge(prometheus.GaugeOpts{Name: "vigia_worker_state_usable",
		Help: "1 while Redis can hold the state, 0 when the last check failed: unreachable, or allowed to evict keys."}))
	m.usable.Set(1)
	m.log = newLogMetrics(reg, &errs)
	for _, stage := range stageNames {
		m.records.WithLabelValues(stage)
		m.bytes.WithLabelValues(stage)
		m.lost.WithLabelValues(stage)
		m.panics.WithLabelValues(stage)
		m.moves.WithLabelValues(stage)
		m.partitions.WithLabelValues(stage)
		for _, reason := range refusalReasons {
			m.refused.WithLabelValues(stage, reason)
		}
		for _, reason := range rebuildReasons {
			m.rebuilds.WithLabelValues(stage, reason)
		}
	}
	return m, errors.Join(errs...)
}

func register[C prometheus.Collector](reg prometheus.Registerer, errs *[]error, c C) C {
	if reg == nil {
		return c
	}
	err := reg.Register(c)
	if dup, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		if old, ok := dup.ExistingCollector.(C); ok {
			return old
		}
	}
	if err != nil {
		*errs = append(*errs, err)
	}
	return c
}

// forget removes the series of a partition that this worker owns no longer.
func (m *metrics) forget(stage string, partition int32) {
	labels := prometheus.Labels{"stage": stage, "partition": strconv.Itoa(int(partition))}
	for _, g := range []*prometheus.GaugeVec{m.lag, m.behind, m.position, m.time, m.outbox, m.held, m.results, m.log.gaps} {
		g.DeletePartialMatch(labels)
	}
}
