package fold

import (
	"github.com/vigia-cx/vigia/internal/event"
)

// relay does the next step of the relay: take a page of the outbox, send its entries in order, take them off, commit the mark.
func (t *task) relay(a int) (moved bool) {
	w := t.w
	if t.gone || !t.session && t.lineage == 0 {
		return false
	}
	if len(t.memory) > 0 {
		return t.send(&t.memory, a)
	}
	if t.acked < len(t.page) {
		page := t.page[t.acked:]
		n := len(page)
		moved = t.send(&page, a)
		t.acked += n - len(page)
		t.trim = t.acked == len(t.page)
		return moved
	}
	b := t.state()
	if t.trim {
		err := t.call(a, func() error { b.trim(t.lineage, t.page[len(t.page)-1].ordinal); return nil })
		if err == nil {
			t.page, t.acked, t.trim, t.settle = nil, 0, false, true
		}
		return true
	}
	if t.settle && a&64 != 0 || t.settle && len(b.outbox) == 0 {
		return t.settled(a)
	}
	err := t.call(a, func() error {
		if b.exists && b.at.lineage == t.lineage && len(b.outbox) > 0 {
			t.page = b.outbox[:min(len(b.outbox), 1+a%5)]
			t.acked, t.trim = 0, false
		}
		return nil
	})
	if w.bug == "commit before relay" && err == nil && len(t.page) > 0 {
		t.commit(mark{b.at.Offset, t.log, b.at.lineage})
	}
	return len(t.page) > 0
}

// settled commits how far everything is relayed. Position and outbox are read in one script.
func (t *task) settled(a int) bool {
	b, w := t.state(), t.w
	next := noMark
	err := t.call(a, func() error {
		if !b.exists || b.at.lineage != t.lineage || b.log != t.log {
			return nil
		}
		next = mark{t.sent, t.log, b.at.lineage}
		if len(b.outbox) == 0 {
			next.offset = b.at.Offset
		}
		if t.mark.log == t.log {
			next.offset, next.state = max(next.offset, t.mark.offset), max(next.state, t.mark.state)
		}
		return nil
	})
	if err != nil {
		return false
	}
	t.settle = false
	if !next.known() || next == t.mark {
		return false
	}
	if w.now < w.kafkaDown || lostRequest(a>>1) {
		t.settle = true
		return false
	}
	t.commit(next)
	return true
}

// commit stores the mark with the group, which takes it only from the owner of this generation.
func (t *task) commit(m mark) {
	g := &t.w.group[t.bay]
	if g.gen != t.gen {
		t.stop()
		return
	}
	g.mark = m
	if !t.mark.known() || t.mark.log != m.log || t.mark.offset <= m.offset || t.mark.state < m.state {
		t.mark = m
	}
	t.w.note(int64(t.bay), m.offset, m.state)
}

// send produces the first parcel, and repeats it until it is acknowledged. Nothing is sent before what stands before it.
func (t *task) send(page *[]parcel, a int) bool {
	w := t.w
	e := &(*page)[0]
	if e.Offset < t.below() {
		*page = (*page)[1:]
		return true
	}
	if w.now < w.kafkaDown || lostRequest(a) {
		w.faults++
		if w.bug == "pipelined relay" && len(*page) > 1 && w.now >= w.kafkaDown {
			t.produce(&(*page)[1]) // was already on its way
		}
		return false
	}
	t.produce(e)
	if lostReply(a) {
		w.faults++
		return false
	}
	t.sent = e.Offset
	*page = (*page)[1:]
	return true
}

// below is the offset under which nothing is sent again.
func (t *task) below() int64 {
	if t.mark.known() && t.mark.log == t.log && t.w.bug != "high-water ignored at rebuild" {
		return t.mark.offset
	}
	return 0
}

func (t *task) produce(e *parcel) {
	w := t.w
	if m := w.group[t.bay]; m.gen == t.gen && m.mark.known() && m.mark.log == e.Record.Seq.LogLineage && e.Offset < m.mark.offset && w.bug != "commit before relay" {
		w.fail("bay %d sends an output of offset %d again, below its own mark %d", t.bay, e.Offset, m.mark.offset)
	}
	w.append(e.wire, e.Key, e.Record, e)
}

