package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/retry"
	"github.com/vigia-cx/vigia/internal/store"
)

// relayPage is the number of outputs taken from the outbox at once.
const relayPage = 2000

// relay sends the outputs of one partition to Kafka: from the outbox, in order, one request in flight for each destination. Only what Kafka has acknowledged leaves the
// outbox, and only then the group's offset is committed: the mark below which nothing is ever sent again.
type relay struct {
	o    *owner
	wake chan struct{} // the outbox may hold something, or the position has moved
	room chan struct{} // the outbox has become shorter
	turn chan struct{} // held while a mark is committed

	mu    sync.Mutex
	state int64          // lineage whose outbox is relayed, 0 before the first session
	log   int64          // lineage of the log that the outputs come from
	at    store.Position // newest known
	work  bool           // the outbox may hold something that was not read yet
	queue int64          // entries that wait, roughly: appended and trimmed by two goroutines
	mark  mark
	known bool // mark has been read from Kafka
	dirty bool // the mark may move: something was applied or relayed since the last commit

	// Only the relaying goroutine uses what follows.
	inState int64 // what follows belongs to this lineage: in another one the same ordinal may name another output
	acked   int64 // highest ordinal that Kafka has
	sent    int64 // source offset of the newest entry relayed, -1 none
	settled time.Time
}

