package fold

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// TestOrderDoesNotMatter folds the same events in time order with few ticks, and in any order with ticks anywhere. Within the horizon the final numbers, the
// conversations that are open and the breaches that stand must be the same.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		spec := testPolicy()
		spec.EpisodeGap, spec.Stale = "1h", map[string]string{"web_chat": "2h", "voice": "1h", "whatsapp": "2h"}
		events := script(rt)
		plain := newRig(t, spec)
		for _, e := range events {
			plain.event(e)
		}
		plain.tick(t0 + 20*3600_000)

		mixed := newRig(t, spec)
		order := rapid.Permutation(events).Draw(rt, "order")
		now := int64(t0)
		for i, e := range order {
			mixed.event(e)
			if rapid.IntRange(0, 3).Draw(rt, "again") == 0 {
				mixed.event(order[rapid.IntRange(0, i).Draw(rt, "repeat")])
			}
			if rapid.Bool().Draw(rt, "tick") {
				now += int64(rapid.IntRange(1, 3600_000).Draw(rt, "passes"))
				mixed.tick(min(now, t0+19*3600_000))
			}
		}
		mixed.tick(t0 + 20*3600_000)
		if a, b := plain.summary(), mixed.summary(); a != b {
			rt.Fatalf("in order:\n%s\nmixed:\n%s", a, b)
		}
	})
}

