package customer_test

import (
	"testing"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
)

// selfServed is a chat that a bot dealt with alone in an hour.
func selfServed(subject string, revision uint64, at int64) event.Fact {
	f := contact(subject, revision, "", at)
	f.Inbound, f.Bot, f.Contained = true, true, true
	f.EndedAt = t0 + at + hour
	return f
}

func rated(subject string, at, score, lowest, highest int64) event.Fact {
	return event.Fact{Subject: subject, Revision: 1, Channel: event.WebChat, Inbound: true, StartedAt: t0 + at, EndedAt: t0 + at,
		Answers: []event.Answer{{At: t0 + at, Instrument: event.CSAT, Score: score * 1e6, ScaleMin: lowest * 1e6, ScaleMax: highest * 1e6}}}
}

// Each rung of the ladder implies those below.
func TestLadder(t *testing.T) {
	for _, c := range []struct {
		want   string
		change func(*event.Fact)
	}{
		{"verified", func(*event.Fact) {}},
		{"confirmed", func(f *event.Fact) { f.Confirmed = true }},
		{"deflected", func(f *event.Fact) { f.Contained, f.Confirmed = false, true }},
		{"people", func(f *event.Fact) { f.PeopleAt = t0 + 1 }},
		{"people", func(f *event.Fact) { f.Bot = false }},
		{"", func(f *event.Fact) { f.Open = true }},
		{"", func(f *event.Fact) { f.Inbound = false }},
		{"", func(f *event.Fact) { f.Channel = event.Commerce }},
		{"", func(f *event.Fact) { f.Channel = event.Survey }},
		{"", func(f *event.Fact) { f.Channel = event.Task }},
	} {
		f := selfServed("a#0", 1, 0)
		c.change(&f)
		s := open(t)
		s.fact(f)
		if c.want == "" {
			s.wantOutcomes(convo.Served)
			continue
		}
		s.wantOutcomes(convo.Served, "0h web_chat "+c.want)
	}
}

// Self-service is not verified when a person had to help with the same up to 72 h after the end, in whatever contact, and is again when that is taken back.
func TestVerified(t *testing.T) {
	s := open(t)
	f := selfServed("a#0", 1, 0)
	f.Topic = "bill"
	s.fact(f)
	helped := contact("b#0", 1, "", 70*hour) // we called them, and so it is no inbound contact
	helped.PeopleAt, helped.Topic = t0+73*hour, "bill"
	s.fact(helped)
	s.wantOutcomes(convo.Served, "0h web_chat bill contained")
	helped.Revision, helped.PeopleAt = 2, t0+73*hour+1
	s.fact(helped)
	s.wantOutcomes(convo.Served, "0h web_chat bill verified")
	helped.Revision, helped.PeopleAt = 3, t0 // before it began
	s.fact(helped)
	s.wantOutcomes(convo.Served, "0h web_chat bill verified")
	helped.Revision, helped.PeopleAt = 4, t0+1 // at the same time
	s.fact(helped)
	s.wantOutcomes(convo.Served, "0h web_chat bill contained")
	helped.Revision, helped.Topic = 5, "card"
	s.fact(helped)
	s.wantOutcomes(convo.Served, "0h web_chat bill verified")
	helped.Revision, helped.Topic = 6, ""
	s.fact(helped)
	s.wantOutcomes(convo.Served, "0h web_chat bill contained")
	helped.Revision, helped.Retracted = 7, true
	s.fact(helped)
	s.wantOutcomes(convo.Served, "0h web_chat bill verified")
}

// A satisfied answer about the conversation confirms it, on whatever scale, from its begin to a day after its end.
func TestConfirmedBySurvey(t *testing.T) {
	for _, c := range []struct {
		want                 string
		at, score, low, high int64
		conversation         string
	}{
		{"confirmed", 25 * hour, 4, 1, 5, "a"},
		{"verified", 25*hour + 1, 5, 1, 5, "a"},
		{"confirmed", 0, 5, 1, 5, "a"},
		{"verified", -1, 5, 1, 5, "a"},
		{"verified", hour, 3, 1, 5, "a"},
		{"verified", hour, 5, 1, 5, "b"},
		{"confirmed", hour, 1, 0, 1, "a"}, {"verified", hour, 0, 0, 1, "a"},
		{"confirmed", hour, 2, 1, 2, "a"}, {"verified", hour, 1, 1, 2, "a"},
		{"confirmed", hour, 3, 1, 3, "a"}, {"verified", hour, 2, 1, 3, "a"},
		{"confirmed", hour, 6, 1, 7, "a"}, {"verified", hour, 5, 1, 7, "a"},
		{"confirmed", hour, 8, 1, 10, "a"}, {"verified", hour, 7, 1, 10, "a"},
		{"confirmed", hour, 8, 0, 10, "a"}, {"verified", hour, 7, 0, 10, "a"},
		{"verified", hour, 9, 0, 9, "a"}, // no scale that we know
	} {
		s := open(t)
		s.fact(selfServed("a#0", 1, 0))
		s.fact(rated(c.conversation+"#s0", c.at, c.score, c.low, c.high))
		s.wantOutcomes(convo.Served, "0h web_chat "+c.want)
	}
	// Effort says nothing of satisfaction, and an answer that is taken back nothing at all.
	s := open(t)
	s.fact(selfServed("a#0", 1, 0))
	effort := rated("a#s0", hour, 7, 1, 7)
	effort.Answers[0].Instrument = event.CES
	s.fact(effort)
	s.wantOutcomes(convo.Served, "0h web_chat verified")
	answer := rated("a#s0", hour, 7, 1, 7)
	answer.Revision = 2
	s.fact(answer)
	s.wantOutcomes(convo.Served, "0h web_chat confirmed")
	answer.Revision, answer.Retracted = 3, true
	s.fact(answer)
	s.wantOutcomes(convo.Served, "0h web_chat verified")
}

// What is forgotten while the contact goes on still tells on it.
func TestConfirmedLongAgo(t *testing.T) {
	s := open(t)
	f := selfServed("a#0", 1, 0)
	f.Open = true
	s.fact(f)
	s.fact(rated("a#s0", hour, 5, 1, 5))
	s.tick(10 * day)
	f.Revision, f.Open, f.EndedAt = 2, false, t0+10*day
	s.fact(f)
	s.wantOutcomes(convo.Served, "0h web_chat confirmed")
}
