package oracle

import "github.com/vigia-cx/vigia/internal/event"

// enter is rule 9.2.
func (l *life) enter(at, serial int64) {
	ep := &l.ep
	if voiced(l.channel) || ep.outcome {
		return
	}
	if ep.contact == nil {
		ep.contact = &contact{entered: at, serial: serial}
	}
	ep.contact.life = at
}

var outcomes = map[kind]Kind{abandoned: Abandoned, voicemail: Voicemail, callback: Callback, flowOut: FlowedOut}

// outcome is rule 9.9: the contact that waits has one. wait is that reported, -1 when there is none. The contact is none afterwards.
func (l *life) outcome(k Kind, t, wait int64) {
	c := l.ep.contact
	if wait < 0 {
		wait = max(0, t-c.entered)
	}
	m := Moment{Kind: k, At: t, Value: wait}
	if voiced(l.channel) {
		m.Group = l.ownGroup(c)
		if k == Answered {
			m.Group.Agent = l.routing.Agent
		}
	} else {
		m.Group = l.groupAt(t)
	}
	m.Band = l.book.of(c.serial).band(k, wait, m.Group.Queue)
	l.count(m)
	l.ep.outcome, l.ep.contact = true, nil
	l.ep.acts.abandoned = 0
	if k == Abandoned && m.Band != Short {
		l.ep.acts.abandoned = t
	}
}

func (l *life) ownGroup(c *contact) Group {
	g := c.own
	g.Channel = l.channel.String()
	return g
}

// phase is what an event of a call does, rules 9.3 to 9.8; started is an opened.
func (l *life) phase(e *taken, b event.Call) {
	ep := &l.ep
	if e.kind != opened && e.kind != other && ep.contact != nil {
		ep.contact.life = e.At
	}
	if voiced(l.channel) && ep.status == isClosed && (e.kind == queued || e.kind == offered || e.kind == answered) {
		l.goesOn(e.At)
		ep.status = isOpen
	}
	waits := ep.contact != nil && !ep.contact.handled
	handled := ep.contact != nil && ep.contact.handled
	switch e.kind {
	case opened:
		l.reopen(e)
	case queued:
		l.queue(e)
	case answered:
		if handled {
			return
		}
		if ep.contact == nil {
			own := l.routing
			own.Agent = e.where.Agent
			ep.contact = &contact{entered: e.At, serial: e.serial, own: own}
			l.countHandling()
		}
		c := ep.contact
		if e.where.Queue != "" || c.own == (Group{}) {
			c.own = l.routing
		}
		l.outcome(Answered, e.At, b.Wait)
		c.handled, c.answered, c.agent, c.life = true, e.At, l.routing.Agent, e.At
		ep.contact, ep.charge = c, people
		l.picksUp(e.At)
		l.join(e.At)
		if voiced(l.channel) {
			l.utter(e.At, true)
		}
	case transferred, ended:
		switch {
		case handled:
			l.release(e.At, b)
		case waits && e.kind == ended:
			l.outcome(Abandoned, e.At, b.Wait)
		}
		if e.kind == ended && voiced(l.channel) {
			ep.status = isClosed
		}
	case hold, unhold:
		if handled {
			ep.contact.holds(e.kind, e.At)
		}
	case abandoned, voicemail, callback, flowOut:
		if waits {
			l.outcome(outcomes[e.kind], e.At, b.Wait)
		}
	case wrapUp:
		l.wrapUp(e.At, b)
	}
}

// queue is rule 9.4.
func (l *life) queue(e *taken) {
	ep := &l.ep
	l.active(e.At)
	if c := ep.contact; c != nil && !c.handled && c.own.Queue == l.routing.Queue {
		return
	}
	if c := ep.contact; c != nil {
		if c.handled {
			l.release(e.At, event.Call{Talk: -1, Hold: -1, Wrap: -1})
		} else {
			l.outcome(FlowedOut, e.At, -1)
		}
	}
	l.countHandling()
	if e.where.Agent == "" && l.routing.Agent != "" {
		l.routing.Agent = ""
		l.history = append(l.history, told{e.At, l.routing})
	}
	ep.contact = &contact{entered: e.At, serial: e.serial, life: e.At, own: l.routing}
}

// release is rule 9.6: the handling ends.
func (l *life) release(t int64, b event.Call) {
	l.countHandling()
	c := l.ep.contact
	h := &handling{at: t, value: t - c.answered, group: l.ownGroup(c)}
	h.group.Agent = c.agent
	h.held = c.heldUntil(t, b)
	h.released = t
	if s := &l.ep.stints; voiced(l.channel) && s.runs {
		s.end(t)
		h.stint = len(s.list)
	}
	if b.Talk >= 0 {
		h.value = b.Talk + max(0, b.Hold)
	}
	if b.Wrap >= 0 {
		h.value += b.Wrap
		h.wrapped, h.wrap = true, b.Wrap
	}
	l.wraps(h)
	l.ep.handling, l.ep.contact = h, nil
}

// wrapUp is rule 9.8.
func (l *life) wrapUp(t int64, b event.Call) {
	h := l.ep.handling
	if h == nil {
		return
	}
	switch {
	case b.Talk >= 0:
		h.value = b.Talk + max(0, b.Hold) + max(0, b.Wrap)
		h.held, h.wrap = max(0, b.Hold), max(0, b.Wrap)
	case h.wrapped:
	case b.Wrap >= 0:
		h.value += b.Wrap
		h.wrap = b.Wrap
	default:
		h.value += t - h.at
		h.wrap = t - h.at
	}
	l.wraps(h)
	h.at = t
	l.countHandling()
}
