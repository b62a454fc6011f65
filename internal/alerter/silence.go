package alerter

import (
	"fmt"
	"regexp"

	"github.com/vigia-cx/vigia/internal/event"
)

// silence is one with its expressions compiled.
type silence struct {
	event.Silence
	match []func(value string) bool
}

func newSilence(s event.Silence) (*silence, error) {
	out := &silence{Silence: s}
	for _, m := range s.Matchers {
		holds := func(v string) bool { return v == m.Value }
		if m.Regex {
			re, err := regexp.Compile("^(?:" + m.Value + ")$")
			if err != nil {
				return nil, fmt.Errorf("matcher %s: %w", m.Name, err)
			}
			holds = re.MatchString
		}
		out.match = append(out.match, func(v string) bool { return holds(v) != m.Negative })
	}
	return out, nil
}

// covers reports whether the silence keeps an incident from being told at an instant.
func (s *silence) covers(i *incident, now int64) bool {
	if s.Tenant != i.Tenant || now < s.StartsAt || now >= s.EndsAt {
		return false
	}
	for n, m := range s.Matchers {
		if !s.match[n](i.label(m.Name)) {
			return false
		}
	}
	return true
}

// silencedUntil returns when the last of the silences that cover an incident ends, 0 when none does.
func (d *desk) silencedUntil(i *incident, now int64) (until int64) {
	for _, s := range d.silences {
		if s.covers(i, now) {
			until = max(until, s.EndsAt)
		}
	}
	return until
}
