package worker

import (
	"context"

	"github.com/vigia-cx/vigia/internal/store"
)

// recall returns the mark, from Kafka the first time.
func (r *relay) recall(ctx context.Context) (mark, error) {
	r.mu.Lock()
	have, known := r.mark, r.known
	r.mu.Unlock()
	if known {
		return have, nil
	}
	o := r.o
	commits, err := o.w.journal.Committed(ctx, o.gen.Group, o.topic, []int32{o.partition})
	if err != nil {
		return noMark, err
	}
	have = parseMark(commits[o.partition])
	r.mu.Lock()
	r.mark, r.known = have, true
	r.mu.Unlock()
	return have, nil
}

// adopt commits a mark and remembers it once the broker has it.
func (r *relay) adopt(ctx context.Context, m mark) error { return r.commit(ctx, m, false) }

// commitMark commits the mark as it is, which the broker takes only from the owner.
func (r *relay) commitMark(ctx context.Context) error {
	m, err := r.recall(ctx)
	if err != nil {
		return err
	}
	m.Offset = max(m.Offset, 0)
	return r.commit(ctx, m, true)
}

// commit takes turns: the owner commits new lineages, the relay how far it has come.
func (r *relay) commit(ctx context.Context, m mark, always bool) error {
	select {
	case r.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-r.turn }()
	r.mu.Lock()
	have := r.mark
	r.mu.Unlock()
	if m = have.advance(m); m == have && !always {
		return nil
	}
	if err := r.o.w.journal.Commit(ctx, r.o.gen, r.o.topic, r.o.partition, m.Offset, m.metadata()); err != nil {
		return err
	}
	if m.Log > 0 {
		r.mu.Lock()
		r.mark, r.known = m, true
		r.mu.Unlock()
	}
	return nil
}

// unsettled reports whether the mark may have to be committed.
func (r *relay) unsettled() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dirty
}

// begin points the relay at the state of a new session.
func (r *relay) begin(s *session) {
	r.mu.Lock()
	r.state, r.log, r.at, r.queue, r.work, r.dirty = s.pos.Lineage, s.meta.LogLineage, s.pos, s.meta.OutboxLen, true, true
	r.mu.Unlock()
	signal(r.wake)
}

// look makes the relay read the outbox.
func (r *relay) look() {
	r.mu.Lock()
	r.work = true
	r.mu.Unlock()
	signal(r.wake)
}

// applied tells the relay that the position has moved and how many outputs wait.
func (r *relay) applied(at store.Position, queue int64) {
	r.mu.Lock()
	asleep := !r.dirty
	r.at, r.queue, r.dirty = at, queue, true
	r.work = r.work || queue > 0
	r.mu.Unlock()
	if queue > 0 || asleep {
		signal(r.wake)
	}
}

// progress is the newest known position.
func (r *relay) progress() store.Position {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at
}

// waiting is the number of outputs that wait.
func (r *relay) waiting() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.queue
}

// awaitRoom waits until the relay has trimmed the outbox; false when ctx ends first.
func (r *relay) awaitRoom(ctx context.Context) bool {
	r.look()
	select {
	case <-r.room:
		return true
	case <-ctx.Done():
		return false
	}
}
