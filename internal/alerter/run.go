package alerter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/retry"
	"github.com/vigia-cx/vigia/internal/rule"
	"github.com/vigia-cx/vigia/internal/store"
)

// journal is what the alerter needs of the log; see [bus.Client].
type journal interface {
	Fetch(ctx context.Context, topic string, partition int32, offset int64, o bus.FetchOptions) (bus.Batch, error)
	Bounds(ctx context.Context, topic string, partition int32) (start, end int64, err error)
	Produce(ctx context.Context, topic string, partition int32, msgs []bus.Message) (firstOffset int64, err error)
	Publish(ctx context.Context, topic string, msgs []bus.Message) error
	Commit(ctx context.Context, gen *bus.Generation, topic string, partition int32, offset int64, metadata string) error
	Join(ctx context.Context, cfg bus.GroupConfig) (*bus.Group, error)
	MaxBatchBytes() int
}

// vault is what the alerter needs of the state; see [store.Store].
type vault interface {
	Check(ctx context.Context) error
	Claim(ctx context.Context, slot store.Slot, want store.Expect) (store.Meta, bool, error)
	Create(ctx context.Context, slot store.Slot, meta store.Meta) (store.Meta, error)
	Load(ctx context.Context, slot store.Slot, refs []store.Ref) (store.Position, int64, []store.Value, error)
	Apply(ctx context.Context, slot store.Slot, a store.Apply) (store.Result, error)
	Mark(ctx context.Context, slot store.Slot, epoch, lineage int64, writes []store.Write) error
	Read(ctx context.Context, requests []store.SlotRefs) ([]store.SlotValues, error)
}

// Values answers the queries of rules.
type Values interface {
	// Read answers queries about a tenant for windows that end at an instant (Unix ms), in their order. asOf is the instant up to which everything is known.
	Read(ctx context.Context, tenant string, at int64, queries []rule.Query) (answers [][]kpi.Value, asOf int64, err error)
	// Sources lists the sources of a tenant, for rules about silent ones.
	Sources(ctx context.Context, tenant string) (sources []rule.Source, asOf int64, err error)
}

// Alerter owns shards and tells people.
type Alerter struct {
	cfg     Config
	journal journal
	vault   vault
	values  Values
	log     *slog.Logger
	metrics *metrics
	tenants map[string]*tenant
	senders map[string]*sender
	owned   atomic.Int64 // shards assigned; -1 before the first assignment
	board   board
	fatal   chan error
}

// New returns an alerter that reads from log and keeps its state in state. values answers rules and may be nil when no tenant has any. It connects to nothing. logger and reg may
// be nil.
func New(cfg Config, log *bus.Client, state *store.Store, values Values, logger *slog.Logger, reg prometheus.Registerer) (*Alerter, error) {
	return newAlerter(cfg, log, state, values, logger, reg)
}

func newAlerter(cfg Config, log journal, state vault, values Values, logger *slog.Logger, reg prometheus.Registerer) (*Alerter, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("alerter: configuration: %w", err)
	}
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	m, err := newMetrics(reg)
	if err != nil {
		return nil, fmt.Errorf("alerter: metrics: %w", err)
	}
	a := &Alerter{
		cfg: cfg.withDefaults(), journal: log, vault: state, values: values, log: logger.With("component", "alerter"), metrics: m, tenants: map[string]*tenant{},
		senders: map[string]*sender{}, fatal: make(chan error, 1), board: board{shards: map[int32]Status{}},
	}
	a.owned.Store(-1)
	for _, t := range a.cfg.Tenants {
		served := newTenant(t)
		a.tenants[t.Name] = served
		for name, r := range served.receivers {
			a.senders[receiverKey(t.Name, name)] = newSender(t.Name, r, m)
		}
		if len(t.Rules) > 0 && values == nil {
			return nil, fmt.Errorf("alerter: tenant %s has rules, but nobody answers them", t.Name)
		}
	}
	return a, nil
}

// shardOf is the shard that a tenant belongs to.
func (a *Alerter) shardOf(tenant string) int32 {
	return bus.Partition([]byte(tenant), a.cfg.Partitions)
}

