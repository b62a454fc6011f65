package sim

import "time"

// Clock is the time of an invented world, which may pass faster or slower than ours.
type Clock struct {
	began  time.Time // ours
	origin time.Time // the world's, at that moment
	speed  float64
}

// NewClock starts a clock at an instant of the world. With the zero time and speed 1 it is our own clock, and follows it when it is set.
func NewClock(origin time.Time, speed float64) *Clock {
	c := &Clock{began: time.Now(), origin: origin, speed: speed}
	if origin.IsZero() && speed != 1 {
		c.origin = c.began.Round(0)
	}
	return c
}

// Now returns the time of the world.
func (c *Clock) Now() time.Time {
	if c.origin.IsZero() {
		return time.Now()
	}
	return c.origin.Add(time.Duration(float64(time.Since(c.began)) * c.speed))
}

// Until returns how long we must wait until an instant of the world; 0 when it is past.
func (c *Clock) Until(at time.Time) time.Duration {
	return max(0, time.Duration(float64(at.Sub(c.Now()))/c.speed))
}

// Ours returns how much of the world's time passes in some of ours.
func (c *Clock) Ours(d time.Duration) time.Duration { return time.Duration(float64(d) * c.speed) }
