// Package notify tells one destination about one thing, politely: each kind of destination is one file.
//
// A [Notifier] makes one attempt and says whether another one makes sense ([Error]). Who is told what, when and how often is the alerter's to decide; keeping what is not delivered
// yet is too. An attempt is repeated with the same [Notice.ID], by which receivers drop repetitions.
package notify

import (
	"context"
	"time"

	"github.com/vigia-cx/vigia/internal/kpi"
)

// Type says what happened. The names are public: they are the types of webhooks.
type Type string

// The types.
const (
	SLAWarning   Type = "sla.warning"          // a deadline comes near
	SLABreached  Type = "sla.breached"         // a deadline passed
	SLARetracted Type = "sla.breach_retracted" // the breach turned out not to be one
	SLASettled   Type = "sla.breach_settled"   // what was promised came late: the breach is over
	KPIFiring    Type = "kpi.firing"           // a rule's condition holds
	KPIResolved  Type = "kpi.resolved"         // it no longer does
	TriggerFired Type = "trigger.fired"        // a customer should be helped before they ask
	Digest       Type = "digest"               // what happened while nobody could be told, in one message
)

// Over reports whether the type ends an incident.
func (t Type) Over() bool { return t == SLARetracted || t == SLASettled || t == KPIResolved }

// Severity of an alert.
type Severity string

// The severities.
const (
	Critical Severity = "critical"
	Warning  Severity = "warning"
	Info     Severity = "info"
)

// Notice is one thing to tell one destination.
type Notice struct {
	// ID names the delivery and stays the same on every attempt; Incident stays the same from the first notice of an incident to its last. Both are at most 64 characters of
	// [A-Za-z0-9._-]. Revision grows with every change of the incident that is told.
	ID, Incident string
	Revision     int

	Type     Type
	Severity Severity
	Tenant   string
	Lang     string         // language of the text: es, pt or en
	Zone     *time.Location // of the tenant, in which instants are written; nil is UTC

	// Labels identify the alert: alertname, tenant, queue, channel, clock, severity, … Values are configured names, never people.
	Labels map[string]string

	At       time.Time // when it happened, by the time of the data
	StartsAt time.Time // begin of the incident
	EndsAt   time.Time // its end, zero while it lasts
	DueAt    time.Time // when the promise was due, zero without one

	Conversation string // pseudonym, empty unless one conversation is meant
	Customer     string // pseudonym
	Team, Agent  string
	Link         string // into the source system; names no person
	Runbook      string
	Acknowledge  string // link that acknowledges the incident, empty without one

	Reason    string     // why, as one sentence in Lang; empty when the type says it all
	Value     *kpi.Value // what a rule saw, nil for other types
	Condition string     // of the rule, as written: "< 80 %"

	// Items are the incidents that a notice about several stands for, the most pressing ones first and not necessarily all; Total is how many there are, Counts how many of each type.
	Items  []Notice
	Total  int
	Counts map[Type]int
}

// Notifier makes one attempt to tell one destination. It is safe for concurrent use.
//
// Errors: [*Error] says whether and when to try again; any other error is taken for one that passes.
type Notifier interface {
	// Notify returns nil when the destination has taken the notice.
	Notify(ctx context.Context, n Notice) error
}

// Error is a failed attempt.
type Error struct {
	// Retry says that another attempt makes sense; After, if not 0, when at the earliest.
	Retry bool
	After time.Duration
	// Hint says what a person can do about it: "the token was revoked: make a new one under …".
	Hint string
	// Err is what happened, without secrets.
	Err error
}

// Error implements error.
func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Err.Error()
	}
	return e.Err.Error() + "; " + e.Hint
}

// Unwrap returns what happened.
func (e *Error) Unwrap() error { return e.Err }
