package fold

import (
	"github.com/vigia-cx/vigia/internal/event"
)

func (t *task) foldInto(x *batch, n int, inside bool) (int64, error) {
	l, w := t.wire(), t.w
	if w.bug == "sweep outside the log" && t.bay < firstFacts && w.now > t.fold.root.T {
		t.fold.root.T = w.now
		t.fold.touch(t.fold.root)
	}
	at := x.from.Offset
	for ; n > 0 && at < l.end(); n-- {
		in := t.input(at)
		var before heard
		src := in.Record.Seq
		if src != nil && t.bay >= firstFacts && src.Topic == topicEvents {
			before = sourceState(t.fold.root, src.Partition)
		}
		done, err := t.fold.Apply(in)
		if err != nil {
			return at, err
		}
		if src != nil && t.bay >= firstFacts && src.Topic == topicEvents && (t.fold.pos.Step == 1 || done && x.stepOf(at) == 0) {
			if after := sourceState(t.fold.root, src.Partition); after != before {
				x.got = append(x.got, received(in.Record))
			}
		}
		for !done && !(inside && n == 1) {
			if done, err = t.fold.Apply(in); err != nil {
				return at, err
			}
		}
		if !done {
			break
		}
		at++
		if b, ok := in.Record.Body.(event.Tick); ok && b.At > t.refT {
			t.refT, t.refAt = b.At, w.now
		}
	}
	x.root, x.family = 0, family{bay: t.bay}.of(&t.meta, t.fold.root)
	if x.to = (place{x.from.lineage, t.fold.Position()}); x.to == x.from {
		return at, nil
	}
	c := t.fold.Commit()
	x.root = rootSum(t.fold.root)
	x.commit = c
	for _, o := range c.Outs {
		if w.bug == "random seq" {
			w.ids++
			o.Record.OutputID = event.OutputID("random", string(rune(w.ids)))
		}
		s := o.Record.Seq
		x.outs = append(x.outs, parcel{Out: o, wire: destination(&o)})
		x.sent = append(x.sent, &link{wire: destination(&o), log: s.LogLineage, Position: Position{s.Offset, s.Step}, index: s.Index, id: o.Record.OutputID, body: o.Record.Body})
	}
	for _, wr := range c.Writes {
		if wr.Key[0] == 'p' && wr.Key[1] == ':' && wr.Value != nil {
			x.old = append(x.old, wr.Value)
		}
	}
	return at, nil
}

// stepOf is the step at which the batch meets a record.
func (x *batch) stepOf(offset int64) int32 {
	if offset == x.from.Offset {
		return x.from.Step
	}
	return 0
}

// heard tells versions of a source's memory apart.
type heard struct {
	offset  int64
	lineage int64
	ids     int
}

func sourceState(r *root, p int32) heard {
	x := r.sources[p]
	if x == nil {
		return heard{offset: -1}
	}
	return heard{x.last.Offset, x.lineage, len(x.ids)}
}

func received(r event.Record) *link {
	from := int(r.Seq.Partition)
	if r.Seq.Topic == topicFacts {
		from += firstFacts
	}
	return &link{wire: from, log: r.Seq.LogLineage, Position: Position{r.Seq.Offset, r.Seq.Step}, index: r.Seq.Index, id: r.OutputID, body: r.Body}
}

// input is a record as a worker hands it to the fold.
func (t *task) input(at int64) Input {
	r := &t.wire().recs[at]
	in := Input{Offset: at, Key: r.key, Record: r.Record}
	if r.Body == nil {
		in.Fault = &event.Error{Reason: event.ReasonGarbage}
		return in
	}
	if r.key != "" && route(r.key, partitions) != int32(t.bay%partitions) && t.w.bug != "wrong partitioner" {
		in.Fault = &event.Error{Reason: event.ReasonMisrouted}
		return in
	}
	e, ok := r.Body.(*event.Event)
	if !ok {
		return in
	}
	switch t.w.bug {
	case "no event dedupe":
		c := *e
		c.ID += string(rune('A'+at%26)) + string(rune('a'+at/26%26))
		in.Record.Body = &c
	case "incremental clock":
		// A clock that only goes forward takes what comes late for happening now.
		c := *e
		for _, o := range t.wire().recs[:at] {
			if b, ok := o.Body.(*event.Event); ok && o.key == r.key {
				c.At = max(c.At, b.At)
			}
		}
		in.Record.Body = &c
	}
	return in
}

// put is the script that applies a step.
func (w *world) put(t *task, b *bay, x *batch) error {
	from, to := x.from, x.to
	if w.bug == "no step" {
		from.Step = 0
	}
	stands := b.at == from
	if w.bug == "skip-seen" && b.exists && b.at.lineage == from.lineage && b.at.Offset < from.Offset {
		stands = true // whatever was not seen yet is taken
	}
	switch {
	case !b.exists:
		return errAbsent
	case b.at == to:
		return errAlready
	case b.epoch > t.epoch:
		return errFenced
	case !stands:
		return errMoved
	case len(x.outs) > 0 && len(b.outbox) > 0 && len(b.outbox)+len(x.outs) > maxOutbox:
		return errFull
	}
	u := b.change()
	if w.bug == "no step" && to.Offset == from.Offset {
		to.Step = 0
	}
	b.at, b.epoch = to, t.epoch
	if x.print != 0 {
		b.print, b.lost, b.moved = x.print, -1, false
	}
	for _, wr := range x.commit.Writes {
		b.write(u, wr)
	}
	out := make([]parcel, len(b.outbox), len(b.outbox)+len(x.outs))
	copy(out, b.outbox)
	for i := range x.outs {
		x.outs[i].ordinal = b.next
		b.next++
	}
	if w.bug == "outbox outside the script" {
		t.memory = append(t.memory, x.outs...)
	} else {
		b.outbox = append(out, x.outs...)
	}
	for i, l := range x.sent {
		l.before, b.sent = b.sent, l
		w.emit(t.bay, x, l, x.outs[i])
	}
	for _, l := range x.got {
		l.before, b.got = b.got, l
	}
	b.desk = x.desk
	w.check(t.bay, b, x)
	return nil
}
