package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/replay"
	"github.com/vigia-cx/vigia/internal/replay/mapping"
	"github.com/vigia-cx/vigia/internal/rule"
	"github.com/vigia-cx/vigia/internal/sla"
)

// backtestOptions are the flags of `vigia rules backtest`.
type backtestOptions struct {
	mapping, zone, tenant, format string
	events, changes               bool
}

func newRulesBacktest(e *env) *cobra.Command {
	o := backtestOptions{}
	cmd := &cobra.Command{
		Use:   "backtest RULES (--mapping NAME|FILE | --events) FILE…",
		Short: "Say what rules would have done on a log",
		Long: `Try rules on a log of the past: at every instant of their grid they see what was known then, as the alerter does, with the same incidents. It says of each rule how often it
would have fired, how many of these were over within five minutes (flapped), how many calls a shift of 12 hours would have had, and how long incidents lasted.

The log is one that ` + "`vigia replay`" + ` reads with a mapping, or, with --events, events as POST /ingest/v1/events takes them, one a line. Promises, calendars and targets are those of the
mapping, or with --tenant those that the configuration gives the tenant.`,
		Example: "  vigia rules backtest deploy/rules --mapping asterisk-queue-log queue_log\n  vigia rules backtest my.yaml --events --tenant acme --format json events.jsonl",
		Args:    cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.backtest(cmd.Context(), &o, args[0], args[1:], cmd.InOrStdin())
		},
	}
	f := cmd.Flags()
	f.StringVarP(&o.mapping, "mapping", "m", "", "shipped mapping or YAML `file` that says how the log is written")
	f.BoolVar(&o.events, "events", false, "the log holds events, one JSON object a line")
	f.StringVar(&o.tenant, "tenant", "", "`tenant` of the configuration whose promises and calendars apply")
	f.StringVar(&o.zone, "zone", "", "time zone of days, such as America/Lima (default: the mapping's or the tenant's)")
	f.BoolVar(&o.changes, "changes", false, "list every change instead of the totals")
	formatFlag(cmd, &o.format, "table", "json")
	return cmd
}

func (e *env) backtest(ctx context.Context, o *backtestOptions, rules string, files []string, stdin io.Reader) error {
	if o.events == (o.mapping != "") {
		return usage(errors.New("how is the log written? Give --mapping NAME or --events, one of the two"))
	}
	names, err := ruleFiles([]string{rules})
	if err != nil {
		return err
	}
	read, err := readRules(names)
	if err != nil {
		return err
	}
	if e.getenv("GOGC") == "" {
		// A job of seconds on some megabytes: a third of its time would go into collecting them.
		debug.SetGCPercent(400)
	}
	events, policies, err := e.history(ctx, o, files, stdin)
	if err != nil {
		return err
	}
	sets := map[string]*rule.Set{}
	for tenant, p := range policies {
		if sets[tenant], err = rule.NewSet(tenant, p.Calendar, read...); err != nil {
			return err
		}
	}
	began := time.Now()
	result, err := replay.Backtest(ctx, replay.BacktestOptions{Events: events, Policies: policies, Rules: sets})
	if _, wrong := errors.AsType[*replay.UsageError](err); wrong {
		return usage(err)
	}
	if err != nil {
		return err
	}
	if o.changes {
		return e.writeChanges(o.format, result, policies)
	}
	report := result.Report(policies, sets)
	if o.format == "json" {
		err = writeJSON(e.stdout, report)
	} else {
		err = writeReport(e.stdout, report, len(sets) > 1)
	}
	for alert, why := range result.Skipped {
		e.say("%s was left out: %s", alert, why)
	}
	e.say("%d events from %s to %s in %.1f s", result.Events, time.UnixMilli(result.From).UTC().Format(time.RFC3339), time.UnixMilli(result.To).UTC().Format(time.RFC3339), time.Since(began).Seconds())
	return err
}

// history reads the log, and the promises that apply.
func (e *env) history(ctx context.Context, o *backtestOptions, files []string, stdin io.Reader) (events []*event.Event, policies map[string]*sla.Policy, err error) {
	inputs, closeAll, err := openInputs(files, stdin)
	if err != nil {
		return nil, nil, err
	}
	defer closeAll()
	if !o.events {
		m, err := loadMapping(o.mapping)
		if err != nil {
			return nil, nil, err
		}
		var ledger mapping.Ledger
		if events, policies, ledger, err = replay.ReadLog(ctx, m, inputs, o.zone); err != nil {
			return nil, nil, err
		}
		e.say("%s", strings.TrimRight(ledger.Table(20), "\n"))
		if o.tenant == "" {
			return events, policies, nil
		}
	}
	tenant := cmp.Or(o.tenant, "backtest")
	spec := sla.DefaultPolicy(tenant, cmp.Or(o.zone, "UTC"))
	if o.tenant != "" {
		of, err := e.policyOf(o.tenant)
		if err != nil {
			return nil, nil, err
		}
		spec = of.Spec()
		spec.Zone = cmp.Or(o.zone, spec.Zone)
	}
	p, err := sla.CompilePolicy(spec, 1)
	if err != nil {
		return nil, nil, err
	}
	if o.events {
		if events, err = replay.ReadEvents(tenant, inputs); err != nil {
			return nil, nil, err
		}
		return events, map[string]*sla.Policy{tenant: p}, nil
	}
	for name := range policies {
		policies[name] = p
	}
	return events, policies, nil
}

// writeReport prints totals for people: one line a rule.
func writeReport(w io.Writer, report []replay.RuleReport, tenants bool) error {
	header := []string{"ALERT", "SEVERITY", "FIRED", "FLAPPED", "OPEN", "PER SHIFT", "WORST", "MEDIAN", "P95", "FIRST", "LAST", "MOSTLY"}
	if tenants {
		header = append([]string{"TENANT"}, header...)
	}
	rows := [][]string{header}
	for _, r := range report {
		if r.Skipped != "" {
			continue
		}
		mostly := ""
		if len(r.Groups) > 0 {
			mostly = fmt.Sprintf("%s (%d)", groupText(r.Groups[0].Group), r.Groups[0].Fired)
		}
		row := []string{r.Alert, string(r.Severity), strconv.Itoa(r.Fired), strconv.Itoa(r.Flapped), strconv.Itoa(r.Open), strconv.FormatFloat(r.PerShift, 'f', 2, 64), strconv.Itoa(r.WorstShift),
			readable(r.MedianS, kpi.Seconds), readable(r.P95S, kpi.Seconds), cmp.Or(r.First, "–"), cmp.Or(r.Last, "–"), cmp.Or(mostly, "–")}
		if tenants {
			row = append([]string{r.Tenant}, row...)
		}
		rows = append(rows, row)
	}
	return writeTable(w, rows)
}

// writeChanges prints everything that happened to the rules.
func (e *env) writeChanges(format string, result *replay.Backtested, policies map[string]*sla.Policy) error {
	list := []change{}
	rows := [][]string{{"AT", "ALERT", "GROUP", "WHAT", "NUMBER", "N", "BOUND", "WHY"}}
	for _, c := range result.Changes {
		x := changeOf(c, policies[c.Tenant].Zone())
		list = append(list, x)
		rows = append(rows, []string{x.At, c.Rule, groupText(c.Group), string(c.What), string(x.Number), strconv.FormatInt(c.Seen.N, 10), string(x.Bound), why(c.Reason)})
	}
	if format == "json" {
		return writeJSON(e.stdout, list)
	}
	return writeTable(e.stdout, rows)
}
