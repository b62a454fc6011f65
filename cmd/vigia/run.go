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

// stopTimeout bounds how long a process takes to end in order. Containers are killed after ten seconds, and parts that hang cost a moment each.
const stopTimeout = 6 * time.Second

func newRunCommand(e *env) *cobra.Command {
	var acceptClock bool
	cmd := &cobra.Command{
		Use:   "run [role…]",
		Short: "Take events in, fold them, answer questions",
		Long: `Run the roles that are named: connector (takes events in), worker (folds the log into the state), exporter (API, page and metrics), alerter (tells people).
Without a name all of them run in this process; that is the only way while the configuration names no Kafka and Redis.

Senders and readers reach the address of listen:, operators that of admin: (metrics, /livez, /readyz, POST /-/reload). At start the SLA rules of the
configuration are put in force if they have changed. SIGHUP reads the configuration again: rules, tokens, sources and limits are taken at once, the log names
what needs a restart, and a file with a fault changes nothing. Under systemd (Type=notify) it says when it is ready, reloads and stops.

Ctrl-C and SIGTERM end the intake, finish what is at hand within seconds, and exit with 0; a second one ends the process at once.`,
		Example:           "  vigia run\n  vigia run worker\n  vigia run connector exporter",
		ValidArgsFunction: completeRoles,
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
			load := func() (*config.Config, error) {
				next, err := e.config()
				if err == nil {
					next.Worker.AcceptClock = next.Worker.AcceptClock || acceptClock
				}
				return next, err
			}
			a, err := app.New(app.Options{Config: cfg, Roles: roles, Logger: log, Version: build().Version, Load: load, Notifier: app.NewNotifier(e.getenv, log)})
			if err != nil {
				return err
			}
			return e.serve(cmd.Context(), a, cfg.TLS)
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
func (e *env) serve(ctx context.Context, a *app.App, secure config.TLS) error {
	if err := a.Start(ctx); err != nil {
		return err
	}
	e.say("Vigia (%s) is at %s — Ctrl-C stops it", a, ownURL(a.Addr().String(), secure))
	running, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		reloadOnHangup(running, a)
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
func reloadOnHangup(ctx context.Context, a *app.App) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-hangup:
		case <-ctx.Done():
			return
		}
		_ = a.ReloadFile(ctx) // it logs what is wrong
	}
}
