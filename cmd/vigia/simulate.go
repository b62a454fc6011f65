package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/connector"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sim"
)

// simulateOptions are the flags of `vigia simulate`.
type simulateOptions struct {
	ingester
	load   sim.Load
	direct bool
}

func newSimulateCommand(e *env) *cobra.Command {
	o := simulateOptions{}
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Send invented traffic to a running Vigia",
		Long: `Send the events of invented conversations, at a steady rate: over HTTP to a running Vigia, or with --direct through this process into the Kafka of the
configuration. Answers that ask for patience (429, 503) are waited out and counted.

The tenant's numbers are then those of the invented conversations: use a tenant made for it.`,
		Example: "  vigia simulate --rate 200 --for 5m\n  vigia simulate --server http://127.0.0.1:8420 --token-file token --conversations 1000\n  vigia simulate --direct --rate 0 --for 30s",
		Args:    cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error { return o.check() },
		RunE:    func(cmd *cobra.Command, _ []string) error { return e.simulate(cmd.Context(), &o) },
	}
	f := cmd.Flags()
	f.Float64Var(&o.load.Rate, "rate", 100, "events a second; 0 is as many as are taken")
	f.DurationVar(&o.load.For, "for", 0, "how long, such as 10m (default: 1m, or until --conversations are told)")
	f.IntVar(&o.load.Conversations, "conversations", 0, "how many conversations to begin; each is told to its end")
	f.Uint64Var(&o.load.Seed, "seed", 1, "equal seeds invent equal conversations")
	f.IntVar(&o.load.Batch, "batch", 100, "most events of one request")
	f.IntVar(&o.load.Lanes, "connections", 8, "requests at the same time")
	o.flags(cmd)
	f.BoolVar(&o.direct, "direct", false, "write to the configured Kafka from this process")
	return cmd
}

func (o *simulateOptions) check() error {
	l := &o.load
	if l.For == 0 && l.Conversations == 0 {
		l.For = time.Minute
	}
	switch {
	case !(l.Rate >= 0 && l.Rate <= 1e6):
		return usage(fmt.Errorf("--rate %v: use 0 to 1000000 events a second", l.Rate))
	case l.For < 0 || l.Conversations < 0:
		return usage(errors.New("--for and --conversations must not be negative"))
	case l.Batch < 1 || l.Batch > 10_000 || l.Lanes < 1 || l.Lanes > 1000:
		return usage(errors.New("use 1 to 10000 for --batch and 1 to 1000 for --connections"))
	case o.direct && (o.server != "" || o.token != "" || o.tokenFile != ""):
		return usage(errors.New("--direct writes to the Kafka of the configuration: leave --server and the token out"))
	}
	return nil
}

func (e *env) simulate(ctx context.Context, o *simulateOptions) (err error) {
	if o.direct {
		stop, err := e.sendDirectly(ctx, o)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
	} else if err := e.sendOverHTTP(o); err != nil {
		return err
	}
	return e.drive(ctx, &o.load)
}

// sendOverHTTP makes the load go to the server.
func (e *env) sendOverHTTP(o *simulateOptions) error {
	ingest, err := o.connect(e, o.load.Lanes)
	if err != nil {
		return err
	}
	reached := make(chan struct{}, 1) // holds something once the server has answered
	o.load.Send = func(ctx context.Context, events []*event.Event) error {
		err := ingest.Send(ctx, events)
		if _, refused := errors.AsType[*sim.Refusal](err); err == nil || refused {
			select {
			case reached <- struct{}{}:
			default:
			}
			return err
		}
		if len(reached) == 0 && ctx.Err() == nil {
			return &exitError{exitUnreachable, fmt.Errorf("no answer from %s: %w; is `vigia run` running there? --server names another", o.server, bare(err))}
		}
		return err
	}
	o.load.Again = func(err error) bool {
		_, failed := errors.AsType[*exitError](err)
		return !failed // a server that has answered before may come back
	}
	return nil
}

