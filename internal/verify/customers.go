package verify

import (
	"context"
	"errors"
	"fmt"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/customer"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/oracle"
	"github.com/vigia-cx/vigia/internal/worker"
)

// second compares the second stage with what the log of the first one tells the customers.
func (v *run) second(ctx context.Context) error {
	v.o.Progress("%s: comparing customers", v.topics.Customers.Name)
	h := heard{v}
	moments, living := v.reader.Customers(h, v.signals.triggers)
	renamed, edge := v.reader.Renamed(), v.reader.Edge(h)
	of := map[int32][]oracle.Moment{}
	for _, m := range moments {
		p := h.partition(oracle.Person{Tenant: m.Tenant, Customer: m.Customer})
		of[p] = append(of[p], m)
	}
	ofAgents, shown := v.reader.Agents(agentsHeard{h})
	for _, m := range ofAgents {
		p := agentsHeard{h}.partition(oracle.Agent{Tenant: m.Tenant, Name: m.Group.Agent})
		of[p] = append(of[p], m)
	}
	fresh := v.reader.AgentsEdge(agentsHeard{h})
	undecided := func(behind []*oracle.Moment) string {
		for _, m := range behind {
			switch who := (oracle.Person{Tenant: m.Tenant, Customer: m.Customer}); {
			case m.OfAgents():
				if fresh[oracle.Agent{Tenant: m.Tenant, Name: m.Group.Agent}] {
					return "an agent behind it is just being told: compare again"
				}
			case renamed[who]:
				return "a customer behind it was merged or erased: what reached which of the two first is not told by the log of conversations"
			case edge[who]:
				return "a customer behind it is just being told: compare again"
			}
		}
		return ""
	}
	for p := range int32(v.topics.Customers.Partitions) {
		c := v.seconds[p]
		if c == nil {
			if len(of[p]) > 0 {
				v.report.add(Difference{Kind: Position, Topic: v.topics.Customers.Name, Partition: p, State: "no state", Log: fmt.Sprintf("%d things to count", len(of[p]))})
			}
			continue
		}
		if err := v.relayed(ctx, p, c); err != nil {
			return err
		}
		s := side{topic: v.topics.Customers.Name, partition: p, hashes: c.Hashes, tenants: customs(c.Hashes, v.tenants(v.reader.Tenants()), v.reader.Settings), boundary: c.Boundary, cut: v.cut,
			undecided: undecided, second: true}
		v.unreadable(s)
		v.panes(s, of[p], everything)
	}
	v.customers(living, renamed, edge)
	v.desks(agentsHeard{h}, shown, fresh)
	return nil
}

// relayed tells how far the second stage is, and finds what it has skipped.
func (v *run) relayed(ctx context.Context, p int32, c *copied) error {
	topic, to := v.topics.Customers.Name, c.Meta.Position.Offset
	start, end, err := v.journal.Bounds(ctx, topic, p)
	if err != nil {
		return err
	}
	a := AsOf{Topic: topic, Partition: p, Offset: to, LogStart: start, Time: at(c.T)}
	var last bus.Message
	if err := stream(ctx, v.journal, topic, p, start, min(to, end), func(m *bus.Message) error {
		a.Records, last = a.Records+1, *m
		return nil
	}); err != nil {
		return err
	}
	v.report.AsOf = append(v.report.AsOf, a)
	v.report.Compared.Records += a.Records
	if to > end {
		v.report.add(Difference{Kind: Position, Topic: topic, Partition: p, Offset: &to, State: fmt.Sprintf("is at offset %d", to), Log: fmt.Sprintf("ends at %d", end)})
	}
	if missing := a.Records - c.applied(); missing > 0 {
		v.report.add(Difference{Kind: Position, Topic: topic, Partition: p, State: fmt.Sprintf("has applied %d records: %d were skipped", c.applied(), missing), Log: fmt.Sprintf("%d records below offset %d", a.Records, to)})
	}
	if a.Records > 0 {
		if same, known := worker.Stamped(c.Meta.Fingerprint, last.Offset, last.Value); known && !same {
			v.report.add(Difference{Kind: Position, Topic: topic, Partition: p, Offset: &last.Offset, State: "the record applied last is another one: the position was moved, or the log was replaced",
				Log: fmt.Sprintf("offset %d is the last one below the position %d", last.Offset, to)})
		}
	}
	return nil
}

// heard says how far each partition of the second stage has come.
type heard struct{ v *run }

func (h heard) partition(p oracle.Person) int32 {
	return bus.Partition([]byte(customerKey(p)), h.v.topics.Customers.Partitions)
}

// Until implements [oracle.Heard].
func (h heard) Until(p oracle.Person, partition int32) int64 {
	return h.v.heardUntil(h.partition(p), partition)
}

// At implements [oracle.Heard].
func (h heard) At(p oracle.Person) int64 { return h.v.secondTime(h.partition(p)) }

// heardUntil is the offset of the newest record of a partition of the first stage whose outputs a partition of the second has applied, -1 for none.
func (v *run) heardUntil(second, first int32) int64 {
	if c := v.seconds[second]; c != nil {
		if at, ok := c.Sources[first]; ok {
			return at
		}
	}
	return -1
}

// secondTime is the time that a partition of the second stage has reached, Unix ms.
func (v *run) secondTime(second int32) int64 {
	if c := v.seconds[second]; c != nil {
		return c.T
	}
	return 0
}

func customerKey(p oracle.Person) string { return event.CustomerKey(p.Tenant, p.Customer) }

// customers finds customers whose state is gone.
func (v *run) customers(living []oracle.Person, renamed, edge map[oracle.Person]bool) {
	h := heard{v}
	for _, who := range living {
		p := h.partition(who)
		c := v.seconds[p]
		if c == nil || v.o.Tenant != "" && who.Tenant != v.o.Tenant {
			continue
		}
		v.report.Compared.Customers++
		key := customerKey(who)
		d := Difference{Kind: Customer, Topic: v.topics.Customers.Name, Partition: p, Tenant: who.Tenant, Key: "s", Field: key, Customers: []string{who.Customer}}
		switch {
		case v.cut > 0:
			d.Why = "the log has lost its beginning"
		case renamed[who]:
			d.Why = "the customer was merged or erased"
		case edge[who]:
			d.Why = "the customer is just being told: compare again"
		}
		b, ok := c.Hashes["s"][key]
		if !ok {
			d.State, d.Log = "has no state of the customer", "the customer has contacts that are not final"
			v.report.add(d)
			continue
		}
		s, err := customer.Decode(b)
		if err == nil && !inAgenda(c.Hashes, key, s.Wake) {
			err = errors.New("not in the agenda for " + stamp(s.Wake) + ": nobody will look at it then")
		}
		if err != nil {
			d.Kind, d.Why, d.State, d.Log = Damaged, "", err.Error(), "a customer"
			v.report.add(d)
		}
	}
}
