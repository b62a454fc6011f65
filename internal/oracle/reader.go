package oracle

import (
	"maps"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/event"
)

// Reader computes a log whose partitions come one after the other, so that the events of one of them are in memory at a time. The zero value is ready.
type Reader struct {
	all      World // partitions without their events
	hearings []hearing
	shifts   []shift
}

// Partition reads all records of one partition and returns what conversations and own lines count there. Call [World.Release] when it has been looked at.
func (r *Reader) Partition(records []Placed, o Options) (*World, error) {
	w, err := read(records, o)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(w.moments, Moment.compare)
	if r.all.parts == nil {
		r.all.parts = map[int32]*partition{}
	}
	maps.Copy(r.all.parts, w.parts)
	for _, s := range w.subjects {
		r.hearings = append(r.hearings, s.hearings...)
		r.shifts = append(r.shifts, s.shifts...)
	}
	r.hearings = append(r.hearings, w.erasures()...)
	return w, nil
}

// Release gives up the events, for memory. Of the world only its time, policies and what customers were told are of use from then on.
func (w *World) Release() {
	for _, p := range w.parts {
		p.subjects, p.ticks = nil, slices.Clone(p.ticks[max(0, len(p.ticks)-1):])
	}
	for _, s := range w.subjects {
		*s = subject{key: s.key}
	}
	w.subjects, w.moments, w.places = nil, nil, nil
}

// Person is a customer of a tenant.
type Person struct{ Tenant, Customer string }

// Heard says how far the second stage has come with a customer.
type Heard interface {
	// Until is the offset of the newest record of a partition of the interactions log whose news the customer has heard, -1 for none.
	Until(p Person, partition int32) int64
	// At is the time of rule 11.3, Unix ms.
	At(p Person) int64
}

// Customers follows what the customers were told by the partitions read so far, and the triggers that were set off. Living are those that are remembered because of a contact that is
// not final.
func (r *Reader) Customers(h Heard, triggers []event.Signal) (moments []Moment, living []Person) {
	heard := slices.DeleteFunc(slices.Clone(r.hearings), func(x hearing) bool {
		return x.offset-1 > h.Until(Person{x.tenant, x.customer}, x.partition)
	})
	r.all.triggers = triggers
	moments, living = r.all.hearAll(heard, func(tenant, name string) int64 { return h.At(Person{tenant, name}) })
	slices.SortFunc(moments, Moment.compare)
	return moments, living
}

// Edge are the customers of whom the second stage may have heard a part only of what the newest record that it knows of tells.
func (r *Reader) Edge(h Heard) map[Person]bool {
	out := map[Person]bool{}
	for _, x := range r.hearings {
		if p := (Person{x.tenant, x.customer}); x.offset-1 == h.Until(p, x.partition) {
			out[p] = true
		}
	}
	return out
}

// Renamed are the customers of whom it matters which partition's news they hear first: those that were merged into another one, or into which another one was, and those that were erased.
func (r *Reader) Renamed() map[Person]bool {
	out := map[Person]bool{}
	for _, h := range r.hearings {
		switch {
		case h.survivor != "":
			out[Person{h.tenant, h.customer}], out[Person{h.tenant, h.survivor}] = true, true
		case h.erased:
			out[Person{h.tenant, h.customer}] = true
		}
	}
	return out
}

// Setting is what a version of a tenant's policy says of how moments are stored, rule 13.6.
type Setting struct {
	Serial     int64
	Zone       string
	AgentCells bool
	Agents     bool
}

// Settings are those of a tenant in the partitions read so far: each serial once, ascending.
func (r *Reader) Settings(tenant string) []Setting { return r.all.settings(tenant) }

// Settings are those of a tenant, each serial once, ascending.
func (w *World) Settings(tenant string) []Setting { return w.settings(tenant) }

// Tenants are those that have a policy in the partitions read so far, ascending.
func (r *Reader) Tenants() []string { return r.all.Tenants() }

// Tenants are those that have a policy, ascending.
func (w *World) Tenants() []string {
	out := map[string]bool{}
	for _, p := range w.parts {
		for tenant := range p.policies {
			out[tenant] = true
		}
	}
	return slices.Sorted(maps.Keys(out))
}

func (w *World) settings(tenant string) []Setting {
	var out []Setting
	for _, p := range w.parts {
		for _, v := range p.policies[tenant] {
			out = append(out, Setting{v.serial, v.zone.String(), v.AgentCells, v.Agents})
		}
	}
	slices.SortFunc(out, func(a, b Setting) int { return int(a.Serial - b.Serial) })
	return slices.Compact(out)
}

// Known is a conversation or an own line (without a conversation) that is not forgotten at the end of the log.
type Known struct {
	Key                            string // of its events
	Tenant, Conversation, Customer string
	Counts                         bool     // rule 1.6 or 1.12 does not keep it out
	Ruled                          bool     // its tenant had a policy when it began
	Events                         []Record // that are not final
}

