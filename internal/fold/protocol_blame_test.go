package fold

import (
	"fmt"
	"slices"

	"github.com/vigia-cx/vigia/internal/event"
)

// emit checks an output at the moment at which it enters the outbox.
func (w *world) emit(bay int, x *batch, l *link, e parcel) {
	k := emission{x.family, l.Position, l.index}
	if id, ok := w.emitted[k]; ok && id != l.id && w.bug != "random seq" {
		w.fail("bay %d: output %v of %+v is another one than on an earlier visit", bay, k.Position, k.family)
	}
	w.emitted[k] = l.id
	sig, ok := l.body.(event.Signal)
	if !ok || bay >= firstFacts || sig.Kind != event.SignalBreach || w.judged[k] || x.life != w.wires[bay].life {
		return
	}
	w.judged[k] = true
	clean := x.family == family{bay: bay, log: x.family.log, schema: x.family.schema} && x.life == 1
	w.blame(bay, x.family.since, w.bays[bay].losses, l.Offset, &sig, clean)
}

// blame checks that a breach is one by what the log says up to the record that brought it out.
func (w *world) blame(bay int, since int64, losses []loss, offset int64, sig *event.Signal, clean bool) {
	r := w.log(bay, since, losses)
	r.upTo(&w.wires[bay], bay, offset+1)
	t := r.times[offset-since]
	k := r.talks[event.ConversationKey(sig.Tenant, sig.Conversation)]
	for k != nil && k.list[0].offset > offset {
		k = k.before
	}
	if k == nil {
		w.fail("bay %d offset %d: a breach of %s, which is not in the log", bay, offset, sig.Conversation)
		return
	}
	for _, d := range judge(k.until(offset), t).dues {
		if d.clock != sig.Clock || d.start != sig.StartedAt {
			continue
		}
		switch until := r.held(d.due, offset); {
		case d.due != sig.DueAt:
			w.fail("bay %d offset %d: %s of %s is due at %d, the breach says %d", bay, offset, sig.Clock, sig.Conversation, d.due, sig.DueAt)
		case !d.broken && !(d.runs && d.due != 0 && t > d.due+grace):
			w.fail("false breach: bay %d offset %d: %s of %s due at %d, time is %d: %+v", bay, offset, sig.Clock, sig.Conversation, d.due, t, d)
		case until > t && !r.toldBefore(k, d, offset):
			w.fail("false breach: bay %d offset %d: %s of %s fell due at %d while its source was blind", bay, offset, sig.Clock, sig.Conversation, d.due)
		case clean:
			held := slices.ContainsFunc(r.gaps, func(g gapAt) bool { return g.offset < offset && g.From <= d.due && d.due <= g.From+60*minutes })
			name := fmt.Sprint(bay, caseName(sig.Conversation, sig.Clock, sig.StartedAt))
			if first, ok := w.first[name]; !ok || offset <= first {
				w.first[name] = offset
				w.prompt(bay, r, k, offset, d, held)
			}
		}
		return
	}
	w.fail("false breach: bay %d offset %d: %s of %s since %d is no promise that the log knows", bay, offset, sig.Clock, sig.Conversation, sig.StartedAt)
}

// toldBefore reports whether a breach was rightly told at an earlier record, before the blindness of its source was known: it stands then, and is told again after a
// rebuild.
func (r *records) toldBefore(k *talk, d due, offset int64) bool {
	for o := r.since; o < offset; o++ {
		t := r.times[o-r.since]
		if r.held(d.due, o) > t {
			continue
		}
		list := k.until(o)
		if len(list) == 0 {
			continue
		}
		for _, was := range judge(list, t).dues {
			if was.clock == d.clock && was.start == d.start && was.due == d.due && (was.broken || was.runs && t > was.due+grace) {
				return true
			}
		}
	}
	return false
}

// prompt checks that a breach was told by the first record after which it could be known.
func (w *world) prompt(bay int, r *records, k *talk, offset int64, d due, held bool) {
	list := k.until(offset - 1)
	if held || offset == 0 || len(list) == 0 {
		return
	}
	t := r.times[offset-1-r.since]
	for _, was := range judge(list, t).dues {
		if was.clock == d.clock && was.start == d.start && was.due == d.due && (was.broken || was.runs && was.due != 0 && t > was.due+grace) {
			w.fail("late breach: bay %d offset %d: %+v was known to be broken before", bay, offset, d)
		}
	}
}

// log is the reading of a log of interactions in the life it has now, from where a state was built from.
func (w *world) log(bay int, since int64, losses []loss) *records {
	l := &w.wires[bay]
	k := reading{bay, l.life, since, fmt.Sprint(losses)}
	r := w.known[k]
	if r == nil {
		r = readLog(l, since, losses)
		w.known[k] = r
	}
	return r
}

type reading struct {
	bay         int
	life, since int64
	losses      string
}
