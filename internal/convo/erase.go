package convo

import (
	"slices"

	"github.com/vigia-cx/vigia/internal/event"
)

// Concerns reports whether the conversation is, or was, with one of some customers, and began by an instant.
func (s *State) Concerns(customers []string, by int64) bool {
	if s.floor == 0 && len(s.entries) > 0 && s.entries[0].At > by {
		return false
	}
	return s.residue != nil && slices.Contains(customers, s.residue.Who) || slices.ContainsFunc(s.entries, func(e Entry) bool { return slices.Contains(customers, e.Customer) })
}

// Erase gives the conversation up because its customer is erased. What it counted stays; whoever was told of it learns that nothing is left to do, and agents have it no more.
// until is the last instant of what is not heard any more when it is repeated.
func (s *State) Erase(env *Env) (c Change, until int64) {
	res := s.evaluated(env)
	if n := len(s.entries); n > 0 {
		until = s.entries[n-1].At
	}
	c.Forget = true
	if s.ID != "" { // nobody is told of what happens outside conversations
		c.Signals = []event.Signal{{Tenant: s.Tenant, Conversation: s.ID, Kind: event.SignalErased, Revision: s.revise(), At: env.T, Channel: s.Channel,
			Queue: res.end.Group.Queue, Team: res.end.Group.Team, Agent: res.end.Group.Agent, PolicySerial: env.Current.Serial}}
	}
	if !env.Current.Agents() {
		return c, until
	}
	for i := range res.shifts {
		x := &res.shifts[i]
		if n := len(x.stints); !x.void && n > 0 && x.stints[n-1].To == 0 {
			ended := slices.Clone(x.stints)
			ended[n-1].To = max(env.T, ended[n-1].From)
			c.Agents = append(c.Agents, s.composeShift(x, ended))
		}
	}
	return c, until
}
