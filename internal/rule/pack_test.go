package rule_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vigia-cx/vigia/internal/rule"
)

const packDir = "../../deploy/rules"

// pack reads the shipped rules and their tests.
func pack(t testing.TB) (map[string]*rule.File, []*rule.CaseFile) {
	t.Helper()
	names, err := filepath.Glob(packDir + "/*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no shipped rules in %s: %v", packDir, err)
	}
	files := map[string]*rule.File{}
	var cases []*rule.CaseFile
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		base := filepath.Base(name)
		if strings.HasSuffix(base, "_test.yaml") {
			c, err := rule.ParseCases(base, data)
			if err != nil {
				t.Fatal(err)
			}
			cases = append(cases, c)
			continue
		}
		f, err := rule.Parse(base, data)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range f.Warnings {
			if !strings.Contains(w.Message, "only_in_hours") {
				t.Errorf("a shipped rule warns: %s", w)
			}
		}
		files[base] = f
	}
	return files, cases
}

// TestPack runs the shipped tests, and wants one for every shipped rule, a summary in every language and a runbook called after the alert.
func TestPack(t *testing.T) {
	files, cases := pack(t)
	outcomes, err := rule.RunTests(files, cases, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	fired := map[string]bool{}
	for _, o := range outcomes {
		if len(o.Failures) > 0 {
			t.Errorf("%s", o.Failures)
		}
		for _, c := range o.Changes {
			fired[c.Rule] = fired[c.Rule] || c.What == rule.Fired
		}
	}
	for _, f := range files {
		for _, r := range f.Rules {
			if !fired[r.Name] {
				t.Errorf("no shipped test makes %s fire", r.Name)
			}
			for _, lang := range []string{"es", "pt", "en"} {
				if r.Summary[lang] == "" {
					t.Errorf("%s has no summary in %s", r.Name, lang)
				}
			}
			if want := "deploy/runbooks/" + r.Name + ".md"; r.Runbook != want {
				t.Errorf("%s: runbook %q, want %q", r.Name, r.Runbook, want)
			}
		}
	}
}

// BenchmarkCases runs a thousand tests: at most two seconds are allowed.
func BenchmarkCases(b *testing.B) {
	files, cases := pack(b)
	var many []*rule.CaseFile
	for n := 0; n < 1000; {
		for _, c := range cases {
			many = append(many, c)
			n += len(c.Cases)
		}
	}
	for b.Loop() {
		outcomes, err := rule.RunTests(files, many, nil, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(outcomes)), "cases")
	}
}
