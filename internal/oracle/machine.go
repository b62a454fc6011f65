package oracle

import "github.com/vigia-cx/vigia/internal/event"

// step is what one event does, rule 3.1; i is its place among the events that are not final.
func (l *life) step(e *taken, i int) {
	l.at, l.serial = i, e.serial
	l.pass(e.At)
	ep := &l.ep
	cuts := l.threadless && (e.kind == inbound || e.kind == reopened) && ep.begun && (ep.status == isResolved || ep.status == isClosed)
	agent := l.routing.Agent
	l.tell(e, cuts)
	if cuts {
		l.finish(e.At, e.At)
		if name := label(e.Event, event.LabelTopic); name != "" {
			l.routing.Topic = name
			l.history = append(l.history, told{e.At, l.routing})
		}
	}
	if name := label(e.Event, event.LabelTopic); name != "" {
		l.topics = append(l.topics, topic{ep.n, e.At, name})
	}
	if c := complexity(e.Event); c != 0 {
		ep.acts.tier = c
	}
	if e.kind.begins() {
		if !ep.begun {
			ep.begun, ep.begin, ep.serial, ep.status = true, e.At, e.serial, isOpen
			l.countAll(Moment{Kind: Started, At: e.At}, false)
		}
		ep.last = e.At
	}
	if s, ok := l.scores[i]; ok {
		l.sounds(e.At, s)
		l.out = append(l.out, found{Moment: Moment{Kind: Scored, At: e.At, Value: s.Polarity}, by: i, episode: ep.n, all: true})
	}
	defer l.works(e, ep.work.replies)
	defer l.hands(e, ep.charge)
	if !e.receipt() || !l.direct[e.message] {
		l.did(e, agent)
	}
	if call, ok := e.Body.(event.Call); ok {
		l.phase(e, call)
		return
	}
	if e.receipt() && l.direct[e.message] {
		return
	}
	l.writes(e)
	switch e.kind {
	case inbound:
		l.inbound(e)
	case reply:
		l.reply(e)
	case unsure:
		if t := ep.turn; t != nil && e.At-t.last >= l.book.of(l.book.clock(t.serial, e.serial)).maxReply() {
			l.reply(e)
		}
	case botReply, toBot:
		if e.kind == toBot || ep.charge != people {
			l.toBot()
		}
	case handOff, assign:
		l.assign(e)
	case selfService:
		l.selfService(e)
	case opened, reopened:
		l.reopen(e)
	case pending, onHold, snoozed:
		l.pause(e)
	case resolved, closed:
		l.resolve(e)
	case deleted, spam:
		ep.void = true
		ep.gone = ep.gone || e.kind == deleted
	case activity:
		l.buys(e)
		l.active(e.At)
	case other:
		l.survey(e)
	}
}

// inbound is rule 6.2.
func (l *life) inbound(e *taken) {
	ep := &l.ep
	l.active(e.At)
	if ep.status == isPending || ep.status == isSnoozed {
		l.endPause(e.At)
		ep.status = isOpen
	}
	if ep.status == isResolved || ep.status == isClosed {
		l.goesOn(e.At)
		ep.status = isOpen
	}
	if e.where.Bot != "" && e.where.Queue == "" && e.where.Agent == "" && ep.charge != people {
		ep.charge = bots
	}
	if ep.firstWord == 0 {
		ep.firstWord = e.At
	}
	if ep.turn == nil {
		ep.turn = &turn{at: e.At, serial: e.serial}
	}
	ep.turn.last = e.At
	if ep.charge != bots {
		l.enter(e.At, e.serial)
	}
}

// reply is rule 6.3.
func (l *life) reply(e *taken) {
	ep := &l.ep
	defer l.replies(e)
	bot := ep.charge == bots
	ep.charge = people
	l.join(e.At)
	l.utter(e.At, true)
	if !voiced(l.channel) {
		waits := ep.contact != nil && !ep.contact.handled
		if !waits && bot && ep.turn != nil && !ep.outcome {
			ep.contact = &contact{entered: ep.turn.at, serial: ep.turn.serial}
			waits = true
		}
		if waits {
			l.outcome(Answered, e.At, -1)
		}
	}
	t := ep.turn
	if t == nil {
		return
	}
	clock, kind := FirstResponse, First
	if ep.replied {
		clock, kind = NextResponse, Next
	}
	r := l.rule(l.book.clock(t.serial, e.serial), t.at)
	start := l.start(clock, r)
	l.countAll(Moment{Kind: kind, At: e.At, Value: r.elapsed(start, e.At, ep.pauses), Receipt: e.receipt()}, true)
	l.out = append(l.out, l.judge(clock, r, start, e.At)...)
	ep.replied, ep.turn = true, nil
}

