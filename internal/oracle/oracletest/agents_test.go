package oracletest

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vigia-cx/vigia/internal/agent"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/oracle"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/verify"
	"github.com/vigia-cx/vigia/internal/worker"
)

// TestAgentsWhileTheyWork compares logs that end while much goes on, also within a minute, and who is at work then.
func TestAgentsWhileTheyWork(t *testing.T) {
	logs, cells, numbers, shown, undecided, ofAgents := uint64(4), 0, 0, 0, 0, map[oracle.Kind]int{}
	if s, err := strconv.ParseUint(os.Getenv("VIGIA_ORACLE_DAYS"), 10, 64); err == nil {
		logs = s
	}
	from, _ := strconv.ParseUint(os.Getenv("VIGIA_ORACLE_SEED"), 10, 64)
	for seed := from; seed < from+logs; seed++ {
		whole := log(seed, 24, 12*hour, 1, nil)
		for i := 1; i < 4; i++ {
			l := whole[:len(whole)*i/5]
			c := compare(t, l, false)
			if len(c.diffs) > 0 {
				small := smallest(t, l, false, ofAll)
				t.Fatalf("seed %d, part %d: %d differences; the smallest log that shows one:\n%s%s", seed, i, len(c.diffs), script(small), strings.Join(compare(t, small, false).diffs, "\n"))
			}
			p, err := policyIn(l)
			if err != nil {
				t.Fatal(err)
			}
			if i == 3 && seed == 1 {
				numbers += values(t, p, nil, c.mem, c.second, c.world, c.boundary, 5*hour, seed)
			}
			cells += c.cells
			countAgents(ofAgents, c.world)
			if i != 1+int(seed%3) {
				continue
			}
			// While a gap goes on nobody is told of what is broken in it, which the comparison of signals does not know of.
			l = slices.DeleteFunc(slices.Clone(l), func(r oracle.Placed) bool { _, is := r.Body.(event.Gap); return is })
			s := newStack(t, 1+int(seed%2), 0)
			s.play(append(l, oracle.Placed{Body: event.Tick{At: c.boundary + 7*int64(seed%9)*second}}))
			r := s.compare(int(seed), fmt.Sprint("part ", i))
			shown, undecided = shown+r.Compared.Agents, undecided+len(r.Undecided)
		}
	}
	t.Logf("%d cells, %d values, %d times an agent is shown, %d undecided, of agents: %v", cells, numbers, shown, undecided, ofAgents)
}

// TestAgentsSwitchedOff follows an agent who is on the phone and available while agents are switched off and on again: what was counted stays, the time between counts nothing,
// and the call that went on is told as a whole when it ends.
func TestAgentsSwitchedOff(t *testing.T) {
	policy := func(serial int64, agents bool) event.Policy {
		p := sla.DefaultPolicy("t", "America/Bogota")
		p.Agents, p.AgentCells = agents, true
		c, err := sla.CompilePolicy(p, serial)
		if err != nil {
			t.Fatal(err)
		}
		return fold.PolicyRecord(c, false)
	}
	var l []oracle.Placed
	add := func(b event.RecordBody) {
		r := oracle.Placed{Offset: int64(len(l)), Body: b}
		if e, ok := b.(*event.Event); ok {
			e.Tenant, e.ID, e.Source.Connector, e.Actor = "t", fmt.Sprint("e", len(l)), "http", event.ByAgent
			r.Key = e.Key()
		}
		l = append(l, r)
	}
	call := func(at int64, id string, phase event.CallPhase) *event.Event {
		return &event.Event{At: begin + at, Channel: event.Voice, Conversation: id, Routing: event.Routing{Queue: "q", Agent: "ana", Team: "one"},
			Body: event.Call{ID: "x", Wait: -1, Ring: -1, Talk: -1, Hold: -1, Wrap: -1, Phase: phase}}
	}
	ticks := func(from, to int64) {
		for at := from; at < to; at += 10 * second {
			add(event.Tick{At: begin + at})
		}
	}
	add(event.Tick{At: begin})
	add(policy(1, true))
	add(&event.Event{At: begin, Channel: event.Other, Body: event.Presence{Agent: "ana", Available: true}})
	add(call(5*minute/2, "c1", event.PhaseAnswered))
	ticks(0, 5*minute)
	add(policy(2, false))
	ticks(5*minute, 8*minute)
	add(call(7*minute, "c2", event.PhaseAnswered))
	ticks(8*minute, 9*minute)
	add(policy(3, true))
	ticks(9*minute, 10*minute)
	add(call(10*minute, "c1", event.PhaseEnded))
	ticks(10*minute, 13*minute)
	c := compare(t, l, false)
	if len(c.diffs) > 0 {
		t.Fatalf("%d differences:\n%s", len(c.diffs), strings.Join(c.diffs, "\n"))
	}
	got := map[oracle.Kind]int64{}
	for _, m := range c.world.Moments() {
		if m.OfAgents() {
			got[m.Kind] += max(m.Value, 1)
		}
	}
	t.Log(got)
}

