package store

import (
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// Decisions of the store. They arrive wrapped with the slot and the operation; test with [errors.Is].
var (
	// ErrAbsent: the slot holds no state. The worker rebuilds it; nobody may read it as zero.
	ErrAbsent = errors.New("no state is stored for this slot")
	// ErrExists: the slot holds state already. Claim it instead.
	ErrExists = errors.New("state exists already for this slot")
	// ErrFenced: a newer claim or a newer space owns the slot. Stop and wait for a new assignment.
	ErrFenced = errors.New("a newer owner has claimed this slot")
	// ErrMoved: the stored position is not the one the step began at. The error is a [*MovedError].
	ErrMoved = errors.New("the stored position is another one")
	// ErrFrozen: a snapshot is being taken or restored. Try again shortly.
	ErrFrozen = errors.New("the slot is frozen by a snapshot")
	// ErrOutboxFull: the relay is behind. Relay and trim, then try again.
	ErrOutboxFull = errors.New("the outbox is full")
	// ErrMemory: Redis refuses writes because it is out of memory.
	ErrMemory = errors.New("not enough memory in Redis: raise maxmemory; nothing was written and nothing is lost")
	// ErrPartitions, ErrPartitioner and ErrSchema: the state was made for other settings. The error is a [*MismatchError].
	ErrPartitions  = errors.New("the partition count has changed")
	ErrPartitioner = errors.New("the partitioner has changed")
	ErrSchema      = errors.New("the state schema is another one")
	// ErrSnapshot: a snapshot file is damaged, truncated or no snapshot at all.
	ErrSnapshot = errors.New("the snapshot cannot be read")
)

// MovedError says where a slot stands when an apply did not begin there. It matches [ErrMoved].
type MovedError struct {
	Slot   Slot
	From   Position
	Stored Position
}

// Error implements error.
func (e *MovedError) Error() string {
	return fmt.Sprintf("slot %s stands at %s, the step began at %s", e.Slot, e.Stored, e.From)
}

// Unwrap makes the error match [ErrMoved].
func (e *MovedError) Unwrap() error { return ErrMoved }

// MismatchError says which setting a slot's state was made for. It matches [ErrPartitions], [ErrPartitioner] or [ErrSchema].
type MismatchError struct {
	Slot Slot
	// Found is stored; Expected is what the caller asked for.
	Found, Expected string
	// Remedy says what the operator can do.
	Remedy string

	kind error
}

// Error implements error.
func (e *MismatchError) Error() string {
	return fmt.Sprintf("slot %s: %v: stored %s, expected %s; %s", e.Slot, e.kind, e.Found, e.Expected, e.Remedy)
}

// Unwrap makes the error match its kind.
func (e *MismatchError) Unwrap() error { return e.kind }

// opError says which operation failed, once: an operation made of others passes their errors on.
type opError struct {
	op  string
	err error
}

func (e *opError) Error() string { return "store: " + e.op + ": " + e.err.Error() }
func (e *opError) Unwrap() error { return e.err }

// wrap adds the operation to an error, and recognises the errors of Redis that callers decide on.
func wrap(op string, err error) error {
	if _, ok := errors.AsType[*opError](err); ok {
		return err
	}
	if redis.HasErrorPrefix(err, "OOM") {
		err = fmt.Errorf("%w (%w)", ErrMemory, err)
	}
	return &opError{op, err}
}

// fail adds the operation and the slot to an error.
func fail(op string, slot Slot, err error) error { return wrap(op+" slot "+slot.String(), err) }

func checkExpect(slot Slot, found Meta, want Expect) error {
	switch {
	case found.Partitions != want.Partitions:
		return &MismatchError{
			Slot: slot, kind: ErrPartitions, Found: fmt.Sprint(found.Partitions), Expected: fmt.Sprint(want.Partitions),
			Remedy: "the partition count is part of the state's address: restore the topic's count, or start with an empty key prefix and rebuild from the log",
		}
	case found.Partitioner != want.Partitioner:
		return &MismatchError{
			Slot: slot, kind: ErrPartitioner, Found: quote(found.Partitioner), Expected: quote(want.Partitioner),
			Remedy: "use the partitioner that the state was built with, or start with an empty key prefix and rebuild from the log",
		}
	case found.Schema > want.Schema:
		return &MismatchError{
			Slot: slot, kind: ErrSchema, Found: fmt.Sprint(found.Schema), Expected: fmt.Sprint(want.Schema),
			Remedy: "the state was written by a newer release: run that release or a later one",
		}
	case found.Schema < want.Schema:
		return &MismatchError{
			Slot: slot, kind: ErrSchema, Found: fmt.Sprint(found.Schema), Expected: fmt.Sprint(want.Schema),
			Remedy: "the state was written by an older release: rebuild it from the log, or run the release that wrote it",
		}
	}
	return nil
}

func quote(s string) string { return fmt.Sprintf("%q", s) }
