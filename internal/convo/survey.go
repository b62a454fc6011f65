package convo

import (
	"cmp"
	"slices"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/pack"
	"github.com/vigia-cx/vigia/internal/window"
)

// Constants of the state schema.
const (
	surveyKeep = 7 * 24 * 60 * 60 * 1000 // beyond the horizon, requests and answers are remembered this long, in ms: answers come late and are edited
	maxSurveys = 64                      // requests, and as many answers, that a residue remembers

	answerWithin      = 24 * 60 * 60 * 1000 // an answer after this, in ms, is not the request's merit
	answerWithinEmail = 7 * answerWithin
)

// surveys is the survey requests and answers of the conversation. They outlive its episodes: most answers come when the conversation is over.
type surveys struct {
	PastVoid bool      // the episode before the one at hand was taken back
	Topic    string    // and what it was about
	Inbound  bool      // in some episode before the one at hand the customer did something
	Requests []request // in the order of their first events
	Answers  []answer  // in the order of their first versions
}

// asked is what requests and answers have in common.
type asked struct {
	At    int64
	ID    uint64       // of a request: its first event; of an answer: response and question
	Open  bool         // the episode that it belongs to is the one at hand
	Late  bool         // that episode was over already
	Void  bool         // it is over and was taken back
	Fixed bool         // its first event is forgotten: it counts where it does
	G     window.Group // where it counts
}

// request is one survey that was sent or shown.
type request struct {
	asked
	Subject uint32 // hash of its id, 0 when it has none
	Reach   uint8  // how far it came, without ReachAnswered
	Merit   bool   // it was answered in time
	Widget  uint8  // what it is answered on and when it is asked, as the policy says: see PromptedOn
	Moment  uint8
}

// answer is the newest version of an answer.
type answer struct {
	asked
	Instrument      event.Instrument
	Score, Min, Max int64 // millionths; the score as if more were better
	Revision        uint64
}

func (x surveys) clone() surveys {
	x.Requests, x.Answers = slices.Clone(x.Requests), slices.Clone(x.Answers)
	return x
}

// cut: the episode at hand is over.
func (x *surveys) cut(void bool, topic string) {
	x.PastVoid, x.Topic = void, topic
	for i := range x.Requests {
		x.Requests[i].cut(void)
	}
	for i := range x.Answers {
		x.Answers[i].cut(void)
	}
}

func (a *asked) cut(void bool) {
	if a.Open {
		a.Open, a.Void = false, void
	}
}

// fix makes what begins with events that are about to be forgotten stay where it counts, which the events after them may have decided.
func (x *surveys) fix(counted *surveys) {
	for i := range x.Requests {
		q := &x.Requests[i]
		if j := slices.IndexFunc(counted.Requests, func(o request) bool { return o.ID == q.ID }); j >= 0 {
			q.G, q.Fixed = counted.Requests[j].G, true
		}
	}
	for i := range x.Answers {
		a := &x.Answers[i]
		if j := slices.IndexFunc(counted.Answers, func(o answer) bool { return o.ID == a.ID }); j >= 0 {
			a.G, a.Fixed = counted.Answers[j].G, true
		}
	}
}

// forget gives up what lies before an instant, and more than can be remembered: it stays as it was counted.
func (x *surveys) forget(before int64) {
	x.Requests = x.Requests[forgotten(x.Requests, before):]
	x.Answers = x.Answers[forgotten(x.Answers, before):]
}

// forgets reports whether there is anything to give up.
func (x *surveys) forgets(before int64) bool {
	return forgotten(x.Requests, before) > 0 || forgotten(x.Answers, before) > 0
}

func forgotten[T interface{ at() int64 }](of []T, before int64) int {
	n := max(0, len(of)-maxSurveys)
	for n < len(of) && of[n].at() < before {
		n++
	}
	return n
}

func (a asked) at() int64 { return a.At }

// newest is the instant of the newest request or answer, 0 when there is none.
func (x *surveys) newest() (at int64) {
	if n := len(x.Requests); n > 0 {
		at = x.Requests[n-1].At
	}
	if n := len(x.Answers); n > 0 {
		at = max(at, x.Answers[n-1].At)
	}
	return at
}

// surveyed: a survey was sent, reached the customer, or was answered.
func (r *run) surveyed(e *Entry) {
	switch e.Kind {
	case kindPrompt:
		r.prompted(e)
	case kindReached:
		r.reached(e)
	case kindRating:
		r.rated(e)
	}
}

