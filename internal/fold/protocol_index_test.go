package fold

import (
	"github.com/vigia-cx/vigia/internal/event"
)

// records is what a log of interactions says up to an offset, by the rules of acceptance: too late is what lies before the horizon of the newest tick, a repeat is
// what has the id of another event.
type records struct {
	life, since, at int64
	truncated       bool // the log no longer reaches back to where it began
	losses          []loss
	told            int64 // after a loss: where the state is told again, -1 when it was
	t               int64
	serial          int64
	times           []int64 // time after each record
	gaps            []gapAt
	talks           map[string]*talk // by key
	all             []*talk
	tooLate         int
}

type gapAt struct {
	offset int64
	event.Gap
}

// talk is a conversation in the log.
type talk struct {
	list    []told
	ids     map[string]bool
	before  *talk // what was forgotten
	partial bool  // first seen in the middle or without rules: nothing of it counts
	rests   bool
	last    int64
	keep    int64
}

func readLog(l *wire, since int64, losses []loss) *records {
	return &records{life: l.life, since: since, at: since, truncated: since > 0, losses: losses, told: -1, talks: map[string]*talk{}}
}

// upTo reads on to an offset, not included.
func (r *records) upTo(l *wire, bay int, end int64) {
	for ; r.at < end; r.at++ {
		for len(r.losses) > 0 && r.at == r.losses[0].from {
			r.lose()
		}
		if r.at >= end {
			break
		}
		x := &l.recs[r.at]
		switch b := x.Body.(type) {
		case event.Tick:
			if r.told >= 0 && r.at >= r.told && b.At > r.t {
				r.told = -1
			}
			r.t = max(r.t, b.At)
		case event.Policy:
			r.serial = max(r.serial, b.Serial)
		case event.Gap:
			r.gaps = append(r.gaps, gapAt{r.at, b})
		case *event.Event:
			if route(x.key, partitions) == int32(bay%partitions) {
				r.hear(x.key, b)
			}
		}
		r.times = append(r.times, r.t)
	}
}

// lose skips records that nobody has read: whoever waited then may have been answered in them.
func (r *records) lose() {
	x := r.losses[0]
	r.losses, r.told, r.truncated = r.losses[1:], x.told, true
	for ; r.at < x.to; r.at++ {
		r.times = append(r.times, r.t)
	}
	for _, k := range r.talks {
		if x.to > x.from && !k.partial && judge(k.list, r.t).open {
			// One that nothing wakes before it is told again is still there until then.
			k.partial, k.rests = true, r.t > k.last+k.keep
		}
	}
}

func (r *records) hear(key string, e *event.Event) {
	keep := int64(horizon)
	if r.serial == 0 {
		keep = 24 * 60 * minutes
	}
	if e.At < r.t-keep {
		r.tooLate++
		return
	}
	k := r.talks[key]
	var gone bool
	switch {
	case k == nil:
		gone = true
	case k.partial:
		// What is kept out is forgotten like anything else, and then seen for the first time again.
		gone = r.t > k.last+k.keep && !(k.rests && r.told >= 0)
	case e.Threadless:
		// So is an account when its last episode is over for good. It only matters where that may be in the middle.
		gone = r.truncated && r.t > k.last+episodeGap+k.keep
	}
	if gone {
		k = &talk{ids: map[string]bool{}, partial: r.serial == 0 || r.truncated && !begins(e), before: k}
		r.talks[key] = k
		r.all = append(r.all, k)
	}
	k.keep, k.rests = max(k.keep, keep), false
	if k.ids[e.ID] {
		return
	}
	k.ids[e.ID] = true
	k.last = max(k.last, e.At)
	k.list = append(k.list, told{Event: e, offset: r.at, serial: r.serial, order: rank(e)})
}

// begins: an event that can be the first of a conversation.
func begins(e *event.Event) bool {
	switch b := e.Body.(type) {
	case event.Message:
		return b.Direction == event.Inbound
	case event.Call:
		return b.Phase == event.PhaseStarted || b.Phase == event.PhaseQueued
	case event.ConversationState:
		return b.State == event.StatusOpened
	}
	return false
}

// until is the conversation as the log had told it up to an offset, included.
func (k *talk) until(offset int64) []told {
	n := 0
	for n < len(k.list) && k.list[n].offset <= offset {
		n++
	}
	return k.list[:n]
}

// held says until when a deadline waits because its source was blind, as known at an offset.
func (r *records) held(dueAt, offset int64) (until int64) {
	open := map[int64]int64{}
	for _, g := range r.gaps {
		if g.offset > offset {
			break
		}
		end, known := open[g.From]
		if g.To != 0 {
			end = g.To
		} else if !known {
			end = g.From + 60*minutes
		}
		open[g.From] = end
	}
	for from, end := range open {
		if from <= dueAt && dueAt <= end {
			until = max(until, end+5*minutes)
		}
	}
	return until
}
