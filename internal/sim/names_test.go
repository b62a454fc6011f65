package sim_test

import (
	"fmt"
	"maps"
	"runtime"
	"strings"
	"testing"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/sim"
	"github.com/vigia-cx/vigia/internal/sla"
)

// shelf is a state that keeps everything but what is there once a conversation, which is not what this test is about.
type shelf map[string]map[string][]byte

func (s shelf) load(refs []fold.Ref) ([]fold.Value, error) {
	out := make([]fold.Value, len(refs))
	for i, r := range refs {
		h := s[r.Key]
		if r.Field == "" {
			out[i] = fold.Value{Fields: maps.Clone(h), Found: len(h) > 0}
		} else if b, ok := h[r.Field]; ok {
			out[i] = fold.Value{Blob: b, Found: true}
		}
	}
	return out, nil
}

func (s shelf) put(c fold.Commit) {
	for _, w := range c.Writes {
		switch {
		case w.Key == "s" || strings.HasPrefix(w.Key, "o:") || strings.HasPrefix(w.Key, "a:"):
		case w.Field == "":
			delete(s, w.Key)
		case w.Value == nil:
			delete(s[w.Key], w.Field)
		default:
			if s[w.Key] == nil {
				s[w.Key] = map[string][]byte{}
			}
			s[w.Key][w.Field] = w.Value
		}
	}
}

// TestAMillionNames folds a million conversations, each with a queue, a team and an agent of its own: the state that readers see and the fold's memory stay small.
func TestAMillionNames(t *testing.T) {
	names := 1_000_000
	if testing.Short() {
		names = 100_000
	}
	spec := sim.Policy("shop", "UTC")
	spec.AgentCells = true
	policy, err := sla.CompilePolicy(spec, 1)
	if err != nil {
		t.Fatal(err)
	}
	state := shelf{}
	slot := fold.New(fold.Config{
		Stage: fold.Conversations, Topic: "i", Route: func(string, int32) int32 { return 0 },
		CustomersTopic: "c", SignalsTopic: "s", DeadLettersTopic: "d", Customers: 1, Signals: 1, DeadLetters: 1,
	}, state.load, fold.Position{}, fold.Start{Fresh: true, RestateAt: -1})
	const memory = 32 << 20
	offset := int64(0)
	add := func(body event.RecordBody, key string) {
		for {
			done, err := slot.Apply(fold.Input{Offset: offset, Key: key, Record: event.Record{Body: body}})
			if err != nil {
				t.Fatal(err)
			}
			if done {
				break
			}
		}
		if offset++; offset%2000 == 0 {
			state.put(slot.Commit())
			slot.Committed(memory)
		}
	}
	at := int64(1_800_000_000_000)
	add(fold.PolicyRecord(policy, false), "")
	add(event.Tick{At: at}, "")
	for n := range names {
		name := fmt.Sprint(n)
		e := &event.Event{
			ID: name, Tenant: "shop", Source: event.Source{Connector: "http"}, At: at + int64(n/1000), Conversation: name, Customer: "ana", Actor: event.ByCustomer, Channel: event.WebChat,
			Routing: event.Routing{Queue: "q" + name, Team: "t" + name, Agent: "a" + name}, Body: event.Message{ID: name, Direction: event.Inbound},
		}
		add(e, e.Key())
	}
	state.put(slot.Commit())
	slot.Committed(memory)
	used := heap()
	fields := 0
	for key, h := range state {
		fields += len(h)
		if n := len(h); n > 10_000 {
			t.Errorf("%s has %d fields", key, n)
		}
	}
	t.Logf("%d names: %d fields in the state, %d MiB in use", names, fields, used>>20)
	if used > 5*memory { // the fold's own estimate is a rough one
		t.Errorf("%d MiB in use after %d names", used>>20, names)
	}
	if n := slot.Counters()["applied"]; n != int64(names) {
		t.Errorf("%d events applied", n)
	}
	runtime.KeepAlive(state)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
