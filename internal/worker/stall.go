package worker

import (
	"sync"
	"time"

	"github.com/vigia-cx/vigia/internal/store"
)

const (
	// slowAppend is when a tick took so long to append that others may have waited for the log as well.
	slowAppend = time.Second
	// calmFor is how long time stands still once the log takes records again: connectors first bring what they hold, or say which source they were blind for. They
	// try every second.
	calmFor = 5 * time.Second
)

// stalls knows where the log did not take a tick in time. The first tick after an outage would otherwise stand in the log before the replies that were given during it,
// and every promise of the outage would be called broken. It outlives owners, because an outage also moves partitions.
type stalls struct {
	mu      sync.Mutex
	stalled map[store.Slot]bool
	calm    time.Time // until then no time passes
}

// note takes the outcome of an append: whether it failed, how long it took, and whether it was a probe, which a stalled partition is sent before time passes again. It
// reports whether the partition is stalled now and was not before, or the reverse.
func (s *stalls) note(slot store.Slot, failed, probe bool, took time.Duration, now time.Time) (changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.stalled[slot]
	switch {
	case failed || took >= slowAppend && !probe:
		if s.stalled == nil {
			s.stalled = map[store.Slot]bool{}
		}
		s.stalled[slot] = true
	case probe: // however long it took: the log may be slow for good, and time must pass
		delete(s.stalled, slot)
		s.calm = now.Add(calmFor)
	}
	return s.stalled[slot] != was
}

// ask returns whether the partition is stalled, or else how long no time passes.
func (s *stalls) ask(slot store.Slot, now time.Time) (stalled bool, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stalled[slot] {
		return true, 0
	}
	return false, max(0, s.calm.Sub(now))
}
