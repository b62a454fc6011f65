package agent_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/agent"
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/pack"
	"github.com/vigia-cx/vigia/internal/window"
)

const (
	second = int64(1000)
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour
	t0     = int64(1_790_000_040_000) // the begin of a minute
)

type faults interface {
	Helper()
	Fatalf(string, ...any)
	Errorf(string, ...any)
}

// office keeps what one agent has counted, and checks each step.
type office struct {
	faults
	state   *agent.State
	now     int64
	counted map[convo.Moment]int
}

func open(t faults) *office {
	return &office{faults: t, now: t0, counted: map[convo.Moment]int{}}
}

func (o *office) change(do func(s *agent.State) agent.Change) {
	o.Helper()
	twin, err := agent.Decode(o.state.Encode())
	if err != nil {
		o.Fatalf("a state does not survive: %v", err)
	}
	c, again := do(o.state), do(twin)
	if diff := cmp.Diff(c, again); diff != "" {
		o.Fatalf("a state that was stored changes differently (-in memory +stored):\n%s", diff)
	}
	for _, m := range c.New {
		o.counted[m]++
	}
	for _, m := range c.Gone {
		if o.counted[m]--; o.counted[m] == 0 {
			delete(o.counted, m)
		}
	}
	for m, n := range o.counted {
		if n != 1 && m.Kind != convo.Taken || n < 1 {
			o.Fatalf("%s counts %d times", show(m), n)
		}
	}
	if o.state.Wake = c.Wake; c.Forget {
		o.state = nil
	}
}

func (o *office) tick(at int64) {
	o.Helper()
	if o.now = max(o.now, at); o.state != nil && o.state.Wake <= o.now {
		o.change(func(s *agent.State) agent.Change { return s.Tick(o.now) })
	}
}

func (o *office) fact(f event.AgentFact) {
	o.Helper()
	if o.state == nil {
		o.state = agent.New("acme", "zoe", o.now)
	}
	o.change(func(s *agent.State) agent.Change { c, _ := s.Apply(f, o.now); return c })
}

// contact is told with stints "from–to team", in minutes since t0; without an end it goes on.
func (o *office) contact(subject string, revision uint64, stints ...string) {
	o.Helper()
	f := event.AgentFact{Tenant: "acme", Agent: "zoe", Subject: subject, Revision: revision}
	for _, s := range stints {
		var from, to float64
		span, team, _ := strings.Cut(s, " ")
		begin, end, _ := strings.Cut(span, "–")
		fmt.Sscan(begin, &from)
		x := event.Stint{From: t0 + int64(from*float64(minute)), Team: team}
		if fmt.Sscan(end, &to); end != "" {
			x.To = t0 + int64(to*float64(minute))
		}
		f.Stints = append(f.Stints, x)
	}
	o.fact(f)
}

func (o *office) presence(id string, at float64, available bool, team string) {
	o.Helper()
	o.fact(event.AgentFact{Tenant: "acme", Agent: "zoe", Subject: id, Presence: &event.Availability{At: t0 + int64(at*float64(minute)), Available: available, Team: team}})
}

func show(m convo.Moment) string {
	what := map[convo.MomentKind]string{convo.Busy: "busy", convo.Worked: "worked", convo.Idle: "idle", convo.Taken: "taken"}[m.Kind]
	return fmt.Sprintf("%gm %s %gs %s", float64(m.At-t0)/float64(minute), what, float64(m.Value)/1000, m.Group.Team)
}

func groupOf(team string) window.Group { return window.Group{Team: team, Agent: "zoe"} }

func (o *office) want(want string) {
	o.Helper()
	var got []string
	for m := range o.counted {
		got = append(got, strings.TrimSpace(show(m)))
	}
	var lines []string
	for l := range strings.Lines(want) {
		if l = strings.Join(strings.Fields(l), " "); l != "" {
			lines = append(lines, l)
		}
	}
	slices.Sort(got)
	slices.Sort(lines)
	if diff := cmp.Diff(lines, got); diff != "" {
		o.Errorf("(-want +got)\n%s", diff)
	}
}

