package customer

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// loyalty is what a customer's surveys and visits leave behind. Each survey, answer and visit is final by itself, nine days after its instant: it stays as it was
// counted then, and what is told later of that time counts nowhere.
type loyalty struct {
	done     int64 // what lies before is final
	rest     int64 // how long the customer should not be asked again, by the policy in force at the last evaluation, ms
	asked    int64 // the last final survey request, 0 when there is none
	opinions []opinion
	legs     []leg
	sessions sessions
	visits   []visit
}

// opinionKeep is how long, in ms, the latest opinion is remembered: as long as panes are. A constant of the state schema.
const opinionKeep = 400 * day

// opinion is the latest final NPS answer given on one channel and queue, ascending by these.
type opinion struct {
	channel    event.Channel
	queue      string
	relational bool
	at, point  int64
}

func (o opinion) place(x opinion) int {
	return cmp.Or(cmp.Compare(o.channel, x.channel), strings.Compare(o.queue, x.queue), cmp.Compare(class(o.relational), class(x.relational)))
}

func class(is bool) uint32 {
	if is {
		return 1
	}
	return 0
}

// opinionOf reads an answer as one to "would you recommend us", on a scale from 0 to 10.
func (c *contact) opinionOf(a event.Answer) (o opinion, ok bool) {
	if a.Instrument != event.NPS || a.ScaleMin != 0 || a.ScaleMax != 10e6 {
		return o, false
	}
	return opinion{c.Channel, c.Queue, !c.Inbound, a.At, min(max((a.Score+500_000)/1e6, 0), 10)}, true
}

// finish makes final what is old enough, and drops what nothing needs any more. The moments of what stays do not change by it.
func (s *State) finish(t int64) {
	s.fixHelps(t)
	l := &s.loyal
	from, to := l.done, max(l.done, t-factKeep)
	if from == to {
		return
	}
	var visits []point
	var votes []vote
	moved := false
	for i := range s.facts {
		c := &s.facts[i]
		if c.Retracted {
			continue
		}
		for _, at := range between(c.ActiveAt, from, to) {
			visits = append(visits, point{at, c.Channel, c.Queue})
			l.visits = note(l.visits, c, at)
		}
		for _, a := range c.Answers {
			if a.At < from || a.At >= to {
				continue
			}
			moved = true
			if o, ok := c.opinionOf(a); ok {
				l.hear(o)
			}
			if v, ok := c.voteOf(a); ok {
				votes = append(votes, v)
			}
		}
		for _, at := range between(c.PromptedAt, from, to) {
			moved = true
			l.asked = max(l.asked, at)
		}
	}
	slices.SortFunc(visits, point.compare)
	for _, p := range visits {
		l.sessions.visit(p, s.gap)
		s.risk.rhythm.visit(p, s.gap)
	}
	s.risk.votes = cast(s.risk.votes, votes)
	moved = s.finishSales(from, to, t) || moved
	l.done = to
	if l.drop(t) || moved || len(visits) > 0 {
		s.known = false
	}
}

// hear keeps the latest opinion of each place.
func (l *loyalty) hear(o opinion) {
	i, found := slices.BinarySearchFunc(l.opinions, o, opinion.place)
	switch {
	case !found:
		l.opinions = slices.Insert(l.opinions, i, o)
	case o.supersedes(l.opinions[i].at, l.opinions[i].point):
		l.opinions[i] = o
	}
}

func (o opinion) supersedes(at, point int64) bool { return o.at > at || o.at == at && o.point > point }

// drop forgets what can change nothing any more, and reports whether it stood in moments: these stay counted.
func (l *loyalty) drop(t int64) (counted bool) {
	n := len(l.opinions)
	l.opinions = slices.DeleteFunc(l.opinions, func(o opinion) bool { return o.at+opinionKeep < t })
	l.legs = slices.DeleteFunc(l.legs, func(g leg) bool { return g.last+legKeep < t })
	l.visits = slices.DeleteFunc(l.visits, func(v visit) bool { return v.begin+v.keep() < t })
	if l.asked != 0 && l.asked+l.rest+factKeep < t {
		l.asked = 0
	}
	return l.sessions.drop(t) || len(l.opinions) < n
}

