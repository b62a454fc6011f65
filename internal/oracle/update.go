package oracle

import "slices"

// Updated is one reply after another, by clock: rule 14.7.
const Updated Kind = "updated"

// The update clocks.
const (
	PeriodicUpdate = "periodic_update"
	PausableUpdate = "pausable_update"
)

var updateClocks = []string{PeriodicUpdate, PausableUpdate}

// sent is the reply that update clocks run from.
type sent struct{ at, serial int64 }

// under is the rule with the pauses that stop a clock.
func (r *rule) under(clock string) *rule {
	switch clock {
	case PeriodicUpdate:
		return r.stoppedBy()
	case PausableUpdate:
		var states []string
		if r != nil {
			states = slices.Clone(r.PauseOn)
		}
		return r.stoppedBy(append(states, isPending)...)
	}
	return r
}

// replies is what a reply does to the update clocks, after all else it does.
func (l *life) replies(e *taken) {
	ep := &l.ep
	ep.work.replies++
	if voiced(l.channel) {
		return
	}
	if u := ep.work.update; u != nil {
		for _, clock := range updateClocks {
			r := l.rule(l.book.clock(u.serial, e.serial), u.at).under(clock)
			l.countAll(Moment{Kind: Updated, Clock: clock, At: e.At, Value: r.elapsed(u.at, e.At, ep.pauses)}, true)
			l.out = append(l.out, l.judge(clock, r, u.at, e.At)...)
		}
	}
	ep.work.update = nil
	if ep.replied && ep.status != isResolved && ep.status != isClosed {
		ep.work.update = &sent{e.At, e.serial}
	}
}

// endUpdates ends the clocks without a reply.
func (l *life) endUpdates(t int64) {
	if u := l.ep.work.update; u != nil {
		for _, clock := range updateClocks {
			l.endPromise(clock, u.serial, u.at, u.at, t, false)
		}
		l.ep.work.update = nil
	}
}
