package worker

import (
	"context"
	"errors"
	"fmt"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/retry"
	"github.com/vigia-cx/vigia/internal/store"
)

// session is an owner's belief about the state, from an opening to the first error.
type session struct {
	fold  *fold.Slot
	pos   store.Position // as stored
	meta  store.Meta     // as it was at the opening
	next  int64          // offset to fetch next
	end   int64          // of the log, as last seen
	goal  int64          // end of the log at the opening
	fresh bool           // begun by a rebuild that is not over
	last  *bus.Message   // the last record folded to its end since the last apply, nil none
	lag   int64          // Unix ms at which the log got the last record applied
}

// open finds out where the partition stands, does what must be done, and returns a session that begins at the stored position. It begins with a claim if one is due, so
// that nobody else moves the state meanwhile.
func (o *owner) open(ctx context.Context) (*session, error) {
	for {
		meta, exists, err := o.look(ctx)
		if err != nil {
			return nil, err
		}
		relayed, err := o.relay.recall(ctx)
		if err != nil {
			return nil, err
		}
		at := situation{exists: exists, meta: meta, mark: relayed, now: o.w.cfg.Clock().Unix()}
		if at.start, at.end, err = o.w.journal.Bounds(ctx, o.topic, o.partition); err != nil {
			return nil, err
		}
		if at.replaced, err = o.replaced(ctx, at); err != nil {
			return nil, err
		}
		if at.unsent, err = o.unsent(ctx, at); err != nil {
			return nil, err
		}
		p := decide(at)
		if p.act == resume {
			return o.begin(ctx, at)
		}
		// First Kafka learns the new lineages, and refuses if we are not the owner; then the state begins in them.
		if err := o.relay.adopt(ctx, p.mark(at)); err != nil {
			return nil, err
		}
		if err := o.act(ctx, p, at); err != nil {
			return nil, err
		}
	}
}

// look reads what is stored. Unknown is an error, never "nothing".
//
// A claim is made once: an owner that has lost its partition without knowing must not take it away again and again.
func (o *owner) look(ctx context.Context) (store.Meta, bool, error) {
	if o.claim || o.epoch == 0 {
		meta, exists, err := o.w.vault.Claim(ctx, o.slot, store.Expect{
			Partitions: int32(o.stage.topic.Partitions), Partitioner: Partitioner, Schema: fold.Schema,
		})
		if err == nil {
			o.claim, o.epoch = false, max(o.epoch, meta.Epoch)
		}
		return meta, exists, err
	}
	values, err := o.w.vault.Read(ctx, []store.SlotRefs{{Slot: o.slot}})
	if err != nil {
		return store.Meta{}, false, err
	}
	meta := values[0].Meta
	if !values[0].Absent && meta.Epoch > o.epoch {
		return meta, true, fmt.Errorf("slot %s: epoch %d, ours is %d: %w", o.slot, meta.Epoch, o.epoch, store.ErrFenced)
	}
	return meta, !values[0].Absent, nil
}

// replaced compares the record below the position with the one that was applied. A record that is gone proves nothing.
func (o *owner) replaced(ctx context.Context, at situation) (bool, error) {
	hash, offset := parseStamp(at.meta.Fingerprint).hash, at.meta.Position.Offset-1
	if !at.exists || hash == "" || offset < at.start || offset >= at.end {
		return false, nil
	}
	batch, err := o.w.journal.Fetch(ctx, o.topic, o.partition, offset, bus.FetchOptions{MaxBytes: 1})
	if err != nil {
		return false, err
	}
	if len(batch.Messages) == 0 || batch.Messages[0].Offset != offset {
		return false, nil
	}
	return fingerprint(offset, batch.Messages[0].Value) != hash, nil
}

// unsent is the source offset of the first output that waits, or the position when none does.
func (o *owner) unsent(ctx context.Context, at situation) (int64, error) {
	if at.meta.OutboxLen == 0 {
		return at.meta.Position.Offset, nil
	}
	entries, err := o.w.vault.Outbox(ctx, o.slot, at.meta.Position.Lineage, 0, 1)
	switch {
	case errors.Is(err, store.ErrFenced): // moved on since it was looked at
		return 0, fmt.Errorf("%w: %w", store.ErrMoved, err)
	case err != nil:
		return 0, err
	case len(entries) == 0:
		return at.meta.Position.Offset, nil
	}
	return entries[0].Offset, nil
}

