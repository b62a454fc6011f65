package convo

import (
	"slices"
	"strconv"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/pack"
)

// Constants of the state schema.
const (
	maxStints = 32             // of one episode in one fact; beyond, the next fact goes on
	quiet     = 15 * 60 * 1000 // on text, an agent who hears and writes nothing for so long is at something else, in ms
)

// stints is who had the episode at hand, and when.
type stints struct {
	List  []stint // ascending by begin; the last one may be going on
	Part  int64   // lists of the episode before this one
	Wraps bool    // the last one ended with the handling that still waits for a wrap-up
}

// stint is a time in which an agent had it.
type stint struct {
	Agent string
	event.Stint
}

func (x stints) clone() stints {
	x.List = slices.Clone(x.List)
	return x
}

func (x *stints) encode(w *pack.Writer) {
	w.Int(x.Part)
	w.Bool(x.Wraps)
	w.Uint(uint64(len(x.List)))
	for _, s := range x.List {
		w.String(s.Agent)
		w.String(s.Team)
		w.Int(s.From)
		w.Int(s.To)
	}
}

func (x *stints) decode(r *pack.Reader) {
	x.Part, x.Wraps = r.Int(), r.Bool()
	for n := r.Len(); n > 0; n-- {
		x.List = append(x.List, stint{r.String(), event.Stint{Team: r.String(), From: r.Int(), To: r.Int()}})
	}
}

// atIt returns the stint that is going on.
func (x *stints) atIt() *stint {
	if n := len(x.List); n > 0 && x.List[n-1].To == 0 {
		return &x.List[n-1]
	}
	return nil
}

// toil finds out, on text, who works on the conversation after an entry; replied says that it was a reply.
func (r *run) toil(e *Entry, replied bool) {
	if r.channel.Voiced() {
		return
	}
	agent := ""
	if r.Begun && r.Status == kindOpened && !r.Bots && (r.Contact.State != none || r.Contacted || r.Work.Replies > 0) {
		agent = r.Group.Agent
	}
	begins := replied
	switch e.Kind {
	case kindTransferred, kindEnded:
		agent = "" // a chat's way through a queue ends: until somebody writes, nobody is at it
	case kindInbound, kindAssign, kindHandoff, kindAnswered, kindOpened, kindReopened:
		begins = true
	}
	if at := r.Stints.atIt(); at != nil {
		if at.Agent == agent {
			return
		}
		r.layDown(e.At)
	}
	if begins && agent != "" {
		r.takeUp(e.At, agent, r.Group.Team)
	}
}

// takeUp begins a stint.
func (r *run) takeUp(at int64, agent, team string) {
	if !r.env.Current.Agents() || agent == "" {
		return
	}
	if len(r.Stints.List) == maxStints {
		r.tellStints()
		r.Stints = stints{Part: r.Stints.Part + 1}
	}
	r.Stints.Wraps = false
	r.Stints.List = append(r.Stints.List, stint{agent, event.Stint{From: at, Team: team}})
}

// layDown ends the stint that is going on. It may have had no length: who answers within a millisecond took the contact all the same.
func (r *run) layDown(at int64) (ended bool) {
	x := r.Stints.atIt()
	if x == nil {
		return false
	}
	x.To = at
	return true
}

// wrapUpStint adds the after-call work, which is mostly told after the call, to the stint that ended with it.
func (r *run) wrapUpStint(h *handle) {
	if n := len(r.Stints.List); n > 0 && r.Stints.Wraps {
		r.Stints.List[n-1].To = h.At + h.Wrap
	}
}

// quietAt is the instant after which an agent who hears and writes nothing is at something else, 0 when nobody is at it.
func (r *run) quietAt() int64 {
	if r.channel.Voiced() || r.Stints.atIt() == nil {
		return 0
	}
	return r.Last + quiet
}

// shift is what one part of an episode tells of one agent.
type shift struct {
	agent         string
	episode, part int64
	void          bool
	stints        []event.Stint
}

func (a *shift) same(b *shift) bool {
	return a.agent == b.agent && a.episode == b.episode && a.part == b.part
}

// tellStints tells of each agent in the list at hand.
func (r *run) tellStints() {
	first := len(r.shifts)
	for _, x := range r.Stints.List {
		i := slices.IndexFunc(r.shifts[first:], func(s shift) bool { return s.agent == x.Agent })
		if i < 0 {
			i = len(r.shifts) - first
			r.shifts = append(r.shifts, shift{agent: x.Agent, episode: r.Episode, part: r.Stints.Part})
		}
		s := &r.shifts[first+i]
		s.stints = append(s.stints, x.Stint)
	}
}

// tellAgents returns what changed for agents. A policy that does not follow agents says nothing, and takes nothing back.
func (s *State) tellAgents(env *Env, before, after *result) []event.AgentFact {
	if !env.Current.Agents() || len(before.shifts)+len(after.shifts) == 0 {
		return nil
	}
	var out []event.AgentFact
	find := func(in []shift, x *shift) *shift {
		if i := slices.IndexFunc(in, func(o shift) bool { return o.same(x) && !o.void }); i >= 0 {
			return &in[i]
		}
		return nil
	}
	for i := range before.shifts {
		if b := &before.shifts[i]; !b.void && find(after.shifts, b) == nil {
			out = append(out, s.composeShift(b, nil))
		}
	}
	for i := range after.shifts {
		a := &after.shifts[i]
		if a.void {
			continue
		}
		if b := find(before.shifts, a); b == nil || !slices.Equal(b.stints, a.stints) {
			out = append(out, s.composeShift(a, a.stints))
		}
	}
	return out
}

func (s *State) composeShift(x *shift, of []event.Stint) event.AgentFact {
	s.Revision++
	subject := s.ID + "#" + strconv.FormatInt(x.episode, 36) + "." + strconv.FormatInt(x.part, 36)
	return event.AgentFact{Tenant: s.Tenant, Agent: x.agent, Subject: subject, Revision: s.Revision, Stints: of, Continued: x.part > 0}
}
