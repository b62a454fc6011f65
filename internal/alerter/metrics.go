package alerter

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics of the role. Names of receivers and tenants come from the configuration.
type metrics struct {
	shards         prometheus.Gauge
	behind         *prometheus.GaugeVec // shard
	open           *prometheus.GaugeVec // tenant
	records        *prometheus.CounterVec
	holes          prometheus.Counter
	lost           prometheus.Counter
	refused        *prometheus.CounterVec // reason
	commitSeconds  prometheus.Histogram
	deliveries     *prometheus.CounterVec // tenant, receiver, result
	attemptSeconds *prometheus.HistogramVec
	latency        prometheus.Histogram
	breaker        *prometheus.GaugeVec
	dead           *prometheus.GaugeVec
	queued         *prometheus.GaugeVec // tenant, receiver
	queueAge       *prometheus.GaugeVec
	withheld       *prometheus.CounterVec // reason
	ruleErrors     *prometheus.CounterVec
	ruleAsOf       *prometheus.GaugeVec
	publishErrors  prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "vigia_alerter_" + name, Help: help}, labels)
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "vigia_alerter_" + name, Help: help}, labels)
	}
	m := &metrics{
		shards:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "vigia_alerter_shards", Help: "Shards that the group has given to this alerter."}),
		behind:  gauge("behind_records", "Records of the log of signals that are not folded yet, by shard.", "shard"),
		open:    gauge("open_incidents", "Incidents that last, by tenant.", "tenant"),
		records: counter("records_total", "Records of the log of signals, by what became of them.", "result"),
		holes:   prometheus.NewCounter(prometheus.CounterOpts{Name: "vigia_alerter_holes_total", Help: "Outputs of the worker that never came: somebody may not have been told."}),
		lost:    prometheus.NewCounter(prometheus.CounterOpts{Name: "vigia_alerter_lost_records_total", Help: "Records that the log deleted before they were folded."}),
		refused: counter("refused_writes_total", "Writes that the state did not take, by reason.", "reason"),
		commitSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "vigia_alerter_commit_seconds", Help: "Time that storing a step took.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}}),
		deliveries: counter("deliveries_total", "Attempts to tell a receiver, by result: delivered, retry, refused.", "tenant", "receiver", "result"),
		attemptSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "vigia_alerter_attempt_seconds", Help: "Time that attempts took.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20}}, []string{"tenant", "receiver"}),
		latency: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "vigia_alerter_latency_seconds",
			Help: "Time from the instant at which a broken promise could be called (due and grace) to the delivery of its first notice.", Buckets: []float64{.1, .2, .4, .6, .8, 1, 1.25, 1.5, 2, 3, 5, 10, 30, 60, 300, 3600}}),
		breaker:       gauge("breaker_state", "State of a receiver's circuit breaker: 0 closed, 1 half open, 2 open.", "tenant", "receiver"),
		dead:          gauge("dead_receiver", "1 when the receiver has refused its last notice for good.", "tenant", "receiver"),
		queued:        gauge("undelivered", "Attempts that are stored and not delivered yet.", "tenant", "receiver"),
		queueAge:      gauge("undelivered_age_seconds", "Age of the oldest of them.", "tenant", "receiver"),
		withheld:      counter("withheld_total", "News that nobody was told directly, by reason: silenced, merged, digested, too_old; and escalated and fallback, which were told to others too.", "reason"),
		ruleErrors:    counter("rule_errors_total", "Evaluations of rules for which the values could not be read.", "tenant"),
		ruleAsOf:      gauge("rule_as_of_seconds", "Instant up to which the values of the last evaluation were known.", "tenant"),
		publishErrors: prometheus.NewCounter(prometheus.CounterOpts{Name: "vigia_alerter_publish_errors_total", Help: "Failed writes to the topic of alerts."}),
	}
	for _, o := range []outcome{folded, duplicate, foreign, unknown, outdated, garbage, misrouted, unwanted} {
		m.records.WithLabelValues(string(o))
	}
	for _, reason := range []string{"silenced", "merged", "digested", "too_old", "escalated", "fallback"} {
		m.withheld.WithLabelValues(reason)
	}
	if reg == nil {
		return m, nil
	}
	var errs []error
	for _, c := range []prometheus.Collector{
		m.shards, m.behind, m.open, m.records, m.holes, m.lost, m.refused, m.commitSeconds, m.deliveries, m.attemptSeconds, m.latency, m.breaker, m.dead, m.queued, m.queueAge,
		m.withheld, m.ruleErrors, m.ruleAsOf, m.publishErrors,
	} {
		errs = append(errs, reg.Register(c))
	}
	return m, errors.Join(errs...)
}

// observe shows where the session stands.
func (s *session) observe(now int64) {
	m, d := s.shard.a.metrics, s.desk
	m.behind.WithLabelValues(s.shard.label).Set(float64(s.pending()))
	open := map[string]int{}
	for _, i := range d.incidents {
		if i.gone() == 0 {
			open[i.Tenant]++
		}
	}
	type key struct{ tenant, receiver string }
	waiting, oldest := map[key]int{}, map[key]int64{}
	for _, a := range d.attempts {
		k := key{a.Tenant, a.Receiver}
		waiting[k]++
		oldest[k] = max(oldest[k], now-a.At)
	}
	for name, t := range d.tenants {
		if d.shardOf(name) != d.shard {
			continue
		}
		m.open.WithLabelValues(name).Set(float64(open[name]))
		for _, r := range t.Receivers {
			k := key{name, r.Name}
			m.queued.WithLabelValues(name, r.Name).Set(float64(waiting[k]))
			m.queueAge.WithLabelValues(name, r.Name).Set(float64(oldest[k]) / 1000)
		}
	}
	for reason, n := range map[string]int{
		"silenced": d.tally.silenced, "merged": d.tally.merged, "digested": d.tally.digested, "too_old": d.tally.tooOld, "escalated": d.tally.escalated, "fallback": d.tally.fallbacks,
	} {
		m.withheld.WithLabelValues(reason).Add(float64(n))
	}
	d.tally = tally{}
}
