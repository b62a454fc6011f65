package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/rule"
)

func newRulesExplain(e *env) *cobra.Command {
	var (
		c                                     client
		test, run, alert, format, calendarsOf string
	)
	cmd := &cobra.Command{
		Use:   "explain RULES…",
		Short: "Say what rules see, and why they fire or not",
		Long: `Ask a running Vigia for the numbers that rules look at, and say of every group what the rule sees now, what it compares with its limit, and what follows from it: true,
false or unknown. Whether it fires also depends on how long that has been so (for, keep_firing_for).

With --test it tells the story of a test instead: everything that happened to the rules along its time line, and the numbers at each turn. No server is asked then.`,
		Example: "  vigia rules explain deploy/rules --alert ServiceLevelLow\n  vigia rules explain --test deploy/rules/service_test.yaml --run slip",
		RunE: func(cmd *cobra.Command, args []string) error {
			if test != "" {
				if len(args) > 0 {
					return usage(fmt.Errorf("--test names the rules itself: leave %s out", strings.Join(args, " ")))
				}
				return e.tellStory(test, run, alert, calendarsOf, format)
			}
			if len(args) == 0 {
				return usage(fmt.Errorf("which rules? Name rule files or folders, or a test with --test"))
			}
			if err := c.resolve(e); err != nil {
				return err
			}
			return e.explainNow(cmd, &c, args, alert, calendarsOf, format)
		},
	}
	c.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&test, "test", "", "tell the story of the tests in this `file`")
	f.StringVar(&run, "run", "", "only tests whose name matches this regular `expression`")
	f.StringVar(&alert, "alert", "", "only this `alert`")
	f.StringVar(&calendarsOf, "calendars-of", "", "`tenant` of the configuration whose calendars the rules may name")
	formatFlag(cmd, &format, "table", "json")
	return cmd
}

// tellStory prints what happened to rules along the time lines of tests.
func (e *env) tellStory(test, run, alert, tenant, format string) error {
	outcomes, err := e.runCases([]string{test}, run, tenant)
	if err != nil {
		return err
	}
	list := []change{}
	for _, o := range outcomes {
		rows := [][]string{{"AFTER", "ALERT", "GROUP", "WHAT", "SEES", "N", "BOUND", "WHY"}}
		for _, c := range o.Changes {
			if alert != "" && c.Rule != alert {
				continue
			}
			x := changeOf(c, time.UTC)
			x.After = seconds(float64(c.At-o.Start) / 1000)
			list = append(list, x)
			r := o.Rules[slices.IndexFunc(o.Rules, func(r *rule.Rule) bool { return r.Name == c.Rule })]
			rows = append(rows, []string{x.After, c.Rule, groupText(c.Group), string(c.What), r.Say("en", c.Seen.Number), strconv.FormatInt(c.Seen.N, 10), r.Say("en", c.Seen.Bound), why(c.Reason)})
		}
		if format == "table" {
			if _, err := fmt.Fprintf(e.stdout, "%s\n", o.Case); err != nil {
				return err
			}
			if err := writeTable(e.stdout, rows); err != nil {
				return err
			}
		}
	}
	if format == "json" {
		return writeJSON(e.stdout, list)
	}
	return nil
}

// sight is what a rule sees of a group now.
type sight struct {
	Alert  string            `json:"alert"`
	Group  map[string]string `json:"group"`
	Fire   string            `json:"fire"`  // true, false or unknown
	Clear  string            `json:"clear"` // of a firing rule
	Reason rule.Reason       `json:"reason,omitempty"`
	Number json.Number       `json:"number,omitempty"`
	Bound  json.Number       `json:"bound,omitempty"`
	N      int64             `json:"n"`
	At     string            `json:"at"`
}

