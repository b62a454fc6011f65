package explain

import (
	"slices"
	"time"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/kpi"
)

// Conversation is what a conversation counts for, and why. Instants are RFC 3339 in the tenant's zone, null where there is none.
type Conversation struct {
	Tenant       string `json:"tenant"`
	Conversation string `json:"conversation"`
	Channel      string `json:"channel"`
	Threadless   bool   `json:"threadless"`
	Customer     string `json:"customer,omitempty"`
	Link         string `json:"link,omitempty"`
	Status       string `json:"status"`
	// Counts says whether it counts: yes, spam, deleted, unknown when it was seen from the middle on or without rules, or forgotten.
	Counts string `json:"counts"`
	// KnownFrom: what happened up to here is remembered only by what it left, and what it counted stays counted. Null: everything is known.
	KnownFrom    *string `json:"known_from"`
	AsOf         string  `json:"as_of"`
	PolicySerial int64   `json:"policy_serial"`
	Timeline     []Step  `json:"timeline"`
	Clocks       []Clock `json:"clocks"`
	// Contributions are what it counts now; Withheld what it would count were it not spam or deleted.
	Contributions []Counted `json:"contributions"`
	Withheld      []Counted `json:"withheld"`
	// History is what it made and took back with every record of the log, null where the log is not at hand.
	History []Change `json:"history"`
}

// Step is one thing that happened, and how things stood after it.
type Step struct {
	At           string     `json:"at"`
	Kind         string     `json:"kind"`
	PolicySerial int64      `json:"policy_serial"`
	Source       string     `json:"source,omitempty"`
	Queue        string     `json:"queue,omitempty"`
	Team         string     `json:"team,omitempty"`
	Agent        string     `json:"agent,omitempty"`
	Bot          string     `json:"bot,omitempty"`
	Topic        string     `json:"topic,omitempty"`
	Complexity   string     `json:"complexity,omitempty"`
	Priority     string     `json:"priority,omitempty"`
	Customer     string     `json:"customer,omitempty"`
	Receipt      bool       `json:"receipt,omitempty"`
	Score        *float64   `json:"score,omitempty"`
	WaitS        kpi.Number `json:"wait_s,omitempty"`
	TalkS        kpi.Number `json:"talk_s,omitempty"`
	HoldS        kpi.Number `json:"hold_s,omitempty"`
	WrapS        kpi.Number `json:"wrap_s,omitempty"`
	After        After      `json:"after"`
}

// After is how a conversation stands after a step.
type After struct {
	Episode      int64   `json:"episode"`
	Status       string  `json:"status"`
	With         string  `json:"with,omitempty"` // people or bot
	OwedSince    *string `json:"owed_since,omitempty"`
	WaitingSince *string `json:"waiting_since,omitempty"`
	Handled      bool    `json:"handled,omitempty"`
	Void         bool    `json:"void,omitempty"`
}

// Clock is one promise.
type Clock struct {
	Clock        string     `json:"clock"`
	Rule         string     `json:"rule"`
	PolicySerial int64      `json:"policy_serial"`
	Calendar     string     `json:"calendar,omitempty"` // "" is always open
	StartedAt    string     `json:"started_at"`
	TargetS      kpi.Number `json:"target_s"`
	ElapsedS     kpi.Number `json:"elapsed_s"` // in opening hours and without pauses
	WallS        kpi.Number `json:"wall_s"`    // by the wall clock
	DueAt        *string    `json:"due_at"`
	WarnAt       []string   `json:"warn_at,omitempty"`
	State        string     `json:"state"` // kept, broken, running
	FulfilledAt  *string    `json:"fulfilled_at"`
	EndedAt      *string    `json:"ended_at"`
	Pauses       []Pause    `json:"pauses,omitempty"`
}

// Pause is a time in which a clock stood. To is null while it still does.
type Pause struct {
	State string  `json:"state"`
	From  string  `json:"from"`
	To    *string `json:"to"`
}

// Change is what one record of the log changed.
type Change struct {
	Offset    int64     `json:"offset"`
	AsOf      string    `json:"as_of"` // time of the log then
	Cause     string    `json:"cause"` // kind of event, or time, policy, gap
	At        *string   `json:"at"`    // when the event happened
	Retracted []Counted `json:"retracted"`
	Made      []Counted `json:"made"`
}

