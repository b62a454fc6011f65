package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

const root = "../../.."

// metricLine is a line of the list of all metrics, which a test of Vigia keeps.
var metricLine = regexp.MustCompile(`^(/\S+) (\w+) \{([^}]*)\}`)

// known returns the labels that each metric of Vigia can have, recording rules included.
func known(t *testing.T, records map[string]string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "internal/app/testdata/metrics.golden"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{"up": nil, "process_resident_memory_bytes": nil}
	for line := range strings.Lines(string(text)) {
		if m := metricLine.FindStringSubmatch(line); m != nil {
			out[m[2]] = strings.FieldsFunc(m[3], func(r rune) bool { return r == ',' })
		}
	}
	if len(out) < 50 {
		t.Fatalf("only %d metrics are listed", len(out))
	}
	for name, expr := range records {
		out[name] = grouped(t, expr)
	}
	return out
}

// grouped returns the labels that an expression keeps, by its outermost aggregations.
func grouped(t *testing.T, expr string) []string {
	var out []string
	parser.Inspect(parse(t, expr), func(n parser.Node, path []parser.Node) error {
		if a, ok := n.(*parser.AggregateExpr); ok && !slices.ContainsFunc(path, func(p parser.Node) bool { _, in := p.(*parser.AggregateExpr); return in }) {
			for _, l := range a.Grouping {
				if l != "le" && !slices.Contains(out, l) {
					out = append(out, l)
				}
			}
		}
		return nil
	})
	return out
}

func parse(t *testing.T, expr string) parser.Expr {
	t.Helper()
	e, err := parser.ParseExpr(expr)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	return e
}

// rules is the file of rules.
type rules struct {
	Groups []struct {
		Name  string
		Rules []rule
	}
}

type rule struct {
	Record, Alert, Expr string
	For                 *string
	Labels, Annotations map[string]string
}

func readRules(t *testing.T) (all []rule, records map[string]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "deploy/prometheus/vigia.rules.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var f rules
	if err := yaml.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	records = map[string]string{}
	for _, g := range f.Groups {
		for _, r := range g.Rules {
			all = append(all, r)
			if r.Record != "" {
				records[r.Record] = r.Expr
			}
		}
	}
	return all, records
}

// overTime are functions that counters and their like may be read through.
var overTime = []string{"rate", "increase", "irate", "deriv", "delta", "resets"}

// lint returns what is wrong with an expression.
func lint(e parser.Expr, known map[string][]string) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	parser.Inspect(e, func(n parser.Node, path []parser.Node) error {
		s, ok := n.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		family, have, found := s.Name, known[s.Name], false
		for _, suffix := range []string{"", "_bucket", "_sum", "_count"} {
			if base, cut := strings.CutSuffix(s.Name, suffix); cut {
				if l, ok := known[base]; ok {
					family, have, found = base, slices.Clone(l), true
					if suffix == "_bucket" {
						have = append(have, "le")
					}
					break
				}
			}
		}
		if !found {
			fault("there is no metric %s", s.Name)
			return nil
		}
		have = append(have, "job", "instance")
		pinned := false
		for _, m := range s.LabelMatchers {
			if m.Name != labels.MetricName && !slices.Contains(have, m.Name) {
				fault("%s has no label %s", s.Name, m.Name)
			}
			pinned = pinned || m.Name == "rollup" && m.Type == labels.MatchEqual && m.Value != ""
		}
		var nearest *parser.AggregateExpr
		changes, quantile := false, false
		for _, p := range path {
			switch p := p.(type) {
			case *parser.AggregateExpr:
				nearest = p
				for _, l := range p.Grouping {
					if !p.Without && !slices.Contains(have, l) {
						fault("%s has no label %s to group by", s.Name, l)
					}
				}
				pinned = pinned || !p.Without && slices.Contains(p.Grouping, "rollup")
			case *parser.Call:
				changes = changes || slices.Contains(overTime, p.Func.Name)
				quantile = quantile || p.Func.Name == "histogram_quantile"
			}
		}
		if slices.Contains(have, "rollup") && !pinned {
			fault("%s mixes roll-ups: pin one, rollup=\"…\", or group by it", s.Name)
		}
		// Native histograms have no maximum; replicas add the same shape, which moves no quantile.
		native := quantile && s.Name == family
		if strings.HasPrefix(s.Name, "vigia_kpi_") && !native && (nearest == nil || nearest.Op != parser.MAX && nearest.Op != parser.MIN) {
			fault("%s is known to every exporter alike: take max or min by its labels, so that replicas count once", s.Name)
		}
		counter := strings.HasSuffix(family, "_total") || family != s.Name && !strings.HasPrefix(s.Name, "vigia_kpi_")
		if counter && !changes {
			fault("%s only grows: ask for its rate or increase", s.Name)
		}
		return nil
	})
	return faults
}

