package verify

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/oracle"
)

// firstStage is a partition of conversations being compared.
type firstStage struct {
	*run
	topic    string
	p        int32
	c        *copied
	w        *oracle.World
	x        *extract
	cut      int64
	suspects map[string]bool
}

// subjects compares which conversations and own lines are remembered, and which events they know.
func (f *firstStage) subjects() {
	stored := f.c.Hashes["s"]
	ours := map[string]bool{}
	for _, k := range f.w.Known() {
		ours[k.Key] = true
		if !k.Ruled {
			continue // rule 1.6: it counts nowhere, and nothing tells how long it is kept
		}
		f.report.Compared.Conversations++
		f.subject(k, stored[k.Key])
	}
	logged := map[string]bool{}
	for _, r := range f.x.records {
		if r.Key != "" {
			logged[r.Key] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(stored)) {
		tenant := event.KeyTenant(key)
		switch {
		case ours[key] || f.o.Tenant != "" && tenant != f.o.Tenant:
		case f.cut > 0:
			f.report.Unverifiable.Conversations++
		case !logged[key]:
			f.differ(Conversation, tenant, key, "is remembered", "has no record of it")
		default:
			f.differ(Conversation, tenant, key, "is remembered", "it is forgotten by now")
		}
	}
}

func (f *firstStage) differ(kind Kind, tenant, key, state, log string, conversations ...string) {
	f.report.add(Difference{Kind: kind, Topic: f.topic, Partition: f.p, Tenant: tenant, Key: "s", Field: key, State: state, Log: log, Conversations: conversations, Why: f.unsure(key)})
}

// unsure is why nothing can be said of a subject by the log alone, "" when it can.
func (f *firstStage) unsure(key string) string {
	if f.cut > 0 && f.suspects[key] {
		return "the log has lost its beginning: the conversation may have begun before it"
	}
	return ""
}

// subject compares one conversation; b is its state.
func (f *firstStage) subject(k oracle.Known, b []byte) {
	var names []string
	if k.Conversation != "" {
		names = []string{k.Conversation}
	}
	if b == nil {
		log := "it is not forgotten yet"
		if n := len(k.Events); n > 0 {
			log += fmt.Sprintf("; its last event is offset %d of %s", k.Events[n-1].Offset, stamp(k.Events[n-1].At))
		}
		f.differ(Conversation, k.Tenant, k.Key, "has no state of it", log, names...)
		return
	}
	s, err := convo.Decode(b)
	if err != nil {
		f.report.add(Difference{Kind: Damaged, Topic: f.topic, Partition: f.p, Tenant: k.Tenant, Key: "s", Field: k.Key, State: "cannot be read: " + err.Error(), Log: "a conversation", Conversations: names})
		return
	}
	if !inAgenda(f.c.Hashes, k.Key, s.Wake) {
		f.report.add(Difference{Kind: Conversation, Topic: f.topic, Partition: f.p, Tenant: k.Tenant, Key: "s", Field: k.Key, Conversations: names,
			State: "is not in the agenda for " + stamp(s.Wake) + ": nobody will look at it then", Log: "it must be looked at"})
	}
	remembered := map[uint64]bool{}
	for _, id := range s.Remembered() {
		remembered[id] = true
	}
	for _, e := range k.Events {
		if !remembered[e.Hash] {
			f.report.add(Difference{Kind: Event, Topic: f.topic, Partition: f.p, Offset: &e.Offset, Tenant: k.Tenant, Key: "s", Field: k.Key, Conversations: names, Why: f.unsure(k.Key),
				State: "does not know it: it was not applied", Log: fmt.Sprintf("event %s of %s at offset %d", e.ID, stamp(e.At), e.Offset)})
		}
		delete(remembered, e.Hash)
	}
	if len(remembered) > 0 && f.cut == 0 {
		f.differ(Event, k.Tenant, k.Key, fmt.Sprintf("knows %d events", len(remembered)), "has not, or no longer needs them", names...)
	}
}

// inAgenda says whether a subject is entered where it says it is.
func inAgenda(hashes map[string]map[string][]byte, key string, wake int64) bool {
	if wake == 0 {
		return true
	}
	minute := wake / 60_000
	if wake%60_000 < 0 {
		minute--
	}
	_, ok := hashes["a:"+strconv.FormatInt(minute, 10)][key]
	return ok
}
