package main

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vigia-cx/vigia/internal/config"
)

// env is what commands may use of the outside world, and the flags that all of them have.
type env struct {
	getenv         func(string) string
	stdout, stderr io.Writer

	began      bool // the command line was understood
	configFile string
	logLevel   string
	logFormat  string
	quiet      bool
	noColor    bool
}

func (e *env) flags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVarP(&e.configFile, "config", "c", cmp.Or(e.getenv("VIGIA_CONFIG"), "vigia.yml"), "configuration `file` (or VIGIA_CONFIG)")
	f.StringVar(&e.logLevel, "log-level", "", "debug, info, warn or error (default info for run and demo, else warn)")
	f.StringVar(&e.logFormat, "log-format", "text", "text or json")
	f.BoolVarP(&e.quiet, "quiet", "q", false, "no words on stderr except errors")
	f.BoolVar(&e.noColor, "no-color", false, "no colours (or NO_COLOR)")
}

// config loads the configuration.
func (e *env) config() (*config.Config, error) { return config.Load(e.configFile, e.getenv) }

// logger writes to stderr, from a level on that --log-level may change.
func (e *env) logger(level slog.Level) (*slog.Logger, error) {
	if e.quiet {
		level = slog.LevelError
	}
	if e.logLevel != "" {
		if err := level.UnmarshalText([]byte(e.logLevel)); err != nil {
			return nil, usage(fmt.Errorf("--log-level %q: use debug, info, warn or error", e.logLevel))
		}
	}
	o := &slog.HandlerOptions{Level: level}
	switch e.logFormat {
	case "text":
		return slog.New(slog.NewTextHandler(e.stderr, o)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(e.stderr, o)), nil
	}
	return nil, usage(fmt.Errorf("--log-format %q: use text or json", e.logFormat))
}

// say writes words for people to stderr.
func (e *env) say(format string, args ...any) {
	if !e.quiet {
		fmt.Fprintf(e.stderr, format+"\n", args...)
	}
}

// color reports whether what goes to w may be coloured: only on a terminal, and only if nobody objects.
func (e *env) color(w io.Writer) bool {
	return !e.noColor && e.getenv("NO_COLOR") == "" && e.getenv("TERM") != "dumb" && terminal(w)
}

// terminal reports whether w is a terminal.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// formatFlag adds --format to a command.
func formatFlag(cmd *cobra.Command, into *string, formats ...string) {
	cmd.Flags().StringVar(into, "format", formats[0], strings.Join(formats, ", "))
	check := cmd.PreRunE
	cmd.PreRunE = func(c *cobra.Command, args []string) error {
		if !slices.Contains(formats, *into) {
			return usage(fmt.Errorf("--format %q: use %s", *into, strings.Join(formats, ", ")))
		}
		if check != nil {
			return check(c, args)
		}
		return nil
	}
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
}
