package sla

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// TriggerKind is what a trigger looks for in a customer. The names are public.
type TriggerKind string

// The kinds.
const (
	DeadlineAtRisk TriggerKind = "deadline_at_risk" // a promise has used up most of its time
	NegativeStreak TriggerKind = "negative_streak"  // several messages in a row sound bad
	RepeatContact  TriggerKind = "repeat_contact"   // the customer comes again and again
	GoneSilent     TriggerKind = "gone_silent"      // no answer to what we wrote
	BotLoop        TriggerKind = "bot_loop"         // a bot answers and answers, and the customer goes on
)

// A kind's place in the list is its number: it stands in stored state, so never change or reuse one, append.
var triggerKinds = []TriggerKind{DeadlineAtRisk, NegativeStreak, RepeatContact, GoneSilent, BotLoop}

// MaxStreak bounds how many scores in a row a trigger can look at.
const MaxStreak = 8

// TriggerSpec asks to be told when a customer should be helped before they ask.
type TriggerSpec struct {
	Name string      `json:"name" yaml:"name"`
	Kind TriggerKind `json:"kind" yaml:"kind"`
	// Match selects conversations; repeat_contact knows channel and queue only.
	Match Match `json:"match" yaml:"match"`
	// Count: negative messages in a row (default 3), contacts (3), answers of a
	// bot that the customer went on after (3).
	Count int `json:"count,omitempty" yaml:"count,omitempty"`
	// Score is at or below what a message counts as negative, -1 to 1, default
	// -0.25; of negative_streak.
	Score *float64 `json:"score,omitempty" yaml:"score,omitempty"`
	// Percent of a promise after which it is at risk: the first warning point of
	// its rule that is not below, default 75; of deadline_at_risk.
	Percent int `json:"percent,omitempty" yaml:"percent,omitempty"`
	// Span: the time within which contacts count, up to "8d", default "7d"; how
	// long the customer is silent after our message, default "24h".
	Span string `json:"span,omitempty" yaml:"span,omitempty"`
	// Cooldown is how long the same customer sets the trigger off only once,
	// default "24h".
	Cooldown string `json:"cooldown" yaml:"cooldown"`
	// Holdout is the percentage of customers who are not helped, so that the
	// effect can be measured: a customer is always on the same side. Default 0;
	// deadlines are never held out.
	Holdout int `json:"holdout,omitempty" yaml:"holdout,omitempty"`
	// Hours names the calendar within which customers may be contacted; "" is
	// AlwaysOpen. What happens outside sets nothing off.
	Hours string `json:"hours" yaml:"hours"`
}

func (t TriggerSpec) normalised() TriggerSpec {
	switch t.Kind {
	case NegativeStreak:
		t.Count = cmp.Or(t.Count, 3)
		if t.Score == nil {
			t.Score = new(-0.25)
		}
	case BotLoop:
		t.Count = cmp.Or(t.Count, 3)
	case RepeatContact:
		t.Count, t.Span = cmp.Or(t.Count, 3), cmp.Or(t.Span, "7d")
	case GoneSilent:
		t.Span = cmp.Or(t.Span, "24h")
	case DeadlineAtRisk:
		t.Percent = cmp.Or(t.Percent, 75)
	}
	t.Cooldown = cmp.Or(t.Cooldown, "24h")
	t.Hours = cmp.Or(t.Hours, AlwaysOpen)
	m := t.Match
	t.Match = Match{Channel: set(m.Channel), Queue: set(m.Queue), Priority: set(m.Priority), Team: set(m.Team)}
	return t
}

// TriggerKinds lists what triggers can look for.
func TriggerKinds() []TriggerKind { return slices.Clone(triggerKinds) }

// Number returns the number of a kind that is stored for it, -1 for one that
// does not exist.
func (k TriggerKind) Number() int { return slices.Index(triggerKinds, k) }

// Trigger is a compiled [TriggerSpec]. It is immutable.
type Trigger struct {
	Name       string
	Kind       TriggerKind
	Count      int
	Score      int64 // millionths
	Percent    int
	SpanMs     int64
	CooldownMs int64
	Holdout    int // percent

	hours *Calendar
	match Match
}

// Covers reports whether the trigger is about conversations of these names; ""
// stands for a name that is not known.
func (t *Trigger) Covers(channel, queue, team, priority string) bool {
	return t.match.covers(channel, queue, team, priority)
}

// Open reports whether customers may be contacted at an instant, Unix ms.
func (t *Trigger) Open(at int64) bool { return t.hours.always || t.hours.Elapsed(at, at+1) > 0 }

