package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vigia-cx/vigia/internal/explain"
	"github.com/vigia-cx/vigia/internal/exporter"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

// explainOptions are the flags that all explanations have.
type explainOptions struct {
	client
	lang, format string
}

func (o *explainOptions) flags(e *env, cmd *cobra.Command) {
	o.client.flags(cmd)
	cmd.Flags().StringVar(&o.lang, "lang", "", "es, pt or en (default: that of the system)")
	formatFlag(cmd, &o.format, "text", "json")
	check := cmd.PreRunE
	cmd.PreRunE = func(c *cobra.Command, args []string) error {
		if o.lang == "" {
			o.lang = systemLanguage(e.getenv)
		}
		if !slices.Contains(kpi.Langs, o.lang) {
			return usage(fmt.Errorf("--lang %q: use %s", o.lang, strings.Join(kpi.Langs, ", ")))
		}
		return check(c, args)
	}
}

func newExplainCommand(e *env) *cobra.Command {
	var (
		o                      explainOptions
		definition, window, at string
		names                  = map[string]*string{}
	)
	cmd := &cobra.Command{
		Use:   "explain KPI",
		Short: "Say why a number is what it is",
		Long: `Ask a running Vigia why a value is what it is: what the definition says and how the number follows from its counters, the panes that were added up, what of it is
known to come from which conversations (or customers), the ten that weigh most, and what was left out and why. Without names the value is that of the whole tenant; --queue PS
is that of queue PS, --queue "" of what has no queue.

vigia explain conversation tells the other way round what one conversation counts for.`,
		Example:   "  vigia explain service_level --queue ventas --window 1h\n  vigia explain csat --definition 1-5 --window 30d --lang es\n  vigia explain conversation p1k2j3h4\n  vigia explain conversation p1k2j3h4 --log",
		Args:      cobra.MatchAll(cobra.ExactArgs(1), oneKPI),
		ValidArgs: kpi.IDs(),
		RunE: func(cmd *cobra.Command, args []string) error {
			query := url.Values{"kpi": args, "window": {window}}
			for name, value := range names {
				if cmd.Flags().Changed(name) {
					query.Set(name, *value)
				}
			}
			if definition != "" {
				query.Set("definition", definition)
			}
			if at != "" {
				query.Set("at", at)
			}
			return ask(e, cmd, &o, query, exporter.WriteValue)
		},
	}
	o.flags(e, cmd)
	f := cmd.Flags()
	f.StringVar(&definition, "definition", "", "how it is computed, such as connect or genesys (default: the tenant's, else the KPI's own)")
	f.StringVar(&window, "window", "1h", "10s to 400d, today or yesterday")
	f.StringVar(&at, "at", "", "where the window ends, RFC 3339 (default now)")
	for _, dim := range dimensionNames() {
		names[dim] = f.String(dim, "", "only this "+dim)
	}
	cmd.AddCommand(newExplainConversation(e), newExplainCustomer(e))
	return cmd
}

func dimensionNames() []string {
	var out []string
	for _, dim := range window.Dimensions {
		out = append(out, string(dim))
	}
	return out
}

// oneKPI refuses names that the catalogue has not, before anything is asked.
func oneKPI(_ *cobra.Command, args []string) error {
	if _, err := kpi.ByID(args[0]); err != nil {
		return usage(err)
	}
	return nil
}

func newExplainConversation(e *env) *cobra.Command {
	var (
		o   explainOptions
		log bool
	)
	cmd := &cobra.Command{
		Use:   "conversation ID",
		Short: "Say what a conversation counts for, and why",
		Long: `Ask a running Vigia what it knows of a conversation: its timeline, its promises with start, pauses, due time and end, the rule and the policy they run under, and every
contribution it makes to a KPI now. The id is the one that Vigia shows, a pseudonym unless the source keeps plain ids.

With --log the log of the configuration is read instead, from its begin: then it is also told what the conversation counted and took back, record by record, and
conversations that are forgotten are known again. No server is asked; an embedded log belongs to a running process, stop that first.`,
		Example: "  vigia explain conversation p1k2j3h4\n  vigia explain conversation p1k2j3h4 --log --config vigia.yml",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !log {
				return ask(e, cmd, &o, url.Values{"conversation": args}, exporter.WriteConversation)
			}
			if o.server != "" {
				return usage(errors.New("--log asks no server: leave --server out"))
			}
			c, err := e.fromLog(cmd.Context(), o.tenant, args[0])
			if err != nil {
				return err
			}
			return answer(e, &o, c, exporter.WriteConversation)
		},
	}
	o.flags(e, cmd)
	cmd.Flags().BoolVar(&log, "log", false, "read the log of the configuration instead, and tell what was taken back")
	return cmd
}

func newExplainCustomer(e *env) *cobra.Command {
	var o explainOptions
	cmd := &cobra.Command{
		Use:   "customer ID",
		Short: "Say what a customer counts for, over all conversations",
		Long:  "Ask a running Vigia what it knows of a customer, by pseudonym: the contacts that are remembered, and what follows from them (activity, first contacts, surveys, sessions).",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(e, cmd, &o, url.Values{"customer": args}, exporter.WriteCustomer)
		},
	}
	o.flags(e, cmd)
	return cmd
}

// ask asks the server for an explanation and prints it.
func ask[T explain.Value | explain.Conversation | explain.Customer](e *env, cmd *cobra.Command, o *explainOptions, query url.Values, write func(io.Writer, string, *T) error) error {
	if err := o.resolve(e); err != nil {
		return err
	}
	var v T
	if err := o.get(cmd.Context(), "/api/v1/explain", query, &v); err != nil {
		return err
	}
	return answer(e, o, &v, write)
}

// answer prints an explanation.
func answer[T any](e *env, o *explainOptions, v *T, write func(io.Writer, string, *T) error) error {
	if o.format == "json" {
		return writeJSON(e.stdout, v)
	}
	return write(e.stdout, o.lang, v)
}
