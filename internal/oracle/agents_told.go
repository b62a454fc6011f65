package oracle

import (
	"cmp"
	"slices"
)

// Agent is one of a tenant.
type Agent struct{ Tenant, Name string }

// AgentsHeard says how far the second stage has come with an agent, as [Heard] does with a customer.
type AgentsHeard interface {
	Until(a Agent, partition int32) int64
	At(a Agent) int64
}

// Agents follows what the agents were told by the partitions read so far. The agent of a moment is that of its group. Shown is what readers may be shown of each agent: nothing new
// is known between two looks, so that it is what was so at one of the instants of the minute at hand.
func (r *Reader) Agents(h AgentsHeard) (moments []Moment, shown map[Agent][]Shown) {
	heard := slices.DeleteFunc(slices.Clone(r.shifts), func(x shift) bool { return x.offset-1 > h.Until(x.who(), x.partition) })
	moments, agents := r.all.hearShifts(heard, h.At)
	shown = map[Agent][]Shown{}
	for who, a := range agents {
		shown[who] = a.shownIn(h.At(who))
	}
	return moments, shown
}

// AgentsEdge are the agents of whom the second stage may have heard a part only of what the newest record that it knows of tells.
func (r *Reader) AgentsEdge(h AgentsHeard) map[Agent]bool {
	out := map[Agent]bool{}
	for _, x := range r.shifts {
		if a := x.who(); x.offset-1 == h.Until(a, x.partition) {
			out[a] = true
		}
	}
	return out
}

func (h shift) who() Agent { return Agent{h.tenant, h.agent} }

// agents follows what was told to them. Between partitions the order is that of their time.
func (w *World) agents() []Moment {
	var all []shift
	for _, s := range w.subjects {
		all = append(all, s.shifts...)
	}
	moments, agents := w.hearShifts(all, func(Agent) int64 { return w.heard })
	for who, a := range agents {
		if x := a.shown(w.heard); x.There {
			w.desks = append(w.desks, Open{Tenant: who.Tenant, Group: Group{Team: x.Team, Agent: a.name}, T: w.heard, Desk: &x.Desk})
		}
	}
	return moments
}

// hearShifts tells the agents what they hear, and the policies of all partitions. At is the instant as of which an agent counts.
func (w *World) hearShifts(list []shift, at func(Agent) int64) (out []Moment, agents map[Agent]*agent) {
	list = slices.Clone(list)
	for _, p := range w.parts {
		for tenant, policies := range p.policies {
			for _, v := range policies {
				list = append(list, shift{partition: p.number, offset: v.offset + 1, at: v.at, tenant: tenant, policy: v})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b shift) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.partition, b.partition), cmp.Compare(a.offset, b.offset))
	})
	agents = map[Agent]*agent{}
	off := map[string]shift{} // by tenant: the policy that has switched agents off
	for _, h := range list {
		if h.policy != nil {
			before, is := off[h.tenant]
			for who, a := range agents {
				if is && who.Tenant == h.tenant {
					w.rest(a, before, h.offset)
				}
			}
			if h.policy.Agents {
				delete(off, h.tenant)
			} else if !is {
				off[h.tenant] = h
			}
			continue
		}
		a := agents[h.who()]
		if a == nil {
			a = newAgent(h.agent)
			agents[h.who()] = a
		}
		if before, is := off[h.tenant]; is {
			a.forget(before.at, h.at) // told by a partition that did not know of it
			continue
		}
		a.hear(h)
	}
	for who, a := range agents {
		if before, is := off[who.Tenant]; is {
			w.rest(a, before, forever)
		}
		now := at(who)
		a.freeze(now)
		for _, m := range a.moments(now) {
			m.Tenant = who.Tenant
			out = append(out, m)
		}
	}
	slices.SortFunc(out, Moment.compare)
	return out, agents
}

// rest lets an agent rest at the first look before an offset that finds agents switched off. Without the ticks nobody knows when that is: then it is at once.
func (w *World) rest(a *agent, off shift, until int64) {
	next, p := a.next(off.at), w.parts[off.partition]
	switch tick, ok := p.tickFrom(off.offset-1, next); {
	case next == forever:
	case p.subjects == nil:
		a.forget(off.at, off.at)
	case ok && tick.offset < until:
		a.forget(off.at, tick.at)
	}
}