// explainNow asks a running Vigia and judges.
func (e *env) explainNow(cmd *cobra.Command, c *client, args []string, alert, tenant, format string) error {
	names, err := ruleFiles(args)
	if err != nil {
		return err
	}
	calendar, err := e.calendars(tenant)
	if err != nil {
		return err
	}
	files, err := readRules(names)
	if err != nil {
		return err
	}
	set, err := rule.NewSet(cmp.Or(tenant, "explain"), calendar, files...)
	if err != nil {
		return err
	}
	if alert != "" && set.Rule(alert) == nil {
		return usage(fmt.Errorf("--alert: no rule is called %q", alert))
	}
	list, rows := []sight{}, [][]string{{"ALERT", "GROUP", "NOW", "SEES", "N", "BOUND", "FIRES IF", "WHY"}}
	for _, r := range set.Rules {
		if alert != "" && r.Name != alert {
			continue
		}
		queries := r.Queries()
		if len(queries) == 0 {
			e.say("%s is about sources, which this answer does not hold: see vigia_worker_source_last_event_timestamp_seconds in /metrics", r.Name)
			continue
		}
		answers := make([][]kpi.Value, len(queries))
		for i, q := range queries {
			if answers[i], err = c.ask(cmd, q); err != nil {
				return err
			}
		}
		at, asOf := instants(answers)
		seen := r.Observe(at, answers, asOf)
		if len(seen) == 0 {
			rows = append(rows, []string{r.Name, "–", "–", "–", "0", "–", r.Condition(), "no group has anything that the rule looks at"})
		}
		for _, o := range seen {
			list = append(list, sight{Alert: r.Name, Group: o.Group, Fire: o.Fire.String(), Clear: o.Clear.String(), Reason: o.Reason, Number: decimal(o.Number), Bound: decimal(o.Bound), N: o.N,
				At: time.UnixMilli(at).UTC().Format(time.RFC3339)})
			rows = append(rows, []string{r.Name, groupText(o.Group), o.Fire.String(), r.Say("en", o.Number), strconv.FormatInt(o.N, 10), r.Say("en", o.Bound), r.Condition(), why(o.Reason)})
		}
	}
	if format == "json" {
		return writeJSON(e.stdout, list)
	}
	return writeTable(e.stdout, rows)
}

// ask reads what a rule wants to know.
func (c *client) ask(cmd *cobra.Command, q rule.Query) ([]kpi.Value, error) {
	query := url.Values{"kpi": {q.KPI}, "definition": {q.Definition}}
	var by []string
	for _, d := range q.By {
		by = append(by, string(d))
	}
	if len(by) > 0 {
		query.Set("group", strings.Join(by, ","))
	}
	if q.Window != "" {
		query.Set("window", q.Window)
	}
	var answer struct{ Values []kpi.Value }
	err := c.get(cmd.Context(), "/api/v1/kpis", query, &answer)
	return answer.Values, err
}

// instants returns where the windows of answers end and how far they are known, Unix ms.
func instants(answers [][]kpi.Value) (at, asOf int64) {
	asOf = math.MaxInt64
	for _, values := range answers {
		for _, v := range values {
			if t, err := time.Parse(time.RFC3339, v.To); err == nil {
				at = max(at, t.UnixMilli())
			}
			if t, err := time.Parse(time.RFC3339, v.AsOf); err == nil {
				asOf = min(asOf, t.UnixMilli())
			}
		}
	}
	return at, asOf
}

// why explains a reason in words.
func why(r rule.Reason) string {
	return map[rule.Reason]string{
		rule.Stale: "what is known lags behind", rule.Incomplete: "something is known to be missing", rule.Nothing: "nothing happened that could be measured",
		rule.Few: "too few to judge by (min_count)", rule.Closed: "outside of opening hours",
	}[r]
}

func groupText(group map[string]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(group)) {
		parts = append(parts, k+"="+cmp.Or(group[k], "–"))
	}
	return cmp.Or(strings.Join(parts, " "), "all")
}

// decimal is a number as JSON takes it; what is none is left out.
func decimal(f float64) json.Number {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return ""
	}
	return json.Number(strconv.FormatFloat(math.Round(f*1e6)/1e6, 'f', -1, 64))
}
