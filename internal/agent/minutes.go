package agent

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// span is [from, to), Unix ms.
type span struct{ from, to int64 }

func (x span) and(o span) span { return span{max(x.from, o.from), min(x.to, o.to)} }

// minutes derives what the minutes of [from, to) mean, as far as they are not final. Both are begins of minutes. They may be far apart, before the first tick of a log
// or after an outage: only minutes in which something is going on are looked at.
func (s *State) minutes(from, to int64) []convo.Moment {
	in := span{max(from, s.from), to}
	if in.from >= in.to {
		return nil
	}
	worked, at := s.worked(in), s.available(in)
	var whole []span
	for _, x := range worked {
		whole = append(whole, span{floor(x.from), floor(x.to + minute - 1)})
	}
	for _, x := range at {
		whole = append(whole, span{floor(x.from), floor(x.to + minute - 1)})
	}
	var out []convo.Moment
	for _, x := range unite(whole) {
		out = append(out, s.stretch(x, worked, at)...)
	}
	return out
}

// stretch derives what minutes that follow one another mean.
func (s *State) stretch(all span, worked, at []span) []convo.Moment {
	n := (all.to - all.from) / minute
	sums := make([]int64, 3*n)
	busy, work, idle := sums[:n], sums[n:2*n], sums[2*n:]
	// add spreads a time over the minutes that it lies in.
	add := func(into []int64, x span, sign int64) {
		x = x.and(all)
		for a := x.from; a < x.to; {
			i := (a - all.from) / minute
			b := min(all.from+(i+1)*minute, x.to)
			into[i] += sign * (b - a)
			a = b
		}
	}
	for _, x := range worked {
		add(work, x, 1)
	}
	for _, x := range unite(worked) {
		add(busy, x, 1)
		for _, y := range at {
			add(idle, x.and(y), -1)
		}
	}
	for _, y := range at {
		add(idle, y, 1)
	}
	return s.moments(all, busy, work, idle)
}

// moments tells what was added up for each minute.
func (s *State) moments(all span, busy, work, idle []int64) []convo.Moment {
	var out []convo.Moment
	team, told := s.teams(all)
	for i := range busy {
		at := all.from + int64(i)*minute
		for len(told) > 0 && told[0].at < at+minute {
			team, told = told[0].team, told[1:]
		}
		for _, m := range [...]convo.Moment{{Kind: convo.Busy, Value: busy[i]}, {Kind: convo.Worked, Value: work[i]}, {Kind: convo.Idle, Value: idle[i]}} {
			if m.Value > 0 {
				m.At, m.Group = at, window.Group{Team: team, Agent: s.ID}
				out = append(out, m)
			}
		}
	}
	return out
}

// worked lists the times in which the agent had contacts, cut at the ends of a span: one for each contact and stint.
func (s *State) worked(in span) []span {
	var out []span
	for i := range s.contacts {
		for _, x := range s.contacts[i].stints {
			if y := in.and(span{x.From, end(x)}); y.from < y.to {
				out = append(out, y)
			}
		}
	}
	return out
}

// available lists the times in which the agent could take contacts, cut at the ends of a span. They do not overlap.
func (s *State) available(in span) []span {
	var out []span
	for i, p := range s.presences {
		if !p.available {
			continue
		}
		x := span{p.at, p.at + lasts}
		if i+1 < len(s.presences) {
			x.to = min(x.to, s.presences[i+1].at)
		}
		if x = in.and(x); x.from < x.to {
			out = append(out, x)
		}
	}
	return out
}

// unite makes spans that do not overlap of spans that may.
func unite(spans []span) []span {
	sorted := slices.Clone(spans)
	slices.SortFunc(sorted, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	out := sorted[:0]
	for _, x := range sorted {
		if n := len(out); n > 0 && x.from <= out[n-1].to {
			out[n-1].to = max(out[n-1].to, x.to)
			continue
		}
		out = append(out, x)
	}
	return out
}

// telling is a team that was told for the agent. A presence says whose the agent is, a contact only for whom.
type telling struct {
	at       int64
	presence bool
	team     string
}

func (a telling) compare(b telling) int {
	if a.at == b.at && a.presence != b.presence {
		if a.presence {
			return 1
		}
		return -1
	}
	return cmp.Or(cmp.Compare(a.at, b.at), strings.Compare(a.team, b.team))
}

// teams returns the team at the begin of a span and what is told in it, in order. What was told before the final minutes is remembered as one team.
func (s *State) teams(in span) (team string, told []telling) {
	team = s.team
	var last telling
	tell := func(x telling) {
		switch {
		case x.team == "" || x.at < s.from || x.at >= in.to:
		case x.at >= in.from:
			told = append(told, x)
		case last.team == "" || last.compare(x) < 0:
			last, team = x, x.team
		}
	}
	for _, p := range s.presences {
		tell(telling{p.at, true, p.team})
	}
	for i := range s.contacts {
		for _, x := range s.contacts[i].stints {
			tell(telling{x.From, false, x.Team})
		}
	}
	slices.SortFunc(told, telling.compare)
	return team, told
}

// teamAt is the team that was told last before an instant.
func (s *State) teamAt(at int64) string {
	team, _ := s.teams(span{at, at})
	return team
}
