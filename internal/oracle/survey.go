package oracle

import (
	"cmp"
	"maps"
	"slices"

	"github.com/vigia-cx/vigia/internal/event"
)

// The moments of rule 15.
const (
	Prompted Kind = "prompted" // value: how far it came
	Rated    Kind = "rated"    // value: the score
)

// How far a request came.
const (
	reachedDelivered = 1 << iota
	reachedSeen
	reachedAnswer
)

// What requests are answered on and when they are asked, in the order of their numbers from 1: rule 15.2.
var (
	widgets = []string{"thumbs", "faces", "stars", "scale", "form"}
	askedAt = []string{"conversation", "resolution", "purchase", "visit", "later"}
)

const (
	surveyKept = 7 * dayMs
	maxSurveys = 64
	noEpisode  = -1
)

// belongs is what requests and answers have in common: where they are and count.
type belongs struct {
	first   uint64 // hash of the id of their first event
	at      int64
	episode int
	hand    bool   // it was at hand
	topic   string // known then, when none was at hand
	settled bool   // the first event is final, and the group
	group   Group
}

// request is a survey that was sent, rule 15.1.
type request struct {
	belongs
	id      uint32 // 0: none
	named   bool
	reached int64
	widget  string
	moment  string
}

// answer is what a customer said, rule 15.3; of its versions the one that counts.
type answer struct {
	belongs
	response, question string
	version            event.SurveyAnswered
	serial             int64
}

// surveys are those of a subject that are remembered.
type surveys struct {
	requests []request
	answers  []answer
	early    map[uint32]int64 // what final states said of requests that are known but not final
}

func (s surveys) clone() surveys {
	c := surveys{slices.Clone(s.requests), slices.Clone(s.answers), map[uint32]int64{}}
	maps.Copy(c.early, s.early)
	return c
}

func (l *life) belongs(e *taken) belongs {
	b := belongs{first: e.hash, at: e.At, episode: l.ep.n, hand: l.ep.begun}
	if !b.hand {
		b.topic = l.routing.Topic
		b.episode = l.ep.n - 1 // noEpisode when this is the first
	}
	return b
}

// survey is what an event of a survey does.
func (l *life) survey(e *taken) {
	switch b := e.Body.(type) {
	case event.SurveyRequested:
		if e.spent {
			return
		}
		id, named := uint32(fnv(b.Request)), b.Request != ""
		i := slices.IndexFunc(l.requests, func(r request) bool { return named && r.named && r.id == id })
		if i < 0 {
			i = len(l.requests)
			spec := l.book.of(e.serial).Surveys[b.Survey]
			l.requests = append(l.requests, request{belongs: l.belongs(e), id: id, named: named, widget: spec.Widget, moment: spec.Moment})
			if named {
				l.requests[i].reached = l.early[id]
			}
		}
		if b.Displayed {
			l.requests[i].reached |= reachedSeen | reachedDelivered
		}
	case event.SurveyAnswered:
		limit := int64(dayMs)
		if l.channel == event.Email {
			limit = 7 * dayMs
		}
		for i := range l.requests {
			if r := &l.requests[i]; b.Request != "" && r.named && r.id == uint32(fnv(b.Request)) && r.at <= e.At && e.At <= r.at+limit {
				r.reached |= reachedAnswer
			}
		}
		if e.spent {
			return
		}
		i := slices.IndexFunc(l.answers, func(a answer) bool { return a.response == b.Response && a.question == b.Question })
		if i < 0 {
			i = len(l.answers)
			a := answer{belongs: l.belongs(e), response: b.Response, question: b.Question}
			a.group = l.groupAt(e.At)
			l.answers = append(l.answers, a)
		} else if b.Revision < l.answers[i].version.Revision {
			return
		}
		l.answers[i].version, l.answers[i].serial = b, e.serial
	}
}

// stateOf is what a state of a message says of a request with its id.
func stateOf(e *taken) (id uint32, reached int64) {
	m, ok := e.Body.(event.MessageState)
	if !ok {
		return 0, 0
	}
	switch id = uint32(fnv(m.MessageID)); m.State {
	case event.MessageRead, event.MessagePlayed:
		return id, reachedSeen | reachedDelivered
	case event.MessageDelivered:
		return id, reachedDelivered
	}
	return id, 0
}

// reach lets requests find the states of messages, wherever they stand.
func (l *life) reach(events []*taken) {
	for _, e := range events {
		id, reached := stateOf(e)
		for i := range l.requests {
			if r := &l.requests[i]; reached != 0 && r.named && r.id == id {
				r.reached |= reached
			}
		}
	}
}

// place is the group of a request or an answer. That of answers has been known from the beginning, but for its topic.
func (l *life) place(b belongs, known bool) Group {
	if b.settled {
		return b.group
	}
	g := b.group
	if !known {
		g = l.groupAt(b.at).withoutAgent()
	}
	switch {
	case b.hand:
		g.Topic = l.topicAt(b.at)
	case b.topic != "":
		g.Topic = b.topic
	default:
		g.Topic = l.lastTopic(b.episode)
	}
	return g
}

