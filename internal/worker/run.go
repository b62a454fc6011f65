package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/retry"
	"github.com/vigia-cx/vigia/internal/store"
)

// journal is what the worker needs of the log; see [bus.Client].
type journal interface {
	topicReader
	Fetch(ctx context.Context, topic string, partition int32, offset int64, o bus.FetchOptions) (bus.Batch, error)
	Bounds(ctx context.Context, topic string, partition int32) (start, end int64, err error)
	Produce(ctx context.Context, topic string, partition int32, msgs []bus.Message) (firstOffset int64, err error)
	Commit(ctx context.Context, gen *bus.Generation, topic string, partition int32, offset int64, metadata string) error
	Committed(ctx context.Context, group, topic string, partitions []int32) (map[int32]bus.Commit, error)
	Join(ctx context.Context, cfg bus.GroupConfig) (*bus.Group, error)
}

// vault is what the worker needs of the state; see [store.Store].
type vault interface {
	Check(ctx context.Context) error
	Claim(ctx context.Context, slot store.Slot, want store.Expect) (store.Meta, bool, error)
	Create(ctx context.Context, slot store.Slot, meta store.Meta) (store.Meta, error)
	Reset(ctx context.Context, slot store.Slot, epoch int64, meta store.Meta) (store.Meta, error)
	Load(ctx context.Context, slot store.Slot, refs []store.Ref) (store.Position, int64, []store.Value, error)
	Apply(ctx context.Context, slot store.Slot, a store.Apply) (store.Result, error)
	Outbox(ctx context.Context, slot store.Slot, lineage, after int64, limit int) ([]store.OutEntry, error)
	Trim(ctx context.Context, slot store.Slot, lineage, upTo int64) error
	Read(ctx context.Context, requests []store.SlotRefs) ([]store.SlotValues, error)
	Collect(ctx context.Context, slot store.Slot) (int64, error)
	Time(ctx context.Context) (time.Time, error)
	LastHeartbeats(ctx context.Context, sources []store.Source) ([]time.Time, error)
}

// Stages by their names in metrics and status, and in keys of the state.
const (
	stageInteractions = "interactions"
	stageCustomers    = "customers"
)

// stage is one of the two folds and the topic that it reads.
type stage struct {
	name  string
	key   string // in [store.Slot]
	fold  fold.Stage
	topic Topic
}

// SlotOf names the state of a partition of the interactions (stage 1) or the customers topic (stage 2).
func SlotOf(stage fold.Stage, partition int32) store.Slot {
	if stage == fold.Customers {
		return store.Slot{Stage: "c", Partition: partition}
	}
	return store.Slot{Stage: "i", Partition: partition}
}

// Worker owns partitions and folds them.
type Worker struct {
	cfg     Config
	journal journal
	vault   vault
	topics  Topics
	stages  []stage
	log     *slog.Logger
	metrics *metrics
	board   board
	watch   watch
	stalls  stalls
	owned   atomic.Int64  // partitions assigned; -1 before the first assignment
	turns   chan struct{} // held while a batch is folded
	fatal   chan error
	route   func(key string, partitions int32) int32 // the partitioner that the fold is given
}

// New returns a worker that reads from log and keeps its state in state. It connects to nothing. logger and reg may be nil.
func New(cfg Config, log *bus.Client, state *store.Store, topics Topics, logger *slog.Logger, reg prometheus.Registerer) (*Worker, error) {
	return newWorker(cfg, log, state, topics, logger, reg)
}

func newWorker(cfg Config, log journal, state vault, topics Topics, logger *slog.Logger, reg prometheus.Registerer) (*Worker, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("worker: configuration: %w", err)
	}
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	m, err := newMetrics(reg)
	if err != nil {
		return nil, fmt.Errorf("worker: metrics: %w", err)
	}
	w := &Worker{
		cfg: cfg.withDefaults(), journal: log, vault: state, topics: topics,
		stages: []stage{
			{stageInteractions, SlotOf(fold.Conversations, 0).Stage, fold.Conversations, topics.Interactions},
			{stageCustomers, SlotOf(fold.Customers, 0).Stage, fold.Customers, topics.Customers},
		},
		log: logger.With("component", "worker"), metrics: m,
		board: board{slots: map[store.Slot]*Status{}}, fatal: make(chan error, 1), route: route, turns: make(chan struct{}, runtime.GOMAXPROCS(0)),
	}
	w.owned.Store(-1)
	return w, nil
}

