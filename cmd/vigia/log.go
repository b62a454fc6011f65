package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/config"
)

// openLog opens the configured log to read it: a client of Kafka, or the embedded one over its folder, whose process must have ended.
func (e *env) openLog(ctx context.Context, cfg *config.Config) (log *bus.Client, done func() error, err error) {
	logger, err := e.logger(slog.LevelError)
	if err != nil {
		return nil, nil, err
	}
	if !cfg.Kafka.Embedded() {
		if log, err = app.ConnectLog(ctx, cfg, logger); err != nil {
			return nil, nil, err
		}
		return log, log.Close, nil
	}
	dir := app.LogDir(cfg)
	if dir == "" {
		return nil, nil, errors.New("the log is kept in memory only (data is empty in the configuration): there is none to read")
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("there is no log in %s yet; has `vigia run` been started with this configuration?", cfg.Data)
	}
	embedded, err := bus.StartEmbedded(bus.EmbeddedConfig{Dir: dir})
	if err != nil {
		return nil, nil, fmt.Errorf("the log belongs to a running process; stop `vigia run` first: %w", err)
	}
	if log, err = bus.New(embedded.Config(), logger, nil); err != nil {
		return nil, nil, errors.Join(err, embedded.Close())
	}
	return log, func() error { return errors.Join(log.Close(), embedded.Close()) }, nil
}