func newRelay(o *owner) *relay {
	return &relay{o: o, wake: make(chan struct{}, 1), room: make(chan struct{}, 1), turn: make(chan struct{}, 1), mark: noMark, sent: -1}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run relays until finish is closed and the outbox is empty, or until ctx ends. When the group has moved on it cancels the owner: somebody else relays now.
func (r *relay) run(ctx context.Context, finish <-chan struct{}, cancel context.CancelCauseFunc) {
	idle := time.NewTimer(time.Hour)
	defer idle.Stop()
	for pause := retry.NewPause(); ; {
		more, err := r.pass(ctx)
		if err == nil {
			err = r.settle(ctx, finish)
		}
		switch {
		case ctx.Err() != nil:
			return
		case judge(err) == stop:
			cancel(err)
			return
		case err != nil:
			r.o.log.Warn("outputs wait for the relay", "err", err)
			if !pause.Wait(ctx) {
				return
			}
			continue
		}
		pause.Reset()
		if more {
			continue
		}
		var due <-chan time.Time
		if r.unsettled() {
			idle.Reset(max(0, r.o.w.cfg.CommitEvery-time.Since(r.settled)))
			due = idle.C
		}
		select {
		case <-r.wake:
		case <-due:
		case <-ctx.Done():
			return
		case <-finish:
			// The owner applies nothing more. Whatever waits now was read by a pass that found nothing left.
			if r.done(ctx) {
				return
			}
		}
	}
}

// done reports whether, after the last apply, nothing is left to send or to commit.
func (r *relay) done(ctx context.Context) bool {
	more, err := r.pass(ctx)
	if err != nil || more {
		return false
	}
	r.settled = time.Time{}
	return r.settle(ctx, nil) == nil
}

// pass relays one page of the outbox; more says that there may be another.
func (r *relay) pass(ctx context.Context) (more bool, err error) {
	r.mu.Lock()
	state, mark, inLog, work := r.state, r.mark, r.log, r.work
	r.work = false // before reading: what is appended from now on sets it again
	r.mu.Unlock()
	if state != r.inState {
		r.inState, r.acked, r.sent = state, 0, -1
	}
	if state == 0 || !work {
		return false, nil
	}
	defer func() {
		if more || err != nil {
			r.mu.Lock()
			r.work = true
			r.mu.Unlock()
		}
	}()
	entries, err := r.o.w.vault.Outbox(ctx, r.o.slot, state, r.acked, relayPage)
	if err != nil || len(entries) == 0 {
		return false, gone(err)
	}
	below := int64(0)
	if mark.Log == inLog {
		below = mark.Offset
	}
	if err := r.send(ctx, cutLanes(entries, below, r.o.w.journal.MaxBatchBytes())); err != nil {
		return false, err
	}
	last := entries[len(entries)-1]
	r.acked, r.sent = last.Ordinal, last.Offset
	if err := r.o.w.vault.Trim(ctx, r.o.slot, state, last.Ordinal); err != nil {
		return false, gone(err)
	}
	r.mu.Lock()
	r.queue, r.dirty = max(0, r.queue-int64(len(entries))), true
	r.mu.Unlock()
	signal(r.room)
	return len(entries) == relayPage, nil
}

// gone drops errors that say that the outbox is another one by now: the owner finds out and begins a new session.
func gone(err error) error {
	if errors.Is(err, store.ErrFenced) || errors.Is(err, store.ErrAbsent) {
		return nil
	}
	return err
}

// settle commits how far everything is relayed, not more often than configured.
//
// The position and the outbox are read in one script: noted separately, a fail-over of Redis in between could put outputs back that the mark says are sent.
func (r *relay) settle(ctx context.Context, finish <-chan struct{}) error {
	r.mu.Lock()
	dirty, state, inLog := r.dirty, r.state, r.log
	r.mu.Unlock()
	if !dirty || time.Since(r.settled) < r.o.w.cfg.CommitEvery && !closed(finish) {
		return nil
	}
	values, err := r.o.w.vault.Read(ctx, []store.SlotRefs{{Slot: r.o.slot}})
	if err != nil {
		return err
	}
	r.settled = time.Now() // also when nothing can be committed: the next look is due a while later
	meta := values[0].Meta
	if values[0].Absent || meta.Position.Lineage != state || meta.LogLineage != inLog || state != r.inState {
		return nil
	}
	next := mark{Offset: r.sent, Log: inLog, State: state}
	if last := meta.OutboxHead + meta.OutboxLen - 1; meta.OutboxLen == 0 || last <= r.acked {
		next.Offset = meta.Position.Offset
		if meta.OutboxLen > 0 { // a trim was lost
			if err := r.o.w.vault.Trim(ctx, r.o.slot, state, r.acked); err != nil {
				return gone(err)
			}
			meta.OutboxLen = 0
		}
	}
	r.mu.Lock()
	r.queue, r.dirty = meta.OutboxLen, false
	r.mu.Unlock()
	if meta.OutboxLen > 0 {
		r.look()
	}
	if !next.known() {
		return nil
	}
	return r.adopt(ctx, next)
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// send relays all lanes and returns when Kafka has everything, or ctx ends.
func (r *relay) send(ctx context.Context, lanes []*lane) error {
	var wg sync.WaitGroup
	errs := make([]error, len(lanes))
	for i, l := range lanes {
		wg.Go(func() { errs[i] = r.drive(ctx, l) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// drive sends one destination's outputs in order. Nothing is sent before what stands before it is acknowledged; an attempt without an answer is repeated, and
// consumers drop what they have seen.
func (r *relay) drive(ctx context.Context, l *lane) error {
	m := r.o.w.metrics
	for pause := retry.NewPause(); len(l.batches) > 0; {
		batch := l.batches[0]
		_, err := r.o.w.journal.Produce(ctx, l.topic, l.partition, batch)
		if err == nil {
			m.sent.WithLabelValues(l.topic).Add(float64(len(batch)))
			l.batches = l.batches[1:]
			pause.Reset()
			continue
		}
		if ctx.Err() != nil || judge(err) == stop {
			return err
		}
		m.relayErrors.WithLabelValues(l.topic).Inc()
		r.o.log.Warn("outputs wait: Kafka does not take them", "to", l.topic, "to_partition", l.partition, "err", err)
		if !pause.Wait(ctx) {
			return ctx.Err()
		}
	}
	return nil
}

// lane is what goes to one destination partition, cut into requests.
type lane struct {
	topic     string
	partition int32
	batches   [][]bus.Message
}

// cutLanes sorts entries by destination, keeping their order, and leaves out those whose source stands below the mark.
func cutLanes(entries []store.OutEntry, below int64, maxBytes int) []*lane {
	type dest struct {
		topic     string
		partition int32
	}
	var lanes []*lane
	byDest := map[dest]*lane{}
	room := map[*lane]int{}
	for i := range entries {
		e := &entries[i]
		if e.Offset < below {
			continue
		}
		to := dest{e.Topic, e.Partition}
		l := byDest[to]
		if l == nil {
			l = &lane{topic: e.Topic, partition: e.Partition}
			byDest[to] = l
			lanes = append(lanes, l)
		}
		m := message(e)
		size := m.Size()
		if len(l.batches) == 0 || room[l] < size {
			l.batches = append(l.batches, nil)
			room[l] = maxBytes
		}
		n := len(l.batches) - 1
		l.batches[n] = append(l.batches[n], m)
		room[l] -= size
	}
	return lanes
}

// message is an output as it enters Kafka.
func message(e *store.OutEntry) bus.Message {
	m := bus.Message{Value: e.Value}
	if len(e.Key) > 0 {
		m.Key = e.Key
	}
	if r, err := event.Decode(e.Value); err == nil {
		m.Headers = headers(event.ControlHeaders(r.Body, r.OutputID))
	}
	return m
}

func headers(in []event.Header) []bus.Header {
	out := make([]bus.Header, len(in))
	for i, h := range in {
		out[i] = bus.Header{Key: h.Key, Value: []byte(h.Value)}
	}
	return out
}
