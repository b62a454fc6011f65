package fold

import (
	"bytes"
	"slices"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/pack"
	"github.com/vigia-cx/vigia/internal/sla"
)

// erase forgets customers: every conversation of this partition with them, and what stage 2 knows of them, which every partition asks for after all that it has told.
// What was counted stays. It looks at the whole state in one step, for a customer must be gone entirely or not at all; erasures are few.
func (s *Slot) erase(t *tenant, e *event.Event) {
	customers := e.Erased()
	for _, c := range customers {
		t.erased.add(event.CustomerKey(e.Tenant, c), e.At)
	}
	for _, key := range s.concerned(t, customers, e.At) {
		x := s.subject(key)
		if s.err != nil {
			return
		}
		change, until := x.convo.Erase(s.env(t))
		s.conclude(t, x, change)
		t.erased.add(key, max(until, e.At))
		s.count("erased")
	}
	s.count("applied")
	s.touch(t)
	for _, c := range customers {
		s.tell(event.Fact{Tenant: e.Tenant, Customer: c, StartedAt: e.At, Erased: true})
	}
}

// concerned lists the keys of the conversations with customers who are erased, in order. Only those in which a name is found are decoded.
func (s *Slot) concerned(t *tenant, customers []string, by int64) (out []string) {
	named := func(b []byte) bool {
		return slices.ContainsFunc(customers, func(c string) bool { return bytes.Contains(b, []byte(c)) })
	}
	consider := func(some []string) {
		var stored []string
		var refs []Ref
		for _, key := range some {
			if x, ok := s.subjects[key]; !ok {
				stored, refs = append(stored, key), append(refs, Ref{keySubjects, key})
			} else if x.convo != nil && x.convo.Concerns(customers, by) {
				out = append(out, key)
			}
		}
		for i, v := range s.getAll(refs) {
			if !named(v.Blob) {
				continue
			}
			if x := s.adopt(stored[i], v); s.err == nil && x.convo.Concerns(customers, by) {
				out = append(out, stored[i])
			}
		}
	}
	var keys []string
	for hour, set := range s.agenda.directory() {
		for m := range int64(60) {
			if set&(1<<m) == 0 {
				continue
			}
			for key := range s.agenda.minute(hour*60 + m) {
				if event.KeyTenant(key) == t.name {
					keys = append(keys, key)
				}
			}
		}
	}
	slices.Sort(keys)
	for some := range slices.Chunk(slices.Compact(keys), keysPerLoad) {
		if consider(some); s.err != nil {
			return nil
		}
	}
	return out
}

// erasures are the keys whose state was erased, not by their names, until nothing of before can be repeated any more.
type erasures struct {
	until map[string]int64 // digest of the key → last instant, Unix ms, that is not heard any more
	last  int64            // none of them is later: what happens now need not be looked up
	dirty bool
}

func (x *erasures) add(key string, until int64) {
	if x.until == nil {
		x.until = map[string]int64{}
	}
	name := event.OutputID("erased", key)
	x.until[name] = max(x.until[name], until)
	x.last, x.dirty = max(x.last, until), true
}

// covers reports whether an event happened before its customer, or its conversation, was erased.
func (x *erasures) covers(key string, e *event.Event) bool {
	if len(x.until) == 0 || e.At > x.last {
		return false
	}
	before := func(key string) bool {
		at, ok := x.until[event.OutputID("erased", key)]
		return ok && e.At <= at
	}
	return before(key) || e.Customer != "" && before(event.CustomerKey(e.Tenant, e.Customer))
}

// had reports whether the state of a key was erased.
func (x *erasures) had(key string) bool {
	if len(x.until) == 0 {
		return false
	}
	_, ok := x.until[event.OutputID("erased", key)]
	return ok
}

// forget drops what only events could ask for that come too late by now.
func (x *erasures) forget(t int64, p *sla.Policy) (changed bool) {
	for name, until := range x.until {
		if until < t-p.LongestHorizonMs() {
			delete(x.until, name)
			x.dirty, changed = true, true
		}
	}
	return changed
}

func (x *erasures) encode() []byte {
	if len(x.until) == 0 {
		return nil
	}
	names := make([]string, 0, len(x.until))
	for name := range x.until {
		names = append(names, name)
	}
	slices.Sort(names)
	w := &pack.Writer{}
	w.Uint(uint64(len(names)))
	for _, name := range names {
		w.String(name)
		w.Int(x.until[name])
	}
	return w.Bytes()
}

func (x *erasures) decode(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	r := pack.NewReader(b)
	x.until = map[string]int64{}
	for n := r.Len(); n > 0; n-- {
		name := r.String()
		x.until[name] = r.Int()
		x.last = max(x.last, x.until[name])
	}
	return r.Err()
}
