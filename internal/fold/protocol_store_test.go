package fold

import (
	"errors"
	"maps"
	"slices"

	"github.com/vigia-cx/vigia/internal/event"
)

// The world of the simulation has two partitions of each topic. A bay is what Redis holds of one partition: four for the stages, two for the consumer of
// signals, which stands for the alerter.
const (
	partitions  = 2
	topicEvents = "interactions"
	topicFacts  = "customers"
	topicAlarms = "signals"
	topicDead   = "deadletters"

	firstFacts  = partitions
	firstAlarms = 2 * partitions
	bays        = 3 * partitions
	wires       = bays + 1 // and the dead letters

	keptWrites = 40 // how many writes a fail-over can take back at most
	maxOutbox  = 40
)

// wire is one partition of a topic. Records below start are deleted, which only the test still remembers.
type wire struct {
	recs  []record
	start int64
	life  int64 // how often it was created
}

type record struct {
	key string
	event.Record
	from *parcel // the output that it carries; nil for what was not relayed
}

func (l *wire) end() int64 { return int64(len(l.recs)) }

// place is a stored position.
type place struct {
	lineage int64
	Position
}

// meta is what Redis holds beside the state; copying it copies everything, for lists are never changed in place.
type meta struct {
	exists    bool
	at        place
	epoch     int64
	log       int64 // log lineage
	schema    int64
	print     int64 // which record was applied last, 0 none
	restate   int64 // where the lineage tells again what is open, -1 nowhere
	lost      int64 // until a record of the lineage is applied: first offset lost, -1 none
	moved     bool  // until then: the state is that of an older lineage
	outbox    []parcel
	next      int64 // ordinal of the next parcel
	desk      *desk // the consumer of signals
	sum       uint64
	sent      *link // every output so far, newest first
	got       *link // every output applied
	since     int64 // first record of the state
	truncated bool
	branch    int64 // the last lineage that went on with a state of another
	losses    []loss
}

func (m *meta) fresh() bool { return m.print == 0 && m.lost < 0 && !m.moved && m.at.Step == 0 }

// unsent is the offset from which on something may not have been sent.
func (m *meta) unsent() int64 {
	if len(m.outbox) > 0 {
		return m.outbox[0].Offset
	}
	return m.at.Offset
}

// parcel is an output that waits in the outbox.
type parcel struct {
	Out
	ordinal int64
	wire    int
}

// link is a list that versions of the state share.
type link struct {
	before *link
	wire   int // where it went; for what was received the bay that sent it
	log    int64
	Position
	index int32
	id    string
	body  event.RecordBody
}

// bay is one slot in Redis: its state, and how to take back the last writes.
type bay struct {
	meta
	mem     Memory
	history []undo
	copies  []snapshot
}

type undo struct {
	meta meta
	mem  Memory // when all of it was replaced
	old  []oldField
}

type oldField struct {
	key, field string
	value      []byte
	hash       map[string][]byte
}

type snapshot struct {
	meta meta
	mem  Memory
}

var (
	errAbsent  = errors.New("absent")
	errMoved   = errors.New("moved")
	errFenced  = errors.New("fenced")
	errFull    = errors.New("outbox full")
	errLost    = errors.New("no reply")
	errRefused = errors.New("refused: another generation or schema")
	errAlready = errors.New("already applied")
)

// change begins a write that a fail-over can take back.
func (b *bay) change() *undo {
	if len(b.history) == keptWrites {
		b.history = slices.Delete(b.history, 0, 1)
	}
	b.history = append(b.history, undo{meta: b.meta})
	return &b.history[len(b.history)-1]
}

// failOver loses the last n writes.
func (b *bay) failOver(n int) {
	for ; n > 0 && len(b.history) > 0; n-- {
		u := b.history[len(b.history)-1]
		b.history = b.history[:len(b.history)-1]
		for i := len(u.old) - 1; i >= 0; i-- {
			o := u.old[i]
			if o.hash != nil {
				b.mem[o.key] = o.hash
			} else {
				b.mem.set(o.key, o.field, o.value)
			}
		}
		if u.mem != nil {
			b.mem = u.mem
		}
		b.meta = u.meta
	}
}

// loss is a range of records that was deleted before it was applied. From the first tick after told nothing is left of what was open before.
type loss struct{ from, to, told int64 }

// skip notes a loss; one that no record has followed yet goes on.
func (b *bay) skip(from, to, told int64) {
	keep := len(b.losses)
	if keep > 0 && b.losses[keep-1].from == from {
		keep--
	}
	b.losses = append(b.losses[:keep:keep], loss{from, to, told})
}

func (b *bay) lose() { *b = bay{mem: Memory{}, copies: b.copies} }

func (b *bay) save() {
	if b.print == 0 {
		return
	}
	b.copies = append(b.copies, snapshot{b.meta, b.mem.clone()})
}

func (m Memory) clone() Memory {
	c := make(Memory, len(m))
	for k, h := range m {
		c[k] = maps.Clone(h)
	}
	return c
}

func (b *bay) restore(i int) {
	if len(b.copies) == 0 {
		return
	}
	c := b.copies[i%len(b.copies)]
	b.history, b.meta, b.mem = nil, c.meta, c.mem.clone()
}

// begin replaces the state by an empty one.
func (b *bay) begin(m meta) {
	u := b.change()
	u.mem = b.mem
	b.mem, b.meta = Memory{}, m
}

func (m Memory) set(key, field string, value []byte) {
	switch h := m[key]; {
	case value != nil && h == nil:
		m[key] = map[string][]byte{field: value}
	case value != nil:
		h[field] = value
	case h != nil:
		if delete(h, field); len(h) == 0 {
			delete(m, key)
		}
	}
}

// write stores a field and keeps the sum over all fields, but for the root, which holds what differs between lineages.
func (b *bay) write(u *undo, w Write) {
	if w.Field == "" {
		if h := b.mem[w.Key]; h != nil {
			for f, v := range h {
				b.sum -= hashField(w.Key, f, v)
			}
			u.old = append(u.old, oldField{key: w.Key, hash: h})
			delete(b.mem, w.Key)
		}
		return
	}
	old := b.mem[w.Key][w.Field]
	u.old = append(u.old, oldField{key: w.Key, field: w.Field, value: old})
	if w.Key != keyRoot {
		b.sum += hashField(w.Key, w.Field, w.Value) - hashField(w.Key, w.Field, old)
	}
	b.mem.set(w.Key, w.Field, w.Value)
}

func hashField(key, field string, value []byte) uint64 {
	if value == nil {
		return 0
	}
	h := hashBytes(hashBytes(hashBytes(fnvStart, key), field), string(value))
	return h ^ h>>31
}

const fnvStart = 14695981039346656037

func hashBytes(h uint64, s string) uint64 {
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return (h ^ 0xff) * 1099511628211
}

func hashInts(h uint64, vs ...int64) uint64 {
	for _, v := range vs {
		h = (h ^ uint64(v)) * 1099511628211
		h ^= h >> 29
	}
	return h
}

// trim forgets outputs up to an ordinal, which is harmless however often and late it comes: within a lineage an ordinal names one output for ever.
func (b *bay) trim(lineage, upTo int64) {
	if !b.exists || b.at.lineage != lineage {
		return
	}
	i := 0
	for i < len(b.outbox) && b.outbox[i].ordinal <= upTo {
		i++
	}
	if i > 0 {
		b.change()
		b.outbox = b.outbox[i:]
	}
}
