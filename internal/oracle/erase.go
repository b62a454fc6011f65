package oracle

import (
	"slices"

	"github.com/vigia-cx/vigia/internal/event"
)

// wish is an erasure, rule 1.15.
type wish struct {
	offset, at int64
	customer   string
}

// wishes are those of a tenant, in their order.
func (p *partition) wish(e *event.Event, offset int64) {
	if p.book(e.Tenant, offset) == nil {
		return
	}
	if p.wishes == nil {
		p.wishes = map[string][]wish{}
	}
	for _, c := range e.Erased() {
		p.wishes[e.Tenant] = append(p.wishes[e.Tenant], wish{offset, e.At, c})
	}
}

// erasures are what the customers hear of them.
func (w *World) erasures() (out []hearing) {
	for _, p := range w.parts {
		for tenant, list := range p.wishes {
			for _, x := range list {
				b := p.book(tenant, x.offset).current()
				out = append(out, hearing{partition: p.number, offset: x.offset + 1, at: p.time(x.offset), tenant: tenant, customer: x.customer, occurred: x.at, zone: b.zone, policy: b, erased: true})
			}
		}
	}
	return out
}

// erasedUntil is the last instant of a subject whose state was erased that is not heard any more, by what is remembered at an offset: nothing once it would be too late anyhow.
type erasedUntil struct {
	at    int64
	known bool
}

func (p *partition) remembers(tenant string, until, offset int64) bool {
	return until >= p.time(offset)-p.book(tenant, offset).current().longestHorizon()
}

// concerned reports whether a customer must be taken out of a subject.
func (s *subject) concerned(x wish) bool {
	if !s.hasLast && len(s.events) > 0 && s.events[0].At > x.at {
		return false
	}
	return s.hasLast && s.base.customer == x.customer || slices.ContainsFunc(s.events, func(e *taken) bool { return e.Customer == x.customer })
}

// erase gives the subject up: what it counts stays. It returns the last instant that is not heard any more.
func (s *subject) erase(x wish) int64 {
	until := x.at
	if n := len(s.events); n > 0 {
		until = max(until, s.events[n-1].At)
	}
	s.layDown(x.offset)
	s.gone, s.running, s.events = true, nil, nil
	return until
}

// unheard reports whether an event happened before its subject, or its customer, was erased.
func (p *partition) unheard(e *event.Event, offset int64, of erasedUntil) bool {
	if of.known && e.At <= of.at && p.remembers(e.Tenant, of.at, offset) {
		return true
	}
	var until int64
	found := false
	for _, x := range p.wishes[e.Tenant] {
		if x.offset < offset && x.customer == e.Customer {
			until, found = max(until, x.at), true
		}
	}
	return found && e.At <= until && p.remembers(e.Tenant, until, offset)
}