// TestAgentKnowsSoMuch tells an agent of more contacts and presences than are known at once, then of more when there is room again.
func TestAgentKnowsSoMuch(t *testing.T) {
	p := sla.DefaultPolicy("t", "America/Bogota")
	p.Agents, p.AgentCells, p.Horizon = true, true, map[string]string{"*": "96h"}
	c, err := sla.CompilePolicy(p, 1)
	if err != nil {
		t.Fatal(err)
	}
	l := []oracle.Placed{{Body: event.Tick{At: begin}}, {Body: fold.PolicyRecord(c, false)}}
	add := func(e event.Event) {
		e.Tenant, e.ID, e.Source.Connector, e.Actor = "t", fmt.Sprint("e", len(l)), "http", event.ByAgent
		l = append(l, oracle.Placed{Key: e.Key(), Body: &e})
	}
	call := func(at int64, n int, phase event.CallPhase) {
		add(event.Event{At: begin + at, Channel: event.Voice, Conversation: fmt.Sprint("c", n), Routing: event.Routing{Queue: "q", Agent: "ana", Team: "one"},
			Body: event.Call{ID: "x", Wait: -1, Ring: -1, Talk: -1, Hold: -1, Wrap: -1, Phase: phase}})
	}
	gone := func(at int64, n int) {
		add(event.Event{At: begin + at, Channel: event.Voice, Conversation: fmt.Sprint("c", n), Body: event.ConversationState{State: event.StatusDeleted}})
	}
	tick := func(at int64) { l = append(l, oracle.Placed{Body: event.Tick{At: begin + at}}) }
	at := int64(0)
	for n := range 2100 {
		call(at, n, event.PhaseAnswered)
		add(event.Event{At: begin + at, Channel: event.Other, Body: event.Presence{Agent: "ana", Available: n%3 > 0}})
		at += 20 * second
		call(at, n, event.PhaseEnded)
		if at += 40 * second; n%100 == 0 {
			tick(at)
		}
	}
	gone(at, 7) // is taken back, and still known
	call(at, 3000, event.PhaseAnswered)
	tick(at + minute)
	at += 16 * hour // the first hundreds are final
	tick(at)
	gone(at, 2060) // never counted
	call(at, 2070, event.PhaseAnswered)
	call(at, 3001, event.PhaseAnswered)
	add(event.Event{At: begin + at, Channel: event.Other, Body: event.Presence{Agent: "ana", Available: true}})
	tick(at + hour)
	call(at+hour, 3001, event.PhaseEnded)
	tick(at + 2*hour)
	for i := range l {
		l[i].Offset = int64(i)
	}
	if c := compare(t, l, false); len(c.diffs) > 0 {
		t.Fatalf("%d differences:\n%s", len(c.diffs), strings.Join(c.diffs[:min(len(c.diffs), 20)], "\n"))
	} else {
		ofAgents := map[oracle.Kind]int{}
		countAgents(ofAgents, c.world)
		if n := ofAgents[oracle.Taken]; n != 2049 {
			t.Errorf("%d taken, want the first 2048 less one that was deleted, and the two that were told when there was room", n)
		}
		t.Logf("of agents: %v", ofAgents)
	}
}

// TestVerifyFindsDamagedAgents damages what is kept of agents: minutes of a pane, and what readers are shown of an agent.
func TestVerifyFindsDamagedAgents(t *testing.T) {
	l := log(1, 60, 12*hour, 1, map[string]bool{"policy": true})
	s := newStack(t, 2, 0)
	s.play(l[:len(l)*3/5]) // in the midst of things
	if r := s.compare(1, "sound"); r.Compared.Agents == 0 || len(r.Undecided) > 0 {
		t.Fatalf("%d agents compared, %d undecided", r.Compared.Agents, len(r.Undecided))
	}
	harm := func(what, prefix string, value func(field string, b []byte) []byte, want verify.Kind, by string) {
		t.Helper()
		for p := range int32(2) {
			mem := s.state[worker.SlotOf(fold.Customers, p)].mem
			for key, fields := range mem {
				if !strings.HasPrefix(key, prefix) {
					continue
				}
				for field, was := range fields {
					next := value(field, was)
					if next != nil {
						fields[field] = next
					} else {
						delete(fields, field)
					}
					r, err := verify.Compare(t.Context(), s, s, s.topics, verify.Options{})
					if err != nil {
						t.Fatal(err)
					}
					if n := len(r.Differences); n != 1 || r.Differences[0].Kind != want || r.Differences[0].Key != key || r.Differences[0].Field != field || by != "" && r.Differences[0].Pane.By != by {
						t.Errorf("%s: %d differences: %+v", what, n, r.Differences)
					}
					fields[field] = was
					return
				}
			}
		}
		t.Errorf("%s: there is none", what)
	}
	gone := func(string, []byte) []byte { return nil }
	harm("minutes that are gone", "p:w:", gone, verify.Pane, "work")
	harm("an agent who is gone", "o:t", gone, verify.Agent, "")
	harm("an agent who does something else", "o:t", func(_ string, b []byte) []byte {
		n, err := agent.DecodeNow(b)
		if err != nil {
			t.Fatal(err)
		}
		n.Available = !n.Available
		return n.Encode()
	}, verify.Agent, "")
	harm("an agent who cannot be read", "o:t", func(string, []byte) []byte { return []byte{1} }, verify.Damaged, "")
	mem := s.state[worker.SlotOf(fold.Customers, 0)].mem
	if mem["o:t"] == nil {
		mem["o:t"] = map[string][]byte{}
	}
	mem["o:t"]["nobody"] = agent.Now{Contacts: 1}.Encode()
	r, err := verify.Compare(t.Context(), s, s, s.topics, verify.Options{})
	if err != nil || len(r.Differences) != 1 || r.Differences[0].Kind != verify.Agent || r.Differences[0].Field != "nobody" {
		t.Errorf("an agent of whom the log does not know: %+v, %v", r.Differences, err)
	}
}
