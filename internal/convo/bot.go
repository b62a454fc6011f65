package convo

import (
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/pack"
	"github.com/vigia-cx/vigia/internal/window"
)

// bot is the part of bots and self-service in the episode.
type bot struct {
	At        int64 // first act, 0 when there was none
	Handed    int64 // first time after it that people took over from it, 0 when they did not
	Closed    bool  // out of hours
	Confirmed bool  // the customer said that self-service helped
	Outcome   event.SelfServiceOutcome
	Final     bool         // of a residue: the first act is forgotten
	Group     window.Group // and counts here
}

func (x bot) clone() bot { return x }

func (x *bot) encode(w *pack.Writer) {
	w.Byte(bits(x.At != 0, x.Handed != 0, x.Closed, x.Confirmed, x.Final))
	if x.At == 0 {
		return
	}
	w.Int(x.At)
	if x.Handed != 0 {
		w.Int(x.Handed - x.At)
	}
	w.Byte(byte(x.Outcome))
	if x.Final {
		encodeGroup(w, x.Group)
	}
}

func (x *bot) decode(r *pack.Reader) {
	flags := r.Byte()
	if flags&1 == 0 {
		return
	}
	x.Closed, x.Confirmed, x.Final = flags&4 != 0, flags&8 != 0, flags&16 != 0
	x.At = r.Int()
	if flags&2 != 0 {
		x.Handed = x.At + r.Int()
	}
	x.Outcome = event.SelfServiceOutcome(r.Byte())
	if x.Final {
		x.Group = decodeGroup(r)
	}
}

// acted: a bot did something, or the customer helped himself.
func (r *run) acted(at int64) {
	if r.Bot.At == 0 {
		r.Bot.At = at
	}
}

// selfServed: a step in self-service. A customer who helps himself does not wait for people.
func (r *run) selfServed(e *Entry) {
	r.active(e.At)
	r.acted(e.At)
	r.Bot.Outcome = e.Outcome
	r.Bot.Confirmed = r.Bot.Confirmed || e.Outcome == event.SelfServiceConfirmed
	if r.People {
		return
	}
	r.Bots = true
	if !r.channel.Voiced() {
		r.Contact = contact{}
	}
	if e.Outcome == event.SelfServiceEscalated {
		r.toPeople(e)
	}
}

// takeOver puts people in charge.
func (r *run) takeOver(at int64) {
	if x := &r.Bot; !r.People && x.At != 0 && x.Handed == 0 {
		rule := r.rule(r.serial(r.Serial), r.BeganAt)
		x.Handed, x.Closed = at, rule != nil && !rule.Calendar.Open(at)
	}
	r.Bots, r.People = false, true
}

// tellBot adds to a fact what bots and self-service did. Without people, self-service solved it when that is what it said last, or when it was resolved.
func (r *run) tellBot(f *event.Fact) {
	x := &r.Bot
	if f.Bot = x.At != 0; !f.Bot {
		return
	}
	f.Confirmed = x.Confirmed
	solved := x.Outcome == event.SelfServiceContained || x.Outcome == event.SelfServiceConfirmed || f.ResolvedAt != 0
	f.Contained = solved && !f.Open && f.PeopleAt == 0
}

// flushBot emits what the episode adds up to so far.
func (r *run) flushBot() {
	x := &r.Bot
	if x.At == 0 {
		return
	}
	class := uint32(0)
	switch {
	case x.Handed != 0 && x.Closed:
		class = HandedOffClosed
	case x.Handed != 0:
		class = HandedOff
	}
	r.botMoment(BotJoined, 0).Class = class
	if class != 0 {
		r.botMoment(HandoffTime, x.Handed-x.At)
	}
}

func (r *run) botMoment(k MomentKind, value int64) *Moment {
	if r.Bot.Final {
		return r.emitFinal(k, r.Bot.At, value, r.Bot.Group)
	}
	return r.emit(k, r.Bot.At, value)
}
