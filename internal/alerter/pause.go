package alerter

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// pause spaces attempts at servers: longer each time, jittered.
type pause struct{ b *backoff.ExponentialBackOff }

func newPause() pause {
	b := &backoff.ExponentialBackOff{InitialInterval: 100 * time.Millisecond, RandomizationFactor: 0.5, Multiplier: 2, MaxInterval: 5 * time.Second}
	b.Reset()
	return pause{b}
}

// wait returns false when ctx ended first.
func (p pause) wait(ctx context.Context) bool { return sleep(ctx, p.b.NextBackOff()) }

func (p pause) reset() { p.b.Reset() }

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// jitter returns something between half and one and a half of d.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d) }