// settleSurveys is rule 15.5 for events that became final; now is the life with all events.
func (l *life) settleSurveys(now *life, final []*taken) {
	for i := range l.requests {
		if r := &l.requests[i]; !r.settled {
			r.group = now.place(r.belongs, false)
			r.settled = true
		}
	}
	for i := range l.answers {
		if a := &l.answers[i]; !a.settled {
			a.group = now.place(a.belongs, true)
			a.settled = true
		}
	}
	l.reach(final)
	for _, e := range final {
		id, reached := stateOf(e)
		if reached != 0 && slices.ContainsFunc(now.requests, func(r request) bool { return r.named && r.id == id }) {
			l.early[id] |= reached
		}
	}
}

// forgetSurveys is rule 15.5: what is too old, or too much, stays as it is counted. l is the life with all events.
func (s *subject) forgetSurveys(l *life, now int64) {
	limit := now - s.horizon - surveyKept
	newest := func(at []int64) int64 {
		slices.Sort(at)
		if len(at) > maxSurveys {
			return max(limit, at[len(at)-maxSurveys])
		}
		return limit
	}
	var asked, said []int64
	for _, r := range s.base.requests {
		asked = append(asked, r.at)
	}
	for _, a := range s.base.answers {
		said = append(said, a.at)
	}
	keep := func(f found, ok bool) {
		if ok && !l.voided(f.episode) && !s.dead {
			s.final = append(s.final, s.finished(l, f))
		}
	}
	from := newest(asked)
	s.base.requests = slices.DeleteFunc(s.base.requests, func(r request) bool {
		if r.at >= from {
			return false
		}
		i := slices.IndexFunc(l.requests, func(o request) bool { return o.first == r.first })
		r.reached = l.requests[i].reached
		keep(l.prompted(r), true)
		s.spend(func(e *taken) bool {
			b, ok := e.Body.(event.SurveyRequested)
			return ok && r.named && uint32(fnv(b.Request)) == r.id && b.Request != ""
		})
		return true
	})
	from = newest(said)
	s.base.answers = slices.DeleteFunc(s.base.answers, func(a answer) bool {
		if a.at >= from {
			return false
		}
		i := slices.IndexFunc(l.answers, func(o answer) bool { return o.first == a.first })
		a.version, a.serial = l.answers[i].version, l.answers[i].serial
		keep(l.rated(a))
		s.spend(func(e *taken) bool {
			b, ok := e.Body.(event.SurveyAnswered)
			return ok && b.Response == a.response && b.Question == a.question
		})
		return true
	})
}

// spend marks events that are not final as of what is being forgotten: they do not begin a new one, rule 15.5.
func (s *subject) spend(of func(*taken) bool) {
	for _, e := range s.events {
		e.spent = e.spent || of(e)
	}
}

// memory is the end of that of the newest request or answer, 0 when there is none.
func (s *subject) memory(l *life) int64 {
	newest := int64(0)
	for _, r := range l.requests {
		newest = max(newest, r.at+s.horizon+surveyKept)
	}
	for _, a := range l.answers {
		newest = max(newest, a.at+s.horizon+surveyKept)
	}
	return newest
}

func (l *life) prompted(r request) found {
	return found{Moment: Moment{Kind: Prompted, At: r.at, Value: r.reached, Widget: r.widget, Moment: r.moment, Group: l.place(r.belongs, false)}, episode: r.episode, settled: true}
}

// scale is one of rule 15.4.
type scale struct {
	instrument event.Instrument
	min, max   int64
}

// scales are those of rule 15.4, in the order of their numbers.
var scales = []scale{
	{event.CSAT, 0, 1}, {event.CSAT, 1, 2}, {event.CSAT, 1, 3}, {event.CSAT, 1, 5}, {event.CSAT, 1, 7}, {event.CSAT, 1, 10}, {event.CSAT, 0, 10},
	{event.CES, 1, 5}, {event.CES, 1, 7},
}

// scoreOf is the score of an answer, reversed where its survey is.
func (l *life) scoreOf(a answer) int64 {
	v := a.version
	if l.book.of(a.serial).Surveys[v.Survey].Reversed {
		return v.ScaleMin + v.ScaleMax - v.Score
	}
	return v.Score
}

// rated is rule 15.3; ok is false for answers on no scale of ours.
func (l *life) rated(a answer) (f found, ok bool) {
	v := a.version
	no := slices.Index(scales, scale{v.Instrument, v.ScaleMin / 1_000_000, v.ScaleMax / 1_000_000})
	if no < 0 || v.ScaleMin%1_000_000 != 0 || v.ScaleMax%1_000_000 != 0 {
		return found{}, false
	}
	return found{Moment: Moment{Kind: Rated, Scale: no + 1, At: a.at, Value: l.scoreOf(a), Group: l.place(a.belongs, true)}, episode: a.episode, settled: true}, true
}

// surveyed are the moments of all that are remembered.
func (l *life) surveyed() []found {
	var out []found
	for _, r := range l.requests {
		out = append(out, l.prompted(r))
	}
	for _, a := range l.answers {
		if f, ok := l.rated(a); ok {
			out = append(out, f)
		}
	}
	slices.SortStableFunc(out, func(a, b found) int { return cmp.Compare(a.At, b.At) })
	return out
}
