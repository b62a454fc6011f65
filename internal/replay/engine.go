package replay

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/connector"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/exporter"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/store"
	"github.com/vigia-cx/vigia/internal/worker"
)

// engine is the real thing, of one's own for one replay: log, state, worker, ingest and reader. Only the time is written by the replay.
type engine struct {
	log    *bus.Client
	state  *store.Store
	topics worker.Topics
	worker *worker.Worker
	intake *connector.Handler
	reader *exporter.Reader
	lanes  *lanes

	failed context.CancelCauseFunc
	undo   []func()     // in reverse order
	clock  atomic.Int64 // time of the data, Unix ms: the newest tick written
	extra  atomic.Int64 // control records written to interactions
}

// begin starts an engine for the tenants with these policies, fed from the sources of these events. ctx ends with an error that stops the worker or the log.
func begin(ctx context.Context, o *Options, policies map[string]*sla.Policy, events []*event.Event) (_ *engine, running context.Context, err error) {
	e := &engine{}
	running, e.failed = context.WithCancelCause(ctx)
	e.undo = append(e.undo, func() { e.failed(nil) })
	defer func() {
		if err != nil {
			e.end()
		}
	}()
	id := strings.ToLower(rand.Text()[:10])
	if err := e.open(ctx, o, id); err != nil {
		return nil, nil, err
	}
	config := worker.Config{Group: "vigia.replay." + id, Embedded: o.Stack == nil, ExternalTime: true, Drain: time.Second}
	if e.worker, err = worker.New(config, e.log, e.state, e.topics, o.Logger, nil); err != nil {
		return nil, nil, err
	}
	e.lanes = newLanes(running, e.log, e.failed)
	e.undo = append(e.undo, e.lanes.close)
	if e.intake, err = connector.New(intakeConfig(e.topics, policies, events), e.lanes, o.Logger, nil); err != nil {
		return nil, nil, err
	}
	read := exporter.Default()
	read.Interactions, read.Customers = int32(e.topics.Interactions.Partitions), int32(e.topics.Customers.Partitions)
	read.Now = func() time.Time { return time.UnixMilli(e.now()) }
	e.reader = exporter.NewReader(read, e.state)

	var wg sync.WaitGroup
	wg.Go(func() {
		if err := e.worker.Run(running); err != nil {
			e.failed(err)
		}
	})
	e.undo = append(e.undo, func() { e.failed(nil); wg.Wait() })
	// An owner that finds records before it finds a state would take the replay for a rebuild.
	owned := func(int, store.Meta) bool { return true }
	if err := e.until(running, e.slots(fold.Conversations, fold.Customers), sometimes, owned); err != nil {
		return nil, nil, err
	}
	// What the first stage tells the second about a tenant must find the tenant's policy there.
	e.govern(policies)
	if err := e.lanes.flush(running); err != nil {
		return nil, nil, err
	}
	return e, running, nil
}

// open starts the log and the state, or makes topics on those of the stack.
func (e *engine) open(ctx context.Context, o *Options, id string) error {
	e.topics = worker.EmbeddedTopics()
	var logConfig bus.Config
	var stateConfig store.Config
	if o.Stack != nil {
		logConfig, stateConfig = o.Stack.Log, o.Stack.State
		stateConfig.Prefix = "vigia.replay." + id
		for _, t := range e.all() {
			t.Name, t.Replication = "vigia.replay."+id+strings.TrimPrefix(t.Name, "vigia"), o.Stack.Replication
		}
	} else {
		net := bus.NewVirtual()
		log, err := bus.StartEmbedded(bus.EmbeddedConfig{Topics: e.topics.Specs(), Listen: net.Listen, Dial: net.DialContext, Logger: o.Logger})
		if err != nil {
			return err
		}
		e.undo = append(e.undo, func() { _ = log.Close() }) // kept in memory: nothing to lose
		state, err := store.StartEmbedded(store.EmbeddedConfig{Virtual: true})
		if err != nil {
			return err
		}
		e.undo = append(e.undo, state.Close)
		logConfig, stateConfig = log.Config(), store.Config{Addrs: []string{state.Addr()}, Dialer: state.Dialer()}
	}
	var err error
	if e.log, err = bus.New(logConfig, o.Logger, nil); err != nil {
		return err
	}
	e.undo = append(e.undo, func() { _ = e.log.Close() }) // everything sent was waited for
	if e.state, err = store.Open(stateConfig); err != nil {
		return err
	}
	e.undo = append(e.undo, func() { _ = e.state.Close() })
	if o.Stack == nil {
		return nil
	}
	if err := e.reach(ctx); err != nil {
		return err
	}
	if err := e.log.CreateTopics(ctx, e.topics.Specs()); err != nil {
		return err
	}
	e.undo = append(e.undo, func() { e.clean(o) })
	return nil
}