// SlotOf names the state of a shard.
func SlotOf(shard int32) store.Slot { return store.Slot{Stage: "a", Partition: shard} }

// Assigned returns how many shards the group has given to this alerter; ok is false before it has said so for the first time. Zero is an answer: others own them all.
func (a *Alerter) Assigned() (shards int, ok bool) {
	n := int(a.owned.Load())
	return max(0, n), n >= 0
}

// Run joins the group and looks after its share of the shards until ctx ends; then it waits a moment for what is being sent, leaves the group and returns nil. An error means that
// it must not go on: the partition count has changed, or the state belongs to another release.
func (a *Alerter) Run(ctx context.Context) error {
	if err := a.vault.Check(ctx); err != nil {
		return fmt.Errorf("alerter: %w", err)
	}
	group, err := a.join(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("alerter: %w", err)
	}
	return errors.Join(a.serve(ctx, group), group.Close())
}

// join waits for brokers that are not ready yet.
func (a *Alerter) join(ctx context.Context) (*bus.Group, error) {
	for pause := retry.NewPause(); ; {
		group, err := a.journal.Join(ctx, bus.GroupConfig{ID: a.cfg.Group, Topics: []string{a.cfg.Signals}})
		if err == nil || !bus.Retryable(err) {
			return group, err
		}
		a.log.Warn("cannot join the group yet", "group", a.cfg.Group, "err", err)
		if !pause.Wait(ctx) {
			return nil, ctx.Err()
		}
	}
}

// serve runs owners for the shards of one assignment after the other.
func (a *Alerter) serve(ctx context.Context, group *bus.Group) error {
	stop, cancel := context.WithCancel(ctx)
	defer cancel()
	for {
		gen, err := group.Next(stop)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("alerter: %w", err)
		}
		var owners sync.WaitGroup
		parts := gen.Assignments[a.cfg.Signals]
		a.owned.Store(int64(len(parts)))
		a.metrics.shards.Set(float64(len(parts)))
		a.log.Info("shards assigned", "generation", gen.ID, "shards", len(parts))
		for _, p := range parts {
			owners.Add(1)
			gen.Start(func(assigned context.Context) {
				defer owners.Done()
				newShard(a, gen, p).run(assigned, stop.Done())
			})
		}
		select {
		case <-gen.Done():
			owners.Wait()
			continue
		case err = <-a.fatal:
		case <-ctx.Done():
		}
		cancel()
		owners.Wait()
		return err
	}
}

// fail ends the alerter with an error.
func (a *Alerter) fail(err error) {
	select {
	case a.fatal <- err:
	default:
	}
}

// Status is how a shard is doing.
type Status struct {
	Shard   int32    `json:"shard"`
	Tenants []string `json:"tenants"`
	State   string   `json:"state"` // opening, catching_up, running, waiting, fenced, halted
	Behind  int64    `json:"behind"`
	Err     string   `json:"err,omitempty"`
}

// CaughtUp reports whether the shard has decided about everything that it found when it was opened.
func (s Status) CaughtUp() bool { return s.State == running || s.State == idle }

// States of a shard.
const (
	opening    = "opening"
	catchingUp = "catching_up"
	running    = "running"
	waiting    = "waiting"
	fenced     = "fenced"
	halted     = "halted"
	idle       = "idle" // it serves no tenant
)

// board shows how the shards are doing.
type board struct {
	mu     sync.Mutex
	shards map[int32]Status
}

func (b *board) set(s Status) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shards[s.Shard] = s
}

func (b *board) remove(shard int32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.shards, shard)
}

// Status tells how every shard that this alerter owns is doing. It is safe for concurrent use.
func (a *Alerter) Status() []Status {
	a.board.mu.Lock()
	defer a.board.mu.Unlock()
	var out []Status
	for n := range int32(a.cfg.Partitions) {
		if s, ok := a.board.shards[n]; ok {
			out = append(out, s)
		}
	}
	return out
}

// now is the wall clock, Unix ms.
func (a *Alerter) now() int64 { return a.cfg.Clock().UnixMilli() }

// longestWait bounds how long a shard sleeps: the wall clock may be another one than the process's.
const longestWait = time.Second
