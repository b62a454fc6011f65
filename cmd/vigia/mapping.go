package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vigia-cx/vigia/internal/replay/mapping"
)

// checkRows is how many rows `vigia mapping check` reads.
const checkRows = 100

func newMappingCommand(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "mapping",
		Short: "Say how your own logs are written, for replay",
		Long: `A mapping is a YAML file that says how a log of another system is written and which events its rows stand for. ` + "`vigia replay`" + ` reads logs with it.
The language, with examples, is described in internal/replay/mapping/README.md.`,
	}
	initCmd := &cobra.Command{
		Use:     "init FILE",
		Short:   "Look at a file and write a draft of its mapping",
		Long:    "Look at the first rows of a file (encoding, delimiter, header, dates, likely columns) and write a mapping to start from to stdout. Its comments say what to check.",
		Example: "  vigia mapping init export.csv > my.yaml",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			inputs, closeAll, err := openInputs(args, cmd.InOrStdin())
			if err != nil {
				return err
			}
			defer closeAll()
			draft, err := mapping.Sniff(inputs[0].Name, inputs[0].R)
			if err != nil {
				return err
			}
			if _, err := e.stdout.Write(draft); err != nil {
				return err
			}
			e.say("a draft: save it, change what is wrong, and look at the result with `vigia mapping check --mapping my.yaml %s`", args[0])
			return nil
		},
	}
	var name string
	check := &cobra.Command{
		Use:   "check --mapping NAME|FILE FILE…",
		Short: "Show the events of the first rows",
		Long: fmt.Sprintf(`Read the first %d rows with a mapping and show the events they stand for, and what became of every row. It exits with 1 when a row yields no event for a reason
that the mapping does not name itself (skip), and when there is no event at all.`, checkRows),
		Example: "  vigia mapping check --mapping my.yaml export.csv\n  vigia mapping check --mapping anonymous-bank calls.tsv.gz",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := loadMapping(name)
			if err != nil {
				return err
			}
			inputs, closeAll, err := openInputs(args, cmd.InOrStdin())
			if err != nil {
				return err
			}
			defer closeAll()
			read, err := m.Read(cmd.Context(), inputs, mapping.Options{MaxRows: checkRows})
			if err != nil {
				return err
			}
			return e.showRead(read)
		},
	}
	check.Flags().StringVarP(&name, "mapping", "m", "", "shipped mapping or YAML `file` (required)")
	show := &cobra.Command{
		Use:       "show NAME",
		Short:     "Print a shipped mapping, to start from",
		Args:      cobra.ExactArgs(1),
		ValidArgs: mapping.Names(),
		RunE: func(_ *cobra.Command, args []string) error {
			text, err := mapping.Source(args[0])
			if errors.Is(err, os.ErrNotExist) {
				return usage(fmt.Errorf("there is no shipped mapping %q; use one of %v", args[0], mapping.Names()))
			}
			if err != nil {
				return err
			}
			_, err = e.stdout.Write(text)
			return err
		},
	}
	cmd.AddCommand(initCmd, check, show)
	return cmd
}

// loadMapping returns the mapping of a --mapping flag.
func loadMapping(name string) (*mapping.Mapping, error) {
	if name == "" {
		return nil, usage(fmt.Errorf("--mapping is missing: name a YAML file or one of %s; `vigia mapping init FILE` writes a draft", strings.Join(mapping.Names(), ", ")))
	}
	return mapping.Load(name)
}

// showRead prints events to stdout and the ledger to stderr.
func (e *env) showRead(read *mapping.Result) error {
	for _, ev := range read.Events {
		if _, err := io.WriteString(e.stdout, mapping.Describe(ev)+"\n"); err != nil {
			return err
		}
	}
	e.say("%s", read.Ledger.Table(mapping.MaxLines))
	switch n := read.Ledger.Findings(); {
	case len(read.Events) == 0:
		return errors.New("no row yields an event: check the conditions (when) and the columns of the mapping")
	case n > 0:
		return fmt.Errorf("%d of %d rows yield no event for reasons that the mapping does not name: correct it, or skip such rows on purpose", n, read.Ledger.Rows)
	}
	return nil
}
