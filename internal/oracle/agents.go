package oracle

import (
	"cmp"
	"maps"
	"slices"
)

// The moments of rule 24.
const (
	Busy   Kind = "busy"
	Worked Kind = "worked"
	Idle   Kind = "idle"
	Taken  Kind = "taken"
)

const (
	aMinute      = 60_000
	agentKept    = 2 * dayMs
	stintMost    = dayMs
	presenceMost = dayMs
	teamKept     = 35 * dayMs
	agentKnows   = 2048 // contacts and presences at once
)

// agent is what one has heard.
type agent struct {
	name      string
	contacts  map[stintKey][]stint
	back      map[stintKey]int64 // contacts that were taken back: when
	presences []presence
	took      map[stintKey]bool // of which the taken is final, part 0
	floor     int64             // minutes before it are final
	team      string            // told last before it
	news      int64             // latest instant of all that was told
	final     []Moment
}

func newAgent(name string) *agent {
	return &agent{name: name, contacts: map[stintKey][]stint{}, back: map[stintKey]int64{}, took: map[stintKey]bool{}}
}

// hear is rule 24.2.
func (a *agent) hear(h shift) {
	a.freeze(h.at)
	if p := h.presence; p != nil {
		if p.at >= a.floor && len(a.presences) < agentKnows {
			a.presences = append(a.presences, *p)
			a.news = max(a.news, p.at)
		}
		return
	}
	_, known := a.contacts[h.key]
	if _, back := a.back[h.key]; !known && !back && len(a.contacts)+len(a.back) >= agentKnows {
		return
	}
	delete(a.contacts, h.key)
	delete(a.back, h.key)
	if len(h.stints) == 0 {
		a.back[h.key], a.news = h.at, max(a.news, h.at)
		return
	}
	if h.key.part == 0 && h.stints[0].from < a.floor {
		a.took[h.key] = true
	}
	a.contacts[h.key] = h.stints
	for _, s := range h.stints {
		a.news = max(a.news, s.until())
	}
}

// freeze makes final what is two days old, rule 24.4.
func (a *agent) freeze(now int64) {
	if floor := now - agentKept - mod(now-agentKept, aMinute); floor > a.floor {
		a.settle(floor)
	}
	if a.news < now-teamKept {
		a.team = ""
	}
}

// settle makes the minutes before an instant final.
func (a *agent) settle(floor int64) {
	a.final = append(a.final, a.between(a.floor, floor)...)
	for key, list := range a.contacts {
		if key.part == 0 && list[0].from < floor {
			a.took[key] = true
		}
	}
	a.team = a.teamBefore(floor)
	a.floor = floor
	maps.DeleteFunc(a.contacts, func(_ stintKey, list []stint) bool {
		return !slices.ContainsFunc(list, func(s stint) bool { return s.until() > floor })
	})
	maps.DeleteFunc(a.back, func(_ stintKey, at int64) bool { return at < floor })
	// An availability that goes on past the floor is still known.
	slices.SortFunc(a.presences, presence.compare)
	for len(a.presences) > 1 && a.presences[1].at < floor {
		a.presences = a.presences[1:]
	}
}

func (p presence) compare(o presence) int {
	return cmp.Or(cmp.Compare(p.at, o.at), cmp.Compare(p.hash, o.hash))
}

// until is the end of a stint, rule 24.3.
func (s stint) until() int64 { return min(s.to, s.from+stintMost) }

// available are the times in which the agent is.
func (a *agent) available() []stint {
	slices.SortFunc(a.presences, presence.compare)
	var out []stint
	for i, p := range a.presences {
		to := p.at + presenceMost
		if i+1 < len(a.presences) {
			to = min(to, a.presences[i+1].at)
		}
		if p.available && to > p.at {
			out = append(out, stint{from: p.at, to: to})
		}
	}
	return out
}

// teamBefore is the team told last before an instant.
func (a *agent) teamBefore(end int64) string {
	at, rank, name := int64(-1), 0, a.team
	tell := func(t int64, r int, team string) {
		if team == "" || t < a.floor || t >= end {
			return
		}
		if c := cmp.Or(cmp.Compare(t, at), cmp.Compare(r, rank), cmp.Compare(team, name)); c > 0 {
			at, rank, name = t, r, team
		}
	}
	for _, p := range a.presences {
		tell(p.at, 1, p.team)
	}
	for _, list := range a.contacts {
		for _, s := range list {
			tell(s.from, 0, s.team)
		}
	}
	return name
}