// summary is what must not depend on order: the sum of all panes by group and instant, open conversations, standing breaches.
func (r *rig) summary() string {
	r.t.Helper()
	cells := map[string]*window.Cell{}
	for key, h := range r.mem {
		if !strings.HasPrefix(key, "p:") {
			continue
		}
		part := strings.Split(key, ":")
		for field, b := range h {
			pane, g, _ := window.ParseField(field)
			// Panes by their 15 minutes: where ticks stood decides what is still fine.
			var start, tier int64
			fmt.Sscan(part[3], &start)
			fmt.Sscan(part[2], &tier)
			at := start
			if tier == 1 {
				at = start*96 + int64(pane)
			}
			name := fmt.Sprint(part[1], at, g)
			if cells[name] == nil {
				cells[name] = &window.Cell{}
			}
			if err := cells[name].MergeEncoded(b); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	var out bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(cells)) {
		if !cells[name].Empty() {
			fmt.Fprintf(&out, "%s %x\n", name, cells[name].Encode())
		}
	}
	for key, h := range r.mem {
		if strings.HasPrefix(key, "o:") {
			for _, id := range slices.Sorted(maps.Keys(h)) {
				fmt.Fprintf(&out, "open %s %x\n", id, h[id])
			}
		}
	}
	standing := map[string]string{}
	for _, o := range r.outs {
		if s, ok := o.Record.Body.(event.Signal); ok {
			name := s.Conversation + s.Clock + s.Instance
			switch s.Kind {
			case event.SignalBreach, event.SignalSettled:
				standing[name] = fmt.Sprint("breach due ", s.DueAt, " over ", s.FulfilledAt != 0)
			case event.SignalRetracted:
				delete(standing, name)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(standing)) {
		fmt.Fprintln(&out, name, standing[name])
	}
	return out.String()
}

// script draws the events of a few conversations, with times that often coincide.
func script(rt *rapid.T) []*event.Event {
	var out []*event.Event
	for c := range rapid.IntRange(1, 3).Draw(rt, "conversations") {
		ch := rapid.SampledFrom([]event.Channel{event.WebChat, event.WhatsApp, event.Voice}).Draw(rt, "channel")
		at := int64(t0)
		for range rapid.IntRange(1, 12).Draw(rt, "events") {
			at += int64(rapid.SampledFrom([]int{0, 1000, 60_000, 120_000, 121_000, 300_000, 1800_000, 3600_000, 4000_000}).Draw(rt, "gap"))
			serial++
			e := &event.Event{ID: fmt.Sprint("e", serial), Tenant: "t", Source: event.Source{Connector: "http"}, At: at, ReceivedAt: at, Conversation: fmt.Sprint("c", c),
				Threadless: ch == event.WhatsApp, Customer: rapid.SampledFrom([]string{"", "ana", "bob"}).Draw(rt, "customer"), Channel: ch, Actor: event.ByCustomer,
				Routing: event.Routing{Queue: rapid.SampledFrom([]string{"", "sales", "help"}).Draw(rt, "queue")}}
			if ch == event.Voice {
				e.Body = event.Call{ID: "x", Phase: event.CallPhase(rapid.IntRange(1, int(event.PhaseFlowOut)).Draw(rt, "phase")), Wait: -1, Ring: -1, Talk: -1, Hold: -1, Wrap: -1}
				out = append(out, e)
				continue
			}
			switch rapid.IntRange(0, 9).Draw(rt, "what") {
			case 0, 1, 2:
				m := event.Message{ID: fmt.Sprint("m", serial), Direction: event.Inbound}
				if rapid.Bool().Draw(rt, "scored") {
					m.Sentiment = &event.Sentiment{Polarity: 300_000}
				}
				e.Body = m
			case 3, 4, 5:
				e.Actor, e.ActorID = event.ByAgent, "zoe"
				e.Body = event.Message{ID: fmt.Sprint("m", serial), Direction: event.Outbound}
			case 6:
				e.Actor = event.ByBot
				e.Body = event.Message{ID: fmt.Sprint("m", serial), Direction: event.Outbound}
			case 7:
				e.Actor = event.BySystem
				e.Body = event.Assignment{Cause: rapid.SampledFrom([]event.AssignmentCause{event.CauseRouted, event.CauseBotToHuman, event.CauseHumanToBot}).Draw(rt, "cause"),
					To: event.Routing{Queue: "help"}}
			default:
				e.Actor = event.BySystem
				e.Body = event.ConversationState{State: event.ConversationStatus(rapid.IntRange(1, int(event.StatusSpam)).Draw(rt, "state"))}
			}
			out = append(out, e)
		}
	}
	return out
}

// TestBatchesDoNotMatter folds a log one record a commit, and in batches with reloads between: state and outputs must be the same to the byte.
func TestBatchesDoNotMatter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		spec := testPolicy()
		spec.Horizon, spec.EpisodeGap, spec.Agents = map[string]string{"*": "1h"}, "1h", true
		p, err := sla.CompilePolicy(spec, 1)
		if err != nil {
			t.Fatal(err)
		}
		log := []event.RecordBody{PolicyRecord(p, false)}
		now := int64(t0)
		for _, e := range script(rt) {
			log = append(log, e)
			if rapid.Bool().Draw(rt, "tick") {
				now += int64(rapid.SampledFrom([]int{1000, 60_000, 3600_000, 40_000_000, 900_000_000}).Draw(rt, "passes"))
				log = append(log, event.Tick{At: now})
			}
		}
		one := newRig(t, spec)
		for _, b := range log[1:] {
			key := ""
			if e, ok := b.(*event.Event); ok {
				key = e.Key()
			}
			one.add(b, key)
		}
		many := &rig{t: t, mem: Memory{}}
		many.slot = New(testConfig, many.mem.Load, Position{}, Start{Fresh: true, RestateAt: -1})
		for i := 0; i < len(log); {
			key := ""
			if e, ok := log[i].(*event.Event); ok {
				key = e.Key()
			}
			done, err := many.slot.Apply(Input{Offset: int64(i), Key: key, Record: event.Record{Body: log[i]}})
			if err != nil {
				rt.Fatal(err)
			}
			if done {
				i++
			}
			if rapid.IntRange(0, 3).Draw(rt, "cut") == 0 || i == len(log) {
				c := many.slot.Commit()
				many.mem.Apply(c)
				many.outs = append(many.outs, c.Outs...)
				many.slot.Committed(1 << 30)
				if rapid.Bool().Draw(rt, "reload") {
					many.slot = New(testConfig, many.mem.Load, c.To, Start{RestateAt: -1})
				}
			}
		}
		if a, b := one.dump(), many.dump(); a != b {
			rt.Fatalf("one by one:\n%s\nin batches:\n%s", a, b)
		}
	})
}

func (r *rig) dump() string {
	var out strings.Builder
	for _, key := range slices.Sorted(maps.Keys(r.mem)) {
		for _, field := range slices.Sorted(maps.Keys(r.mem[key])) {
			fmt.Fprintf(&out, "%s %q %x\n", key, field, r.mem[key][field])
		}
	}
	for _, o := range r.outs {
		fmt.Fprintf(&out, "out %s/%d %s %x\n", o.Topic, o.Partition, o.Key, event.Encode(o.Record))
	}
	return out.String()
}
