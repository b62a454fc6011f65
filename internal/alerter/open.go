package alerter

import (
	"context"
	"fmt"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/store"
)

// schema is the version of the state's encoding.
const schema = 1

// partitioner is the function that maps tenants to shards and keys to partitions.
const partitioner = "murmur2"

// ownRange is how many steps one owner may make.
const ownRange = int64(1) << 32

// open claims the shard and finds out what is known: from the state, or, where there is none or only an old copy, from the topic of alerts.
func (s *shard) open(ctx context.Context) (*session, error) {
	a := s.a
	x := &session{
		shard: s, feed: make(chan heard), answers: make(chan answer), judged: make(chan judgement), queues: map[string][]*attempt{}, flying: map[string]int{},
		publisher: newPublisher(), ends: make([]int64, a.cfg.Partitions),
	}
	x.desk = newDesk(s.n, a.cfg.Partitions, a.tenants, a.shardOf, func(tenant, receiver string, now int64) int64 {
		return a.senders[receiverKey(tenant, receiver)].allow(now)
	})
	meta, exists, err := a.vault.Claim(ctx, s.slot, store.Expect{Partitions: int32(a.cfg.Partitions), Partitioner: partitioner, Schema: schema})
	if err != nil {
		return nil, err
	}
	newest, err := s.newest(ctx)
	if err != nil {
		return nil, err
	}
	if !exists {
		meta = store.Meta{
			Position: store.Position{Lineage: newest.Lineage + 1}, LogLineage: 1, Partitions: int32(a.cfg.Partitions), Partitioner: partitioner, Schema: schema,
		}
		if meta, err = a.vault.Create(ctx, s.slot, meta); err != nil {
			return nil, err // somebody else was faster: open what they made
		}
	}
	s.epoch = meta.Epoch
	if err := x.load(ctx); err != nil {
		return nil, err
	}
	if !exists || x.pos.Before(newest) {
		if newest.Lineage == 0 {
			s.log.Info("beginning the state of a shard", "tenants", s.tenants)
		} else {
			s.log.Warn("the state is missing or an older copy: reading what is known from the topic of alerts", "stored", x.pos, "published", newest)
		}
		if err := x.recall(ctx); err != nil {
			return nil, err
		}
	}
	if err := x.locate(ctx); err != nil {
		return nil, err
	}
	// Every owner works in a range of positions of its own: what two owners have stored may differ, and must never look the same.
	base := store.Position{Lineage: x.pos.Lineage, Offset: (max(x.pos.Offset, newest.Offset)/ownRange + 1) * ownRange}
	if _, err := a.vault.Apply(ctx, s.slot, store.Apply{Epoch: s.epoch, From: x.pos, To: base}); err != nil {
		return nil, err
	}
	x.pos = base
	x.desk.resume(a.now())
	x.retire(a.now())
	return x, nil
}

// load reads the whole state of the shard.
func (x *session) load(ctx context.Context) error {
	keys := []string{keyRoot, keyHearings, keyIncidents, keyGroups, keyAttempts, keySilences, keyRules, keyUnpublished}
	refs := make([]store.Ref, len(keys))
	for i, key := range keys {
		refs[i].Key = key
	}
	pos, epoch, values, err := x.shard.a.vault.Load(ctx, x.shard.slot, refs)
	if err != nil {
		return err
	}
	if epoch != x.shard.epoch {
		return fmt.Errorf("slot %s: epoch %d, ours is %d: %w", x.shard.slot, epoch, x.shard.epoch, store.ErrFenced)
	}
	x.pos = pos
	for i, v := range values {
		for field, b := range v.Fields {
			if err := x.desk.load(keys[i], field, b); err != nil {
				return err
			}
		}
	}
	return nil
}