// until is the last instant at which something of it is needed, 0 when nothing is.
func (l *loyalty) until() (t int64) {
	for _, o := range l.opinions {
		t = max(t, o.at+opinionKeep)
	}
	for _, v := range l.visits {
		t = max(t, v.begin+v.keep())
	}
	for _, g := range l.legs {
		t = max(t, g.last+legKeep)
	}
	if l.sessions.last.at != 0 {
		t = max(t, l.sessions.last.at+Keep)
	}
	if l.asked != 0 {
		t = max(t, l.asked+l.rest+factKeep)
	}
	return t
}

// between cuts ascending instants to [from, to).
func between(ats []int64, from, to int64) []int64 {
	i, _ := slices.BinarySearch(ats, from)
	j, _ := slices.BinarySearch(ats, to)
	return ats[i:max(i, j)]
}

// loyaltyMoments derives what is not final yet, and the indices that move with the customer.
func (s *State) loyaltyMoments(out []convo.Moment) []convo.Moment {
	out = s.visitMoments(out)
	var asked []convo.Moment
	for i := range s.facts {
		c := &s.facts[i]
		if c.Retracted {
			continue
		}
		for _, at := range c.PromptedAt {
			if at >= s.loyal.done {
				asked = append(asked, convo.Moment{Kind: convo.Asked, At: at, Group: c.group()})
			}
		}
	}
	out = s.tire(out, asked)
	return s.journeys(s.recommendations(out))
}

// tire tells the requests apart that came too soon after another.
func (s *State) tire(out, asked []convo.Moment) []convo.Moment {
	slices.SortStableFunc(asked, func(a, b convo.Moment) int { return cmp.Compare(a.At, b.At) })
	before, last := int64(0), s.loyal.asked // the last request before this one; the last one so far
	for _, m := range asked {
		if m.At > last {
			before, last = last, m.At
		}
		m.Class = class(before != 0 && before > m.At-s.loyal.rest)
		out = append(out, m)
	}
	return out
}

// recommendations are all answers to "would you recommend us", and the latest of them in each roll-up.
func (s *State) recommendations(out []convo.Moment) []convo.Moment {
	var latest []convo.Moment
	consider := func(o opinion) {
		groups, n := rollUps(o.channel, o.queue)
		for _, g := range groups[:n] {
			i := slices.IndexFunc(latest, func(m convo.Moment) bool { return m.Group == g && m.Class == class(o.relational) })
			if i < 0 {
				i = len(latest)
				latest = append(latest, convo.Moment{Kind: convo.Recommends, Group: g, Class: class(o.relational)})
			}
			if m := &latest[i]; o.supersedes(m.At, m.Value/1e6) {
				m.At, m.Value = o.at, o.point*1e6
			}
		}
	}
	for _, o := range s.loyal.opinions {
		consider(o)
	}
	for i := range s.facts {
		c := &s.facts[i]
		for _, a := range c.Answers {
			o, ok := c.opinionOf(a)
			if !ok || c.Retracted || a.At < s.loyal.done {
				continue
			}
			consider(o)
			out = append(out, convo.Moment{Kind: convo.Recommended, At: o.at, Group: c.group(), Value: o.point * 1e6, Class: class(o.relational)})
		}
	}
	return append(out, latest...)
}

// rollUps are the groups in which what is distinct is counted: each by itself, for it does not add up.
func rollUps(channel event.Channel, queue string) (groups [4]window.Group, n int) {
	c := channel.String()
	if queue == "" {
		return [4]window.Group{{}, {Channel: c}}, 2
	}
	return [4]window.Group{{}, {Channel: c}, {Queue: queue}, {Channel: c, Queue: queue}}, 4
}

// heed takes over what the policy says of surveys.
func (s *State) heed(p *sla.Policy) {
	if rest := p.SurveysRestMs(); rest != s.loyal.rest {
		s.loyal.rest, s.known = rest, s.known && !s.wasAsked()
	}
	if lookback := p.ValueLookbackMs(); lookback != s.value.lookback {
		s.value.lookback, s.known = lookback, false
	}
}

// wasAsked reports whether the customer is known to have been sent a survey.
func (s *State) wasAsked() bool {
	return s.loyal.asked != 0 || slices.ContainsFunc(s.facts, func(c contact) bool { return len(c.PromptedAt) > 0 })
}
