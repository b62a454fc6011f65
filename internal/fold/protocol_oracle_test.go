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

var clockMetric = map[string]window.Metric{"first_response": 7, "next_response": 9, "resolution": 11} // and the misses after it

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
	1: {"first_response": 2 * minutes, "next_response": 3 * minutes, "resolution": 10 * minutes},
	2: {"first_response": 1 * minutes, "next_response": 4 * minutes, "resolution": 8 * minutes},
	3: {"first_response": 3 * minutes, "next_response": 2 * minutes, "resolution": 12 * minutes},
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

// text computes one episode of written messages up to t; end is where it was cut, 0 when it was not.
func (v *verdict) text(list []told, t, end int64) {
	queue, _, customer := queueOf(list)
	g := window.Group{Channel: list[0].Channel.String(), Queue: queue}
	e0 := list[0]
	if end > 0 {
		t = end
	}
	e := verdict{}
	e.count(started, e0.At, g)
	var (
		owed, owedSerial  int64
		firstDone         bool
		contact, lastWord int64
		contacted         bool
		resolved, void    bool
		pauses            [][2]int64
		settled           *told
		active            []int64
	)
	resume := func(at int64) {
		if n := len(pauses); n > 0 && pauses[n-1][1] == never {
			if pauses[n-1][1] = at; pauses[n-1][0] == at {
				pauses = pauses[:n-1]
			}
		}
	}
	silent := func(to int64) {
		if contact != 0 && to > lastWord+staleAfter(e0.Channel) {
			at := lastWord + staleAfter(e0.Channel)
			e.outcome(lostContact, at, at-contact, g)
			contact, contacted = 0, true
		}
	}
	clock := func() string {
		if firstDone {
			return "next_response"
		}
		return "first_response"
	}
	for i := range list {
		x := &list[i]
		silent(x.At)
		switch b := x.Body.(type) {
		case event.Message:
			if b.Direction == event.Inbound {
				active = append(active, x.At)
				if b.Sentiment != nil {
					p := b.Sentiment.Polarity
					e.sum(sentiment, x.At, g, p, false)
					if p >= 200_000 {
						e.count(27, x.At, g)
					} else if p <= -200_000 {
						e.count(28, x.At, g)
					}
				}
				if !resolved {
					resume(x.At)
				}
				resolved = false
				if owed == 0 {
					owed, owedSerial = x.At, x.serial
				}
				if !contacted {
					if contact == 0 {
						contact = x.At
					}
					lastWord = x.At
				}
				continue
			}
			if contact != 0 {
				e.outcome(answered, x.At, x.At-contact, g)
				contact, contacted = 0, true
			}
			if owed == 0 {
				continue
			}
			m := window.Metric(firstResponse)
			if firstDone {
				m = nextResponse
			}
			e.sum(m, x.At, g, x.At-owed-pausedFor(pauses, owed, x.At), true)
			d := due{clock: clock(), start: owed, due: dueAt(pauses, owed, targets[owedSerial][clock()])}
			d.kept = d.due == 0 || x.At <= d.due
			d.broken = !d.kept
			e.dues = append(e.dues, d)
			if d.kept {
				e.count(clockMetric[d.clock], x.At, g)
			} else {
				e.count(clockMetric[d.clock]+1, d.due, g)
			}
			owed, firstDone = 0, true
		case event.ConversationState:
			switch b.State {
			case event.StatusReopened, event.StatusOpened:
				if b.State == event.StatusReopened {
					settled, void = nil, false
				}
				resume(x.At)
				resolved = false
			case event.StatusPendingCustomer:
				if !resolved {
					resume(x.At)
					pauses = append(pauses, [2]int64{x.At, never})
				}
			case event.StatusSpam:
				void = true
			case event.StatusResolved:
				resume(x.At)
				if owed != 0 {
					if at := dueAt(pauses, owed, targets[owedSerial][clock()]); at != 0 && at < x.At {
						e.dues = append(e.dues, due{clock: clock(), start: owed, due: at, broken: true})
						e.count(clockMetric[clock()]+1, at, g)
					}
					owed = 0
				}
				if contact != 0 {
					e.outcome(flowOut, x.At, x.At-contact, g)
					contact, contacted = 0, true
				}
				if !resolved {
					settled = x
				}
				resolved = true
			}
		}
	}
	silent(t)
	begin := list[0]
	open := func(clock string, start, serial int64) {
		d := due{clock: clock, start: start, due: dueAt(pauses, start, targets[serial][clock])}
		switch {
		case end == 0:
			if d.runs = true; d.due != 0 && t > d.due {
				e.count(clockMetric[clock]+1, d.due, g)
			}
		case d.due != 0 && d.due < end:
			d.broken = true
			e.count(clockMetric[clock]+1, d.due, g)
		default:
			return
		}
		e.dues = append(e.dues, d)
	}
	if owed != 0 {
		open(clock(), owed, owedSerial)
	}
	if settled != nil {
		at := settled.At
		// Pauses that began after the resolve do not count, nor does what a pause took after it.
		e.sum(resolution, at, g, at-begin.At-pausedFor(pauses, begin.At, at), true)
		d := due{clock: "resolution", start: begin.At, due: dueAt(before(pauses, at), begin.At, targets[begin.serial]["resolution"])}
		if d.kept = at <= d.due; d.kept {
			e.count(clockMetric["resolution"], at, g)
		} else {
			d.broken = true
			e.count(clockMetric["resolution"]+1, d.due, g)
		}
		e.dues = append(e.dues, d)
	} else if !resolved {
		open("resolution", begin.At, begin.serial)
	}
	if contact != 0 && end > 0 {
		e.outcome(lostContact, end, end-contact, g)
	}
	if void {
		return
	}
	v.counts, v.dues = append(v.counts, e.counts...), append(v.dues, e.dues...)
	if len(active) > 0 {
		v.episodes = append(v.episodes, episode{customer, e0.Channel, queue, active})
	}
	if end == 0 && !resolved {
		v.open, v.waiting = true, contact
	}
}

