package main

var clocks = []struct{ name, title string }{{"first_response", "First response"}, {"next_response", "Next response"}, {"resolution", "Resolution"},
	{"periodic_update", "Periodic update"}, {"pausable_update", "Pausable update"}}

// sla is about promises: kept, running, near and late.
func sla() board {
	created := definition("from_creation") + window
	kept := row{"Promises kept", 4, nil}
	for _, c := range clocks {
		kept.panels = append(kept.panels, panel{kind: statKind, title: c.title + " kept", description: "Promises kept of promises kept or broken in the window; running ones are in neither.",
			unit: "percentunit", width: 4, steps: falling(0.9, 0.95), queries: []query{{share("", "sla_compliance", definition(c.name)+window), "kept"}}})
	}
	kept.panels = append(kept.panels, panel{kind: statKind, title: "Due within 15 minutes", description: "Promises of whatever kind that break in the next 15 minutes unless somebody acts.", unit: "short",
		width: 4, steps: rising(5, 20), queries: []query{{total("", "vigia_kpi_sla_predicted_breaches", definition("15m")), "due"}}})
	var running, atRisk, overdue []query
	for _, c := range clocks {
		running = append(running, query{total("", "vigia_kpi_sla_running", definition(c.name)), c.title})
		atRisk = append(atRisk, query{total("", "vigia_kpi_sla_at_risk", definition(c.name)), c.title})
		overdue = append(overdue, query{total("", "vigia_kpi_sla_overdue", definition(c.name)), c.title})
	}
	first := definition("first_response")
	return board{
		uid: "vigia-sla", title: "Vigia / SLA", kpis: true,
		description: "Promises: how many were kept, how many run, come near and are late, and where.",
		rows: []row{
			kept,
			{"Now", 7, []panel{
				{kind: lines, title: "Running", description: "Promises still to be kept: in time, at risk, overdue or paused.", unit: "short", width: 8, min: new(0.0), queries: running},
				{kind: lines, title: "At risk", description: "Promises past their first warning point and not yet overdue.", unit: "short", width: 8, min: new(0.0), queries: atRisk},
				{kind: lines, title: "Overdue", description: "Promises past due and still not fulfilled.", unit: "short", width: 8, min: new(0.0), queries: overdue},
				{kind: bars, title: "First responses overdue by queue", description: "Where customers wait for a first reply longer than promised.", unit: "short", width: 12, steps: rising(1, 5),
					queries: []query{{"sort_desc(" + byQueue("vigia_kpi_sla_overdue", first) + ")", "{{queue}}"}}},
				{kind: bars, title: "First responses at risk by queue", description: "Where to look before a promise breaks.", unit: "short", width: 12, steps: rising(1, 10),
					queries: []query{{"sort_desc(" + byQueue("vigia_kpi_sla_at_risk", first) + ")", "{{queue}}"}}},
			}},
			{"Compliance", 8, []panel{
				{kind: lines, title: "First responses kept by queue", description: "Share of promises of a first response that were kept.", unit: "percentunit", width: 12, min: new(0.0), max: new(1.0),
					queries: []query{{byQueue("vigia_kpi_sla_compliance_ratio", first+window), "{{queue}}"}}},
				{kind: lines, title: "First responses kept, with certainty", description: "The share over the whole tenant and the Wilson 95 % interval around it: how far it may be off with so few contacts.", unit: "percentunit", width: 12,
					min: new(0.0), max: new(1.0), queries: []query{{of("vigia_kpi_sla_compliance_high_ratio", first+window), "at most"}, {of("vigia_kpi_sla_compliance_ratio", first+window), "kept"},
						{of("vigia_kpi_sla_compliance_low_ratio", first+window), "at least"}}},
				{kind: lines, title: "First responses broken by queue", description: "Promises of a first response that broke in the window.", unit: "short", width: 12, min: new(0.0),
					queries: []query{{byQueue("vigia_kpi_sla_compliance_denominator", first+window) + "\n-\n" + byQueue("vigia_kpi_sla_compliance_numerator", first+window), "{{queue}}"}}},
				{kind: lines, title: "Surely broken share, last hour", description: "Lower bound of the broken share of an hour, from the recording rules; 30 % in the hour and in 5 minutes raise VigiaSLABurning.", unit: "percentunit", width: 12,
					min: new(0.0), max: new(1.0), queries: []query{{`max by (queue) (tenant_queue:vigia_kpi_sla_miss_low:ratio_1h{tenant="$tenant", queue=~"$queue", definition="first_response"})`, "{{queue}}"}}},
				{kind: lines, title: "Service level by channel", description: "Share answered within the queue's target, definition `vigia`.", unit: "percentunit", width: 12, min: new(0.0), max: new(1.0),
					queries: []query{{byChannel("vigia_kpi_service_level_ratio", definition("vigia")+window), "{{channel}}"}}},
				{kind: lines, title: "Resolution time", description: "From the start of a conversation to its resolve, without pauses; over the whole tenant.", unit: "s", width: 12, min: new(0.0),
					queries: []query{{of("vigia_kpi_resolution_time_mean_seconds", created), "mean"}, {of("vigia_kpi_resolution_time_p50_seconds", created), "p50"}, {of("vigia_kpi_resolution_time_p90_seconds", created), "p90"}}},
			}},
		},
	}
}
