package oracle

import "github.com/vigia-cx/vigia/internal/event"

// The moments of rule 14.
const (
	Resolved      Kind = "resolved"
	Reopened      Kind = "reopened"
	OpenSegments  Kind = "open segments"
	LastSegment   Kind = "last segment"
	RequesterWait Kind = "requester wait"
	AgentWork     Kind = "agent work"
	Replies       Kind = "replies"
	Joined        Kind = "joined"
	Moved         Kind = "moved"
	Talked        Kind = "talked"
	Held          Kind = "held"
	Wrapped       Kind = "wrapped"
)

// isOver is the kind of pause between two segments, rule 14.4; no rule pauses on it.
const isOver = "over"

// work is what people have done in an episode.
type work struct {
	rest    bool  // no segment runs
	since   int64 // begin of the rest
	again   int64 // begin of the last segment, 0: that of the episode
	replies int64
	joined  Group   // of the joined
	settled bool    // the joined is final
	lost    bool    // and became so while the episode was void
	topic   *string // of the resolve that stands, once it is final
	update  *sent   // that update clocks run from
}

// stoppedBy is the rule with other pauses; without one it is always open.
func (r *rule) stoppedBy(states ...string) *rule {
	c := rule{}
	if r != nil {
		c = *r
	}
	c.PauseOn = states
	return &c
}

// goesOn begins a further segment when none runs, rule 14.4.
func (l *life) goesOn(at int64) {
	w := &l.ep.work
	if !w.rest {
		return
	}
	if w.rest, w.again = false, at; at > w.since {
		l.ep.pauses = fewer(append(l.ep.pauses, pause{isOver, w.since, at}))
	}
}

// resolvedAt is what goes with a resolution, rules 14.3 and 14.4. Its moment stands already.
func (l *life) resolvedAt(at int64, r *rule) {
	ep := &l.ep
	resolution := ep.resolution[0]
	add := func(k Kind, value int64) {
		m := resolution
		m.Kind, m.Value = k, value
		ep.resolution = append(ep.resolution, m)
	}
	all := r.stoppedBy(isOver)
	if r != nil {
		all = r.stoppedBy(append([]string{isOver}, r.PauseOn...)...)
	}
	last := ep.begin
	if ep.work.again != 0 {
		last = ep.work.again
	}
	add(OpenSegments, all.elapsed(ep.begin, at, ep.pauses))
	add(LastSegment, r.elapsed(last, at, ep.pauses))
	add(RequesterWait, r.stoppedBy(isOver, isPending).elapsed(ep.begin, at, ep.pauses))
	add(AgentWork, r.stoppedBy(isOver, isPending, isOnHold, isSnoozed).elapsed(ep.begin, at, ep.pauses))
	add(Replies, ep.work.replies)
	ep.work.rest, ep.work.since, ep.work.topic = true, at, nil
	if !l.threadless {
		l.count(Moment{Kind: Resolved, At: at, Group: resolution.Group})
	}
}

// undone is a resolution that a reopened takes back, rule 14.3.
func (l *life) undone() {
	if ep := &l.ep; len(ep.resolution) > 0 && !ep.void && !l.threadless {
		f := found{Moment: Moment{Kind: Reopened, At: ep.resolution[0].At, Group: ep.resolution[0].Group}, by: l.at, episode: ep.n}
		if topic := ep.work.topic; topic != nil {
			f.Group.Topic, f.settled = *topic, true
		}
		l.out = append(l.out, f)
	}
}

// joins is the first reply or answer, movesOn what moves the contact afterwards, rule 14.5.
func (l *life) joins(at int64) {
	l.ep.work.joined = l.groupAt(at)
	l.count(Moment{Kind: Joined, At: at, Group: l.ep.work.joined})
}

func (l *life) movesOn() {
	if !l.ep.work.lost {
		l.out = append(l.out, found{Moment: Moment{Kind: Moved, At: l.ep.acts.joined, Group: l.ep.work.joined}, by: l.at, episode: l.ep.n, settled: l.ep.work.settled})
	}
}

// settleWork notes the topics of what became final, and whether the joined did while its episode was void; now is the life with all events.
func (l *life) settleWork(now *life) {
	if w := &l.ep.work; l.ep.acts.joined != 0 && !w.settled {
		w.settled, w.lost = true, now.voided(l.ep.n)
		w.joined.Topic = now.topicAt(l.ep.acts.joined)
	}
	if ep := &l.ep; len(ep.resolution) > 0 && ep.work.topic == nil {
		topic := now.topicAt(ep.resolution[0].At)
		ep.work.topic = &topic
	}
}

// holds is a hold or its end while handled, rule 14.6.
func (c *contact) holds(k kind, at int64) {
	switch {
	case k == hold && !c.holding:
		c.holding, c.onHold = true, at
	case k == unhold && c.holding:
		c.holding = false
		c.held += at - c.onHold
	}
}

// heldUntil is how long the customer of a handling that ends was on hold, rule 14.6.
func (c *contact) heldUntil(t int64, b event.Call) int64 {
	switch {
	case b.Talk >= 0:
		return max(0, b.Hold)
	case b.Hold >= 0:
		return min(b.Hold, t-c.answered)
	case c.holding:
		return c.held + t - c.onHold
	}
	return c.held
}

// moments are those of a handling, rules 9.8 and 14.6.
func (h *handling) moments() []Moment {
	return []Moment{
		{Kind: Handled, At: h.at, Value: h.value, Group: h.group},
		{Kind: Talked, At: h.at, Value: h.value - h.held - h.wrap, Group: h.group},
		{Kind: Held, At: h.at, Value: h.held, Group: h.group},
		{Kind: Wrapped, At: h.at, Value: h.wrap, Group: h.group},
	}
}
