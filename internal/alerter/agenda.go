package alerter

import "container/heap"

// kind of a thing to look at when its time has come.
type kind uint8

const (
	dueGroup    kind = iota // a group has something to tell
	dueAttempt              // an attempt is to be made again
	dueIncident             // an incident waits for something: an acknowledgement, the end of a silence, being forgotten
	dueReceiver             // a receiver may be sent to again
	dueSilence              // a silence ends
	dueDeadline             // an attempt should have arrived by now
	duePanel                // an Alertmanager must hear again what is firing
)

type entry struct {
	at   int64 // Unix ms
	kind kind
	key  string
}

// agenda says what must be looked at when. Entries are never taken back: who comes up too early is looked at and put off.
type agenda struct {
	entries entryHeap
	next    map[entry]struct{} // entries that wait, so that none is there twice
}

func (a *agenda) add(at int64, k kind, key string) {
	e := entry{at, k, key}
	if _, waits := a.next[e]; waits {
		return
	}
	if a.next == nil {
		a.next = map[entry]struct{}{}
	}
	a.next[e] = struct{}{}
	heap.Push(&a.entries, e)
}

// pop returns the first entry that is due.
func (a *agenda) pop(now int64) (entry, bool) {
	if len(a.entries) == 0 || a.entries[0].at > now {
		return entry{}, false
	}
	e := heap.Pop(&a.entries).(entry)
	delete(a.next, e)
	return e, true
}

// first returns when the next entry is due.
func (a *agenda) first() (at int64, ok bool) {
	if len(a.entries) == 0 {
		return 0, false
	}
	return a.entries[0].at, true
}

type entryHeap []entry

func (h entryHeap) Len() int           { return len(h) }
func (h entryHeap) Less(i, j int) bool { return h[i].at < h[j].at }
func (h entryHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *entryHeap) Push(x any)        { *h = append(*h, x.(entry)) }
func (h *entryHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	*h = old[:len(old)-1]
	return e
}
