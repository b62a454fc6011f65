package customer

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
)

// How long after the end of a contact something still tells on it, in ms. Constants of the state schema.
const (
	verified  = 72 * 60 * 60 * 1000 // a person who helps with the same
	confirmed = 24 * 60 * 60 * 1000 // the customer's satisfaction
)

// served reports whether the contact is over and asked for service.
func (c *contact) served() bool {
	switch c.Channel {
	case event.Commerce, event.Survey, event.Task:
		return false
	}
	return !c.Open
}

// rung is how far up the ladder of self-service a contact came. Each rung implies those below.
func (a *surroundings) rung(i int) uint32 {
	c := &a.facts[i]
	switch {
	case !c.Bot || c.PeopleAt != 0:
		return convo.ServedByPeople
	case !c.Contained:
		return convo.ServedDeflected
	case c.marks&helped != 0 || a.any(i, joined, c.StartedAt+1, c.until(verified)):
		return convo.ServedContained
	case c.Confirmed || c.marks&pleased != 0 || a.praise(c):
		return convo.ServedConfirmed
	}
	return convo.ServedVerified
}

// praise is that the customer was satisfied in a conversation.
type praise struct {
	conversation string
	at           int64
}

func (p praise) compare(o praise) int {
	return cmp.Or(strings.Compare(p.conversation, o.conversation), cmp.Compare(p.at, o.at))
}

// praise reports whether the customer was satisfied with the conversation of a contact, from its begin to a day after its end.
func (a *surroundings) praise(c *contact) bool {
	if !a.praised {
		a.praised = true
		for i := range a.facts {
			f := &a.facts[i]
			for _, answer := range f.Answers {
				if !f.Retracted && positive(answer) {
					a.praises = append(a.praises, praise{conversationOf(f.Subject), answer.At})
				}
			}
		}
		slices.SortFunc(a.praises, praise.compare)
	}
	if len(a.praises) == 0 {
		return false
	}
	from := praise{conversationOf(c.Subject), c.StartedAt}
	i, _ := slices.BinarySearchFunc(a.praises, from, praise.compare)
	return i < len(a.praises) && a.praises[i].conversation == from.conversation && a.praises[i].at <= c.until(confirmed)
}

// positive reports whether an answer says that the customer is satisfied.
func positive(a event.Answer) bool {
	scale, ok := convo.ScaleOf(a.Instrument, a.ScaleMin, a.ScaleMax)
	return ok && a.Instrument == event.CSAT && convo.Satisfied(scale, convo.Point(scale, a.Score))
}
