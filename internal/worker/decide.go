package worker

import (
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/store"
)

// situation is what an owner knows about its partition before it begins.
type situation struct {
	exists     bool // there is a state
	meta       store.Meta
	start, end int64 // of the log
	unsent     int64 // offset from which on the state's outputs may not have been sent
	mark       mark
	replaced   bool  // the record below the position is not the one that was applied
	now        int64 // Unix seconds
}

// action is what must happen to the state before records can be applied.
type action string

const (
	resume action = "resume" // nothing: go on from the position
	create action = "create" // there is no state: begin one
	reset  action = "reset"  // the state belongs to another log, or was never begun: begin anew
	skip   action = "skip"   // records were deleted before they were applied: a recorded loss
	move   action = "move"   // an older copy of the state was put back: the same state, a new lineage
)

// plan is an action, the lineages and position to do it with, and why.
type plan struct {
	act   action
	why   string // new, absent, recreated, truncated, restored
	at    store.Position
	log   int64 // log lineage
	stamp stamp
}

// decide finds out where a partition stands. It is asked again after each action until it says resume.
//
// Lineages grow: a new one is larger than everything that Redis and the committed mark remember, and not below the seconds of now, which make it new even when both
// memories have gone back. They are committed to Kafka before they are used, so that losing Redis twice cannot produce the same lineage twice.
func decide(s situation) plan {
	known := max(s.mark.Log, s.mark.State)
	if s.exists {
		known = max(known, s.meta.LogLineage, s.meta.Position.Lineage)
	}
	next := max(known+1, s.now)
	begun := func(act action, why string, at store.Position, log int64, how stamp) plan {
		// Where a lineage tells again what is open is fixed at its beginning: all who begin it emit the same.
		how.tell = max(at.Offset, s.end)
		return plan{act: act, why: why, at: at, log: log, stamp: how}
	}
	anew := func(act action, why string, log int64) plan {
		return begun(act, why, store.Position{Lineage: next, Offset: s.start}, log, noStamp)
	}
	// The log ended below what was relayed from it: these records are not the ones they were.
	shrunk := s.mark.known() && s.end < s.mark.Offset
	if !s.exists {
		switch {
		case !s.mark.known():
			return anew(create, "new", next)
		case shrunk:
			return anew(create, "recreated", next)
		}
		return anew(create, "absent", s.mark.Log)
	}
	at := s.meta.Position
	switch {
	case s.mark.Log > s.meta.LogLineage && !shrunk:
		return anew(reset, "recreated", s.mark.Log)
	case shrunk && s.mark.Log >= s.meta.LogLineage, at.Offset > s.end, s.replaced:
		return anew(reset, "recreated", next)
	case at.Offset < s.start && fresh(s.meta):
		return anew(reset, "truncated", s.meta.LogLineage)
	case at.Offset < s.start:
		return begun(skip, "truncated", store.Position{Lineage: next, Offset: s.start}, s.meta.LogLineage, stamp{lost: firstLost(s.meta)})
	case s.mark.Log == s.meta.LogLineage && s.mark.State > at.Lineage:
		how := parseStamp(s.meta.Fingerprint)
		how.moved = how.lost < 0 && !fresh(s.meta)
		return begun(move, "restored", store.Position{Lineage: next, Offset: at.Offset, Step: at.Step}, s.meta.LogLineage, how)
	}
	return plan{act: resume, at: at, log: s.meta.LogLineage}
}

// mark is what is committed before the action: the lineages, and how far the relay has come in this log.
func (p plan) mark(s situation) mark {
	m := mark{Log: p.log, State: p.at.Lineage}
	switch {
	case s.mark.known() && s.mark.Log == p.log:
		m.Offset = s.mark.Offset
		if p.act == move {
			// What an older copy has not sent may never have been: the mark may be that of a state which was built from a shorter log.
			m.Offset = min(m.Offset, s.unsent)
		}
	case p.act == create || p.act == reset:
		m.Offset = s.start // an empty state has caused nothing below
	}
	return m
}

// fresh reports whether nothing has been applied to the state yet.
func fresh(m store.Meta) bool {
	s := parseStamp(m.Fingerprint)
	return s.hash == "" && s.lost < 0 && !s.moved && m.Position.Step == 0
}

// firstLost is the first offset of a loss: an earlier loss that no record has followed yet is part of it. A record in whose steps the position stands is not: what it brought
// is in the state, and what was left of it the next tick does.
func firstLost(m store.Meta) int64 {
	if m.Position.Step > 0 {
		return m.Position.Offset + 1
	}
	if s := parseStamp(m.Fingerprint); s.lost >= 0 {
		return s.lost
	}
	return m.Position.Offset
}

// begin tells the fold how the lineage began, which only matters until the first step of it is stored.
func begin(m store.Meta) fold.Start {
	s := fold.Start{LogLineage: m.LogLineage, StateLineage: m.Position.Lineage, RestateAt: -1}
	how := parseStamp(m.Fingerprint)
	switch {
	case fresh(m):
		s.Fresh, s.Truncated = true, m.Position.Offset > 0
	case how.lost >= 0 && m.Position.Step == 0:
		s.Truncated, s.Loss = true, &fold.Loss{From: how.lost, To: m.Position.Offset}
	case !how.moved:
		return s
	}
	s.RestateAt = how.tell
	return s
}
