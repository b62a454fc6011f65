package convo

import (
	"slices"
	"strconv"

	"github.com/vigia-cx/vigia/internal/event"
)

// contactFact is what stage 2 is told about one episode, or about surveys of the conversation.
type contactFact struct {
	of   subjectOf
	void bool
	event.Fact
}

// subjectOf names what a fact is about within its conversation.
type subjectOf struct {
	surveys bool
	sale    bool
	number  int64
}

func (s subjectOf) String() string {
	n := strconv.FormatInt(s.number, 36)
	if s.sale {
		return "p." + n
	}
	if s.surveys {
		return "s." + n // no episode is called so
	}
	return n
}

func (f *contactFact) equal(o *contactFact) bool {
	return f.void == o.void && f.Customer == o.Customer && f.Queue == o.Queue && f.Team == o.Team && f.Agent == o.Agent && f.Topic == o.Topic && f.Complexity == o.Complexity &&
		f.StartedAt == o.StartedAt && f.Open == o.Open && f.EndedAt == o.EndedAt && f.ResolvedAt == o.ResolvedAt && f.Reopened == o.Reopened && f.Transferred == o.Transferred &&
		f.Agents == o.Agents && f.PeopleAt == o.PeopleAt && f.Bot == o.Bot && f.Inbound == o.Inbound && f.Contained == o.Contained && f.Confirmed == o.Confirmed &&
		slices.Equal(f.ActiveAt, o.ActiveAt) && slices.Equal(f.Answers, o.Answers) && slices.Equal(f.PromptedAt, o.PromptedAt) &&
		f.Mood == o.Mood && f.MoodAt == o.MoodAt && f.AbandonedAt == o.AbandonedAt && f.Broken == o.Broken && slices.Equal(f.Exchanges, o.Exchanges) && slices.Equal(f.Sales, o.Sales)
}

// fact describes the episode at hand.
func (r *run) fact(open bool, ended int64) contactFact {
	f := contactFact{of: subjectOf{number: r.Episode}, void: r.Void, Fact: event.Fact{
		Customer: r.Who, Queue: r.Group.Queue, Team: r.Group.Team, Agent: r.Group.Agent, Topic: r.Group.Topic, Complexity: r.Complexity, StartedAt: r.BeganAt, ActiveAt: r.Active,
		Open: open, EndedAt: ended, Inbound: r.isInbound(),
	}}
	if !open && ended == 0 {
		f.EndedAt = r.Last
	}
	if r.Settled != nil {
		f.ResolvedAt = r.Settled.At
	}
	r.tellWork(&f.Fact)
	r.tellBot(&f.Fact)
	r.tellMood(&f.Fact)
	f.Exchanges = slices.Clone(r.Words.Exchanges)
	return f
}

// isInbound reports whether the customer did something in the episode at hand.
func (r *run) isInbound() bool { return r.Begun && len(r.Active) > 0 }

// tell returns the facts that changed: those gone are taken back, those new or different are told with a higher revision.
func (s *State) tell(before, after *result) []event.Fact {
	var out []event.Fact
	find := func(facts []contactFact, of subjectOf) *contactFact {
		if i := slices.IndexFunc(facts, func(f contactFact) bool { return f.of == of }); i >= 0 {
			return &facts[i]
		}
		return nil
	}
	for i := range before.facts {
		b := &before.facts[i]
		if a := find(after.facts, b.of); told(b) && (a == nil || !told(a) || a.Customer != b.Customer) {
			out = append(out, s.composeFact(b, true))
		}
	}
	for i := range after.facts {
		a := &after.facts[i]
		if !told(a) {
			continue
		}
		if b := find(before.facts, a.of); b == nil || !b.equal(a) {
			out = append(out, s.composeFact(a, false))
		}
	}
	return out
}

// told reports whether stage 2 knows of it: it has a customer who did something, and was not taken back.
func told(f *contactFact) bool {
	return f.Customer != "" && !f.void && (len(f.ActiveAt) > 0 || len(f.Answers) > 0 || len(f.PromptedAt) > 0 || len(f.Sales) > 0)
}

func (s *State) composeFact(f *contactFact, retracted bool) event.Fact {
	s.Revision++
	of := s.ID
	if of == "" {
		of = f.Customer // what a customer does outside conversations: after a merge it must not be mixed up with what the survivor did
	}
	fact := f.Fact
	fact.Tenant, fact.Subject, fact.Revision, fact.Retracted, fact.Channel = s.Tenant, of+"#"+f.of.String(), s.Revision, retracted, s.Channel
	return fact
}