// reachTimeout is how long a server of the stack may take to answer.
const reachTimeout = 15 * time.Second

// reach finds out whether the servers of the stack answer at all, which says more than what fails later.
func (e *engine) reach(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	if err := e.log.Ping(ctx); err != nil {
		return &app.UnreachableError{What: "Kafka", Err: err}
	}
	if _, err := e.state.Time(ctx); err != nil {
		return &app.UnreachableError{What: "Redis", Err: err}
	}
	return nil
}

func (e *engine) all() []*worker.Topic {
	t := &e.topics
	return []*worker.Topic{&t.Interactions, &t.Customers, &t.Signals, &t.DeadLetters, &t.Alerts}
}

// cleanTimeout bounds how long removing topics and keys from the stack may take.
const cleanTimeout = 30 * time.Second

// clean removes what the replay has left on the stack, also after an interruption.
func (e *engine) clean(o *Options) {
	ctx, cancel := context.WithTimeout(context.Background(), cleanTimeout)
	defer cancel()
	if err := e.log.DeleteTopics(ctx, e.topics.Names()...); err != nil {
		o.Logger.Warn("topics of the replay could not be deleted; delete them by hand", "topics", e.topics.Names(), "err", err)
	}
	for _, slot := range e.slots(fold.Conversations, fold.Customers) {
		if err := e.state.Drop(ctx, slot); err != nil {
			o.Logger.Warn("keys of the replay could not be deleted; delete them by hand", "prefix", e.state.Prefix(), "err", err)
			return
		}
	}
}

// end stops everything, last begun first.
func (e *engine) end() {
	for _, undo := range slices.Backward(e.undo) {
		undo()
	}
	e.undo = nil
}

func (e *engine) slots(stages ...fold.Stage) []store.Slot {
	var out []store.Slot
	for _, st := range stages {
		n := e.topics.Interactions.Partitions
		if st == fold.Customers {
			n = e.topics.Customers.Partitions
		}
		for p := range int32(n) {
			out = append(out, worker.SlotOf(st, p))
		}
	}
	return out
}

// intakeConfig declares every source of the events: the ids in a file are plain names that the printed values refer to, and what is hashed (customers, messages) is
// hashed with a key that nobody keeps.
func intakeConfig(topics worker.Topics, policies map[string]*sla.Policy, events []*event.Event) connector.Config {
	config := connector.Default()
	config.Topic, config.GapTopics = topics.Interactions.Name, []string{topics.Interactions.Name, topics.Customers.Name}
	config.MaxEvents = maxRun
	type tenant struct {
		sources map[[2]string]bool
		names   map[string]bool
	}
	tenants := map[string]*tenant{}
	for _, ev := range events {
		t := tenants[ev.Tenant]
		if t == nil {
			t = &tenant{map[[2]string]bool{}, map[string]bool{}}
			tenants[ev.Tenant] = t
		}
		t.sources[[2]string{ev.Source.Connector, ev.Source.Account}] = true
		if b, ok := ev.Body.(event.ConversationState); ok && b.Priority != "" {
			t.names[b.Priority] = true
		}
	}
	key := make([]byte, event.MinKeyBytes)
	_, _ = rand.Read(key) // never fails
	for _, name := range slices.Sorted(maps.Keys(policies)) {
		t := tenants[name]
		out := connector.TenantConfig{Name: name, PseudonymKey: key, Names: slices.Sorted(maps.Keys(t.names))}
		for _, s := range slices.SortedFunc(maps.Keys(t.sources), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
			out.Sources = append(out.Sources, connector.SourceConfig{Connector: s[0], Account: s[1], PlainConversations: true, KeepOrderHints: true, KeepLinks: true})
		}
		config.Tenants = append(config.Tenants, out)
	}
	return config
}

