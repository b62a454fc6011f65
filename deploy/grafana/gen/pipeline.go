package main

// pipeline is how Vigia itself does.
func pipeline() board {
	return board{
		uid: "vigia-pipeline", title: "Vigia / Pipeline",
		description: "How Vigia itself does: what comes in, how far behind it is, whether Kafka and Redis keep up.",
		rows: []row{
			{"Now", 4, []panel{
				{kind: statKind, title: "Lag", description: "Age of the last applied record while records wait behind it, worst partition.", unit: "s", width: 4, steps: rising(5, 60),
					queries: []query{{"max(vigia_worker_lag_seconds)", "lag"}}},
				{kind: statKind, title: "Time behind now", description: "How far the slowest partition's time is behind the clock: deadlines fire that much late.", unit: "s", width: 4, steps: rising(15, 60),
					queries: []query{{"max(vigia:worker_time_behind_seconds:max)", "behind"}}},
				{kind: statKind, title: "Partitions owned", description: "Partitions of the log that some worker folds.", unit: "short", width: 4, queries: []query{{"sum(vigia_worker_partitions)", "partitions"}}},
				{kind: statKind, title: "Outputs waiting", description: "Signals, facts and dead letters that Kafka has not acknowledged yet; at 50,000 a partition pauses.", unit: "short", width: 4, steps: rising(1000, 10000),
					queries: []query{{"sum(vigia_worker_outbox_entries)", "waiting"}}},
				{kind: statKind, title: "Blind sources", description: "Sources whose events the log refuses now.", unit: "short", width: 4, steps: rising(1, 2), queries: []query{{"max(vigia_ingest_blind_sources)", "blind"}}},
				{kind: statKind, title: "Tenants readable", description: "Tenants whose KPIs can be read and are fresh.", unit: "short", width: 4,
					queries: []query{{"sum(max by (tenant) (vigia_kpi_up)) - sum(max by (tenant) (vigia_kpi_stale))", "tenants"}}},
			}},
			{"What comes in", 8, []panel{
				{kind: lines, title: "Events by result", description: "Events that reached ingest: accepted, invalid, over the limit, or turned away because the log did not take them.", unit: "cps", width: 12, min: new(0.0),
					queries: []query{{"sum by (result) (rate(vigia_ingest_events_total[$__rate_interval]))", "{{result}}"}}},
				{kind: lines, title: "Newest event by source", description: "How long ago the newest event of each source was received.", unit: "s", width: 12, min: new(0.0),
					queries: []query{{"time() - max by (tenant, source) (vigia_worker_source_last_event_timestamp_seconds)", "{{tenant}} {{source}}"}}},
				{kind: lines, title: "Records read", description: "Records that workers read from the log, by stage.", unit: "cps", width: 12, min: new(0.0),
					queries: []query{{"sum by (stage) (rate(vigia_worker_records_total[$__rate_interval]))", "{{stage}}"}}},
				{kind: lines, title: "Dead letters by reason", description: "Records that could not be used, in 15 minutes.", unit: "short", width: 12, min: new(0.0),
					queries: []query{{"sum by (reason) (increase(vigia_worker_dead_letters_total[15m]))", "{{reason}}"}}},
			}},
			{"Keeping up", 8, []panel{
				{kind: lines, title: "Lag by stage", description: "Age of the last applied record while records wait behind it.", unit: "s", width: 8, min: new(0.0),
					queries: []query{{"max by (stage) (vigia_worker_lag_seconds)", "{{stage}}"}}},
				{kind: lines, title: "Records behind", description: "Records of the log that are not applied yet.", unit: "short", width: 8, min: new(0.0),
					queries: []query{{"sum by (stage) (max by (stage, partition) (vigia_worker_lag_records))", "{{stage}}"}}},
				{kind: lines, title: "Pace of time", description: "Seconds of the partitions' time that pass in a second, slowest partition; 1 is right, 0 is a standstill.", unit: "none", width: 8, min: new(0.0), decimals: new(2.0),
					queries: []query{{"min by (stage) (deriv(vigia_worker_time_seconds[5m]))", "{{stage}}"}}},
				{kind: lines, title: "Outbox", description: "Outputs that wait for the relay.", unit: "short", width: 8, min: new(0.0),
					queries: []query{{"max by (stage) (vigia_worker_outbox_entries)", "{{stage}}"}}},
				{kind: lines, title: "Open gaps", description: "Sources that are blind or silent, as the partitions know; their deadlines wait.", unit: "short", width: 8, min: new(0.0),
					queries: []query{{"max by (stage) (vigia_worker_open_gaps)", "{{stage}}"}}},
				{kind: lines, title: "Clock skew", description: "Clock of Redis minus clock of the worker.", unit: "s", width: 8, queries: []query{{"max(vigia_worker_clock_skew_seconds)", "skew"}}},
			}},
			{"Telling people", 8, []panel{
				{kind: lines, title: "Incidents that last", description: "Broken promises and firing rules that have not ended, by tenant.", unit: "short", width: 8, min: new(0.0),
					queries: []query{{"max by (tenant) (vigia_alerter_open_incidents)", "{{tenant}}"}}},
				{kind: lines, title: "Signals by result", description: "Signals that the alerter has looked at, by what became of them.", unit: "cps", width: 8, min: new(0.0),
					queries: []query{{"sum by (result) (rate(vigia_alerter_records_total[$__rate_interval]))", "{{result}}"}}},
				{kind: lines, title: "News withheld", description: "News that nobody was told directly in 15 minutes, by reason: silenced, merged into another message, left to a digest, too old; or told to others too.", unit: "short",
					width: 8, min: new(0.0), queries: []query{{"sum by (reason) (increase(vigia_alerter_withheld_total[15m]))", "{{reason}}"}}},
			}},
			{"Kafka and Redis", 8, []panel{
				{kind: lines, title: "Apply in Redis", description: "Duration of one compare-and-set with everything that it writes.", unit: "s", width: 8, min: new(0.0),
					queries: []query{
						{"histogram_quantile(0.5, sum by (le) (rate(vigia_worker_apply_seconds_bucket[$__rate_interval])))\nor\nhistogram_quantile(0.5, sum(rate(vigia_worker_apply_seconds[$__rate_interval])))", "p50"},
						{"histogram_quantile(0.99, sum by (le) (rate(vigia_worker_apply_seconds_bucket[$__rate_interval])))\nor\nhistogram_quantile(0.99, sum(rate(vigia_worker_apply_seconds[$__rate_interval])))", "p99"},
					}},
				{kind: lines, title: "Applies refused", description: "Steps that the state did not take, by reason: moved and fenced are take-overs; outbox_full, frozen and memory are waits.", unit: "cps", width: 8, min: new(0.0),
					queries: []query{{"sum by (reason) (rate(vigia_worker_refused_applies_total[$__rate_interval]))", "{{reason}}"}}},
				{kind: lines, title: "Calls to Kafka that fail", description: "Calls by method that brokers or the network did not serve, or refused.", unit: "cps", width: 8, min: new(0.0),
					queries: []query{{`sum by (api) (rate(vigia_bus_requests_total{result=~"retryable|refused"}[$__rate_interval]))`, "{{api}}"}}},
				{kind: lines, title: "Outputs relayed", description: "Outputs sent to Kafka by topic, repetitions included.", unit: "cps", width: 8, min: new(0.0),
					queries: []query{{"sum by (topic) (rate(vigia_worker_relayed_total[$__rate_interval]))", "{{topic}}"}}},
				{kind: lines, title: "Reading the state", description: "Time that a scrape takes to read a tenant, and that reads of the state take in the API (p99).", unit: "s", width: 8, min: new(0.0),
					queries: []query{{"max by (tenant) (vigia_kpi_read_seconds)", "scrape {{tenant}}"},
						{"histogram_quantile(0.99, sum by (le) (rate(vigia_api_store_read_seconds_bucket[$__rate_interval])))\nor\nhistogram_quantile(0.99, sum(rate(vigia_api_store_read_seconds[$__rate_interval])))", "store p99"}}},
				{kind: lines, title: "Memory", description: "Resident memory of each process.", unit: "bytes", width: 8, min: new(0.0),
					queries: []query{{`process_resident_memory_bytes{job="vigia"}`, "{{instance}}"}}},
			}},
		},
	}
}