// newest returns the position that the topic of alerts knows of, by its last record; zero when it says nothing.
func (s *shard) newest(ctx context.Context) (store.Position, error) {
	a := s.a
	start, end, err := a.journal.Bounds(ctx, a.cfg.Alerts, s.n)
	if err != nil || start == end {
		return store.Position{}, err
	}
	batch, err := a.journal.Fetch(ctx, a.cfg.Alerts, s.n, end-1, bus.FetchOptions{NoHeaders: true})
	if err != nil {
		return store.Position{}, err
	}
	for _, m := range batch.Messages {
		if r, err := event.Decode(m.Value); err == nil {
			if p, ok := r.Body.(event.AlertProgress); ok {
				if pos, err := store.ParsePosition(p.Position); err == nil {
					return pos, nil
				}
			}
		}
	}
	return store.Position{}, nil
}

// recall reads the topic of alerts and takes over what it knows better than the state.
func (x *session) recall(ctx context.Context) error {
	a, d := x.shard.a, x.desk
	next, end, err := a.journal.Bounds(ctx, a.cfg.Alerts, x.shard.n)
	if err != nil {
		return err
	}
	latest := map[string]*incident{}
	var last *event.AlertProgress
	var decoder event.Decoder
	for next < end {
		batch, err := a.journal.Fetch(ctx, a.cfg.Alerts, x.shard.n, next, bus.FetchOptions{MaxBytes: fetchBytes, NoHeaders: true})
		if err != nil {
			return err
		}
		next = batch.Next
		for _, m := range batch.Messages {
			if m.Value == nil {
				delete(latest, string(m.Key))
				continue
			}
			r, err := decoder.Decode(m.Value)
			if err != nil {
				continue // what cannot be read says nothing; the log of signals does
			}
			switch b := r.Body.(type) {
			case event.Alert:
				if i, err := decode[incident]("alert", b.State); err == nil {
					latest[string(m.Key)] = i
				}
			case event.AlertProgress:
				last = &b
			}
		}
	}
	for _, key := range sortedKeys(latest) {
		i := latest[key]
		if d.serves(i.Tenant) != folded {
			continue
		}
		d.incidents[i.ID] = merge(d.incidents[i.ID], i)
		d.touch(keyIncidents, i.ID)
	}
	if last != nil {
		if err := d.restore(last.State); err != nil {
			return err
		}
	}
	x.moved = true
	d.touch(keyRoot, rootField)
	return nil
}

// merge joins what the state and the topic know of one incident: the newer revision, and for each receiver the newer telling.
func merge(have, published *incident) *incident {
	if have == nil {
		return published
	}
	newer, older := have, published
	if published.Rev > have.Rev {
		newer, older = published, have
	}
	for name, k := range older.Told {
		if known := newer.Told[name]; known == nil || k.Rev > known.Rev {
			*newer.note(name) = *k
		}
	}
	if newer.AckAt == 0 {
		newer.AckBy, newer.AckAt = older.AckBy, older.AckAt
	}
	newer.Escalated = newer.Escalated || older.Escalated
	for _, e := range older.Extra {
		newer.join(e.Receiver, e.Route)
	}
	return newer
}

// locate holds the positions against the logs as they are.
func (x *session) locate(ctx context.Context) error {
	a := x.shard.a
	x.goals = make([]int64, a.cfg.Partitions)
	for p := range x.goals {
		start, end, err := a.journal.Bounds(ctx, a.cfg.Signals, int32(p))
		if err != nil {
			return err
		}
		at := &x.desk.root.Positions[p]
		switch {
		case *at < start:
			if *at > 0 {
				a.metrics.lost.Add(float64(start - *at))
				x.shard.log.Error("the log of signals deleted records before they were folded: somebody may not have been told", "signals_partition", p, "lost", start-*at,
					"remedy", "give the topic more retention than alerters are ever down")
			}
			*at = start
		case *at > end:
			x.shard.log.Warn("the log of signals is another one than before: reading it from its start", "signals_partition", p, "position", *at, "end", end)
			*at = start
		default:
			x.goals[p], x.ends[p] = end, end
			continue
		}
		x.goals[p], x.ends[p], x.moved = end, end, true
		x.desk.touch(keyRoot, rootField)
	}
	return nil
}
