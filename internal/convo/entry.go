package convo

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/event"
)

// Kind is what an entry does to a conversation.
type Kind uint8

// The kinds of entries.
const (
	kindOther       Kind = iota // remembered against repeats only
	kindOpened                  // opened, or any first sign of life without effect on a clock
	kindInbound                 // the customer wrote
	kindReply                   // a human of ours wrote to the customer
	kindBotReply                // a bot wrote to the customer
	kindNote                    // internal note, automatic reply, campaign: no clock
	kindAssign                  // routing changed
	kindHandoff                 // a bot handed over to people
	kindToBot                   // people handed over to a bot
	kindQueued                  // the call entered a queue
	kindOffered                 // it rang
	kindAnswered                // an agent answered
	kindHold                    // put on hold
	kindUnhold                  // taken off hold
	kindTransferred             // handling ended by a transfer
	kindAbandoned               // the customer left
	kindVoicemail               // to voicemail
	kindCallback                // to a call back
	kindFlowOut                 // taken out of the queue
	kindEnded                   // hung up
	kindWrapUp                  // after-call work ended
	kindPending                 // waiting for the customer
	kindOnHold                  // waiting for a third party
	kindSnoozed                 // snoozed
	kindReopened                // opened again
	kindResolved                // resolved
	kindClosed                  // closed for good
	kindDeleted                 // deleted or merged: taken back for good
	kindSpam                    // spam: taken back until reopened
	kindScore                   // a sentiment score on its own
	kindActivity                // the customer did something outside conversations
	kindUnsure                  // our side wrote to the customer, whether a person or a bot is not told
	kindPrompt                  // a survey was sent or shown
	kindReached                 // a message reached the customer, or was seen
	kindRating                  // a survey was answered
	kindSelfService             // a step in self-service
	kindPurchase                // the customer bought something, or gave it back
)

// rank orders entries of one instant: causes before effects.
var rank = [...]uint8{
	kindOther: 13, kindOpened: 0, kindInbound: 1, kindAssign: 2, kindHandoff: 2, kindToBot: 2, kindQueued: 3, kindOffered: 4, kindAnswered: 5,
	kindReply: 6, kindBotReply: 6, kindUnsure: 6, kindNote: 6, kindHold: 7, kindUnhold: 7, kindPending: 7, kindOnHold: 7, kindSnoozed: 7,
	kindTransferred: 8, kindAbandoned: 8, kindVoicemail: 8, kindCallback: 8, kindFlowOut: 8, kindEnded: 9, kindWrapUp: 10,
	kindReopened: 0, kindResolved: 11, kindClosed: 11, kindDeleted: 12, kindSpam: 12, kindScore: 13, kindActivity: 1,
	kindPrompt: 12, kindReached: 13, kindRating: 13, kindSelfService: 1, kindPurchase: 1,
}

// Entry is what is kept of one event within the horizon.
type Entry struct {
	At     int64
	ID     uint64 // hash of the event id
	Hint   string
	Kind   Kind
	Serial int64 // policy in force where the event stands in the log

	*scene
	Complexity uint8 // label: 1 simple, 2 medium, 3 complex; 0 not told

	Subject uint32 // hash of the message id: the message itself, or the one a score is for
	Scored  bool
	Receipt bool
	Known   bool  // of a receipt: its message was known and is forgotten by now
	Value   int64 // wait reported (-1: none), or score in millionths
	Tone    *event.Tone
	Survey  *surveyStep
	Sale    *sale
	Seen    bool                     // of a survey: it was shown; of a receipt: it was read; of a customer's message: its score was told before it
	Outcome event.SelfServiceOutcome // of a step in self-service
	Moves   bool                     // of an assignment: it is said to be a transfer
	Talk    int64                    // talk + hold reported (-1: none)
	Hold    int64                    // hold reported, part of Talk (-1: none)
	Wrap    int64                    // wrap-up reported (-1: none)
}

// scene is what an entry tells beside what happened. Neighbours mostly tell the same, and share it.
type scene struct {
	Queue, Team, Agent, Bot string
	Topic                   string // label
	Customer                string
	Priority                string
	Source                  string // connector, or connector/account
}

