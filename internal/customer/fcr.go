package customer

import (
	"cmp"
	"math"
	"slices"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// marks are what is known of a contact beside its fact. They are part of the state schema.
type marks uint8

const (
	// By the policy in force when the fact came: what was counted must not depend on a later one.
	matchesAny marks = 1 << iota // other contacts are about the same, whatever their topics are
	firstLevel                   // a first contact can resolve its topic

	final // the time within which the customer could come back is over

	// What contacts that are forgotten mean for this one.
	preceded // one came shortly before
	repeated // one came shortly after the resolve
	helped   // in one, a person helped with the same
	pleased  // the customer was satisfied
)

// sight is how much longer than the longest repeat window contacts are remembered, in ms: so late a contact may become known, and still be compared with all before it.
const sight = 2 * day

// assess notes what the policy says of a contact whose fact has just come.
func (c *contact) assess(p *sla.Policy) {
	c.window = 0
	c.marks &^= matchesAny | firstLevel
	if !c.inbound() {
		return
	}
	c.window = p.FCRWindowMs(c.Channel.String())
	if p.FCRMatchesAny() {
		c.marks |= matchesAny
	}
	if p.FirstLevel(c.Topic) {
		c.marks |= firstLevel
	}
}

// inbound reports whether the customer asked for something, and it was not taken back. A fact about a survey, which tells of no activity, is no contact.
func (c *contact) inbound() bool { return !c.Retracted && c.Inbound && len(c.ActiveAt) > 0 }

// resolved reports whether the contact can be a first contact.
func (c *contact) resolved() bool { return c.inbound() && c.ResolvedAt != 0 }

// verdict is when nothing can repeat a resolved contact any more.
func (c *contact) verdict() int64 { return c.ResolvedAt + c.window }

// about reports whether another contact is of the topic of this one.
func (c *contact) about(o *contact) bool {
	return c.marks&matchesAny != 0 || c.Topic == o.Topic || c.Topic == "" || o.Topic == ""
}

// judge marks the contacts whose verdict has fallen due.
func (s *State) judge(t int64) {
	for i := range s.facts {
		c := &s.facts[i]
		if due := c.resolved() && t >= c.verdict(); due != (c.marks&final != 0) {
			c.marks ^= final
			s.known = false
		}
	}
}

// group is where the moments of a contact count.
func (c *contact) group() window.Group {
	return window.Group{Channel: c.Channel.String(), Queue: c.Queue, Team: c.Team, Agent: c.Agent, Topic: c.Topic}
}

// outcomes derives what came of each contact. What counted under a fact that is forgotten stays, and is not counted again.
func (s *State) outcomes(out []convo.Moment) []convo.Moment {
	around := surroundings{facts: s.facts}
	for i := range s.facts {
		c := &s.facts[i]
		if !c.inbound() {
			continue
		}
		if c.resolved() && c.ResolvedAt >= c.counted && c.marks&preceded == 0 && !around.any(i, began, c.StartedAt-c.window, c.StartedAt-1) {
			out = append(out, convo.Moment{Kind: convo.FirstContact, At: c.ResolvedAt, Group: c.group(), Class: around.first(i)})
		}
		if c.served() && c.StartedAt >= c.counted {
			out = append(out, convo.Moment{Kind: convo.Served, At: c.StartedAt, Group: c.group(), Class: around.rung(i)})
		}
	}
	return out
}

// first is the class of a resolved first contact.
func (a *surroundings) first(i int) uint32 {
	c := &a.facts[i]
	class := uint32(c.Complexity & 3)
	if !c.Reopened && c.marks&repeated == 0 && !a.any(i, began, c.ResolvedAt+1, c.verdict()) {
		class |= convo.FirstHeld
		if !c.Transferred && c.Agents <= 1 {
			class |= convo.FirstStrict
		}
	}
	if c.marks&final != 0 {
		class |= convo.FirstFinal
	}
	if c.marks&firstLevel != 0 {
		class |= convo.FirstNet
	}
	return class
}

// surroundings finds, among the contacts of a customer, those that lie near another one in time. Most customers have but one: nothing is sorted before it is needed.
type surroundings struct {
	facts []contact
	by    [2][]nearby
	asked [2]bool

	praises []praise
	praised bool
}

// nearby is an instant of the contact facts[of].
type nearby struct {
	at int64
	of int
}

// What to look for.
const (
	began  = iota // inbound contacts, by their begin
	joined        // contacts that a person took part in, by when
)

func instant(c *contact, what int) (at int64, ok bool) {
	if what == began {
		return c.StartedAt, c.inbound()
	}
	return c.PeopleAt, !c.Retracted && c.PeopleAt != 0
}

// any reports whether an instant of another contact of the same topic lies in [from, to].
func (a *surroundings) any(i, what int, from, to int64) bool {
	if len(a.facts) < 2 {
		return false
	}
	if !a.asked[what] {
		a.asked[what] = true
		a.by[what] = make([]nearby, 0, len(a.facts))
		for k := range a.facts {
			if at, ok := instant(&a.facts[k], what); ok {
				a.by[what] = append(a.by[what], nearby{at, k})
			}
		}
		slices.SortFunc(a.by[what], func(x, y nearby) int { return cmp.Compare(x.at, y.at) })
	}
	c := &a.facts[i]
	k, _ := slices.BinarySearchFunc(a.by[what], from, func(n nearby, at int64) int { return cmp.Compare(n.at, at) })
	for ; k < len(a.by[what]) && a.by[what][k].at <= to; k++ {
		if of := a.by[what][k].of; of != i && c.about(&a.facts[of]) {
			return true
		}
	}
	return false
}

// bequeath leaves with the contacts that stay what those that are old, and about to be forgotten, mean for them.
func (s *State) bequeath(old func(*contact) bool) {
	for i := range s.facts {
		o := &s.facts[i]
		if o.Retracted || !old(o) {
			continue
		}
		for k := range s.facts {
			if c := &s.facts[k]; !old(c) {
				c.inherit(o)
			}
		}
	}
}

func (c *contact) inherit(o *contact) {
	if !c.inbound() {
		return
	}
	within := func(at, from, to int64) bool { return from <= at && at <= to }
	if c.about(o) {
		if at, ok := instant(o, began); ok && within(at, c.StartedAt-c.window, c.StartedAt-1) {
			c.marks |= preceded
		} else if ok && c.resolved() && within(at, c.ResolvedAt+1, c.verdict()) {
			c.marks |= repeated
		}
		if at, ok := instant(o, joined); ok && within(at, c.StartedAt+1, c.until(verified)) {
			c.marks |= helped
		}
	}
	if conversationOf(c.Subject) == conversationOf(o.Subject) {
		for _, answer := range o.Answers {
			if positive(answer) && within(answer.At, c.StartedAt, c.until(confirmed)) {
				c.marks |= pleased
			}
		}
	}
}

// until is the end of the time in which something tells on a contact: of one that is not over nobody knows.
func (c *contact) until(span int64) int64 {
	if c.Open {
		return math.MaxInt64
	}
	return c.EndedAt + span
}
