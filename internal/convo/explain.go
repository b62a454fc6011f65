package convo

import (
	"cmp"
	"slices"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// Account is what the state tells about a conversation to somebody who asks why it counts as it does. It is worked out when it is asked for. All instants are Unix ms.
type Account struct {
	Conversation string
	Channel      event.Channel
	Threadless   bool
	Customer     string
	Link         string
	Status       string // of the last episode: open, pending, on_hold, snoozed, resolved, closed; "" before it begins
	Spam         bool   // the last episode is taken back
	Deleted      bool   // and for good
	Truncated    bool   // seen from the middle on: counted nowhere
	KnownUntil   int64  // T up to which time has passed for it
	Floor        int64  // what happened up to here is remembered only by what it left; 0: everything is known
	Serial       int64  // policy in force
	Steps        []Step
	Pauses       []Stretch
	Clocks       []ClockAccount
	Moments      []Moment // what it counts now, beside what was counted before Floor
	Withheld     []Moment // what it would count were it not spam, deleted or merged
}

// Step is one entry of a conversation's timeline, and how things stood after it.
type Step struct {
	At     int64
	Kind   string // see [StepKinds]
	Serial int64  // policy in force where it stands in the log
	// What it tells; "" and 0 where it tells nothing of it.
	Queue, Team, Agent, Bot, Topic, Customer, Priority, Source string
	Complexity                                                 string
	Receipt                                                    bool // known only from a delivery receipt
	// In ms, [event.NotReported] where it was not.
	Wait, Talk, Hold, Wrap int64
	Scored                 bool
	Score                  int64 // millionths

	Episode      int64 // number of the episode after it, from 0
	Status       string
	With         string // people, bot, or "" when nobody of ours has taken part
	OwedSince    int64  // the customer's oldest message that people owe an answer to; 0: none
	WaitingSince int64  // the contact waits since; 0: it does not
	Handled      bool   // the contact is with a person
	Void         bool   // the episode is taken back
}

// Stretch is a time in which the conversation was in a state that a rule may pause on. To 0: it still is.
type Stretch struct {
	From, To int64
	State    string
}

// ClockAccount is one promise, kept, broken, ended or running.
type ClockAccount struct {
	Clock    sla.Clock
	Serial   int64 // of the policy it runs under
	Rule     string
	Calendar string // "" when always open
	StartAt  int64
	Target   int64 // business ms promised
	Elapsed  int64 // business ms passed until it ended, or until now
	Wall     int64 // ms passed by the wall clock
	Due      int64 // 0: it stands in a pause without an end
	Warn     []int64
	State    string // running, kept, broken
	Fulfils  int64  // when it was fulfilled; 0: it was not
	Ended    int64  // when it ended unfulfilled; 0: it did not
	Pauses   []Stretch
	Queue    string // where it counts, or would now
}

// stepKinds names what entries do.
var stepKinds = [...]string{
	kindOther: "other", kindOpened: "opened", kindInbound: "inbound", kindReply: "reply", kindBotReply: "bot_reply", kindNote: "note", kindAssign: "assigned", kindHandoff: "handoff",
	kindToBot: "to_bot", kindQueued: "queued", kindOffered: "offered", kindAnswered: "answered", kindHold: "hold", kindUnhold: "unhold", kindTransferred: "transferred",
	kindAbandoned: "abandoned", kindVoicemail: "voicemail", kindCallback: "callback", kindFlowOut: "flow_out", kindEnded: "ended", kindWrapUp: "wrap_up", kindPending: "pending",
	kindOnHold: "on_hold", kindSnoozed: "snoozed", kindReopened: "reopened", kindResolved: "resolved", kindClosed: "closed", kindDeleted: "deleted", kindSpam: "spam", kindScore: "score",
	kindActivity: "activity", kindUnsure: "unsure", kindPrompt: "survey_sent", kindReached: "reached", kindRating: "survey_answered", kindSelfService: "self_service",
}

// StepKinds lists the names of what entries do.
func StepKinds() []string { return slices.Clone(stepKinds[:]) }

// Counted returns the moments that the conversation counts now: what the panes hold of it beside what is forgotten. They are the caller's.
func (s *State) Counted(env *Env) []Moment { return slices.Clone(s.evaluated(env).moments) }

// Customer returns who the conversation is with, as far as it is known.
func (s *State) Customer(env *Env) string { return s.evaluated(env).end.Who }

// Account tells all that is known. It does not change the state.
func (s *State) Account(env *Env) Account {
	res := s.evaluated(env)
	end := &res.end
	a := Account{
		Conversation: s.ID, Channel: s.Channel, Threadless: s.Threadless, Customer: end.Who, Link: s.Link, Spam: end.Void && !end.Gone, Deleted: end.Gone, Truncated: s.Truncated,
		KnownUntil: s.Woken, Floor: s.floor, Serial: s.serial, Moments: slices.Clone(res.moments), Withheld: s.Withheld(env),
	}
	if end.Begun {
		a.Status = statusName(end.Status)
	}
	for i := range s.entries {
		a.Steps = append(a.Steps, stepOf(&s.entries[i]))
	}
	if !s.Truncated {
		s.retrace(env, &a)
	}
	for i := range res.promises {
		a.Clocks = append(a.Clocks, s.clock(env, &res.promises[i], a.Pauses))
	}
	return a
}

// Withheld returns the moments that the conversation would count were nothing of it spam, deleted or merged.
func (s *State) Withheld(env *Env) []Moment {
	void := func(e Entry) bool { return e.Kind == kindSpam || e.Kind == kindDeleted }
	was := s.residue != nil && s.residue.Void
	if s.Truncated || !was && !slices.ContainsFunc(s.entries, void) {
		return nil
	}
	as := *s
	as.last, as.entries = nil, slices.DeleteFunc(slices.Clone(s.entries), void)
	if was {
		residue := *s.residue
		residue.Void, residue.Gone = false, false
		as.residue = &residue
	}
	_, fresh := Difference(s.evaluated(env).moments, as.evaluated(env).moments)
	return slices.Clone(fresh)
}

// retrace walks over the entries once more and notes how things stood after each.
func (s *State) retrace(env *Env, a *Account) {
	alone := *env
	alone.Scratch = nil
	r := s.play(&alone, nil, new(result))
	first := r.Episode
	note := func() {
		for _, p := range r.Pauses {
			i := slices.IndexFunc(a.Pauses, func(o Stretch) bool { return o.From == p.From && o.State == statusName(p.Kind) })
			if i < 0 {
				i = len(a.Pauses)
				a.Pauses = append(a.Pauses, Stretch{From: p.From, State: statusName(p.Kind)})
			}
			a.Pauses[i].To = p.To
		}
	}
	note()
	for i := range s.entries {
		r.step(&s.entries[i])
		note()
		x := &a.Steps[i]
		x.Episode, x.OwedSince, x.Void, x.Handled = r.Episode-first, r.Turn.At, r.Void, r.Contact.State == handling
		if r.Begun {
			x.Status = statusName(r.Status)
		}
		if r.Contact.State == waiting {
			x.WaitingSince = r.Contact.At
		}
		switch {
		case r.People:
			x.With = "people"
		case r.Bots:
			x.With, x.OwedSince = "bot", 0
		}
	}
}

func stepOf(e *Entry) Step {
	x := Step{
		At: e.At, Kind: stepKinds[e.Kind], Serial: e.Serial, Queue: e.Queue, Team: e.Team, Agent: e.Agent, Bot: e.Bot, Topic: e.Topic, Customer: e.Customer, Priority: e.Priority, Source: e.Source,
		Receipt: e.Receipt, Wait: event.NotReported, Talk: e.Talk, Hold: e.Hold, Wrap: e.Wrap,
	}
	switch {
	case e.Scored || e.Kind == kindScore || e.Kind == kindRating:
		x.Scored, x.Score = true, e.Value
	default:
		x.Wait = e.Value
	}
	if e.Complexity > 0 {
		x.Complexity = event.Complexities[e.Complexity-1]
	}
	return x
}

// statusName names a status, or a pause.
func statusName(k Kind) string {
	switch k {
	case kindPending, kindOnHold, kindSnoozed, kindResolved, kindClosed:
		return stepKinds[k]
	}
	return "open"
}

// clock tells one promise. The pauses are all those known of the conversation.
func (s *State) clock(env *Env, p *promise, pauses []Stretch) ClockAccount {
	c := ClockAccount{
		Clock: p.Clock, Serial: p.Serial, Rule: p.Rule, StartAt: p.StartAt, Due: p.Due, Warn: slices.Clone(p.Warn), Fulfils: p.Fulfilled, Ended: p.Cut, Queue: p.Group.Queue,
		State: [...]string{running: "running", hit: "kept", missed: "broken"}[p.State],
	}
	if g := s.find(p); p.State == running && g != nil && g.Breached && g.DueAt == p.Due {
		c.State = "broken" // and it still runs
	}
	until := max(p.Fulfilled, p.Cut)
	if until == 0 {
		until = max(s.Woken, p.StartAt)
	}
	c.Wall = until - p.StartAt
	rules := env.policy(p.Serial).Rules()
	i := slices.IndexFunc(rules, func(r sla.Rule) bool { return r.Name == p.Rule })
	if i < 0 {
		c.Elapsed = c.Wall
		return c
	}
	rule := &rules[i]
	c.Target = rule.Targets[p.Clock]
	if rule.Calendar != nil && rule.Calendar.Name() != sla.AlwaysOpen {
		c.Calendar = rule.Calendar.Name()
	}
	var stops []sla.Pause
	for _, x := range pauses {
		name := x.State
		if name == stepKinds[kindPending] {
			name = pauseNames[kindPending]
		}
		stands := rule.PausesOn(name)
		switch p.Clock {
		case sla.PeriodicUpdate:
			stands = false
		case sla.PausableUpdate:
			stands = stands || name == pauseNames[kindPending]
		}
		if stands && x.From < until && (x.To == 0 || x.To > p.StartAt) {
			c.Pauses = append(c.Pauses, x)
			stops = append(stops, sla.Pause{From: x.From, To: x.To})
		}
	}
	c.Elapsed = sla.Elapsed(rule.Calendar, p.StartAt, until, stops)
	return c
}

// Brief is what of a conversation decides whether it counts, without its timeline.
type Brief struct {
	Customer        string
	Group           window.Group // where it is now
	Open            bool
	Spam, Deleted   bool
	Truncated       bool
	Inbound         bool  // the customer did something, as far as it is remembered
	FirstAt, LastAt int64 // of what is remembered, Unix ms; 0 when nothing is
}

// Brief tells of a conversation that was just evaluated.
func (s *State) Brief(env *Env) Brief {
	end := &s.evaluated(env).end
	b := Brief{Customer: end.Who, Group: end.Group, Open: end.isOpen(), Spam: end.Void && !end.Gone, Deleted: end.Gone, Truncated: s.Truncated, Inbound: len(end.Active) > 0}
	for i := range s.entries {
		e := &s.entries[i]
		b.Inbound = b.Inbound || e.Kind == kindInbound || e.Kind == kindQueued || e.Kind == kindSelfService || e.Kind == kindActivity || e.Kind == kindOpened && s.Channel.Voiced()
		if s.Truncated {
			b.Group.Channel = s.Channel.String()
			b.Group.Queue, b.Group.Team = cmp.Or(e.Queue, b.Group.Queue), cmp.Or(e.Team, b.Group.Team)
			b.Group.Agent, b.Group.Topic = cmp.Or(e.Agent, b.Group.Agent), cmp.Or(e.Topic, b.Group.Topic)
			b.Customer = cmp.Or(e.Customer, b.Customer)
		}
	}
	if n := len(s.entries); n > 0 {
		b.FirstAt, b.LastAt = s.entries[0].At, s.entries[n-1].At
	}
	return b
}

// StepKind names what an event does to its conversation; see [StepKinds].
func StepKind(e *event.Event) string { return stepKinds[entryOf(e, 0).Kind] }
