package worker

import (
	"cmp"
	"slices"
	"sync"

	"github.com/vigia-cx/vigia/internal/store"
)

// State is what an owner is doing: a closed set.
type State string

// The states of an owner.
const (
	Opening    State = "opening"     // finding out where the partition stands
	Rebuilding State = "rebuilding"  // reading the log again; values are incomplete
	CatchingUp State = "catching up" // behind the end of the log as it was at the start
	Running    State = "running"
	Waiting    State = "waiting" // for the relay, for a snapshot, or for a server that does not answer; see Err
	Fenced     State = "fenced"  // another worker owns the state
	Halted     State = "halted"  // a fault that waiting cannot heal; see Err
)

// Status tells how one partition is doing.
type Status struct {
	// Stage is "interactions" or "customers".
	Stage     string
	Topic     string
	Partition int32
	State     State
	// Position is the next step to apply, LogEnd the offset that the next record of the log will get.
	Position store.Position
	LogEnd   int64
	// Time is how far time has come, in Unix ms; 0 before the first tick.
	Time int64
	// Outbox is the number of outputs that wait for the relay.
	Outbox int64
	// Err says what is wrong; empty while all is well.
	Err string
}

// CaughtUp reports whether the partition is owned and near the end of its log.
func (s Status) CaughtUp() bool { return s.State == Running }

// board holds the status of every owned partition.
type board struct {
	mu    sync.Mutex
	slots map[store.Slot]*Status
}

func (b *board) update(slot store.Slot, fn func(*Status)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.slots[slot]
	if s == nil {
		s = &Status{}
		b.slots[slot] = s
	}
	fn(s)
}

func (b *board) remove(slot store.Slot) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.slots, slot)
}

func (b *board) all() []Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]Status, 0, len(b.slots))
	for _, s := range b.slots {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(x, y Status) int {
		return cmp.Or(-cmp.Compare(x.Stage, y.Stage), cmp.Compare(x.Partition, y.Partition))
	})
	return out
}
