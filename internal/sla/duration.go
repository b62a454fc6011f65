package sla

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// parseDuration reads "90s", "15m", "1h30m" and, where a day means 24 hours of
// the clock, "30d" or "1d12h". The result is in ms.
func parseDuration(text string, days bool) (int64, error) {
	const form = `write it like "30s", "15m" or "1h30m"`
	rest, whole := text, time.Duration(0)
	if n, after, ok := strings.Cut(text, "d"); ok {
		count, err := strconv.ParseUint(n, 10, 16)
		switch {
		case err != nil:
			return 0, fmt.Errorf("%q is not a duration; %s", text, form)
		case !days:
			return 0, fmt.Errorf(`%q is ambiguous: is a day 24 hours or one day's opening hours? Write the opening hours meant, e.g. "8h" or "24h"`, text)
		}
		if rest, whole = after, time.Duration(count)*24*time.Hour; rest == "" {
			return whole.Milliseconds(), nil
		}
	}
	d, err := time.ParseDuration(rest)
	switch {
	case err != nil || d < 0 || strings.ContainsAny(rest, "+-"):
		return 0, fmt.Errorf("%q is not a duration; %s", text, form)
	case d%time.Millisecond != 0:
		return 0, fmt.Errorf("%q is finer than a millisecond; %s", text, form)
	}
	return (whole + d).Milliseconds(), nil
}

// durationIn is parseDuration with bounds; what the bounds mean is in the text.
func durationIn(text string, days bool, lo, hi time.Duration) (int64, error) {
	ms, err := parseDuration(text, days)
	if err != nil {
		return 0, err
	}
	if ms < lo.Milliseconds() || ms > hi.Milliseconds() {
		return 0, fmt.Errorf("%q is out of range; use %s to %s", text, lo, hi)
	}
	return ms, nil
}
