package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// stopper undoes one step of Start.
type stopper struct {
	name string
	stop func(ctx context.Context) error
}

// lifecycle remembers what was started and stops it in reverse.
type lifecycle struct {
	mu       sync.Mutex
	stoppers []stopper
	stopped  bool
	once     sync.Once
	err      error
	log      *slog.Logger
}

// onStop registers how the step that has just succeeded is undone. If everything was stopped meanwhile, it is undone at once.
func (l *lifecycle) onStop(name string, stop func(ctx context.Context) error) {
	l.mu.Lock()
	late := l.stopped
	if !late {
		l.stoppers = append(l.stoppers, stopper{name, stop})
	}
	l.mu.Unlock()
	if !late {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := bounded(ctx, stop); err != nil {
		l.log.Error("a part did not stop cleanly", "part", name, "err", err)
	}
}

// stop undoes everything once, whoever calls and how often; all callers get the same answer. When ctx ends, steps that hang are left behind, and named.
func (l *lifecycle) stop(ctx context.Context) error {
	l.once.Do(func() {
		l.mu.Lock()
		l.stopped = true
		stoppers := slices.Clone(l.stoppers)
		l.mu.Unlock()
		var errs []error
		for _, s := range slices.Backward(stoppers) {
			began := time.Now()
			if err := bounded(ctx, s.stop); err != nil {
				errs = append(errs, fmt.Errorf("stop %s: %w", s.name, err))
				l.log.Error("a part did not stop cleanly", "part", s.name, "err", err)
				continue
			}
			l.log.Debug("stopped", "part", s.name, "took", time.Since(began))
		}
		l.err = errors.Join(errs...)
	})
	return l.err
}

// bounded returns when fn does, or when ctx ends. An ended ctx still gives fn a moment: closing a file or a socket takes no longer.
func bounded(ctx context.Context, fn func(context.Context) error) error {
	const moment = time.Second
	done := make(chan error, 1)
	go func() { done <- fn(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(moment):
		return fmt.Errorf("still busy: %w", context.Cause(ctx))
	}
}
