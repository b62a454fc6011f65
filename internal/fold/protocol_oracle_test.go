package fold

import (
	"cmp"
	"slices"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/window"
)

// The oracle says what must come out, from the definitions and the events alone: sort, and count. It has no panes, no ticks, no state that grows.

// told is an event of a conversation as it stands in the log.
type told struct {
	*event.Event
	offset int64
	serial int64 // policy in force there
	order  int   // rank among events of one instant
}

// rank orders what happens at one instant: causes before effects.
func rank(e *event.Event) int {
	switch b := e.Body.(type) {
	case event.Message:
		if b.Direction == event.Inbound {
			return 1
		}
		return 6
	case event.Assignment:
		return 2
	case event.Call:
		switch b.Phase {
		case event.PhaseStarted:
			return 0
		case event.PhaseQueued:
			return 3
		case event.PhaseAnswered:
			return 5
		case event.PhaseHoldStarted, event.PhaseHoldEnded:
			return 7
		case event.PhaseTransferred, event.PhaseAbandoned:
			return 8
		case event.PhaseEnded:
			return 9
		}
		return 10
	case event.ConversationState:
		switch b.State {
		case event.StatusOpened, event.StatusReopened:
			return 0
		case event.StatusPendingCustomer:
			return 7
		case event.StatusSpam:
			return 12
		}
		return 11
	}
	return 13
}

func inOrder(list []told) []told {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b told) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.order, b.order), cmp.Compare(len(a.OrderHint), len(b.OrderHint)),
			cmp.Compare(a.OrderHint, b.OrderHint), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// counted is one countable fact: a value under a metric of the catalogue.
type counted struct {
	metric window.Metric
	at     int64
	group  window.Group
	value  int64
	timed  bool // value is added up
	spread bool // and kept in a histogram
}

// due is one promise.
type due struct {
	clock      string
	start, due int64 // due 0: stands in a pause
	kept       bool
	broken     bool // settled as broken
	runs       bool
}

// session is one episode's part in its customer's life.
type episode struct {
	customer string
	channel  event.Channel
	queue    string
	active   []int64
}

// verdict is all that follows from the events of one conversation when time is T.
type verdict struct {
	counts   []counted
	dues     []due
	episodes []episode
	open     bool
	waiting  int64
}

func (v *verdict) count(m window.Metric, at int64, g window.Group) {
	v.counts = append(v.counts, counted{metric: m, at: at, group: g})
}

func (v *verdict) sum(m window.Metric, at int64, g window.Group, value int64, spread bool) {
	v.counts = append(v.counts, counted{metric: m, at: at, group: g, value: value, timed: true, spread: spread})
}

// Metrics as stored, see internal/kpi/metrics.go.
const (
	started, firstResponse, nextResponse, resolution = 1, 2, 4, 6
	answered, abandoned, flowOut, lostContact        = 13, 15, 18, 24
	handled, sentiment, lastActive, activeDay        = 25, 26, 29, 30
)

var clockMetric = map[string]window.Metric{"first_response": 7, "next_response": 9, "resolution": 11, "periodic_update": 45, "pausable_update": 47} // and the misses after it

var updateMetric = map[string]window.Metric{"periodic_update": 43, "pausable_update": 44}

// known lists the metrics that the oracle computes: all of 1 to 30, and those of updates.
var known = func() (all []window.Metric) {
	for m := window.Metric(1); m <= 48; m++ {
		if m <= 30 || m >= 43 {
			all = append(all, m)
		}
	}
	return all
}()

// outcome counts the end of a contact's wait against 20 s and 5 s.
func (v *verdict) outcome(m window.Metric, at, wait int64, g window.Group) {
	switch m {
	case answered:
		v.sum(m, at, g, wait, true)
		if wait <= 20_000 {
			v.count(14, at, g)
		}
	case abandoned:
		v.sum(m, at, g, wait, false)
		if wait <= 5000 {
			v.count(16, at, g)
		} else if wait <= 20_000 {
			v.count(17, at, g)
		}
	case flowOut:
		v.count(m, at, g)
		if wait <= 20_000 {
			v.count(19, at, g)
		}
	default:
		v.count(m, at, g)
	}
}

const minutes = 60_000

var targets = map[int64]map[string]int64{
	1: {"first_response": 2 * minutes, "next_response": 3 * minutes, "resolution": 10 * minutes, "periodic_update": 5 * minutes, "pausable_update": 2 * minutes},
	2: {"first_response": 1 * minutes, "next_response": 4 * minutes, "resolution": 8 * minutes, "periodic_update": 3 * minutes, "pausable_update": 4 * minutes},
	3: {"first_response": 3 * minutes, "next_response": 2 * minutes, "resolution": 12 * minutes, "periodic_update": 2 * minutes, "pausable_update": 2 * minutes},
}

const episodeGap = 15 * minutes

func staleAfter(c event.Channel) int64 {
	switch c {
	case event.Voice:
		return 4 * minutes
	case event.WebChat:
		return 8 * minutes
	}
	return 9 * minutes
}

// judge computes a conversation when time is t.
func judge(list []told, t int64) *verdict {
	list = inOrder(list)
	v := &verdict{}
	if list[0].Channel == event.Voice {
		v.call(list, t-grace)
		return v
	}
	if !list[0].Threadless {
		v.text(list, t-grace, 0)
		return v
	}
	var customer string
	from := 0
	resolved := false
	for i, e := range list {
		body, isState := e.Body.(event.ConversationState)
		inbound := rank(e.Event) == 1
		switch {
		case i > from && e.At > list[i-1].At+episodeGap:
			customer = v.episode(list[from:i], t-grace, list[i-1].At+episodeGap, customer)
			from, resolved = i, false
		case i > from && resolved && inbound:
			customer = v.episode(list[from:i], t-grace, e.At, customer)
			from, resolved = i, false
		}
		if isState && body.State == event.StatusResolved {
			resolved = true
		} else if inbound {
			resolved = false
		}
	}
	var end int64
	if last := list[len(list)-1].At + episodeGap; t-grace > last {
		end = last
	}
	v.episode(list[from:], t-grace, end, customer)
	return v
}

func (v *verdict) episode(list []told, t, end int64, customer string) string {
	n := len(v.episodes)
	v.text(list, t, end)
	if len(v.episodes) > n && v.episodes[n].customer == "" {
		v.episodes[n].customer = customer
	}
	for _, e := range list {
		if e.Customer != "" {
			customer = e.Customer
		}
	}
	return customer
}

func queueOf(list []told) (first, last, customer string) {
	for _, e := range list {
		if q := e.Routing.Queue; q != "" {
			last = q
			// A call's start belongs to the queue it is in, or else reaches first.
			if first == "" || e.At == list[0].At {
				first = q
			}
		}
		if e.Customer != "" {
			customer = e.Customer
		}
	}
	return first, last, customer
}

// pausedFor is how long pauses stand between two instants; open pauses end at never.
func pausedFor(pauses [][2]int64, from, to int64) (ms int64) {
	for _, p := range pauses {
		if a, z := max(p[0], from), min(p[1], to); z > a {
			ms += z - a
		}
	}
	return ms
}

const never = int64(1) << 60

// dueAt moves a due time behind the pauses before it, which are in order.
func dueAt(pauses [][2]int64, start, target int64) int64 {
	at := start + target
	for _, p := range pauses {
		if p[1] > start && p[0] < at {
			at += p[1] - max(p[0], start)
		}
	}
	if at >= never {
		return 0
	}
	return at
}
