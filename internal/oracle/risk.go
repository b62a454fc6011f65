package oracle

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/event"
)

// AtRisk is that of rule 23.4; its value is the reason, 0 for any.
const AtRisk Kind = "at risk"

// The reasons of rule 23.
const (
	silent = 1 + iota
	falling
	negative
)

const (
	riskKept    = 400 * dayMs
	rhythmKept  = 35 * dayMs
	leastLimit  = 7 * dayMs
	gapsKnown   = 8
	gapsNeeded  = 3
	badMood     = -200_000
	npsKind     = 7
	npsPositive = 9
)

// reason is one that holds: since when and where.
type reason struct {
	since          int64
	channel, queue string
}

// risk is what rule 23 asks for beside what else is known of a customer.
type risk struct {
	last     ending // of the contacts that are final
	optedOut bool
}

// ending is how a contact went, rule 23.3.
type ending struct {
	at             int64 // its last point, 0: there is no contact
	channel, queue string
	since          int64 // 0: it is not negative
}

func (e ending) after(o ending) bool {
	return cmp.Or(cmp.Compare(e.at, o.at), strings.Compare(e.channel, o.channel), strings.Compare(e.queue, o.queue), cmp.Compare(e.since, o.since)) > 0
}

// endings are those of the contacts that are not final and have points that count, by whether they are final at t.
func (p *person) endings(only func(*known) bool) []ending {
	var out []ending
	for key, k := range p.file.known {
		n := len(k.at)
		if !k.inbound() || k.at[n-1] < p.file.marks[key].since || !only(k) {
			continue
		}
		e := ending{at: k.at[n-1], channel: k.channel, queue: k.queue}
		since := func(at int64) {
			if e.since == 0 || at < e.since {
				e.since = at
			}
		}
		if k.acts.mood <= badMood {
			since(k.acts.moodAt)
		}
		if k.acts.abandoned != 0 {
			since(k.acts.abandoned)
		}
		if k.acts.broken && !k.open && k.acts.resolved == 0 {
			since(k.end)
		}
		out = append(out, e)
	}
	return out
}

// settleRisk remembers the last of the contacts that become final now.
func (p *person) settleRisk(now int64, policy *policy) {
	for _, e := range p.endings(func(k *known) bool { return k.finalAt(now, policy.contactsKept()) }) {
		if e.after(p.risk.last) {
			p.risk.last = e
		}
	}
}

// negative is rule 23.3.
func (p *person) negative(now int64) (r reason, holds bool) {
	last := p.risk.last
	for _, e := range p.endings(func(*known) bool { return true }) {
		if e.after(last) {
			last = e
		}
	}
	return reason{last.since, last.channel, last.queue}, last.since != 0 && now <= last.at+riskKept
}

// silent is rule 23.1.
func (v *visits) silent(now, session int64) (r reason, holds bool) {
	list := slices.Clone(v.all)
	for _, l := range v.known {
		list = append(list, l...)
	}
	slices.SortFunc(list, func(a, b sign) int {
		return cmp.Or(cmp.Compare(a.at, b.at), strings.Compare(a.channel, b.channel), strings.Compare(a.queue, b.queue))
	})
	var gaps []int64
	for i := 1; i < len(list); i++ {
		gap := list[i].at - list[i-1].at
		switch {
		case gap > rhythmKept && len(gaps) < gapsNeeded || gap > riskKept:
			gaps = nil
		case gap > session:
			gaps = append(gaps, gap)
			gaps = gaps[max(0, len(gaps)-gapsKnown):]
		}
	}
	if len(gaps) < gapsNeeded {
		return r, false
	}
	slices.Sort(gaps)
	n, last := len(gaps), list[len(list)-1]
	twice := 2 * gaps[n/2]
	if n%2 == 0 {
		twice = gaps[n/2-1] + gaps[n/2]
	}
	quiet := last.at + max(leastLimit, twice)
	return reason{quiet, last.channel, last.queue}, quiet < now && now <= last.at+riskKept
}

// opinion is an answer of rule 23.2.
type opinion struct {
	at    int64
	kind  int
	point int64
	group Group
	surveyTold
}

// opinionOf reads an answer; ok is false for one of no kind.
func opinionOf(t surveyTold) (o opinion, ok bool) {
	o = opinion{at: t.at, point: t.point(), group: t.group, surveyTold: t}
	if t.nps() {
		if o.kind = npsKind; !t.inbound {
			o.kind++
		}
		return o, true
	}
	for i, s := range scales {
		if s.instrument == event.CSAT && t.on(s.instrument, s.min, s.max) {
			o.kind = i
			return o, true
		}
	}
	return o, false
}

func (o opinion) compare(x opinion) int {
	return cmp.Or(cmp.Compare(o.at, x.at), cmp.Compare(o.kind, x.kind), cmp.Compare(o.point, x.point), strings.Compare(o.group.Channel, x.group.Channel), strings.Compare(o.group.Queue, x.group.Queue))
}

// falls says whether an answer falls below the one before.
func (o opinion) falls(before opinion) bool {
	less := before.point - o.point
	if o.kind >= npsKind {
		return less >= 2 && o.point < npsPositive
	}
	s := scales[o.kind]
	return less > 0 && 4*less >= s.max-s.min && !o.positive()
}

// falling is rule 23.2.
func (a *answers) falling(now int64) (r reason, holds bool) {
	var list []opinion
	a.each(func(_ surveyKey, t surveyTold) {
		if o, ok := opinionOf(t); ok && !t.request {
			list = append(list, o)
		}
	})
	if len(list) == 0 {
		return r, false
	}
	slices.SortFunc(list, opinion.compare)
	latest := list[len(list)-1]
	for i := len(list) - 2; i >= 0; i-- {
		if before := list[i]; before.kind == latest.kind {
			holds = latest.at-before.at <= riskKept && latest.falls(before)
			break
		}
	}
	return reason{latest.at, latest.group.Channel, latest.group.Queue}, holds && now <= latest.at+riskKept
}

// risks is rule 23.4.
func (p *person) risks(now int64, policy *policy) []Moment {
	if p.into != "" || p.risk.optedOut {
		return nil
	}
	var out []Moment
	count := func(r reason, value int64) {
		for _, g := range (Group{Channel: r.channel, Queue: r.queue}).rollUps() {
			out = append(out, Moment{Kind: AtRisk, At: r.since, Value: value, Group: g})
		}
	}
	var first reason
	add := func(r reason, holds bool, value int64) {
		if !holds {
			return
		}
		count(r, value)
		if first.since == 0 || r.since < first.since {
			first = r
		}
	}
	r, holds := p.visits.silent(now, policy.sessionGap())
	add(r, holds, silent)
	r, holds = p.answers.falling(now)
	add(r, holds, falling)
	r, holds = p.negative(now)
	add(r, holds, negative)
	if first.since != 0 {
		count(first, 0)
	}
	return out
}

// moodNow is the mood of rule 16.1 of the episode at hand where it is negative, and its instant.
func (l *life) moodNow() (mood, at int64) {
	for _, m := range l.moods() {
		if m.Kind == Mood && m.Value <= badMood {
			return m.Value, m.At
		}
	}
	return 0, 0
}
