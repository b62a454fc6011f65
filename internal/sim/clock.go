package sim

import (
	"sync/atomic"
	"time"
)

// Clock is the time of an invented world, which may pass faster or slower than ours. It is safe for concurrent use.
type Clock struct {
	origin time.Time // the world's time when it was started; zero for our own clock
	speed  float64
	began  atomic.Pointer[time.Time] // when it was started, by our clock; nil before
}

// NewClock returns a clock that stands at an instant of the world until [Clock.Start]. With the zero time and speed 1 it is our own clock, and follows it when it is set.
func NewClock(origin time.Time, speed float64) *Clock {
	if origin.IsZero() && speed != 1 {
		origin = time.Now().Round(0)
	}
	return &Clock{origin: origin, speed: speed}
}

// Start lets time pass. Our own clock needs no start.
func (c *Clock) Start() {
	now := time.Now()
	c.began.CompareAndSwap(nil, &now)
}

// Now returns the time of the world.
func (c *Clock) Now() time.Time {
	if c.origin.IsZero() {
		return time.Now()
	}
	began := c.began.Load()
	if began == nil {
		return c.origin
	}
	return c.origin.Add(time.Duration(float64(time.Since(*began)) * c.speed))
}

// Until returns how long we must wait until an instant of the world; 0 when it is past.
func (c *Clock) Until(at time.Time) time.Duration {
	return max(0, time.Duration(float64(at.Sub(c.Now()))/c.speed))
}

// Theirs returns how much of the world's time passes in some of ours.
func (c *Clock) Theirs(d time.Duration) time.Duration { return time.Duration(float64(d) * c.speed) }