func route(key string, partitions int32) int32 { return bus.Partition([]byte(key), int(partitions)) }

// Status tells how every partition that this worker owns is doing, interactions first. It is safe for concurrent use.
func (w *Worker) Status() []Status { return w.board.all() }

// Assigned returns how many partitions the group has given to this worker; ok is false before it has said so for the first time. Zero is an answer: others own them all.
func (w *Worker) Assigned() (partitions int, ok bool) {
	n := int(w.owned.Load())
	return max(0, n), n >= 0
}

// Preflight reports why the worker cannot start: Redis may evict keys or is not reachable, topics are missing or wrong. The error says what to do.
func (w *Worker) Preflight(ctx context.Context) error {
	if err := w.vault.Check(ctx); err != nil {
		return fmt.Errorf("worker: %w", err)
	}
	if err := checkTopics(ctx, w.journal, w.topics); err != nil {
		return fmt.Errorf("worker: %w", err)
	}
	return nil
}

// Run checks that it may start, joins the group, and folds its share of the partitions until ctx ends; then it finishes the batches at hand, relays what it can within
// the drain time, leaves the group and returns nil. An error means that it could not start, or must not go on (the partition count has changed, the state belongs
// to another release).
func (w *Worker) Run(ctx context.Context) error {
	if err := w.Preflight(ctx); err != nil {
		return err
	}
	group, err := w.join(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("worker: %w", err)
	}
	stop, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() { w.watchWorld(stop) })
	err = w.serve(stop, cancel, group)
	cancel()
	wg.Wait()
	return errors.Join(err, group.Close())
}

// join waits for brokers that are not ready yet.
func (w *Worker) join(ctx context.Context) (*bus.Group, error) {
	for pause := retry.NewPause(); ; {
		group, err := w.journal.Join(ctx, bus.GroupConfig{ID: w.cfg.Group, Topics: []string{w.topics.Interactions.Name, w.topics.Customers.Name}})
		if err == nil || !bus.Retryable(err) {
			return group, err
		}
		w.log.Warn("cannot join the group yet", "group", w.cfg.Group, "err", err)
		if !pause.Wait(ctx) {
			return nil, ctx.Err()
		}
	}
}

// serve runs owners for the partitions of one assignment after the other.
func (w *Worker) serve(ctx context.Context, cancel context.CancelFunc, group *bus.Group) error {
	for {
		gen, err := group.Next(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return w.failed()
			}
			return fmt.Errorf("worker: %w", err)
		}
		owners := w.start(ctx, gen)
		select {
		case <-gen.Done():
			owners.Wait()
			continue
		case err = <-w.fatal:
		case <-ctx.Done():
		}
		cancel()
		owners.Wait()
		return errors.Join(err, w.failed())
	}
}

// start runs an owner for each partition of the assignment.
func (w *Worker) start(ctx context.Context, gen *bus.Generation) *sync.WaitGroup {
	var owners sync.WaitGroup
	total := 0
	for _, st := range w.stages {
		parts := gen.Assignments[st.topic.Name]
		total += len(parts)
		w.metrics.partitions.WithLabelValues(st.name).Set(float64(len(parts)))
		for _, p := range parts {
			o := newOwner(w, gen, st, p)
			owners.Add(1)
			gen.Start(func(assigned context.Context) {
				defer owners.Done()
				o.run(assigned, ctx.Done())
			})
		}
	}
	w.owned.Store(int64(total))
	w.log.Info("partitions assigned", "generation", gen.ID, "partitions", total)
	return &owners
}

// fail ends the worker with an error.
func (w *Worker) fail(err error) {
	select {
	case w.fatal <- err:
	default:
	}
}

func (w *Worker) failed() error {
	select {
	case err := <-w.fatal:
		return err
	default:
		return nil
	}
}
