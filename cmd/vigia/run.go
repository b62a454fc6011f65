package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/config"
)

// stopTimeout bounds how long a process takes to end in order.
const stopTimeout = 30 * time.Second

func newRunCommand(e *env) *cobra.Command {
	var acceptClock bool
	cmd := &cobra.Command{
		Use:   "run [role…]",
		Short: "Take events in, fold them, answer questions",
		Long: `Run the roles that are named: connector (takes events in), worker (folds the log into the state), exporter (API, page and metrics). Without a name all of
them run in this process; that is the only way while the configuration names no Kafka and Redis.

At start the SLA rules of the configuration are put in force if they have changed. SIGHUP reads the configuration again and does the same; everything else
in it needs a restart. Ctrl-C and SIGTERM end the intake, finish what is at hand, and exit with 0; a second one ends the process at once.`,
		Example:   "  vigia run\n  vigia run worker\n  vigia run connector exporter",
		ValidArgs: []string{"connector", "worker", "exporter"},
		RunE: func(cmd *cobra.Command, args []string) error {
			roles, err := parseRoles(args)
			if err != nil {
				return err
			}
			log, err := e.logger(slog.LevelInfo)
			if err != nil {
				return err
			}
			cfg, err := e.config()
			if err != nil {
				return err
			}
			cfg.Worker.AcceptClock = cfg.Worker.AcceptClock || acceptClock
			a, err := app.New(app.Options{Config: cfg, Roles: roles, Logger: log, Version: build().Version})
			if err != nil {
				return err
			}
			return e.serve(cmd.Context(), a, log)
		},
	}
	cmd.Flags().BoolVar(&acceptClock, "accept-clock", false, "my word that this machine's clock is right, when a worker holds time back after a long silence")
	return cmd
}

// parseRoles reads names that are separated by commas or blanks.
func parseRoles(args []string) ([]app.Role, error) {
	var roles []app.Role
	for _, arg := range args {
		for name := range strings.SplitSeq(arg, ",") {
			role, err := app.ParseRole(name)
			if err != nil {
				return nil, usage(err)
			}
			roles = append(roles, role)
		}
	}
	return roles, nil
}

// serve runs an app until it is told to stop.
func (e *env) serve(ctx context.Context, a *app.App, log *slog.Logger) error {
	if err := a.Start(ctx); err != nil {
		return err
	}
	e.say("Vigia (%s) is at http://%s — Ctrl-C stops it", a, browsable(a.Addr().String()))
	running, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		reloadOnHangup(running, e, a, log)
	}()
	err := a.Wait(ctx)
	cancel()
	<-done
	if err == nil {
		e.say("stopping: finishing what is at hand")
	}
	down, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	return errors.Join(err, a.Stop(down))
}

// reloadOnHangup reads the configuration again whenever the process gets SIGHUP. A bad file changes nothing.
func reloadOnHangup(ctx context.Context, e *env, a *app.App, log *slog.Logger) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-hangup:
		case <-ctx.Done():
			return
		}
		var cfg *config.Config
		cfg, err := e.config()
		if err == nil {
			err = a.Reload(ctx, cfg)
		}
		if err != nil {
			log.Error("the configuration was not reloaded; the old one stays in force", "err", err)
		}
	}
}
