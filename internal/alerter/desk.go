package alerter

import (
	"fmt"
	"strings"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/rule"
	"github.com/vigia-cx/vigia/internal/store"
)

// Keys of a shard's state.
const (
	keyRoot        = "r" // field r: positions
	keyHearings    = "h" // by partition of signals and source
	keyIncidents   = "i"
	keyGroups      = "g"
	keyAttempts    = "d"
	keySilences    = "s"
	keyRules       = "k" // states by rule and group
	keyUnpublished = "u" // incidents that the topic of alerts does not have yet
)

const rootField = "r"

// root is how far a shard has read each partition of signals.
type root struct {
	Positions []int64 `json:"positions"`
}

// desk is the state of one shard and what is to be done about it. It does no I/O and knows no clock: now is always handed in, as Unix ms.
type desk struct {
	shard   int32
	shardOf func(tenant string) int32
	tenants map[string]*tenant
	// allow takes a token of a receiver's bucket, or says how long (ms) to wait for one.
	allow func(tenant, receiver string, now int64) int64

	root      root
	hearings  map[string]*hearing
	incidents map[string]*incident
	groups    map[string]*group
	attempts  map[string]*attempt
	silences  map[string]*silence // by tenant/id
	rules     map[string]rule.State
	panels    map[string]*panel

	agenda   agenda
	catching bool                // nothing is decided before the log is read to its end
	late     map[string]struct{} // incidents that changed meanwhile
	busy     map[string]string   // incident and receiver → attempt on its way
	waiting  map[string][]string // receiver → groups that wait for its bucket
	launch   []*attempt          // to be made once they are stored

	dirty       map[string]map[string]struct{}
	unpublished map[string]string // incidents that the topic of alerts does not know as they are, and their tenants
	tally       tally
}

// tally is what happened since it was last looked at, for metrics.
type tally struct {
	silenced, merged, digested, tooOld, escalated, fallbacks int
}

func newDesk(shard int32, partitions int, tenants map[string]*tenant, shardOf func(string) int32, allow func(tenant, receiver string, now int64) int64) *desk {
	return &desk{
		shard: shard, shardOf: shardOf, tenants: tenants, allow: allow, root: root{make([]int64, partitions)},
		hearings: map[string]*hearing{}, incidents: map[string]*incident{}, groups: map[string]*group{}, attempts: map[string]*attempt{}, silences: map[string]*silence{},
		rules: map[string]rule.State{}, panels: map[string]*panel{}, late: map[string]struct{}{}, busy: map[string]string{}, waiting: map[string][]string{},
		dirty: map[string]map[string]struct{}{}, unpublished: map[string]string{},
	}
}

func (d *desk) touch(key, field string) {
	fields := d.dirty[key]
	if fields == nil {
		fields = map[string]struct{}{}
		d.dirty[key] = fields
	}
	fields[field] = struct{}{}
}

// change notes that an incident is another one than before.
func (d *desk) change(i *incident, now int64) {
	i.Caught = d.catching
	d.save(i)
	d.review(i, now)
}

// save has an incident stored and published.
func (d *desk) save(i *incident) {
	d.touch(keyIncidents, i.ID)
	if _, waits := d.unpublished[i.ID]; !waits {
		d.unpublished[i.ID] = i.Tenant
		d.touch(keyUnpublished, i.ID)
	}
}

// writes returns what has changed since the last call, in a fixed order.
func (d *desk) writes() []store.Write {
	var out []store.Write
	for _, key := range sortedKeys(d.dirty) {
		for _, field := range sortedKeys(d.dirty[key]) {
			out = append(out, store.Write{Key: key, Field: field, Value: d.value(key, field)})
		}
	}
	clear(d.dirty)
	return out
}

