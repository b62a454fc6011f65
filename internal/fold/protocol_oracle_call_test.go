package fold

import (
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/window"
)

// call computes a call up to t.
func (v *verdict) call(list []told, t int64) {
	first, last, customer := queueOf(list)
	ch := list[0].Channel.String()
	v.count(started, list[0].At, window.Group{Channel: ch, Queue: first})
	const (
		idle = iota
		waits
		talks
	)
	var (
		state                 = idle
		since, answer, lastAt int64
		g                     window.Group
		active                []int64
		end                   *counted
		closed                bool
	)
	silent := func(to int64) {
		if at := lastAt + staleAfter(event.Voice); !closed && lastAt != 0 && to > at {
			if state == waits {
				v.outcome(lostContact, at, at-since, g)
			}
			state, closed = idle, true
		}
	}
	hangUp := func(at int64) {
		end = &counted{metric: handled, at: at, group: g, value: at - answer, timed: true, spread: true}
		state = idle
	}
	wrapped := func() {
		if end != nil {
			v.counts = append(v.counts, *end)
			end = nil
		}
	}
	for _, x := range list {
		silent(x.At)
		lastAt = x.At
		phase := x.Body.(event.Call).Phase
		if phase == event.PhaseStarted || phase == event.PhaseQueued || phase == event.PhaseAnswered {
			closed = false
		}
		switch phase {
		case event.PhaseStarted:
			active = append(active, x.At)
		case event.PhaseQueued:
			active = append(active, x.At)
			if state == waits && g.Queue == x.Routing.Queue {
				continue
			}
			if state == waits {
				v.outcome(flowOut, x.At, x.At-since, g)
			}
			if state == talks {
				hangUp(x.At)
			}
			wrapped()
			state, since, g = waits, x.At, window.Group{Channel: ch, Queue: x.Routing.Queue}
		case event.PhaseAnswered:
			if state == talks {
				continue
			}
			if g.Channel, g.Queue = ch, x.Routing.Queue; state == idle {
				wrapped()
				since = x.At
			}
			v.outcome(answered, x.At, x.At-since, g)
			state, answer = talks, x.At
		case event.PhaseTransferred:
			if state == talks {
				wrapped()
				hangUp(x.At)
			}
		case event.PhaseAbandoned:
			if state == waits {
				v.outcome(abandoned, x.At, x.At-since, g)
				state = idle
			}
		case event.PhaseEnded:
			switch state {
			case waits:
				v.outcome(abandoned, x.At, x.At-since, g)
				state = idle
			case talks:
				wrapped()
				hangUp(x.At)
			}
			closed = true
		case event.PhaseWrapUpEnded:
			if end != nil {
				end.value += x.At - end.at
				end.at = x.At
				wrapped()
			}
		}
	}
	silent(t)
	wrapped()
	if len(active) > 0 {
		v.episodes = append(v.episodes, episode{customer, event.Voice, last, active})
	}
	if v.open = !closed; v.open && state == waits {
		v.waiting = since
	}
}
