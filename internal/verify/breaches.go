package verify

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/oracle"
)

// promise names the promises of a clock of a conversation.
type promise struct{ tenant, conversation, clock string }

// instance is one promise of a clock.
type instance struct {
	promise
	id string
}

// signals are what was told up to what is compared.
type signals struct {
	latest   map[instance]event.Signal // of each promise
	triggers []event.Signal            // those that were set off, by time
	begins   bool                      // the topic has lost its beginning
}

// listen reads the signals, and those that still wait in outboxes.
func (v *run) listen(ctx context.Context) error {
	topic := v.topics.Signals
	v.o.Progress("%s: reading", topic.Name)
	v.signals.latest = map[instance]event.Signal{}
	hear := func(b []byte) {
		r, err := event.Decode(b)
		if err != nil {
			return
		}
		s, ok := r.Body.(event.Signal)
		if !ok || r.Seq == nil || v.o.Tenant != "" && s.Tenant != v.o.Tenant {
			return
		}
		switch {
		case s.Kind == event.SignalTrigger:
			if c := v.seconds[r.Seq.Partition]; r.Seq.Topic == v.topics.Customers.Name && c != nil && r.Seq.Offset < c.Meta.Position.Offset {
				v.signals.triggers = append(v.signals.triggers, s)
			}
		case s.Kind != event.SignalWarning && r.Seq.Topic == v.topics.Interactions.Name:
			if at, known := v.positions[r.Seq.Partition]; !known || r.Seq.Offset >= at {
				return // it was told later than what is compared
			}
			k := instance{promise{s.Tenant, s.Conversation, s.Clock}, s.Instance}
			if was, ok := v.signals.latest[k]; !ok || s.Revision >= was.Revision {
				v.signals.latest[k] = s
			}
		}
	}
	for p := range int32(topic.Partitions) {
		start, end, err := v.journal.Bounds(ctx, topic.Name, p)
		if err != nil {
			return err
		}
		v.signals.begins = v.signals.begins || start > 0
		if err := stream(ctx, v.journal, topic.Name, p, start, end, func(m *bus.Message) error {
			hear(m.Value)
			return nil
		}); err != nil {
			return err
		}
	}
	waiting := slices.Collect(maps.Values(v.untold))
	for _, c := range v.seconds {
		waiting = append(waiting, c.Outbox)
	}
	for _, list := range waiting {
		for _, o := range list {
			if o.Topic == topic.Name {
				hear(o.Value)
			}
		}
	}
	slices.SortStableFunc(v.signals.triggers, func(a, b event.Signal) int { return cmp.Compare(a.At, b.At) })
	return nil
}

// breaches compares the signals that people are told by with the promises that are broken.
func (v *run) breaches() {
	told := map[promise][]event.Signal{}
	for k, s := range v.signals.latest {
		if s.Kind == event.SignalBreach || s.Kind == event.SignalSettled {
			told[k.promise] = append(told[k.promise], s)
		}
	}
	names := maps.Clone(told)
	for k := range v.broken {
		names[k] = told[k]
	}
	for _, k := range slices.SortedFunc(maps.Keys(names), func(a, b promise) int {
		return strings.Compare(a.tenant+"\x00"+a.conversation+"\x00"+a.clock, b.tenant+"\x00"+b.conversation+"\x00"+b.clock)
	}) {
		v.promised(k, told[k], v.broken[k], v.signals.begins)
	}
}

// promised compares the breaches of a clock of a conversation.
func (v *run) promised(k promise, told []event.Signal, broken []oracle.Moment, begins bool) {
	rest := slices.Clone(told)
	topic := v.topics.Signals
	key := event.ConversationKey(k.tenant, k.conversation)
	d := Difference{Kind: Breach, Topic: topic.Name, Partition: bus.Partition([]byte(key), topic.Partitions), Tenant: k.tenant, Conversations: []string{k.conversation}}
	whole, cut := v.whole[bus.Partition([]byte(key), v.topics.Interactions.Partitions)]
	if cut && !whole[key] {
		v.report.Unverifiable.Breaches += len(told)
		return
	}
	for _, m := range broken {
		if m.Closed {
			continue // people are told of due times that pass
		}
		if !v.asked(m.At, m.At+1) {
			rest = slices.DeleteFunc(rest, func(s event.Signal) bool { return s.DueAt == m.At })
			continue
		}
		v.report.Compared.Breaches++
		i := slices.IndexFunc(rest, func(s event.Signal) bool { return s.DueAt == m.At || s.FulfilledAt == m.At })
		if i >= 0 {
			rest = slices.Delete(rest, i, i+1)
			continue
		}
		if begins {
			v.report.Unverifiable.Breaches++
			continue
		}
		d.State, d.Log = "told nobody that "+k.clock+" was broken", fmt.Sprintf("%s was broken at %s", k.clock, stamp(m.At))
		v.report.add(d)
	}
	for _, s := range rest {
		if !v.asked(s.DueAt, s.DueAt+1) {
			continue
		}
		if cut && s.DueAt <= v.cut {
			v.report.Unverifiable.Breaches++ // of one that was forgotten before the log begins, and has begun anew
			continue
		}
		v.report.Compared.Breaches++
		d.State, d.Log = fmt.Sprintf("told that %s was broken at %s", k.clock, stamp(s.DueAt)), "it was not"
		v.report.add(d)
	}
}
