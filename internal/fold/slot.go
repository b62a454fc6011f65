// Package fold is what one record does to the state of one partition: the same pure code for both stages, for replay, for the simulation and for rebuilds.
//
// A [Slot] holds the decoded part of a partition's state that is in use, loads what is missing through a [Load] function, and collects what a batch of records
// changes. It never looks at a clock: time is the tick records of the log. The worker around it reads records, calls [Slot.Apply] until a batch is large
// enough, and writes the [Commit] in one compare-and-set. When that is refused the slot is dropped and begun again from the stored position.
package fold

import (
	"errors"
	"fmt"

	"github.com/vigia-cx/vigia/internal/event"
)

// Schema is the version of the state layout and of every constant that shapes it. State of another version is refused.
const Schema = 3

// Constants of the schema: how much one step of a record does. They must not depend on a worker's settings, or two workers would cut steps differently.
const (
	wakesPerStep  = 256 // conversations or customers re-evaluated
	chunksPerStep = 1   // pane chunks moved up
)

// Ref names a value of the state: a field of a hash, or the whole hash when Field is empty.
type Ref struct{ Key, Field string }

// Value is what a Ref held: Blob for a field, Fields for a whole hash.
type Value struct {
	Blob   []byte
	Fields map[string][]byte
	Found  bool
}

// Load reads the state as of the slot's stored position.
type Load func(refs []Ref) ([]Value, error)

// Write sets a field; a nil Value deletes it; a nil Value with an empty Field deletes the hash.
type Write struct {
	Key, Field string
	Value      []byte
}

// Out is a record to relay: Partition -1 is never used, destinations are always explicit.
type Out struct {
	Topic     string
	Partition int32
	Key       string
	Record    event.Record
	Offset    int64 // of the record that caused it
}

// Position is the next step to apply.
type Position struct {
	Offset int64
	Step   int32
}

// Input is one record of the log. Exactly one of Record and Fault is used.
type Input struct {
	Offset int64
	Key    string
	Record event.Record
	Fault  *event.Error // why the record cannot be used: it is dead-lettered and counted
	Value  []byte       // as it stands in the log: a dead letter tells its hash
}

// Commit is what a batch of records changed.
type Commit struct {
	From, To Position
	Writes   []Write
	Outs     []Out
}

// Config of a slot. Route is the partitioner: the partition of a key among n.
type Config struct {
	Stage     Stage
	Topic     string // the topic it reads
	Partition int32
	Sources   int32 // stage 2: number of stage-1 partitions
	Route     func(key string, partitions int32) int32

	CustomersTopic, SignalsTopic, DeadLettersTopic string
	Customers, Signals, DeadLetters                int32 // partitions of these topics

	variant variant
}

// Stage is 1 for conversations, 2 for customers.
type Stage uint8

// The stages.
const (
	Conversations Stage = 1
	Customers     Stage = 2
)

// ErrHole says that an output of an earlier stage was lost on its way: nothing may be applied after it.
var ErrHole = errors.New("an output of the stage before is missing")

// PanicError is a defect of ours met on one record: the worker begins the slot again and hands the record in with a Fault of reason "panic".
type PanicError struct {
	Offset int64
	Value  any
	Stack  []byte
}

func (e *PanicError) Error() string {
	return fmt.Sprintf("fold of offset %d failed: %v", e.Offset, e.Value)
}
