package oracle

import (
	"slices"

	"github.com/vigia-cx/vigia/internal/event"
)

// subject is one conversation or own line on its way through the log, from its first event until it is forgotten.
type subject struct {
	key   subjectKey
	p     *partition
	first event.Channel

	base    *life    // after the events that are final
	events  []*taken // that are not final, in the order of rule 2
	final   []Moment // that stay for good
	floor   int64    // instant of the last final event
	hasLast bool
	horizon int64 // H of rule 1.9
	last    int64 // instant of the last event of any kind
	wake    int64
	dead    bool // counts nowhere
	gone    bool // forgotten
	lossAt  int64
	spoken  map[verdict]bool

	said     map[contactKey]hearing
	asked    askedBefore
	parts    map[int]int // how many were told, by episode
	bought   map[saleKey]sold
	hearings []hearing
	shown    map[stintKey][]stint
	shifts   []shift

	now     *life // as of the last look
	moments []Moment
	running []running
	looked  int64 // offset of the last look
}

// verdict is what was spoken about a running promise, rule 8.9.
type verdict struct {
	clock string
	due   int64
}

// follow reads the whole log of a subject; several subjects come out when it is forgotten in between.
func (p *partition) follow(key subjectKey) []*subject {
	var all []*subject
	var s *subject
	records := p.subjects[key]
	looks := p.reapplied(key.tenant)
	wishes := p.wishes[key.tenant]
	var erased erasedUntil
	offset := int64(-1)
	for {
		next := int64(forever)
		if len(records) > 0 {
			next = records[0].Offset
		}
		if s != nil {
			tick, due := p.tickFrom(offset, s.wake)
			if due && tick.offset < next && (len(looks) == 0 || tick.offset <= looks[0]) && (len(wishes) == 0 || tick.offset < wishes[0].offset) {
				offset = tick.offset
				if s.look(offset+1, true) {
					s = nil
				}
				continue
			}
		}
		if len(wishes) > 0 && wishes[0].offset < next && (len(looks) == 0 || wishes[0].offset < looks[0]) {
			if s != nil && s.concerned(wishes[0]) {
				until := s.erase(wishes[0])
				if !erased.known || !p.remembers(key.tenant, erased.at, wishes[0].offset) {
					erased = erasedUntil{until, true}
				}
				erased.at = max(erased.at, until)
				s = nil
			}
			offset, wishes = wishes[0].offset, wishes[1:]
			continue
		}
		if len(looks) > 0 && looks[0] < next {
			offset, looks = looks[0], looks[1:]
			if s != nil {
				s.look(offset+1, false)
			}
			continue
		}
		if len(records) == 0 {
			return all
		}
		r := records[0]
		offset, records = r.Offset, records[1:]
		e := r.Body.(*event.Event)
		if p.unheard(e, offset, erased) {
			continue
		}
		if s == nil {
			if s = p.begin(key, e, offset); s == nil {
				continue
			}
			if erased.known && p.remembers(key.tenant, erased.at, offset) && middle(take(e, 0, 0)) {
				s.dead = true
			}
			all = append(all, s)
		}
		s.hear(e, offset)
	}
}

// reapplied are the offsets of the policies with reapply of a tenant, and of other looks at everything.
func (p *partition) reapplied(tenant string) []int64 {
	out := slices.Clone(p.sweeps)
	for _, v := range p.policies[tenant] {
		if v.reapply {
			out = append(out, v.offset)
		}
	}
	slices.Sort(out)
	return out
}

// begin is the first event of a subject; nil when it comes too late.
func (p *partition) begin(key subjectKey, e *event.Event, offset int64) *subject {
	b := p.book(key.tenant, offset)
	if b != nil && e.At < p.time(offset)-b.current().horizon(e.Source.Connector) {
		return nil
	}
	s := &subject{key: key, p: p, first: e.Channel, wake: forever, spoken: map[verdict]bool{}, said: map[contactKey]hearing{}, parts: map[int]int{}, dead: b == nil, lossAt: offset}
	s.base = &life{channel: e.Channel, threadless: e.Threadless, own: key.conversation == "", routing: Group{Channel: e.Channel.String()}, voids: map[int]bool{}}
	if p.truncated && middle(take(e, 0, 0)) {
		s.dead = true
	}
	return s
}

// middle is rule 1.12: events that nothing begins with.
func middle(t *taken) bool {
	switch t.Body.(type) {
	case event.MessageState, event.SurveyRequested, event.SurveyAnswered, event.Sentiment, event.Assignment:
		return true
	case event.ConversationState:
		return t.kind != opened
	case event.Call:
		return t.kind != opened && t.kind != queued && t.kind != other
	}
	return t.kind == reply || t.kind == unsure
}

// hear takes one event, if it is in time and new.
func (s *subject) hear(e *event.Event, offset int64) {
	b := s.p.book(s.key.tenant, offset)
	if b == nil {
		return
	}
	t := take(e, offset, b.now())
	horizon := b.current().horizon(e.Source.Connector)
	if e.At < s.p.time(offset)-horizon || s.hasLast && e.At <= s.floor {
		return
	}
	for _, o := range s.events {
		if o.hash == t.hash {
			return
		}
	}
	s.horizon, s.last = max(s.horizon, horizon), max(s.last, e.At)
	i, _ := slices.BinarySearchFunc(s.events, t, before)
	s.events = slices.Insert(s.events, i, t)
	s.look(offset+1, false)
	s.identity(e, b, offset)
	s.present(t, b, offset)
}

