package convo

import (
	"slices"
	"strconv"

	"github.com/vigia-cx/vigia/internal/event"
)

// contactFact is what stage 2 is told about one episode.
type contactFact struct {
	episode int64
	who     string
	queue   string
	began   int64
	active  []int64
	open    bool
	ended   int64
	void    bool
}

func (f contactFact) equal(o contactFact) bool {
	return f.who == o.who && f.queue == o.queue && f.began == o.began && f.open == o.open && f.ended == o.ended && f.void == o.void && slices.Equal(f.active, o.active)
}

// fact describes the episode at hand.
func (r *run) fact(open bool, ended int64) contactFact {
	f := contactFact{episode: r.Episode, who: r.Who, queue: r.Group.Queue, began: r.BeganAt, active: r.Active, open: open, ended: ended, void: r.Void}
	if !open && ended == 0 {
		f.ended = r.Last
	}
	return f
}

// tell returns the facts that changed: those gone are taken back, those new or different are told with a higher revision.
func (s *State) tell(before, after *result) []event.Fact {
	var out []event.Fact
	for _, b := range before.facts {
		i := slices.IndexFunc(after.facts, func(a contactFact) bool { return a.episode == b.episode })
		if told(b) && (i < 0 || !told(after.facts[i]) || after.facts[i].who != b.who) {
			out = append(out, s.composeFact(b, true))
		}
	}
	for _, a := range after.facts {
		if !told(a) {
			continue
		}
		i := slices.IndexFunc(before.facts, func(b contactFact) bool { return a.episode == b.episode })
		if i < 0 || !before.facts[i].equal(a) {
			out = append(out, s.composeFact(a, false))
		}
	}
	return out
}

// told reports whether stage 2 knows of the episode: it has a customer who did something, and was not taken back.
func told(f contactFact) bool { return f.who != "" && len(f.active) > 0 && !f.void }

func (s *State) composeFact(f contactFact, retracted bool) event.Fact {
	s.Revision++
	of := s.ID
	if of == "" {
		of = f.who // what a customer does outside conversations: after a merge it must not be mixed up with what the survivor did
	}
	return event.Fact{
		Tenant: s.Tenant, Customer: f.who, Subject: of + "#" + strconv.FormatInt(f.episode, 36), Revision: s.Revision, Retracted: retracted,
		Channel: s.Channel, Queue: f.queue, StartedAt: f.began, ActiveAt: f.active, Open: f.open, EndedAt: f.ended,
	}
}
