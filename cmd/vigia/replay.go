package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/replay"
	"github.com/vigia-cx/vigia/internal/replay/mapping"
)

// replayOptions are the flags of `vigia replay`.
type replayOptions struct {
	mapping, by, group, contributions, zone, format string
	kpis, definitions                               []string
	stack, allLines                                 bool
}

func newReplayCommand(e *env) *cobra.Command {
	o := replayOptions{}
	cmd := &cobra.Command{
		Use:   "replay --mapping NAME|FILE FILE…",
		Short: "Compute the KPIs of a log that another system wrote",
		Long: `Read call logs, ticket and message exports (CSV, TSV, pipe-separated or JSON lines, plain or gzip; "-" is standard input), send them through the real engine
in this process, and print values by period and group. Several files are read as one.

A mapping says how the files are written and what their rows stand for. Shipped ones: ` + strings.Join(mapping.Names(), ", ") + `. Write your own with
` + "`vigia mapping init FILE`" + `, and look at what it does with ` + "`vigia mapping check`" + `.

Periods and groups without data are left out. Values go to stdout; progress, and what became of every row, to stderr. Nothing that runs elsewhere is touched: --stack
uses the Kafka and Redis of the configuration, with topics and keys of its own that are removed at the end.`,
		Example: `  vigia replay --mapping anonymous-bank --by day --group queue calls.tsv.gz
  vigia replay --mapping anonymous-bank --by hour --kpi service_level --definition vigia,connect --format csv calls.tsv
  vigia replay --mapping my.yaml --contributions abandon_rate --format jsonl export.csv`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			return e.replay(cmd.Context(), &o, files, cmd.InOrStdin())
		},
	}
	f := cmd.Flags()
	f.StringVarP(&o.mapping, "mapping", "m", "", "shipped mapping or YAML `file` (required)")
	f.StringVar(&o.by, "by", "total", "15m, 30m, hour, day, week, month or total")
	f.StringVar(&o.group, "group", "tenant", "tenant, channel, queue, team or agent, several separated by commas")
	f.StringSliceVar(&o.kpis, "kpi", nil, "KPIs to print (default: all that have data)")
	f.StringSliceVar(&o.definitions, "definition", nil, "definitions to print, such as vigia,connect,genesys (default: each KPI's own)")
	f.StringVar(&o.contributions, "contributions", "", "instead of values: every conversation, whether and why it counts for this `KPI`")
	f.StringVar(&o.zone, "zone", "", "time zone of days and hours, such as America/Lima (default: the mapping's)")
	f.BoolVar(&o.allLines, "all-lines", false, "list every row that was left out, not only the first of each reason")
	f.BoolVar(&o.stack, "stack", false, "use the Kafka and Redis of the configuration")
	formatFlag(cmd, &o.format, "table", "json", "jsonl", "csv")
	_ = cmd.RegisterFlagCompletionFunc("by", cobra.FixedCompletions([]string{"15m", "30m", "hour", "day", "week", "month", "total"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("kpi", cobra.FixedCompletions(kpi.IDs(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (e *env) replay(ctx context.Context, o *replayOptions, files []string, stdin io.Reader) error {
	log, err := e.logger(slog.LevelWarn)
	if err != nil {
		return err
	}
	run := replay.Options{KPIs: o.kpis, Definitions: o.definitions, Contributions: o.contributions, Zone: o.zone, Logger: log}
	if run.By, err = replay.ParseBy(o.by); err != nil {
		return usage(fmt.Errorf("--by: %w", err))
	}
	if run.Group, err = replay.ParseGroup(o.group); err != nil {
		return usage(fmt.Errorf("--group: %w", err))
	}
	if run.Mapping, err = loadMapping(o.mapping); err != nil {
		return err
	}
	if !e.quiet {
		run.Progress, run.Terminal = e.stderr, terminal(e.stderr)
	}
	if o.stack {
		if run.Stack, err = e.stack(); err != nil {
			return err
		}
	}
	inputs, closeAll, err := openInputs(files, stdin)
	if err != nil {
		return err
	}
	defer closeAll()
	run.Inputs = inputs
	if e.getenv("GOGC") == "" {
		// A job of seconds on some megabytes: a fifth of its time would go into collecting them.
		debug.SetGCPercent(400)
	}
	result, err := replay.Run(ctx, run)
	if _, wrong := errors.AsType[*replay.UsageError](err); wrong {
		return usage(err)
	}
	if err != nil {
		return err
	}
	if o.contributions != "" {
		err = writeContributions(e.stdout, o.format, run.By, result.Contributions)
	} else if o.format == "table" {
		err = writePeriods(e.stdout, run.By, result.Values)
	} else {
		err = writeValues(e.stdout, o.format, result.Values)
	}
	if err != nil {
		return err
	}
	return e.accountFor(result, o.allLines)
}

// accountFor says what became of the rows.
func (e *env) accountFor(r *replay.Result, allLines bool) error {
	most := 20
	if allLines {
		most = mapping.MaxLines
	}
	table := strings.TrimRight(r.Ledger.Table(most), "\n")
	if !allLines && strings.Contains(table, " more)") {
		table += "\n(--all-lines lists every row)"
	}
	e.say("%s", table)
	if s := r.Took.Seconds(); s > 0 {
		e.say("%d events in %.1f s, %.0f rows/s", r.Events, s, float64(r.Ledger.Rows)/s)
	}
	if len(r.Refused) > 0 {
		return partial(fmt.Errorf("the engine refused what the mapping had let through, so it is missing in the values (%s): this is a defect of Vigia, please report it", r.Refused))
	}
	return nil
}

// stack returns the servers of the configuration.
func (e *env) stack() (*replay.Stack, error) {
	cfg, err := e.config()
	if err != nil {
		return nil, err
	}
	if cfg.Kafka.Embedded() || cfg.Redis.Embedded() {
		return nil, usage(errors.New("--stack: the configuration names no Kafka and Redis; write kafka.brokers and redis.addresses, or leave --stack out"))
	}
	log, err := app.LogConfig(cfg)
	if err != nil {
		return nil, err
	}
	state, err := app.StateConfig(cfg)
	if err != nil {
		return nil, err
	}
	return &replay.Stack{Log: log, State: state, Replication: cfg.Kafka.Replication}, nil
}

// openInputs opens files; "-" is standard input.
func openInputs(files []string, stdin io.Reader) (inputs []mapping.Input, closeAll func(), err error) {
	var opened []*os.File
	closeAll = func() {
		for _, f := range opened {
			_ = f.Close() // only read from
		}
	}
	for _, name := range files {
		if name == "-" {
			inputs = append(inputs, mapping.Input{Name: "standard input", R: stdin})
			continue
		}
		f, err := os.Open(name)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		opened = append(opened, f)
		inputs = append(inputs, mapping.Input{Name: name, R: f})
	}
	return inputs, closeAll, nil
}

// writePeriods prints values for people: one line a value, periods as people call them.
func writePeriods(w io.Writer, by replay.By, values []kpi.Value) error {
	dims := grouped(values)
	header := []string{"PERIOD", "TENANT"}
	for _, d := range dims {
		header = append(header, strings.ToUpper(d))
	}
	rows := [][]string{append(header, "KPI", "DEFINITION", "VALUE", "N", "P50", "P90")}
	for _, v := range values {
		row := []string{periodName(by, v.From, v.To), v.Tenant}
		for _, d := range dims {
			row = append(row, cmp.Or(v.Group[d], "–"))
		}
		number := readable(v.Value, v.Unit)
		if !v.Complete {
			number += " *"
		}
		row = append(row, v.KPI, v.Definition, number, strconv.FormatInt(v.N, 10))
		for _, p := range []*kpi.Number{v.P50, v.P90} {
			if p == nil || !p.Known() {
				row = append(row, "")
			} else {
				row = append(row, readable(*p, v.Unit))
			}
		}
		rows = append(rows, row)
	}
	return writeTable(w, rows)
}

// periodName is what people call a period, given as RFC 3339.
func periodName(by replay.By, from, to string) string {
	begin, err := time.Parse(time.RFC3339, from)
	if err != nil {
		return cmp.Or(from, "–")
	}
	switch by {
	case replay.Quarter, replay.Half, replay.Hour:
		return begin.Format("2006-01-02 15:04 -07:00")
	case replay.Month:
		return begin.Format("2006-01")
	case replay.Day:
		return begin.Format(time.DateOnly)
	}
	if end, err := time.Parse(time.RFC3339, to); err == nil {
		return begin.Format(time.DateOnly) + " to " + end.Add(-time.Second).Format(time.DateOnly)
	}
	return from
}

// writeContributions prints contributions in one of the formats.
func writeContributions(w io.Writer, format string, by replay.By, list []replay.Contribution) error {
	switch format {
	case "json":
		return writeJSON(w, append([]replay.Contribution{}, list...))
	case "jsonl":
		return writeLines(w, list)
	case "csv":
		c := csv.NewWriter(w)
		rows := [][]string{append([]string{"kpi", "definition", "tenant", "conversation", "result", "why", "seconds", "numerator", "denominator", "at", "from", "to"}, dimensions...)}
		for _, x := range list {
			row := []string{x.KPI, x.Definition, x.Tenant, x.Conversation, x.Result, x.Why, string(x.Seconds), string(x.Numerator), string(x.Denominator), x.At, x.From, x.To}
			for _, d := range dimensions {
				row = append(row, x.Group[d])
			}
			rows = append(rows, row)
		}
		return c.WriteAll(rows)
	}
	rows := [][]string{{"TENANT", "CONVERSATION", "RESULT", "SECONDS", "PERIOD", "QUEUE", "DEFINITION", "WHY"}}
	for _, x := range list {
		rows = append(rows, []string{x.Tenant, x.Conversation, x.Result, cmp.Or(string(x.Seconds), "–"), periodName(by, x.From, x.To), cmp.Or(x.Group["queue"], "–"), x.Definition, x.Why})
	}
	return writeTable(w, rows)
}
