package oracle

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
)

// The moments of rules 18.3 to 18.5. The value of answers is their point, that of journeys ten times the switches and the point.
const (
	LatestRelational    Kind  = "latest relational nps answer"
	LatestTransactional Kind  = "latest transactional nps answer"
	Relational          Kind  = "relational nps answer"
	Transactional       Kind  = "transactional nps answer"
	RelationalRollUp    Kind  = "relational nps answer of a customer"
	TransactionalRollUp Kind  = "transactional nps answer of a customer"
	Journey             Kind  = "journey"
	Prompt              Kind  = "prompt"
	Tired               Kind  = "tired"
	answersKept               = 9 * dayMs
	latestKept                = 400 * dayMs
	million             int64 = 1_000_000
)

// surveyKey names a request or an answer that a customer was told of.
type surveyKey struct {
	subject *subject
	request bool
	id      uint64
	times   int // how often it was forgotten before
	via     string
}

// surveyTold is a request or an answer as it was told, rule 15.6.
type surveyTold struct {
	request         bool
	at              int64
	instrument      event.Instrument
	score, min, max int64 // millionths; the score as reversed
	group           Group
	inbound         bool // an episode of the subject is
}

// answers are what a customer was asked and said.
type answers struct {
	known  map[surveyKey]surveyTold
	past   map[surveyKey][]surveyTold // that are final
	final  []Moment
	floors map[rollUp]int64 // latest ones that are final
}

type rollUp struct {
	kind Kind
	Group
}

func newAnswers() *answers {
	return &answers{known: map[surveyKey]surveyTold{}, past: map[surveyKey][]surveyTold{}, floors: map[rollUp]int64{}}
}

// hear notes one, or that it is taken back (rule 18.8: only while it is not final).
func (a *answers) hear(key surveyKey, t *surveyTold, now int64) {
	delete(a.known, key)
	if t != nil && t.at >= now-answersKept {
		a.known[key] = *t
	}
}

// settle makes final what is nine days old, rule 18.8.
func (a *answers) settle(now int64, p *policy, f *file) {
	a.forget(now)
	for _, key := range a.keys() {
		t := a.known[key]
		if t.at >= now-answersKept {
			continue
		}
		a.final = append(a.final, a.judge(key, t, p, f)...)
	}
	for _, key := range a.keys() {
		if t := a.known[key]; t.at < now-answersKept {
			a.past[key] = append(a.past[key], t)
			delete(a.known, key)
		}
	}
	a.forget(now)
}

// forget makes the latest answers final that are as old as nothing is remembered.
func (a *answers) forget(now int64) {
	for r, m := range a.latest() {
		if m.At < now-latestKept {
			a.final = append(a.final, m)
			a.floors[r] = m.At
		}
	}
}

func (a *answers) keys() []surveyKey {
	return slices.SortedFunc(maps.Keys(a.known), func(x, y surveyKey) int {
		return cmp.Or(cmp.Compare(a.known[x].at, a.known[y].at), strings.Compare(x.subject.key.conversation, y.subject.key.conversation), cmp.Compare(x.id, y.id), cmp.Compare(x.times, y.times), strings.Compare(x.via, y.via))
	})
}

// each calls f with all of them, also those that are final.
func (a *answers) each(f func(surveyKey, surveyTold)) {
	for k, list := range a.past {
		for _, t := range list {
			f(k, t)
		}
	}
	for k, t := range a.known {
		f(k, t)
	}
}

// point is the integer nearest to the score, halves upwards, within the scale.
func (t surveyTold) point() int64 { return floorDiv(2*t.score+million, 2*million) }

func floorDiv(a, b int64) int64 { return (a - mod(a, b)) / b }

// on says whether it is an answer of an instrument on a scale.
func (t surveyTold) on(i event.Instrument, low, high int64) bool {
	return !t.request && t.instrument == i && t.min == low*million && t.max == high*million
}

func (t surveyTold) nps() bool { return t.on(event.NPS, 0, 10) }