// identity is what changes of a customer's identity tell, rules 11.6 and 11.7.
func (s *subject) identity(e *event.Event, b *book, offset int64) {
	c, ok := e.Body.(event.CustomerIdentity)
	if !ok || e.Customer == "" {
		return
	}
	h := hearing{partition: s.p.number, offset: offset + 1, at: s.p.time(offset), tenant: s.key.tenant, customer: e.Customer, occurred: e.At, zone: b.current().zone, policy: b.current()}
	switch c.Change {
	case event.IdentityMerged:
		h.survivor = c.Survivor
	case event.IdentityOptedOut:
		h.optedOut = true
	default:
		return
	}
	s.hearings = append(s.hearings, h)
}

// evaluate runs the events that are not final and lets time pass to T less the grace, rule 5.8.
func (s *subject) evaluate(b *book, now int64) *life {
	l := s.base.clone()
	l.book = b
	l.direct, l.scores = map[uint32]bool{}, map[int]event.Sentiment{}
	for _, e := range s.events {
		if e.isMessage() && !e.receipt() {
			l.direct[e.message] = true
		}
	}
	for _, m := range scores(s.events, l.direct) {
		l.scores[m.place] = m.Sentiment
	}
	for i, e := range s.events {
		l.step(e, i)
	}
	l.reach(s.events)
	l.at, l.serial = none, b.now()
	l.pass(now - b.current().grace(l.connector))
	return l
}

// look is rule 1.9 and 1.10: what the events add up to here, what becomes final, and when to look again. It reports whether the subject is forgotten.
func (s *subject) look(offset int64, tick bool) (forgotten bool) {
	b, now := s.p.book(s.key.tenant, offset), s.p.time(offset)
	if b == nil {
		return false
	}
	s.looked = offset
	l := s.evaluate(b, now)
	s.losses(l, offset)
	s.now, s.running = l, l.promises()
	if s.dead {
		s.running = nil
	}
	s.speak(l, b, offset, now)
	s.moments = append(slices.Clone(s.final), s.live(l)...)
	s.moments = append(s.moments, s.broken(l)...)
	if s.dead {
		s.moments = slices.Clone(s.final)
	}
	s.settle(l, b, now-s.horizon)
	s.forgetSurveys(l, now)
	s.tellCustomers(l, b, offset, s.p.time(offset-1)) // what a tick brings about is told before the tick itself, rule 11.3
	s.tellSurveys(l, b, offset, s.p.time(offset-1))
	s.tellAgents(l, b, offset, s.p.time(offset-1))
	s.tellPurchases(l, b, offset, s.p.time(offset-1))
	if tick && s.forget(l, b, now) {
		s.gone = true
		return true
	}
	wake := s.wakeAt(l, b, offset, now)
	if wake <= now {
		wake = now + 1
	}
	if tick || wake < s.wake {
		s.wake = wake
	}
	return false
}

// losses is the second half of rule 1.12.
func (s *subject) losses(l *life, offset int64) {
	for _, at := range s.p.losses {
		if at > s.lossAt && at < offset {
			s.lossAt = at
			if l.ep.open() {
				s.dead = true
			}
		}
	}
}

// speak gives the verdicts on running promises that no gap holds, rule 8.9.
func (s *subject) speak(l *life, b *book, offset, now int64) {
	for _, r := range s.running {
		if r.due == forever || now <= r.due+b.current().grace(l.connector) || s.spoken[verdict{r.clock, r.due}] {
			continue
		}
		if s.p.hold(s.key.tenant, l.connector, l.account, r.due, offset, now) <= now {
			s.spoken[verdict{r.clock, r.due}] = true
		}
	}
}

// finished is a moment with all that is said of it.
func (s *subject) finished(l *life, f found) Moment {
	m := f.Moment
	if f.all {
		m.Group = l.groupAt(m.At)
		if !f.agent {
			m.Group = m.Group.withoutAgent()
		}
	}
	if !f.settled {
		m.Group.Topic = l.topicAt(m.At)
	}
	m.Tenant, m.Conversation, m.Customer, m.Partition = s.key.tenant, s.key.conversation, s.key.customer, s.p.number
	return m
}

// live are the moments that are not final.
func (s *subject) live(l *life) []Moment {
	var out []Moment
	list := append(slices.Clone(l.out), l.ep.resolution...)
	if h := l.ep.handling; h != nil {
		for _, m := range h.moments() {
			list = append(list, found{Moment: m, episode: l.ep.n})
		}
	}
	list = append(append(append(list, l.moods()...), l.ways()...), l.surveyed()...)
	for _, m := range list {
		if !l.voided(m.episode) {
			out = append(out, s.finished(l, m))
		}
	}
	return out
}

// broken are the running promises that are called so.
func (s *subject) broken(l *life) []Moment {
	var out []Moment
	for _, r := range s.running {
		if s.spoken[verdict{r.clock, r.due}] {
			out = append(out, s.finished(l, found{Moment: Moment{Kind: Broken, Clock: r.clock, At: r.due, Group: r.group}, episode: l.ep.n}))
		}
	}
	return out
}