// toBot is rule 6.5.
func (l *life) toBot() {
	l.ep.charge, l.ep.turn = bots, nil
	if !voiced(l.channel) {
		l.ep.contact = nil
	}
}

// assign is rule 6.6.
func (l *life) assign(e *taken) {
	w := e.where
	hand := e.kind == handOff || l.ep.charge == bots && w.Bot == "" && (w.Queue != "" || w.Team != "" || w.Agent != "")
	switch {
	case hand && l.ep.charge != people:
		l.handOver(e.At, e.serial)
	case w.Bot != "" && w.Queue == "" && w.Agent == "" && l.ep.charge != people:
		l.ep.charge = bots
	}
}

// handOver begins the turn of people anew at an event.
func (l *life) handOver(at, serial int64) {
	l.ep.charge = people
	l.ep.turn = &turn{at: at, serial: serial, last: at}
	if !voiced(l.channel) {
		l.ep.contact = nil
	}
	l.enter(at, serial)
}

// selfService is rule 17.1.
func (l *life) selfService(e *taken) {
	l.active(e.At)
	if l.ep.charge != people {
		l.ep.charge = bots
		if !voiced(l.channel) {
			l.ep.contact = nil
		}
	}
	if e.Body.(event.SelfService).Outcome == event.SelfServiceEscalated && l.ep.charge != people {
		l.handOver(e.At, e.serial)
	}
}

// reopen is what opened and reopened do, rule 7.1.
func (l *life) reopen(e *taken) {
	ep := &l.ep
	over := ep.status == isResolved || ep.status == isClosed
	if e.kind == reopened {
		l.undone()
		ep.resolution = nil
		if !ep.gone {
			ep.void = false
		}
		if ep.charge == bots && !ep.replied {
			switch {
			case ep.turn != nil:
				l.handOver(ep.turn.at, ep.turn.serial)
			case over:
				l.handOver(e.At, e.serial)
			default:
				ep.charge = nobody
			}
		}
	}
	l.endPause(e.At)
	l.goesOn(e.At)
	ep.status = isOpen
	if voiced(l.channel) {
		l.active(e.At)
	}
}

// pause is what pending, on hold and snoozed do, rule 7.1.
func (l *life) pause(e *taken) {
	ep := &l.ep
	if ep.status == isResolved || ep.status == isClosed {
		return
	}
	state := map[kind]string{pending: isPending, onHold: isOnHold, snoozed: isSnoozed}[e.kind]
	if n := len(ep.pauses); n > 0 && ep.pauses[n-1].to == forever && ep.pauses[n-1].state == state {
		ep.status = state
		return
	}
	l.endPause(e.At)
	ep.pauses = append(ep.pauses, pause{state, e.At, forever})
	ep.status = state
}

// endPause ends the pause there is.
func (l *life) endPause(at int64) {
	ep := &l.ep
	n := len(ep.pauses)
	if n == 0 || ep.pauses[n-1].to != forever {
		return
	}
	if ep.pauses[n-1].to = at; ep.pauses[n-1].from == at {
		ep.pauses = ep.pauses[:n-1]
	}
	ep.pauses = fewer(ep.pauses)
}

const maxPauses = 1000

// fewer makes one pause of the oldest two of a kind when there are too many; it ends with the second and is as long as both.
func fewer(list []pause) []pause {
	if len(list) <= maxPauses {
		return list
	}
	first := map[string]int{}
	for i, p := range list {
		j, ok := first[p.state]
		if !ok {
			first[p.state] = i
			continue
		}
		list[i].from -= list[j].to - list[j].from
		return append(list[:j:j], list[j+1:]...)
	}
	return list
}

// resolve is rule 7.2.
func (l *life) resolve(e *taken) {
	ep := &l.ep
	over := ep.status == isResolved || ep.status == isClosed
	l.endPause(e.At)
	l.owed(e.At, true)
	l.endUpdates(e.At)
	if !voiced(l.channel) && ep.contact != nil && !ep.contact.handled {
		l.outcome(FlowedOut, e.At, -1)
	}
	if !over {
		r := l.rule(l.book.clock(ep.serial, e.serial), ep.begin)
		m := Moment{Kind: Resolution, At: e.At, Value: r.elapsed(ep.begin, e.At, ep.pauses), Group: l.groupAt(e.At)}
		ep.resolution = append([]found{{Moment: m, by: l.at, episode: ep.n}}, l.judge(Resolving, r, ep.begin, e.At)...)
		l.resolvedAt(e.At, r)
	}
	ep.status = isResolved
	if e.kind == closed {
		ep.status = isClosed
	}
}
