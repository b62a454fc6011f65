package main

// voice is what customers say and how long they are left waiting for an answer to it.
func voice() board {
	reply := definition("default") + window
	return board{
		uid: "vigia-voice", title: "Vigia / Voice of the customer", kpis: true,
		description: "What customers say, how they feel, how long they wait for an answer and when they give up.",
		rows: []row{
			{"Now", 4, []panel{
				{kind: statKind, title: "Sentiment balance", description: "(Positive − negative) ÷ scored customer messages, −1 to 1.", unit: "none", width: 6, steps: falling(-0.3, 0), decimals: new(2.0), min: new(-1.0), max: new(1.0),
					queries: []query{{share("", "sentiment_balance", window), "balance"}}},
				{kind: statKind, title: "Messages scored", description: "Customer messages that carry a score: what the balance rests on.", unit: "short", width: 6,
					queries: []query{{total("", "vigia_kpi_sentiment_balance_denominator", window), "messages"}}},
				{kind: statKind, title: "Active customers", description: "Different customers who wrote, called or bought in the window, over the whole tenant: distinct customers do not add up.", unit: "short", width: 6,
					queries: []query{{of("vigia_kpi_active_customers", window), "customers"}}},
				{kind: statKind, title: "Abandon rate", description: "Contacts that were abandoned while waiting, of all offered.", unit: "percentunit", width: 6, steps: rising(0.05, 0.08),
					queries: []query{{share("", "abandon_rate", window), "abandoned"}}},
			}},
			{"Mood", 8, []panel{
				{kind: lines, title: "Sentiment by queue", description: "Balance of each queue, −1 to 1.", unit: "none", width: 12, min: new(-1.0), max: new(1.0), decimals: new(2.0),
					queries: []query{{byQueue("vigia_kpi_sentiment_balance_ratio", window), "{{queue}}"}}},
				{kind: lines, title: "Sentiment by channel", description: "Balance of each channel, −1 to 1.", unit: "none", width: 12, min: new(-1.0), max: new(1.0), decimals: new(2.0),
					queries: []query{{byChannel("vigia_kpi_sentiment_balance_ratio", window), "{{channel}}"}}},
			}},
			{"Waiting for an answer", 8, []panel{
				{kind: lines, title: "Next response time", description: "From the oldest unanswered message to the next reply of a person, in every turn after the first; over the whole tenant.", unit: "s", width: 12, min: new(0.0),
					queries: []query{{of("vigia_kpi_next_response_time_p50_seconds", reply), "p50"}, {of("vigia_kpi_next_response_time_p90_seconds", reply), "p90"}, {of("vigia_kpi_next_response_time_p95_seconds", reply), "p95"},
						{of("vigia_kpi_next_response_time_p99_seconds", reply), "p99"}}},
				{kind: lines, title: "First response, queues chosen together", description: "Percentiles of the last hour over all chosen queues at once, from histograms; to the width of a bucket, a factor of two.", unit: "s", width: 12, min: new(0.0),
					queries: []query{{quantile("0.5", "first_response_time"), "p50"}, {quantile("0.9", "first_response_time"), "p90"}, {quantile("0.99", "first_response_time"), "p99"}}},
				{kind: bars, title: "First response p90 by queue", description: "Nine of ten first replies came faster.", unit: "s", width: 12, steps: rising(120, 300),
					queries: []query{{"sort_desc(" + byQueue("vigia_kpi_first_response_time_p90_seconds", reply) + ")", "{{queue}}"}}},
				{kind: bars, title: "First response p90 by channel", description: "Nine of ten first replies came faster.", unit: "s", width: 12, steps: rising(120, 300),
					queries: []query{{"sort_desc(" + byChannel("vigia_kpi_first_response_time_p90_seconds", reply) + ")", "{{channel}}"}}},
			}},
			{"Volume", 8, []panel{
				{kind: lines, title: "Conversations started by channel", description: "Conversations, or episodes on channels without threads, that began in the window.", unit: "short", width: 8, min: new(0.0),
					queries: []query{{byChannel("vigia_kpi_conversations_started", window), "{{channel}}"}}},
				{kind: lines, title: "Active customers by channel", description: "Different customers; one who used two channels is in both.", unit: "short", width: 8, min: new(0.0),
					queries: []query{{byChannel("vigia_kpi_active_customers", window), "{{channel}}"}}},
				{kind: lines, title: "Abandon rate by queue", description: "Abandoned contacts of all offered.", unit: "percentunit", width: 8, min: new(0.0),
					queries: []query{{byQueue("vigia_kpi_abandon_rate_ratio", window), "{{queue}}"}}},
			}},
		},
	}
}
