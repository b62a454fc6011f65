package main

import "strings"

// overview is what a supervisor looks at.
func overview() board {
	level := definition("vigia") + window
	first := definition("default") + window
	var overdue []string
	for _, c := range clocks {
		overdue = append(overdue, total("", "vigia_kpi_sla_overdue", definition(c.name)))
	}
	return board{
		uid: "vigia-overview", title: "Vigia / Overview", kpis: true,
		description: "What presses now and how the queues do. Every value is about the window chosen above and ends now.",
		rows: []row{
			{"Now", 4, []panel{
				{kind: statKind, title: "Contacts waiting", description: "Contacts that wait for a person now, in the queues and channels chosen.", unit: "short", width: 4,
					queries: []query{{total("", "vigia_kpi_contacts_waiting", ""), "waiting"}}},
				{kind: statKind, title: "Longest wait", description: "How long the contact that waits longest has been waiting. Empty when nobody waits.", unit: "s", width: 4, steps: rising(120, 300),
					queries: []query{{most("vigia_kpi_longest_wait_seconds", ""), "longest"}}},
				{kind: statKind, title: "Promises overdue", description: "First and following responses, updates and resolutions that are past due and still owed, now.", unit: "short", width: 4, steps: rising(1, 5),
					queries: []query{{strings.Join(overdue, "\n+\n"), "overdue"}}},
				{kind: statKind, title: "Service level", description: "Share of contacts answered within the queue's target, definition `vigia`: answered in target / (answered + abandoned − short abandons).", unit: "percentunit",
					width: 4, steps: falling(0.8, 0.9), queries: []query{{share("", "service_level", level), "service level"}}},
				{kind: statKind, title: "First response p90", description: "Nine of ten first replies of a person came faster, over the whole tenant.", unit: "s", width: 4,
					queries: []query{{of("vigia_kpi_first_response_time_p90_seconds", first), "p90"}}},
				{kind: statKind, title: "Age of the data", description: "How far behind now the instant is up to which everything is known. Beyond 10 s the values are stale.", unit: "s", width: 4, steps: rising(10, 60),
					queries: []query{{`time() - max(vigia_kpi_as_of_timestamp_seconds{tenant="$tenant"})`, "age"}}},
			}},
			{"Queues", 9, []panel{
				{kind: tableKind, title: "Queue by queue", description: "One line for each queue in the window chosen. An empty cell is no data, not zero.", unit: "short", width: 24,
					units: map[string]string{"service level": "percentunit", "abandon rate": "percentunit", "first response p90": "s"},
					queries: []query{
						{byQueue("vigia_kpi_contacts_waiting", ""), "waiting"}, {byQueue("vigia_kpi_contacts_offered", window), "offered"},
						{byQueue("vigia_kpi_service_level_ratio", level), "service level"}, {byQueue("vigia_kpi_first_response_time_p90_seconds", first), "first response p90"},
						{byQueue("vigia_kpi_sla_overdue", definition("first_response")), "first responses overdue"}, {byQueue("vigia_kpi_abandon_rate_ratio", window), "abandon rate"},
					}},
			}},
			{"Trend", 8, []panel{
				{kind: lines, title: "Service level by queue", description: "Share answered within the target, definition `vigia`.", unit: "percentunit", width: 12, min: new(0.0), max: new(1.0),
					queries: []query{{byQueue("vigia_kpi_service_level_ratio", level), "{{queue}}"}}},
				{kind: lines, title: "Waiting by queue", description: "Contacts that wait for a person.", unit: "short", width: 12, min: new(0.0),
					queries: []query{{byQueue("vigia_kpi_contacts_waiting", ""), "{{queue}}"}}},
				{kind: lines, title: "Contacts", description: "Contacts with an outcome in the window, of the queues and channels chosen.", unit: "short", width: 12, min: new(0.0),
					queries: []query{{total("", "vigia_kpi_contacts_offered", window), "offered"}, {total("", "vigia_kpi_contacts_answered", window), "answered"},
						{total("", "vigia_kpi_contacts_abandoned", window), "abandoned"}}},
				{kind: lines, title: "First response time", description: "Percentiles over the whole tenant, at most 1.1 % off.", unit: "s", width: 12, min: new(0.0),
					queries: []query{{of("vigia_kpi_first_response_time_p50_seconds", first), "p50"}, {of("vigia_kpi_first_response_time_p90_seconds", first), "p90"},
						{of("vigia_kpi_first_response_time_p99_seconds", first), "p99"}}},
				{kind: lines, title: "Speed of answer", description: "How long answered contacts waited; the mean is the ASA.", unit: "s", width: 12, min: new(0.0),
					queries: []query{{of("vigia_kpi_speed_of_answer_mean_seconds", window), "mean"}, {of("vigia_kpi_speed_of_answer_p50_seconds", window), "p50"},
						{of("vigia_kpi_speed_of_answer_p90_seconds", window), "p90"}, {of("vigia_kpi_speed_of_answer_p95_seconds", window), "p95"}}},
				{kind: lines, title: "Handle time by queue", description: "Mean of talk, hold and wrap-up (AHT).", unit: "s", width: 12, min: new(0.0),
					queries: []query{{byQueue("vigia_kpi_handle_time_mean_seconds", window), "{{queue}}"}}},
			}},
		},
	}
}