// rollUps are those of rule 11.5.
func (g Group) rollUps() []Group {
	list := []Group{{}, {Channel: g.Channel}}
	if g.Queue != "" {
		list = append(list, Group{Queue: g.Queue}, Group{Channel: g.Channel, Queue: g.Queue})
	}
	return list
}

// judge is what one counts by itself.
func (a *answers) judge(key surveyKey, t surveyTold, p *policy, f *file) []Moment {
	m := Moment{At: t.at, Group: t.group, Conversation: key.subject.key.conversation}
	var out []Moment
	count := func(kind Kind, value int64, g Group) {
		m.Kind, m.Value, m.Group = kind, value, g
		out = append(out, m)
	}
	switch {
	case t.request:
		count(Prompt, 0, t.group)
		if a.tired(key, t, p.surveysRest()) {
			count(Tired, 0, t.group)
		}
	case t.nps():
		kind, rolled := Transactional, TransactionalRollUp
		if !t.inbound {
			kind, rolled = Relational, RelationalRollUp
		}
		count(kind, t.point(), t.group)
		for _, g := range t.group.rollUps() {
			count(rolled, t.point(), g)
		}
	case t.on(event.CES, 1, 7):
		if k := f.atHand(key.subject, t.at); k != nil {
			count(Journey, 10*f.switches(k, t.at)+t.point(), t.group)
		}
	}
	return out
}

// tired is rule 18.5.
func (a *answers) tired(key surveyKey, t surveyTold, rest int64) bool {
	found := false
	a.each(func(k surveyKey, o surveyTold) {
		found = found || o.request && o.at < t.at && o.at > t.at-rest
	})
	return found
}

// satisfied says whether a csat answer of a contact's conversation is positive, rule 18.2.
func (a *answers) satisfied(c *known) bool {
	found := false
	a.each(func(k surveyKey, t surveyTold) {
		found = found || k.subject.key == c.key.subject.key && t.at >= c.begin && t.at <= c.end+satisfiedLook && t.positive()
	})
	return found
}

// positive is the satisfied part of each scale of csat, rule 15.
func (t surveyTold) positive() bool {
	for _, s := range []struct{ low, high, from int64 }{{0, 1, 1}, {1, 2, 2}, {1, 3, 3}, {1, 5, 4}, {1, 7, 6}, {1, 10, 8}, {0, 10, 8}} {
		if t.on(event.CSAT, s.low, s.high) {
			return t.point() >= s.from
		}
	}
	return false
}

// latest is rule 18.3: by roll-up the latest answer of each sort.
func (a *answers) latest() map[rollUp]Moment {
	out := map[rollUp]Moment{}
	a.each(func(k surveyKey, t surveyTold) {
		if !t.nps() {
			return
		}
		kind := LatestTransactional
		if !t.inbound {
			kind = LatestRelational
		}
		for _, g := range t.group.rollUps() {
			r := rollUp{kind, g}
			was, ok := out[r]
			if floor, has := a.floors[r]; has && t.at <= floor {
				continue
			}
			if !ok || t.at > was.At || t.at == was.At && t.point() > was.Value {
				out[r] = Moment{Kind: kind, At: t.at, Value: t.point(), Group: g, Conversation: k.subject.key.conversation}
			}
		}
	})
	return out
}

// moments are all that surveys count.
func (a *answers) moments(p *policy, f *file) []Moment {
	out := slices.Clone(a.final)
	for _, key := range a.keys() {
		out = append(out, a.judge(key, a.known[key], p, f)...)
	}
	for _, m := range a.latest() {
		out = append(out, m)
	}
	return out
}

// The moments of rules 18.6 and 18.7.
const (
	Returned    Kind = "returned"
	SeenWeek    Kind = "seen in a week"
	StayedWeek  Kind = "stayed a week"
	SeenMonth   Kind = "seen in a month"
	StayedMonth Kind = "stayed a month"
	pointsKept       = 35 * dayMs
)

// sign is a point of a customer's activity.
type sign struct {
	at             int64
	channel, queue string
	zone           *time.Location
}