// HeldOut reports whether a customer belongs to the share that is not helped. It
// depends on nothing but the names, so it is the same after every replay.
func (t *Trigger) HeldOut(customer string) bool {
	h := uint64(14695981039346656037)
	for _, part := range []string{t.Name, "\x00", customer} {
		for i := 0; i < len(part); i++ {
			h = (h ^ uint64(part[i])) * 1099511628211
		}
	}
	h ^= h >> 32
	return int(h%100) < t.Holdout
}

func (p *Policy) compileTriggers() error {
	var errs []error
	for i, spec := range p.spec.Triggers {
		t, err := compileTrigger(spec, p.calendars)
		if spec.Name == "" {
			err = errors.Join(fmt.Errorf("triggers[%d]: name is empty; people are told of it by name", i), err)
		} else if p.Trigger(spec.Name) != nil {
			err = errors.Join(fmt.Errorf("trigger %q is given twice; rename one", spec.Name), err)
		}
		errs = append(errs, err)
		p.triggers = append(p.triggers, t)
	}
	return errors.Join(errs...)
}

// compileTrigger expects a normalised spec.
func compileTrigger(spec TriggerSpec, calendars map[string]*Calendar) (Trigger, error) {
	const day = 24 * time.Hour
	var errs []error
	fault := func(field, format string, args ...any) {
		errs = append(errs, fmt.Errorf("trigger %q: %s: %w", spec.Name, field, fmt.Errorf(format, args...)))
	}
	span := func(field, text string, lo, hi time.Duration) int64 {
		ms, err := durationIn(text, true, lo, hi)
		if err != nil {
			fault(field, "%w", err)
		}
		return ms
	}
	t := Trigger{Name: spec.Name, Kind: spec.Kind, Count: spec.Count, Percent: spec.Percent, Holdout: spec.Holdout, match: spec.Match}
	if !slices.Contains(triggerKinds, spec.Kind) {
		fault("kind", "%q is unknown; use %s", spec.Kind, strings.Trim(fmt.Sprint(triggerKinds), "[]"))
		return t, errors.Join(errs...)
	}
	only := func(field string, given bool, kinds ...TriggerKind) {
		if given && !slices.Contains(kinds, spec.Kind) {
			fault(field, "means nothing to %s; leave it out", spec.Kind)
		}
	}
	only("count", spec.Count != 0, NegativeStreak, RepeatContact, BotLoop)
	only("score", spec.Score != nil, NegativeStreak)
	only("percent", spec.Percent != 0, DeadlineAtRisk)
	only("span", spec.Span != "", RepeatContact, GoneSilent)
	if spec.Count < 0 || spec.Kind == NegativeStreak && spec.Count > MaxStreak || spec.Count > 100 {
		fault("count", "%d is out of range; use 1 to %d for negative_streak, 1 to 100 for others", spec.Count, MaxStreak)
	}
	if spec.Score != nil {
		if s := *spec.Score; !(s >= -1 && s <= 1) {
			fault("score", "%g is out of range; use -1 to 1", s)
		} else {
			t.Score = int64(s * 1e6)
		}
	}
	if spec.Kind == DeadlineAtRisk && (spec.Percent < 1 || spec.Percent > 99) {
		fault("percent", "%d is not a part of a promise; use 1 to 99", spec.Percent)
	}
	switch spec.Kind {
	case RepeatContact:
		t.SpanMs = span("span", spec.Span, time.Minute, 8*day) // facts of contacts are kept for nine days
		if len(spec.Match.Team)+len(spec.Match.Priority) > 0 {
			fault("match", "repeat_contact knows no team and no priority of earlier contacts; match channel and queue")
		}
	case GoneSilent:
		t.SpanMs = span("span", spec.Span, time.Minute, 90*day)
	}
	t.CooldownMs = span("cooldown", spec.Cooldown, 0, 90*day)
	if spec.Holdout < 0 || spec.Holdout > 50 {
		fault("holdout", "%d is out of range; use 0 to 50 percent", spec.Holdout)
	} else if spec.Holdout > 0 && spec.Kind == DeadlineAtRisk {
		fault("holdout", "a promise at risk is never held out; leave it out")
	}
	calendar, ok := calendars[spec.Hours]
	if !ok {
		fault("hours", "%q is not among calendars; add it there, or leave it out for %s", spec.Hours, AlwaysOpen)
	}
	t.hours = calendar
	return t, errors.Join(errs...)
}
