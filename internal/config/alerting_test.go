package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestAlerting reads a whole section: secrets and rules from files, and what they mean.
func TestAlerting(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("slack-url", "https://hooks.example/services/T0/B0/hunter2hunter2\n")
	write("tokens", "alert-0123456789abcdef\n")
	write("slow.yaml", "version: vigia/v1\nrules:\n  - alert: Slow\n    kpi: first_response_time\n    by: [queue]\n    window: 15m\n    fire: \"> 5m\"\n    only_in_hours: office\n")
	write("slow_test.yaml", "not a file of rules")
	text := `
tenants:
  - name: acme
    zone: America/Bogota
    pseudonym_key: "` + strings.Repeat("ab", 32) + `"
    calendars: [{name: office, week: {mon-fri: ["09:00-18:00"]}}]
    alerting:
      tokens_file: tokens
      receivers:
        - {name: duty, to: {slack: {webhook_url_file: slack-url}}, max_age: 2d}
      routes:
        - {receivers: [duty], group_by: [], group_wait: 1m}
      quiet_hours: [{from: "22:00", to: "07:30", days: [sat, sun]}]
      rules: ["*.yaml"]
`
	c, err := Parse(filepath.Join(dir, "vigia.yml"), []byte(text), unset)
	if err != nil {
		t.Fatal(err)
	}
	a := &c.Tenants[0].Alerting
	if got := a.Receivers[0].To.Slack.WebhookURL.Reveal(); got != "https://hooks.example/services/T0/B0/hunter2hunter2" {
		t.Errorf("the address is %q", got)
	}
	if len(a.Tokens) != 1 || a.Routes[0].GroupBy == nil || len(*a.Routes[0].GroupBy) != 0 {
		t.Errorf("%d tokens, group_by %v", len(a.Tokens), a.Routes[0].GroupBy)
	}
	set, err := c.Tenants[0].RuleSet()
	if err != nil || len(set.Rules) != 1 || set.Rules[0].Name != "Slow" {
		t.Errorf("rules %v, %v", set, err)
	}
	if from, to, err := a.QuietHours[0].Minutes(); from != 22*60 || to != 7*60+30 || err != nil || a.QuietHours[0].Weekdays()[1] != time.Sunday {
		t.Errorf("quiet from %d to %d, %v", from, to, err)
	}
	if d, err := Span(a.Receivers[0].MaxAge, 0); d != 48*time.Hour || err != nil {
		t.Errorf("%v %v", d, err)
	}
	write("slow.yaml", "version: vigia/v1\nrules:\n  - {alert: Slow, kpi: nonsense}\n")
	if _, err := Parse(filepath.Join(dir, "vigia.yml"), []byte(text), unset); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("a bad rule: %v", err)
	}
}
