package main

import (
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vigia-cx/vigia/internal/kpi"
)

func newKPIsCommand(e *env) *cobra.Command {
	var (
		c                  client
		group, definition  []string
		window, at, format string
		compare            string
	)
	cmd := &cobra.Command{
		Use:   "kpis [kpi…]",
		Short: "Print KPIs of a running Vigia",
		Long: `Ask a running Vigia for KPIs: those that are named, or all that can be answered. Durations in tables are written 1m05s, in the other formats as seconds.
A value marked * is incomplete: something that belongs to it is known to be missing, or not known yet. "n < 5" stands for a value that is hidden, because so few would give it away.`,
		Example:   "  vigia kpis\n  vigia kpis service_level --group queue --window 1h --definition connect\n  vigia kpis speed_of_answer,abandon_rate --window today --format csv\n  vigia kpis abandon_rate --group queue --compare same_weekday",
		ValidArgs: kpi.IDs(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.resolve(e); err != nil {
				return err
			}
			query := url.Values{}
			set := func(name string, values ...string) {
				if joined := strings.Join(values, ","); joined != "" {
					query.Set(name, joined)
				}
			}
			set("kpi", args...)
			set("group", group...)
			set("definition", definition...)
			set("window", window)
			set("at", at)
			set("compare", compare)
			var answer struct{ Values []kpi.Value }
			if err := c.get(cmd.Context(), "/api/v1/kpis", query, &answer); err != nil {
				return err
			}
			if err := writeValues(e.stdout, format, answer.Values); err != nil {
				return err
			}
			e.remark(format, answer.Values)
			return nil
		},
	}
	c.flags(cmd)
	f := cmd.Flags()
	f.StringSliceVar(&group, "group", nil, "channel, queue, team, agent, topic: one line for each")
	f.StringSliceVar(&definition, "definition", nil, "how to compute it, such as connect or genesys (default: each KPI's own)")
	f.StringVar(&window, "window", "1h", "10s to 400d, today, yesterday, last_week or last_month")
	f.StringVar(&at, "at", "", "where the window ends, RFC 3339 (default now)")
	f.StringVar(&compare, "compare", "", "what to compare with: previous, same_weekday or 4w_median; a change marked ! is more than chance")
	formatFlag(cmd, &format, formats...)
	return cmd
}

// remark says what a reader of a table must not miss.
func (e *env) remark(format string, values []kpi.Value) {
	if len(values) == 0 {
		e.say("There is nothing to show: no group had anything in this window.")
		return
	}
	if format == "table" && slices.ContainsFunc(values, func(v kpi.Value) bool { return !v.Complete }) {
		e.say("* incomplete: something that belongs to it is missing, or not known yet; everything up to %s is known.", values[0].AsOf)
	}
}
