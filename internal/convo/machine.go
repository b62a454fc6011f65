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
	Who     string // customer
	Source  string // of the last entry
	Status  Kind   // kindOpened, kindPending, kindOnHold, kindSnoozed, kindResolved, kindClosed
	Void    bool   // spam, deleted, merged
	Gone    bool   // deleted or merged: never comes back
	Pauses  []pause

	Turn      turn
	FirstDone bool
	FirstAt   int64 // first customer message of the episode, for rules that count bot time
	Contact   contact
	Contacted bool // the contact of a text episode has its outcome
	Settled   *settled
	Handle    *Moment // end of handling that a wrap-up may still move
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
	scores    []score
	entries   []Entry // all that are played
	known     []Entry // all that are remembered, also where only the first are played
	cues      []cue   // of the episode
	reapplied []int64
	now       int64 // policy serial of the entry at hand
}

// pending is a moment whose group may still have to be looked up: the queue is often known only later.
type pending struct {
	Moment
	fixed bool
}

type groupAt struct {
	at int64
	g  window.Group
}

type score struct {
	subject uint32
	index   int // into out
}

func (r *run) emit(k MomentKind, at, value int64) *Moment {
	r.out = append(r.out, pending{Moment: Moment{Kind: k, At: at, Value: value}})
	return &r.out[len(r.out)-1].Moment
}

func (r *run) emitFor(k MomentKind, at, value int64, g window.Group) *Moment {
	r.out = append(r.out, pending{Moment: Moment{Kind: k, At: at, Value: value, Group: g}, fixed: true})
	return &r.out[len(r.out)-1].Moment
}

// step applies one entry.
func (r *run) step(e *Entry) {
	r.now = e.Serial
	r.advance(e.At)
	r.observe(e)
	if r.thread && r.Begun && (r.Status == kindResolved || r.Status == kindClosed) && (e.Kind == kindInbound || e.Kind == kindReopened) {
		r.cut(e.At)
	}
	if e.Kind != kindOther && e.Kind != kindScore && e.Kind != kindActivity {
		r.begin(e)
		r.Last = e.At
	}
	kind := e.Kind
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
		r.scored(e.Subject, e.At, e.Value, true)
	case kindActivity:
		r.active(e.At)
	}
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
		r.groups = append(r.groups, groupAt{e.At, g})
	}
	if e.Customer != "" {
		r.Who = e.Customer
	}
	if e.Priority != "" {
		r.Prio = e.Priority
	}
	r.Source = e.Source
}

func (r *run) begin(e *Entry) {
	if r.Begun {
		return
	}
	r.Begun, r.BeganAt, r.BeganID, r.Serial, r.Status = true, e.At, e.ID, e.Serial, kindOpened
	r.emit(Started, e.At, 0)
}

// advance lets time pass up to an instant: contacts go stale and episodes end on their own.
func (r *run) advance(to int64) {
	for {
		stale, cut := r.staleAt(), r.cutAt()
		switch {
		case stale != 0 && to > stale && (cut == 0 || stale <= cut):
			r.stale(stale)
		case cut != 0 && to > cut:
			r.cut(cut)
		default:
			return
		}
	}
}

// staleAt is the instant after which the open contact counts as lost and a silent call as over, 0 when there is neither.
func (r *run) staleAt() int64 {
	last, serial := r.Contact.Last, r.Contact.Serial
	if r.Contact.State == none {
		if !r.channel.Voiced() || !r.isOpen() {
			return 0
		}
		last, serial = r.Last, r.Serial
	}
	if limit := r.env.policy(serial).StaleMs(r.channel.String()); limit > 0 {
		return last + limit
	}
	return 0
}

// stale closes what has been silent for too long. A contact that was answered had its outcome; how long its handling took nobody knows.
func (r *run) stale(at int64) {
	if r.Contact.State == waiting {
		r.outcome(Lost, at, event.NotReported)
	}
	r.Contact = contact{}
	if r.channel.Voiced() {
		r.Status = kindClosed
	}
}

// cutAt is the instant after which inactivity ends the episode, 0 when it cannot.
func (r *run) cutAt() int64 {
	if !r.thread || !r.Begun {
		return 0
	}
	return r.Last + r.env.policy(r.Serial).EpisodeGapMs()
}

