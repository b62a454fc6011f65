package app

import (
	"context"
	"errors"
	"log/slog"

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
	how, err := LogConfig(cfg)
	if err != nil {
		return nil, err
	}
	client, err := bus.New(how, log, nil)
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
	how, err := StateConfig(cfg)
	if err != nil {
		return nil, err
	}
	client, err := store.Open(how)
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
