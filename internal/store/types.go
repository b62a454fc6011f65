package store

import (
	"fmt"
	"strconv"
	"strings"
)

// Slot names the state of one topic partition of one stage.
type Slot struct {
	// Stage is one to eight lower-case letters: "i" for interactions, "c" for customers.
	Stage string
	// Partition is the number of the topic partition, from 0.
	Partition int32
}

// String returns the slot as it appears in errors, such as "i3".
func (s Slot) String() string { return s.Stage + strconv.Itoa(int(s.Partition)) }

// Position says which record of the log a slot applies next.
type Position struct {
	// Lineage grows with every rebuild, skip or re-creation of the log, so that positions of different histories never compare equal.
	Lineage int64
	// Offset is the offset of the next record to apply.
	Offset int64
	// Step is above 0 inside a record whose work takes several applies: the next step to apply.
	Step int32
}

// String returns "lineage/offset/step", which is also the stored form.
func (p Position) String() string {
	var buf [52]byte
	b := strconv.AppendInt(buf[:0], p.Lineage, 10)
	b = append(b, '/')
	b = strconv.AppendInt(b, p.Offset, 10)
	b = append(b, '/')
	b = strconv.AppendInt(b, int64(p.Step), 10)
	return string(b)
}

// Before reports whether p comes before q: an older lineage, or the same lineage and an earlier offset or step.
func (p Position) Before(q Position) bool {
	if p.Lineage != q.Lineage {
		return p.Lineage < q.Lineage
	}
	if p.Offset != q.Offset {
		return p.Offset < q.Offset
	}
	return p.Step < q.Step
}

func (p Position) valid() bool { return p.Lineage > 0 && p.Offset >= 0 && p.Step >= 0 }

// ParsePosition is the inverse of [Position.String].
func ParsePosition(s string) (Position, error) {
	lineage, rest, ok1 := strings.Cut(s, "/")
	offset, step, ok2 := strings.Cut(rest, "/")
	l, err1 := strconv.ParseInt(lineage, 10, 64)
	o, err2 := strconv.ParseInt(offset, 10, 64)
	n, err3 := strconv.ParseInt(step, 10, 32)
	if !ok1 || !ok2 || err1 != nil || err2 != nil || err3 != nil {
		return Position{}, fmt.Errorf("store: %q is not a position (want lineage/offset/step)", s)
	}
	return Position{Lineage: l, Offset: o, Step: int32(n)}, nil
}

// Meta is what a slot stores about its state.
type Meta struct {
	Position Position
	// Epoch is the number of the last claim. An apply with an older epoch is refused.
	Epoch int64
	// Space numbers the data keys of the state. It is the lineage in which the state was begun; a skip keeps it.
	Space int64
	// LogLineage grows only when the log is re-created.
	LogLineage int64
	// Partitions is the partition count of the topic at the time the state was begun.
	Partitions int32
	// Partitioner is the name of the function that maps keys to partitions.
	Partitioner string
	// Schema is the version of the state's encoding and step sizes.
	Schema int32
	// Fingerprint identifies the last applied record, to notice that the log was replaced.
	Fingerprint string
	// OutboxHead is the ordinal of the first entry of the outbox, or of the next one to be written if it is empty.
	OutboxHead int64
	// OutboxLen is the number of entries waiting in the outbox.
	OutboxLen int64
}

// Expect is what a worker requires of the state that it claims.
type Expect struct {
	Partitions  int32
	Partitioner string
	Schema      int32
}

// Ref names a value to load.
type Ref struct {
	Key string
	// Field is the field of the hash Key; "" means all fields.
	Field string
}

// Value is the answer to a [Ref].
type Value struct {
	// Blob is the value of the field, if one was asked for.
	Blob []byte
	// Fields holds all fields of the hash, if the whole hash was asked for and exists.
	Fields map[string][]byte
	// Found reports whether the field or the hash exists.
	Found bool
}

// Write is one change of the state. Writes take effect as if made one by one in the given order.
type Write struct {
	Key string
	// Field is the field to set or delete; "" with a nil Value deletes the whole key.
	Field string
	// Value is the new value; nil deletes. An empty, non-nil Value is stored as such.
	Value []byte
}

// Out is a record to leave for Kafka.
type Out struct {
	Topic     string
	Partition int32
	Key       []byte
	Value     []byte
	// Offset is the offset of the source record that caused it.
	Offset int64
	// At is the instant of the output in Unix milliseconds.
	At int64
}

// OutEntry is an outbox entry. Ordinals count the entries of a space from 1 without holes. A copy of Redis that lost its last writes uses the lost ordinals again: for the
// same outputs, as long as the lineage is the same.
type OutEntry struct {
	Ordinal int64
	Out
}

// Apply is one step of the fold, applied whole or not at all.
type Apply struct {
	// Epoch is the epoch of the claim under which the step was computed.
	Epoch int64
	// From is the position at which the state was loaded; To is the position after the step, later than From.
	From, To Position
	// Fingerprint identifies the last record below To; "" keeps the stored one.
	Fingerprint string
	// LogLineage is the log's lineage; 0 keeps the stored one.
	LogLineage int64
	// Writes are the changes, fastest if the writes to one key stand together.
	Writes []Write
	// Outbox is appended in order.
	Outbox []Out
	// MaxOutbox refuses a step with outputs while entries wait and the outbox would grow beyond it; 0 means no limit.
	MaxOutbox int64
}

// Result tells where an apply has left the slot.
type Result struct {
	Position  Position
	OutboxLen int64
	// Already is set when the step had been applied before, for instance because its first reply was lost.
	Already bool
}

// SlotRefs asks for values of one slot.
type SlotRefs struct {
	Slot Slot
	Refs []Ref
	// IfChangedSince, if set, asks for the values only if the slot's position differs from it.
	IfChangedSince *Position
}

// SlotValues answers a [SlotRefs].
type SlotValues struct {
	Meta Meta
	// Values are in the order of the Refs; nil if Absent or Unchanged.
	Values []Value
	// Absent is set when nothing is known about the slot, which is never the same as "all zero".
	Absent bool
	// Unchanged is set when the position is the one the reader has already seen.
	Unchanged bool
}
