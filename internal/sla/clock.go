package sla

import (
	"fmt"
	"strings"
)

// Clock is a promise's kind. The numbers stand in stored states: never change
// or reuse one, append.
type Clock uint8

// The clocks, and how many there are.
const (
	FirstResponse Clock = iota
	NextResponse
	Resolution
	PeriodicUpdate // from one reply to the next, whatever the conversation waits for
	PausableUpdate // the same, without the time in which the customer has to act
	NumClocks      = 5
)

var clockNames = [NumClocks]string{"first_response", "next_response", "resolution", "periodic_update", "pausable_update"}

// String returns "first_response", "next_response", "resolution",
// "periodic_update" or "pausable_update".
func (c Clock) String() string {
	if int(c) < len(clockNames) {
		return clockNames[c]
	}
	return fmt.Sprintf("clock(%d)", uint8(c))
}

// ParseClock is the inverse of String.
func ParseClock(name string) (Clock, error) {
	for c, n := range clockNames {
		if n == name {
			return Clock(c), nil
		}
	}
	return 0, fmt.Errorf("clock %q is unknown; use %s", name, strings.Join(clockNames[:], ", "))
}
