package customer

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
)

// Constants of the state schema, in ms.
const (
	journeySpan  = 7 * day             // how far back from the answer a journey reaches
	handSpan     = 9 * day             // how long after the last sign of a contact an answer can still be about it
	legKeep      = handSpan + factKeep // an answer may be told as late as this, and changes so long
	effortMin    = int64(1_000_000)    // effort is told on a scale from 1
	effortMax    = int64(7_000_000)    // to 7
	manySwitches = 2                   // as many and more are one class
)

// leg is an inbound contact as a part of journeys, known longer than its fact.
type leg struct {
	subject     string
	channel     event.Channel
	topic       string
	any         bool // it is of one topic with all others
	began, last int64
}

func (c *contact) leg() (l leg, ok bool) {
	return leg{c.Subject, c.Channel, c.Topic, c.marks&matchesAny != 0, c.StartedAt, lastOf(c)}, c.Inbound && !c.Retracted && len(c.ActiveAt) > 0
}

func compareLeg(l leg, subject string) int { return strings.Compare(l.subject, subject) }

// remember keeps the leg of a fact that is forgotten at t.
func (l *loyalty) remember(c *contact, t int64) {
	if g, ok := c.leg(); ok && g.last+legKeep >= t {
		i, _ := slices.BinarySearchFunc(l.legs, g.subject, compareLeg)
		l.legs = slices.Insert(l.legs, i, g)
	}
}

// retell forgets the leg of a contact that is told anew.
func (l *loyalty) retell(subject string) {
	if i, found := slices.BinarySearchFunc(l.legs, subject, compareLeg); found {
		l.legs = slices.Delete(l.legs, i, i+1)
	}
}

// journeys derives, for each answer about effort, over how many channels the way to it went.
func (s *State) journeys(out []convo.Moment) []convo.Moment {
	var legs []leg
	for i := range s.facts {
		c := &s.facts[i]
		for _, a := range c.Answers {
			if c.Retracted || a.At < s.loyal.done || a.Instrument != event.CES || a.ScaleMin != effortMin || a.ScaleMax != effortMax {
				continue
			}
			if legs == nil {
				legs = s.allLegs()
			}
			if n, ok := switches(legs, conversationOf(c.Subject), a.At); ok {
				out = append(out, convo.Moment{Kind: convo.Journeyed, At: a.At, Group: c.group(), Value: a.Score, Class: n})
			}
		}
	}
	return out
}

// allLegs are the known inbound contacts in the order of their begins.
func (s *State) allLegs() []leg {
	legs := slices.Clone(s.loyal.legs)
	for i := range s.facts {
		if g, ok := s.facts[i].leg(); ok {
			legs = append(legs, g)
		}
	}
	slices.SortFunc(legs, func(a, b leg) int {
		return cmp.Or(cmp.Compare(a.began, b.began), strings.Compare(a.subject, b.subject))
	})
	return legs
}

// switches counts how often the channel changed on the way to an answer about a conversation; ok is false when no contact of it is known.
func switches(legs []leg, conversation string, at int64) (n uint32, ok bool) {
	var hand *leg
	for i := range legs {
		if g := &legs[i]; g.began <= at && g.last >= at-handSpan && conversationOf(g.subject) == conversation {
			hand = g
		}
	}
	if hand == nil {
		return 0, false
	}
	var before *leg
	for i := range legs {
		g := &legs[i]
		part := g == hand || g.began > at-journeySpan && g.began <= at && (hand.any || g.topic == hand.topic || g.topic == "" || hand.topic == "")
		if !part {
			continue
		}
		if before != nil && before.channel != g.channel {
			n++
		}
		before = g
	}
	return min(n, manySwitches), true
}
