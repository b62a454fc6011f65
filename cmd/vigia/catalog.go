package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/vigia-cx/vigia/internal/kpi"
)

func newCatalogCommand(e *env) *cobra.Command {
	var lang, format string
	cmd := &cobra.Command{
		Use:   "catalog [kpi…]",
		Short: "Say what every KPI means",
		Long: `List the KPIs of this Vigia: what each one is, how it is computed, what it can be grouped by, which presets there are and what the trade aims at. With names, tell all about
those. Nothing is asked of a server.`,
		Example:   "  vigia catalog\n  vigia catalog fcr csat --lang es\n  vigia catalog --format json",
		ValidArgs: kpi.IDs(),
		RunE: func(_ *cobra.Command, args []string) error {
			entries := kpi.Entries()
			for _, id := range args {
				if _, err := kpi.ByID(id); err != nil {
					return usage(err)
				}
			}
			if len(args) > 0 {
				entries = slices.DeleteFunc(entries, func(x kpi.Entry) bool { return !slices.Contains(args, x.ID) })
			}
			switch {
			case format == "json":
				enc := json.NewEncoder(e.stdout)
				enc.SetIndent("", "  ")
				return enc.Encode(entries)
			case len(args) == 0:
				return listCatalog(e.stdout, entries, lang)
			}
			for i := range entries {
				if i > 0 {
					fmt.Fprintln(e.stdout)
				}
				describe(e.stdout, &entries[i], lang)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&lang, "lang", "en", "language of the texts: "+strings.Join(kpi.Langs, ", "))
	formatFlag(cmd, &format, "table", "json")
	return cmd
}

func listCatalog(out io.Writer, entries []kpi.Entry, lang string) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KPI\tNAME\tUNIT\tGOAL\tDEFINITIONS\tBY")
	for i := range entries {
		x := &entries[i]
		var defs, dims []string
		for _, d := range x.Definitions {
			defs = append(defs, d.ID)
		}
		for _, d := range x.Dimensions {
			dims = append(dims, string(d))
		}
		unit := string(x.Unit)
		if x.Now {
			unit += ", now"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", x.ID, x.Title.In(lang), unit, x.Goal, strings.Join(defs, ","), strings.Join(dims, ","))
	}
	return w.Flush()
}

func describe(out io.Writer, x *kpi.Entry, lang string) {
	fmt.Fprintf(out, "%s: %s\n%s\n", x.ID, x.Title.In(lang), x.Explain.In(lang))
	for _, d := range x.Definitions {
		mark := ""
		if d.Default && len(x.Definitions) > 1 {
			mark = " *"
		}
		fmt.Fprintf(out, "  %s%s: %s\n", d.ID, mark, d.Explain.In(lang))
	}
	if x.Goal != "" {
		fmt.Fprintf(out, "  goal: %s\n", x.Goal)
	}
	if x.MinN > 0 {
		fmt.Fprintf(out, "  hidden for single groups below n = %d\n", x.MinN)
	}
	fmt.Fprintf(out, "  %s\n", x.Example)
}
