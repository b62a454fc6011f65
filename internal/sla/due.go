package sla

import (
	"cmp"
	"math"
	"slices"
)

// Pause is a half-open interval [From,To) of instants (Unix ms) during which a
// clock stands. To = 0 or math.MaxInt64 means still paused; any other To ≤ From
// is an empty pause.
type Pause struct{ From, To int64 }

// end returns the end of the pause, math.MaxInt64 when it has none.
func (p Pause) end() int64 {
	if p.To == 0 {
		return math.MaxInt64
	}
	return p.To
}

// Elapsed returns the business ms of [start,stop) outside the pauses, which may
// overlap and come in any order; 0 when stop ≤ start.
func Elapsed(c *Calendar, start, stop int64, pauses []Pause) int64 {
	var sum int64
	at := start
	for _, p := range ordered(pauses) {
		if p.From >= stop || p.end() <= max(at, p.From) {
			continue
		}
		sum += c.Elapsed(at, p.From)
		at = p.end()
	}
	return sum + c.Elapsed(at, stop)
}

// Due returns the earliest instant (Unix ms) at which target business ms
// outside the pauses have passed since start. ok is false when that instant is
// not known: the clock stands in a pause without an end, or the calendar has no
// such instant before 2100. A target ≤ 0 is due at start, paused or not.
//
// A pause moves the due instant and never resets it.
func Due(c *Calendar, start, target int64, pauses []Pause) (due int64, ok bool) {
	at, left := start, target
	if left <= 0 {
		return start, true
	}
	for _, p := range ordered(pauses) {
		if p.end() <= max(at, p.From) {
			continue
		}
		run := c.Elapsed(at, p.From)
		if run >= left {
			break
		}
		left -= run
		if at = p.end(); at == math.MaxInt64 {
			return 0, false
		}
	}
	due = c.Add(at, left)
	if due == math.MaxInt64 {
		return 0, false
	}
	return due, true
}

// ordered returns the pauses by start, without copying when they already are.
func ordered(pauses []Pause) []Pause {
	byStart := func(a, b Pause) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.end(), b.end())) }
	if slices.IsSortedFunc(pauses, byStart) {
		return pauses
	}
	return slices.SortedFunc(slices.Values(pauses), byStart)
}
