package worker

import (
	"math"
	"time"
)

const (
	// slack is what a tick may gain on the monotonic clock: two clocks are never quite alike.
	slack = 2 * time.Second
	// maxJump is how far time may jump at the beginning without a second opinion.
	maxJump = time.Hour
)

// none and unknown are offsets of the own tick that is not folded yet: there is none, or its place in the log is not known.
const (
	none    = int64(-1)
	unknown = int64(math.MaxInt64)
)

// clock is what an owner remembers of time. It lives as long as the owner, through all its sessions.
type clock struct {
	anchor   int64     // newest tick written, or folded ahead of it; 0 before the first own tick
	anchored time.Time // when that was, on the monotonic clock
	wrote    time.Time // when the last tick was written, or tried
	pending  int64     // offset of the own tick that is not folded yet
	received int64     // newest received_at in the log, Unix ms
	held     bool      // the start rule holds time back, and that has been said
}

// folded notes a tick that was met in the log. One ahead of our own reckoning moves it: time never goes back.
func (c *clock) folded(at int64) {
	if c.anchor != 0 && at > c.anchor+time.Since(c.anchored).Milliseconds() {
		c.anchor, c.anchored = at, time.Now()
	}
}

// clocks is what the clocks say when a tick is due. Instants are Unix ms.
type clocks struct {
	own, redis int64
	folded     int64         // time of the partition: its newest tick
	received   int64         // newest received_at seen in the log
	anchor     int64         // newest tick of ours, 0 before the first
	since      time.Duration // passed on the monotonic clock since the anchor
	accept     bool          // no second opinion is needed: embedded, two hosts, or the operator's word
	empty      bool          // the log holds no time at all: no tick, no event
}

// tickVerdict says why a tick is written or not: a closed set.
type tickVerdict string

const (
	tickGo     tickVerdict = "go"
	tickCapped tickVerdict = "capped" // written, but less than the clocks say: they have jumped
	tickBehind tickVerdict = "behind" // the clocks have not passed the partition's time
	tickHeld   tickVerdict = "held"   // a jump at the beginning that nobody has confirmed
)

// nextTick decides which time may be written. A wrong tick is in the log for ever, so:
//
//   - time is the slower of the worker's clock and that of Redis;
//   - it never passes faster than the monotonic clock since the last tick, plus 2 s;
//   - at the beginning, where there is no such tick, a jump of more than an hour past the newest tick and the newest receipt in the log needs clocks on two hosts or an
//     operator's word. A log without any time takes the first one it is given.
func nextTick(r clocks) (int64, tickVerdict) {
	at, verdict := min(r.own, r.redis), tickGo
	switch {
	case r.anchor != 0:
		if limit := r.anchor + r.since.Milliseconds() + slack.Milliseconds(); at > limit {
			at, verdict = limit, tickCapped
		}
	case r.accept || r.empty:
	case at-max(r.folded, r.received) > maxJump.Milliseconds():
		return 0, tickHeld
	}
	if at <= r.folded || at <= 0 {
		return 0, tickBehind
	}
	return at, verdict
}

// tickWait says how long until a tick should be written: when the earliest deadline is over, else every so often. Instants in Unix ms; since is the time since the
// last tick, deadline 0 when there is none.
func tickWait(own, deadline int64, since, gap, every time.Duration) time.Duration {
	wait := every - since
	if deadline > 0 {
		wait = min(wait, max(gap-since, time.Duration(deadline-own)*time.Millisecond))
	}
	return max(0, wait)
}
