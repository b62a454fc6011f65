package alerter

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/notify"
)

// incident is one promise, trigger or firing rule, from its first alert to its last. Instants are Unix ms.
type incident struct {
	ID       string          `json:"id"`
	Tenant   string          `json:"tenant"`
	Name     string          `json:"name"` // alertname
	Type     notify.Type     `json:"type"` // what is true now
	Severity notify.Severity `json:"severity"`
	// Rev grows with every change that is worth telling. Of promises it is made of the signal's revision, so that a rebuild gives the same.
	Rev int64 `json:"rev"`

	Conversation string `json:"conversation,omitempty"`
	Clock        string `json:"clock,omitempty"`
	Channel      string `json:"channel,omitempty"`
	Queue        string `json:"queue,omitempty"`
	Team         string `json:"team,omitempty"`
	Agent        string `json:"agent,omitempty"`
	Customer     string `json:"customer,omitempty"`
	Link         string `json:"link,omitempty"`

	StartedAt int64 `json:"started_at"`
	DueAt     int64 `json:"due_at,omitempty"`
	At        int64 `json:"at"`
	EndedAt   int64 `json:"ended_at,omitempty"`
	// Unknown says that it is over and nobody knows how.
	Unknown bool `json:"unknown,omitempty"`
	// Caught says that its last change was found while catching up: nobody could be told in time.
	Caught bool `json:"caught,omitempty"`
	// HeldOut says that nobody is told, so that the effect of telling can be measured.
	HeldOut bool   `json:"held_out,omitempty"`
	Origin  origin `json:"origin"`

	// Of rules.
	Rule      string            `json:"rule,omitempty"`
	Storm     bool              `json:"storm,omitempty"` // the rule fires for so many groups that they are told together
	Labels    map[string]string `json:"labels,omitempty"`
	Reason    string            `json:"reason,omitempty"`
	Condition string            `json:"condition,omitempty"`
	Runbook   string            `json:"runbook,omitempty"`
	Value     *kpi.Value        `json:"value,omitempty"`

	AckBy     string           `json:"ack_by,omitempty"`
	AckAt     int64            `json:"ack_at,omitempty"`
	Escalated bool             `json:"escalated,omitempty"`
	Extra     []extra          `json:"extra,omitempty"` // receivers beside those of the routes
	Told      map[string]*told `json:"told,omitempty"`  // by receiver
}

// origin is where the last signal of an incident came from, by which a restatement finds what it does not mention.
type origin struct {
	Signals   int32 `json:"signals"`   // partition of the topic of signals
	Partition int32 `json:"partition"` // of the log of interactions
	Log       int64 `json:"log"`
	Offset    int64 `json:"offset"`
}

// extra is a receiver that an incident got because others did not answer or could not be reached.
type extra struct {
	Receiver string `json:"receiver"`
	Route    string `json:"route"`
}

// told is what one receiver knows of an incident.
type told struct {
	Rev   int64       `json:"rev"`
	Type  notify.Type `json:"type,omitempty"` // last told, empty when nothing was
	At    int64       `json:"at,omitempty"`
	Ref   string      `json:"ref,omitempty"` // at the destination
	Route string      `json:"route,omitempty"`
	// First is when telling was first tried.
	First int64 `json:"first,omitempty"`
	// Maybe says that an attempt whose outcome is not known was given up for a newer one.
	Maybe bool `json:"maybe,omitempty"`
	// Err is why the newest revision was not delivered: refused for good, too old, silenced.
	Err string `json:"err,omitempty"`
}

// knows reports whether the receiver has, or may have, heard of it.
func (t *told) knows() bool { return t.Type != "" || t.Maybe }

// over reports whether nothing of it lasts.
func (i *incident) over() bool { return i.Type.Over() || i.EndedAt != 0 }

// of returns what a receiver knows, never nil.
func (i *incident) of(receiver string) *told {
	if t := i.Told[receiver]; t != nil {
		return t
	}
	return &told{}
}

// note returns what a receiver knows, to be changed.
func (i *incident) note(receiver string) *told {
	t := i.Told[receiver]
	if t == nil {
		t = &told{}
		if i.Told == nil {
			i.Told = map[string]*told{}
		}
		i.Told[receiver] = t
	}
	return t
}

// labels identify the alert. Values are configured names, never people.
func (i *incident) labels() map[string]string {
	l := make(map[string]string, 6+len(i.Labels))
	maps.Copy(l, i.Labels)
	for k, v := range map[string]string{
		"alertname": i.Name, "tenant": i.Tenant, "queue": i.Queue, "channel": i.Channel, "clock": i.Clock, "severity": string(i.Severity),
	} {
		if v != "" {
			l[k] = v
		}
	}
	return l
}

// label returns one label, and of those that name no configured thing the ones that groups may be made of.
func (i *incident) label(name string) string {
	switch name {
	case "alertname":
		return i.Name
	case "tenant":
		return i.Tenant
	case "queue":
		return i.Queue
	case "channel":
		return i.Channel
	case "clock":
		return i.Clock
	case "severity":
		return string(i.Severity)
	case "team":
		return i.Team
	case "agent":
		return i.Agent
	case "conversation":
		return i.Conversation
	case "customer":
		return i.Customer
	case byIncident:
		return i.ID
	}
	return i.Labels[name]
}

// Names of alerts that come from signals.
const (
	nameBreach  = "SLABreach"
	nameWarning = "SLAWarning"
)

// keep is how long an incident that is over is shown and remembered.
const keep = 24 * time.Hour

// gone reports when an incident can be forgotten, 0 while it lasts.
func (i *incident) gone() int64 {
	switch {
	case i.EndedAt != 0:
		return max(i.EndedAt, i.At) + keep.Milliseconds()
	case i.Type == notify.SLAWarning, i.Type == notify.TriggerFired:
		return max(i.DueAt, i.At) + keep.Milliseconds()
	case i.over():
		return i.At + keep.Milliseconds()
	}
	return 0
}

// record is the incident as it stands in the topic of alerts.
func (i *incident) record() event.Alert {
	a := event.Alert{
		Tenant: i.Tenant, Incident: i.ID, Revision: uint64(i.Rev), Type: string(i.Type), Severity: string(i.Severity), Labels: i.labels(),
		StartsAt: i.StartedAt, EndsAt: i.EndedAt, DueAt: i.DueAt, State: encode(i),
	}
	for _, name := range sortedKeys(i.Told) {
		if t := i.Told[name]; t.Type != "" {
			a.Delivered = append(a.Delivered, event.AlertDelivery{Receiver: name, Revision: uint64(t.Rev), Type: string(t.Type), At: t.At})
		}
	}
	return a
}

// encode writes what is stored: plain structs, so that a newer release reads what an older one has written.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("alerter: BUG: " + err.Error()) // plain structs of strings and numbers
	}
	return b
}

// decode reads what encode has written.
func decode[T any](what string, b []byte) (*T, error) {
	v := new(T)
	if err := json.Unmarshal(b, v); err != nil {
		return nil, fmt.Errorf("%s: damaged state: delete the keys of the slot, and it is read from the log again: %w", what, err)
	}
	return v, nil
}