// govern puts the policies in force: they are the first records of every partition.
func (e *engine) govern(policies map[string]*sla.Policy) {
	for _, name := range slices.Sorted(maps.Keys(policies)) {
		record := fold.PolicyRecord(policies[name], false)
		e.extra.Add(int64(e.topics.Interactions.Partitions))
		for p := range int32(e.topics.Interactions.Partitions) {
			e.lanes.control(e.topics.Interactions.Name, p, record)
		}
		for p := range int32(e.topics.Customers.Partitions) {
			e.lanes.control(e.topics.Customers.Name, p, record)
		}
	}
}

// now is the time of the data, Unix ms; 0 before the first tick.
func (e *engine) now() int64 { return e.clock.Load() }

// applied returns about how many of the events sent have been applied, and the time of the data.
func (e *engine) applied(sent int64) (int64, string) {
	n := -e.extra.Load()
	for _, s := range e.worker.Status() {
		if s.Topic == e.topics.Interactions.Name {
			n += s.Position.Offset
		}
	}
	return min(max(n, 0), sent), iso(e.now())
}

// tick lets time reach an instant (Unix ms) behind everything shipped before.
func (e *engine) tick(at int64) {
	e.clock.Store(at)
	e.extra.Add(int64(e.topics.Interactions.Partitions))
	for p := range int32(e.topics.Interactions.Partitions) {
		e.lanes.control(e.topics.Interactions.Name, p, event.Tick{At: at})
	}
}

// settled waits until all that was shipped is applied, with customers also by the second stage.
func (e *engine) settled(ctx context.Context, customers bool) error {
	if err := e.lanes.flush(ctx); err != nil {
		return err
	}
	if err := e.reached(ctx, fold.Conversations, e.topics.Interactions.Name); err != nil || !customers {
		return err
	}
	if err := e.relayed(ctx); err != nil {
		return err
	}
	return e.reached(ctx, fold.Customers, e.topics.Customers.Name)
}

// reached waits until a stage has applied its whole log as it is now.
func (e *engine) reached(ctx context.Context, stage fold.Stage, topic string) error {
	var ends []int64
	for _, slot := range e.slots(stage) {
		_, end, err := e.log.Bounds(ctx, topic, slot.Partition)
		if err != nil {
			return err
		}
		ends = append(ends, end)
	}
	near := func() bool {
		n := 0
		for _, s := range e.worker.Status() {
			if s.Topic == topic && s.Position.Offset >= ends[s.Partition] {
				n++
			}
		}
		return n == len(ends)
	}
	return e.until(ctx, e.slots(stage), near, func(i int, m store.Meta) bool { return m.Position.Offset >= ends[i] })
}

// relayed waits until everything that the first stage has caused is in the log.
func (e *engine) relayed(ctx context.Context) error {
	return e.until(ctx, e.slots(fold.Conversations), sometimes, func(_ int, m store.Meta) bool { return m.OutboxLen == 0 })
}

// pollEvery is how often a condition is looked at; the state itself, which costs the servers something, only when it is near, and now and then.
const (
	pollEvery  = 2 * time.Millisecond
	checkEvery = 10
)

func sometimes() bool { return false }

// until waits for a condition on the metas of slots.
func (e *engine) until(ctx context.Context, slots []store.Slot, near func() bool, ok func(i int, m store.Meta) bool) error {
	requests := make([]store.SlotRefs, len(slots))
	for i, s := range slots {
		requests[i].Slot = s
	}
	every := time.NewTicker(pollEvery)
	defer every.Stop()
	for n := 0; ; n++ {
		if n%checkEvery == 0 || near() {
			values, err := e.state.Read(ctx, requests)
			if err == nil {
				done := true
				for i, v := range values {
					done = done && !v.Absent && ok(i, v.Meta)
				}
				if done {
					return nil
				}
				err = e.halted()
			}
			if err != nil && ctx.Err() == nil {
				return err
			}
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// halted says that a partition cannot go on, which waiting would not heal.
func (e *engine) halted() error {
	for _, s := range e.worker.Status() {
		if s.State == worker.Halted {
			return fmt.Errorf("%s partition %d cannot go on: %s", s.Topic, s.Partition, s.Err)
		}
	}
	return nil
}
