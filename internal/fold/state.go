package fold

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/agent"
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/customer"
	"github.com/vigia-cx/vigia/internal/event"
)

// Keys of a slot's state. Readers know those marked so.
const (
	keyRoot       = "root"   // field "r": root
	keyPublic     = "pub"    // readers: t, b, inc, tenants, counters
	keySubjects   = "s"      // field = Kafka key: conversation, customer or agent
	keyAgenda     = "ab"     // field = hour: minutes of it that hold entries, a bit each
	prefixAgenda  = "a:"     // + minute: field = Kafka key, value = instant
	prefixTenant  = "tn:"    // readers: + tenant: dir, zone, params, capped
	prefixChanges = "chg:"   // readers: + tenant: field = key of a chunk, value = number of contributions so far
	prefixNames   = "names:" // + tenant: field = dimension
	prefixRefs    = "ref:"   // readers: + tenant: field = name of a reference number, value = its history
	prefixOpen    = "o:"     // readers: + tenant: field = conversation; of stage 2: agent
)

// Start says how a slot begins.
type Start struct {
	Fresh        bool  // nothing is stored: begin with an empty root
	LogLineage   int64 // grows when the topic is created anew
	StateLineage int64 // grows with every rebuild and skip
	Truncated    bool  // the log no longer reaches back to its first record
	RestateAt    int64 // where the log ended when the lineage began: nothing beyond was ever sent, open breaches are told again after it; -1 = no need
	Loss         *Loss // records lost to retention before they were applied
}

// Loss is a range of offsets [From, To) that was deleted before it was applied.
type Loss struct{ From, To int64 }

// Slot is the state of one partition in use. It belongs to one goroutine.
type Slot struct {
	cfg  Config
	load Load
	err  error // first fault of a load; sticky until the slot is dropped

	root     *root
	tenants  map[string]*tenant
	chunks   map[chunkID]*chunk
	recent   recentChunk
	subjects map[string]*subject
	agenda   agenda

	from, pos Position
	index     int32 // outputs of the step at hand
	order     []Ref // writes of the batch, each ref once
	outs      []Out
	overlay   map[Ref][]byte // their values; later loads see them too
	dirty     []dirty
	clock     uint64 // for eviction
	bytes     int
	scratch   []byte
	work      convo.Scratch
	people    customer.Scratch
	watch     func(key string, gone, fresh []convo.Moment) // see Watch
}

type dirty interface{ flush(s *Slot) }

// subject is a conversation, a customer or an agent in use.
type subject struct {
	key    string
	convo  *convo.State
	person *customer.State
	agent  *agent.State
	open   []byte // what readers see, as last written
	shown  bool   // open is known: false after a load
	size   int
	used   uint64
	dirty  bool
	gone   bool
}

// New begins a slot at a stored position.
func New(cfg Config, load Load, pos Position, start Start) *Slot {
	s := &Slot{cfg: cfg, load: load, from: pos, pos: pos, tenants: map[string]*tenant{}, chunks: map[chunkID]*chunk{}, subjects: map[string]*subject{}, overlay: map[Ref][]byte{}}
	s.agenda.slot = s
	if start.Fresh {
		s.root = newRoot(start)
		s.touch(s.root)
		s.agenda.hours = map[int64]uint64{}
	} else if v := s.get(Ref{keyRoot, "r"}); s.err == nil {
		r, err := decodeRoot(v.Blob)
		if err != nil {
			s.err = fmt.Errorf("root of the slot: %w", err)
			return s
		}
		s.root = r
	}
	if s.root != nil && start.Loss != nil {
		s.root.lose(start)
		s.touch(s.root)
	}
	if s.root != nil && !start.Fresh && start.RestateAt >= 0 {
		s.root.Start.StateLineage, s.root.Start.RestateAt, s.root.Restated = start.StateLineage, start.RestateAt, false
		s.touch(s.root)
	}
	return s
}

// Err returns what keeps the slot from being used: a load that failed.
func (s *Slot) Err() error { return s.err }

// Position returns the next step to apply.
func (s *Slot) Position() Position { return s.pos }

// Weight is the number of writes and outputs collected for the next commit.
func (s *Slot) Weight() int { return len(s.order) + len(s.dirty) + len(s.outs) }

// Time is the newest time folded, Unix ms: for stage 2 the smallest watermark of all sources.
func (s *Slot) Time() int64 { return s.root.T }

// Counters tells what became of the records so far, by result.
func (s *Slot) Counters() map[string]int64 { return maps.Clone(s.root.counters) }

// Commit takes what was collected since the last one.
func (s *Slot) Commit() Commit {
	for i := 0; i < len(s.dirty); i++ {
		s.dirty[i].flush(s)
	}
	s.dirty = s.dirty[:0]
	c := Commit{From: s.from, To: s.pos, Writes: make([]Write, len(s.order)), Outs: s.outs}
	for i, ref := range s.order {
		c.Writes[i] = Write{ref.Key, ref.Field, s.overlay[ref]}
	}
	s.order, s.outs = s.order[:0], nil
	return c
}

