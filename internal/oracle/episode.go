package oracle

import (
	"maps"
	"slices"

	"github.com/vigia-cx/vigia/internal/event"
)

// The statuses of rule 7.1 are those of the policy's pause_on, and these.
const (
	isOpen     = "open"
	isResolved = "resolved"
	isClosed   = "closed"
	isPending  = "pending_customer"
	isOnHold   = "on_hold"
	isSnoozed  = "snoozed"
)

// Who is in charge, rule 6.1.
const (
	nobody = iota
	people
	bots
)

// turn is the customer's oldest message that people owe an answer to.
type turn struct{ at, serial, last int64 }

// contact is one way of somebody who waits for people, rule 9.1.
type contact struct {
	entered, serial, life int64
	own                   Group // empty for one of rule 9.2
	handled               bool
	answered              int64
	holding               bool
	onHold, held          int64 // since when, and how long before
	agent                 string
}

// handling is one that has ended and may wait for its wrap-up, rule 9.6.
type handling struct {
	at, value int64
	held      int64 // of it
	released  int64 // where it ended without a wrap-up
	stint     int   // place of its stint from 1, 0: none
	wrap      int64 // of it
	wrapped   bool
	group     Group
}

// found is a moment on its way: what it counts, and what brought it about.
type found struct {
	Moment
	by      int // the event that produced it, by its place among those not final; none when it follows from silence so far
	episode int
	all     bool // its group is looked up in the history of all events
	settled bool // its group stands with its topic
	agent   bool // and keeps the agent
}

const none = 1 << 30

// episode is the state of rule 5.1.
type episode struct {
	acts          acts
	work          work
	sounds        []sound
	way           way
	stints        stints
	n             int
	begun         bool
	begin, serial int64
	last          int64
	status        string
	pauses        []pause
	turn          *turn
	charge        int
	firstWord     int64 // 0: none
	wrote         int64 // our last message since the customer's, rule 1.10; 0: none
	replied       bool  // a reply has ended a turn
	contact       *contact
	outcome       bool // a contact has had one
	handling      *handling
	resolution    []found  // the one that stands, with its promise
	void, gone    bool     // gone: for good
	parts         []points // of its activity, that are told by themselves
	points        []int64  // and the rest
}

// life is the state of a subject after some of its events.
type life struct {
	book       *book
	channel    event.Channel
	threadless bool
	own        bool // no conversation

	routing            Group
	history            []told
	topics             []topic
	starts             []int64 // first instant of the second episode and of those after it
	customer           string
	priority           string
	connector, account string

	surveys
	purchases []purchase // that are not final
	ep        episode
	voids     map[int]bool  // of the episodes so far
	finished  []episodeTold // episodes that have ended, for the customer
	out       []found
	direct    map[uint32]bool         // messages that are known by more than a receipt
	scores    map[int]event.Sentiment // by their places
	at        int                     // place of the event at hand
	serial    int64                   // and its policy
}

// topic is one that was told in an episode.
type topic struct {
	episode int
	at      int64
	name    string
}

// topicAt is rule 14.1: the topic at an instant, by all events of the episode there.
func (l *life) topicAt(t int64) string {
	n := 0
	for i, from := range l.starts {
		if from <= t {
			n = i + 1
		}
	}
	name, from := "", int64(0)
	for _, e := range l.topics {
		if e.episode == n && (e.at <= t || name == "" || e.at == from) {
			name, from = e.name, e.at
		}
	}
	return name
}

// lastTopic is the last one told in an episode.
func (l *life) lastTopic(episode int) string {
	name := ""
	for _, e := range l.topics {
		if e.episode == episode {
			name = e.name
		}
	}
	return name
}

// told is an entry of the history of rule 4.1.
type told struct {
	at int64
	Group
}

// clone copies everything that a step changes.
func (l *life) clone() *life {
	c := *l
	c.history = slices.Clone(l.history)
	c.topics, c.starts = slices.Clone(l.topics), slices.Clone(l.starts)
	c.voids = maps.Clone(l.voids)
	c.finished = slices.Clone(l.finished)
	c.out = nil
	c.surveys = l.surveys.clone()
	e := &c.ep
	e.sounds = slices.Clone(e.sounds)
	e.pauses = slices.Clone(e.pauses)
	e.stints = e.stints.clone()
	if e.turn != nil {
		t := *e.turn
		e.turn = &t
	}
	if e.contact != nil {
		t := *e.contact
		e.contact = &t
	}
	if e.handling != nil {
		t := *e.handling
		e.handling = &t
	}
	e.resolution = slices.Clone(e.resolution)
	e.parts = slices.Clone(e.parts)
	e.points = slices.Clone(e.points)
	return &c
}

