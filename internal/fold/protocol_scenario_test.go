package fold

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/vigia-cx/vigia/internal/event"
)

// kind of an action.
type kind uint8

const (
	produce kind = iota
	work
	relayStep
	tick
	keep
	assign
	revoke
	crash
	failOver
	lose
	save
	restore
	cut
	recreate
	skew
	redisSkew
	redisDown
	kafkaDown
	gap
	policy
	upgrade
	expire
	garbage
	misroute
)

var kindNames = [...]string{"produce", "work", "relay", "tick", "keep", "assign", "revoke", "crash", "fail-over", "lose", "save", "restore", "cut", "recreate", "skew", "redis skew",
	"redis down", "kafka down", "gap", "policy", "upgrade", "expire", "garbage", "misroute"}

// action is one step of a scenario. Each carries its own time and everything that decides its course, so that any part of a scenario is a scenario.
type action struct {
	at       int64
	order    int
	kind     kind
	who, bay int
	n        int64
	event    *event.Event
	gap      *event.Gap
}

func (a *action) String() string {
	s := fmt.Sprintf("%9.3f %-10s", float64(a.at-epoch)/1000, kindNames[a.kind])
	switch a.kind {
	case produce, misroute:
		e := a.event
		return s + fmt.Sprintf(" %s %s at %.3f %s %+v", e.ID, e.Conversation, float64(e.At-epoch)/1000, e.Customer+"/"+e.Routing.Queue, e.Body)
	case gap:
		return s + fmt.Sprintf(" %+v", *a.gap)
	}
	return s + fmt.Sprintf(" worker %d bay %d %d", a.who, a.bay, a.n)
}

// epoch is where all scripts begin, give or take a day.
const epoch = 1_790_000_000_000

// scenario is drawn from a seed.
type scenario struct {
	*rand.Rand
	actions []*action
	owner   [bays]int
	lossy   bool
	upgrade bool
	serial  int
	ids     int
}

// newScenario draws everything that happens in one run.
func newScenario(seed uint64) *scenario {
	s := &scenario{Rand: rand.New(rand.NewPCG(seed, 0x5eed)), actions: make([]*action, 0, 2000)}
	at := int64(epoch) + s.Int64N(24*60*minutes)
	s.lossy = s.IntN(10) < 3
	s.upgrade = s.IntN(8) == 0
	for i := range bays {
		s.owner[i] = s.IntN(workers)
		s.add(action{at: at, kind: assign, who: s.owner[i], bay: i})
	}
	s.add(action{at: at, kind: policy, n: 0})
	bursts := 1 + s.IntN(3)
	var regulars []*line
	for b := range bursts {
		length := int64(4+s.IntN(9)) * minutes
		for range 3 + s.IntN(6) {
			regulars = append(regulars, s.conversation(at+s.Int64N(length)))
		}
		if b > 0 {
			for _, l := range regulars {
				if l != nil && s.IntN(3) == 0 {
					l.at = at + s.Int64N(length)
					s.turns(l)
				}
			}
		}
		s.machinery(at, at+length)
		at += length
		if b < bursts-1 {
			leap := []int64{30_000, 20 * minutes, 3 * 60 * minutes, 26 * 60 * minutes, 9*24*60*minutes + 3*60*minutes}[s.IntN(5)]
			s.quiet(at, leap)
			at += leap
		}
	}
	// Actions of one instant stay in the order in which they were drawn.
	slices.SortFunc(s.actions, func(a, b *action) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.order, b.order)) })
	return s
}

func (s *scenario) add(a action) {
	a.order = len(s.actions)
	s.actions = append(s.actions, &a)
}

