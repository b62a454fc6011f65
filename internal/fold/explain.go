package fold

import (
	"fmt"
	"maps"
	"slices"

	"github.com/vigia-cx/vigia/internal/agent"
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/customer"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// Look reads the state of one slot as far as it concerns one tenant, for those who ask why a number is what it is. It changes nothing and belongs to one goroutine.
type Look struct {
	slot *Slot
	t    *tenant
}

// Known is one conversation, customer or agent of a [Look], and the moments it counts now in the groups under which they stand in the panes.
type Known struct {
	Key     string
	Convo   *convo.State
	Person  *customer.State
	Agent   *agent.State
	Moments []convo.Moment
}

// NewLook begins to read a slot of a stage. The load may answer later calls from a newer state.
func NewLook(stage Stage, tenant string, load Load) (*Look, error) {
	s := New(Config{Stage: stage}, load, Position{}, Start{RestateAt: -1})
	if s.err != nil {
		return nil, s.err
	}
	l := &Look{slot: s, t: s.tenant(tenant)}
	return l, s.err
}

// Time is the newest time folded, Unix ms.
func (l *Look) Time() int64 { return l.slot.root.T }

// Policy is the policy in force; one without promises when the slot knows none.
func (l *Look) Policy() *sla.Policy { return l.t.current() }

// keysPerLoad bounds how much of the agenda, and how many subjects, one load asks for.
const keysPerLoad = 128

// Keys lists the keys of the tenant's conversations, or customers, in order: all that have something to wait for, which is all that there are.
func (l *Look) Keys() ([]string, error) {
	l.slot.agenda.hours, l.slot.agenda.minutes = nil, nil
	var refs []Ref
	for hour, set := range l.slot.agenda.directory() {
		for m := range int64(60) {
			if set&(1<<m) != 0 {
				refs = append(refs, Ref{minuteKey(hour*60 + m), ""})
			}
		}
	}
	seen := map[string]bool{}
	for some := range slices.Chunk(refs, keysPerLoad) {
		for _, v := range l.slot.getAll(some) {
			for key := range v.Fields {
				if event.KeyTenant(key) == l.t.name {
					seen[key] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(seen)), l.slot.err
}

// Changes tells how many contributions each chunk of panes has had, by its key.
func (l *Look) Changes() (map[string]string, error) {
	out := map[string]string{}
	for key, b := range l.slot.get(Ref{prefixChanges + l.t.name, ""}).Fields {
		out[key] = string(b)
	}
	return out, l.slot.err
}

// RootRef is where the root of a slot is kept: a slot without one was created and has folded nothing yet.
func RootRef() Ref { return Ref{keyRoot, "r"} }

// SubjectRef is where a conversation or customer is kept, by its key.
func SubjectRef(key string) Ref { return Ref{keySubjects, key} }

// Each tells the subjects of some keys, in their order, leaving out those that are not there. It stops at the first error.
func (l *Look) Each(keys []string, tell func(k Known) error) error {
	for some := range slices.Chunk(keys, keysPerLoad) {
		refs := make([]Ref, len(some))
		for i, key := range some {
			refs[i] = SubjectRef(key)
		}
		values := l.slot.getAll(refs)
		if l.slot.err != nil {
			return l.slot.err
		}
		for i, v := range values {
			if !v.Found {
				continue
			}
			k, err := l.decode(some[i], v.Blob)
			if err == nil {
				err = tell(k)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *Look) decode(key string, b []byte) (k Known, err error) {
	k.Key = key
	switch {
	case l.slot.cfg.Stage == Conversations:
		if k.Convo, err = convo.Decode(b); err == nil {
			k.Moments = k.Convo.Counted(l.Env())
		}
	case event.IsAgentKey(key):
		if k.Agent, err = agent.Decode(b); err == nil {
			k.Moments = k.Agent.Counted()
		}
	default:
		if k.Person, err = customer.Decode(b); err == nil {
			k.Moments = k.Person.Counted()
		}
	}
	if err != nil {
		return k, fmt.Errorf("state of a subject of tenant %q: %w", l.t.name, err)
	}
	for i := range k.Moments {
		k.Moments[i].Group = l.Named(k.Moments[i].Group)
	}
	return k, nil
}

// Env is what the tenant's conversations are worked out under.
func (l *Look) Env() *convo.Env { return l.slot.env(l.t) }

// Named returns the names under which a group stands in the panes: those beyond the cap of a dimension are one.
func (l *Look) Named(g window.Group) window.Group {
	named := func(dim window.Dimension, name string) string {
		n := l.t.names[dim]
		if name == "" || n == nil || !n.over {
			return name
		}
		if _, ok := slices.BinarySearch(n.list, name); ok {
			return name
		}
		return window.Overflow
	}
	g.Queue, g.Team, g.Topic = named(window.DimQueue, g.Queue), named(window.DimTeam, g.Team), named(window.DimTopic, g.Topic)
	g.Agent = named(window.DimAgent, g.Agent)
	return g
}

// Watch has every change of what conversations count told to a listener as it is applied: what is taken back, then what is new.
func (s *Slot) Watch(tell func(key string, gone, fresh []convo.Moment)) { s.watch = tell }