// visits are the points of a customer's activity.
type visits struct {
	known    map[contactKey][]sign
	recent   []sign // final ones that are not forgotten
	all      []sign // and all of them
	final    []Moment
	returned int64 // the index that is final
}

func newVisits() *visits { return &visits{known: map[contactKey][]sign{}} }

func (v *visits) hear(h hearing) {
	delete(v.known, h.key)
	if h.told == nil {
		return
	}
	for _, at := range h.told.at {
		if at >= h.at-answersKept {
			v.known[h.key] = append(v.known[h.key], sign{at, h.told.channel, h.told.queue, h.zone})
		}
	}
}

// settle makes final what is nine days old, and forgets what is 35 days old.
func (v *visits) settle(now int64, p *policy) {
	for key, list := range v.known {
		var live []sign
		for _, s := range list {
			if s.at < now-answersKept {
				v.recent, v.all = append(v.recent, s), append(v.all, s)
			} else {
				live = append(live, s)
			}
		}
		v.known[key] = live
	}
	if m, ok := v.index(p.sessionGap()); ok && m[0].At < now-pointsKept {
		v.final = append(v.final, m...)
		v.returned = m[0].At
	}
	v.recent = slices.DeleteFunc(v.recent, func(s sign) bool { return s.at < now-pointsKept })
}

// index is rule 18.6.
func (v *visits) index(gap int64) ([]Moment, bool) {
	list := slices.Clone(v.recent)
	for _, l := range v.known {
		list = append(list, l...)
	}
	slices.SortFunc(list, func(a, b sign) int {
		return cmp.Or(cmp.Compare(a.at, b.at), strings.Compare(a.channel, b.channel), strings.Compare(a.queue, b.queue))
	})
	for i := len(list) - 1; i > 0; i-- {
		s := list[i-1]
		if list[i].at-s.at <= gap {
			continue
		}
		if s.at <= v.returned {
			return nil, false
		}
		var out []Moment
		for _, g := range (Group{Channel: s.channel, Queue: s.queue}).rollUps() {
			out = append(out, Moment{Kind: Returned, At: s.at, Group: g})
		}
		return out, true
	}
	return nil, false
}

func (v *visits) moments(p *policy) []Moment {
	out := slices.Clone(v.final)
	if m, ok := v.index(p.sessionGap()); ok {
		out = append(out, m...)
	}
	return append(out, v.periods()...)
}

// periods is rule 18.7.
func (v *visits) periods() []Moment {
	type place struct {
		at int64
		Group
	}
	list := slices.Clone(v.all)
	for _, l := range v.known {
		list = append(list, l...)
	}
	var out []Moment
	for _, kind := range []struct {
		seen, stayed Kind
		begin        func(t int64, after int, zone *time.Location) int64
	}{{SeenWeek, StayedWeek, week}, {SeenMonth, StayedMonth, month}} {
		seen := map[place]int64{} // and the begin of the period after
		for _, s := range list {
			for _, g := range []Group{{}, {Channel: s.channel}} {
				seen[place{kind.begin(s.at, 0, s.zone), g}] = kind.begin(s.at, 1, s.zone)
			}
		}
		for p, next := range seen {
			out = append(out, Moment{Kind: kind.seen, At: p.at, Group: p.Group})
			if _, ok := seen[place{next, p.Group}]; ok {
				out = append(out, Moment{Kind: kind.stayed, At: p.at, Group: p.Group})
			}
		}
	}
	return out
}

// week is the begin of the local week (Monday) that holds t, or of one some weeks after it.
func week(t int64, after int, zone *time.Location) int64 {
	day := time.UnixMilli(t).In(zone)
	y, m, d := day.Date()
	return firstOf(y, m, d-(int(day.Weekday())+6)%7+7*after, zone)
}

// month is the same for months.
func month(t int64, after int, zone *time.Location) int64 {
	y, m, _ := time.UnixMilli(t).In(zone).Date()
	return firstOf(y, m+time.Month(after), 1, zone)
}
