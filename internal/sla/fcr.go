package sla

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Tiers are the names of how complex a contact is, 1 for the first; 0 is not
// told and has no name.
var Tiers = []string{"simple", "medium", "complex"}

// FCRSpec says when a first contact has resolved what the customer came for.
type FCRSpec struct {
	// Window is, by channel, within how long the customer must not come back,
	// "1m" to "30d". Left out: "24h" where people chat, "72h" on social and
	// ticket, "7d" on every other channel ("*").
	Window map[string]string `json:"window,omitempty" yaml:"window,omitempty"`
	// Match is which contact is about the same: one of the same "topic" (default;
	// a contact without topic is about anything) or "any".
	Match string `json:"match,omitempty" yaml:"match,omitempty"`
	// NotFirstLevel lists the topics that a first contact cannot resolve.
	NotFirstLevel []string `json:"not_first_level,omitempty" yaml:"not_first_level,omitempty"`
	// Weights is how much a contact weighs in the weighted rate, 0 to 1000, by
	// channel and by tier ("simple", "medium", "complex"); both are multiplied.
	// What is left out weighs 1.
	Weights map[string]int64 `json:"weights,omitempty" yaml:"weights,omitempty"`
}

// longestRepeat bounds the windows: contacts are remembered only so long.
const longestRepeat = 30 * 24 * time.Hour

func defaultFCRWindow() map[string]string {
	chat := "24h"
	return map[string]string{
		"whatsapp": chat, "messenger": chat, "instagram": chat, "telegram": chat, "sms": chat, "web_chat": chat, "in_app": chat,
		"social": "72h", "ticket": "72h",
		others: "7d",
	}
}

func (s FCRSpec) normalised() FCRSpec {
	if len(s.NotFirstLevel) > 0 {
		s.NotFirstLevel = set(s.NotFirstLevel)
	}
	return s
}

func (p *Policy) compileFCR() error {
	var errs []error
	spec := p.spec.FCR
	windows := merged(defaultFCRWindow(), spec.Window)
	p.fcrWindow = map[string]int64{}
	for _, name := range slices.Sorted(maps.Keys(windows)) {
		ms, err := durationIn(windows[name], true, time.Minute, longestRepeat)
		if err != nil {
			errs = append(errs, fmt.Errorf("fcr: window %q: %w", name, err))
		}
		p.fcrWindow[name] = ms
		p.fcrLongest = max(p.fcrLongest, ms)
	}
	switch spec.Match {
	case "", "topic", "any":
	default:
		errs = append(errs, fmt.Errorf(`fcr: match: %q is unknown; use "topic" or "any"`, spec.Match))
	}
	if slices.Contains(spec.NotFirstLevel, "") {
		errs = append(errs, errors.New("fcr: not_first_level: a topic is empty; name it, or take it out"))
	}
	for _, name := range slices.Sorted(maps.Keys(spec.Weights)) {
		if w := spec.Weights[name]; w < 0 || w > 1000 {
			errs = append(errs, fmt.Errorf("fcr: weights %q: %d is out of range; use 0 to 1000", name, w))
		}
	}
	return errors.Join(errs...)
}

// FCRWindowMs returns within how many ms after a resolve on a channel another
// contact repeats it.
func (p *Policy) FCRWindowMs(channel string) int64 { return byName(p.fcrWindow, channel) }

// FCRLongestMs returns the longest of these windows, in ms.
func (p *Policy) FCRLongestMs() int64 { return p.fcrLongest }

// FCRMatchesAny reports whether a contact repeats another whatever their topics
// are.
func (p *Policy) FCRMatchesAny() bool { return p.spec.FCR.Match == "any" }

// FirstLevel reports whether a first contact can resolve a topic.
func (p *Policy) FirstLevel(topic string) bool {
	_, listed := slices.BinarySearch(p.spec.FCR.NotFirstLevel, topic)
	return !listed
}

// FCRWeight returns how much a resolved first contact on a channel weighs; tier
// is 0 to 3, 0 when it was not told.
func (p *Policy) FCRWeight(channel string, tier int) int64 {
	w := int64(1)
	if v, ok := p.spec.FCR.Weights[channel]; ok {
		w = v
	}
	if tier >= 1 && tier <= len(Tiers) {
		if v, ok := p.spec.FCR.Weights[Tiers[tier-1]]; ok {
			w *= v
		}
	}
	return w
}