// Record is an event of the log.
type Record struct {
	Offset, At int64
	ID         string
	Hash       uint64 // of the id, rule 2.3
}

// Known are the subjects that are not forgotten.
func (w *World) Known() []Known {
	var out []Known
	for _, s := range w.subjects {
		if s.gone || len(s.p.subjects[s.key]) == 0 {
			continue
		}
		k := Known{Key: s.p.subjects[s.key][0].Body.(*event.Event).Key(), Tenant: s.key.tenant, Conversation: s.key.conversation, Customer: s.key.customer, Counts: !s.dead, Ruled: s.now != nil}
		for _, e := range s.events {
			k.Events = append(k.Events, Record{e.offset, e.At, e.ID, e.hash})
		}
		slices.SortFunc(k.Events, func(a, b Record) int { return int(a.Offset - b.Offset) })
		out = append(out, k)
	}
	return out
}

// Suspects are the keys of subjects that may have begun before a log that has lost its beginning. Those did not whose state says that it began with their first event in
// the log (first, Unix ms), and those of which all that stood before the log was forgotten by then, rule 1.11. From is the offset from which on it is known which policy
// of a tenant is in force. Of what happened less than unsureFor after the first tick nobody knows whether it is a repetition, or a gap holds it that is not told any more.
func (w *World) Suspects(from func(tenant string) int64, first func(key string) (at int64, known bool)) map[string]bool {
	out := map[string]bool{}
	for _, p := range w.parts {
		for key, records := range p.subjects {
			e := records[0].Body.(*event.Event)
			if len(p.ticks) == 0 || records[0].Offset < from(key.tenant) || e.At < p.ticks[0].at+unsureFor {
				out[e.Key()] = true
				continue
			}
			if at, known := first(e.Key()); known && at == e.At {
				continue
			}
			if list := p.policies[key.tenant]; len(list) > 0 && e.Threadless {
				v := list[len(list)-1]
				if e.At > p.ticks[0].at+v.episodeGap()+2*v.horizon(e.Source.Connector)+surveyKept {
					continue
				}
			}
			out[e.Key()] = true
		}
	}
	return out
}

// unsureFor is how long a gap of which the log does not tell the end can hold a verdict, rule 8.9: longer than clocks may be ahead.
const unsureFor = 3_600_000 + 300_000

// Number is a number that no channel brings, as it was told last for its instant: rule 20.1.
type Number struct {
	Tenant string
	At     int64
	event.Reference
}

// Numbers are those that were told while there was a policy of their tenant, ascending by kind, key and instant.
func (w *World) Numbers() []Number {
	type name struct {
		tenant, key string
		kind        event.ReferenceType
		at          int64
	}
	last := map[name]Number{}
	for _, e := range w.told {
		b := e.Body.(event.Reference)
		last[name{e.Tenant, b.Key, b.Type, e.At}] = Number{e.Tenant, e.At, b}
	}
	var out []Number
	for _, n := range last {
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b Number) int {
		if c := strings.Compare(a.Tenant+"\x00"+a.Type.String()+"\x00"+a.Key, b.Tenant+"\x00"+b.Type.String()+"\x00"+b.Key); c != 0 {
			return c
		}
		return int(a.At - b.At)
	})
	return out
}

// Without is what the subject of an event counts, and whether it is open, when that record is not there.
func (w *World) Without(r Placed) (moments []Moment, open []Open) {
	e, ok := r.Body.(*event.Event)
	if !ok || w.parts[r.Partition] == nil {
		return nil, nil
	}
	key, ok := keyOf(e)
	if !ok {
		return nil, nil
	}
	p := *w.parts[r.Partition]
	p.subjects = map[subjectKey][]Placed{key: slices.DeleteFunc(slices.Clone(p.subjects[key]), func(o Placed) bool { return o.Offset == r.Offset })}
	other := &World{subjects: p.follow(key)}
	for _, s := range other.subjects {
		moments = append(moments, s.moments...)
	}
	return moments, other.Open()
}

// Key is the Kafka key of the subject of a moment of conversations and own lines.
func (m Moment) Key() string {
	if m.Conversation == "" {
		return event.CustomerKey(m.Tenant, m.Customer)
	}
	return event.ConversationKey(m.Tenant, m.Conversation)
}

// ByAgent says whether a metric is kept by agent: one of a KPI that is read so, rule 12.4, or the sum that goes with the points of a scale.
func (c Count) ByAgent() bool {
	if c.Metric >= 100 && c.Metric < 100+len(scales) {
		return true
	}
	_, agent := Uses(c.Metric)
	return agent
}

// Uses are the ids of the KPIs that rest on a metric, ascending; agent says whether one of them is read by agent.
func Uses(metric int) (ids []string, agent bool) {
	for _, id := range IDs() {
		k := catalog[id]
		for _, name := range Definitions(id) {
			if f := k.Definitions[name]; slices.Contains(f.Metrics, metric) || slices.Contains(f.Whole, metric) {
				ids, agent = append(ids, id), agent || k.ByAgent
				break
			}
		}
	}
	return ids, agent
}