// Committed says that the last commit is stored. Objects are evicted, oldest first, beyond a bound in bytes.
func (s *Slot) Committed(bound int) {
	s.from = s.pos
	clear(s.overlay)
	if s.bytes > bound {
		s.evict(bound * 3 / 4)
	}
}

func (s *Slot) evict(bound int) {
	type victim struct {
		used uint64
		drop func()
	}
	var all []victim
	for k, c := range s.chunks {
		all = append(all, victim{c.used, func() { s.dropChunk(k) }})
	}
	for k, x := range s.subjects {
		all = append(all, victim{x.used, func() { s.bytes -= x.size; delete(s.subjects, k) }})
	}
	slices.SortFunc(all, func(a, b victim) int {
		if a.used < b.used {
			return -1
		}
		return 1
	})
	for _, v := range all {
		if s.bytes <= bound {
			return
		}
		v.drop()
	}
}

func (s *Slot) touch(d dirty) {
	switch d := d.(type) {
	case *root:
		if d.dirty {
			return
		}
		d.dirty = true
	case *tenant:
		if d.dirty {
			return
		}
		d.dirty = true
	case *subject:
		if d.dirty {
			return
		}
		d.dirty = true
	case *chunk:
		if len(d.touched) > 0 {
			return
		}
	}
	s.dirty = append(s.dirty, d)
}

func (s *Slot) write(key, field string, value []byte) {
	ref := Ref{key, field}
	if _, pending := s.overlay[ref]; !pending {
		s.order = append(s.order, ref)
	}
	s.overlay[ref] = value
}

// get loads one value, with writes that are not stored yet laid over it.
func (s *Slot) get(ref Ref) Value {
	v := s.getAll([]Ref{ref})
	if s.err != nil {
		return Value{}
	}
	return v[0]
}

func (s *Slot) getAll(refs []Ref) []Value {
	if s.err != nil {
		return make([]Value, len(refs))
	}
	values, err := s.load(refs)
	if err != nil {
		s.err = err
		return make([]Value, len(refs))
	}
	if len(s.overlay) == 0 {
		return values
	}
	for i, ref := range refs {
		if ref.Field != "" {
			if b, ok := s.overlay[ref]; ok {
				values[i] = Value{Blob: b, Found: b != nil}
			}
			continue
		}
		for o, b := range s.overlay {
			if o.Key != ref.Key || o.Field == "" {
				continue
			}
			if values[i].Fields == nil {
				values[i].Fields = map[string][]byte{}
			}
			if b == nil {
				delete(values[i].Fields, o.Field)
			} else {
				values[i].Fields[o.Field] = b
			}
		}
	}
	return values
}

// Prefetch loads the conversations or customers of these Kafka keys in one go.
func (s *Slot) Prefetch(keys []string) error {
	var refs []Ref
	var missing []string
	seen := map[string]bool{}
	for _, k := range keys {
		if _, ok := s.subjects[k]; !ok && k != "" && !seen[k] {
			seen[k] = true
			refs, missing = append(refs, Ref{keySubjects, k}), append(missing, k)
		}
	}
	if len(refs) == 0 {
		return s.err
	}
	for i, v := range s.getAll(refs) {
		s.adopt(missing[i], v)
	}
	return s.err
}

// adopt takes a loaded subject into use; one that does not exist yet is remembered as such.
func (s *Slot) adopt(key string, v Value) *subject {
	x := &subject{key: key}
	if s.err != nil {
		return x
	}
	if v.Found {
		var err error
		switch {
		case s.cfg.Stage == Conversations:
			x.convo, err = convo.Decode(v.Blob)
		case event.IsAgentKey(key):
			x.agent, err = agent.Decode(v.Blob)
		default:
			x.person, err = customer.Decode(v.Blob)
		}
		if err != nil {
			s.err = fmt.Errorf("state of %s: %w", strings.SplitN(key, "/", 2)[0], err)
			return x
		}
	}
	x.size = weigh(len(v.Blob))
	s.bytes += x.size
	s.subjects[key] = x
	return x
}

func (s *Slot) subject(key string) *subject {
	x, ok := s.subjects[key]
	if !ok {
		x = s.adopt(key, s.get(Ref{keySubjects, key}))
	}
	s.clock++
	x.used = s.clock
	return x
}

func (x *subject) flush(s *Slot) {
	x.dirty = false
	if x.gone {
		s.write(keySubjects, x.key, nil)
		x.gone = false
		return
	}
	var b []byte
	switch {
	case x.convo != nil:
		b = x.convo.Encode()
	case x.person != nil:
		b = x.person.Encode()
	case x.agent != nil:
		b = x.agent.Encode()
	}
	size := weigh(len(b))
	s.bytes += size - x.size
	x.size = size
	s.write(keySubjects, x.key, b)
}

// weigh estimates what a subject takes in memory from the size of its encoding.
func weigh(encoded int) int { return encoded*3 + 1400 }

func (x *subject) wake() *int64 {
	switch {
	case x.convo != nil:
		return &x.convo.Wake
	case x.agent != nil:
		return &x.agent.Wake
	}
	return &x.person.Wake
}

// known reports whether there is anything to look at.
func (x *subject) known() bool { return x.convo != nil || x.person != nil || x.agent != nil }
