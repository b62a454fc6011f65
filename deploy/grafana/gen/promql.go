package main

import "fmt"

// Series of KPIs are always taken from one roll-up, and with max over the replicas of the exporter: a sum over roll-ups or replicas would count twice.

// of selects a metric of the whole tenant.
func of(metric, labels string) string {
	return fmt.Sprintf(`max(%s{tenant="$tenant", rollup="tenant"%s})`, metric, labels)
}

// byQueue selects a metric of each queue that is chosen.
func byQueue(metric, labels string) string {
	return fmt.Sprintf(`max by (queue) (%s{tenant="$tenant", rollup="queue", queue=~"$queue"%s})`, metric, labels)
}

// byChannel selects a metric of each channel that is chosen.
func byChannel(metric, labels string) string {
	return fmt.Sprintf(`max by (channel) (%s{tenant="$tenant", rollup="channel", channel=~"$channel"%s})`, metric, labels)
}

// total adds up a count over what is chosen, by some labels ("" for none). Counts of channel and queue add up; shares and percentiles do not.
func total(by, metric, labels string) string {
	if by != "" {
		by = " by (" + by + ")"
	}
	return fmt.Sprintf(`sum%s (max by (channel, queue) (%s{tenant="$tenant", rollup="channel_queue", channel=~"$channel", queue=~"$queue"%s}))`, by, metric, labels)
}

// share is the exact share over what is chosen, from the counts behind it.
func share(by, kpi, labels string) string {
	return fmt.Sprintf("%s\n/\n(%s > 0)", total(by, "vigia_kpi_"+kpi+"_numerator", labels), total(by, "vigia_kpi_"+kpi+"_denominator", labels))
}

// most is the largest value among what is chosen.
func most(metric, labels string) string {
	return fmt.Sprintf(`max(%s{tenant="$tenant", rollup="channel_queue", channel=~"$channel", queue=~"$queue"%s})`, metric, labels)
}

// quantile is a percentile of all chosen queues together, from classic buckets or, where the scrape asks for them, from native ones.
func quantile(q, kpi string) string {
	const pick = `{tenant="$tenant", rollup="queue", queue=~"$queue", window="1h"}`
	return fmt.Sprintf("histogram_quantile(%s, sum by (le) (max by (queue, le) (vigia_kpi_%s_seconds_bucket%s)))\nor\nhistogram_quantile(%s, sum(vigia_kpi_%s_seconds%s))", q, kpi, pick, q, kpi, pick)
}

const window = `, window="$window"`

func definition(name string) string { return fmt.Sprintf(`, definition="%s"`, name) }
