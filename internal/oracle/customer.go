package oracle

import (
	"cmp"
	"maps"
	"slices"

	"github.com/vigia-cx/vigia/internal/event"
)

// The moments of rule 11.5.
const (
	Active    Kind = "active"
	ActiveDay Kind = "active day"
)

const (
	contactKept = 9 * dayMs
	openKept    = 35 * dayMs
	indexKept   = 35 * dayMs
	mergeKept   = 400 * dayMs
)

// person is what a customer has heard.
type person struct {
	contacts  map[contactKey]*contactTold
	gone      map[contactKey]*contactTold // contacts that were taken back
	past      []*contactTold              // contacts that are final
	since     map[contactKey]int64        // points before it are not counted
	final     []Moment
	forgotten int64           // points before it are of no latest one any more
	floors    map[Group]int64 // of indices that are final
	file      *file
	answers   *answers
	visits    *visits
	risk      risk
	calls     *calls
	trade     *trade
	into      string // merged into
	until     int64  // as long as this is known
}

func newPerson() *person {
	return &person{gone: map[contactKey]*contactTold{}, contacts: map[contactKey]*contactTold{}, since: map[contactKey]int64{}, floors: map[Group]int64{}, file: newFile(), answers: newAnswers(), visits: newVisits(), calls: &calls{}, trade: newTrade()}
}

// customers is rule 11: what all customers have heard, in the order of time.
type customers struct {
	tenant string
	known  map[string]*person
	policy *policy
	calls  []event.Signal // the triggers that were set off
}

// customers follows what was told to them. Between partitions the order is that of their time.
func (w *World) customers() []Moment {
	var all []hearing
	for _, s := range w.subjects {
		all = append(all, s.hearings...)
	}
	all = append(all, w.erasures()...)
	moments, _ := w.hearAll(all, func(string, string) int64 { return w.heard })
	return moments
}

// hearAll tells the customers what they hear, and the policies of all partitions. at is the instant as of which a customer counts. Living are the customers that some
// contact is known of which is not final.
func (w *World) hearAll(all []hearing, at func(tenant, customer string) int64) (out []Moment, living []Person) {
	for _, p := range w.parts {
		for tenant, list := range p.policies {
			for _, v := range list {
				all = append(all, hearing{partition: p.number, offset: v.offset + 1, at: v.at, tenant: tenant, policy: v})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b hearing) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.partition, b.partition), cmp.Compare(a.offset, b.offset))
	})
	tenants := map[string]*customers{}
	for _, h := range all {
		c := tenants[h.tenant]
		if c == nil {
			c = &customers{tenant: h.tenant, known: map[string]*person{}, calls: w.triggers}
			tenants[h.tenant] = c
			for _, s := range w.triggers {
				if s.Tenant == h.tenant && s.Customer != "" {
					c.of(s.Customer)
				}
			}
		}
		c.hear(h)
	}
	for _, tenant := range slices.Sorted(maps.Keys(tenants)) {
		c := tenants[tenant]
		for _, name := range slices.Sorted(maps.Keys(c.known)) {
			p, now := c.known[name], at(tenant, name)
			p.freeze(now, c.policy)
			for _, m := range p.moments(now, c.policy) {
				m.Tenant, m.Customer = tenant, name
				out = append(out, m)
			}
			if len(p.contacts) > 0 {
				living = append(living, Person{tenant, name})
			}
		}
	}
	return out, living
}

func (c *customers) of(name string) *person {
	p := c.known[name]
	if p == nil {
		p = newPerson()
		p.calls = callsOf(c.calls, c.tenant, name)
		c.known[name] = p
	}
	return p
}

func (c *customers) hear(h hearing) {
	if h.customer == "" { // a policy
		for _, p := range c.known {
			if c.policy != nil {
				p.freeze(h.at, c.policy)
			}
		}
		c.policy = h.policy
		return
	}
	p := c.of(h.customer)
	switch {
	case h.survivor != "":
		if h.survivor != h.customer {
			p.freeze(h.at, c.policy)
			after := p.calls.end(h.at, h.occurred)
			p.calls.list = append(p.calls.list, after.list...)
			p.into, p.until = h.survivor, h.at+mergeKept
		}
		return
	case h.erased:
		p.freeze(h.at, c.policy)
		n := newPerson()
		n.calls = p.calls.end(h.at, h.occurred)
		n.final = slices.DeleteFunc(p.moments(h.at, c.policy), func(m Moment) bool { return m.Kind == AtRisk }) // rule 23.5
		c.known[h.customer] = n
		return
	}
	// Rule 11.6: what is told goes on along the merges, and ends where it comes back to a customer it passed.
	name, passed := h.customer, map[string]bool{}
	for p.into != "" && p.until >= h.at && !passed[name] && !p.keeps(h) {
		passed[name] = true
		p.until = max(p.until, h.at+mergeKept)
		h.key.via += "/" + name
		h.survey.via, h.sale.via = h.key.via, h.key.via
		name = p.into
		p = c.of(name)
	}
	p.hear(h)
}

