package oracle

import (
	"slices"

	"github.com/vigia-cx/vigia/internal/event"
)

// acts are what people and bots did in an episode, as far as the customer's contact tells of it: rules 14.5, 17.1 and 18.
type acts struct {
	joined               int64 // instant, 0: nobody has
	moved                bool
	agents               []string // that were current at replies and answers
	reopened             bool     // some reopened undid a resolve
	bot                  bool
	outcome              event.SelfServiceOutcome // the last of self-service
	confirmed            bool
	resolved             int64 // the resolution that stands
	team, agent, subject string
	mood, moodAt         int64       // where it is negative, rule 23
	abandoned            int64       // the last outcome, where it is that and not short; rule 23.3
	broken               bool        // a promise, rule 23.3
	tier                 int64       // complexity
	said                 []utterance // rule 21.1
}

const maxAgents = 16

// join is a reply or an answer, rule 14.5.
func (l *life) join(at int64) {
	a := &l.ep.acts
	if a.joined == 0 {
		a.joined = at
		l.joins(at)
	}
	if name := l.routing.Agent; name != "" && !slices.Contains(a.agents, name) && len(a.agents) < maxAgents {
		a.agents = append(slices.Clone(a.agents), name)
	}
}

// moves says whether an event moves the contact to others, rule 14.5; agent is the one current before it.
func moves(e *taken, agent string) bool {
	switch b := e.Body.(type) {
	case event.Assignment:
		return b.Cause == event.CauseTransfer || b.Cause == event.CauseEscalation || e.kind == assign && agent != "" && e.where.Agent != "" && e.where.Agent != agent
	case event.Call:
		return e.kind == transferred
	}
	return false
}

// did notes what an event did beside all else.
func (l *life) did(e *taken, agent string) {
	a := &l.ep.acts
	if !a.moved && a.joined != 0 && moves(e, agent) {
		a.moved = true
		l.movesOn()
	}
	switch e.kind {
	case botReply, toBot:
		a.bot = true
		l.meets(e.At)
	case selfService:
		a.bot = true
		l.meets(e.At)
		a.outcome = e.Body.(event.SelfService).Outcome
		a.confirmed = a.confirmed || a.outcome == event.SelfServiceConfirmed
	case reopened:
		a.reopened = a.reopened || len(l.ep.resolution) > 0 && !l.ep.void // as in rule 14.3
	}
}

// actsNow are those of the episode at hand with what is known of it now.
func (l *life) actsNow() acts {
	a := l.ep.acts
	if len(l.ep.resolution) > 0 {
		a.resolved = l.ep.resolution[0].At
	}
	a.team, a.agent, a.subject = l.routing.Team, l.routing.Agent, l.topicAt(forever)
	a.mood, a.moodAt = l.moodNow()
	return a
}

// equal says whether they tell the same of a call, or of a contact that is none: of words and signs what rule 21.1 makes of them.
func (a acts) equal(b acts, call bool) bool {
	same := slices.Equal(a.agents, b.agents)
	contained := func(x acts) bool {
		return x.bot && x.joined == 0 && (x.outcome == event.SelfServiceContained || x.outcome == event.SelfServiceConfirmed || x.resolved != 0)
	}
	return same && contained(a) == contained(b) && a.joined == b.joined && a.moved == b.moved && a.reopened == b.reopened && a.bot == b.bot &&
		a.confirmed == b.confirmed && a.resolved == b.resolved && a.team == b.team && a.agent == b.agent && a.subject == b.subject && a.tier == b.tier &&
		a.mood == b.mood && a.moodAt == b.moodAt && a.abandoned == b.abandoned && a.broken == b.broken && slices.Equal(exchanges(a.said, call), exchanges(b.said, call))
}