// asked is a request or answer that begins with an entry.
func (r *run) asked(e *Entry, id uint64) asked {
	a := asked{At: e.At, ID: id, Open: r.Begun, Late: !r.Begun, G: r.groupOf(e.At)}
	if a.Late {
		a.Void, a.G.Topic = r.Surveys.PastVoid, cmp.Or(a.G.Topic, r.Surveys.Topic)
	}
	return a
}

func (r *run) prompted(e *Entry) {
	if e.Subject != 0 {
		if i := slices.IndexFunc(r.Surveys.Requests, func(q request) bool { return q.Subject == e.Subject }); i >= 0 {
			r.Surveys.Requests[i].came(e)
			return
		}
	}
	q := request{asked: r.asked(e, e.ID), Subject: e.Subject}
	q.Widget, q.Moment = r.env.policy(e.Serial).SurveyKind(e.Survey.Survey)
	q.came(e)
	for i := range r.entries {
		if o := &r.entries[i]; o.Kind == kindReached && e.Subject != 0 && o.Subject == e.Subject {
			q.came(o) // the clocks of those who tell differ
		}
	}
	r.Surveys.Requests = append(r.Surveys.Requests, q)
}

func (r *run) reached(e *Entry) {
	for i := range r.Surveys.Requests {
		if q := &r.Surveys.Requests[i]; q.Subject != 0 && q.Subject == e.Subject {
			q.came(e)
		}
	}
}

// came notes how far the request came.
func (q *request) came(e *Entry) { q.Reach = max(q.Reach, e.reach()) }

// reach is how far a request came by an entry.
func (e *Entry) reach() uint8 {
	switch {
	case e.Seen:
		return ReachSeen
	case e.Kind == kindReached:
		return ReachDelivered
	case e.Survey != nil:
		return e.Survey.Reach
	}
	return ReachSent
}

// settleRequests lets requests know what receipts stamped before them say that are about to be forgotten.
func (s *State) settleRequests(cut int) {
	for i := cut; i < len(s.entries); i++ {
		e := &s.entries[i]
		if e.Kind != kindPrompt || e.Subject == 0 {
			continue
		}
		for j := range s.entries[:cut] {
			if o := &s.entries[j]; o.Kind == kindReached && o.Subject == e.Subject && o.reach() > e.reach() {
				step := *e.Survey
				step.Reach = o.reach()
				e.Survey = &step
			}
		}
	}
}

func (r *run) rated(e *Entry) {
	within := int64(answerWithin)
	if r.channel == event.Email {
		within = answerWithinEmail
	}
	for i := range r.Surveys.Requests {
		if q := &r.Surveys.Requests[i]; q.Subject != 0 && q.Subject == e.Subject && e.At-q.At <= within {
			q.Merit = true
		}
	}
	i := slices.IndexFunc(r.Surveys.Answers, func(a answer) bool { return a.ID == e.Survey.Key })
	if i < 0 {
		i = len(r.Surveys.Answers)
		r.Surveys.Answers = append(r.Surveys.Answers, answer{asked: r.asked(e, e.Survey.Key)})
	}
	a := &r.Surveys.Answers[i]
	if e.Survey.Revision < a.Revision {
		return
	}
	a.Instrument, a.Score, a.Min, a.Max, a.Revision = e.Survey.Instrument, e.Value, e.Survey.Min, e.Survey.Max, e.Survey.Revision
	if r.env.policy(e.Serial).Reversed(e.Survey.Survey) {
		a.Score = a.Min + a.Max - a.Score
	}
}

// flushSurveys adds what the surveys count for so far, and tells the customer of each.
func (r *run) flushSurveys(out []Moment) []Moment {
	for i := range r.Surveys.Requests {
		q := &r.Surveys.Requests[i]
		if !q.Fixed {
			g := r.groupOf(q.At)
			q.G.Queue, q.G.Team, q.G.Agent = g.Queue, g.Team, ""
		}
		r.about(&q.asked)
		if r.undone(&q.asked) {
			continue
		}
		m := Moment{Kind: Prompted, At: q.At, Group: q.G, Class: uint32(q.Reach) | PromptedOn(uint32(q.Widget), uint32(q.Moment))}
		if q.Merit {
			m.Class |= ReachAnswered
		}
		out = append(out, m)
		f := r.surveyFact(&q.asked, 0)
		f.PromptedAt = []int64{q.At}
		r.facts = append(r.facts, f)
	}
	for i := range r.Surveys.Answers {
		a := &r.Surveys.Answers[i]
		r.about(&a.asked)
		if r.undone(&a.asked) {
			continue
		}
		if scale, ok := ScaleOf(a.Instrument, a.Min, a.Max); ok {
			out = append(out, Moment{Kind: Rated, At: a.At, Value: a.Score, Group: a.G, Class: scale})
		}
		switch a.Instrument {
		case event.CSAT, event.CES, event.NPS:
			f := r.surveyFact(&a.asked, 1)
			f.Answers = []event.Answer{{At: a.At, Instrument: a.Instrument, Score: a.Score, ScaleMin: a.Min, ScaleMax: a.Max}}
			r.facts = append(r.facts, f)
		}
	}
	return out
}

