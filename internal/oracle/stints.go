package oracle

import (
	"slices"

	"github.com/vigia-cx/vigia/internal/event"
)

const (
	stintIdle     = 15 * 60_000
	stintsInParts = 32
)

// stint is a time in which an agent has an episode, rule 24.1: [from, to), to is forever while it goes on.
type stint struct {
	agent, team string
	from, to    int64
}

// stints are those of an episode.
type stints struct {
	list  []stint
	runs  bool   // the last one goes on
	fixed []bool // of the parts that stay as they are, whatever comes: whether they count
}

func (s stints) clone() stints {
	s.list, s.fixed = slices.Clone(s.list), slices.Clone(s.fixed)
	return s
}

// parts are how many the stints are told in.
func (s *stints) parts() int { return (len(s.list) + stintsInParts - 1) / stintsInParts }

// fix lets the first parts stay as they are.
func (s *stints) fix(parts int, counts bool) {
	for len(s.fixed) < parts {
		s.fixed = append(s.fixed, counts)
	}
}

func (s *stints) begin(agent, team string, at int64) {
	s.list, s.runs = append(s.list, stint{agent, team, at, forever}), true
}

func (s *stints) end(at int64) {
	if s.runs {
		s.list[len(s.list)-1].to, s.runs = at, false
	}
}

// rests is the instant at which the stint of a text ends by itself, forever where none does.
func (l *life) rests() int64 {
	if voiced(l.channel) || !l.ep.stints.runs {
		return forever
	}
	return min(l.ep.last+stintIdle, l.gapEnd())
}

// rest ends it before anything that happens later.
func (l *life) rest(t int64) {
	if at := l.rests(); at < t {
		l.ep.stints.end(at)
	}
}

// should is the agent who should have a text after an event, "" for nobody.
func (l *life) should(e *taken) string {
	ep := &l.ep
	_, called := e.Body.(event.Call)
	switch {
	case !ep.begun || ep.status != isOpen || ep.charge == bots:
	case ep.contact == nil && !ep.outcome && ep.work.replies == 0:
	case called && (e.kind == transferred || e.kind == ended):
	default:
		return l.routing.Agent
	}
	return ""
}

// works is what an event does to the stints of a text; replies is how many there were before it.
func (l *life) works(e *taken, replies int64) {
	if voiced(l.channel) {
		return
	}
	s, agent := &l.ep.stints, l.should(e)
	if s.runs && s.list[len(s.list)-1].agent != agent {
		s.end(e.At)
	}
	if s.runs || agent == "" {
		return
	}
	begins := l.ep.work.replies > replies
	switch e.kind {
	case inbound, assign, handOff, answered, opened, reopened:
		begins = true
	}
	if begins {
		s.begin(agent, l.routing.Team, e.At)
	}
}

// picksUp is an answered call.
func (l *life) picksUp(at int64) {
	if voiced(l.channel) && l.routing.Agent != "" {
		l.ep.stints.begin(l.routing.Agent, l.routing.Team, at)
	}
}

// wraps is what a handling that waits for its wrap-up adds to the end of the last stint; released is where it ended before.
func (l *life) wraps(h *handling) {
	if s := &l.ep.stints; h.stint > 0 {
		s.list[h.stint-1].to = h.released + h.wrap
	}
}

// stintKey names what an agent hears of, one part of an episode.
type stintKey struct {
	subject       *subject
	episode, part int
	agent         string
}

// shift is what an agent is told: of an episode, or a presence.
type shift struct {
	partition  int32
	offset, at int64
	tenant     string
	agent      string
	key        stintKey
	stints     []stint // nil: taken back
	presence   *presence
	policy     *policy // a new one, told to all
}

// presence is an agent_presence, rule 24.2.
type presence struct {
	at        int64
	hash      uint64
	available bool
	team      string
}

// settleStints lets the stints stay that the subject no longer knows once events are final: those of episodes that have ended, and parts of the one at hand after which another one has
// begun.
func (s *subject) settleStints(base, l *life) {
	for i := range base.finished {
		e := &base.finished[i]
		e.stints.fix(e.stints.parts(), !s.dead && !l.voided(e.n))
	}
	at := &base.ep.stints
	at.fix(at.parts()-1, !s.dead && !l.voided(base.ep.n))
}

// tellAgents says what changed for the agents since the last look, rule 24.2.
func (s *subject) tellAgents(l *life, b *book, offset, now int64) {
	if !b.current().Agents {
		return
	}
	found := map[stintKey][]stint{}
	tell := func(episode int, of stints) {
		counts := !s.dead && !l.voided(episode)
		for i, x := range of.list {
			part := i / stintsInParts
			if part < len(of.fixed) && !of.fixed[part] || part >= len(of.fixed) && !counts {
				continue
			}
			key := stintKey{s, episode, part, x.agent}
			found[key] = append(found[key], x)
		}
	}
	for _, e := range l.finished {
		tell(e.n, e.stints)
	}
	tell(l.ep.n, l.ep.stints)
	for key := range s.shown {
		if _, ok := found[key]; !ok {
			s.shift(key, nil, offset, now)
		}
	}
	for key, list := range found {
		if !slices.Equal(s.shown[key], list) {
			s.shift(key, list, offset, now)
		}
	}
	s.shown = found
}

// layDown ends the stints that go on where the subject is given up, rule 1.15.
func (s *subject) layDown(offset int64) {
	if !s.p.book(s.key.tenant, offset).current().Agents {
		return
	}
	now := s.p.time(offset)
	for key, list := range s.shown {
		if last := list[len(list)-1]; last.to == forever {
			last.to = max(now, last.from)
			s.shift(key, append(slices.Clone(list[:len(list)-1]), last), offset+1, now)
		}
	}
}

func (s *subject) shift(key stintKey, list []stint, offset, now int64) {
	s.shifts = append(s.shifts, shift{partition: s.p.number, offset: offset, at: now, tenant: s.key.tenant, agent: key.agent, key: key, stints: list})
}

// present tells an agent of a presence.
func (s *subject) present(t *taken, b *book, offset int64) {
	if p, ok := t.Body.(event.Presence); ok && b.current().Agents {
		s.shifts = append(s.shifts, shift{partition: s.p.number, offset: offset + 1, at: s.p.time(offset), tenant: s.key.tenant, agent: p.Agent,
			presence: &presence{t.At, t.hash, p.Available, t.where.Team}})
	}
}