// keeps says whether what is told to a customer who was merged is of an order that they know by now, rule 22.4.
func (p *person) keeps(h hearing) bool {
	if h.sale.subject == nil {
		return false
	}
	p.freeze(h.at, h.policy)
	return p.trade.knows(h.order, h.at)
}

// hear is rule 11.4.
func (p *person) hear(h hearing) {
	p.freeze(h.at, h.policy)
	if h.optedOut {
		p.risk.optedOut = true
		return
	}
	if h.survey.subject != nil {
		p.answers.hear(h.survey, h.asked, h.at)
		return
	}
	if h.sale.subject != nil {
		p.trade.hear(h.sale, h.sold, h.at)
		return
	}
	p.file.hear(h)
	p.visits.hear(h)
	if h.told == nil {
		p.gone[h.key] = h.back
		delete(p.contacts, h.key)
		if _, heard := p.since[h.key]; !heard {
			p.since[h.key] = h.since()
		}
		return
	}
	delete(p.gone, h.key)
	told := *h.told
	if _, heard := p.since[h.key]; !heard {
		p.since[h.key] = h.since()
	}
	told.at = slices.DeleteFunc(slices.Clone(told.at), func(t int64) bool { return t < p.since[h.key] })
	p.contacts[h.key] = &told
}

// since is from when on points and moments count of what a customer hears of for the first time, rule 11.4.
func (h hearing) since() int64 {
	told := h.told
	if told == nil {
		told = h.back
	}
	if len(told.at) > 0 && told.at[0] < h.at-contactKept {
		return h.at - contactKept
	}
	return 0
}

func (c *contactTold) finalAt(t, kept int64) bool {
	return c.latest() < t-c.keptFor(kept)
}

func (c *contactTold) keptFor(kept int64) int64 {
	if c.open {
		return openKept
	}
	return kept
}

// rollups are those of rule 11.5.
func (c *contactTold) rollups() []Group {
	list := []Group{{}, {Channel: c.channel}}
	if c.queue != "" {
		list = append(list, Group{Queue: c.queue}, Group{Channel: c.channel, Queue: c.queue})
	}
	return list
}

// latest are the latest points by roll-up, above those that are final.
func (p *person) latest() map[Group]int64 {
	out := map[Group]int64{}
	for _, c := range p.told() {
		for _, g := range c.rollups() {
			for _, t := range c.at {
				if t > p.floors[g] && t >= p.forgotten {
					out[g] = max(out[g], t)
				}
			}
		}
	}
	return out
}

// told are all contacts with points that count.
func (p *person) told() []*contactTold {
	return slices.AppendSeq(slices.Clone(p.past), maps.Values(p.contacts))
}

// freeze makes final what time has made so.
func (p *person) freeze(now int64, policy *policy) {
	for g, t := range p.latest() {
		if t < now-indexKept {
			p.final = append(p.final, Moment{Kind: Active, At: t, Group: g})
			p.floors[g] = t
		}
	}
	p.forgotten = max(p.forgotten, now-indexKept)
	for key, c := range p.gone {
		if c.finalAt(now, policy.contactsKept()) {
			delete(p.gone, key)
			delete(p.since, key)
		}
	}
	p.settleRisk(now, policy)
	p.answers.settle(now, policy, p.file)
	p.calls.settle(now, policy, p.file)
	p.trade.settle(now, policy, p.file)
	p.file.settle(now, policy, p.answers)
	p.visits.settle(now, policy)
	for key, c := range p.contacts {
		if c.finalAt(now, policy.contactsKept()) {
			p.past = append(p.past, c)
			delete(p.contacts, key)
			delete(p.since, key)
		}
	}
}

// moments are what the customer counts.
func (p *person) moments(now int64, policy *policy) []Moment {
	out := slices.Clone(p.final)
	out = append(out, p.file.moments(now, p.answers)...)
	out = append(out, p.answers.moments(policy, p.file)...)
	out = append(out, p.visits.moments(policy)...)
	out = append(out, p.risks(now, policy)...)
	out = append(out, p.calls.moments(now, p.file)...)
	out = append(out, p.trade.moments(policy, p.file)...)
	for g, t := range p.latest() {
		out = append(out, Moment{Kind: Active, At: t, Group: g})
	}
	type day struct {
		at int64
		Group
	}
	days := map[day]bool{}
	for _, c := range p.told() {
		for _, g := range c.rollups() {
			for _, t := range c.at {
				days[day{startOfDay(t, policy.zone), g}] = true
			}
		}
	}
	for d := range days {
		out = append(out, Moment{Kind: ActiveDay, At: d.at, Group: d.Group})
	}
	return out
}