// about looks up the topic, which is often told last.
func (r *run) about(a *asked) {
	if !a.Fixed && !a.Late {
		a.G.Topic = r.groupOf(a.At).Topic
	}
}

// undone reports whether the episode that it belongs to was taken back.
func (r *run) undone(a *asked) bool { return a.Void || a.Open && r.Void }

// surveyFact is a fact of its own for each request and answer: what is remembered no more is never told again, and so never taken back. Its time is part of its
// name: one that comes again after it was forgotten is another one.
func (r *run) surveyFact(a *asked, kind uint64) contactFact {
	number := (a.ID ^ scatter(uint64(a.At))) &^ (1 << 63)
	return contactFact{of: subjectOf{surveys: true, number: int64(number&^1 | kind)}, Fact: event.Fact{
		Customer: r.Who, Queue: a.G.Queue, Team: a.G.Team, Agent: a.G.Agent, Topic: a.G.Topic, StartedAt: a.At, EndedAt: a.At,
		Inbound: r.Surveys.Inbound || r.isInbound(),
	}}
}

// surveyStep is what an entry says of a survey.
type surveyStep struct {
	Survey     string
	Instrument event.Instrument
	Key        uint64 // of an answer: hash of response and question; versions share it
	Min, Max   int64  // ends of the scale, millionths
	Revision   uint64
	Touchpoint string
	Reach      uint8 // of a request: how far it came by what is forgotten
}

func (x *surveyStep) encode(w *pack.Writer) {
	w.String(x.Survey)
	w.Byte(byte(x.Instrument))
	w.Fixed64(x.Key)
	w.Int(x.Min)
	w.Int(x.Max)
	w.Uint(x.Revision)
	w.String(x.Touchpoint)
	w.Byte(x.Reach)
}

func (x *surveyStep) decode(r *pack.Reader) {
	x.Survey, x.Instrument, x.Key, x.Min, x.Max, x.Revision, x.Touchpoint, x.Reach = r.String(), event.Instrument(r.Byte()), r.Fixed64(), r.Int(), r.Int(), r.Uint(), r.String(), min(r.Byte(), ReachSeen)
}

func (x *surveys) encode(w *pack.Writer) {
	w.Bool(x.PastVoid)
	w.Bool(x.Inbound)
	w.String(x.Topic)
	w.Uint(uint64(len(x.Requests)))
	for i := range x.Requests {
		q := &x.Requests[i]
		q.asked.encode(w)
		w.Uint(uint64(q.Subject))
		w.Byte(q.Reach)
		w.Bool(q.Merit)
		w.Byte(q.Widget)
		w.Byte(q.Moment)
	}
	w.Uint(uint64(len(x.Answers)))
	for i := range x.Answers {
		a := &x.Answers[i]
		a.asked.encode(w)
		w.Byte(byte(a.Instrument))
		w.Int(a.Score)
		w.Int(a.Min)
		w.Int(a.Max)
		w.Uint(a.Revision)
	}
}

func (x *surveys) decode(r *pack.Reader) {
	x.PastVoid, x.Inbound, x.Topic = r.Bool(), r.Bool(), r.String()
	for n := r.Len(); n > 0; n-- {
		x.Requests = append(x.Requests, request{asked: decodeAsked(r), Subject: uint32(r.Uint()), Reach: min(r.Byte(), ReachSeen), Merit: r.Bool(), Widget: r.Byte() & surveyKinds, Moment: r.Byte() & surveyKinds})
	}
	for n := r.Len(); n > 0; n-- {
		x.Answers = append(x.Answers, answer{asked: decodeAsked(r), Instrument: event.Instrument(r.Byte()), Score: r.Int(), Min: r.Int(), Max: r.Int(), Revision: r.Uint()})
	}
}

func (a *asked) encode(w *pack.Writer) {
	w.Int(a.At)
	w.Fixed64(a.ID)
	w.Byte(bits(a.Open, a.Late, a.Void, a.Fixed))
	encodeGroup(w, a.G)
}

func decodeAsked(r *pack.Reader) asked {
	a := asked{At: r.Int(), ID: r.Fixed64()}
	flags := r.Byte()
	a.Open, a.Late, a.Void, a.Fixed, a.G = flags&1 != 0, flags&2 != 0, flags&4 != 0, flags&8 != 0, decodeGroup(r)
	return a
}
