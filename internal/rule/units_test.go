package rule_test

import (
	"strings"
	"testing"

	"github.com/vigia-cx/vigia/internal/rule"
)

// TestUnits: limits are written as the number reads, and chance is reckoned with for shares alone, whatever the unit.
func TestUnits(t *testing.T) {
	const head = "version: vigia/v1\nrules:\n  - {alert: A, window: 1h, "
	for _, c := range []struct{ rule, fault string }{
		{`kpi: sla_burn_rate, definition: fast, by: [queue], fire: "> 6"}`, ""},
		{`kpi: volume_anomaly, by: [topic], fire: "< -3"}`, ""},
		{`kpi: volume_anomaly, fire: "> 3", confidence: 99%}`, "not a share of things"},
		{`kpi: replies_to_resolution, fire: "> 4.5"}`, ""},
		{`kpi: replies_to_resolution, fire: "> -1"}`, "not a condition"},
		{`kpi: replies_to_resolution, fire: "> 4", stat: p90}`, "has no p90"},
		{`kpi: average_abandon_time, fire: "> 45s"}`, ""},
		{`kpi: average_abandon_time, fire: "> 45s", stat: p90}`, "has no p90"},
		{`kpi: speed_of_answer, fire: "> 45s", stat: p90}`, ""},
		{`kpi: nps, definition: transactional_all, fire: "< -10"}`, ""},
		{`kpi: nps, definition: transactional_all, fire: "< 10%"}`, "not a condition"},
		{`kpi: sentiment_score, definition: messages, fire: "< -20%"}`, ""},
		{`kpi: sentiment_score, definition: messages, fire: "< -20%", confidence: 95%}`, "not a share of things"},
		{`kpi: abandon_rate, by: [channel, topic], fire: "> 8%", confidence: 95%}`, ""},
		{`kpi: clv, fire: "< 300"}`, ""},
		{`kpi: clv_to_cac, fire: "< 3"}`, ""},
		{`kpi: abandon_rate, by: [queue, topic], fire: "> 8%"}`, "cannot be grouped by queue"},
	} {
		_, err := rule.Parse("a.yaml", []byte(head+c.rule+"\n"))
		switch {
		case c.fault == "" && err != nil:
			t.Errorf("%s: %v", c.rule, err)
		case c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)):
			t.Errorf("%s: %v, want %q", c.rule, err, c.fault)
		}
	}
}