// value is the stored form of one thing, nil when it is gone.
func (d *desk) value(key, field string) []byte {
	switch key {
	case keyRoot:
		return encode(d.root)
	case keyHearings:
		return encode(d.hearings[field])
	case keyIncidents:
		if i := d.incidents[field]; i != nil {
			return encode(i)
		}
	case keyGroups:
		if g := d.groups[field]; g != nil && g.LastSent != 0 && !g.Single {
			return encode(g)
		}
	case keyAttempts:
		if a := d.attempts[field]; a != nil {
			return encode(a)
		}
	case keySilences:
		if s := d.silences[field]; s != nil {
			return encode(s.Silence)
		}
	case keyRules:
		if s, ok := d.rules[field]; ok {
			return s.Encode()
		}
	case keyUnpublished:
		if tenant, ok := d.unpublished[field]; ok {
			return []byte(tenant)
		}
	}
	return nil
}

// load takes in one stored thing.
func (d *desk) load(key, field string, value []byte) (err error) {
	name := fmt.Sprintf("%s %s", key, field)
	switch key {
	case keyRoot:
		var r *root
		if r, err = decode[root](name, value); err == nil && len(r.Positions) == len(d.root.Positions) {
			d.root = *r
		}
	case keyHearings:
		d.hearings[field], err = decode[hearing](name, value)
	case keyIncidents:
		d.incidents[field], err = decode[incident](name, value)
	case keyGroups:
		var g *group
		if g, err = decode[group](name, value); err == nil {
			d.groups[field] = g
		}
	case keyAttempts:
		d.attempts[field], err = decode[attempt](name, value)
	case keySilences:
		var s *event.Silence
		if s, err = decode[event.Silence](name, value); err == nil {
			d.silences[field], err = newSilence(*s)
		}
	case keyRules:
		d.rules[field], err = rule.DecodeState(value)
	case keyUnpublished:
		d.unpublished[field] = string(value)
	}
	return err
}

// prune drops what is stored of tenants that are no longer served, and whatever refers to nothing.
func (d *desk) prune() {
	for id, i := range d.incidents {
		if d.serves(i.Tenant) != folded {
			delete(d.incidents, id)
			d.touch(keyIncidents, id)
		}
	}
	for key, s := range d.silences {
		if d.serves(s.Tenant) != folded {
			delete(d.silences, key)
			d.touch(keySilences, key)
		}
	}
	for key, g := range d.groups {
		if t := d.tenants[g.Tenant]; t == nil || t.receivers[g.Receiver] == nil {
			delete(d.groups, key)
			d.touch(keyGroups, key)
		}
	}
	for id, a := range d.attempts {
		if t := d.tenants[a.Tenant]; t == nil || t.receivers[a.Receiver] == nil {
			delete(d.attempts, id)
			d.touch(keyAttempts, id)
		}
	}
}

// resume makes plans for all that was loaded; nothing is decided until caught is called.
func (d *desk) resume(now int64) {
	d.prune()
	d.catching = true
	for id := range d.incidents {
		d.late[id] = struct{}{}
	}
	for key, s := range d.silences {
		d.agenda.add(s.EndsAt, dueSilence, key)
	}
	for id, a := range d.attempts {
		for _, m := range a.Members {
			d.busy[m.Incident+" "+a.Receiver] = id
		}
		for _, key := range a.Groups {
			d.groupFor(key, a.Tenant, a.Receiver, a.Route, a.Digest).attempt = id
		}
		d.agenda.add(now, dueAttempt, id)
		d.watch(a)
	}
}

// caught is called when the log is read to its end as of the opening: now it is decided what is still worth telling.
func (d *desk) caught(now int64) {
	d.catching = false
	for _, id := range sortedKeys(d.late) {
		if i := d.incidents[id]; i != nil {
			d.review(i, now)
		}
	}
	clear(d.late)
}

func receiverKey(tenant, receiver string) string { return tenant + "\x00" + receiver }

func splitReceiverKey(key string) (tenant, receiver string) {
	tenant, receiver, _ = strings.Cut(key, "\x00")
	return tenant, receiver
}
