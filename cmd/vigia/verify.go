package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/verify"
)

func newVerifyCommand(e *env) *cobra.Command {
	var o verify.Options
	var from, to, instant, format string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Compare the state in Redis with the log in Kafka",
		Long: `Compute every number again from the events of the log, by the plain definitions and by other means than the workers, and compare that with what Redis holds: the cells of all
panes, the conversations and the events that their states know, the open list with the promises that run, breaches, customers, agents, and which records were applied.

Each difference is named with the conversations behind it. What the log alone cannot decide is told as undecided; what is older than the log is counted as unverifiable.
Workers may run: the comparison is as of the positions of the state, and each partition waits for the moment in which it is copied. Nothing is changed. The events of one
partition and the state are held in memory; --tenant makes that less. Of the embedded engine the stopped one is compared, as of its last checkpoint.

It exits with 0 when nothing differs, 1 when something does, 3 when Kafka or Redis cannot be reached.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, f := range []struct {
				name, text string
				into       []*int64
			}{{"from", from, []*int64{&o.From}}, {"to", to, []*int64{&o.To}}, {"at", instant, []*int64{&o.From, &o.To}}} {
				if f.text == "" {
					continue
				}
				t, err := time.Parse(time.RFC3339, f.text)
				if err != nil {
					return usage(fmt.Errorf("--%s %q is not an instant; write it like 2026-11-22T08:00:00Z", f.name, f.text))
				}
				for _, ms := range f.into {
					*ms = t.UnixMilli()
				}
			}
			switch {
			case instant != "" && (from != "" || to != ""):
				return usage(errors.New("give --at, or --from and --to, not both"))
			case instant != "":
				o.To++ // the panes that hold it
			case o.To != 0 && o.To <= o.From:
				return usage(errors.New("--to must be later than --from"))
			}
			return e.verify(cmd.Context(), o, format)
		},
	}
	f := cmd.Flags()
	f.StringVar(&from, "from", "", "compare only panes that end after this, RFC 3339")
	f.StringVar(&to, "to", "", "compare only panes that begin before this, RFC 3339")
	f.StringVar(&instant, "at", "", "compare only the panes that hold this instant, RFC 3339")
	f.StringVar(&o.Tenant, "tenant", "", "compare only this tenant")
	formatFlag(cmd, &format, "text", "json")
	var asJSON bool
	f.BoolVar(&asJSON, "json", false, "the same as --format json")
	check := cmd.PreRunE
	cmd.PreRunE = func(c *cobra.Command, args []string) error {
		if asJSON {
			format = "json"
		}
		return check(c, args)
	}
	return cmd
}

func (e *env) verify(ctx context.Context, o verify.Options, format string) (err error) {
	cfg, err := e.config()
	if err != nil {
		return err
	}
	if o.Tenant != "" && !slices.ContainsFunc(cfg.Tenants, func(t config.Tenant) bool { return t.Name == o.Tenant }) {
		var names []string
		for _, t := range cfg.Tenants {
			names = append(names, t.Name)
		}
		return usage(fmt.Errorf("the configuration has no tenant %q; it has %s", o.Tenant, strings.Join(names, ", ")))
	}
	log, logDone, err := e.openLog(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, logDone()) }()
	state, _, stateDone, err := openState(ctx, cfg)
	if err != nil {
		return err
	}
	defer stateDone()
	if format == "text" {
		o.Progress = func(format string, args ...any) { e.say(format, args...) }
	}
	report, err := verify.Compare(ctx, log, state, app.Topics(cfg), o)
	if err != nil {
		return err
	}
	if format == "json" {
		err = writeJSON(e.stdout, report)
	} else {
		e.writeReport(report)
	}
	if err == nil && !report.Equal() {
		return failed()
	}
	return err
}

// shownDifferences is how many differences are written to people; --json has all.
const shownDifferences = 200

func (e *env) writeReport(r *verify.Report) {
	for _, part := range []struct {
		name string
		list []verify.Difference
	}{{"difference", r.Differences}, {"undecided", r.Undecided}} {
		for i, d := range part.list {
			if i == shownDifferences {
				fmt.Fprintf(e.stdout, "… and %d more; --json has all\n", len(part.list)-i)
				break
			}
			e.writeDifference(part.name, d)
		}
	}
	var from time.Time
	older := int64(0)
	for _, a := range r.AsOf {
		older += a.Older
		if a.From.After(from) {
			from = a.From
		}
	}
	c, u := r.Compared, r.Unverifiable
	for _, a := range r.AsOf {
		e.say("As of %s %d: offset %d, time %s, %d records.", a.Topic, a.Partition, a.Offset, a.Time.Format(time.RFC3339), a.Records)
	}
	e.say("Compared %d cells, %d conversations, %d open ones, %d breaches, %d customers, %d agents and %d numbers with %d records of the log.", c.Cells, c.Conversations, c.Open, c.Breaches, c.Customers, c.Agents, c.Numbers, c.Records)
	if older > 0 {
		e.say("Unverifiable: the log begins at %s; of what was before, %d records, %d cells, %d conversations and %d breaches cannot be compared.", from.Format(time.RFC3339), older, u.Cells, u.Conversations, u.Breaches)
	}
	switch {
	case !r.Equal():
		e.say("%d differences, %d undecided. Stop the workers and load a sound snapshot (vigia snapshot load), or let the partition be built from the log again.", len(r.Differences), len(r.Undecided))
	case len(r.Undecided) > 0:
		e.say("No difference; %d undecided.", len(r.Undecided))
	default:
		e.say("No difference.")
	}
}

// shownNames is how many conversations are named behind a difference.
const shownNames = 20

func (e *env) writeDifference(what string, d verify.Difference) {
	line := fmt.Sprintf("%s: %s, %s %d", what, d.Kind, d.Topic, d.Partition)
	if d.Offset != nil {
		line += fmt.Sprintf(" offset %d", *d.Offset)
	}
	if d.Tenant != "" {
		line += ", tenant " + d.Tenant
	}
	out := []string{line}
	if p := d.Pane; p != nil {
		var group []string
		for _, name := range slices.Sorted(maps.Keys(p.Group)) {
			group = append(group, name+"="+p.Group[name])
		}
		out = append(out, fmt.Sprintf("pane %s to %s by %s, %s", p.From.Format(time.RFC3339), p.To.Format(time.RFC3339), p.By, strings.Join(group, " ")), "KPIs: "+strings.Join(p.KPIs, ", "))
	}
	if d.Key != "" {
		field := fmt.Sprintf("%q", d.Field)
		if d.Field == "" {
			field = ""
		}
		out = append(out, strings.TrimSpace("at "+d.Key+" "+field))
	}
	out = append(out, "state: "+d.State, "log:   "+d.Log)
	for _, names := range []struct {
		of   string
		list []string
	}{{"conversations", d.Conversations}, {"customers", d.Customers}} {
		if n := len(names.list); n > shownNames {
			out = append(out, fmt.Sprintf("%s: %s, … %d in all", names.of, strings.Join(names.list[:shownNames], ", "), n))
		} else if n > 0 {
			out = append(out, names.of+": "+strings.Join(names.list, ", "))
		}
	}
	if d.Why != "" {
		out = append(out, "because "+d.Why)
	}
	fmt.Fprintln(e.stdout, strings.Join(out, "\n    "))
}
