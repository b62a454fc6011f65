package fold

import (
	"fmt"
	"testing"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// memory is a slot's store: hashes of blobs.
// bench drives one stage-1 slot by hand.
type rig struct {
	t      *testing.T
	mem    Memory
	slot   *Slot
	offset int64
	outs   []Out
	policy *sla.Policy
}

var testConfig = Config{Stage: Conversations, Topic: "i", Route: func(string, int32) int32 { return 0 }, CustomersTopic: "c", SignalsTopic: "s", DeadLettersTopic: "d",
	Customers: 1, Signals: 1, DeadLetters: 1}

func newRig(t *testing.T, spec sla.PolicySpec) *rig {
	t.Helper()
	r := &rig{t: t, mem: Memory{}}
	r.slot = New(testConfig, r.mem.Load, Position{}, Start{Fresh: true, RestateAt: -1})
	p, err := sla.CompilePolicy(spec, 1)
	if err != nil {
		t.Fatal(err)
	}
	r.policy = p
	r.add(PolicyRecord(p, false), "")
	return r
}

func (r *rig) add(b event.RecordBody, key string) {
	r.t.Helper()
	in := Input{Offset: r.offset, Key: key, Record: event.Record{Body: b}}
	for {
		done, err := r.slot.Apply(in)
		if err != nil {
			if p, ok := err.(*PanicError); ok {
				r.t.Fatalf("%v\n%s", err, p.Stack)
			}
			r.t.Fatal(err)
		}
		if done {
			break
		}
	}
	r.offset++
	c := r.slot.Commit()
	r.outs = append(r.outs, c.Outs...)
	r.mem.Apply(c)
	r.slot.Committed(1 << 30)
}

func (r *rig) tick(at int64) { r.t.Helper(); r.add(event.Tick{At: at}, "") }

func (r *rig) event(e *event.Event) { r.t.Helper(); r.add(e, e.Key()) }

// total merges all panes of the routing family.
func (r *rig) total() *window.Cell {
	r.t.Helper()
	sum := &window.Cell{}
	for key, h := range r.mem {
		if len(key) < 4 || key[:4] != "p:r:" {
			continue
		}
		for _, b := range h {
			if err := sum.MergeEncoded(b); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	return sum
}

var serial int

func message(at int64, conv string, dir event.Direction) *event.Event {
	serial++
	actor := event.ByCustomer
	if dir == event.Outbound {
		actor = event.ByAgent
	}
	return &event.Event{ID: fmt.Sprint("e", serial), Tenant: "t", Source: event.Source{Connector: "http"}, At: at, ReceivedAt: at, Conversation: conv, Customer: "ana",
		Actor: actor, Channel: event.WebChat, Routing: event.Routing{Queue: "sales"}, Body: event.Message{ID: fmt.Sprint("m", serial), Direction: dir}}
}

func testPolicy() sla.PolicySpec {
	p := sla.DefaultPolicy("t", "America/Bogota")
	p.Rules = []sla.RuleSpec{{Name: "chat", FirstResponse: "2m", NextResponse: "5m", Resolution: "1h"}}
	return p
}

const t0 = 1_790_000_000_000

func TestBreachAndResponse(t *testing.T) {
	r := newRig(t, testPolicy())
	r.tick(t0)
	r.event(message(t0+1000, "a", event.Inbound))
	r.tick(t0 + 60_000)
	r.tick(t0 + 1000 + 120_000 + 2000)
	if n := r.signals(event.SignalBreach); n != 0 {
		t.Fatalf("%d breaches at due + grace, want 0", n)
	}
	r.tick(t0 + 1000 + 120_000 + 2001)
	if n := r.signals(event.SignalBreach); n != 1 {
		t.Fatalf("%d breaches after due + grace, want 1", n)
	}
	r.event(message(t0+200_000, "a", event.Outbound))
	if n := r.signals(event.SignalSettled); n != 1 {
		t.Fatalf("%d settled, want 1", n)
	}
	v := r.total().Metric(2)
	if v.N != 1 || v.Sum != 199_000 {
		t.Fatalf("first response n=%d sum=%d ms, want 1 and 199000", v.N, v.Sum)
	}
	// A day later nothing but the conversation's residue is left, and the counts stand.
	r.tick(t0 + 10*24*3600_000)
	if v := r.total().Metric(2); v.N != 1 || v.Sum != 199_000 {
		t.Fatalf("after ten days: n=%d sum=%d ms", v.N, v.Sum)
	}
}

func TestLateReplyRetracts(t *testing.T) {
	r := newRig(t, testPolicy())
	r.tick(t0)
	r.event(message(t0+1000, "a", event.Inbound))
	r.tick(t0 + 300_000)
	r.event(message(t0+90_000, "a", event.Outbound)) // sent in time, arrived late
	if b, x := r.signals(event.SignalBreach), r.signals(event.SignalRetracted); b != 1 || x != 1 {
		t.Fatalf("%d breaches and %d retractions, want 1 and 1", b, x)
	}
}

func (r *rig) signals(k event.SignalKind) int {
	n := 0
	for _, o := range r.outs {
		if s, ok := o.Record.Body.(event.Signal); ok && s.Kind == k && s.Clock == "first_response" {
			n++
		}
	}
	return n
}