// compare orders entries: time, rank, the source's own order, id. Hints of different sources say nothing about each other, so entries that carry one are ordered
// by source first: comparing some pairs by hint and others by id alone would be no order at all, and the result would depend on who came first.
func (e *Entry) compare(o *Entry) int {
	if c := cmp.Compare(e.At, o.At); c != 0 {
		return c
	}
	if c := cmp.Compare(rank[e.Kind], rank[o.Kind]); c != 0 {
		return c
	}
	switch {
	case e.Hint == "" && o.Hint == "":
		return cmp.Compare(e.ID, o.ID)
	case e.Hint == "":
		return -1
	case o.Hint == "":
		return 1
	}
	return cmp.Or(strings.Compare(e.Source, o.Source), cmp.Compare(len(e.Hint), len(o.Hint)), strings.Compare(e.Hint, o.Hint), cmp.Compare(e.ID, o.ID))
}

// CompareEvents orders events as a fold orders their entries; replay tools ship in this order.
func CompareEvents(a, b *event.Event) int {
	x, y := entryOf(a, 0), entryOf(b, 0)
	return x.compare(&y)
}

// entryOf reduces an event to what its conversation needs to keep.
func entryOf(e *event.Event, serial int64) Entry {
	n := Entry{
		At: e.At, ID: hash64(e.ID), Hint: e.OrderHint, Serial: serial, Value: event.NotReported, Talk: event.NotReported, Wrap: event.NotReported, Hold: event.NotReported,
		scene: &scene{
			Queue: e.Routing.Queue, Team: e.Routing.Team, Agent: e.Routing.Agent, Bot: e.Routing.Bot, Customer: e.Customer, Source: sourceOf(e.Source),
		},
	}
	touchpoint := ""
	for _, l := range e.Labels {
		switch l.Key {
		case event.LabelTopic:
			n.Topic = l.Value
		case event.LabelComplexity:
			n.Complexity = uint8(1 + slices.Index(event.Complexities, l.Value))
		case event.LabelTouchpoint:
			touchpoint = l.Value
		}
	}
	switch b := e.Body.(type) {
	case event.Message:
		n.Subject, n.Receipt = uint32(hash64(b.ID)), b.Receipt
		n.Kind = messageKind(e, b)
		if b.Sentiment != nil && n.Kind == kindInbound {
			n.Scored, n.Value, n.Tone = true, b.Sentiment.Polarity, b.Sentiment.Tone
		}
		if n.Kind == kindReply && n.Agent == "" && e.Actor == event.ByAgent {
			n.Agent = e.ActorID
		}
	case event.ConversationState:
		n.Kind, n.Priority = statusKinds[b.State], b.Priority
	case event.Assignment:
		n.Kind = kindAssign
		switch b.Cause {
		case event.CauseBotToHuman:
			n.Kind = kindHandoff
		case event.CauseHumanToBot:
			n.Kind = kindToBot
		case event.CauseTransfer, event.CauseEscalation:
			n.Moves = true
		}
		if n.Queue == "" && n.Team == "" && n.Agent == "" && n.Bot == "" {
			n.Queue, n.Team, n.Agent, n.Bot = b.To.Queue, b.To.Team, b.To.Agent, b.To.Bot
		}
	case event.Call:
		n.Kind, n.Value = phaseKinds[b.Phase], b.Wait
		n.Wrap = b.Wrap
		n.Hold = b.Hold
		if b.Talk >= 0 {
			n.Talk = b.Talk + max(b.Hold, 0)
		}
		if n.Kind == kindAnswered && n.Agent == "" && e.Actor == event.ByAgent {
			n.Agent = e.ActorID
		}
	case event.Sentiment:
		n.Kind, n.Subject, n.Value, n.Tone = kindScore, uint32(hash64(b.Subject)), b.Polarity, b.Tone
	case event.MessageState:
		switch b.State {
		case event.MessageDelivered, event.MessageRead, event.MessagePlayed:
			n.Kind, n.Subject, n.Seen = kindReached, uint32(hash64(b.MessageID)), b.State != event.MessageDelivered
		}
	case event.SurveyRequested:
		n.Kind, n.Subject, n.Seen = kindPrompt, requestOf(b.Request), b.Displayed
		n.Survey = &surveyStep{Survey: b.Survey, Instrument: b.Instrument}
	case event.SurveyAnswered:
		n.Kind, n.Subject, n.Value = kindRating, requestOf(b.Request), b.Score
		n.Survey = &surveyStep{Survey: b.Survey, Instrument: b.Instrument, Key: hash64(b.Response + "\x1f" + b.Question), Min: b.ScaleMin, Max: b.ScaleMax, Revision: b.Revision}
	case event.SelfService:
		n.Kind, n.Outcome = kindSelfService, b.Outcome
	case event.Purchase:
		n.Kind, n.Sale = kindPurchase, saleOf(b)
	case event.Engagement:
		n.Kind = kindActivity
	}
	if n.Survey != nil {
		n.Survey.Touchpoint = touchpoint
	}
	return n
}

