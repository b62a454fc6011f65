package rule

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/window"
)

// Span is the length of a window.
type Span struct {
	Ms    int64
	Today bool // from the begin of the tenant's day; Ms is 0
}

// longestWindow is how long panes are kept that windows may end within.
const longestWindow = 8 * 24 * time.Hour

// ParseSpan reads the window of a rule: "30s", "5m", "1h", "7d" or "today", as everywhere else.
func ParseSpan(s string) (Span, error) {
	if s == "today" {
		return Span{Today: true}, nil
	}
	ms, err := parseDuration(s)
	if err != nil || ms < window.FinePane || ms > longestWindow.Milliseconds() || ms%window.FinePane != 0 {
		return Span{}, fmt.Errorf("%q is not a window; use multiples of 10s from 10s to 8d, such as 30s, 5m, 1h or 24h, or today", s)
	}
	return Span{Ms: ms}, nil
}

// Bounds returns the instants [from, to) (Unix ms) of the span that ends at an instant.
func (s Span) Bounds(to int64, zone *time.Location) (int64, int64) {
	if s.Today {
		return window.DayStart(window.Day(to-1, zone), zone), to
	}
	return to - s.Ms, to
}

// longestDuration keeps sums of durations far from overflow.
const longestDuration = 10_000 * 24 * time.Hour

// parseDuration reads numbers with units (s, m, h, d, w), such as 90s, 15m, 1h30m or 2d, in ms.
func parseDuration(s string) (int64, error) {
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}
	var sum time.Duration
	for rest := s; ; {
		i := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if i < 1 || units[rest[i]] == 0 {
			break
		}
		n, err := strconv.ParseUint(rest[:i], 10, 32)
		if err != nil || n > uint64(longestDuration/units[rest[i]]) || sum > longestDuration {
			break
		}
		sum += time.Duration(n) * units[rest[i]]
		if rest = rest[i+1:]; rest == "" {
			return sum.Milliseconds(), nil
		}
	}
	return 0, fmt.Errorf("%q is not a duration; write it like 30s, 5m, 1h30m or 1d", s)
}