// act changes the state as planned.
func (o *owner) act(ctx context.Context, p plan, at situation) error {
	log := o.log.With("why", p.why, "from", at.meta.Position, "to", p.at, "log_start", at.start, "log_end", at.end)
	meta := store.Meta{
		Position: p.at, LogLineage: p.log, Partitions: int32(o.stage.topic.Partitions), Partitioner: Partitioner, Schema: fold.Schema, Fingerprint: p.stamp.String(),
	}
	switch p.act {
	case create:
		if _, err := o.w.vault.Create(ctx, o.slot, meta); err != nil {
			return err
		}
		o.epoch = max(o.epoch, 1)
	case reset:
		if _, err := o.w.vault.Reset(ctx, o.slot, o.epoch, meta); err != nil {
			return err
		}
	default:
		a := store.Apply{Epoch: o.epoch, From: at.meta.Position, To: p.at, LogLineage: p.log, Fingerprint: meta.Fingerprint}
		if _, err := o.w.vault.Apply(ctx, o.slot, a); err != nil {
			return err
		}
	}
	switch p.act {
	case skip:
		lost := p.at.Offset - at.meta.Position.Offset
		o.w.metrics.lost.WithLabelValues(o.stage.name).Add(float64(lost))
		log.Error("the log deleted records before they were applied: values are incomplete from here on", "lost", lost,
			"remedy", "give the topic more retention than workers are ever down")
	case move:
		o.w.metrics.moves.WithLabelValues(o.stage.name).Inc()
		log.Warn("an older copy of the state was put back: going on from it")
	default:
		o.w.metrics.rebuilds.WithLabelValues(o.stage.name, p.why).Inc()
		if p.why == "new" {
			log.Info("beginning the state of a partition", "records", at.end-at.start)
		} else {
			log.Warn("building the state from the log", "records", at.end-at.start)
		}
	}
	return nil
}

// begin makes a session at the stored position.
func (o *owner) begin(ctx context.Context, at situation) (*session, error) {
	s := &session{pos: at.meta.Position, meta: at.meta, next: at.meta.Position.Offset, end: at.end, goal: at.end, fresh: fresh(at.meta) && at.end > at.meta.Position.Offset}
	load := func(refs []fold.Ref) ([]fold.Value, error) { return o.load(ctx, s, refs) }
	s.fold = fold.New(o.config(), load, fold.Position{Offset: s.pos.Offset, Step: s.pos.Step}, begin(at.meta))
	if err := s.fold.Err(); err != nil {
		return nil, err
	}
	if s.fresh {
		o.collectOld(ctx)
	}
	o.relay.begin(s)
	o.keep.begin(s.fold.Time())
	o.observe(s)
	return s, nil
}

// config is the fold's view of the topics.
func (o *owner) config() fold.Config {
	t := o.w.topics
	return fold.Config{
		Stage: o.stage.fold, Topic: o.topic, Partition: o.partition, Sources: int32(t.Interactions.Partitions),
		Route:          o.w.route,
		CustomersTopic: t.Customers.Name, Customers: int32(t.Customers.Partitions),
		SignalsTopic: t.Signals.Name, Signals: int32(t.Signals.Partitions),
		DeadLettersTopic: t.DeadLetters.Name, DeadLetters: int32(t.DeadLetters.Partitions),
	}
}

// load reads values as of the position that the session believes in, or fails.
func (o *owner) load(ctx context.Context, s *session, refs []fold.Ref) ([]fold.Value, error) {
	pos, epoch, values, err := o.w.vault.Load(ctx, o.slot, storeRefs(refs))
	if err != nil {
		return nil, err
	}
	if epoch > o.epoch {
		return nil, fmt.Errorf("slot %s: epoch %d, ours is %d: %w", o.slot, epoch, o.epoch, store.ErrFenced)
	}
	if pos != s.pos {
		return nil, &store.MovedError{Slot: o.slot, From: s.pos, Stored: pos}
	}
	return foldValues(values), nil
}

func storeRefs(refs []fold.Ref) []store.Ref {
	out := make([]store.Ref, len(refs))
	for i, r := range refs {
		out[i] = store.Ref(r)
	}
	return out
}

func foldValues(values []store.Value) []fold.Value {
	out := make([]fold.Value, len(values))
	for i, v := range values {
		out[i] = fold.Value(v)
	}
	return out
}

// collectOld removes what earlier states have left behind, while the partition goes on.
func (o *owner) collectOld(ctx context.Context) {
	o.collect.Go(func() {
		for pause := retry.NewPause(); ; {
			n, err := o.w.vault.Collect(ctx, o.slot)
			if err == nil {
				if n > 0 {
					o.log.Info("removed keys of earlier states", "keys", n)
				}
				return
			}
			if !errors.Is(err, store.ErrFrozen) {
				o.log.Warn("cannot remove keys of earlier states yet", "err", err)
			}
			if !pause.Wait(ctx) {
				return
			}
		}
	})
}
