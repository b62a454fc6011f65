package sla

import "fmt"

// Clock is a promise's kind.
type Clock uint8

// The clocks, and how many there are.
const (
	FirstResponse Clock = iota
	NextResponse
	Resolution
	NumClocks = 3
)

var clockNames = [NumClocks]string{"first_response", "next_response", "resolution"}

// String returns "first_response", "next_response" or "resolution".
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
	return 0, fmt.Errorf("clock %q is unknown; use first_response, next_response or resolution", name)
}
