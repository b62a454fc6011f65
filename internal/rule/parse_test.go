package rule_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/rule"
	"github.com/vigia-cx/vigia/internal/sla"
)

// TestParseFindsEverything: all mistakes of a file at once, each with its place.
func TestParseFindsEverything(t *testing.T) {
	const file = `version: vigia/v1
defaults: {interval: 15s}
rules:
  - alert: No Name
    kpi: service_level
    window: 15m
    fire: "< 80%"
    claer: "> 85%"
  - {alert: B, kpi: service_levle, window: 15m, fire: "< 80%"}
  - {alert: C, kpi: service_level, definition: cisco, window: 17s, fire: "< 80%", clear: "> 75%"}
  - {alert: D, kpi: sla_compliance, definition: resolution, burn: {rate: 14.4, objective: 80%}}
  - {alert: E, kpi: first_response_time, by: [agent, team], window: 15m, stat: p77, fire: "> 5"}
  - {alert: F, kpi: sla_overdue, window: 5m, fire: "> 3", annotations: {summary: {en: "{queue}", xx: "a"}}}
  - {alert: G, kpi: contacts_offered, absent: {expected: 1}, fire: "> 3"}
  - {alert: B, kpi: handle_time, window: 15m, fire: "> 5m", confidence: 99%}
`
	_, err := rule.Parse("bad.yaml", []byte(file))
	if err == nil {
		t.Fatal("no mistake found")
	}
	for _, want := range []string{
		"bad.yaml:2:22: an interval is a multiple of 10s",
		`bad.yaml:4:12: alert: "No Name" is not a name`,
		`bad.yaml:8:5: unknown key "claer" in rules[0]; did you mean "clear"?`,
		`    8 |     claer: "> 85%"` + "\n      |     ^",
		`bad.yaml:9:21: kpi "service_levle" is unknown`,
		`service_level has no definition "cisco"`,
		`"17s" is not a window`,
		"clear: > 75 % is on the bad side of fire: < 80 %",
		"the rate can never exceed 1/(1−0.8) = 5; 14.4 would mean that 288 % of promises are broken",
		`stat "p77" is unknown`,
		`"> 5" is not a condition for first_response_time`,
		"cannot be grouped by team",
		"sla_overdue has several definitions",
		"sla_overdue is about now and has no window",
		"needs exactly one of fire, burn, absent and source_silent",
		`expected: "1" is not a number of 3 or more`,
		"confidence: handle_time is not a share",
		"the alert B stands here twice (first in line 9)",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("not found: %s", want)
		}
	}
	if t.Failed() {
		t.Log("\n" + err.Error())
	}
	_, err = rule.Parse("fields.yaml", []byte("version: vigia/v1\nrules:\n  - {alert: F, kpi: contacts_waiting, fire: '> 3', annotations: {summary: {en: '{queue}', xx: 'a'}}}"))
	for _, want := range []string{`has a field {queue} that this rule does not know`, `"xx" is not a language here`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("not found: %s in %v", want, err)
		}
	}
	for _, text := range []string{"", "a: b", "rules: []", "version: vigia/v2\nrules: []", "version: vigia/v1\nrules: [1]", "\x00", "{", "- a"} {
		if _, err := rule.Parse("x.yaml", []byte(text)); err == nil && text != "version: vigia/v1\nrules: []" {
			t.Errorf("%q is read without a word", text)
		}
	}
}

func TestDefaults(t *testing.T) {
	set := parseSet(t, `version: vigia/v1
defaults: {severity: critical, keep_firing_for: 2m, labels: {desk: voice}}
rules:
  - {alert: A, kpi: service_level, window: 15m, fire: "< 80%"}
  - {alert: B, kpi: service_level, window: 15m, fire: "< 80%", severity: warning, labels: {site: lima}}
  - {alert: C, kpi: contacts_waiting, fire: "> 5"}
`)
	a, b, c := set.Rule("A"), set.Rule("B"), set.Rule("C")
	if a.Confidence != 0.99 || b.Confidence != 0.95 || c.Confidence != 0 {
		t.Errorf("confidence %v, %v, %v: want 99 %% for critical, 95 %% for warnings, none for counts", a.Confidence, b.Confidence, c.Confidence)
	}
	if a.KeepFiringFor != 120_000 || a.Interval != 10_000 || a.Definition != "vigia" || a.Clear.Text != ">= 80 %" {
		t.Errorf("%+v", a)
	}
	if diff := cmp.Diff(map[string]string{"desk": "voice", "site": "lima"}, b.Labels); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]rule.Query{{KPI: "contacts_waiting", Definition: "default"}}, c.Queries()); diff != "" {
		t.Error(diff)
	}
}

