package worker

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/retry"
	"github.com/vigia-cx/vigia/internal/store"
)

// fetchBytes bounds one read of the log.
const fetchBytes = 1 << 20

// follow reads the log from the session's position and applies it, until an error or until reading ends. Between reads, time may pass.
func (o *owner) follow(ctx, reading context.Context, s *session) error {
	for reading.Err() == nil {
		wait, err := o.keepTime(ctx, s)
		if err != nil {
			return err
		}
		batch, err := o.w.journal.Fetch(reading, o.topic, o.partition, s.next, bus.FetchOptions{MaxBytes: fetchBytes, MaxWait: wait, NoHeaders: true})
		if err != nil {
			return err
		}
		s.end = batch.HighWatermark
		for messages := range slices.Chunk(batch.Messages, o.w.cfg.BatchRecords) {
			if err := o.apply(ctx, reading, s, messages); err != nil {
				return err
			}
		}
		s.next = batch.Next
		o.observe(s)
		if err := o.keepRecords(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// apply folds a batch of records and stores what they change, in several parts if they change much.
func (o *owner) apply(ctx, reading context.Context, s *session, messages []bus.Message) error {
	if err := o.enter(ctx); err != nil {
		return err
	}
	defer o.leave()
	inputs, keys := o.decode(messages)
	if err := s.fold.Prefetch(keys); err != nil {
		return err
	}
	n := 0
	for i, in := range inputs {
		for done := false; !done; {
			var err error
			if done, err = s.fold.Apply(in); err != nil {
				return err
			}
			if done {
				s.last, s.lag = &messages[i], messages[i].At
				n++
			}
			if s.fold.Weight() < o.w.cfg.BatchWeight {
				continue
			}
			if err := o.store(ctx, reading, s, n); err != nil {
				return err
			}
			n = 0
		}
		if b, ok := in.Record.Body.(event.Tick); ok && in.Fault == nil {
			o.clock.folded(b.At)
		}
	}
	return o.store(ctx, reading, s, n)
}

// enter waits for a turn to fold, leave gives it back. As many partitions as there are processors fold at a time, each a whole batch: taking turns in small slices would only
// keep the batches of all of them in memory.
func (o *owner) enter(ctx context.Context) error {
	select {
	case o.w.turns <- struct{}{}:
		o.folding = true
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (o *owner) leave() {
	if o.folding {
		o.folding = false
		<-o.w.turns
	}
}

// store makes what was folded since the last time take effect, with the position, in one script. It gives the turn back while it waits for Redis.
func (o *owner) store(ctx, reading context.Context, s *session, records int) error {
	c := s.fold.Commit()
	if c.From == c.To {
		return nil
	}
	a := store.Apply{
		Epoch: o.epoch, From: s.pos, To: store.Position{Lineage: s.pos.Lineage, Offset: c.To.Offset, Step: c.To.Step},
		LogLineage: s.meta.LogLineage, Writes: make([]store.Write, len(c.Writes)), Outbox: make([]store.Out, len(c.Outs)), MaxOutbox: o.w.cfg.MaxOutbox,
	}
	if s.last != nil {
		a.Fingerprint = fingerprint(s.last.Offset, s.last.Value)
	}
	for i, w := range c.Writes {
		a.Writes[i] = store.Write(w)
	}
	now := s.fold.Time()
	for i, out := range c.Outs {
		a.Outbox[i] = store.Out{Topic: out.Topic, Partition: out.Partition, Value: event.Encode(out.Record), Offset: out.Offset, At: now}
		if out.Key != "" {
			a.Outbox[i].Key = []byte(out.Key)
		}
	}
	o.leave()
	res, err := o.put(ctx, reading, a)
	if err := errors.Join(err, o.enter(ctx)); err != nil {
		return err
	}
	s.pos, s.last = a.To, nil
	s.fold.Committed(o.w.memory())
	o.w.metrics.log.buried(o.stage.name, c.Outs)
	o.w.metrics.batch.WithLabelValues(o.stage.name).Observe(float64(records))
	o.w.metrics.outbox.WithLabelValues(o.stage.name, o.label).Set(float64(res.OutboxLen))
	o.relay.applied(s.pos, res.OutboxLen)
	if s.fresh && s.pos.Offset >= s.goal {
		s.fresh = false
		o.log.Info("the state is built", "position", s.pos)
		o.collectOld(ctx)
	}
	return nil
}

// put stores one step. It waits where waiting helps and nothing is uncertain: for the relay, for a snapshot, for memory. Any other error ends the session; what
// was stored is then read from the state.
func (o *owner) put(ctx, reading context.Context, a store.Apply) (store.Result, error) {
	for waited := retry.NewPause(); ; {
		began := time.Now()
		res, err := o.w.vault.Apply(ctx, o.slot, a)
		o.w.metrics.apply.WithLabelValues(o.stage.name).Observe(time.Since(began).Seconds())
		if err == nil {
			return res, nil
		}
		reason := refusal(err)
		if reason == "" {
			return res, err
		}
		o.w.refused(o.stage, reason)
		if reason != "outbox_full" && reason != "frozen" && reason != "memory" {
			return res, err
		}
		o.status(func(s *Status) { s.State, s.Err = Waiting, err.Error() })
		if reason == "outbox_full" && !o.relay.awaitRoom(reading) || reason != "outbox_full" && !waited.Wait(reading) {
			return res, reading.Err()
		}
	}
}

// refusal names why the state did not take a step; "" when it is not known whether it did.
func refusal(err error) string {
	switch {
	case errors.Is(err, store.ErrMoved):
		return "moved"
	case errors.Is(err, store.ErrFenced):
		return "fenced"
	case errors.Is(err, store.ErrAbsent):
		return "absent"
	case errors.Is(err, store.ErrOutboxFull):
		return "outbox_full"
	case errors.Is(err, store.ErrFrozen):
		return "frozen"
	case errors.Is(err, store.ErrMemory):
		return "memory"
	}
	return ""
}

// memory is the share of one partition.
func (w *Worker) memory() int { return w.cfg.MemoryBytes / int(max(1, w.owned.Load())) }

// observe shows where the session stands.
func (o *owner) observe(s *session) {
	m, st := o.w.metrics, o.stage.name
	behind := max(0, s.end-s.pos.Offset)
	state := Running
	switch {
	case s.fresh:
		state = Rebuilding
	case s.pos.Offset < s.goal:
		state = CatchingUp
	}
	lag := 0.0
	if behind > 0 && s.lag > 0 {
		lag = max(0, time.Since(time.UnixMilli(s.lag)).Seconds())
	}
	m.behind.WithLabelValues(st, o.label).Set(float64(behind))
	m.lag.WithLabelValues(st, o.label).Set(lag)
	m.position.WithLabelValues(st, o.label).Set(float64(s.pos.Offset))
	m.time.WithLabelValues(st, o.label).Set(float64(s.fold.Time()) / 1000)
	m.log.gaps.WithLabelValues(st, o.label).Set(float64(len(s.fold.OpenGaps())))
	for result, n := range s.fold.Counters() {
		m.results.WithLabelValues(st, o.label, result).Set(float64(n))
	}
	waiting := o.relay.waiting()
	o.status(func(x *Status) {
		x.State, x.Position, x.LogEnd, x.Time, x.Outbox, x.Err = state, s.pos, s.end, s.fold.Time(), waiting, ""
	})
}

// quarantine sets a record aside: it is dead-lettered when it comes again. It returns false if that has been tried.
func (o *owner) quarantine(p *fold.PanicError) bool {
	if o.poison[p.Offset] {
		return false
	}
	o.log.Error("BUG: the fold failed on a record, which is dead-lettered; please report it", "offset", p.Offset, "panic", p.Value, "stack", string(p.Stack))
	o.w.metrics.panics.WithLabelValues(o.stage.name).Inc()
	if o.poison == nil {
		o.poison = map[int64]bool{}
	}
	o.poison[p.Offset] = true
	return true
}
