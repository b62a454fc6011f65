// Package retry spaces attempts at servers that do not answer: longer each time, and jittered, so that processes that failed together do not come back together.
package retry

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Pause is what lies between two attempts: 0.1 s at first, twice as long each time, at most 5 s, give or take half. It is for one goroutine. Make it with [NewPause].
type Pause struct{ b *backoff.ExponentialBackOff }

// NewPause returns the pause after a first attempt.
func NewPause() Pause {
	b := &backoff.ExponentialBackOff{InitialInterval: 100 * time.Millisecond, RandomizationFactor: 0.5, Multiplier: 2, MaxInterval: 5 * time.Second}
	b.Reset()
	return Pause{b}
}

// Wait waits for the next attempt. It returns false when ctx ended first.
func (p Pause) Wait(ctx context.Context) bool { return Sleep(ctx, p.b.NextBackOff()) }

// Reset begins anew, after an attempt that succeeded.
func (p Pause) Reset() { p.b.Reset() }

// Sleep waits for d. It returns false when ctx ended first.
func Sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Jitter returns something between half and one and a half of d, which must be above 0.
func Jitter(d time.Duration) time.Duration { return d/2 + rand.N(d) }
