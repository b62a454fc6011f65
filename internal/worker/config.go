package worker

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/vigia-cx/vigia/internal/store"
)

// Config says how a worker works. Zero values mean the defaults.
type Config struct {
	// Group is the consumer group that shares the partitions, default "vigia-worker". Its committed offsets are the relay's high-water marks.
	Group string
	// Clock is the worker's own clock, default time.Now. Time never passes because of it alone: see the rules of [nextTick].
	Clock func() time.Time
	// AcceptClock is the operator's word that the clock is right, needed after a long silence when Redis runs on this host too.
	AcceptClock bool
	// Embedded says that log and state live in this process: there is no other clock to ask.
	Embedded bool
	// TwoClocks says that Redis runs on another host than this worker, so that its TIME is a second opinion.
	TwoClocks bool
	// ExternalTime says that somebody else writes the ticks, as a replay does from its data: the worker writes none, nor gaps of missing heartbeats.
	ExternalTime bool
	// Sources are those whose heartbeats must not be missing, by the names of event.SourceName.
	Sources []store.Source

	// BatchRecords and BatchWeight bound one apply: records, and writes with outputs. Defaults 2,000 and 4,000.
	BatchRecords, BatchWeight int
	// MaxOutbox is the number of waiting outputs at which a partition pauses, default 50,000.
	MaxOutbox int64
	// MemoryBytes bounds the decoded state of all partitions of this worker, default 512 MiB.
	MemoryBytes int
	// TickEvery is the longest and TickGap the shortest time between two ticks of a partition, default 5 s and 1 s.
	TickEvery, TickGap time.Duration
	// CommitEvery is how often the relay's high-water mark is committed, default 1 s.
	CommitEvery time.Duration
	// Drain bounds the time in which outputs are still relayed at the end, default 10 s.
	Drain time.Duration
}

// Validate reports every mistake in the configuration, each with the field's name.
func (c Config) Validate() error {
	var errs []error
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"batch_records", int64(c.BatchRecords)},
		{"batch_weight", int64(c.BatchWeight)},
		{"max_outbox", c.MaxOutbox},
		{"memory_bytes", int64(c.MemoryBytes)},
		{"tick_every", int64(c.TickEvery)},
		{"tick_gap", int64(c.TickGap)},
		{"commit_every", int64(c.CommitEvery)},
		{"drain", int64(c.Drain)},
	} {
		if f.value < 0 {
			errs = append(errs, fmt.Errorf("%s: negative", f.name))
		}
	}
	if d := c.withDefaults(); d.TickGap > d.TickEvery {
		errs = append(errs, fmt.Errorf("tick_gap: %v is longer than tick_every, %v", d.TickGap, d.TickEvery))
	}
	for i, s := range c.Sources {
		if s.Tenant == "" || s.Source == "" {
			errs = append(errs, fmt.Errorf("sources[%d]: tenant and source are required", i))
		}
	}
	return errors.Join(errs...)
}

func (c Config) withDefaults() Config {
	c.Group = cmp.Or(c.Group, "vigia-worker")
	if c.Clock == nil {
		c.Clock = time.Now
	}
	c.BatchRecords = cmp.Or(c.BatchRecords, 2000)
	c.BatchWeight = cmp.Or(c.BatchWeight, 4000)
	c.MaxOutbox = cmp.Or(c.MaxOutbox, 50_000)
	c.MemoryBytes = cmp.Or(c.MemoryBytes, 512<<20)
	c.TickEvery = cmp.Or(c.TickEvery, 5*time.Second)
	c.TickGap = cmp.Or(c.TickGap, time.Second)
	c.CommitEvery = cmp.Or(c.CommitEvery, time.Second)
	c.Drain = cmp.Or(c.Drain, 10*time.Second)
	return c
}
