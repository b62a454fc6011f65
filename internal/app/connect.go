package app

import (
	"context"
	"errors"
	"log/slog"
	"reflect"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/store"
)

// ErrEmbedded: the configuration names no server, so that there is nothing that another process could connect to.
var ErrEmbedded = errors.New("the log and the state are embedded: they belong to the process of `vigia run`")

// ConnectLog connects to the configured brokers and returns when they answer.
//
// Errors: [ErrEmbedded], [*UnreachableError].
func ConnectLog(ctx context.Context, cfg *config.Config, log *slog.Logger) (*bus.Client, error) {
	if cfg.Kafka.Embedded() {
		return nil, ErrEmbedded
	}
	client, err := bus.New(LogConfig(cfg), log, nil)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	if err := client.Ping(ctx); err != nil {
		return nil, errors.Join(&UnreachableError{"Kafka", err}, client.Close())
	}
	return client, nil
}

// ConnectState connects to the configured Redis and returns when it answers.
//
// Errors: [ErrEmbedded], [*UnreachableError].
func ConnectState(ctx context.Context, cfg *config.Config) (*store.Store, error) {
	if cfg.Redis.Embedded() {
		return nil, ErrEmbedded
	}
	client, err := store.Open(StateConfig(cfg))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	if _, err := client.Time(ctx); err != nil {
		return nil, errors.Join(&UnreachableError{"Redis", err}, client.Close())
	}
	return client, nil
}

// Reload puts the policies of a new configuration in force. Everything else in it is taken at the next start; the log says so if something else has changed.
func (a *App) Reload(ctx context.Context, cfg *config.Config) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	if !reflect.DeepEqual(withoutPolicies(a.cfg), withoutPolicies(cfg)) {
		a.log.Warn("only SLA rules are taken while the process runs; restart it for everything else that has changed in the configuration")
	}
	if a.bus == nil || !a.has(Connector) && !a.has(Worker) {
		return nil
	}
	// Where the log is, and which tenants there are, stays as it was at the start.
	next := *a.cfg
	next.Tenants = nil
	for _, t := range cfg.Tenants {
		if a.cfg.Tenant(t.Name) != nil {
			next.Tenants = append(next.Tenants, t)
		}
	}
	changed, err := ApplyPolicies(ctx, a.bus, a.state, &next, a.opts.Now())
	if err != nil {
		return err
	}
	a.log.Info("configuration reloaded", "policies_put_in_force", changed)
	return nil
}

// withoutPolicies returns what of a configuration needs a restart.
func withoutPolicies(cfg *config.Config) config.Config {
	c := config.Config{Listen: cfg.Listen, Data: cfg.Data, Kafka: cfg.Kafka, Redis: cfg.Redis, Limits: cfg.Limits, Worker: cfg.Worker}
	for _, t := range cfg.Tenants {
		c.Tenants = append(c.Tenants, config.Tenant{
			Name: t.Name, Language: t.Language, IngestTokens: t.IngestTokens, ReadTokens: t.ReadTokens, PseudonymKey: t.PseudonymKey, KeyVersion: t.KeyVersion,
			Sources: t.Sources, Labels: t.Labels, PlainNames: t.PlainNames,
		})
	}
	return c
}
