package oracle

import (
	"bytes"
	"cmp"

	"github.com/vigia-cx/vigia/internal/event"
)

// kind is what an event is, rule 3.
type kind uint8

const (
	other kind = iota
	opened
	reopened
	inbound
	activity
	selfService
	assign
	handOff
	toBot
	queued
	offered
	answered
	reply
	botReply
	unsure
	note
	hold
	unhold
	pending
	onHold
	snoozed
	transferred
	abandoned
	voicemail
	callback
	flowOut
	ended
	wrapUp
	resolved
	closed
	deleted
	spam
	score
)

// ranks of rule 2.2.
var ranks = map[kind]int{
	opened: 0, reopened: 0, inbound: 1, activity: 1, selfService: 1, assign: 2, handOff: 2, toBot: 2, queued: 3, offered: 4, answered: 5,
	reply: 6, botReply: 6, unsure: 6, note: 6, hold: 7, unhold: 7, pending: 7, onHold: 7, snoozed: 7,
	transferred: 8, abandoned: 8, voicemail: 8, callback: 8, flowOut: 8, ended: 9, wrapUp: 10, resolved: 11, closed: 11, deleted: 12, spam: 12, score: 13, other: 13,
}

var stateKinds = map[event.ConversationStatus]kind{
	event.StatusOpened: opened, event.StatusReopened: reopened, event.StatusResolved: resolved, event.StatusClosed: closed, event.StatusSpam: spam,
	event.StatusPendingCustomer: pending, event.StatusOnHold: onHold, event.StatusSnoozed: snoozed, event.StatusDeleted: deleted, event.StatusMerged: deleted,
}

var callKinds = map[event.CallPhase]kind{
	event.PhaseStarted: opened, event.PhaseOfferFailed: other, event.PhaseQueued: queued, event.PhaseOffered: offered, event.PhaseTransferred: transferred,
	event.PhaseEnded: ended, event.PhaseAbandoned: abandoned, event.PhaseVoicemail: voicemail, event.PhaseFlowOut: flowOut, event.PhaseHoldStarted: hold,
	event.PhaseHoldEnded: unhold, event.PhaseCallback: callback, event.PhaseWrapUpEnded: wrapUp, event.PhaseAnswered: answered,
}

// taken is an event as it was taken from the log.
type taken struct {
	*event.Event
	offset  int64
	serial  int64 // of the policy in force where it stands
	kind    kind
	rank    int
	hash    uint64           // of its id
	message uint32           // of the message's id, or of what a score is for
	where   event.Routing    // what it says of its routing
	inert   bool             // what it says of a message's score has no effect any more
	given   *event.Sentiment // a score that is the message's own by now
	spent   bool             // it is of a request or an answer that is forgotten
}

// classify is rule 3.
func classify(e *event.Event) (kind, event.Routing) {
	where := e.Routing
	switch b := e.Body.(type) {
	case event.Message:
		switch {
		case b.Internal || b.Automated:
			return note, where
		case b.Direction == event.Inbound && (b.ContentType == "reaction" || e.Actor != event.ByCustomer):
			return note, where
		case b.Direction == event.Inbound:
			return inbound, where
		case e.Actor == event.ByBot:
			return botReply, where
		case e.Actor == event.BySystem || e.Actor == event.ByCustomer:
			return note, where
		case e.Actor == event.ByBusiness:
			return unsure, where
		}
		if where.Agent == "" {
			where.Agent = e.ActorID
		}
		return reply, where
	case event.ConversationState:
		return stateKinds[b.State], where
	case event.Assignment:
		if where.Queue == "" && where.Team == "" && where.Agent == "" && where.Bot == "" {
			where = b.To
		}
		switch b.Cause {
		case event.CauseBotToHuman:
			return handOff, where
		case event.CauseHumanToBot:
			return toBot, where
		}
		return assign, where
	case event.Call:
		if b.Phase == event.PhaseAnswered && where.Agent == "" && e.Actor == event.ByAgent {
			where.Agent = e.ActorID
		}
		return callKinds[b.Phase], where
	case event.Sentiment:
		return score, where
	case event.Purchase, event.Engagement:
		return activity, where
	case event.SelfService:
		return selfService, where
	}
	return other, where
}

// take makes what the rules need of an event.
func take(e *event.Event, offset, serial int64) *taken {
	t := &taken{Event: e, offset: offset, serial: serial, hash: fnv(e.ID)}
	t.kind, t.where = classify(e)
	t.rank = ranks[t.kind]
	switch b := e.Body.(type) {
	case event.Message:
		t.message = uint32(fnv(b.ID))
	case event.Sentiment:
		t.message = uint32(fnv(b.Subject))
	case event.SurveyRequested:
		t.rank = ranks[deleted]
	}
	return t
}

// fnv is the hash of rule 2.3.
func fnv(id string) uint64 {
	h := uint64(14695981039346656037)
	for i := 0; i < len(id); i++ {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	return h
}

// before is the order of rule 2.1.
func before(a, b *taken) int {
	if c := cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.rank, b.rank)); c != 0 {
		return c
	}
	switch {
	case a.OrderHint == "" && b.OrderHint == "":
	case a.OrderHint == "":
		return -1
	case b.OrderHint == "":
		return 1
	default:
		c := cmp.Or(bytes.Compare([]byte(source(a)), []byte(source(b))), cmp.Compare(len(a.OrderHint), len(b.OrderHint)),
			bytes.Compare([]byte(a.OrderHint), []byte(b.OrderHint)))
		if c != 0 {
			return c
		}
	}
	return cmp.Compare(a.hash, b.hash)
}

func source(t *taken) string {
	if t.Source.Account == "" {
		return t.Source.Connector
	}
	return t.Source.Connector + "/" + t.Source.Account
}

// begins says whether the kind begins an episode and counts as its latest event, rule 5.2.
func (k kind) begins() bool { return k != other && k != score && k != activity }

// isMessage says whether the event is any of rule 3.2.
func (t *taken) isMessage() bool {
	_, ok := t.Body.(event.Message)
	return ok
}

// receipt says whether the message was built from a receipt.
func (t *taken) receipt() bool {
	m, ok := t.Body.(event.Message)
	return ok && m.Receipt
}

// voiced says whether a channel is one of calls.
func voiced(c event.Channel) bool { return c == event.Voice || c == event.Video }
