package main

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vigia-cx/vigia/internal/document"
	"github.com/vigia-cx/vigia/internal/rule"
	"github.com/vigia-cx/vigia/internal/sla"
)

func newRulesCommand(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "Check, test, explain and back-test alerting rules",
		Long: `Rules say when a number is bad. They are YAML files; those that ship with Vigia are in deploy/rules, each with tests beside it.

  check     is the file right?
  test      does it do what it should, on an invented time line?
  backtest  what would it have done to us, on our own log?
  explain   why does it fire, or why not?`,
	}
	cmd.AddCommand(newRulesCheck(e), newRulesTest(e), newRulesBacktest(e), newRulesExplain(e))
	return cmd
}

// ruleFiles lists rule files: of a folder all *.yaml and *.yml that are no tests.
func ruleFiles(args []string) ([]string, error) {
	var out []string
	for _, name := range args {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			out = append(out, name)
			continue
		}
		entries, err := os.ReadDir(name)
		if err != nil {
			return nil, err
		}
		before := len(out)
		for _, entry := range entries {
			base := entry.Name()
			ext := filepath.Ext(base)
			if (ext == ".yaml" || ext == ".yml") && !strings.HasSuffix(strings.TrimSuffix(base, ext), "_test") && !entry.IsDir() {
				out = append(out, filepath.Join(name, base))
			}
		}
		if len(out) == before {
			return nil, fmt.Errorf("%s holds no rule files (*.yaml)", name)
		}
	}
	return out, nil
}

// readRules reads rule files; all mistakes of all files are in the error.
func readRules(names []string) ([]*rule.File, error) {
	var files []*rule.File
	var errs []error
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err == nil {
			var f *rule.File
			if f, err = rule.Parse(name, data); err == nil {
				files = append(files, f)
			}
		}
		errs = append(errs, err)
	}
	return files, errors.Join(errs...)
}

// calendars returns the opening hours of a tenant of the configuration; without a tenant there are only those of the files.
func (e *env) calendars(tenant string) (func(string) *sla.Calendar, error) {
	if tenant == "" {
		return nil, nil
	}
	p, err := e.policyOf(tenant)
	if err != nil {
		return nil, err
	}
	return p.Calendar, nil
}

// policyOf returns the rules that the configuration gives a tenant.
func (e *env) policyOf(tenant string) (*sla.Policy, error) {
	cfg, err := e.config()
	if err != nil {
		return nil, err
	}
	t, err := tenantOf(cfg, tenant)
	if err != nil {
		return nil, err
	}
	return sla.CompilePolicy(t.PolicySpec(), 1)
}

func newRulesCheck(e *env) *cobra.Command {
	var tenant string
	var strict bool
	cmd := &cobra.Command{
		Use:   "check FILE|DIR…",
		Short: "Say what is wrong with rule files",
		Long: `Read rule files and say everything that is wrong, with line and column: unknown keys, KPIs and definitions, thresholds on the wrong side, burn rates that can never be
reached, texts with fields that do not exist. What works and is probably not meant is a warning; --strict makes it a mistake.`,
		Example: "  vigia rules check deploy/rules\n  vigia rules check --tenant acme --strict rules.yaml",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			names, err := ruleFiles(args)
			if err != nil {
				return err
			}
			calendar, err := e.calendars(tenant)
			if err != nil {
				return err
			}
			files, err := readRules(names)
			var warnings document.Findings
			rules := 0
			for _, f := range files {
				warnings = append(warnings, f.Warnings...)
				rules += len(f.Rules)
			}
			if len(warnings) > 0 {
				e.say("warning: %s", strings.ReplaceAll(warnings.Error(), "\n"+warnings[0].File, "\nwarning: "+warnings[0].File))
			}
			if err != nil {
				return err
			}
			if _, err := rule.NewSet(cmp.Or(tenant, "check"), calendar, files...); err != nil {
				return err
			}
			if strict && len(warnings) > 0 {
				return fmt.Errorf("%d warnings", len(warnings))
			}
			_, err = fmt.Fprintf(e.stdout, "%d rules in %d files: no mistake\n", rules, len(files))
			return err
		},
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "tenant of the configuration whose calendars the rules may name")
	cmd.Flags().BoolVar(&strict, "strict", false, "warnings are mistakes")
	return cmd
}

