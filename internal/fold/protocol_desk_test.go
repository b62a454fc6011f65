package fold

import (
	"fmt"
	"maps"
	"slices"

	"github.com/vigia-cx/vigia/internal/event"
)

// desk is the consumer of signals: which breaches people know of. It is a value; a step makes a new one.
type desk struct {
	from  map[origin]hearing
	cases map[string]affair
}

// origin is a partition of one of the stages: both have signals.
type origin struct {
	topic     string
	partition int32
}

// hearing is what a consumer remembers of an origin.
type hearing struct {
	log  int64
	last event.PrevSeq
	ids  []string
}

// affair is what people were told about one promise.
type affair struct {
	name     string
	open     bool
	source   int32
	log      int64 // lineage of the source's log
	offset   int64 // of the source, when last told
	revision uint32
}

func (d *desk) clone() *desk {
	if d == nil {
		return &desk{map[origin]hearing{}, map[string]affair{}}
	}
	return &desk{maps.Clone(d.from), maps.Clone(d.cases)}
}

// receive lets the desk read records.
func (t *task) receive(x *batch, n int) (int64, error) {
	d := t.desk.clone()
	at := x.from.Offset
	for ; n > 0 && at < t.wire().end(); n-- {
		r := t.wire().recs[at].Record
		fresh, err := d.hear(&r, t.w.bug)
		if err != nil {
			return at, fmt.Errorf("signal %d of partition %d: %w", at, t.bay-firstAlarms, err)
		}
		if fresh {
			x.got = append(x.got, received(r))
			if err := d.take(&r); err != nil {
				return at, err
			}
		}
		at++
	}
	x.desk, x.to = d, place{x.from.lineage, Position{Offset: at}}
	x.root = d.sum()
	return at, nil
}

// hear drops what it knows: lower offsets, and ids known at the highest one. A hole stops it.
func (d *desk) hear(r *event.Record, bug string) (bool, error) {
	s := *r.Seq
	if bug == "seen by partition number only" {
		s.LogLineage = 0
	}
	from := origin{s.Topic, s.Partition}
	m, ok := d.from[from]
	switch {
	case !ok || s.LogLineage > m.log:
		m = hearing{log: s.LogLineage, last: event.PrevSeq{Offset: -1}}
		if !ok {
			m.last = s.Prev
			m.last.Restart = false
		}
	case s.LogLineage < m.log, s.Offset < m.last.Offset:
		return false, nil
	case s.Offset == m.last.Offset && slices.Contains(m.ids, r.OutputID):
		if m.last.Less(s.At()) {
			m.last = s.At()
			d.from[from] = m
		}
		return false, nil
	}
	prev := s.Prev
	prev.Restart = false
	if !s.Prev.Restart && m.last.Less(prev) {
		return false, fmt.Errorf("%w: %v follows %v, the last one is %v", ErrHole, s.At(), prev, m.last)
	}
	if s.Offset > m.last.Offset {
		m.ids = nil
	}
	m.last, m.ids = s.At(), append(slices.Clone(m.ids), r.OutputID)
	d.from[from] = m
	return true, nil
}

// take tells people.
func (d *desk) take(r *event.Record) error {
	s, ok := r.Body.(event.Signal)
	if !ok {
		// All breaches that stand were told again before this: the others are over, nobody knows how.
		maps.DeleteFunc(d.cases, func(_ string, c affair) bool {
			return c.open && c.source == r.Seq.Partition && (c.log < r.Seq.LogLineage || c.offset < r.Seq.Offset)
		})
		return nil
	}
	if s.Kind == event.SignalTrigger {
		return nil
	}
	name := s.Conversation + " " + s.Clock + " " + s.Instance
	have, known := d.cases[name]
	if known && s.Revision < have.revision && r.Seq.LogLineage == d.from[origin{r.Seq.Topic, r.Seq.Partition}].log && !r.Seq.Prev.Restart {
		return fmt.Errorf("%s: revision %d after %d", name, s.Revision, have.revision)
	}
	c := affair{name: caseName(s.Conversation, s.Clock, s.StartedAt), source: r.Seq.Partition, log: r.Seq.LogLineage, offset: r.Seq.Offset, revision: s.Revision}
	switch s.Kind {
	case event.SignalBreach:
		c.open = s.FulfilledAt == 0
		d.cases[name] = c
	case event.SignalSettled:
		d.cases[name] = c
	case event.SignalRetracted:
		delete(d.cases, name)
	}
	return nil
}

func caseName(conversation, clock string, start int64) string {
	return fmt.Sprint(conversation, " ", clock, " ", start)
}

func (d *desk) sum() (sum uint64) {
	for name, c := range d.cases {
		open := int64(0)
		if c.open {
			open = 1
		}
		sum += hashInts(hashBytes(fnvStart, name), open, int64(c.revision))
	}
	for p, m := range d.from {
		sum += hashInts(hashBytes(fnvStart, p.topic), int64(p.partition), m.log, m.last.Offset, int64(m.last.Step), int64(m.last.Index), int64(len(m.ids)))
	}
	return sum
}
