package agent

import (
	"cmp"
	"slices"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/window"
)

const (
	minute = 60 * 1000
	day    = 24 * 60 * minute
)

// Constants of the state schema.
const (
	keep         = 2 * day  // what is older is final
	lasts        = day      // a presence or a stint of which nothing more is heard counts this long
	keepTeam     = 35 * day // of an agent who is silent this long nothing is known any more
	maxContacts  = 2048     // known at once; more are not counted
	maxPresences = 2048
)

// State is one agent. It is owned by the fold that applies to it.
type State struct {
	Tenant, ID string
	Wake       int64

	from      int64      // minutes before are final
	counted   int64      // minutes before are counted
	last      int64      // latest instant that was told
	team      string     // told last before from
	contacts  []contact  // ascending by key
	presences []presence // ascending by instant and id; the first one may lie before from
}

// contact is what the agent did on one part of an episode, as told last.
type contact struct {
	key      uint64 // hash of its subject
	revision uint64
	silent   bool  // it was taken before, or in a part before
	heard    int64 // of one that was taken back: when
	stints   []event.Stint
}

// presence is a change of the agent's presence.
type presence struct {
	at        int64
	id        uint64 // hash of its event
	available bool
	team      string
}

// Change is the difference a fact or a wake-up makes.
type Change struct {
	Gone, New []convo.Moment
	Wake      int64
	Forget    bool
}

// New begins an agent at time t.
func New(tenant, id string, t int64) *State {
	return &State{Tenant: tenant, ID: id, from: floor(t - keep), counted: floor(t)}
}

func floor(t int64) int64 {
	m := t % minute
	if m < 0 {
		m += minute
	}
	return t - m
}

// Apply folds one fact at time t. applied is false for a repeat, and for what there is no room for.
func (s *State) Apply(f event.AgentFact, t int64) (c Change, applied bool) {
	c = s.Tick(t)
	var gone, fresh []convo.Moment
	if p := f.Presence; p != nil {
		gone, fresh, applied = s.attend(presence{p.At, hash64(f.Subject), p.Available, p.Team})
	} else {
		gone, fresh, applied = s.work(f, t)
	}
	last := s.rest(t)
	return Change{Gone: gone, New: append(c.New, fresh...), Wake: last.Wake, Forget: last.Forget}, applied
}

// work replaces what is known of a contact.
func (s *State) work(f event.AgentFact, t int64) (gone, fresh []convo.Moment, applied bool) {
	next := contact{key: hash64(f.Subject), revision: f.Revision, silent: f.Continued, stints: f.Stints}
	i, found := slices.BinarySearchFunc(s.contacts, next.key, func(c contact, key uint64) int { return cmp.Compare(c.key, key) })
	var was contact
	if found {
		was = s.contacts[i]
	}
	if found && was.revision >= next.revision || !found && len(s.contacts) >= maxContacts {
		return nil, nil, false
	}
	if len(was.stints) > 0 && was.stints[0].From < s.from {
		next.silent = true // that it was taken is final
	}
	if len(next.stints) == 0 {
		next.heard, s.last = t, max(s.last, t)
	}
	from := floor(differ(was.stints, next.stints))
	before := s.take(s.minutes(from, s.counted), &was)
	if found {
		s.contacts[i] = next
	} else {
		s.contacts = slices.Insert(s.contacts, i, next)
	}
	for _, x := range next.stints {
		s.last = max(s.last, x.From, end(x))
	}
	gone, fresh = convo.Difference(before, s.take(s.minutes(from, s.counted), &next))
	return gone, fresh, true
}

// attend takes a change of presence into the order of time.
func (s *State) attend(p presence) (gone, fresh []convo.Moment, applied bool) {
	i, found := slices.BinarySearchFunc(s.presences, p, presence.compare)
	if found || p.at < s.from || len(s.presences) >= maxPresences {
		return nil, nil, false
	}
	from := floor(p.at)
	before := s.minutes(from, s.counted)
	s.presences = slices.Insert(s.presences, i, p)
	s.last = max(s.last, p.at)
	gone, fresh = convo.Difference(before, s.minutes(from, s.counted))
	return gone, fresh, true
}

func (p presence) compare(o presence) int {
	return cmp.Or(cmp.Compare(p.at, o.at), cmp.Compare(p.id, o.id))
}

// Tick counts the minutes that are over at t, and gives up what is too old to matter.
func (s *State) Tick(t int64) Change {
	var fresh []convo.Moment
	if to := floor(t); to > s.counted {
		fresh = s.minutes(s.counted, to)
		s.counted = to
	}
	if from := floor(t - keep); from > s.from {
		s.team, s.from = s.teamAt(from), from
		s.forget()
	}
	c := s.rest(t)
	c.New = fresh
	return c
}

