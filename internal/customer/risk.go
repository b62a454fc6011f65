package customer

import (
	"cmp"
	"slices"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
)

// riskKeep is how long, in ms, what puts a customer at risk does so: after that they are lost. A constant of the state schema.
const riskKeep = 400 * day

// risks is what tells whether a customer may leave. What counts is kept as it was counted, so that it is taken back as it was.
type risks struct {
	rhythm rhythm                  // of the final points
	votes  []vote                  // the latest final answer of each kind, ascending by it
	ending ending                  // the last final contact
	held   [convo.Risks - 1]stance // the reasons that hold, in the order of their classes
	look   int64                   // when that may change without anything being told, 0 never
}

// stance is a reason that holds: since when, and where it counts. The zero one does not hold.
type stance struct {
	since   int64
	channel event.Channel
	queue   string
}

// ending is how a contact went, as far as it went badly.
type ending struct {
	last      point // its last point; the zero ending is of none
	since     int64 // since when it is bad, 0 when it is not
	mood      int64 // of a customer who sounds badly, millionths
	abandoned bool  // the customer gave up waiting
	left      bool  // a promise was broken and nothing was solved
}

// supersedes reports whether a contact is the last one rather than another.
func (e *ending) supersedes(o *ending) bool {
	return cmp.Or(e.last.compare(o.last), cmp.Compare(e.since, o.since)) > 0
}

// ending is how a contact has gone so far; ok is false for what is none.
func (c *contact) ending() (e ending, ok bool) {
	active := c.activity()
	if !c.inbound() || len(active) == 0 {
		return e, false
	}
	e = ending{last: point{active[len(active)-1], c.Channel, c.Queue}, mood: c.Mood, abandoned: c.AbandonedAt != 0, left: c.Broken && !c.Open && c.ResolvedAt == 0}
	for _, bad := range [...]struct {
		is bool
		at int64
	}{{e.mood != 0, c.MoodAt}, {e.abandoned, c.AbandonedAt}, {e.left, c.EndedAt}} {
		if bad.is && (e.since == 0 || bad.at < e.since) {
			e.since = bad.at
		}
	}
	return e, true
}

// lastContact is how the last contact went.
func (s *State) lastContact() ending {
	last := s.risk.ending
	for i := range s.facts {
		if e, ok := s.facts[i].ending(); ok && e.supersedes(&last) {
			last = e
		}
	}
	return last
}

// conclude keeps how a contact went that is forgotten.
func (s *State) conclude(c *contact) {
	if e, ok := c.ending(); ok && e.supersedes(&s.risk.ending) {
		s.risk.ending = e
	}
}

// dropRisks forgets what can matter no more.
func (s *State) dropRisks(t int64) {
	r := &s.risk
	if r.rhythm.until() < t {
		r.rhythm = rhythm{}
	}
	r.votes = slices.DeleteFunc(r.votes, func(v vote) bool { return v.until() < t })
	if r.ending.last.at == 0 || r.ending.since != 0 && r.ending.last.at+riskKeep >= t {
		return
	}
	// One that went well, or long ago, matters as long as there may be one before it.
	for i := range s.facts {
		if e, ok := s.facts[i].ending(); ok && r.ending.supersedes(&e) {
			return
		}
	}
	r.ending = ending{}
}

// weigh finds out what holds at t, and when that may change.
func (s *State) weigh(t int64) {
	r := &s.risk
	var held [convo.Risks - 1]stance
	r.look = 0
	consider := func(at int64) {
		if at > t && (r.look == 0 || at < r.look) {
			r.look = at
		}
	}
	// hold: a reason holds since an instant, as long as what it follows from is not too long ago.
	hold := func(class int, since int64, of point) {
		if t <= of.at+riskKeep {
			held[class-1] = stance{since, of.channel, of.queue}
			consider(of.at + riskKeep + 1)
		}
	}
	if r.rhythm.last.at != 0 {
		consider(r.rhythm.until() + 1)
	}
	for i := range r.votes {
		consider(r.votes[i].until() + 1)
	}
	if !s.apart() {
		beat := s.beat()
		if quiet, ok := beat.quiet(); ok && t > quiet {
			hold(convo.RiskSilent, quiet, beat.last)
		} else if ok {
			consider(quiet + 1)
		}
		if v := s.latestVote(); v.falls() {
			hold(convo.RiskFalling, v.at, v.point())
		}
		if e := s.lastContact(); e.since != 0 {
			hold(convo.RiskNegative, e.since, e.last)
		}
	}
	if held != r.held {
		r.held, s.known = held, false
	}
}

// apart reports whether the customer is nobody to be called: known under another name by now, or asked to be left alone.
func (s *State) apart() bool { return s.Alias != "" || s.outAt != 0 }

// atRisk adds what counts: each reason, and the first of them.
func (r *risks) atRisk(out []convo.Moment) []convo.Moment {
	first := stance{}
	for i, h := range r.held {
		if h.since == 0 {
			continue
		}
		out = h.moments(out, uint32(i+1))
		if first.since == 0 || h.since < first.since {
			first = h
		}
	}
	if first.since == 0 {
		return out
	}
	return first.moments(out, convo.RiskAny)
}

func (h stance) moments(out []convo.Moment, class uint32) []convo.Moment {
	groups, n := rollUps(h.channel, h.queue)
	for _, g := range groups[:n] {
		out = append(out, convo.Moment{Kind: convo.AtRisk, At: h.since, Group: g, Class: class})
	}
	return out
}

// Risk is a reason why the customer is at risk, with the numbers it follows from. Instants are Unix ms, times ms.
type Risk struct {
	Class   uint32 // convo.RiskSilent, convo.RiskFalling or convo.RiskNegative
	Since   int64
	Channel event.Channel
	Queue   string
	At      int64 // the customer's last activity; the answer; the last activity of the contact

	Gaps  []int64 // silent: between the customer's sessions, the oldest first
	Limit int64   // silent: how long they may stay away

	Instrument       event.Instrument // falling
	Relational       bool             // falling: an NPS answer that is not about a contact
	Lowest, Highest  int64            // falling: ends of the scale
	Before, Answered int64            // falling: the points given before and now

	Mood      int64 // negative: how the customer sounds, millionths; 0 when not badly
	Abandoned bool  // negative: the customer gave up waiting
	Left      bool  // negative: a promise was broken and the contact ended unresolved
}

// Risks tells why the customer is at risk, as it counts since the last change: the reasons that hold, each once, silent before falling before negative.
func (s *State) Risks() []Risk {
	var out []Risk
	for i, h := range s.risk.held {
		if h.since == 0 {
			continue
		}
		r := Risk{Class: uint32(i + 1), Since: h.since, Channel: h.channel, Queue: h.queue}
		switch r.Class {
		case convo.RiskSilent:
			beat := s.beat()
			r.At, r.Gaps, r.Limit = beat.last.at, slices.Clone(beat.gaps[:beat.n]), beat.limit()
		case convo.RiskFalling:
			v := s.latestVote()
			r.At, r.Relational = v.at, v.kind == relationalVote
			r.Instrument, r.Lowest, r.Highest = v.kind.scale()
			r.Before, r.Answered = r.Lowest+v.before, r.Lowest+v.given
		case convo.RiskNegative:
			e := s.lastContact()
			r.At, r.Mood, r.Abandoned, r.Left = e.last.at, e.mood, e.abandoned, e.left
		}
		out = append(out, r)
	}
	return out
}
