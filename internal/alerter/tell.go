package alerter

import (
	"time"

	"github.com/vigia-cx/vigia/internal/notify"
)

const (
	// pageWithin is how old a deadline may be for its breach to page; after that it goes to the digest.
	pageWithin = time.Hour
	// digestWithin is how old a thing may be to stand in a digest.
	digestWithin = 24 * time.Hour
)

// news is the type of what a receiver that knows t must hear of an incident now, "" for nothing.
func (i *incident) news(t *told) notify.Type {
	if t.Rev >= i.Rev {
		return ""
	}
	switch i.Type {
	case notify.SLASettled:
		switch {
		case t.Type == notify.SLASettled:
			return ""
		case i.Unknown && !t.knows():
			return "" // nobody heard of it, and nobody knows how it ended
		}
	case notify.SLARetracted:
		if t.Type != notify.SLABreached && t.Type != notify.SLASettled && !t.Maybe {
			return "" // what never was needs no telling
		}
	case notify.KPIResolved:
		if t.Type != notify.KPIFiring && !t.Maybe && t.First == 0 {
			return ""
		}
	}
	return i.Type
}

// manner is how news reach a receiver.
type manner uint8

const (
	never    manner = iota // too late for anything
	directly               // in the notices of its group
	digested               // as a line of the digest
)

// mannerOf decides how news are told: nothing that was due more than an hour ago pages, and what was over before anybody could be told is a line in a digest.
func (i *incident) mannerOf(t *told, r *Receiver, now int64) manner {
	if t.knows() && i.over() {
		return directly // an end belongs to what was told
	}
	if i.Rule != "" {
		return directly // what a rule says is true now
	}
	trying := t.First != 0 && now-t.First < r.MaxAge.Milliseconds()
	age := now - i.eventAt()
	switch {
	case i.Type == notify.SLAWarning && now > i.DueAt:
		return never // the deadline it warns of is over
	case trying:
		return directly
	case age > digestWithin.Milliseconds():
		return never
	case age > pageWithin.Milliseconds(), i.over() && i.Caught:
		return digested
	}
	return directly
}

// eventAt is the instant that the age of an incident is counted from when nothing was due.
func (i *incident) eventAt() int64 {
	if i.DueAt != 0 && i.Type != notify.TriggerFired {
		return i.DueAt
	}
	return i.At
}