// Two chats and a call over three minutes: what overlaps is busy once and worked twice; what is neither worked nor paused is idle.
func TestMinutes(t *testing.T) {
	o := open(t)
	o.presence("p1", 0, true, "red")
	o.contact("a", 1, "0.5–")
	o.tick(t0 + minute - 1)
	o.want("0.5m taken 0s")
	o.tick(t0 + minute)
	o.want("0.5m taken 0s\n 0m idle 30s red\n 0m busy 30s red\n 0m worked 30s red")
	o.tick(t0 + 3*minute)
	o.contact("b", 1, "1.5–2.5 blue")
	o.contact("a", 2, "0.5–2")
	o.presence("p2", 2.75, false, "")
	o.want(`
		0.5m taken 0s
		0m idle 30s red
		0m busy 30s red
		0m worked 30s red
		1m busy 60s blue
		1m worked 90s blue
		1.5m taken 0s blue
		2m busy 30s blue
		2m worked 30s blue
		2m idle 15s blue
	`)
	// Spam was no work.
	o.contact("b", 2)
	o.tick(t0 + 10*minute)
	o.want("0.5m taken 0s\n 0m idle 30s red\n 0m busy 30s red\n 0m worked 30s red\n 1m busy 60s red\n 1m worked 60s red\n 2m idle 45s red")
	// A repeat, and what was said before, change nothing.
	o.contact("b", 1, "1.5–2.5 blue")
	o.contact("b", 2, "1.5–2.5 blue")
	o.want("0.5m taken 0s\n 0m idle 30s red\n 0m busy 30s red\n 0m worked 30s red\n 1m busy 60s red\n 1m worked 60s red\n 2m idle 45s red")
}

// Who is there, and with how many contacts.
func TestNow(t *testing.T) {
	o := open(t)
	want := func(at float64, want string) {
		t.Helper()
		now, ok := o.state.Now(t0 + int64(at*float64(minute)))
		if got := fmt.Sprintf("%v %s %v %d", ok, now.Team, now.Available, now.Contacts); got != want {
			t.Errorf("at %gm: %s, want %s", at, got, want)
		}
	}
	o.contact("a", 1, "1–5 red")
	want(0.9, "false  false 0")
	want(1, "true red false 1")
	want(5, "false red false 0")
	o.presence("p", 4, true, "blue")
	o.contact("b", 1, "4–")
	want(4, "true blue true 2")
	want(5, "true blue true 1")
	o.presence("q", 6, false, "")
	want(7, "true blue false 1")
	o.contact("b", 2, "4–8")
	want(9, "true blue false 0")
	want(6+24*60, "false blue false 0")
	b := agent.Now{Team: "red", Available: true, Contacts: 3}
	if got, err := agent.DecodeNow(b.Encode()); err != nil || got != b {
		t.Errorf("%+v, %v", got, err)
	}
}

// Nobody logs off after a power cut: a presence, and a contact that is never ended, stop counting after a day; then the agent is forgotten.
func TestForgotten(t *testing.T) {
	o := open(t)
	o.presence("p", 0, true, "red")
	o.contact("a", 1, "60–")
	for h := range int64(60) {
		o.tick(t0 + h*hour)
	}
	var idle, busy int64
	for m := range o.counted {
		switch m.Kind {
		case convo.Idle:
			idle += m.Value
		case convo.Busy:
			busy += m.Value
		}
	}
	if idle != hour || busy != day {
		t.Errorf("idle %d min, busy %d min; want 60 and 1440", idle/minute, busy/minute)
	}
	o.tick(t0 + 5*day)
	if n := len(o.state.Encode()); n > 80 {
		t.Errorf("%d bytes are left of an agent who left", n)
	}
	if o.state.Wake < t0+30*day {
		t.Errorf("an agent who left is looked at again after %d h", (o.state.Wake-t0)/hour)
	}
	// The team is known for longer, so that Monday's first minutes belong to it.
	o.presence("q", 5*24*60, true, "")
	o.tick(t0 + 5*day + minute)
	if o.counted[convo.Moment{Kind: convo.Idle, At: t0 + 5*day, Value: minute, Group: groupOf("red")}] != 1 {
		t.Error("the team is forgotten")
	}
	o.presence("r", 5*24*60+1, false, "")
	o.tick(t0 + 60*day)
	o.tick(t0 + 61*day)
	if o.state != nil {
		t.Errorf("still known: %+v", o.state)
	}
}