// stand-ins for the variables of boards, so that expressions parse.
var variables = strings.NewReplacer("$__rate_interval", "1m", "$tenant", "acme", "$queue", ".*", "$channel", ".*", "$window", "1h")

func TestExpressions(t *testing.T) {
	all, records := readRules(t)
	metrics := known(t, records)
	n := 0
	check := func(where, expr string) {
		t.Helper()
		n++
		for _, fault := range lint(parse(t, variables.Replace(expr)), metrics) {
			t.Errorf("%s: %s\n%s", where, fault, expr)
		}
	}
	for _, r := range all {
		check(r.Record+r.Alert, r.Expr)
	}
	for _, b := range readBoards(t) {
		for _, p := range b.Panels {
			for _, q := range p.Targets {
				check(b.UID+": "+p.Title, q.Expr)
			}
		}
		for _, v := range b.Templating.List {
			query, _ := v.Query.(string)
			inner, ok := strings.CutPrefix(query, "label_values(")
			if !ok {
				continue
			}
			selector, label, _ := strings.Cut(strings.TrimSuffix(inner, ")"), ", "+v.Name)
			if label != "" || !slices.Contains(metrics[strings.SplitN(selector, "{", 2)[0]], v.Name) {
				t.Errorf("%s: variable %s asks %q", b.UID, v.Name, query)
			}
			check(b.UID+": variable "+v.Name, "max("+selector+")")
		}
	}
	if n < 100 {
		t.Errorf("only %d expressions were read", n)
	}
}

// TestLintFindsFaults: a lint that never says anything would pass as well.
func TestLintFindsFaults(t *testing.T) {
	_, records := readRules(t)
	metrics := known(t, records)
	for expr, want := range map[string]string{
		`sum(vigia_kpi_contacts_offered)`:                                          "mixes roll-ups",
		`sum(vigia_kpi_contacts_offered{rollup="queue"})`:                          "replicas count once",
		`max(vigia_kpi_contacts_offered{rollup=~"queue|channel"})`:                 "mixes roll-ups",
		`max(vigia_kpi_contacts_offered{rollup="queue",agent="7"})`:                "no label agent",
		`max by (agent) (vigia_kpi_contacts_offered{rollup="queue"})`:              "no label agent",
		`max(vigia_kpi_contacts_ofered{rollup="queue"})`:                           "no metric",
		`sum(vigia_worker_records_total)`:                                          "only grows",
		`histogram_quantile(0.9, sum by (le) (vigia_worker_apply_seconds_bucket))`: "only grows",
		`vigia_kpi_up`: "replicas",
	} {
		if got := strings.Join(lint(parse(t, expr), metrics), "; "); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", expr, got, want)
		}
	}
	for _, expr := range []string{`max by (rollup, tenant) (vigia_kpi_dropped_groups)`, `sum(max by (channel, queue) (vigia_kpi_contacts_offered{rollup="channel_queue"}))`, `sum(rate(vigia_worker_records_total[5m]))`} {
		if got := lint(parse(t, expr), metrics); len(got) > 0 {
			t.Errorf("%s: %v", expr, got)
		}
	}
}

const runbooks = "https://github.com/vigia-cx/vigia/blob/main/deploy/runbooks/"

