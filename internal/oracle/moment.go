package oracle

import (
	"cmp"
	"strings"
)

// Kind is what a moment counts.
type Kind string

// The moments of rules 4 to 11.
const (
	Started    Kind = "started"
	First      Kind = "first response"
	Next       Kind = "next response"
	Resolution Kind = "resolution"
	Kept       Kind = "kept"
	Broken     Kind = "broken"
	Answered   Kind = "answered"
	Abandoned  Kind = "abandoned"
	FlowedOut  Kind = "flow-out"
	Voicemail  Kind = "voicemail"
	Callback   Kind = "callback"
	Lost       Kind = "lost"
	Handled    Kind = "handled"
	Scored     Kind = "scored"
)

// The clocks of rule 8.2.
const (
	FirstResponse = "first_response"
	NextResponse  = "next_response"
	Resolving     = "resolution"
)

// Band is how a contact's wait compares with the limits of its queue, rule 9.9.
type Band uint8

// The bands; the zero value is that of moments without one.
const (
	_ Band = iota
	Short
	InTarget
	Late
)

// Group is where a moment counts.
type Group struct{ Channel, Queue, Team, Agent, Topic string }

// Moment is one countable thing.
type Moment struct {
	Tenant       string
	Conversation string // its id; empty where a customer's own line is meant
	Customer     string // of an own line
	Partition    int32
	Kind         Kind
	Clock        string // of kept and broken
	Receipt      bool   // a response known by a receipt alone
	Closed       bool   // of broken: by a resolve before it was due (rule 8.5), which nobody is told of
	Band         Band
	Scale        int // of ratings, its number from 1
	Currency     int // of purchases, its number of ISO 4217
	Model        int // of attributed, its number
	Widget       string
	Moment       string
	At           int64 // Unix ms
	Value        int64 // ms, or millionths of a score
	Group        Group
}

// compare orders moments by all they say.
func (m Moment) compare(o Moment) int {
	return cmp.Or(strings.Compare(m.Tenant, o.Tenant), cmp.Compare(m.At, o.At), strings.Compare(m.Conversation, o.Conversation), strings.Compare(m.Customer, o.Customer),
		cmp.Compare(m.Kind, o.Kind), strings.Compare(m.Clock, o.Clock), cmp.Compare(m.Value, o.Value), strings.Compare(m.Group.Channel, o.Group.Channel), strings.Compare(m.Group.Queue, o.Group.Queue),
		strings.Compare(m.Group.Team, o.Group.Team), strings.Compare(m.Group.Agent, o.Group.Agent), strings.Compare(m.Group.Topic, o.Group.Topic), cmp.Compare(m.Band, o.Band))
}
