package fold

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/agent"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// sums adds a metric up in each group of a family, over all panes, in seconds.
func (r *rig) sums(f window.Family, m window.Metric) map[window.Group]int64 {
	r.t.Helper()
	out := map[window.Group]int64{}
	for key, h := range r.mem {
		if !strings.HasPrefix(key, "p:"+string(f)+":") {
			continue
		}
		for field, b := range h {
			_, g, _ := window.ParseField(field)
			var c window.Cell
			if err := c.MergeEncoded(b); err != nil {
				r.t.Fatal(err)
			}
			if sum := c.Metric(m).Sum; sum != 0 {
				out[g] += sum / 1000
			}
		}
	}
	return out
}

func presence(at int64, name string, available bool, team string) *event.Event {
	serial++
	return &event.Event{ID: fmt.Sprint("p", serial), Tenant: "t", Source: event.Source{Connector: "http"}, At: at, ReceivedAt: at, Actor: event.ByAgent, ActorID: name, Channel: event.Voice,
		Routing: event.Routing{Team: team}, Body: event.Presence{Agent: name, Available: available}}
}

func phase(at int64, conv, who string, p event.CallPhase) *event.Event {
	e := message(at, conv, event.Inbound)
	e.Channel, e.Actor, e.Routing = event.Voice, event.BySystem, event.Routing{Queue: "sales", Agent: who}
	e.Body = event.Call{ID: conv, Phase: p, Wait: event.NotReported, Ring: event.NotReported, Talk: event.NotReported, Hold: event.NotReported, Wrap: event.NotReported}
	return e
}

// now lists the agents that readers see.
func (r *rig) now() map[string]agent.Now {
	r.t.Helper()
	out := map[string]agent.Now{}
	for name, b := range r.mem["o:t"] {
		n, err := agent.DecodeNow(b)
		if err != nil {
			r.t.Fatal(err)
		}
		out[name] = n
	}
	return out
}

// An agent has a call and a chat at once, then waits, then pauses: conversations and presences, told by two kinds of subjects of stage 1, meet in the agent of stage 2.
func TestTimeOfAgents(t *testing.T) {
	spec := testPolicy()
	spec.Agents, spec.AgentCells = true, true
	c := newCouple(t, spec)
	const from = t0 / minute * minute
	red, zoe := func(n int64) map[window.Group]int64 { return map[window.Group]int64{{Team: "red", Agent: "zoe"}: n} }, "zoe"
	want := func(busy, worked, idle map[window.Group]int64) {
		t.Helper()
		for m, want := range map[window.Metric]map[window.Group]int64{500: busy, 501: worked, 502: idle} {
			if diff := cmp.Diff(want, c.second.sums(window.Work, m)); diff != "" {
				t.Errorf("metric %d (-want +got):\n%s", m, diff)
			}
		}
	}
	shown := func(want map[string]agent.Now) {
		t.Helper()
		if diff := cmp.Diff(want, c.second.now()); diff != "" {
			t.Errorf("shown (-want +got):\n%s", diff)
		}
	}
	c.until(from)
	c.do(presence(from, zoe, true, "red"))
	shown(map[string]agent.Now{zoe: {Team: "red", Available: true}})
	c.do(phase(from+minute, "v", "", event.PhaseQueued), phase(from+minute, "v", zoe, event.PhaseAnswered))
	ask, answer := message(from, "w", event.Inbound), message(from+2*minute, "w", event.Outbound)
	answer.Routing.Agent = zoe
	c.do(ask, answer)
	c.until(from + 3*minute)
	shown(map[string]agent.Now{zoe: {Team: "red", Available: true, Contacts: 2}})
	want(red(120), red(180), red(60))
	done := message(from+4*minute, "w", event.Outbound)
	done.Actor, done.Body = event.BySystem, event.ConversationState{State: event.StatusResolved}
	c.do(phase(from+4*minute, "v", "", event.PhaseEnded), done)
	c.until(from + 6*minute)
	want(red(180), red(300), red(180))
	c.do(presence(from+6*minute, zoe, false, ""))
	c.until(from + 20*minute)
	want(red(180), red(300), red(180))
	shown(map[string]agent.Now{zoe: {Team: "red"}})
	if n := c.second.cells(window.Work, 503)[window.Group{Team: "red", Agent: zoe}]; n != 0 {
		t.Errorf("%d contacts of team red taken, want those of no team: none was told with them", n)
	}
	if n := c.second.cells(window.Work, 503)[window.Group{Agent: zoe}]; n != 2 {
		t.Errorf("%d contacts taken, want 2", n)
	}
	// The chat was spam, and the wrap-up of the call is told late.
	spam := message(from+10*minute, "w", event.Outbound)
	spam.Actor, spam.Body = event.BySystem, event.ConversationState{State: event.StatusSpam}
	c.do(spam, phase(from+5*minute, "v", "", event.PhaseWrapUpEnded))
	want(red(240), red(240), red(120))
	if n := c.second.cells(window.Work, 503)[window.Group{Agent: zoe}]; n != 1 {
		t.Errorf("%d contacts taken, want 1", n)
	}
	// A repeat is one, and panes move up without the numbers.
	again := presence(from+6*minute, zoe, true, "blue")
	again.ID = fmt.Sprint("p", serial-1)
	c.until(from + 5*60*minute)
	want(red(240), red(240), red(120))
	// Two days after, nothing is shown; in the end nothing is kept.
	c.until(from + 30*60*minute)
	shown(map[string]agent.Now{})
	c.until(from + 80*24*60*minute)
	c.until(from + 81*24*60*minute)
	for key := range c.second.mem["s"] {
		if event.IsAgentKey(key) {
			t.Errorf("%s is still kept", key)
		}
	}
}