// TestAlerts: every alert says how urgent it is, what it means and what to do.
func TestAlerts(t *testing.T) {
	all, _ := readRules(t)
	seen := map[string]bool{}
	for _, r := range all {
		if r.Alert == "" {
			continue
		}
		if !strings.HasPrefix(r.Alert, "Vigia") || seen[r.Alert] {
			t.Errorf("%s: names begin with Vigia and are there once", r.Alert)
		}
		seen[r.Alert] = true
		if r.For == nil {
			t.Errorf("%s: says not for how long; write 0m for at once", r.Alert)
		} else if _, err := time.ParseDuration(*r.For); err != nil {
			t.Errorf("%s: %v", r.Alert, err)
		}
		if !slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]) {
			t.Errorf("%s: severity %q", r.Alert, r.Labels["severity"])
		}
		if s := r.Annotations["summary"]; s == "" || strings.Contains(s, "{{") || r.Annotations["description"] == "" {
			t.Errorf("%s: needs a summary without templates and a description", r.Alert)
		}
		if r.Annotations["runbook_url"] != runbooks+r.Alert+".md" {
			t.Errorf("%s: runbook_url %q", r.Alert, r.Annotations["runbook_url"])
		}
		runbook(t, r.Alert)
	}
}

// sections of a runbook; the paragraph before them is what the alert means.
var sections = []string{"## Impact", "## First five minutes", "## Likely causes", "## How to confirm", "## How to fix", "## Resumen", "## Resumo"}

func runbook(t *testing.T, alert string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "deploy/runbooks", alert+".md"))
	if err != nil {
		t.Errorf("%s has no runbook: %v", alert, err)
		return
	}
	if !strings.HasPrefix(string(text), "# "+alert+"\n") {
		t.Errorf("deploy/runbooks/%s.md does not begin with its name", alert)
	}
	from := 0
	for _, s := range sections {
		i := strings.Index(string(text)[from:], "\n"+s+"\n")
		if i < 0 {
			t.Errorf("deploy/runbooks/%s.md lacks %q, or has it in another place", alert, s)
			return
		}
		from += i
	}
}

// ruleName finds the names of the alerter's own rules.
var ruleName = regexp.MustCompile(`(?m)^\s*(?:- )?alert: ["']?(\w+)`)

// ownMetric finds the names of metrics in a page, histogramSeries what their series end in.
var (
	ownMetric       = regexp.MustCompile(`\b(?:vigia_|vigia:|tenant_queue:|tenant:)[a-z0-9_:]+\b`)
	histogramSeries = regexp.MustCompile(`_(bucket|sum|count)$`)
)

// TestRunbooks: every rule of the alerter has a page too, every page belongs to an alert and names metrics that exist, and the index lists them all.
func TestRunbooks(t *testing.T) {
	all, records := readRules(t)
	metrics := known(t, records)
	alerts := map[string]bool{}
	for _, r := range all {
		if r.Alert != "" {
			alerts[r.Alert] = true
		}
	}
	packs, err := filepath.Glob(filepath.Join(root, "deploy/rules/*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, pack := range packs {
		if strings.HasSuffix(pack, "_test.yaml") {
			continue
		}
		text, err := os.ReadFile(pack)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range ruleName.FindAllStringSubmatch(string(text), -1) {
			alerts[m[1]] = true
			runbook(t, m[1])
		}
	}
	index, err := os.ReadFile(filepath.Join(root, "deploy/runbooks/README.md"))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join(root, "deploy/runbooks/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		name := strings.TrimSuffix(filepath.Base(page), ".md")
		if name == "README" {
			continue
		}
		if !alerts[name] {
			t.Errorf("deploy/runbooks/%s.md belongs to no alert", name)
		}
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, metric := range ownMetric.FindAllString(string(text), -1) {
			if _, ok := metrics[histogramSeries.ReplaceAllString(metric, "")]; !ok {
				t.Errorf("deploy/runbooks/%s.md names %s, which does not exist", name, metric)
			}
		}
		if !strings.Contains(string(index), "("+name+".md)") {
			t.Errorf("deploy/runbooks/README.md does not list %s", name)
		}
	}
}
