package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// EmbeddedConfig describes a log that runs in this process.
type EmbeddedConfig struct {
	// Dir keeps the log across restarts; it is created if needed and used by one process at
	// a time. Empty keeps it in memory only.
	Dir string
	// Topics are created if missing, and their settings applied if they differ. A topic
	// without a retention setting gets DefaultRetention, without which the log would only
	// grow.
	Topics []TopicSpec
	// NoSync leaves flushing to the operating system: an acknowledged message then survives
	// the death of the process, but not that of the machine. By default every batch is
	// flushed to the disk before it is acknowledged.
	NoSync bool
	// Listen and Dial replace TCP on the loopback interface, see [Virtual].
	Listen func(network, address string) (net.Listener, error)
	Dial   DialFunc
	// Logger gets the broker's warnings; nil discards them.
	Logger *slog.Logger
}

// DefaultRetention is how long an embedded topic keeps records unless its specification
// says otherwise.
const DefaultRetention = 15 * 24 * time.Hour

// Embedded is a Kafka broker in this process (franz-go's kfake): the real protocol, one
// goroutine, no replication. It is meant for one machine and modest loads.
//
// What a crash loses, with a Dir:
//
//   - Process killed: nothing that was acknowledged.
//   - Machine lost: nothing that was acknowledged, or with NoSync what the operating system
//     had not written yet (typically up to 30 s).
//   - Either: the exact start of a partition whose oldest records were deleted; some of them
//     may be there again. Group memberships (members join again by themselves).
type Embedded struct {
	cluster *kfake.Cluster
	brokers []string
	dial    DialFunc
	dir     string
	topics  []string
	lock    *os.File

	stop      chan struct{}
	wg        sync.WaitGroup
	closeOnce sync.Once
	closeErr  error
	log       *slog.Logger
}

// StartEmbedded starts a broker and returns when its topics can be used.
//
// Errors: a Dir that another process uses or that cannot be written or read, an address that
// cannot be listened on, a topic whose specification is refused.
func StartEmbedded(cfg EmbeddedConfig) (*Embedded, error) {
	log := cfg.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	e := &Embedded{dial: cfg.Dial, dir: cfg.Dir, log: log.With("component", "bus"), stop: make(chan struct{})}
	opts := []kfake.Opt{
		kfake.NumBrokers(1),
		kfake.ClusterID("vigia-embedded"),
		kfake.WithLogger(kfakeLog{e.log}),
		// Group offsets must not expire while the process is off for a week.
		kfake.BrokerConfigs(map[string]string{"offsets.retention.minutes": "5256000"}),
	}
	if cfg.Listen != nil {
		opts = append(opts, kfake.ListenFn(cfg.Listen))
	}
	if cfg.Dir != "" {
		if err := e.openDir(); err != nil {
			return nil, fmt.Errorf("bus: embedded log: %w", err)
		}
		opts = append(opts, kfake.DataDir(cfg.Dir))
		if !cfg.NoSync {
			opts = append(opts, kfake.SyncWrites())
		}
	}
	cluster, err := kfake.NewCluster(opts...)
	if err != nil {
		e.unlock()
		return nil, fmt.Errorf("bus: embedded log in %q: %w", cfg.Dir, err)
	}
	e.cluster = cluster
	e.brokers = cluster.ListenAddrs()
	if err := e.ensureTopics(cfg.Topics); err != nil {
		return nil, errors.Join(fmt.Errorf("bus: embedded log: %w", err), e.Close())
	}
	if cfg.Dir != "" {
		for _, t := range cfg.Topics {
			e.topics = append(e.topics, t.Name)
		}
		e.wg.Go(func() { e.keepMarks(e.topics) })
	}
	return e, nil
}

// openDir makes sure that nobody else uses the directory.
func (e *Embedded) openDir() error {
	if err := os.MkdirAll(e.dir, 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(e.dir, "LOCK"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	held, err := lockFile(f)
	if held {
		err = fmt.Errorf("%s is in use by another process; stop it or choose another data directory", e.dir)
	}
	if err != nil {
		_ = f.Close()
		return err
	}
	e.lock = f
	if err := restoreEnds(e.dir); err != nil {
		e.unlock()
		return err
	}
	return nil
}

func (e *Embedded) unlock() {
	if e.lock != nil {
		_ = e.lock.Close()
	}
}

func (e *Embedded) ensureTopics(specs []TopicSpec) error {
	if len(specs) == 0 {
		return nil
	}
	c, err := New(e.Config(), e.log, nil)
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	names := make([]string, len(specs))
	wanted := make([]TopicSpec, len(specs))
	for i, s := range specs {
		names[i] = s.Name
		wanted[i] = withDefaults(s)
	}
	if err := c.CreateTopics(ctx, wanted); err != nil {
		return err
	}
	have, err := c.Topics(ctx, names...)
	if err != nil {
		return err
	}
	for _, s := range wanted {
		changed := map[string]string{}
		for k, v := range s.Config {
			if have[s.Name].Config[k] != v {
				changed[k] = v
			}
		}
		if err := c.AlterConfig(ctx, s.Name, changed); err != nil {
			return err
		}
	}
	return nil
}

// withDefaults gives the topic an explicit retention, and segments of a size that is quick to
// read at start and to delete.
func withDefaults(s TopicSpec) TopicSpec {
	config := maps.Clone(s.Config)
	if config == nil {
		config = map[string]string{}
	}
	setDefault := func(k, v string) {
		if _, ok := config[k]; !ok {
			config[k] = v
		}
	}
	if config["cleanup.policy"] == "compact" {
		// The last record of a key stays for ever. kfake would delete it by age all the same.
		config["retention.ms"], config["retention.bytes"] = "-1", "-1"
	} else if _, bySize := config["retention.bytes"]; !bySize {
		setDefault("retention.ms", strconv.FormatInt(DefaultRetention.Milliseconds(), 10))
	}
	setDefault("segment.bytes", strconv.Itoa(64<<20))
	s.Config = config
	return s
}

// Brokers returns the address to give to [Config.Brokers].
func (e *Embedded) Brokers() []string { return e.brokers }

// Dial returns what to give to [Config.Dial]; nil means TCP.
func (e *Embedded) Dial() DialFunc { return e.dial }

// Config returns a client configuration that reaches this broker.
func (e *Embedded) Config() Config { return Config{Brokers: e.brokers, Dial: e.dial} }

// Close stops the broker. With a Dir everything is on the disk when it returns. Close the
// clients first: their groups leave in order and restart faster. Closing twice does nothing.
func (e *Embedded) Close() error {
	e.closeOnce.Do(func() {
		close(e.stop)
		e.wg.Wait()
		if e.dir != "" {
			e.closeErr = e.writeMarks(e.topics)
		}
		e.cluster.Close()
		e.unlock()
	})
	return e.closeErr
}

// kfakeLog passes on the broker's warnings and errors, most of which are about the disk.
type kfakeLog struct{ log *slog.Logger }

func (l kfakeLog) Logf(level kfake.LogLevel, format string, args ...any) {
	switch level {
	case kfake.LogLevelError:
		l.log.Error("embedded log: " + fmt.Sprintf(format, args...))
	case kfake.LogLevelWarn:
		l.log.Warn("embedded log: " + fmt.Sprintf(format, args...))
	}
}
