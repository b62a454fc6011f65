package sla

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Rule is a compiled promise. It is immutable: share it, do not write to it.
type Rule struct {
	Name     string
	Calendar *Calendar
	// Targets is the promise of each clock in business ms; 0 promises nothing.
	Targets [NumClocks]int64
	// Warn lists the warning points in percent of the target, ascending.
	Warn []int
	// NextFromLast counts next response from the customer's last message of a
	// turn instead of the oldest unanswered one.
	NextFromLast bool
	// ResolveMisses makes a resolve a miss of a reply still owed, instead of
	// cancelling it.
	ResolveMisses bool
	// BotTime counts time with the bot.
	BotTime bool

	match   Match
	pauseOn []string
}

// PausesOn reports whether a state ("pending_customer", "on_hold", "snoozed")
// stops the rule's clocks.
func (r *Rule) PausesOn(state string) bool { return slices.Contains(r.pauseOn, state) }

// WarnAfter returns the business ms after which a clock reaches a warning
// point: percent of its target.
func (r *Rule) WarnAfter(c Clock, percent int) int64 { return r.Targets[c] * int64(percent) / 100 }

// covers reports whether the match holds for these names.
func (m Match) covers(channel, queue, team, priority string) bool {
	in := func(list []string, name string) bool { return len(list) == 0 || slices.Contains(list, name) }
	return in(m.Channel, channel) && in(m.Queue, queue) && in(m.Team, team) && in(m.Priority, priority)
}

// hides reports whether everything that o matches is matched by m.
func (m Match) hides(o Match) bool {
	in := func(big, small []string) bool {
		if len(big) == 0 {
			return true
		}
		for _, name := range small {
			if !slices.Contains(big, name) {
				return false
			}
		}
		return len(small) > 0
	}
	return in(m.Channel, o.Channel) && in(m.Queue, o.Queue) && in(m.Team, o.Team) && in(m.Priority, o.Priority)
}

const maxPromise = 366 * 24 * time.Hour

var pauseStates = []string{"pending_customer", "on_hold", "snoozed"}

// compileRule expects a normalised spec. calendars holds nil for a calendar
// that exists but has faults of its own.
func compileRule(spec RuleSpec, calendars map[string]*Calendar) (Rule, error) {
	var errs []error
	fault := func(field, format string, args ...any) {
		errs = append(errs, fmt.Errorf("rule %q: %s: %w", spec.Name, field, fmt.Errorf(format, args...)))
	}

	r := Rule{
		Name: spec.Name, Warn: spec.Warn, match: spec.Match, pauseOn: spec.PauseOn, BotTime: spec.BotTime,
		NextFromLast: spec.NextFrom == "last", ResolveMisses: spec.OnResolve == "miss",
	}
	if spec.Name == "" {
		fault("name", "is empty; name the rule, breaches are reported by it")
	}
	calendar, ok := calendars[spec.Calendar]
	if !ok {
		fault("calendar", "%q is not among calendars; add it there, or leave it out for %s", spec.Calendar, AlwaysOpen)
	}
	r.Calendar = calendar

	for c, text := range [NumClocks]string{spec.FirstResponse, spec.NextResponse, spec.Resolution, spec.PeriodicUpdate, spec.PausableUpdate} {
		if text == "" {
			continue
		}
		ms, err := durationIn(text, false, time.Millisecond, maxPromise)
		if err != nil {
			fault(Clock(c).String(), "%w", err)
		}
		r.Targets[c] = ms
	}
	for _, p := range spec.Warn {
		if p < 1 || p > 99 {
			fault("warn", "%d is not a percentage before the promise is broken; use 1 to 99", p)
		}
	}
	for _, state := range spec.PauseOn {
		if !slices.Contains(pauseStates, state) {
			fault("pause_on", "%q is unknown; use %s", state, strings.Join(pauseStates, ", "))
		}
	}
	if spec.NextFrom != "oldest" && spec.NextFrom != "last" {
		fault("next_from", "%q is unknown; use oldest or last", spec.NextFrom)
	}
	if spec.OnResolve != "cancel" && spec.OnResolve != "miss" {
		fault("on_resolve", "%q is unknown; use cancel or miss", spec.OnResolve)
	}
	return r, errors.Join(errs...)
}