// A tenant who does not ask for it pays for nothing: nothing is told, nothing is kept.
func TestAgentsOff(t *testing.T) {
	c := newCouple(t, testPolicy())
	c.until(t0)
	answer := message(t0+minute, "w", event.Outbound)
	answer.Routing.Agent = "zoe"
	c.do(presence(t0, "zoe", true, ""), message(t0, "w", event.Inbound), answer)
	c.until(t0 + 5*minute)
	for _, o := range c.outs {
		if _, ok := o.Record.Body.(event.AgentFact); ok {
			t.Errorf("told: %+v", o.Record.Body)
		}
	}
	if got := c.second.sums(window.Work, 500); len(got) != 0 || len(c.second.mem["o:t"]) != 0 {
		t.Errorf("counted %v, shown %v", got, c.second.mem["o:t"])
	}
}

// Switched off, what was counted stays and nobody is shown; switched on again, nothing is counted twice. Without agent cells nobody's name is in the panes.
func TestAgentsSwitched(t *testing.T) {
	spec := testPolicy()
	spec.Agents = true
	c := newCouple(t, spec)
	const from = t0 / minute * minute
	apply := func(on bool, serial int64) {
		t.Helper()
		spec.Agents = on
		p, err := sla.CompilePolicy(spec, serial)
		if err != nil {
			t.Fatal(err)
		}
		c.add(PolicyRecord(p, false), "")
		c.second.add(PolicyRecord(p, false), "")
	}
	c.until(from)
	c.do(phase(from, "v", "", event.PhaseQueued), phase(from, "v", "zoe", event.PhaseAnswered), presence(from, "bob", true, "red"))
	c.until(from + 3*minute)
	want := func(m window.Metric, want map[window.Group]int64) {
		t.Helper()
		if diff := cmp.Diff(want, c.second.sums(window.Work, m)); diff != "" {
			t.Errorf("metric %d (-want +got):\n%s", m, diff)
		}
	}
	want(500, map[window.Group]int64{{}: 180})
	want(502, map[window.Group]int64{{Team: "red"}: 180})
	apply(false, 2)
	c.until(from + 10*minute)
	if n := len(c.second.now()); n != 0 {
		t.Errorf("%d agents are shown", n)
	}
	c.do(phase(from+10*minute, "v", "", event.PhaseHoldStarted))
	apply(true, 3)
	c.do(phase(from+11*minute, "v", "", event.PhaseHoldEnded))
	c.until(from + 13*minute)
	want(500, map[window.Group]int64{{}: 180 + 3*60}) // the look at ten minutes found it off
	want(502, map[window.Group]int64{{Team: "red"}: 180})
}

// TestAgentsInAnyOrder: through both stages, events in any order and ticks anywhere leave the same time of agents.
func TestAgentsInAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		spec := testPolicy()
		spec.EpisodeGap, spec.Stale, spec.Agents, spec.AgentCells = "1h", map[string]string{"web_chat": "2h", "voice": "1h", "whatsapp": "2h"}, true, true
		events := script(rt)
		for _, e := range events {
			if e.Actor == event.BySystem || e.Channel == event.Voice {
				e.Routing.Agent = rapid.SampledFrom([]string{"", "zoe", "bob"}).Draw(rt, "agent")
			}
			e.Routing.Team = rapid.SampledFrom([]string{"", "red"}).Draw(rt, "team")
		}
		for range rapid.IntRange(0, 6).Draw(rt, "presences") {
			events = append(events, presence(t0+rapid.Int64Range(0, 7200).Draw(rt, "at")*1000, rapid.SampledFrom([]string{"zoe", "bob"}).Draw(rt, "who"), rapid.Bool().Draw(rt, "available"),
				rapid.SampledFrom([]string{"", "blue"}).Draw(rt, "of")))
		}
		plain, mixed := newCouple(t, spec), newCouple(t, spec)
		plain.do(events...)
		plain.until(t0 + 20*3600_000)
		now := int64(t0)
		for _, e := range rapid.Permutation(events).Draw(rt, "order") {
			mixed.do(e)
			if rapid.Bool().Draw(rt, "tick") {
				now += int64(rapid.IntRange(1, 3600_000).Draw(rt, "passes"))
				mixed.until(min(now, t0+19*3600_000))
			}
		}
		mixed.until(t0 + 20*3600_000)
		work := func(c *couple) string {
			var out []string
			for l := range strings.Lines(c.second.summary()) {
				if strings.HasPrefix(l, "w") || strings.HasPrefix(l, "open") {
					out = append(out, l)
				}
			}
			return strings.Join(out, "")
		}
		if a, b := work(plain), work(mixed); a != b {
			rt.Fatalf("in order:\n%s\nmixed:\n%s", a, b)
		}
	})
}