// What is older than two days is final, whatever is told: neither spam nor a late presence change it.
func TestFinal(t *testing.T) {
	o := open(t)
	o.contact("a", 1, "0–1 red")
	o.tick(t0 + day)
	o.contact("long", 1, "1–2 red", "4000–4001 red")
	o.tick(t0 + 2*day + 10*minute)
	was := len(o.counted)
	o.contact("a", 2)
	o.contact("new", 1, "3–4 red")
	o.presence("p", 5, true, "")
	if len(o.counted) != was {
		t.Errorf("%d moments, want %d", len(o.counted), was)
	}
	// A contact whose begin is final is not taken again when the rest of it moves.
	o.contact("long", 2, "4000–4002 red")
	o.tick(t0 + 3*day)
	n := 0
	for m := range o.counted {
		if m.Kind == convo.Taken {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d taken, want 2", n)
	}
}

// A tenant who does not want agents to be followed any longer keeps what was counted, and nothing is counted twice if it changes its mind.
func TestRest(t *testing.T) {
	o := open(t)
	o.presence("p", 0, true, "red")
	o.contact("a", 1, "0–")
	o.tick(t0 + 3*minute)
	was := len(o.counted)
	o.now = t0 + 5*minute
	o.change(func(s *agent.State) agent.Change { return s.Rest(o.now) })
	o.tick(t0 + 10*minute)
	o.contact("a", 2, "0–5.5")
	o.presence("p", 0, true, "red")
	o.tick(t0 + 11*minute)
	if n := len(o.counted); n != was+2 { // busy and worked of the half minute after
		t.Errorf("%d moments, want %d", n, was+2)
	}
}

// Before the first tick of a log it is 1970, and facts may be of whenever: what is counted with the first tick takes no longer for it.
func TestBeforeTheFirstTick(t *testing.T) {
	o := &office{faults: t, counted: map[convo.Moment]int{}}
	o.contact("old", 1, "-9000000–-8999999")
	o.contact("a", 1, "0–1")
	o.presence("p", 1, true, "")
	o.tick(t0 + 2*minute)
	o.want("-9e+06m taken 0s\n -9e+06m busy 60s\n -9e+06m worked 60s\n 0m taken 0s\n 0m busy 60s\n 0m worked 60s\n 1m idle 60s")
}

func TestBounded(t *testing.T) {
	o := &office{faults: t, now: t0, counted: map[convo.Moment]int{}, state: agent.New("acme", "zoe", t0)}
	for i := range 5000 {
		o.state.Apply(event.AgentFact{Subject: fmt.Sprint("c", i), Revision: 1, Stints: []event.Stint{{From: t0, To: t0 + minute, Team: "red"}}}, t0)
		o.state.Apply(event.AgentFact{Subject: fmt.Sprint("p", i), Presence: &event.Availability{At: t0 + int64(i), Available: true}}, t0)
	}
	if n := len(o.state.Encode()); n > 80_000 {
		t.Errorf("%d bytes", n)
	}
}

// FuzzDecode: a damaged state is an error that says so, never a panic.
func FuzzDecode(f *testing.F) {
	o := open(f)
	o.presence("p", 0, true, "red")
	o.contact("a", 1, "0–", "7–9 blue")
	f.Add(o.state.Encode())
	o.contact("a", 2)
	f.Add(o.state.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = agent.DecodeNow(b)
		s, err := agent.Decode(b)
		if err != nil {
			if err != pack.ErrDamaged {
				t.Fatalf("error %v, want ErrDamaged", err)
			}
			return
		}
		again, err := agent.Decode(s.Encode())
		if err != nil || !bytes.Equal(again.Encode(), s.Encode()) {
			t.Fatalf("a decoded state does not survive: %v", err)
		}
	})
}

func draw(rt *rapid.T) []event.AgentFact {
	var out []event.AgentFact
	times := rapid.Int64Range(0, 12*20)
	for c := range rapid.IntRange(0, 4).Draw(rt, "contacts") {
		for r := range rapid.IntRange(1, 3).Draw(rt, "revisions") {
			f := event.AgentFact{Tenant: "acme", Agent: "zoe", Subject: fmt.Sprint("c", c), Revision: uint64(r) + 1, Continued: c == 3}
			at := times.Draw(rt, "begin")
			for range rapid.IntRange(0, 3).Draw(rt, "stints") {
				x := event.Stint{From: t0 + at*5*second, Team: rapid.SampledFrom([]string{"", "red", "blue"}).Draw(rt, "team")}
				at += rapid.Int64Range(0, 60).Draw(rt, "lasts")
				x.To = t0 + at*5*second
				if rapid.IntRange(0, 5).Draw(rt, "open") == 0 {
					x.To = 0
				}
				f.Stints = append(f.Stints, x)
				at += rapid.Int64Range(0, 20).Draw(rt, "pause")
			}
			out = append(out, f)
		}
	}
	for p := range rapid.IntRange(0, 5).Draw(rt, "presences") {
		out = append(out, event.AgentFact{Subject: fmt.Sprint("p", p), Presence: &event.Availability{
			At: t0 + times.Draw(rt, "at")*5*second, Available: rapid.Bool().Draw(rt, "available"), Team: rapid.SampledFrom([]string{"", "", "green"}).Draw(rt, "team"),
		}})
	}
	return out
}

