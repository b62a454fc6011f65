package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/store"
)

var errCrash = errors.New("the process is dead")

// plug is a process that dies at one of its calls: every call passes it before and after it is made, and from that moment all fail.
type plug struct {
	at     string                  // the pass at which it dies; "" never
	filter func(name string) error // a fault at a pass

	mu   sync.Mutex
	left int // passes of that name until death
	dead bool
}

func (p *plug) pass(name string) error {
	if p.filter != nil {
		if err := p.filter(name); err != nil {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.dead && name == p.at {
		p.dead = p.left == 0
		p.left--
	}
	if p.dead {
		return errCrash
	}
	return nil
}

// through makes a call between two passes, so that death can come before it, or after it with the answer lost.
func through[T any](p *plug, name string, call func() (T, error)) (T, error) {
	var zero T
	if err := p.pass("before " + name); err != nil {
		return zero, err
	}
	v, err := call()
	if crash := p.pass("after " + name); crash != nil {
		return zero, crash
	}
	return v, err
}

// pluggedLog and pluggedState are the real clients behind a plug.
type pluggedLog struct {
	journal
	*plug
}

type pluggedState struct {
	vault
	*plug
}

type nothing = struct{}

func (l pluggedLog) Fetch(ctx context.Context, topic string, partition int32, offset int64, o bus.FetchOptions) (bus.Batch, error) {
	return through(l.plug, "fetch", func() (bus.Batch, error) { return l.journal.Fetch(ctx, topic, partition, offset, o) })
}

func (l pluggedLog) Bounds(ctx context.Context, topic string, partition int32) (start, end int64, err error) {
	b, err := through(l.plug, "bounds", func() (b [2]int64, err error) {
		b[0], b[1], err = l.journal.Bounds(ctx, topic, partition)
		return b, err
	})
	return b[0], b[1], err
}

func (l pluggedLog) Produce(ctx context.Context, topic string, partition int32, msgs []bus.Message) (int64, error) {
	return through(l.plug, "produce "+topic, func() (int64, error) { return l.journal.Produce(ctx, topic, partition, msgs) })
}

func (l pluggedLog) Commit(ctx context.Context, gen *bus.Generation, topic string, partition int32, offset int64, metadata string) error {
	_, err := through(l.plug, "commit", func() (nothing, error) {
		return nothing{}, l.journal.Commit(ctx, gen, topic, partition, offset, metadata)
	})
	return err
}

func (l pluggedLog) Committed(ctx context.Context, group, topic string, partitions []int32) (map[int32]bus.Commit, error) {
	return through(l.plug, "committed", func() (map[int32]bus.Commit, error) { return l.journal.Committed(ctx, group, topic, partitions) })
}

func (s pluggedState) Claim(ctx context.Context, slot store.Slot, want store.Expect) (store.Meta, bool, error) {
	exists := false
	m, err := through(s.plug, "claim", func() (m store.Meta, err error) {
		m, exists, err = s.vault.Claim(ctx, slot, want)
		return m, err
	})
	return m, exists, err
}

func (s pluggedState) Create(ctx context.Context, slot store.Slot, meta store.Meta) (store.Meta, error) {
	return through(s.plug, "create", func() (store.Meta, error) { return s.vault.Create(ctx, slot, meta) })
}

func (s pluggedState) Reset(ctx context.Context, slot store.Slot, epoch int64, meta store.Meta) (store.Meta, error) {
	return through(s.plug, "reset", func() (store.Meta, error) { return s.vault.Reset(ctx, slot, epoch, meta) })
}

// Apply is under way once it is made: that its owner has lost the partition does not call it back.
func (s pluggedState) Apply(ctx context.Context, slot store.Slot, a store.Apply) (store.Result, error) {
	ctx = context.WithoutCancel(ctx)
	return through(s.plug, "apply", func() (store.Result, error) { return s.vault.Apply(ctx, slot, a) })
}

func (s pluggedState) Outbox(ctx context.Context, slot store.Slot, lineage, after int64, limit int) ([]store.OutEntry, error) {
	return through(s.plug, "outbox", func() ([]store.OutEntry, error) { return s.vault.Outbox(ctx, slot, lineage, after, limit) })
}

func (s pluggedState) Trim(ctx context.Context, slot store.Slot, lineage, upTo int64) error {
	_, err := through(s.plug, "trim", func() (nothing, error) { return nothing{}, s.vault.Trim(ctx, slot, lineage, upTo) })
	return err
}

func (s pluggedState) Load(ctx context.Context, slot store.Slot, refs []store.Ref) (store.Position, int64, []store.Value, error) {
	var epoch int64
	var values []store.Value
	p, err := through(s.plug, "load", func() (p store.Position, err error) {
		p, epoch, values, err = s.vault.Load(ctx, slot, refs)
		return p, err
	})
	return p, epoch, values, err
}

func (s pluggedState) Read(ctx context.Context, requests []store.SlotRefs) ([]store.SlotValues, error) {
	return through(s.plug, "read", func() ([]store.SlotValues, error) { return s.vault.Read(ctx, requests) })
}

func (s pluggedState) Time(ctx context.Context) (time.Time, error) {
	return through(s.plug, "time", func() (time.Time, error) { return s.vault.Time(ctx) })
}

// behind returns options for a worker whose calls pass the plug.
func behind(p *plug) options {
	return options{
		cfg:     Config{Drain: time.Second},
		journal: func(j journal) journal { return pluggedLog{j, p} },
		vault:   func(v vault) vault { return pluggedState{v, p} },
	}
}
