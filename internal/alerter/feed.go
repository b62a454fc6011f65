package alerter

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/retry"
)

// heard is what one read of a partition of signals gave.
type heard struct {
	partition int32
	records   []spoken
	next, end int64 // offset to read next, end of the log
}

// spoken is one record, or why it is none.
type spoken struct {
	record event.Record
	fault  outcome // "" when it is one
	tomb   bool
}

const (
	fetchBytes = 1 << 20
	// fetchWait is how long the broker holds a request back when there is nothing to read. A record is answered at once.
	fetchWait = 2 * time.Second
)

// listen reads all partitions of signals from the desk's positions on, until ctx ends. An error ends all of it and is handed to fail.
func (s *session) listen(ctx context.Context, wg *sync.WaitGroup, fail context.CancelCauseFunc) {
	for p, from := range s.desk.root.Positions {
		wg.Go(func() {
			if err := s.follow(ctx, int32(p), from); err != nil && ctx.Err() == nil {
				fail(err)
			}
		})
	}
}

// follow reads one partition.
func (s *session) follow(ctx context.Context, partition int32, next int64) error {
	var decoder event.Decoder
	a := s.shard.a
	for pause := retry.NewPause(); ; {
		batch, err := a.journal.Fetch(ctx, a.cfg.Signals, partition, next, bus.FetchOptions{MaxBytes: fetchBytes, MaxWait: fetchWait, NoHeaders: true})
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, bus.ErrOffsetOutOfRange):
			return err // opening anew finds out what was lost
		case err != nil:
			s.shard.log.Warn("signals cannot be read, trying again", "signals_partition", partition, "err", err)
			if !pause.Wait(ctx) {
				return nil
			}
			continue
		}
		pause.Reset()
		if batch.Next == next && len(batch.Messages) == 0 {
			continue
		}
		h := heard{partition: partition, next: batch.Next, end: batch.HighWatermark}
		for _, m := range batch.Messages {
			h.records = append(h.records, a.read(&decoder, partition, m))
		}
		next = batch.Next
		select {
		case s.feed <- h:
		case <-ctx.Done():
			return nil
		}
	}
}

// read judges one message.
func (a *Alerter) read(decoder *event.Decoder, partition int32, m bus.Message) spoken {
	if m.Value == nil {
		return spoken{tomb: true}
	}
	r, err := decoder.Decode(m.Value)
	switch {
	case err != nil:
		return spoken{fault: garbage}
	case len(m.Key) > 0 && bus.Partition(m.Key, a.cfg.Partitions) != partition:
		return spoken{fault: misrouted}
	}
	return spoken{record: r}
}

// take folds what was read.
func (s *session) take(h heard, now int64) {
	d, m := s.desk, s.shard.a.metrics
	for i := range h.records {
		x := &h.records[i]
		o, hole := x.fault, false
		if o == "" && !x.tomb {
			o, hole = d.fold(h.partition, &x.record, now)
		}
		if o != "" {
			m.records.WithLabelValues(string(o)).Inc()
		}
		if hole {
			// Whoever stops here tells nobody anything any more, which would be the greater loss: what is open is stated again at the latest after the next rebuild.
			m.holes.Inc()
			s.shard.log.Error("outputs are missing in the log of signals: somebody may not have been told; look for lost data in Kafka",
				"signals_partition", h.partition, "source_partition", x.record.Seq.Partition, "source_offset", x.record.Seq.Offset)
		}
	}
	d.root.Positions[h.partition] = max(d.root.Positions[h.partition], h.next)
	s.ends[h.partition] = max(h.end, h.next)
	s.moved = true
	d.touch(keyRoot, rootField)
}

// pending is how many records are not folded yet.
func (s *session) pending() (n int64) {
	for p, end := range s.ends {
		n += max(0, end-s.desk.root.Positions[p])
	}
	return n
}
