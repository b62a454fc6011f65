// Package customer is the second stage: what the contacts of one customer, over all channels, add up to.
//
// Stage 1 tells facts about contacts; a fact replaces the one of the same subject by revision. From the facts of the horizon follow the moments: when the
// customer was last active, on which days, when a session began. As in convo, nothing is counted incrementally: the difference goes out.
package customer

import (
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

const day = 24 * 60 * 60 * 1000

// Constants of the state schema.
const (
	factKeep  = 9 * day   // facts of ended contacts can still change at least this long after their last activity
	aliasKeep = 400 * day // a merged customer is remembered for as long as panes are
	Keep      = 35 * day  // of a customer who is silent this long only what loyalty needs is known; windows over distinct customers are no longer than MaxWindow
)

// MaxWindow is the longest window, in ms, over which distinct customers are known.
const MaxWindow = 31 * day

// State is one customer. It is owned by the fold that applies to it.
type State struct {
	Tenant, ID string
	Alias      string // merged into this customer: facts are forwarded
	Wake       int64
	Scratch    *Scratch // may be nil

	aliasAt int64     // time of the last merge or forward
	outAt   int64     // time at which the customer said that they want no proactive help; 0 = they have not
	rests   []rest    // triggers that were set off, in the order of their names
	helps   []help    // and what becomes of them, in the order in which they were decided
	gap     int64     // session gap in force at the last evaluation, ms
	keep    int64     // how long ended contacts are remembered, by the policy in force at the last evaluation, ms
	facts   []contact // ascending by subject; retracted ones stay as tombstones for their revision
	past    []trace   // what forgotten facts leave, ascending by channel and queue
	over    int64     // the last activity that was ever forgotten: sessions up to it are counted for good
	last    []convo.Moment
	known   bool // last is valid
	loyal   loyalty
	risk    risks
	value   value

	dayFrom, dayTo int64 // the local day last asked for
	dayZone        window.Zone
	calendar       calendar
}

// Scratch is memory that one evaluation after the other uses. It belongs to one fold; the zero value is ready.
type Scratch struct {
	moments  []convo.Moment
	compared convo.Comparison
}

// spare gives the memory of moments that nobody will look at again to the next evaluation.
func (s *State) spare(moments []convo.Moment) {
	if w := s.Scratch; w != nil && cap(moments) > cap(w.moments) {
		w.moments = moments[:0]
	}
}

// contact is the newest fact of one subject.
type contact struct {
	event.Fact
	// counted: activity before this instant was counted under a fact that is forgotten, and is not counted again. 0 = there was none.
	counted int64
	// days are the starts of the local days of its activity, in the zone in force when the fact came: what was counted must not depend on a later one.
	days   []int64
	window int64 // within how long after a resolve another contact repeats an inbound one, ms
	marks  marks

	weeks, months begins
}

// activity is what counts of the customer's activity.
func (c *contact) activity() []int64 {
	if c.counted == 0 {
		return c.ActiveAt
	}
	first, _ := slices.BinarySearch(c.ActiveAt, c.counted)
	return c.ActiveAt[first:]
}

// trace is the last activity on one channel and queue, and the local days of what was forgotten: a contact that is told later in that queue must not count them again.
type trace struct {
	channel event.Channel
	queue   string
	at      int64
	days    []int64 // ascending
}

// Change is the difference a fact or a wake-up makes.
type Change struct {
	Gone, New []convo.Moment // with [State.Scratch], good until the next change
	Forward   *event.Fact    // the fact belongs to the customer this one was merged into
	Calls     []Call         // triggers that were set off
	Wake      int64
	Forget    bool
}

// New begins a customer with the first fact.
func New(f event.Fact) *State { return &State{Tenant: f.Tenant, ID: f.Customer, keep: factKeep} }

// Apply folds one fact at time t. applied is false for a repeat.
func (s *State) Apply(f event.Fact, t int64, p *sla.Policy) (c Change, applied bool) {
	switch {
	case f.Erased:
		// What was counted stays, but who is not known is not at risk.
		return Change{Gone: s.risk.atRisk(nil), Forget: true}, true
	case f.MergedInto != "":
		if f.MergedInto != s.ID {
			s.Alias, s.aliasAt = f.MergedInto, t
			s.breakOff()
		}
		return s.Tick(t, p), true
	case s.Alias != "" && !passed(f.Subject, s.ID) && !s.soldTo(&f):
		s.aliasAt = t
		forward := f
		forward.Customer, forward.Subject = s.Alias, f.Subject+via+s.ID
		c = s.rest(t)
		c.Forward = &forward
		return c, true
	case f.OptedOut:
		s.outAt = max(s.outAt, t, f.StartedAt)
		return s.Tick(t, p), true
	case f.Cue != nil:
		s.finish(t)
		before := s.moments()
		call := s.decide(*f.Cue, p)
		s.follow(call, t, p)
		c = s.settle(before, t, p)
		c.Calls = []Call{call}
		return c, true
	}
	i, found := slices.BinarySearchFunc(s.facts, f.Subject, func(o contact, subject string) int { return strings.Compare(o.Subject, subject) })
	if found && s.facts[i].Revision >= f.Revision {
		return Change{Wake: s.Wake}, false
	}
	s.finish(t)
	s.unsettle(&f)
	if found {
		s.unsettle(&s.facts[i].Fact)
	}
	before := s.moments()
	var calls []Call
	if found {
		s.facts[i].Fact = f
	} else {
		c := contact{Fact: f}
		if len(f.ActiveAt) > 0 && f.ActiveAt[0] < t-factKeep {
			// A contact that was silent for so long and comes back: its first days were counted before it was forgotten.
			c.counted = t - factKeep
		}
		s.facts = slices.Insert(s.facts, i, c)
		s.loyal.retell(f.Subject)
		calls = s.again(f, t, p)
	}
	s.facts[i].assess(p)
	s.facts[i].days = nil
	for _, at := range s.facts[i].activity() {
		if start := s.dayStart(at, p.Zone()); !slices.Contains(s.facts[i].days, start) {
			s.facts[i].days = append(s.facts[i].days, start)
		}
	}
	s.date(&s.facts[i], p.Zone())
	s.known = false
	for _, call := range calls {
		s.follow(call, t, p)
	}
	c = s.settle(before, t, p)
	c.Calls = calls
	return c, true
}

// via separates, in the subject of a forwarded fact, the customers it came from. A fact that returns to a customer it has passed is kept there: two customers who
// were merged into each other must not send facts around for ever.
const via = "\x1f"

func passed(subject, id string) bool { return slices.Contains(strings.Split(subject, via)[1:], id) }

// Tick gives up what is too old to change or to matter.
func (s *State) Tick(t int64, p *sla.Policy) Change {
	s.finish(t)
	return s.settle(s.moments(), t, p)
}

func (s *State) settle(before []convo.Moment, t int64, p *sla.Policy) Change {
	if gap := p.SessionGapMs(); gap != s.gap {
		s.gap, s.known = gap, false
	}
	s.heed(p)
	s.keep = max(factKeep, p.FCRLongestMs()+sight)
	s.judge(t)
	s.weigh(t)
	s.judgeHelps(t)
	after := s.moments()
	compared := new(convo.Comparison)
	if s.Scratch != nil {
		compared = &s.Scratch.compared
	}
	gone, fresh := compared.Difference(before, after)
	if len(before) > 0 && (len(after) == 0 || &before[0] != &after[0]) {
		s.spare(before)
	}
	s.forget(t)
	s.dropRisks(t)
	if !s.active() {
		s.spare(s.last)
		s.last, s.known = nil, false // seldom needed again: worked out anew then
	}
	c := s.rest(t)
	c.Gone, c.New = gone, fresh
	return c
}

// active reports whether some contact is open.
func (s *State) active() bool {
	for i := range s.facts {
		if s.facts[i].Open {
			return true
		}
	}
	return false
}

// rest is a change that counts nothing.
func (s *State) rest(t int64) Change {
	wake := s.next(t)
	return Change{Wake: wake, Forget: wake == 0}
}

// moments derives what the facts and traces mean.
func (s *State) moments() []convo.Moment {
	if s.known {
		return s.last
	}
	var out []convo.Moment
	if w := s.Scratch; w != nil && w.moments != nil {
		out, w.moments = w.moments, nil
	} else {
		out = make([]convo.Moment, 0, max(13+2*len(s.facts), len(s.last)+2))
	}
	for _, tr := range s.past {
		out = see(out, tr.channel, tr.queue, tr.at, tr.days)
	}
	points := make([]int64, 0, 2*len(s.facts))
	for i := range s.facts {
		f := &s.facts[i]
		active := f.activity()
		if f.Retracted || len(active) == 0 {
			continue
		}
		out = see(out, f.Channel, f.Queue, active[len(active)-1], f.days)
		points = append(points, active...)
	}
	slices.Sort(points)
	previous := s.over
	for _, at := range points {
		if at > s.over && (previous == 0 || at-previous > s.gap) {
			out = append(out, convo.Moment{Kind: convo.SessionBegan, At: at})
		}
		previous = max(previous, at)
	}
	out = s.outcomes(out)
	out = s.risk.atRisk(s.loyaltyMoments(out))
	out = s.helped(out)
	out = s.valueMoments(out)
	s.last, s.known = out, true
	return out
}

// dayStart is the begin of the local day of an instant. Facts come day by day, so the last answer is kept.
func (s *State) dayStart(at int64, zone window.Zone) int64 {
	if at < s.dayFrom || at >= s.dayTo || s.dayZone != zone {
		d := window.Day(at, zone)
		s.dayFrom, s.dayTo, s.dayZone = window.DayStart(d, zone), window.DayStart(d+1, zone), zone
	}
	return s.dayFrom
}

// see notes activity in every roll-up that the customer is distinct in: distinct counts do not add up, so each roll-up is kept by itself. Moments are in the order of
// their groups; a group has one Active, the latest, and one ActiveDay for each day.
func see(out []convo.Moment, ch event.Channel, queue string, at int64, starts []int64) []convo.Moment {
	groups, n := rollUps(ch, queue)
	for _, g := range groups[:n] {
		i, _ := slices.BinarySearchFunc(out, g, func(m convo.Moment, g window.Group) int { return compareGroups(m.Group, g) })
		// The first moment of a group is its Active.
		if i == len(out) || out[i].Group != g {
			out = slices.Insert(out, i, convo.Moment{Kind: convo.Active, At: at, Group: g})
		}
		out[i].At = max(out[i].At, at)
		for _, start := range starts {
			j := i + 1
			for j < len(out) && out[j].Group == g && out[j].At < start {
				j++
			}
			if j == len(out) || out[j].Group != g || out[j].At != start {
				out = slices.Insert(out, j, convo.Moment{Kind: convo.ActiveDay, At: start, Group: g})
			}
		}
	}
	return out
}

func compareGroups(a, b window.Group) int {
	if c := strings.Compare(a.Channel, b.Channel); c != 0 {
		return c
	}
	return strings.Compare(a.Queue, b.Queue)
}

// Contacts returns the number of contacts known, and how many of them are open.
func (s *State) Contacts() (total, open int) {
	for _, f := range s.facts {
		if f.Retracted || len(f.ActiveAt) == 0 {
			continue
		}
		total++
		if f.Open {
			open++
		}
	}
	return total, open
}
