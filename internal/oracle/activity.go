package oracle

import (
	"slices"
	"time"
)

// maxPoints is how many points are told together, rule 11.2.
const maxPoints = 20

// points are what an episode tells of the customer's activity, rules 11.1 and 11.2.
type points struct {
	customer, queue string
	at              []int64
}

// active is a sign of the customer, rule 11.1: of each local day the first and the last are kept.
func (l *life) active(t int64) {
	l.utter(t, false)
	ep := &l.ep
	zone := l.book.current().zone
	if n := len(ep.points); n >= 2 && sameDay(ep.points[n-1], t, zone) && sameDay(ep.points[n-2], t, zone) {
		ep.points[n-1] = t
		return
	} else if n == maxPoints {
		ep.parts = append(ep.parts, points{l.customer, l.routing.Queue, ep.points})
		ep.points = nil
	}
	ep.points = append(ep.points, t)
}

func sameDay(a, b int64, zone *time.Location) bool {
	return time.UnixMilli(a).In(zone).Format(time.DateOnly) == time.UnixMilli(b).In(zone).Format(time.DateOnly)
}

// contactKey names what a customer hears of, one part of an episode.
type contactKey struct {
	subject       *subject
	episode, part int
	via           string // the customer that it was told to before a merge
}

// hearing is what a customer is told at a place of the log, or a change of who the customer is.
type hearing struct {
	partition  int32
	offset, at int64 // at: T there
	tenant     string
	customer   string
	key        contactKey
	told       *contactTold // nil: taken back
	survivor   string       // a merge
	occurred   int64        // when somebody was merged or erased, as the event says
	erased     bool
	optedOut   bool
	zone       *time.Location
	back       *contactTold // what was told before it was taken back
	policy     *policy      // in force there
	survey     surveyKey    // of a request or an answer
	asked      *surveyTold  // nil: taken back
	sale       saleKey      // of a purchase
	order      orderKey     // and of its order
	sold       *saleTold    // nil: taken back
}

// contactTold is one contact of a customer.
type contactTold struct {
	channel, queue string
	at             []int64
	begin, end     int64
	open           bool
	acts           acts
	whole          bool // the last part of its episode, which is the contact of rule 18
}

func (c *contactTold) equal(o *contactTold) bool {
	if c == nil || o == nil {
		return c == o
	}
	return c.channel == o.channel && c.queue == o.queue && c.begin == o.begin && c.end == o.end && c.open == o.open && c.acts.equal(o.acts, voicedName(c.channel)) && c.whole == o.whole && slices.Equal(c.at, o.at)
}

// episodeTold is what an episode adds up to.
type episodeTold struct {
	n          int
	parts      []points
	begin, end int64
	open       bool
	acts       acts
	stints     stints
}

// tellCustomers says what changed for the customers since the last look.
func (s *subject) tellCustomers(l *life, b *book, offset, now int64) {
	latest := episodeTold{l.ep.n, l.told(), l.ep.begin, 0, l.ep.open(), l.actsNow(), stints{}}
	if l.ep.begun && !latest.open {
		latest.end = l.ep.last // rule 11.2
	}
	list := append(slices.Clone(l.finished), latest)
	for _, e := range list {
		for part := range max(len(e.parts), s.parts[e.n]) {
			var told *contactTold
			customer := ""
			if part < len(e.parts) && !l.voided(e.n) && !s.dead {
				p := e.parts[part]
				if customer = p.customer; customer != "" && len(p.at) > 0 {
					told = &contactTold{l.channel.String(), p.queue, p.at, e.begin, e.end, e.open, e.acts, part == len(e.parts)-1}
				}
			}
			key := contactKey{subject: s, episode: e.n, part: part}
			was, has := s.said[key]
			h := hearing{partition: s.p.number, offset: offset, at: now, tenant: s.key.tenant, key: key, zone: b.current().zone, policy: b.current()}
			if has && was.told != nil && (told == nil || was.customer != customer) {
				h.customer, h.told, h.back = was.customer, nil, was.told
				s.hearings = append(s.hearings, h)
				h.back = nil
			}
			if told != nil && (!has || was.told == nil || was.customer != customer || !was.told.equal(told)) {
				h.customer, h.told = customer, told
				s.hearings = append(s.hearings, h)
			}
			h.customer, h.told = customer, told
			s.said[key] = h
		}
		s.parts[e.n] = max(len(e.parts), s.parts[e.n])
	}
}

// told are the parts of the episode at hand.
func (l *life) told() []points {
	return append(slices.Clone(l.ep.parts), points{l.customer, l.routing.Queue, slices.Clone(l.ep.points)})
}