// groupAt is rule 4.3: the routing at an instant by the history so far.
func (l *life) groupAt(t int64) Group {
	found := Group{Channel: l.channel.String()}
	next := l.history
	for i, h := range l.history {
		if h.at > t {
			break
		}
		found, next = h.Group, l.history[i+1:]
	}
	if found.Queue == "" {
		for _, h := range next {
			if h.Queue != "" {
				found.Queue, found.Team = h.Queue, h.Team
				break
			}
		}
	}
	return found
}

// tell is rule 4.1 and the rest of what every event tells, rule 3.1.
func (l *life) tell(e *taken, cuts bool) {
	was := l.routing
	topic := label(e.Event, event.LabelTopic)
	if cuts {
		topic = "" // it is of the episode that begins, rule 14.1
	}
	g := &l.routing
	for _, f := range []struct {
		to   *string
		name string
	}{{&g.Queue, e.where.Queue}, {&g.Team, e.where.Team}, {&g.Agent, e.where.Agent}, {&g.Topic, topic}} {
		if f.name != "" {
			*f.to = f.name
		}
	}
	if l.routing != was || len(l.history) == 0 {
		l.history = append(l.history, told{e.At, l.routing})
	}
	if e.Customer != "" {
		l.customer = e.Customer
	}
	if s, ok := e.Body.(event.ConversationState); ok && s.Priority != "" {
		l.priority = s.Priority
	}
	l.connector, l.account = e.Source.Connector, e.Source.Account
}

func label(e *event.Event, key string) string {
	for _, l := range e.Labels {
		if l.Key == key {
			return l.Value
		}
	}
	return ""
}

// open is rule 7.1.
func (e *episode) open() bool {
	return e.begun && !e.void && e.status != isResolved && e.status != isClosed
}

// count is a moment whose group is known.
func (l *life) count(m Moment) {
	l.out = append(l.out, found{Moment: m, by: l.at, episode: l.ep.n})
}

// countAll is a moment whose group is looked up in the history of all events.
func (l *life) countAll(m Moment, agent bool) {
	l.out = append(l.out, found{Moment: m, by: l.at, episode: l.ep.n, all: true, agent: agent})
}

// withoutAgent is for moments that no agent is told of.
func (g Group) withoutAgent() Group {
	g.Agent = ""
	return g
}

// pass lets time pass to t: rules 5.3 and 5.4.
func (l *life) pass(t int64) {
	l.rest(t)
	for {
		gap, silence := l.gapEnd(), l.silence()
		switch {
		case silence < t && silence <= gap:
			l.silent(silence)
		case gap < t:
			l.finish(gap, gap+1)
		default:
			return
		}
	}
}

// gapEnd is the instant at which inactivity ends the episode, forever when it does not.
func (l *life) gapEnd() int64 {
	if !l.threadless || !l.ep.begun {
		return forever
	}
	return l.ep.last + l.book.of(l.ep.serial).episodeGap()
}

// silence is the instant at which the contact or the call ends by silence, forever when it does not.
func (l *life) silence() int64 {
	if c := l.ep.contact; c != nil {
		return min(forever, c.life+l.book.of(c.serial).stale(l.channel))
	}
	if voiced(l.channel) && l.ep.open() {
		return min(forever, l.ep.last+l.book.of(l.ep.serial).stale(l.channel))
	}
	return forever
}

func (l *life) silent(t int64) {
	if c := l.ep.contact; c != nil && !c.handled {
		l.outcome(Lost, t, -1)
	} else if c != nil && voiced(l.channel) {
		l.ep.stints.end(c.life)
	}
	l.ep.contact = nil
	if voiced(l.channel) {
		l.ep.status = isClosed
	}
}

// finish is the end of an episode, rule 5.6; the next one is at hand from an instant on.
func (l *life) finish(t, next int64) {
	e := &l.ep
	l.owed(t, false)
	l.endUpdates(t)
	if len(e.resolution) == 0 {
		l.endPromise(Resolving, e.serial, e.begin, e.begin, t, false)
	}
	if e.contact != nil && !e.contact.handled {
		l.outcome(Lost, t, -1)
	}
	l.countHandling()
	e.stints.end(t)
	for _, m := range e.resolution {
		m.by = l.at
		l.out = append(l.out, m)
	}
	l.out = append(append(l.out, l.moods()...), l.ways()...)
	l.voids[e.n] = e.void
	l.finished = append(l.finished, episodeTold{e.n, l.told(), e.begin, t, false, l.actsNow(), e.stints})
	l.ep = episode{n: e.n + 1}
	l.starts = append(l.starts, next)
	l.routing.Agent, l.routing.Topic = "", ""
}

// countHandling counts the end of handling that waits for its wrap-up, if there is one.
func (l *life) countHandling() {
	if h := l.ep.handling; h != nil {
		for _, m := range h.moments() {
			l.count(m)
		}
		l.ep.handling = nil
	}
}
