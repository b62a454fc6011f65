package main

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/document"
)

func newConfigCommand(e *env) *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Check the configuration, put its rules in force"}
	cmd.AddCommand(newConfigCheckCommand(e), newConfigApplyCommand(e))
	return cmd
}

func newConfigCheckCommand(e *env) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "check [file]",
		Short: "Report everything that is wrong with a configuration",
		Long:  "Read a configuration as `vigia run` does, and report everything that is wrong, with line and column. Nothing is connected to or changed. It exits with 1 when something is wrong.",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				e.configFile = args[0]
			}
			cfg, err := e.config()
			found, isFindings := errors.AsType[document.Findings](err)
			if format == "json" && (err == nil || isFindings) {
				if err := writeJSON(e.stdout, append(document.Findings{}, found...)); err != nil {
					return err
				}
				if len(found) > 0 {
					return failed()
				}
				return nil
			}
			if err != nil {
				return err
			}
			rules, calendars := 0, 0
			var names []string
			for _, t := range cfg.Tenants {
				names = append(names, t.Name)
				rules, calendars = rules+len(t.Rules), calendars+len(t.Calendars)
			}
			e.say("%s is fine. Tenants: %s; rules: %d; calendars: %d.", e.configFile, strings.Join(names, ", "), rules, calendars)
			return nil
		},
	}
	formatFlag(cmd, &format, "text", "json")
	return cmd
}

func newConfigApplyCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "apply",
		Short: "Put the SLA rules of the configuration in force",
		Long: `Append the SLA rules (calendars, promises, queue targets) of every tenant to the log, if they are not in force already. They hold from that point of the log on;
clocks that run keep the rules with which they began. "vigia run" does the same at start, and on SIGHUP.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := e.config()
			if err != nil {
				return err
			}
			logger, err := e.logger(slog.LevelWarn)
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			log, err := app.ConnectLog(ctx, cfg, logger)
			if errors.Is(err, app.ErrEmbedded) {
				return fmt.Errorf("%w, which puts them in force at start; send SIGHUP to the running one (kill -HUP)", err)
			}
			if err != nil {
				return err
			}
			defer log.Close()
			state, err := app.ConnectState(ctx, cfg)
			if err != nil {
				return err
			}
			defer state.Close()
			changed, err := app.ApplyPolicies(ctx, log, state, cfg, time.Now())
			if err != nil {
				return err
			}
			if len(changed) == 0 {
				e.say("Nothing to do: the rules of all tenants are in force.")
				return nil
			}
			e.say("Put in force: the rules of %s.", strings.Join(changed, ", "))
			return nil
		},
	}
}
