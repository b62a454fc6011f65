package fold

import (
	"fmt"
	"testing"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
)

// BenchmarkFold is the pure cost of an event: conversations of 8 messages on 20 queues, a tick a second, commits of 2,000 records applied to memory.
func BenchmarkFold(b *testing.B) { benchmarkFold(b, testPolicy()) }

// BenchmarkFoldAgents is the same of a tenant who follows agents.
func BenchmarkFoldAgents(b *testing.B) {
	spec := testPolicy()
	spec.Agents = true
	benchmarkFold(b, spec)
}

func benchmarkFold(b *testing.B, spec sla.PolicySpec) {
	p, err := sla.CompilePolicy(spec, 1)
	if err != nil {
		b.Fatal(err)
	}
	mem := Memory{}
	s := New(testConfig, mem.Load, Position{}, Start{Fresh: true, RestateAt: -1})
	offset := int64(0)
	add := func(body event.RecordBody, key string) {
		for {
			done, err := s.Apply(Input{Offset: offset, Key: key, Record: event.Record{Body: body}})
			if err != nil {
				b.Fatal(err)
			}
			if done {
				break
			}
		}
		if offset++; offset%2000 == 0 {
			mem.Apply(s.Commit())
			s.Committed(64 << 20)
		}
	}
	add(PolicyRecord(p, false), "")
	const live = 2000
	ids := make([]string, live)
	writes := 0
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		at := int64(t0) + int64(i) // 1,000 events a second
		if i%1000 == 0 {
			add(event.Tick{At: at}, "")
		}
		turn, slot := (i/live)%8, i%live
		if turn == 0 {
			ids[slot] = fmt.Sprint("c", i)
		}
		dir, actor := event.Inbound, event.ByCustomer
		if turn%2 == 1 {
			dir, actor = event.Outbound, event.ByAgent
		}
		e := &event.Event{ID: fmt.Sprint("e", i), Tenant: "t", Source: event.Source{Connector: "http"}, At: at, ReceivedAt: at, Conversation: ids[slot], Customer: ids[slot],
			Actor: actor, Channel: event.WebChat, Routing: event.Routing{Queue: fmt.Sprint("q", slot%20), Team: "a"}, Body: event.Message{ID: "m", Direction: dir}}
		if spec.Agents && dir == event.Outbound {
			e.Routing.Agent = fmt.Sprint("a", slot%200)
		}
		if turn == 7 {
			e.Actor, e.Body = event.BySystem, event.ConversationState{State: event.StatusResolved}
		}
		add(e, e.Key())
		i++
	}
	_ = writes
}

// BenchmarkErase is what it takes to erase a customer of one in 20,000 conversations that are not in use: the whole state of the partition is looked at.
func BenchmarkErase(b *testing.B) {
	p, err := sla.CompilePolicy(testPolicy(), 1)
	if err != nil {
		b.Fatal(err)
	}
	mem := Memory{}
	s := New(testConfig, mem.Load, Position{}, Start{Fresh: true, RestateAt: -1})
	offset := int64(0)
	add := func(body event.RecordBody, key string) {
		for done := false; !done; {
			if done, err = s.Apply(Input{Offset: offset, Key: key, Record: event.Record{Body: body}}); err != nil {
				b.Fatal(err)
			}
		}
		offset++
	}
	add(PolicyRecord(p, false), "")
	add(event.Tick{At: t0}, "")
	for i := range 160_000 {
		dir := event.Inbound
		if i/20_000%2 == 1 {
			dir = event.Outbound
		}
		e := message(t0+int64(i), fmt.Sprint("c", i%20_000), dir)
		e.Customer = fmt.Sprint("p1", i%20_000, "ABCDEFGHIJKLMNOPQRSTUV")
		add(e, e.Key())
	}
	mem.Apply(s.Commit())
	s.Committed(0)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		wish := message(t0+1000, "", event.Inbound)
		wish.Customer, wish.Body = fmt.Sprint("p1", n%20_000, "ABCDEFGHIJKLMNOPQRSTUV"), event.CustomerIdentity{Change: event.IdentityErased}
		add(wish, "")
		mem.Apply(s.Commit())
		s.Committed(0)
		n++
	}
}