// tick appends the time to the partition's log, as its owner believes it to be.
func (t *task) tick(a int) {
	w := t.w
	if t.gone || !t.session || t.bay >= firstFacts || w.now < w.redisDown || w.now < w.kafkaDown {
		return
	}
	if t.own >= 0 && t.base.Offset <= t.own && t.own < t.wire().end() {
		return
	}
	at := min(w.now+w.skew[t.who], w.now+w.redisSkew)
	if t.refAt != 0 {
		at = min(at, t.refT+w.now-t.refAt+2000)
	}
	if at <= t.refT {
		return
	}
	t.own = w.append(t.bay, "", event.Record{Body: event.Tick{At: at}}, nil)
	if lostReply(a) {
		t.own = -1
	}
	t.refT, t.refAt = at, w.now
}

// keep appends the policies in force and open gaps again, so that they never fall out of the log.
func (t *task) keep() {
	w := t.w
	if t.gone || !t.session || t.fold == nil || w.now < w.kafkaDown || w.now < w.redisDown || t.base.Offset < t.wire().end() {
		return
	}
	for _, p := range t.fold.Policies() {
		w.append(t.bay, "", event.Record{Body: p}, nil)
	}
	for _, g := range t.fold.OpenGaps() {
		w.append(t.bay, "", event.Record{Body: g}, nil)
	}
	if err := t.fold.Err(); err != nil {
		t.ended(err)
	}
}

const (
	resume = "resume"
	create = "create"
	reset  = "reset"
	skip   = "skip"
	move   = "move"
)

// plan is what must happen to a state before records can be applied.
type plan struct {
	act   string
	why   string
	at    place
	log   int64
	lost  int64
	moved bool
}

// decide is the worker's: see internal/worker/decide.go.
func decide(m *meta, have mark, l *wire, replaced bool, now, schema int64) plan {
	known := max(have.log, have.state)
	if m.exists {
		known = max(known, m.log, m.at.lineage)
	}
	// Seconds make a lineage new even when both memories have gone back.
	next := max(known+1, now)
	anew := func(act, why string, log int64) plan {
		return plan{act: act, why: why, at: place{next, Position{Offset: l.start}}, log: log, lost: -1}
	}
	shrunk := have.known() && l.end() < have.offset
	if !m.exists {
		switch {
		case !have.known():
			return anew(create, "new", next)
		case shrunk:
			return anew(create, "recreated", next)
		}
		return anew(create, "absent", have.log)
	}
	switch {
	case have.log > m.log && !shrunk:
		return anew(reset, "recreated", have.log)
	case shrunk && have.log >= m.log, m.at.Offset > l.end(), replaced:
		return anew(reset, "recreated", next)
	case m.schema < schema:
		return anew(reset, "upgraded", m.log)
	case m.at.Offset < l.start && m.fresh():
		return anew(reset, "truncated", m.log)
	case m.at.Offset < l.start:
		lost := m.at.Offset
		if m.at.Step > 0 {
			lost++ // what the record brought in is in the state; what was left of it the next tick does
		}
		if m.lost >= 0 && m.at.Step == 0 {
			lost = m.lost
		}
		return plan{act: skip, why: "truncated", at: place{next, Position{Offset: l.start}}, log: m.log, lost: lost}
	case have.log == m.log && have.state > m.at.lineage:
		return plan{act: move, why: "restored", at: place{next, m.at.Position}, log: m.log, lost: m.lost, moved: m.lost < 0 && !m.fresh()}
	}
	return plan{act: resume, at: m.at, log: m.log}
}

// starting tells the fold how its lineage began, which matters until the first step of it is stored.
func starting(m *meta) Start {
	s := Start{LogLineage: m.log, StateLineage: m.at.lineage, RestateAt: -1}
	switch {
	case m.fresh():
		s.Fresh, s.Truncated = true, m.at.Offset > 0
	case m.lost >= 0 && m.at.Step == 0:
		s.Truncated, s.Loss = true, &Loss{From: m.lost, To: m.at.Offset}
	case !m.moved:
		return s
	}
	s.RestateAt = m.restate
	return s
}
