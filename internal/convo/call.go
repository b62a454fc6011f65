package convo

import "github.com/vigia-cx/vigia/internal/event"

// call: a step of a call. One queue entry is one contact.
func (r *run) call(e *Entry) {
	c := &r.Contact
	if c.State != none {
		c.Last = max(c.Last, e.At)
	}
	if r.channel.Voiced() && r.Status == kindClosed && (e.Kind == kindQueued || e.Kind == kindOffered || e.Kind == kindAnswered) {
		r.resume(e.At)
		r.Status = kindOpened // a call that goes on after one of its legs ended
	}
	switch e.Kind {
	case kindQueued:
		r.active(e.At)
		if c.State == waiting && c.Group.Queue == r.Group.Queue {
			return // told twice
		}
		r.leave(e.At)
		r.flushHandle()
		if g := r.queueGroup(e); g != r.Group {
			// Whoever handled the call before it came here has nothing to do with this wait.
			r.Group = g
			r.groups = append(r.groups, groupAt{at: e.At, g: g})
		}
		r.Contact = contact{State: waiting, At: e.At, Serial: e.Serial, Group: r.Group, Last: e.At}
	case kindAnswered:
		r.answered(e)
	case kindHold:
		if c.State == handling && c.HoldAt == 0 {
			c.HoldAt = e.At
		}
	case kindUnhold:
		r.unhold(e.At)
	case kindTransferred:
		r.handled(e)
	case kindAbandoned, kindVoicemail, kindCallback, kindFlowOut:
		if c.State == waiting {
			r.outcome(outcomes[e.Kind], e.At, e.Value)
			r.Contact = contact{}
		}
	case kindEnded:
		switch c.State {
		case waiting:
			r.outcome(Abandoned, e.At, e.Value)
			r.Contact = contact{}
		case handling:
			r.handled(e)
		}
		r.ended(e)
	case kindWrapUp:
		r.wrapUp(e)
	}
}

var outcomes = map[Kind]MomentKind{kindAbandoned: Abandoned, kindVoicemail: Voicemail, kindCallback: Callback, kindFlowOut: FlowOut}

// answered: the contact's wait is over. A call that never queued waited 0.
func (r *run) answered(e *Entry) {
	if r.Contact.State == handling {
		return // another leg of the same answer
	}
	if r.Contact.State == none {
		r.flushHandle()
		r.Contact = contact{At: e.At, Serial: e.Serial, Group: r.queueGroup(e)}
	}
	if e.Queue != "" || r.Contact.Group.Channel == "" { // what waits in text has no routing of its own
		r.Contact.Group = r.queueGroup(e)
	}
	r.outcome(Answered, e.At, e.Value)
	r.Contact.State, r.Contact.Answer, r.Contact.Last = handling, e.At, e.At
	r.Contact.Group.Agent = r.Group.Agent
	if r.channel.Voiced() {
		r.takeUp(e.At, r.Group.Agent, r.Group.Team)
	}
	r.takeOver(e.At)
	r.took(e.At)
	if r.channel.Voiced() {
		r.spoke(e.At)
	}
}

// leave ends what was going on when the call enters another queue.
func (r *run) leave(at int64) {
	switch r.Contact.State {
	case waiting:
		r.outcome(FlowOut, at, event.NotReported)
	case handling:
		r.handled(&Entry{scene: &scene{}, At: at, Talk: event.NotReported, Hold: event.NotReported, Wrap: event.NotReported})
	}
}

// handled ends the handling; its moment is held back for the wrap-up.
func (r *run) handled(e *Entry) {
	if r.Contact.State != handling {
		return
	}
	r.unhold(e.At)
	h := handle{At: e.At, Group: r.Contact.Group, Busy: e.Talk, Hold: max(e.Hold, 0), Wrap: max(e.Wrap, 0)}
	if e.Talk < 0 {
		h.Busy, h.Hold = max(0, e.At-r.Contact.Answer), r.Contact.Hold
		if e.Hold >= 0 {
			h.Hold = min(e.Hold, h.Busy)
		}
	}
	r.flushHandle()
	r.Wrapped = e.Wrap >= 0
	r.Handle = &h
	r.Contact = contact{}
	if r.channel.Voiced() {
		r.Stints.Wraps = r.layDown(e.At)
		r.wrapUpStint(&h)
	}
}

// wrapUp: after-call work is part of the handling and moves its end.
func (r *run) wrapUp(e *Entry) {
	if r.Handle == nil {
		return
	}
	h := *r.Handle
	switch {
	case e.Talk >= 0: // the whole handling is reported here
		h.Busy, h.Hold, h.Wrap = e.Talk, max(e.Hold, 0), max(e.Wrap, 0)
	case r.Wrapped:
	case e.Wrap >= 0:
		h.Wrap = e.Wrap
	default:
		h.Wrap = max(0, e.At-h.At)
	}
	r.wrapped = append(r.wrapped, h.At)
	r.wrapUpStint(&h)
	h.At = e.At
	r.count(h)
	r.Handle = nil
}

func (r *run) flushHandle() {
	if r.Handle != nil {
		r.count(*r.Handle)
		r.Handle = nil
	}
}

func (r *run) unhold(at int64) {
	if r.Contact.HoldAt != 0 {
		r.Contact.Hold += max(0, at-r.Contact.HoldAt)
		r.Contact.HoldAt = 0
	}
}

// ended: the call is over; a call is no longer an open conversation.
func (r *run) ended(*Entry) {
	if r.channel.Voiced() {
		r.Status = kindClosed
	}
}