func TestCalendars(t *testing.T) {
	f, err := rule.Parse("c.yaml", []byte(`version: vigia/v1
calendars:
  office: {zone: Europe/Madrid, week: {mon-fri: ["09:00-19:00"]}, holidays: ["2026-12-25"]}
rules:
  - {alert: A, kpi: contacts_waiting, fire: "> 5", only_in_hours: office}
  - {alert: B, kpi: contacts_waiting, fire: "> 5", only_in_hours: night}
`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rule.NewSet("acme", nil, f); err == nil || !strings.Contains(err.Error(), `c.yaml:6: B: no calendar is called "night"`) {
		t.Errorf("an unknown calendar: %v", err)
	}
	set, err := rule.NewSet("acme", func(string) *sla.Calendar { return f.Calendars["office"] }, f)
	if err != nil {
		t.Fatal(err)
	}
	monday := int64(1_772_442_000_000) // 2026-03-02 10:00 in Madrid
	for _, name := range []string{"A", "B"} {
		if r := set.Rule(name); !r.Open(monday) || r.Open(monday-5*3_600_000) {
			t.Errorf("%s does not keep office hours", name)
		}
	}
}

func TestTexts(t *testing.T) {
	r := parse(t, `{alert: A, kpi: service_level, by: [queue], window: 15m, fire: "< 80%", annotations: {summary: {es: "{queue}: {value} de {n}, límite {condition}", en: "{queue}: {value}"}}}`)
	c := rule.Change{Group: sales, Seen: rule.Observation{Number: 0.7345, N: 61}}
	for lang, want := range map[string]string{"es": "sales: 73,5\u00a0% de 61, límite < 80 %", "en": "sales: 73.5\u00a0%", "pt": "sales: 73,5\u00a0%"} {
		if got := r.SummaryOf(lang, c); got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
	plain := parse(t, `{alert: A, kpi: speed_of_answer, by: [queue], window: 15m, fire: "> 2m"}`)
	if got, want := plain.SummaryOf("pt", rule.Change{Group: sales, Seen: rule.Observation{Number: 125, N: 3}}), "Velocidade de atendimento · sales: 2\u00a0min 05\u00a0s (n = 3), limite > 2m"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func FuzzParse(f *testing.F) {
	// Short ones: what a fuzzer finds it makes shorter first, and long seeds leave it no time for anything else.
	for _, more := range []string{
		"kpi: service_level, window: 15m, fire: '< 80%', clear: '> 85%', confidence: 99%", "kpi: sla_compliance, definition: resolution, burn: {rate: 1.5, objective: 80%}",
		"kpi: contacts_offered, by: [queue], where: {queue: [a]}, absent: {expected: 10, like: none}", "source_silent: 10m, sources: [a/b], annotations: {summary: {es: '{source}'}}",
	} {
		f.Add([]byte("version: vigia/v1\nrules:\n  - {alert: A, " + more + "}\n"))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := rule.Parse("f.yaml", data)
		if err != nil {
			if err.Error() == "" {
				t.Error("a mistake without words")
			}
			return
		}
		for _, r := range file.Rules {
			r.Queries()
			r.SummaryOf("es", rule.Change{})
			r.Missing(1_000_000, 1_000_000, nil, true)
		}
	})
}

func FuzzParseCases(f *testing.F) {
	const head = "version: vigia/v1\nrule_files: [a.yaml]\ntests:\n  - {name: a, "
	f.Add([]byte(head + "series: [{kpi: service_level, group: {queue: a}, good: 1x5, total: 2+1x5}], expect: [{at: 5m, firing: [A]}]}"))
	f.Add([]byte(head + "lag: [{from: 1m, to: 2m}], series: [{source: a/b, events: _ stale 3}], fires: {A: 1}}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := rule.ParseCases("f.yaml", data); err != nil && err.Error() == "" {
			t.Error("a mistake without words")
		}
	})
}
