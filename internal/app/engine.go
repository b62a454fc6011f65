package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/store"
	"github.com/vigia-cx/vigia/internal/worker"
)

const (
	// reachTimeout is how long a server may take to answer at start.
	reachTimeout = 15 * time.Second
	// checkpointEvery is how far the file of the embedded state may lag behind; what it lacks is folded again from the log.
	checkpointEvery = 30 * time.Second
)

// UnreachableError says that a server does not answer.
type UnreachableError struct {
	What string // "Kafka" or "Redis"
	Err  error
}

func (e *UnreachableError) Error() string { return fmt.Sprintf("cannot reach %s: %v", e.What, e.Err) }

func (e *UnreachableError) Unwrap() error { return e.Err }

// LogDir and StateFile are where the embedded engine keeps its data below the folder of the configuration.
func LogDir(cfg *config.Config) string { return below(cfg, "log") }

// StateFile returns the file of the embedded state; empty when everything is kept in memory.
func StateFile(cfg *config.Config) string { return below(cfg, "state.snapshot") }

func below(cfg *config.Config, name string) string {
	if cfg.Data == "" {
		return ""
	}
	return filepath.Join(cfg.Data, name)
}

// Topics returns the topics of a configuration.
func Topics(cfg *config.Config) worker.Topics {
	topics := worker.DefaultTopics()
	for _, t := range []*worker.Topic{&topics.Interactions, &topics.Customers, &topics.Signals, &topics.DeadLetters, &topics.Alerts} {
		t.Partitions, t.Replication = cfg.Kafka.PartitionCount(), cfg.Kafka.Replication
	}
	return topics.WithPrefix(cfg.Kafka.Prefix)
}

// LogConfig returns how the configured brokers are reached. It fails on certificates that cannot be read.
func LogConfig(cfg *config.Config) (bus.Config, error) {
	k := cfg.Kafka
	secure, err := k.TLS.Config()
	if err != nil {
		return bus.Config{}, fmt.Errorf("kafka.tls: %w", err)
	}
	who := bus.SASL{Mechanism: k.SASL.Mechanism, Username: k.SASL.Username, Password: k.SASL.Password.Reveal()}
	return bus.Config{Brokers: k.Brokers, ClientID: "vigia", TLS: secure, SASL: who}, nil
}

// StateConfig returns how the configured Redis is reached. It fails on certificates that cannot be read.
func StateConfig(cfg *config.Config) (store.Config, error) {
	r := cfg.Redis
	secure, err := r.TLS.Config()
	if err != nil {
		return store.Config{}, fmt.Errorf("redis.tls: %w", err)
	}
	return store.Config{
		Addrs: r.Addresses, Username: r.Username, Password: r.Password.Reveal(), DB: r.DB, Prefix: r.Prefix, Cluster: r.Cluster, TLS: secure,
		Sentinel: store.Sentinel{Addrs: r.Sentinel.Addresses, Master: r.Sentinel.Master, Username: r.Sentinel.Username, Password: r.Sentinel.Password.Reveal()},
	}, nil
}

// openEngine starts what is embedded and connects to it or to the servers.
func (a *App) openEngine(ctx context.Context) error {
	logConfig, err := LogConfig(a.cfg)
	if err != nil {
		return err
	}
	stateConfig, err := StateConfig(a.cfg)
	if err != nil {
		return err
	}
	logConfig.Dial, stateConfig.Dialer = a.opts.DialLog, a.opts.DialState
	if a.cfg.Kafka.Embedded() {
		embedded, err := a.startLog()
		if err != nil {
			return err
		}
		logConfig.Brokers, logConfig.Dial = embedded.Brokers(), embedded.Dial()
	}
	if a.cfg.Redis.Embedded() {
		embedded, err := a.startState()
		if err != nil {
			return err
		}
		stateConfig.Addrs, stateConfig.Dialer = []string{embedded.Addr()}, embedded.Dialer()
	}
	if err := a.openClients(logConfig, stateConfig); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	if err := a.bus.Ping(ctx); err != nil {
		return &UnreachableError{"Kafka", err}
	}
	if _, err := a.state.Time(ctx); err != nil {
		return &UnreachableError{"Redis", err}
	}
	// Every role would only fail later and further from the cause.
	return worker.CheckTopics(ctx, a.bus, a.names)
}

func (a *App) openClients(logConfig bus.Config, stateConfig store.Config) error {
	var err error
	if a.bus, err = bus.New(logConfig, a.log, a.opts.Registry); err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	a.life.onStop("log client", func(context.Context) error { return a.bus.Close() })
	if a.state, err = store.Open(stateConfig); err != nil {
		return fmt.Errorf("redis: %w", err)
	}
	a.life.onStop("state client", func(context.Context) error { return a.state.Close() })
	return nil
}

// startLog starts the embedded log. It also guards the data folder: the log's lock is that of the whole folder.
func (a *App) startLog() (*bus.Embedded, error) {
	if a.cfg.Data != "" {
		if err := os.MkdirAll(a.cfg.Data, 0o700); err != nil {
			return nil, fmt.Errorf("the data folder cannot be used: %w; choose another with data: in the configuration", err)
		}
	}
	embedded, err := bus.StartEmbedded(bus.EmbeddedConfig{
		Dir: LogDir(a.cfg), Topics: a.names.Specs(), Listen: a.opts.Listen, Dial: a.opts.DialLog, Logger: a.log,
	})
	if err != nil {
		return nil, err
	}
	a.life.onStop("embedded log", func(context.Context) error { return embedded.Close() })
	return embedded, nil
}

// startState starts the embedded state from its file. A file that is older than the log is fine: the state continues from its position.
func (a *App) startState() (*store.Embedded, error) {
	embedded, err := store.StartEmbedded(store.EmbeddedConfig{Virtual: true})
	if err != nil {
		return nil, err
	}
	a.life.onStop("embedded state", func(context.Context) error { embedded.Close(); return nil })
	file := StateFile(a.cfg)
	if file == "" {
		return embedded, nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, err
	}
	switch err := embedded.LoadFile(file); {
	case errors.Is(err, fs.ErrNotExist):
	case errors.Is(err, store.ErrSnapshot):
		aside := fmt.Sprintf("%s.damaged-%d", file, a.opts.Now().Unix())
		if moved := os.Rename(file, aside); moved != nil {
			return nil, errors.Join(err, moved)
		}
		a.log.Error("the file of the embedded state is damaged; the state is rebuilt from the log", "kept_as", aside, "err", err)
	case err != nil:
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.checkpoint(ctx, embedded, file)
	}()
	a.life.onStop("checkpoint", func(context.Context) error {
		cancel()
		<-done
		return embedded.SaveFile(file)
	})
	return embedded, nil
}

// checkpoint saves the embedded state now and then.
func (a *App) checkpoint(ctx context.Context, embedded *store.Embedded, file string) {
	every := time.NewTicker(checkpointEvery)
	defer every.Stop()
	for {
		select {
		case <-every.C:
		case <-ctx.Done():
			return
		}
		if err := embedded.SaveFile(file); errors.Is(err, store.ErrFrozen) {
			a.log.Debug("the checkpoint waits for a snapshot", "err", err)
		} else if err != nil {
			a.log.Error("the embedded state could not be saved; after a crash more of the log must be folded again", "file", cmp.Or(file, "-"), "err", err)
		}
	}
}