// before cuts pauses off at an instant.
func before(pauses [][2]int64, at int64) (out [][2]int64) {
	for _, p := range pauses {
		if p[0] < at {
			out = append(out, [2]int64{p[0], min(p[1], at)})
		}
	}
	return out
}

// call computes a call up to t.
func (v *verdict) call(list []told, t int64) {
	first, last, customer := queueOf(list)
	ch := list[0].Channel.String()
	v.count(started, list[0].At, window.Group{Channel: ch, Queue: first})
	const (
		idle = iota
		waits
		talks
	)
	var (
		state                 = idle
		since, answer, lastAt int64
		g                     window.Group
		active                []int64
		end                   *counted
		closed                bool
	)
	silent := func(to int64) {
		if at := lastAt + staleAfter(event.Voice); !closed && lastAt != 0 && to > at {
			if state == waits {
				v.outcome(lostContact, at, at-since, g)
			}
			state, closed = idle, true
		}
	}
	hangUp := func(at int64) {
		end = &counted{metric: handled, at: at, group: g, value: at - answer, timed: true, spread: true}
		state = idle
	}
	wrapped := func() {
		if end != nil {
			v.counts = append(v.counts, *end)
			end = nil
		}
	}
	for _, x := range list {
		silent(x.At)
		lastAt = x.At
		phase := x.Body.(event.Call).Phase
		if phase == event.PhaseStarted || phase == event.PhaseQueued || phase == event.PhaseAnswered {
			closed = false
		}
		switch phase {
		case event.PhaseStarted:
			active = append(active, x.At)
		case event.PhaseQueued:
			active = append(active, x.At)
			if state == waits && g.Queue == x.Routing.Queue {
				continue
			}
			if state == waits {
				v.outcome(flowOut, x.At, x.At-since, g)
			}
			if state == talks {
				hangUp(x.At)
			}
			wrapped()
			state, since, g = waits, x.At, window.Group{Channel: ch, Queue: x.Routing.Queue}
		case event.PhaseAnswered:
			if state == talks {
				continue
			}
			if g.Channel, g.Queue = ch, x.Routing.Queue; state == idle {
				wrapped()
				since = x.At
			}
			v.outcome(answered, x.At, x.At-since, g)
			state, answer = talks, x.At
		case event.PhaseTransferred:
			if state == talks {
				wrapped()
				hangUp(x.At)
			}
		case event.PhaseAbandoned:
			if state == waits {
				v.outcome(abandoned, x.At, x.At-since, g)
				state = idle
			}
		case event.PhaseEnded:
			switch state {
			case waits:
				v.outcome(abandoned, x.At, x.At-since, g)
				state = idle
			case talks:
				wrapped()
				hangUp(x.At)
			}
			closed = true
		case event.PhaseWrapUpEnded:
			if end != nil {
				end.value += x.At - end.at
				end.at = x.At
				wrapped()
			}
		}
	}
	silent(t)
	wrapped()
	if len(active) > 0 {
		v.episodes = append(v.episodes, episode{customer, event.Voice, last, active})
	}
	if v.open = !closed; v.open && state == waits {
		v.waiting = since
	}
}
