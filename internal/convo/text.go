package convo

import (
	"slices"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// inbound: the customer wrote.
func (r *run) inbound(e *Entry) {
	r.active(e.At)
	r.heard(e.At)
	r.scored(e)
	if r.Status == kindPending || r.Status == kindSnoozed {
		r.unpause(e.At)
		r.Status = kindOpened
	}
	// A message after a resolve opens the conversation again, but the resolve stands unless it is undone in words: most say thank you.
	if r.Status == kindResolved || r.Status == kindClosed {
		r.resume(e.At)
		r.Status = kindOpened
	}
	if e.Bot != "" && e.Queue == "" && e.Agent == "" && !r.People {
		r.Bots = true
	}
	if r.FirstAt == 0 {
		r.FirstAt = e.At
	}
	if r.Turn.At == 0 {
		r.Turn = turn{At: e.At, ID: e.ID, Serial: e.Serial, LastAt: e.At}
	}
	r.Turn.LastAt = e.At
	if !r.Bots {
		r.enter(e)
	}
}

// enter begins the contact of a text episode: the customer now waits for people.
func (r *run) enter(e *Entry) {
	if r.channel.Voiced() || r.Contacted {
		return
	}
	if r.Contact.State == none {
		r.Contact = contact{State: waiting, At: e.At, Serial: e.Serial}
	}
	r.Contact.Last = e.At
}

// reply: a human of ours wrote to the customer.
func (r *run) reply(e *Entry) {
	r.wrote(e.At)
	r.spoke(e.At)
	r.Work.Replies++
	r.took(e.At)
	wasBot := r.Bots
	r.Watch.Loop, r.Watch.BotSpoke = 0, false
	r.takeOver(e.At)
	if r.Contact.State == waiting && !r.channel.Voiced() {
		r.outcome(Answered, e.At, event.NotReported)
		r.Contact = contact{}
	} else if wasBot && r.Turn.At != 0 && !r.Contacted && !r.channel.Voiced() {
		// A human cut in while the customer was talking to the bot.
		r.Contact = contact{State: waiting, At: r.Turn.At, Serial: r.Turn.Serial}
		r.outcome(Answered, e.At, event.NotReported)
		r.Contact = contact{}
	}
	if r.Turn.At != 0 {
		kind, clock := FirstResponse, sla.FirstResponse
		if r.FirstDone {
			kind, clock = NextResponse, sla.NextResponse
		}
		r.respond(kind, clock, e)
		r.Turn, r.FirstDone = turn{}, true
	}
	r.updated(e)
}

func (r *run) respond(kind MomentKind, clock sla.Clock, e *Entry) {
	serial := r.serial(r.Turn.Serial)
	rule := r.rule(serial, r.Turn.At)
	start := r.turnStart(clock, rule)
	m := r.emit(kind, e.At, elapsed(rule, start, e.At, r.Pauses))
	m.Receipt = e.Receipt
	r.fulfil(clock, start, r.Turn.ID, serial, rule, e.At)
}

// turnStart is where a response clock begins under a rule.
func (r *run) turnStart(clock sla.Clock, rule *sla.Rule) int64 {
	switch {
	case rule == nil:
	case clock == sla.NextResponse && rule.NextFromLast:
		return r.Turn.LastAt
	case clock == sla.FirstResponse && rule.BotTime && r.FirstAt != 0:
		return r.FirstAt
	}
	return r.Turn.At
}

// botReply: a bot wrote to the customer. Before people take part it is in charge, and what it answered is not owed by people.
func (r *run) botReply(e *Entry) {
	r.wrote(e.At)
	r.acted(e.At)
	if r.People {
		return
	}
	r.Watch.BotSpoke = true
	r.toBots()
}

// unsure: our side wrote, and who is not told. Faster than a person can write it was not one; then it stops no clock.
func (r *run) unsure(e *Entry) {
	if r.Turn.At == 0 || e.At-r.Turn.LastAt < r.env.policy(r.serial(r.Turn.Serial)).BotReplyMs() {
		r.wrote(e.At)
		return
	}
	r.reply(e)
}

// toBots puts a bot in charge: people owe nothing, and nobody waits for them, until it hands over.
func (r *run) toBots() {
	r.Bots, r.People, r.Turn = true, false, turn{}
	if !r.channel.Voiced() {
		r.Contact = contact{}
	}
}

// assigned: routing changed, perhaps between bot and people.
func (r *run) assigned(e *Entry) {
	if e.Kind == kindToBot {
		r.acted(e.At)
		r.toBots()
		return
	}
	toPeople := e.Kind == kindHandoff || r.Bots && e.Bot == "" && (e.Queue != "" || e.Agent != "" || e.Team != "")
	if toPeople && !r.People {
		// Told in words it is a hand-off even where the bot's own messages are not told.
		r.toPeople(e)
	} else if e.Bot != "" && e.Queue == "" && e.Agent == "" && !r.People {
		r.Bots = true
	}
}

// toPeople makes the customer wait for people from here on.
func (r *run) toPeople(e *Entry) {
	r.Watch.Loop, r.Watch.BotSpoke = 0, false
	r.takeOver(e.At)
	r.Turn = turn{At: e.At, ID: e.ID, Serial: e.Serial, LastAt: e.At}
	if !r.channel.Voiced() {
		r.Contact = contact{}
	}
	r.enter(e)
}

// status: the conversation changed its state.
func (r *run) status(e *Entry) {
	switch e.Kind {
	case kindOpened, kindReopened:
		if e.Kind == kindReopened {
			r.undo()
			r.Settled = nil
			r.Void = r.Gone
			if r.Bots && !r.FirstDone {
				r.reclaim(e)
			}
		}
		r.unpause(e.At)
		r.resume(e.At)
		r.Status = kindOpened
		if r.channel.Voiced() {
			r.active(e.At)
		}
	case kindPending, kindOnHold, kindSnoozed:
		if r.Status == kindResolved || r.Status == kindClosed {
			return
		}
		r.unpause(e.At)
		r.pause(e)
		r.Status = e.Kind
	case kindResolved, kindClosed:
		r.resolve(e)
	case kindSpam:
		r.Void = true
	case kindDeleted:
		r.Void, r.Gone = true, true
	}
}

// reclaim: reopened after a bot-only close, people owe the answer: from here on, or from what the customer wrote since.
func (r *run) reclaim(e *Entry) {
	since := *e
	switch {
	case r.Turn.At != 0:
		since.At, since.ID, since.Serial = r.Turn.At, r.Turn.ID, r.Turn.Serial
	case r.Status != kindResolved && r.Status != kindClosed:
		r.Bots = false
		return
	}
	r.takeOver(e.At)
	r.toPeople(&since)
}

// resolve stops every clock.
func (r *run) resolve(e *Entry) {
	r.Watch = watch{}
	r.unpause(e.At)
	r.endTurn(e.At, true)
	r.endUpdate(e.At)
	if r.Contact.State == waiting && !r.channel.Voiced() {
		r.outcome(FlowOut, e.At, event.NotReported)
		r.Contact = contact{}
	}
	if r.Status != kindResolved && r.Status != kindClosed {
		serial := r.serial(r.Serial)
		rule := r.rule(serial, r.BeganAt)
		s := &settled{At: e.At, Moments: make([]Moment, 0, 7)} // those below
		s.Moments = append(s.Moments, Moment{Kind: Resolution, At: e.At, Value: elapsed(rule, r.BeganAt, e.At, r.Pauses), Group: r.groupOf(e.At)})
		if p, ok := r.promise(sla.Resolution, r.BeganAt, r.BeganID, serial, rule); ok {
			m := r.judge(&p, e.At)
			s.Promise = &p
			s.Moments = append(s.Moments, m)
		}
		s.Moments = r.resolved(s.Moments, rule, e.At)
		r.Settled = s
	}
	r.Status = e.Kind
}

// maxPauses bounds what is kept of a conversation that is put aside again and again. Beyond, the oldest two pauses of a kind become one of their length.
const maxPauses = 1000

func (r *run) pause(e *Entry) { r.putAside(pause{From: e.At, Kind: e.Kind}) }

func (r *run) putAside(p pause) {
	ps := r.Pauses
	for i := 0; i < len(ps) && len(ps) >= maxPauses; i++ {
		j := slices.IndexFunc(ps[i+1:], func(p pause) bool { return p.Kind == ps[i].Kind })
		if j >= 0 {
			ps[i+1+j].From -= ps[i].To - ps[i].From
			ps = slices.Delete(ps, i, i+1)
		}
	}
	r.Pauses = append(ps, p)
}

func (r *run) unpause(at int64) {
	if n := len(r.Pauses); n > 0 && r.Pauses[n-1].To == 0 {
		r.Pauses[n-1].To = max(at, r.Pauses[n-1].From)
		if r.Pauses[n-1].To == r.Pauses[n-1].From {
			r.Pauses = r.Pauses[:n-1]
		}
	}
}

// outcome ends the contact with its one outcome.
func (r *run) outcome(k MomentKind, at, wait int64) {
	c := r.Contact
	r.Contacted = true
	if wait < 0 {
		wait = max(0, at-c.At)
	}
	g := r.groupOf(at)
	if r.channel.Voiced() {
		g = c.Group
		if k == Answered {
			g.Agent = r.Group.Agent
		}
	}
	m := r.emitFor(k, at, wait, g)
	q := r.env.policy(c.Serial).Queue(g.Queue)
	switch {
	case k == Abandoned && wait <= q.ShortAbandonMs:
		m.Band = Short
	case wait <= q.TargetMs:
		m.Band = InTarget
	default:
		m.Band = Late
	}
	r.Work.AbandonedAt = 0
	if k == Abandoned && m.Band != Short {
		r.Work.AbandonedAt = at
	}
}

// queueGroup is the routing a queue entry counts for: its agent is known at the answer.
func (r *run) queueGroup(e *Entry) window.Group {
	g := r.Group
	if e.Agent == "" {
		g.Agent = ""
	}
	return g
}
