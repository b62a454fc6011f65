package customer

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
)

// voteKind tells apart the answers that are compared with each other: the scales of satisfaction by their numbers, and NPS of two sorts. Part of the state schema.
type voteKind uint8

const (
	transactionalVote voteKind = 7
	relationalVote    voteKind = 8
)

// scale is what the answers are about, and the ends of their scale.
func (k voteKind) scale() (i event.Instrument, lowest, highest int64) {
	if k >= transactionalVote {
		return event.NPS, 0, 10
	}
	lowest, highest = convo.ScaleEnds(uint32(k))
	return event.CSAT, lowest, highest
}

// promoter is the lowest point of those who would recommend us, and npsFall how many points less are a fall.
const promoter, npsFall = 9, 2

// vote is an answer that says how content the customer is.
type vote struct {
	kind    voteKind
	at      int64 // 0: there is none
	given   int64 // point, 0 the lowest of the scale
	before  int64 // that of the answer of the kind before, -1 when there is none
	channel event.Channel
	queue   string
}

func (v *vote) compare(o *vote) int {
	return cmp.Or(cmp.Compare(v.at, o.at), cmp.Compare(v.kind, o.kind), cmp.Compare(v.given, o.given), strings.Compare(v.channel.String(), o.channel.String()),
		strings.Compare(v.queue, o.queue))
}

func (v *vote) point() point { return point{v.at, v.channel, v.queue} }

// until is the last instant at which it is needed: the next answer may be told late.
func (v *vote) until() int64 { return v.at + riskKeep + factKeep }

// falls reports whether the customer is less content than before, and not content.
func (v *vote) falls() bool {
	if v.at == 0 || v.before < 0 {
		return false
	}
	_, lowest, highest := v.kind.scale()
	if v.kind >= transactionalVote {
		return v.before-v.given >= npsFall && v.given < promoter
	}
	less := v.before - v.given
	return less > 0 && 4*less >= highest-lowest && !convo.Satisfied(uint32(v.kind), v.given)
}

// voteOf reads an answer.
func (c *contact) voteOf(a event.Answer) (v vote, ok bool) {
	v = vote{at: a.At, before: -1, channel: c.Channel, queue: c.Queue}
	if o, nps := c.opinionOf(a); nps {
		v.kind, v.given = transactionalVote, o.point
		if o.relational {
			v.kind = relationalVote
		}
		return v, true
	}
	scale, ok := convo.ScaleOf(a.Instrument, a.ScaleMin, a.ScaleMax)
	if !ok || a.Instrument != event.CSAT {
		return v, false
	}
	v.kind, v.given = voteKind(scale), convo.Point(scale, a.Score)
	return v, true
}

// cast takes the next votes, in any order among them, after those that are known, and returns the latest of each kind.
func cast(known, next []vote) []vote {
	slices.SortFunc(next, func(a, b vote) int { return a.compare(&b) })
	for _, v := range next {
		i, found := slices.BinarySearchFunc(known, v.kind, func(o vote, k voteKind) int { return cmp.Compare(o.kind, k) })
		if !found {
			known = slices.Insert(known, i, v)
			continue
		}
		if v.at-known[i].at <= riskKeep {
			v.before = known[i].given
		}
		known[i] = v
	}
	return known
}

// latestVote is the latest answer of all, the zero one when there is none.
func (s *State) latestVote() (latest vote) {
	var fresh []vote
	for i := range s.facts {
		c := &s.facts[i]
		if c.Retracted {
			continue
		}
		for _, a := range c.Answers {
			if v, ok := c.voteOf(a); ok && a.At >= s.loyal.done {
				fresh = append(fresh, v)
			}
		}
	}
	known := s.risk.votes
	if len(fresh) > 0 {
		known = cast(slices.Clone(known), fresh)
	}
	for i := range known {
		if latest.at == 0 || known[i].compare(&latest) > 0 {
			latest = known[i]
		}
	}
	return latest
}