// TestAgainstSteps: told in any order, repeated, with ticks anywhere between, the agent counts what stepping through the day in steps of five seconds gives.
func TestAgainstSteps(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		facts := draw(rt)
		o := open(rt)
		for _, f := range rapid.Permutation(facts).Draw(rt, "order") {
			o.tick(o.now + rapid.SampledFrom([]int64{0, 0, second, 50 * second, 5 * minute}).Draw(rt, "passes"))
			o.fact(f)
			if rapid.Bool().Draw(rt, "again") {
				o.fact(f)
			}
		}
		o.tick(t0 + 30*minute)
		if len(facts) == 0 {
			return
		}
		o.tick(o.now + minute) // the last look may be of the minute before
		want := steps(facts, o.now)
		if diff := cmp.Diff(want, o.counted); diff != "" {
			rt.Fatalf("(-want +got)\n%s", diff)
		}
	})
}

// steps computes what counts up to t the plain way.
func steps(facts []event.AgentFact, t int64) map[convo.Moment]int {
	newest := map[string]event.AgentFact{}
	var presences []event.AgentFact
	for _, f := range facts {
		if f.Presence != nil {
			presences = append(presences, f)
		} else if old, ok := newest[f.Subject]; !ok || old.Revision < f.Revision {
			newest[f.Subject] = f
		}
	}
	// last returns the presence in force at an instant.
	last := func(at int64) (p *event.AgentFact) {
		for i := range presences {
			if x := &presences[i]; x.Presence.At <= at && (p == nil || x.Presence.At > p.Presence.At || x.Presence.At == p.Presence.At && hash(x.Subject) > hash(p.Subject)) {
				p = x
			}
		}
		return p
	}
	team := func(before int64) string {
		best, at := "", int64(-1)
		rank := 0
		tell := func(x string, when int64, r int) {
			if x != "" && when < before && (when > at || when == at && (r > rank || r == rank && x > best)) {
				best, at, rank = x, when, r
			}
		}
		for _, f := range newest {
			for _, s := range f.Stints {
				tell(s.Team, s.From, 1)
			}
		}
		for _, p := range presences {
			tell(p.Presence.Team, p.Presence.At, 2)
		}
		return best
	}
	out := map[convo.Moment]int{}
	for _, f := range newest {
		if len(f.Stints) > 0 && !f.Continued {
			out[convo.Moment{Kind: convo.Taken, At: f.Stints[0].From, Group: groupOf(f.Stints[0].Team)}]++
		}
	}
	for m := t0; m+minute <= t; m += minute {
		var busy, worked, idle int64
		for at := m; at < m+minute; at += 5 * second {
			n := int64(0)
			for _, f := range newest {
				for _, s := range f.Stints {
					if s.From <= at && (s.To == 0 || at < s.To) {
						n++
					}
				}
			}
			worked += n * 5 * second
			if n > 0 {
				busy += 5 * second
			} else if p := last(at); p != nil && p.Presence.Available {
				idle += 5 * second
			}
		}
		for _, x := range []convo.Moment{{Kind: convo.Busy, Value: busy}, {Kind: convo.Worked, Value: worked}, {Kind: convo.Idle, Value: idle}} {
			if x.Value > 0 {
				x.At, x.Group = m, groupOf(team(m+minute))
				out[x]++
			}
		}
	}
	return out
}

func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// A stint of no length that is still to come counts no minute, but tells the team: the agent is looked at then.
func TestStintToCome(t *testing.T) {
	const now, begin = 1_000_000_000, 1_000_005_000
	s := agent.New("t", "zoe", now)
	c, _ := s.Apply(event.AgentFact{Tenant: "t", Agent: "zoe", Subject: "v#1", Revision: 1, Stints: []event.Stint{{From: begin, To: begin, Team: "red"}}}, now)
	if c.Wake != begin {
		t.Errorf("is looked at %d ms after it begins", c.Wake-begin)
	}
}

// An agent of whom nothing was told for a day is no longer shown from then on, not a millisecond later.
func TestNoLongerShown(t *testing.T) {
	s := agent.New("t", "zoe", t0)
	c, _ := s.Apply(event.AgentFact{Tenant: "t", Agent: "zoe", Subject: "p", Presence: &event.Availability{At: t0, Available: false}}, t0)
	if c.Wake != t0+day {
		t.Errorf("is looked at %d ms after that", c.Wake-t0-day)
	}
}