// Rest makes what was counted final, and nothing more is counted: the tenant does not want agents to be followed any longer. What is told later of the time before
// counts no more.
func (s *State) Rest(t int64) Change {
	s.contacts, s.presences = nil, nil
	s.counted = max(s.counted, floor(t))
	s.team, s.from = "", s.counted
	return s.rest(t)
}

// forget drops what is final.
func (s *State) forget() {
	s.contacts = slices.DeleteFunc(s.contacts, func(c contact) bool {
		if len(c.stints) == 0 {
			return c.heard < s.from
		}
		return !slices.ContainsFunc(c.stints, func(x event.Stint) bool { return end(x) > s.from })
	})
	old := 0
	for old+1 < len(s.presences) && s.presences[old+1].at < s.from {
		old++
	}
	s.presences = slices.Delete(s.presences, 0, old)
}

// rest says when to look again.
func (s *State) rest(t int64) Change {
	if s.active() {
		return Change{Wake: max(s.counted+minute, t+1)}
	}
	over := s.last + keepTeam + 1
	wake := over
	if len(s.contacts) > 0 || len(s.presences) > 1 {
		wake = min(wake, s.last+keep+2*minute)
	}
	if n := len(s.presences); n > 0 {
		if gone := s.presences[n-1].at + lasts; gone > t {
			wake = min(wake, gone) // no longer shown
		}
	}
	for _, p := range s.presences {
		if p.at > t {
			wake = min(wake, p.at)
			break
		}
	}
	for i := range s.contacts {
		for _, x := range s.contacts[i].stints {
			if x.From > t {
				wake = min(wake, x.From) // one of no length still tells the team
			}
		}
	}
	if t >= over {
		return Change{Forget: true}
	}
	return Change{Wake: max(wake, t+1)}
}

// active reports whether minutes to come, or the one at hand, count something.
func (s *State) active() bool {
	ahead := span{s.counted, 1 << 62}
	return len(s.available(ahead)) > 0 || slices.ContainsFunc(s.contacts, func(c contact) bool {
		return slices.ContainsFunc(c.stints, func(x event.Stint) bool { return max(x.From, ahead.from) < end(x) })
	})
}

// end is where a stint stops counting.
func end(x event.Stint) int64 {
	if x.To == 0 {
		return x.From + lasts
	}
	return min(x.To, x.From+lasts)
}

// differ is the first instant at which two lists of stints mean different things.
func differ(a, b []event.Stint) int64 {
	for i := 0; ; i++ {
		switch {
		case i == len(a) && i == len(b):
			return 1 << 62
		case i == len(a):
			return b[i].From
		case i == len(b):
			return a[i].From
		case a[i].From != b[i].From || a[i].Team != b[i].Team:
			return min(a[i].From, b[i].From)
		case a[i].To != b[i].To:
			at := min(end(a[i]), end(b[i]))
			for _, rest := range [2][]event.Stint{a[i+1:], b[i+1:]} {
				if len(rest) > 0 {
					at = min(at, rest[0].From)
				}
			}
			return at
		}
	}
}

// Counted returns the moments that the agent counts now, as far as they are not final.
func (s *State) Counted() []convo.Moment {
	out := s.minutes(s.from, s.counted)
	for i := range s.contacts {
		out = s.take(out, &s.contacts[i])
	}
	return out
}

// take adds to moments that the contact was taken.
func (s *State) take(out []convo.Moment, c *contact) []convo.Moment {
	if !c.silent && len(c.stints) > 0 && c.stints[0].From >= s.from {
		out = append(out, convo.Moment{Kind: convo.Taken, At: c.stints[0].From, Group: window.Group{Team: c.stints[0].Team, Agent: s.ID}})
	}
	return out
}

// Now is an agent at an instant, as readers see it.
type Now struct {
	Agent, Team string
	Available   bool
	Contacts    int // at hand
}

// Now returns the agent at t; ok is false when nobody knows whether the agent is there.
func (s *State) Now(t int64) (n Now, ok bool) {
	n = Now{Agent: s.ID, Team: s.teamAt(t + 1)}
	for i := range s.contacts {
		if slices.ContainsFunc(s.contacts[i].stints, func(x event.Stint) bool { return x.From <= t && end(x) > t }) {
			n.Contacts++
		}
	}
	for i := len(s.presences) - 1; i >= 0; i-- {
		if p := s.presences[i]; p.at <= t {
			n.Available = p.available && p.at+lasts > t
			return n, n.Contacts > 0 || p.at+lasts > t
		}
	}
	return n, n.Contacts > 0
}

// hash64 is FNV-1a.
func hash64(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