// tenantOf returns a tenant of the configuration, the first when no name is given.
func tenantOf(cfg *config.Config, name string) (*config.Tenant, error) {
	if name == "" && len(cfg.Tenants) > 0 {
		return &cfg.Tenants[0], nil
	}
	if t := cfg.Tenant(name); t != nil {
		return t, nil
	}
	return nil, usage(fmt.Errorf("--tenant %q is not in the configuration", name))
}

// sendDirectly takes the connector's role in this process.
func (e *env) sendDirectly(ctx context.Context, o *simulateOptions) (stop func() error, err error) {
	log, err := e.logger(slog.LevelWarn)
	if err != nil {
		return nil, err
	}
	cfg, err := e.config()
	if err != nil {
		return nil, err
	}
	if cfg.Kafka.Embedded() {
		return nil, usage(errors.New("--direct needs a Kafka in the configuration (kafka.brokers): the embedded one belongs to the process of `vigia run`; leave --direct out"))
	}
	t, err := tenantOf(cfg, o.tenant)
	if err != nil {
		return nil, err
	}
	o.load.Tenant = t.Name
	a, err := app.New(app.Options{Config: cfg, Roles: []app.Role{app.Connector}, NoListener: true, Logger: log, Version: build().Version})
	if err != nil {
		return nil, err
	}
	if err := a.Start(ctx); err != nil {
		return nil, err
	}
	o.load.Send = func(ctx context.Context, events []*event.Event) error {
		_, err := a.Connector().Accept(ctx, t.Name, events)
		if _, unavailable := errors.AsType[*connector.UnavailableError](err); unavailable {
			return &sim.Refusal{Status: http.StatusServiceUnavailable, After: time.Second, Detail: err.Error()}
		}
		return err
	}
	return func() error {
		down, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		return a.Stop(down)
	}, nil
}

// drive runs the load and tells how it goes: a bar on a terminal, a line of JSON every 10 s elsewhere, totals at the end.
func (e *env) drive(ctx context.Context, load *sim.Load) error {
	ended := make(chan error, 1)
	go func() { ended <- load.Run(ctx) }()
	err := e.watch(load, ended)
	p := load.Progress()
	if err != nil && p.Accepted == 0 {
		return err
	}
	if terminal(e.stdout) {
		fmt.Fprintf(e.stdout, "%d events of %d conversations accepted in %s: %.1f a second\nuntil acknowledged: p50 %.1f ms, p99 %.1f ms\nretries: %d after 429, %d after 503, %d others\n",
			p.Accepted, p.Conversations, seconds(p.Seconds), p.PerSecond, p.P50, p.P99, p.Limited, p.Busy, p.Unheard)
	} else if encoded := json.NewEncoder(e.stdout).Encode(p); err == nil {
		err = encoded
	}
	switch {
	case err != nil:
		return err
	case p.Accepted < p.Sent:
		return partial(fmt.Errorf("%d events were not acknowledged when it ended", p.Sent-p.Accepted))
	}
	return nil
}

// watch tells how the load goes until it has ended.
func (e *env) watch(load *sim.Load, ended <-chan error) error {
	every, tell := 10*time.Second, func() { _ = json.NewEncoder(e.stdout).Encode(load.Progress()) }
	if terminal(e.stderr) && !e.quiet {
		total := int64(-1)
		switch {
		case load.Conversations > 0:
			total = int64(load.Conversations)
		case load.For > 0:
			total = load.For.Milliseconds()
		}
		bar := progressbar.NewOptions64(total, progressbar.OptionSetWriter(e.stderr), progressbar.OptionClearOnFinish(), progressbar.OptionSetElapsedTime(true),
			progressbar.OptionSetPredictTime(true), progressbar.OptionUseANSICodes(true))
		defer func() { _ = bar.Finish() }()
		every, tell = 200*time.Millisecond, func() {
			p := load.Progress()
			bar.Describe(fmt.Sprintf("%d accepted, %.0f/s, p99 %.0f ms", p.Accepted, p.PerSecond, p.P99))
			at := int64(p.Conversations)
			if load.Conversations == 0 {
				at = int64(p.Seconds * 1000)
			}
			if total > 0 {
				_ = bar.Set64(min(at, total))
			}
		}
	}
	next := time.NewTicker(every)
	defer next.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case <-next.C:
			tell()
		}
	}
}
