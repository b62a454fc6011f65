package worker

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/vigia-cx/vigia/internal/retry"
	"github.com/vigia-cx/vigia/internal/store"
)

const (
	watchEvery = 5 * time.Second
	checkEvery = time.Minute
	// silentAfter is how long a heartbeat may be missing.
	silentAfter = 30 * time.Second
)

// watch knows which sources are heard. All owners of a worker share it.
type watch struct {
	mu   sync.Mutex
	seen []sourceState
}

// sourceState is what is known of one source. Instants are Unix ms by the clock of Redis.
type sourceState struct {
	name        store.Source
	heard       int64 // newest heartbeat, 0 while there is none
	silentSince int64 // last sign of life when it has been silent for too long, else 0
	since       int64 // last sign of life, or when watching began
}

func (w *watch) sources() []sourceState {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen
}

// hear takes the newest heartbeats in; beats are zero where Redis knows none.
func hear(before []sourceState, names []store.Source, beats []time.Time, now int64) []sourceState {
	after := make([]sourceState, len(names))
	for i, name := range names {
		s := sourceState{name: name, since: now}
		if i < len(before) {
			s.since = before[i].since
		}
		if !beats[i].IsZero() {
			s.heard = beats[i].UnixMilli()
			s.since = s.heard
		}
		// Absence alone proves nothing: Redis may have lost its data a moment ago.
		if now-s.since >= silentAfter.Milliseconds() {
			s.heard, s.silentSince = 0, s.since
		}
		after[i] = s
	}
	return after
}

// watchWorld looks at what is outside of the log until ctx ends: heartbeats, and whether Redis and the topics still are what they must be.
func (w *Worker) watchWorld(ctx context.Context) {
	checked := time.Now()
	failing := false
	for {
		if err := w.listen(ctx); (err != nil) != failing && ctx.Err() == nil {
			if failing = err != nil; failing {
				w.log.Warn("heartbeats cannot be read", "err", err)
			}
		}
		if time.Since(checked) >= checkEvery {
			checked = time.Now()
			w.checkWorld(ctx)
		}
		every := watchEvery
		if len(w.cfg.Sources) == 0 || w.cfg.ExternalTime {
			every = checkEvery
		}
		if !retry.Sleep(ctx, every) {
			return
		}
	}
}

func (w *Worker) listen(ctx context.Context) error {
	if len(w.cfg.Sources) == 0 || w.cfg.ExternalTime {
		return nil
	}
	now, err := w.vault.Time(ctx)
	if err != nil {
		return err
	}
	beats, err := w.vault.LastHeartbeats(ctx, w.cfg.Sources)
	if err != nil {
		return err
	}
	after := hear(w.watch.sources(), w.cfg.Sources, beats, now.UnixMilli())
	w.watch.mu.Lock()
	w.watch.seen = after
	w.watch.mu.Unlock()
	return nil
}

// checkWorld repeats what was checked at the start. What has become wrong is said aloud; a partition count that has changed ends the worker, before records are
// applied to the wrong state.
func (w *Worker) checkWorld(ctx context.Context) {
	err := w.vault.Check(ctx)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		w.metrics.usable.Set(0)
		w.log.Error("Redis must not hold the state as it is", "err", err)
	} else {
		w.metrics.usable.Set(1)
	}
	have, err := w.journal.Topics(ctx, w.topics.Names()...)
	if err != nil {
		return // unreachable, which whoever reads or writes says
	}
	for _, t := range w.topics.All() {
		err := t.judge(have[t.Name], w.journal.MaxBatchBytes())
		if err != nil {
			w.log.Error("a topic has become unfit", "err", err)
		}
		if n := have[t.Name].Partitions; n > 0 && n != t.Partitions {
			w.fail(fmt.Errorf("worker: %w", err))
		}
	}
}
