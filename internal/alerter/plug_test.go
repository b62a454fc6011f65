package alerter

import (
	"context"
	"errors"
	"sync"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/store"
)

var errCrash = errors.New("the process is dead")

// plug is a process that dies at one of its calls: every call passes it before and after it is made, and from that moment all fail.
type plug struct {
	at string // the pass at which it dies; "" never

	mu   sync.Mutex
	left int // passes of that name until death
	dead bool
}

func (p *plug) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead = true
}

func (p *plug) died() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

func (p *plug) pass(name string) error {
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

type pluggedLog struct {
	journal
	*plug
}

type pluggedState struct {
	vault
	*plug
}

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
	return through(l.plug, "produce", func() (int64, error) { return l.journal.Produce(ctx, topic, partition, msgs) })
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

// Apply and Mark are under way once they are made: that their owner has lost the shard does not call them back.
func (s pluggedState) Apply(ctx context.Context, slot store.Slot, a store.Apply) (store.Result, error) {
	ctx = context.WithoutCancel(ctx)
	return through(s.plug, "apply", func() (store.Result, error) { return s.vault.Apply(ctx, slot, a) })
}

func (s pluggedState) Mark(ctx context.Context, slot store.Slot, epoch, lineage int64, writes []store.Write) error {
	ctx = context.WithoutCancel(ctx)
	_, err := through(s.plug, "mark", func() (struct{}, error) { return struct{}{}, s.vault.Mark(ctx, slot, epoch, lineage, writes) })
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

// behind returns options for an alerter whose calls pass the plug.
func behind(p *plug) options {
	return options{
		journal: func(j journal) journal { return pluggedLog{j, p} },
		vault:   func(v vault) vault { return pluggedState{v, p} },
	}
}