// between are the moments whose instants are in [from, to), a multiple of a minute each.
func (a *agent) between(from, to int64) []Moment {
	var out []Moment
	type sums struct{ busy, worked, idle int64 }
	minutes := map[int64]*sums{}
	spread := func(s stint, add func(m *sums, ms int64)) {
		for at := max(from, s.from-mod(s.from, aMinute)); at < min(to, s.to); at += aMinute {
			if ms := min(s.to, at+aMinute) - max(s.from, at); ms > 0 {
				if minutes[at] == nil {
					minutes[at] = &sums{}
				}
				add(minutes[at], ms)
			}
		}
	}
	var all []stint
	for _, list := range a.contacts {
		for _, s := range list {
			s.to = s.until()
			all = append(all, s)
			spread(s, func(m *sums, ms int64) { m.worked += ms })
		}
	}
	slices.SortFunc(all, func(a, b stint) int { return cmp.Compare(a.from, b.from) })
	var busy []stint // times in any stint, apart from each other
	for _, s := range all {
		if n := len(busy); n > 0 && s.from <= busy[n-1].to {
			busy[n-1].to = max(busy[n-1].to, s.to)
		} else {
			busy = append(busy, s)
		}
	}
	for _, s := range busy {
		spread(s, func(m *sums, ms int64) { m.busy += ms })
	}
	for _, free := range a.available() {
		for _, s := range busy {
			if s.to <= free.from || s.from >= free.to {
				continue
			}
			spread(stint{from: free.from, to: max(free.from, s.from)}, func(m *sums, ms int64) { m.idle += ms })
			free.from = min(free.to, max(free.from, s.to))
		}
		spread(free, func(m *sums, ms int64) { m.idle += ms })
	}
	for at, m := range minutes {
		g := Group{Agent: a.name, Team: a.teamBefore(at + aMinute)}
		for _, x := range []Moment{{Kind: Busy, Value: m.busy}, {Kind: Worked, Value: m.worked}, {Kind: Idle, Value: m.idle}} {
			if x.At, x.Group = at, g; x.Value > 0 {
				out = append(out, x)
			}
		}
	}
	for key, list := range a.contacts {
		if first := list[0]; key.part == 0 && !a.took[key] && first.from >= from && first.from < to {
			out = append(out, Moment{Kind: Taken, At: first.from, Group: Group{Agent: a.name, Team: first.team}, Conversation: key.subject.key.conversation})
		}
	}
	return out
}

// moments are what the agent counts at t: minutes that are over, and all that was taken.
func (a *agent) moments(now int64) []Moment {
	over := now - mod(now, aMinute)
	out := append(slices.Clone(a.final), a.between(a.floor, max(a.floor, over))...)
	for _, m := range a.between(over, forever) {
		if m.Kind == Taken {
			out = append(out, m)
		}
	}
	return out
}

// forget is what a look at now does when a policy has switched agents off at off, rule 24.4: what was counted before stays, and nothing else does.
func (a *agent) forget(off, now int64) {
	a.freeze(off)
	n := newAgent(a.name)
	n.final, n.floor = a.moments(off), max(a.floor, now-mod(now, aMinute))
	*a = *n
}

// next is the end of the first minute that something is counted in and that is not over at t, forever when there is none.
func (a *agent) next(t int64) int64 {
	first := forever
	for _, m := range a.between(t-mod(t, aMinute), forever) {
		if m.Kind != Taken {
			first = min(first, m.At+aMinute)
		}
	}
	return first
}

// Desk is what an agent does now.
type Desk struct{ Available, Busy bool }

// Shown is an agent as readers see one. The zero value is one whom they do not see: nobody knows whether the agent is there.
type Shown struct {
	There bool
	Team  string
	Desk
}

func (a *agent) shown(t int64) Shown {
	x := Shown{Team: a.teamBefore(t + 1)}
	for _, list := range a.contacts {
		x.Busy = x.Busy || slices.ContainsFunc(list, func(s stint) bool { return s.from <= t && t < s.until() })
	}
	x.There = x.Busy
	slices.SortFunc(a.presences, presence.compare)
	for _, p := range slices.Backward(a.presences) {
		if p.at <= t {
			fresh := t < p.at+presenceMost
			x.Available, x.There = p.available && fresh, x.Busy || fresh
			break
		}
	}
	if !x.There {
		return Shown{}
	}
	return x
}

// shownIn are all that are right at some instant of the minute at hand, up to t, that of t first.
func (a *agent) shownIn(t int64) []Shown {
	begin := t - mod(t, aMinute)
	at := []int64{t, begin}
	for _, list := range a.contacts {
		for _, s := range list {
			at = append(at, s.from, s.until())
		}
	}
	for _, p := range a.presences {
		at = append(at, p.at, p.at+presenceMost)
	}
	var out []Shown
	for _, i := range at {
		if i < begin || i > t {
			continue
		}
		if x := a.shown(i); !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}