// cut ends the episode.
func (r *run) cut(at int64) {
	r.endTurn(at, false)
	if r.Settled == nil {
		serial := r.serial(r.Serial)
		r.endPromise(sla.Resolution, r.BeganAt, r.BeganID, serial, r.rule(serial, r.BeganAt), at, false)
	}
	if r.Contact.State == waiting {
		r.outcome(Lost, at, event.NotReported)
	}
	r.closeEpisode(at)
	r.machine = machine{Episode: r.Episode + 1, Group: window.Group{Channel: r.Group.Channel, Queue: r.Group.Queue, Team: r.Group.Team}, Prio: r.Prio, Who: r.Who, Source: r.Source,
		Last: r.Last}
	r.mark, r.pmark, r.fmark, r.scores, r.cues = len(r.out), len(r.promises), len(r.facts), nil, nil
}

// closeEpisode settles what could still have changed, or takes all of a void episode back.
func (r *run) closeEpisode(at int64) {
	r.flush()
	r.facts = append(r.facts, r.fact(false, at))
	r.void()
}

// void takes all of a void episode back.
func (r *run) void() {
	if !r.Void {
		return
	}
	r.out, r.promises, r.cues = r.out[:r.mark], r.promises[:r.pmark], nil
	for i := r.fmark; i < len(r.facts); i++ {
		r.facts[i].void = true
	}
}

// flush emits what was held back for a change.
func (r *run) flush() {
	if r.Settled != nil {
		for _, m := range r.Settled.Moments {
			r.out = append(r.out, pending{m, true})
		}
		if r.Settled.Promise != nil {
			r.promises = append(r.promises, *r.Settled.Promise)
		}
	}
	if r.Handle != nil {
		r.out = append(r.out, pending{*r.Handle, true})
	}
}

// active notes that the customer did something: the first and the last time of each local day.
func (r *run) active(at int64) {
	zone := r.env.Current.Zone()
	same := func(i int) bool { return i >= 0 && window.Day(r.Active[i], zone) == window.Day(at, zone) }
	n := len(r.Active)
	if same(n-1) && same(n-2) {
		r.Active[n-1] = max(r.Active[n-1], at)
		return
	}
	if n == maxActive {
		// Told under the next name from here on: a fact that forgot its first days would take them back.
		r.facts = append(r.facts, r.fact(false, r.Active[n-1]))
		r.Episode++
		r.Active = nil
	}
	r.Active = append(r.Active, at)
}

// maxActive bounds the activity in one fact.
const maxActive = 20

// scored counts a score where its message stands; one that was sent on its own replaces the one that came with the message. Scores of our own messages count
// nowhere.
func (r *run) scored(subject uint32, at, value int64, alone bool) {
	for _, s := range r.scores {
		if s.subject == subject {
			if alone {
				r.out[s.index].Value = value
			}
			return
		}
	}
	if alone {
		if m := r.message(subject); m != nil {
			if m.Kind != kindInbound {
				return
			}
			r.sounds(at, value)
			at = m.At
		}
	} else {
		r.sounds(at, value)
	}
	r.emit(Scored, at, value)
	r.scores = append(r.scores, score{subject, len(r.out) - 1})
}

// seen reports whether the message that a receipt is for is known from itself: then the receipt says nothing new.
func (r *run) seen(receipt *Entry) bool {
	return slices.ContainsFunc(r.known, func(o Entry) bool { return o.Subject == receipt.Subject && !o.Receipt && o.Kind.message() })
}

// message finds the message that a score is for.
func (r *run) message(subject uint32) *Entry {
	for i := range r.entries {
		if e := &r.entries[i]; e.Subject == subject && e.Kind.message() {
			return e
		}
	}
	return nil
}

func (k Kind) message() bool {
	return k == kindInbound || k == kindReply || k == kindBotReply || k == kindUnsure || k == kindNote
}

// groupOf is the routing at an instant. Before the first queue is known, the first one that becomes known counts: a call's start belongs to the queue it
// reached.
func (r *run) groupOf(at int64) window.Group {
	g := window.Group{Channel: r.channel.String()}
	for _, c := range r.groups {
		if c.at > at {
			if g.Queue != "" {
				break
			}
			if c.g.Queue != "" {
				g.Queue, g.Team = c.g.Queue, c.g.Team
				break
			}
			continue
		}
		g = c.g
	}
	return g
}
