package oracle

import (
	"fmt"
	"maps"
	"slices"
)

// Value is one number of one group.
type Value struct {
	Group Group // empty in the dimensions that were not asked for
	Reading
	From, To      int64    // the window as rounded, Unix ms
	Conversations []string // behind the number, ascending
}

// only keeps the dimensions of a list of names.
func (g Group) only(by []string) (Group, error) {
	var out Group
	for _, name := range by {
		switch name {
		case "channel":
			out.Channel = g.Channel
		case "queue":
			out.Queue = g.Queue
		case "team":
			out.Team = g.Team
		case "agent":
			out.Agent = g.Agent
		case "topic":
			out.Topic = g.Topic
		default:
			return out, fmt.Errorf("there is no dimension %q; use channel, queue, team, agent or topic", name)
		}
	}
	return out, nil
}

// Values answers a definition of a KPI for a tenant: by the named dimensions (channel, queue, team, agent, topic), for [from, to), asked at now (Unix ms). KPIs about now
// ignore the window. Groups in which nothing was counted are left out.
func (w *World) Values(tenant, kpi, definition string, by []string, from, to, now int64) ([]Value, error) {
	k, f, err := find(kpi, definition)
	if err != nil {
		return nil, err
	}
	if slices.Contains(by, "agent") && !k.ByAgent {
		return nil, fmt.Errorf("KPI %s is not read by agent", kpi)
	}
	if f.Now != nil {
		list := w.Open()
		if f.Desks {
			list = w.desks
		}
		return valuesNow(list, tenant, f, by)
	}
	policy := w.policy(tenant)
	if policy == nil {
		return nil, fmt.Errorf("tenant %q has no policy in the log", tenant)
	}
	if slices.Contains(by, "agent") && !policy.AgentCells {
		return nil, fmt.Errorf("tenant %q keeps no KPIs by agent: its policy has agent_cells off", tenant)
	}
	window := Window{from, to, now, policy.zone}.round(w.Time())
	if f.Ask != nil {
		return w.ask(tenant, f, by, window, policy)
	}
	sums, err := w.sums(tenant, f, by, window)
	if err != nil {
		return nil, err
	}
	var out []Value
	for g, s := range sums {
		v := Value{Group: g, From: window.From, To: window.To, Conversations: s.conversations()}
		if f.Customers != nil {
			if v.Reading, err = f.Customers(s, window); err != nil {
				return nil, err
			}
		} else {
			v.Reading = f.Read(s)
		}
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b Value) int { return Moment{Group: a.Group}.compare(Moment{Group: b.Group}) })
	return out, nil
}

// sums are the moments that a formula rests on, by group.
func (w *World) sums(tenant string, f Formula, by []string, window Window) (map[Group]Sums, error) {
	if _, err := (Group{}).only(by); err != nil {
		return nil, err
	}
	sums := map[Group]Sums{}
	for _, metric := range slices.Compact(slices.Sorted(slices.Values(f.Metrics))) {
		for _, m := range w.Counting(metric) {
			if m.Tenant != tenant || m.At < window.From || m.At >= window.To {
				continue
			}
			g, _ := m.Group.only(by)
			if m.RolledUp() != f.RollUps || f.RollUps && (g != m.Group || names(g) != len(by)) {
				continue // it counts in its own roll-up alone
			}
			if slices.Contains(by, "topic") && g.Topic == "" {
				continue
			}
			if sums[g] == nil {
				sums[g] = Sums{}
			}
			sums[g][metric] = append(sums[g][metric], m)
		}
	}
	return sums, nil
}

// names is how many names a group has.
func names(g Group) int {
	n := 0
	for _, name := range []string{g.Channel, g.Queue, g.Team, g.Agent, g.Topic} {
		if name != "" {
			n++
		}
	}
	return n
}

func valuesNow(list []Open, tenant string, f Formula, by []string) ([]Value, error) {
	groups := map[Group][]Open{}
	for _, o := range list {
		if o.Tenant != tenant {
			continue
		}
		g, err := o.Group.only(by)
		if err != nil {
			return nil, err
		}
		groups[g] = append(groups[g], o)
	}
	var out []Value
	for g, open := range groups {
		v := Value{Group: g, Reading: f.Now(open)}
		for _, o := range open {
			if o.Conversation != "" {
				v.Conversations = append(v.Conversations, o.Conversation)
			}
		}
		slices.Sort(v.Conversations)
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b Value) int { return Moment{Group: a.Group}.compare(Moment{Group: b.Group}) })
	return out, nil
}

func (s Sums) conversations() []string {
	seen := map[string]bool{}
	for _, list := range s {
		for _, m := range list {
			if m.Conversation != "" {
				seen[m.Conversation] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// Time is B of rule 13.1: the newest T of the partitions.
func (w *World) Time() int64 {
	var b int64
	for _, p := range w.parts {
		b = max(b, p.time(p.end))
	}
	return b
}

// policy is that in force for a tenant at the end of the partition that knows the newest.
func (w *World) policy(tenant string) *policy {
	var newest *policy
	for _, n := range slices.Sorted(maps.Keys(w.parts)) {
		if list := w.parts[n].policies[tenant]; len(list) > 0 && (newest == nil || list[len(list)-1].serial > newest.serial) {
			newest = list[len(list)-1]
		}
	}
	return newest
}
