package convo

import (
	"slices"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// machine is what the entries before a point leave behind: the residue of a conversation. It is plain data, written to the state when entries are
// forgotten.
type machine struct {
	core
	Work    work
	Update  update
	Mood    mood
	Bot     bot
	Stints  stints
	Surveys surveys // of the conversation: they outlive its episodes
	Words   words
}

// core is the part of a machine that is asked for between evaluations.
type core struct {
	Episode int64 // names the episode in facts; grows. It begins at the time of the first event, so that a conversation that was forgotten takes no old name again
	Begun   bool
	BeganAt int64
	BeganID uint64
	Serial  int64 // policy where the episode began
	Last    int64 // last entry with effect
	Group   window.Group
	Routes  []groupAt // of a residue: changes of routing since the episode began
	Bots    bool      // a bot is in charge
	People  bool      // people have taken part: bot messages no longer matter
	Prio    string
	// Complexity as told, 0 when it was not.
	Complexity uint8
	Who        string // customer
	Source     string // of the last entry
	Status     Kind   // kindOpened, kindPending, kindOnHold, kindSnoozed, kindResolved, kindClosed
	Void       bool   // spam, deleted, merged
	Gone       bool   // deleted or merged: never comes back
	Pauses     []pause

	Turn      turn
	FirstDone bool
	FirstAt   int64 // first customer message of the episode, for rules that count bot time
	Contact   contact
	Contacted bool // the contact of a text episode has its outcome
	Settled   *settled
	Handle    *handle // end of handling that a wrap-up may still move
	Wrapped   bool    // the wrap-up was reported with it
	Active    []int64 // last customer activity per local day, ascending
	Watch     watch
}

// turn is the customer's oldest message that people owe an answer to.
type turn struct {
	At     int64 // 0: nothing owed
	ID     uint64
	Serial int64
	LastAt int64 // the customer's last message of the turn
}

// contact is one queue entry, or the episode of a text conversation until its first human answer.
type contact struct {
	State  uint8 // none, waiting, handling
	At     int64 // entered the queue
	Serial int64
	Group  window.Group
	Answer int64
	Hold   int64 // finished holds, ms
	HoldAt int64 // on hold since, 0 when not
	Last   int64 // last sign of life, for the stale limit
}

const (
	none uint8 = iota
	waiting
	handling
)

// pause is an interval during which the conversation was in a state that a rule may pause on. To = 0: still.
type pause struct {
	From, To int64
	Kind     Kind
}

// settled is a resolve that a reopening can still undo.
type settled struct {
	At      int64
	Moments []Moment
	Promise *promise
}

// promise is one clock of one turn.
type promise struct {
	Clock     sla.Clock
	StartAt   int64
	StartID   uint64
	Serial    int64
	Rule      string
	Due       int64 // 0: stands in a pause without an end
	Warn      []int64
	Percent   []int
	State     promiseState
	Fulfilled int64
	Cut       int64        // ended without fulfilment
	Group     window.Group // where it is now; of a settled one: where it counts
	AtDue     window.Group // where it was when due: a miss counts there
	Source    string
}

type promiseState uint8

const (
	running promiseState = iota
	hit
	missed
)

// run is one pass of the machine over entries.
type run struct {
	machine
	env       *Env
	channel   event.Channel
	thread    bool // threadless: episodes
	out       []pending
	promises  []promise
	facts     []contactFact
	groups    []groupAt // changes of routing, ascending
	mark      int       // first moment of the episode
	pmark     int       // first promise of the episode
	fmark     int       // first fact of the episode
	shifts    []shift   // what is told of agents
	smark     int       // first of the episode
	scores    []sound   // of the episode
	heardOf   int       // of these, from the residue
	mentions  []mention // what scores are for and from
	entries   []Entry   // all that are known, also where only the first are played
	cues      []cue     // of the episode
	wrapped   []int64   // ends of handlings that a wrap-up moved
	reapplied []int64
	now       int64 // policy serial of the entry at hand
}

// pending is a moment whose group may still have to be looked up: the queue is often known only later.
type pending struct {
	Moment
	fixed bool // its routing is known; what it is about may not be
	final bool // nothing is looked up any more
}

type groupAt struct {
	at  int64
	g   window.Group
	cut bool // an episode ended here: topics told later are not of what was before
}

func (r *run) emit(k MomentKind, at, value int64) *Moment {
	r.out = append(r.out, pending{Moment: Moment{Kind: k, At: at, Value: value}})
	return &r.out[len(r.out)-1].Moment
}

func (r *run) emitFor(k MomentKind, at, value int64, g window.Group) *Moment {
	r.out = append(r.out, pending{Moment: Moment{Kind: k, At: at, Value: value, Group: g}, fixed: true})
	return &r.out[len(r.out)-1].Moment
}

// emitFinal emits a moment whose entry is forgotten, in the group where it was counted.
func (r *run) emitFinal(k MomentKind, at, value int64, g window.Group) *Moment {
	r.out = append(r.out, pending{Moment: Moment{Kind: k, At: at, Value: value, Group: g}, final: true})
	return &r.out[len(r.out)-1].Moment
}

// step applies one entry.
func (r *run) step(e *Entry) {
	r.now = e.Serial
	r.advance(e.At)
	agent := r.Group.Agent
	r.observe(e)
	if r.thread && r.Begun && (r.Status == kindResolved || r.Status == kindClosed) && (e.Kind == kindInbound || e.Kind == kindReopened) {
		r.cut(e.At, e.At)
	}
	r.label(e)
	if e.Kind.lives() {
		r.begin(e)
		r.Last = e.At
	}
	r.moves(e, agent)
	kind, replies := e.Kind, r.Work.Replies
	if e.Receipt && (e.Known || r.seen(e)) {
		kind = kindNote
	}
	switch kind {
	case kindInbound:
		r.inbound(e)
	case kindReply:
		r.reply(e)
	case kindBotReply:
		r.botReply(e)
	case kindUnsure:
		r.unsure(e)
	case kindAssign, kindHandoff, kindToBot:
		r.assigned(e)
	case kindQueued, kindOffered, kindAnswered, kindHold, kindUnhold, kindTransferred, kindAbandoned, kindVoicemail, kindCallback, kindFlowOut, kindEnded, kindWrapUp:
		r.call(e)
	case kindOpened, kindPending, kindOnHold, kindSnoozed, kindReopened, kindResolved, kindClosed, kindDeleted, kindSpam:
		r.status(e)
	case kindScore:
		r.scored(e)
	case kindActivity:
		r.active(e.At)
	case kindPurchase:
		r.active(e.At)
		r.bought(e)
	case kindPrompt, kindReached, kindRating:
		r.surveyed(e)
	case kindSelfService:
		r.selfServed(e)
	}
	if r.env.Current.Agents() {
		r.toil(e, r.Work.Replies > replies)
	}
}

// lives reports whether the entry is a sign of life of the conversation: it begins one and keeps it from falling silent. What only says something about what was
// before does not.
func (k Kind) lives() bool {
	switch k {
	case kindOther, kindScore, kindActivity, kindPurchase, kindPrompt, kindReached, kindRating:
		return false
	}
	return true
}

// observe takes over what every entry may tell: routing, customer, source.
func (r *run) observe(e *Entry) {
	g := r.Group
	g.Channel = r.channel.String()
	if e.Queue != "" {
		g.Queue = e.Queue
	}
	if e.Team != "" {
		g.Team = e.Team
	}
	if e.Agent != "" {
		g.Agent = e.Agent
	}
	if g != r.Group || len(r.groups) == 0 {
		r.Group = g
		r.groups = append(r.groups, groupAt{at: e.At, g: g})
	}
	if e.Customer != "" {
		r.Who = e.Customer
	}
	if e.Priority != "" {
		r.Prio = e.Priority
	}
	r.Source = e.Source
}

// label takes over what the entry is said to be about. An entry that ends an episode says so of the one that it begins.
func (r *run) label(e *Entry) {
	if e.Complexity != 0 {
		r.Complexity = e.Complexity
	}
	if e.Topic == "" || e.Topic == r.Group.Topic {
		return
	}
	last := &r.groups[len(r.groups)-1]
	same := last.at == e.At && last.g == r.Group
	r.Group.Topic = e.Topic
	if same {
		last.g = r.Group
		return
	}
	r.groups = append(r.groups, groupAt{at: e.At, g: r.Group})
}

// seen reports whether the message that a receipt is for is known from itself: then the receipt says nothing new.
func (r *run) seen(receipt *Entry) bool {
	return slices.ContainsFunc(r.entries, func(o Entry) bool { return o.Subject == receipt.Subject && !o.Receipt && o.Kind.message() })
}

func (k Kind) message() bool {
	return k == kindInbound || k == kindReply || k == kindBotReply || k == kindUnsure || k == kindNote
}

// groupOf is the routing at an instant. Before the first queue is known, the first one that becomes known counts: a call's start belongs to the queue it
// reached. The same holds for the topic, within the episode, where the last one of that instant is meant.
func (r *run) groupOf(at int64) window.Group {
	g := window.Group{Channel: r.channel.String()}
	past, from := false, int64(0)
	for _, c := range r.groups {
		if c.at <= at {
			g = c.g
			continue
		}
		if g.Queue == "" && c.g.Queue != "" {
			g.Queue, g.Team = c.g.Queue, c.g.Team
		}
		past = past || c.cut
		if c.g.Topic != "" && !past && (g.Topic == "" || c.at == from) {
			g.Topic, from = c.g.Topic, c.at
		}
		if g.Queue != "" && (past || g.Topic != "" && c.at > from) {
			break
		}
	}
	return g
}