// machinery draws what workers do and what befalls them.
func (s *scenario) machinery(from, to int64) {
	span := to - from
	at := func() int64 { return from + s.Int64N(span) }
	count := int(span / 1000)
	for range count {
		s.step(at(), work)
	}
	for range count * 3 / 4 {
		s.step(at(), relayStep)
	}
	for range int(span / 8000) {
		t := at()
		for bay := range partitions {
			s.add(action{at: t, kind: tick, who: s.owner[bay], bay: bay, n: s.Int64N(1000)})
		}
	}
	for range 2 {
		s.step(at(), keep)
	}
	some := func(one, most int) int {
		if s.IntN(one) != 0 {
			return 0
		}
		return 1 + s.IntN(most)
	}
	for range some(2, 4) {
		bay := s.IntN(bays)
		t := at()
		s.owner[bay] = s.IntN(workers)
		s.add(action{at: t, kind: assign, who: s.owner[bay], bay: bay})
		if s.IntN(3) > 0 {
			s.add(action{at: t + s.Int64N(60_000), kind: revoke, bay: bay})
		}
	}
	for range some(2, 3) {
		s.add(action{at: at(), kind: crash, who: s.IntN(workers)})
	}
	for range some(2, 4) {
		s.add(action{at: at(), kind: failOver, bay: s.IntN(bays), n: 1 + s.Int64N(20)})
	}
	for range some(4, 2) {
		s.add(action{at: at(), kind: lose, bay: s.IntN(bays)})
	}
	for range some(3, 2) {
		bay := s.IntN(bays)
		s.add(action{at: at(), kind: save, bay: bay})
		s.add(action{at: at(), kind: restore, bay: bay, n: s.Int64N(8)})
	}
	for range some(6, 2) {
		s.add(action{at: at(), kind: skew, who: s.IntN(workers), n: (s.Int64N(3) - 1) * 1000_000})
	}
	for range some(8, 2) {
		s.add(action{at: at(), kind: redisSkew, n: s.pick(-1000_000, 0, 100_000)})
	}
	for range some(12, 1) {
		s.add(action{at: at(), kind: redisDown, n: s.Int64N(40_000)})
	}
	for range some(12, 1) {
		s.add(action{at: at(), kind: kafkaDown, n: s.Int64N(40_000)})
	}
	for range some(4, 2) {
		t := at()
		open := event.Gap{Tenant: tenantName, Connector: "http", From: t - s.Int64N(20_000)}
		for bay := range firstAlarms {
			s.add(action{at: t + s.Int64N(2000), kind: gap, bay: bay, gap: &open})
			if s.IntN(4) == 0 {
				s.add(action{at: t + s.Int64N(20_000), kind: gap, bay: bay, gap: &open})
			}
		}
		if s.IntN(6) > 0 {
			over := open
			over.To = over.From + 1 + s.Int64N(2*minutes)
			for bay := range firstAlarms {
				s.add(action{at: max(t, over.To) + s.Int64N(2000), kind: gap, bay: bay, gap: &over})
			}
		}
	}
	if s.serial < len(policies)-1 && s.IntN(4) == 0 {
		s.serial++
		s.add(action{at: at(), kind: policy, n: int64(s.serial)})
	}
	if s.upgrade {
		for who := range workers {
			if s.IntN(2) == 0 {
				s.add(action{at: at(), kind: upgrade, who: who})
			}
		}
	}
	for range some(12, 1) {
		s.add(action{at: at(), kind: expire, bay: s.IntN(bays)})
	}
	for range some(4, 2) {
		s.add(action{at: at(), kind: garbage, bay: s.IntN(firstAlarms)})
	}
	if s.lossy {
		for range some(2, 3) {
			t := at()
			bay := s.IntN(firstAlarms)
			s.add(action{at: t, kind: cut, bay: bay, n: 1 + s.Int64N(60)})
			if s.IntN(2) == 0 {
				s.add(action{at: t, kind: lose, bay: bay})
			}
		}
		if s.IntN(4) == 0 {
			s.add(action{at: at(), kind: recreate, bay: s.IntN(partitions)})
		}
	}
}

// step draws a step of a worker: mostly of the owner, for the others have little to do.
func (s *scenario) step(at int64, k kind) {
	bay := s.IntN(bays)
	who := s.owner[bay]
	if s.IntN(8) == 0 {
		who = s.IntN(workers)
	}
	s.add(action{at: at, kind: k, who: who, bay: bay, n: s.Int64N(1000)})
}

// quiet draws hours or days in which only time passes.
func (s *scenario) quiet(from, leap int64) {
	for _, part := range []int64{4, 2} {
		t := from + leap/part
		for bay := range bays {
			s.add(action{at: t, kind: tick, who: s.owner[bay], bay: bay, n: noFault})
			for i := range int64(6) {
				s.add(action{at: t + i, kind: work, who: s.owner[bay], bay: bay, n: noFault + 5})
				s.add(action{at: t + i, kind: relayStep, who: s.owner[bay], bay: bay, n: noFault + 5})
			}
		}
	}
}
