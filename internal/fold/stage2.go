package fold

import (
	"fmt"
	"slices"

	"github.com/vigia-cx/vigia/internal/customer"
	"github.com/vigia-cx/vigia/internal/event"
)

// restated closes what a new lineage says of open breaches: whatever a consumer of signals knows to be open and was not told again at this offset is over, and
// nobody knows how.
func (s *Slot) restated() {
	if s.cfg.Stage != Conversations {
		return
	}
	for p := range s.cfg.Signals {
		s.emit(dest{s.cfg.SignalsTopic, p}, "", event.Watermark{Partition: s.cfg.Partition, At: s.root.T},
			event.OutputID("restated", fmt.Sprint(s.cfg.Partition), fmt.Sprint(s.root.Start.StateLineage), fmt.Sprint(p)))
	}
}

// receive checks an output of stage 1 against what was already applied of its source: fresh is false for a duplicate. A hole stops the slot, for what is missing
// would be missing for ever.
func (s *Slot) receive(in Input) (fresh bool, err error) {
	seq := in.Record.Seq
	if seq == nil {
		return false, &event.Error{Reason: event.ReasonMissingField, Field: "seq", Detail: "only relayed records belong on this topic"}
	}
	if seq.Topic == s.cfg.Topic {
		return true, nil // forwarded between customers: facts carry their own revision
	}
	x := s.root.sources[seq.Partition]
	if x == nil {
		x = &source{lineage: seq.LogLineage, last: event.PrevSeq{Offset: -1}}
		s.root.sources[seq.Partition] = x
		if seq.Prev.Offset >= 0 {
			// The log of this stage began after the source had sent before: what came earlier is gone, not lost on the way.
			x.last = seq.Prev
		}
	}
	s.touch(s.root)
	switch {
	case seq.LogLineage < x.lineage:
		return false, nil
	case seq.LogLineage > x.lineage:
		*x = source{lineage: seq.LogLineage, last: event.PrevSeq{Offset: -1}, mark: x.mark, lost: x.lost}
	case seq.Offset < x.last.Offset:
		return false, nil
	case seq.Offset == x.last.Offset && slices.Contains(x.ids, in.Record.OutputID):
		// A new lineage or version may say the same at a later step of the record: what it says next follows that.
		if x.last.Less(seq.At()) {
			x.last = seq.At()
		}
		return false, nil
	}
	prev := seq.Prev
	prev.Restart = false
	// In a log that no longer reaches back, what was sent again may stand without what it was sent after. What comes from now on must fit.
	past := s.root.Start.Truncated && in.Offset < s.root.Start.RestateAt
	if !seq.Prev.Restart && !x.lost && !past && x.last != prev && x.last.Less(prev) {
		return false, fmt.Errorf("%w: offset %d of %s partition %d follows output (%d, %d, %d) of partition %d, but the last one applied is (%d, %d, %d); "+
			"restore the topic or rebuild stage 1", ErrHole, in.Offset, s.cfg.Topic, s.cfg.Partition, prev.Offset, prev.Step, prev.Index, seq.Partition,
			x.last.Offset, x.last.Step, x.last.Index)
	}
	if seq.Offset > x.last.Offset {
		x.ids = x.ids[:0]
	}
	x.last, x.lost = seq.At(), false
	x.ids = append(x.ids, in.Record.OutputID)
	return true, nil
}

// watermark takes the time of a source; the time of stage 2 is the smallest of all.
func (s *Slot) watermark(in Input, w event.Watermark) (done bool, err error) {
	if s.pos.Step == 0 {
		fresh, err := s.receive(in)
		if err != nil {
			return true, err
		}
		if !fresh {
			s.count("duplicate")
			return true, nil
		}
		s.count("control")
		x := s.root.sources[in.Record.Seq.Partition]
		x.mark = max(x.mark, w.At)
		if int32(len(s.root.sources)) < s.cfg.Sources {
			return true, nil
		}
		t := x.mark
		for _, o := range s.root.sources {
			if t = min(t, o.mark); s.cfg.variant.latest {
				t = max(x.mark, s.root.T)
			}
		}
		if t <= s.root.T {
			return true, nil
		}
		s.root.T = t
	}
	if s.advance() {
		return false, s.err
	}
	return true, s.err
}

// fact folds what stage 1 tells about one contact of a customer.
func (s *Slot) fact(in Input, f event.Fact) error {
	if f.Tenant == "" || f.Customer == "" || f.Subject == "" && !f.Alone() {
		return &event.Error{Reason: event.ReasonMissingField, Field: "fact", Detail: "tenant, customer and subject are required"}
	}
	fresh, err := s.receive(in)
	if err != nil {
		return err
	}
	if !fresh {
		s.count("duplicate")
		return nil
	}
	t := s.tenant(f.Tenant)
	if s.err != nil {
		return s.err
	}
	if len(t.policies) == 0 {
		// Nobody knows the tenant's days: what is counted in those of another zone could never be taken back.
		return &event.Error{Reason: event.ReasonNoTenant, Field: "fact", Detail: "its tenant has no policy in this partition: run vigia config apply"}
	}
	x := s.subject(in.Key)
	if s.err != nil {
		return s.err
	}
	if x.person == nil {
		x.person, x.gone = customer.New(f), false
	}
	s.enrol(t)
	x.person.Scratch = &s.people
	change, applied := x.person.Apply(f, s.root.T, t.current())
	if !applied {
		s.count("duplicate")
		return nil
	}
	s.count("applied")
	s.concludePerson(t, x, change)
	return s.err
}

func (s *Slot) concludePerson(t *tenant, x *subject, c customer.Change) {
	s.contribute(t, c.Gone, -1)
	s.contribute(t, c.New, +1)
	if f := c.Forward; f != nil {
		key := event.CustomerKey(f.Tenant, f.Customer)
		s.emit(dest{s.cfg.CustomersTopic, s.cfg.Route(key, s.cfg.Customers)}, key, *f, factID(*f, x.person.ID))
	}
	for _, call := range c.Calls {
		s.count("trigger_" + string(call.Outcome))
		if call.Outcome.Sent() {
			s.signal(call.Signal)
		}
	}
	s.schedule(x, c.Wake, c.Forget)
}