// loadCases reads test files and the rules they are about, whose names are relative to them.
func loadCases(names []string) (map[string]*rule.File, []*rule.CaseFile, error) {
	files := map[string]*rule.File{}
	var cases []*rule.CaseFile
	var errs []error
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		c, err := rule.ParseCases(name, data)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for i, ref := range c.RuleFiles {
			if !filepath.IsAbs(ref) {
				ref = filepath.Join(filepath.Dir(name), ref)
			}
			c.RuleFiles[i] = ref
			if files[ref] == nil {
				read, err := readRules([]string{ref})
				if err != nil {
					errs = append(errs, fmt.Errorf("rule_files of %s: %w", name, err))
					continue
				}
				files[ref] = read[0]
			}
		}
		cases = append(cases, c)
	}
	return files, cases, errors.Join(errs...)
}

// runCases runs the tests whose names match.
func (e *env) runCases(names []string, run, tenant string) ([]rule.Outcome, error) {
	only, err := regexp.Compile(run)
	if err != nil {
		return nil, usage(fmt.Errorf("--run: %w", err))
	}
	calendar, err := e.calendars(tenant)
	if err != nil {
		return nil, err
	}
	files, cases, err := loadCases(names)
	if err != nil {
		return nil, err
	}
	outcomes, err := rule.RunTests(files, cases, calendar, only.MatchString)
	if err == nil && len(outcomes) == 0 {
		err = fmt.Errorf("no test has a name that matches %q", run)
	}
	return outcomes, err
}

func newRulesTest(e *env) *cobra.Command {
	var run, format, tenant string
	cmd := &cobra.Command{
		Use:   "test FILE…",
		Short: "Run the tests of rules",
		Long: `Run rules along invented time lines and compare what they do with what the tests expect: pending, firing, resolved, unknown or none at an instant, and how often each fires.
The tests name their rule files relative to themselves; deploy/rules has examples.`,
		Example: "  vigia rules test deploy/rules/*_test.yaml\n  vigia rules test --run slip --format junit cx_test.yaml > report.xml",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			outcomes, err := e.runCases(args, run, tenant)
			if err != nil {
				return err
			}
			failures := 0
			for _, o := range outcomes {
				if len(o.Failures) > 0 {
					failures++
				}
			}
			write := writeOutcomes
			if format == "junit" {
				write = writeJUnit
			}
			if err := write(e.stdout, outcomes); err != nil {
				return err
			}
			if failures > 0 {
				return fmt.Errorf("%d of %d tests failed", failures, len(outcomes))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&run, "run", "", "only tests whose name matches this regular `expression`")
	cmd.Flags().StringVar(&tenant, "tenant", "", "tenant of the configuration whose calendars the rules may name")
	formatFlag(cmd, &format, "text", "junit")
	return cmd
}

func writeOutcomes(w io.Writer, outcomes []rule.Outcome) error {
	for _, o := range outcomes {
		line := "ok    " + o.Case
		if len(o.Failures) > 0 {
			line = "FAIL  " + o.Case + "\n" + o.Failures.Error()
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// junit is the report that build servers read.
type junit struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Failure *junitFailure `xml:"failure,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func writeJUnit(w io.Writer, outcomes []rule.Outcome) error {
	report := junit{Tests: len(outcomes)}
	for _, o := range outcomes {
		i := slices.IndexFunc(report.Suites, func(s junitSuite) bool { return s.Name == o.File })
		if i < 0 {
			i = len(report.Suites)
			report.Suites = append(report.Suites, junitSuite{Name: o.File})
		}
		s := &report.Suites[i]
		s.Tests++
		c := junitCase{Name: o.Case, Class: o.File}
		if len(o.Failures) > 0 {
			s.Failures++
			report.Failures++
			c.Failure = &junitFailure{o.Failures[0].Message, o.Failures.Error()}
		}
		s.Cases = append(s.Cases, c)
	}
	out, err := xml.MarshalIndent(report, "", "  ")
	if err == nil {
		_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, out)
	}
	return err
}

// change is a change as programs read it.
type change struct {
	At       string            `json:"at"`
	After    string            `json:"after,omitempty"` // since the begin of a test
	What     rule.What         `json:"what"`
	Alert    string            `json:"alert"`
	Group    map[string]string `json:"group"`
	Reason   rule.Reason       `json:"reason,omitempty"`
	Number   json.Number       `json:"number,omitempty"`
	Bound    json.Number       `json:"bound,omitempty"`
	N        int64             `json:"n"`
	Incident string            `json:"incident,omitempty"`
	Flapping bool              `json:"flapping,omitempty"`
}

func changeOf(c rule.Change, zone *time.Location) change {
	return change{
		At: time.UnixMilli(c.At).In(zone).Format(time.RFC3339), What: c.What, Alert: c.Rule, Group: c.Group, Reason: c.Reason, N: c.Seen.N, Incident: c.Incident,
		Number: decimal(c.Seen.Number), Bound: decimal(c.Seen.Bound), Flapping: c.Flapping,
	}
}