func messageKind(e *event.Event, b event.Message) Kind {
	switch {
	case b.Internal:
		return kindNote
	case b.Automated:
		return kindNote // whoever sent it: an automatic reply neither stops a human clock nor puts a bot in charge
	case b.Direction == event.Inbound:
		if b.ContentType == "reaction" || e.Actor != event.ByCustomer {
			return kindNote
		}
		return kindInbound
	case e.Actor == event.ByBot:
		return kindBotReply
	case e.Actor == event.BySystem || e.Actor == event.ByCustomer:
		return kindNote
	case e.Actor == event.ByBusiness:
		return kindUnsure
	}
	return kindReply
}

var statusKinds = [...]Kind{
	event.StatusUnknown: kindOther, event.StatusOpened: kindOpened, event.StatusPendingCustomer: kindPending, event.StatusOnHold: kindOnHold,
	event.StatusSnoozed: kindSnoozed, event.StatusResolved: kindResolved, event.StatusClosed: kindClosed, event.StatusReopened: kindReopened,
	event.StatusDeleted: kindDeleted, event.StatusMerged: kindDeleted, event.StatusSpam: kindSpam,
}

var phaseKinds = [...]Kind{
	event.PhaseUnknown: kindOther, event.PhaseStarted: kindOpened, event.PhaseQueued: kindQueued, event.PhaseOffered: kindOffered, event.PhaseOfferFailed: kindOther,
	event.PhaseAnswered: kindAnswered, event.PhaseHoldStarted: kindHold, event.PhaseHoldEnded: kindUnhold, event.PhaseTransferred: kindTransferred,
	event.PhaseEnded: kindEnded, event.PhaseAbandoned: kindAbandoned, event.PhaseVoicemail: kindVoicemail, event.PhaseCallback: kindCallback,
	event.PhaseWrapUpEnded: kindWrapUp, event.PhaseFlowOut: kindFlowOut,
}

// Begins reports whether an event can be the first of a conversation. A conversation that shows itself with another one is seen from the middle on.
func Begins(e *event.Event) bool {
	switch e.Body.(type) {
	case event.MessageState, event.SurveyRequested, event.SurveyAnswered:
		return false // of something that went before
	}
	switch entryOf(e, 0).Kind {
	case kindOpened, kindInbound, kindQueued, kindBotReply, kindNote, kindActivity, kindPurchase, kindOther, kindSelfService:
		return true
	}
	return false
}

// share takes what it tells over from an entry just before it that tells the same, or at least equal texts from the one before, so that a conversation keeps one copy of
// them. A customer and an agent who write in turns tell two things in turns.
func (e *Entry) share(before []Entry) {
	for i := len(before) - 1; i >= max(0, len(before)-3); i-- {
		if *before[i].scene == *e.scene {
			e.scene = before[i].scene
			return
		}
	}
	if len(before) == 0 {
		return
	}
	o := before[len(before)-1].scene
	for _, p := range [...]struct{ mine, other *string }{
		{&e.Queue, &o.Queue}, {&e.Team, &o.Team}, {&e.Agent, &o.Agent}, {&e.Topic, &o.Topic}, {&e.Customer, &o.Customer}, {&e.Source, &o.Source},
	} {
		if *p.mine == *p.other {
			*p.mine = *p.other
		}
	}
}

func sourceOf(s event.Source) string {
	if s.Account == "" {
		return s.Connector
	}
	return s.Connector + "/" + s.Account
}

// connector cuts the account off a source.
func connector(source string) string {
	c, _, _ := strings.Cut(source, "/")
	return c
}

// requestOf names the request of a survey by hash, 0 when it has no id.
func requestOf(id string) uint32 {
	if id == "" {
		return 0
	}
	return uint32(hash64(id))
}

// hash64 is FNV-1a. Within one conversation's horizon two ids collide with probability below 1e-12.
func hash64(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
