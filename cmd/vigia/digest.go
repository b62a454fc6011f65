package main

import (
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vigia-cx/vigia/internal/digest"
	"github.com/vigia-cx/vigia/internal/kpi"
)

func newDigestCommand(e *env) *cobra.Command {
	var (
		c                                    client
		period, at, lang, by, format, output string
	)
	cmd := &cobra.Command{
		Use:   "digest",
		Short: "Write the summary of the last week or month",
		Long: `Write the summary of the last whole week (Monday to Sunday) or month of the tenant's calendar: numbers by theme beside those of the period before, what changed more than chance
brings, the best and the worst queues, broken promises, the busiest quarter hours, and what is hidden or not known. Every number says what it rests on.

Markdown suits chats and repositories; HTML is one file without scripts that mail programs show and that prints well; JSON is for programs.`,
		Example: "  vigia digest\n  vigia digest --period month --lang pt --format html -o outubro.html\n  vigia digest --at 2026-11-02T00:00:00-05:00 --by channel",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, f := range []struct {
				name, value string
				allowed     []string
			}{{"period", period, digest.Periods}, {"by", by, digest.Groupings}, {"lang", lang, append([]string{""}, kpi.Langs...)}} {
				if !slices.Contains(f.allowed, f.value) {
					return usage(fmt.Errorf("--%s %q: use %s", f.name, f.value, strings.TrimPrefix(strings.Join(f.allowed, ", "), ", ")))
				}
			}
			if err := c.resolve(e); err != nil {
				return err
			}
			query := url.Values{"period": {period}, "by": {by}, "format": {format}}
			for name, value := range map[string]string{"at": at, "lang": lang} {
				if value != "" {
					query.Set(name, value)
				}
			}
			body, err := c.fetch(cmd.Context(), "/api/v1/digest", query)
			if err != nil {
				return err
			}
			if output == "" || output == "-" {
				_, err = e.stdout.Write(body)
				return err
			}
			if err := os.WriteFile(output, body, 0o644); err != nil { // nothing in it names a customer
				return fmt.Errorf("the digest cannot be written, name another file with -o: %w", err)
			}
			e.say("Wrote %s", output)
			return nil
		},
	}
	c.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&period, "period", digest.Periods[0], strings.Join(digest.Periods, " or "))
	f.StringVar(&at, "at", "", "the last whole period before this instant, RFC 3339 (default now)")
	f.StringVar(&lang, "lang", "", strings.Join(kpi.Langs, ", ")+" (default that of the tenant)")
	f.StringVar(&by, "by", digest.Groupings[0], strings.Join(digest.Groupings, ", ")+": what is compared")
	f.StringVarP(&output, "output", "o", "", "`file` to write (default standard output)")
	formatFlag(cmd, &format, "md", "html", "json")
	_ = cmd.MarkFlagFilename("output", "md", "html", "json")
	for name, values := range map[string][]string{"period": digest.Periods, "by": digest.Groupings, "lang": kpi.Langs} {
		_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
	return cmd
}
