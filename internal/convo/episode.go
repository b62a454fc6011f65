package convo

import (
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

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
		stale, cut, quiet := r.staleAt(r.env, r.channel), r.cutAt(r.env, r.thread), r.quietAt()
		switch {
		case quiet != 0 && to > quiet && (cut == 0 || quiet <= cut):
			r.layDown(quiet)
		case stale != 0 && to > stale && (cut == 0 || stale <= cut):
			r.stale(stale)
		case cut != 0 && to > cut:
			r.cut(cut, cut+1)
		default:
			return
		}
	}
}

// staleAt is the instant after which the open contact counts as lost and a silent call as over, 0 when there is neither.
func (m *core) staleAt(env *Env, ch event.Channel) int64 {
	last, serial := m.Contact.Last, m.Contact.Serial
	if m.Contact.State == none {
		if !ch.Voiced() || !m.isOpen() {
			return 0
		}
		last, serial = m.Last, m.Serial
	}
	if limit := env.policy(serial).StaleMs(ch.String()); limit > 0 {
		return last + limit
	}
	return 0
}

// stale closes what has been silent for too long. A contact that was answered had its outcome; how long its handling took nobody knows.
func (r *run) stale(at int64) {
	if r.Contact.State == waiting {
		r.outcome(Lost, at, event.NotReported)
	}
	if r.Contact.State == handling && r.channel.Voiced() {
		r.layDown(r.Contact.Last)
	}
	r.Contact = contact{}
	if r.channel.Voiced() {
		r.Status = kindClosed
	}
}

// cutAt is the instant after which inactivity ends the episode, 0 when it cannot.
func (m *core) cutAt(env *Env, thread bool) int64 {
	if !thread || !m.Begun {
		return 0
	}
	return m.Last + env.policy(m.Serial).EpisodeGapMs()
}

// cut ends the episode at an instant. The next one begins at another one, or after.
func (r *run) cut(at, next int64) {
	r.endTurn(at, false)
	r.endUpdate(at)
	if r.Settled == nil {
		serial := r.serial(r.Serial)
		r.endPromise(sla.Resolution, r.BeganAt, r.BeganID, serial, r.rule(serial, r.BeganAt), at, false)
	}
	if r.Contact.State == waiting {
		r.outcome(Lost, at, event.NotReported)
	}
	r.layDown(at)
	r.closeEpisode(at)
	if n := len(r.groups); n > 0 {
		g := r.groups[n-1].g
		g.Topic = ""
		r.groups = append(r.groups, groupAt{at: next, g: g, cut: true})
	}
	r.machine = machine{Surveys: r.Surveys, core: core{
		Episode: r.Episode + 1, Group: window.Group{Channel: r.Group.Channel, Queue: r.Group.Queue, Team: r.Group.Team}, Prio: r.Prio, Who: r.Who, Source: r.Source, Last: r.Last,
	}}
	r.mark, r.pmark, r.fmark, r.smark, r.scores, r.heardOf, r.cues = len(r.out), len(r.promises), len(r.facts), len(r.shifts), r.scores[:0], 0, nil
}

// closeEpisode settles what could still have changed, or takes all of a void episode back.
func (r *run) closeEpisode(at int64) {
	r.flush()
	r.facts = append(r.facts, r.fact(false, at))
	r.tellStints()
	r.Surveys.cut(r.Void, r.Group.Topic)
	r.Surveys.Inbound = r.Surveys.Inbound || r.isInbound()
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
	for i := r.smark; i < len(r.shifts); i++ {
		r.shifts[i].void = true
	}
}

// voided reports whether an episode is void by all that is played: its number, or that of an earlier part of it.
func (r *run) voided(episode int64) bool {
	for i := range r.facts {
		if f := &r.facts[i]; !f.of.surveys && f.of.number >= episode {
			return f.void
		}
	}
	return r.Void
}

// flush emits what was held back for a change.
func (r *run) flush() {
	if r.Settled != nil {
		for _, m := range r.Settled.Moments {
			r.out = append(r.out, pending{Moment: m, fixed: true})
		}
		if r.Settled.Promise != nil {
			r.promises = append(r.promises, *r.Settled.Promise)
		}
	}
	if r.Handle != nil {
		r.count(*r.Handle)
	}
	r.flushMood()
	r.flushBot()
}

// active notes that the customer did something: the first and the last time of each local day.
func (r *run) active(at int64) {
	r.signed(at)
	zone := r.env.Current.Zone()
	same := func(i int) bool { return i >= 0 && window.Day(r.Active[i], zone) == window.Day(at, zone) }
	n := len(r.Active)
	if same(n-1) && same(n-2) {
		r.Active[n-1] = max(r.Active[n-1], at)
		return
	}
	if n == maxActive {
		// Told under the next name from here on: a fact that forgot its first days would take them back.
		part := r.fact(false, r.Active[n-1])
		part.Inbound = false // the contact is told by its last part
		r.facts = append(r.facts, part)
		r.Episode++
		r.Active = nil
	}
	r.Active = append(r.Active, at)
}

// maxActive bounds the activity in one fact.
const maxActive = 20