// ExplainConversation tells all that the state of a conversation says.
func ExplainConversation(look *fold.Look, k fold.Known) *Conversation {
	a := k.Convo.Account(look.Env())
	policy := look.Policy()
	t := teller{zone: policy.Zone(), agents: policy.AgentCells()}
	c := &Conversation{
		Tenant: k.Convo.Tenant, Conversation: a.Conversation, Channel: a.Channel.String(), Threadless: a.Threadless, Customer: a.Customer, Link: a.Link, Status: a.Status, Counts: "yes",
		AsOf: t.time(look.Time()), PolicySerial: policy.Serial, Timeline: []Step{}, Clocks: []Clock{}, Contributions: t.all(k.Moments),
	}
	withheld := a.Withheld
	for i := range withheld {
		withheld[i].Group = look.Named(withheld[i].Group)
	}
	c.Withheld = t.all(withheld)
	switch {
	case a.Truncated:
		c.Counts = "unknown"
	case a.Deleted:
		c.Counts = "deleted"
	case a.Spam:
		c.Counts = "spam"
	}
	if a.Floor != 0 {
		c.KnownFrom = t.maybe(a.Floor)
	}
	for i := range a.Steps {
		c.Timeline = append(c.Timeline, t.step(&a.Steps[i]))
	}
	for i := range a.Clocks {
		c.Clocks = append(c.Clocks, t.clock(&a.Clocks[i]))
	}
	slices.SortStableFunc(c.Clocks, func(x, y Clock) int { return compareTimes(x.StartedAt, y.StartedAt) })
	return c
}

// teller prints what is told of one tenant.
type teller struct {
	zone   *time.Location
	agents bool // may be named
}

func (t teller) time(at int64) string { return kpi.Timestamp(at, t.zone) }

func (t teller) maybe(at int64) *string {
	if at == 0 {
		return nil
	}
	return new(t.time(at))
}

func (t teller) all(moments []convo.Moment) []Counted {
	out := make([]Counted, 0, len(moments))
	for _, m := range moments {
		if c := fully(m, t.zone, t.agents); len(c.Metrics) > 0 { // some only help to find others
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(x, y Counted) int { return compareTimes(x.At, y.At) })
	return out
}

// compareTimes compares instants as they are printed; clocks that were set back do not confuse it.
func compareTimes(x, y string) int {
	a, _ := time.Parse(time.RFC3339, x)
	b, _ := time.Parse(time.RFC3339, y)
	return a.Compare(b)
}

func (t teller) step(x *convo.Step) Step {
	s := Step{
		At: t.time(x.At), Kind: x.Kind, PolicySerial: x.Serial, Source: x.Source, Queue: x.Queue, Team: x.Team, Bot: x.Bot, Topic: x.Topic, Complexity: x.Complexity, Priority: x.Priority,
		Customer: x.Customer, Receipt: x.Receipt, WaitS: reported(x.Wait), TalkS: reported(x.Talk), HoldS: reported(x.Hold), WrapS: reported(x.Wrap),
		After: After{Episode: x.Episode, Status: x.Status, With: x.With, OwedSince: t.maybe(x.OwedSince), WaitingSince: t.maybe(x.WaitingSince), Handled: x.Handled, Void: x.Void},
	}
	if t.agents {
		s.Agent = x.Agent
	}
	if x.Scored {
		s.Score = new(float64(x.Score) / 1e6)
	}
	return s
}

func reported(ms int64) kpi.Number {
	if ms == event.NotReported {
		return ""
	}
	return kpi.SecondsOf(ms)
}

func (t teller) clock(x *convo.ClockAccount) Clock {
	c := Clock{
		Clock: x.Clock.String(), Rule: x.Rule, PolicySerial: x.Serial, Calendar: x.Calendar, StartedAt: t.time(x.StartAt), TargetS: kpi.SecondsOf(x.Target), ElapsedS: kpi.SecondsOf(x.Elapsed),
		WallS: kpi.SecondsOf(x.Wall), DueAt: t.maybe(x.Due), State: x.State, FulfilledAt: t.maybe(x.Fulfils), EndedAt: t.maybe(x.Ended),
	}
	for _, at := range x.Warn {
		c.WarnAt = append(c.WarnAt, t.time(at))
	}
	for _, p := range x.Pauses {
		c.Pauses = append(c.Pauses, Pause{p.State, t.time(p.From), t.maybe(p.To)})
	}
	return c
}
