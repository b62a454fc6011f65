package customer_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
)

// triggered is a shop whose policy has a trigger of each kind that stage 1 looks for, without cooldown.
func triggered(f faults, window string, holdout int) *shop {
	spec := sla.DefaultPolicy("t", "America/Bogota")
	spec.ProactiveWindow = window
	for _, kind := range []sla.TriggerKind{sla.NegativeStreak, sla.GoneSilent, sla.BotLoop, sla.DeadlineAtRisk} {
		t := sla.TriggerSpec{Name: string(kind), Kind: kind, Cooldown: "0s", Holdout: holdout}
		if kind == sla.DeadlineAtRisk {
			t.Holdout = 0
		}
		if kind == sla.GoneSilent {
			t.Span = "30m"
		}
		spec.Triggers = append(spec.Triggers, t)
	}
	p, err := sla.CompilePolicy(spec, 1)
	if err != nil {
		f.Fatalf("%v", err)
	}
	s := open(f)
	s.policy = p
	return s
}

// cue tells that a trigger of a kind found something in a conversation.
func (s *shop) cue(kind sla.TriggerKind, conversation string, at int64) *shop {
	s.Helper()
	s.fact(cueOf(kind, conversation, at))
	return s
}

func cueOf(kind sla.TriggerKind, conversation string, at int64) event.Fact {
	return event.Fact{Cue: &event.Signal{Tenant: "t", Conversation: conversation, Kind: event.SignalTrigger, At: t0 + at, Channel: event.WebChat, Queue: "sales", Team: "north", Agent: "7",
		Trigger: string(kind), TriggerKind: string(kind)}}
}

// asks is a contact in which the customer did something at these instants.
func asks(subject string, revision uint64, active ...int64) event.Fact {
	f := contact(subject, revision, "sales", active...)
	f.Inbound = true
	return f
}

func (s *shop) tell(f event.Fact, change func(*event.Fact)) *shop {
	s.Helper()
	change(&f)
	s.fact(f)
	return s
}

// wantCalled compares what became of triggers: "instant kind group: what".
func (s *shop) wantCalled(want ...string) *shop {
	s.Helper()
	if diff := gocmp.Diff(want, calledOf(s.counted)); diff != "" {
		s.Fatalf("what became of triggers (-want +got):\n%s", diff)
	}
	return s
}

func calledOf(counted map[convo.Moment]int) []string {
	var out []string
	for m, n := range counted {
		if m.Kind != convo.CalledFor {
			continue
		}
		var text strings.Builder
		text.WriteString(fmt.Sprint(time.Duration((m.At-t0)*1e6), " ", sla.TriggerKinds()[m.Class&7], " ", strings.Trim(fmt.Sprint(m.Group), "{}"), ":"))
		for _, b := range []struct {
			bit  uint32
			name string
		}{{convo.CalledForHeldOut, "held out"}, {convo.CalledForTried, "tried"}, {convo.CalledForAsked, "asked"}, {convo.CalledForEngaged, "engaged"}, {convo.CalledForAnswered, "answered"}, {convo.CalledForCleared, "cleared"}} {
			if m.Class&b.bit != 0 {
				text.WriteString(" " + b.name)
			}
		}
		for range n {
			out = append(out, text.String())
		}
	}
	slices.Sort(out)
	return out
}

const minute = hour / 60

// What became of a trigger at one hour, by what its conversation told: the words of people, the customer's, the resolve.
func TestCalledFor(t *testing.T) {
	exchange := func(heard, from, to, back int64) event.Exchange {
		x := event.Exchange{Heard: t0 + heard, From: t0 + from, To: t0 + to, Back: t0 + back}
		if back == 0 {
			x.Back = 0
		}
		return x
	}
	const at = hour
	for name, c := range map[string]struct {
		kind   sla.TriggerKind
		active []int64
		words  []event.Exchange
		change func(*event.Fact)
		want   string
	}{
		"nothing":                       {want: ""},
		"the customer goes on":          {active: []int64{at + minute}, want: " asked"},
		"up to the end":                 {active: []int64{at + 24*hour}, want: " asked"},
		"after it":                      {active: []int64{at + 24*hour + 1}, want: ""},
		"resolved":                      {change: func(f *event.Fact) { f.ResolvedAt = t0 + 2*hour }, want: " cleared"},
		"resolved too late":             {change: func(f *event.Fact) { f.ResolvedAt = t0 + at + 24*hour + 1 }, want: ""},
		"resolved before":               {change: func(f *event.Fact) { f.ResolvedAt = t0 + at }, want: ""},
		"people wrote":                  {words: []event.Exchange{exchange(at, at+minute, at+minute, 0)}, want: " engaged"},
		"wrote before":                  {words: []event.Exchange{exchange(0, at-minute, at, 0)}, want: ""},
		"wrote before and after":        {words: []event.Exchange{exchange(0, at-minute, at+minute, 0)}, want: " engaged"},
		"the customer answered":         {active: []int64{at + 2*minute}, words: []event.Exchange{exchange(at, at+minute, at+minute, at+2*minute)}, want: " engaged answered"},
		"too late":                      {words: []event.Exchange{exchange(at, at+minute, at+minute, at+25*hour)}, want: " engaged"},
		"asked first":                   {active: []int64{at + 9*minute}, words: []event.Exchange{exchange(at+minute, at+2*minute, at+2*minute, at+9*minute)}, want: " asked engaged answered"},
		"answered, and resolved":        {active: []int64{at + 2*minute}, words: []event.Exchange{exchange(at, at+minute, at+minute, at+2*minute)}, change: func(f *event.Fact) { f.ResolvedAt = t0 + at + 3*minute }, want: " engaged answered cleared"},
		"a promise is kept":             {kind: sla.DeadlineAtRisk, words: []event.Exchange{exchange(0, at+10*minute, at+10*minute, 0)}, want: " engaged cleared"},
		"a promise is not kept":         {kind: sla.DeadlineAtRisk, words: []event.Exchange{exchange(0, at+10*minute+1, at+10*minute+1, 0)}, want: " engaged"},
		"they came by themselves":       {kind: sla.GoneSilent, active: []int64{at + minute}, words: []event.Exchange{exchange(0, at-minute, at-minute, at+minute)}, want: " asked"},
		"they came, and we wrote again": {kind: sla.GoneSilent, active: []int64{at + minute}, words: []event.Exchange{exchange(0, at-minute, at-minute, at+minute), exchange(at+minute, at+2*minute, at+2*minute, 0)}, want: " asked engaged"},
	} {
		t.Run(name, func(t *testing.T) {
			kind := c.kind
			if kind == "" {
				kind = sla.NegativeStreak
			}
			f := asks("a#1", 1, append([]int64{0}, c.active...)...)
			f.Exchanges, f.Topic = c.words, "bill"
			if c.change != nil {
				c.change(&f)
			}
			cue := cueOf(kind, "a", at)
			if kind == sla.DeadlineAtRisk {
				cue.Cue.Clock, cue.Cue.DueAt = "first_response", t0+at+10*minute
			}
			s := triggered(t, "24h", 0).tick(at)
			s.fact(cue)
			s.tick(at + hour).fact(f)
			s.tick(at + 24*hour - 1).wantCalled()
			s.tick(at + 24*hour).wantCalled(fmt.Sprint("1h0m0s ", kind, " web_chat sales north  bill:", c.want))
			// It stays when everything is forgotten.
			if s.tick(500 * day); s.state != nil {
				t.Errorf("still known: %+v", s.state)
			}
			s.wantCalled(fmt.Sprint("1h0m0s ", kind, " web_chat sales north  bill:", c.want))
		})
	}
}

// Other contacts of the topic count as asking when they begin within; those begun by us do not, and help in them is help.
func TestCalledForElsewhere(t *testing.T) {
	start := func() *shop {
		s := triggered(t, "2d", 0)
		return s.tell(asks("a#1", 1, 0), func(f *event.Fact) { f.Topic = "bill" }).cue(sla.NegativeStreak, "a", 0)
	}
	told := "0s negative_streak web_chat sales north  bill:"
	start().tell(asks("b#1", 1, hour), func(f *event.Fact) { f.Topic = "bill" }).tick(2 * day).wantCalled(told + " asked")
	start().tell(asks("b#1", 1, hour), func(f *event.Fact) {}).tick(2 * day).wantCalled(told + " asked")
	start().tell(asks("b#1", 1, hour), func(f *event.Fact) { f.Topic = "delivery" }).tick(2 * day).wantCalled(told)
	start().tell(asks("b#1", 1, -hour, hour), func(f *event.Fact) {}).tick(2 * day).wantCalled(told) // it went on before
	start().tell(asks("b#1", 1, 49*hour), func(f *event.Fact) {}).tick(2 * day).wantCalled(told)
	ours := func(f *event.Fact) {
		f.Exchanges = []event.Exchange{{From: t0 + hour, To: t0 + hour, Back: t0 + 2*hour}}
		f.StartedAt = t0 + hour
	}
	s := start().tell(asks("b#1", 1, 2*hour), ours).tick(2 * day).wantCalled(told + " engaged answered")
	// Told later, or taken back, it changes what was counted, as long as that is not final.
	s.tell(asks("c#1", 1, 3*hour), func(*event.Fact) {}).wantCalled(told + " asked engaged answered")
	s.tell(asks("b#1", 2, 2*hour), func(f *event.Fact) { f.Retracted = true }).wantCalled(told + " asked")
	s.tick(9*day+1).tell(asks("c#1", 2, 3*hour), func(f *event.Fact) { f.Retracted = true }).wantCalled(told + " asked")
}

// Who is held out is counted apart; a conversation that is taken back takes its trigger with it; a merge ends what is not judged; erasure leaves what was counted.
func TestCalledForWhom(t *testing.T) {
	told := "0s negative_streak web_chat sales north  :"
	for percent, want := range map[int]string{0: "", 1: " tried", 50: " held out tried"} { // ana is among the half, not among the hundredth
		triggered(t, "", percent).cue(sla.NegativeStreak, "a", 0).tick(day).wantCalled(told + want)
	}
	s := triggered(t, "", 0).cue(sla.NegativeStreak, "a", 0).tell(asks("a#1", 1, 0), func(*event.Fact) {}).tick(day).wantCalled(told)
	s.tell(asks("a#1", 2, 0), func(f *event.Fact) { f.Retracted = true }).wantCalled()
	s.tell(asks("a#1", 3, 0), func(*event.Fact) {}).wantCalled(told)
	s.fact(event.Fact{MergedInto: "bob"})
	s.wantCalled(told)
	s.tick(500 * day).wantCalled(told)
	s = triggered(t, "", 0).cue(sla.NegativeStreak, "a", 0)
	s.fact(event.Fact{MergedInto: "bob"})
	s.tick(2 * day).wantCalled()
	s = triggered(t, "", 0).cue(sla.NegativeStreak, "a", 0).cue(sla.BotLoop, "a", hour).tick(day)
	s.fact(event.Fact{Erased: true})
	s.tick(3 * day).wantCalled(told)
	if s.state != nil {
		t.Errorf("an erased customer is known: %+v", s.state)
	}
	// No more are followed than can be remembered.
	s = triggered(t, "", 0)
	for i := range int64(40) {
		s.cue(sla.BotLoop, "a", i)
	}
	if n := len(calledOf(s.tick(2 * day).counted)); n != 32 {
		t.Errorf("%d triggers were followed, want 32", n)
	}
}

// How many are followed goes by their own instants, not by when it was last looked for what is final: so the log alone tells which of them count.
func TestCalledForManyByTheirInstants(t *testing.T) {
	s := triggered(t, "", 0)
	for i := range int64(32) {
		s.cue(sla.NegativeStreak, fmt.Sprint("c", i), i*minute)
	}
	s.cue(sla.NegativeStreak, "last", 9*day+15*minute) // at the instant t of all others none of them is nine days old
	if n := len(calledOf(s.tick(12 * day).counted)); n != 33 {
		t.Errorf("%d triggers were followed, want 33", n)
	}
}

// TestCalledForInAnyOrder: whatever the order of contacts, and however late they are known before it is final, the same becomes of triggers; and what time does in between does
// not matter.
func TestCalledForInAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		window := rapid.SampledFrom([]string{"1h", "24h", "7d"}).Draw(rt, "window")
		var cues []event.Fact
		for range rapid.IntRange(1, 4).Draw(rt, "cues") {
			kind := rapid.SampledFrom([]sla.TriggerKind{sla.NegativeStreak, sla.GoneSilent, sla.BotLoop}).Draw(rt, "kind")
			cues = append(cues, cueOf(kind, fmt.Sprint("c", rapid.IntRange(0, 2).Draw(rt, "of")), rapid.Int64Range(0, 12).Draw(rt, "at")*hour))
		}
		facts := drawHelp(rt)
		begin := func() *shop {
			s := triggered(rt, window, 30)
			for _, c := range cues {
				s.fact(c)
			}
			return s
		}
		plain, mixed, slow := begin(), begin(), begin()
		for _, f := range facts {
			plain.fact(f)
		}
		for _, f := range rapid.Permutation(facts).Draw(rt, "order") {
			mixed.fact(f)
			slow.tick(slow.now - t0 + rapid.Int64Range(0, 30).Draw(rt, "later")*hour/2)
			if slow.now < t0+9*day {
				slow.fact(f)
			} else {
				plain = nil // it was not told in time
				break
			}
		}
		if plain == nil {
			return
		}
		want := calledOf(plain.tick(8 * day).counted)
		mixed.tick(8 * day)
		slow.tick(8 * day)
		for name, s := range map[string]*shop{"mixed": mixed, "slow": slow} {
			if diff := gocmp.Diff(want, calledOf(s.counted)); diff != "" {
				rt.Fatalf("%s (-plain +%s):\n%s", name, name, diff)
			}
		}
		counted := calledOf(slow.counted)
		if slow.tick(600 * day); slow.state != nil || !gocmp.Equal(counted, calledOf(slow.counted)) {
			rt.Fatalf("in the end nothing is left, and what was counted stays: %+v", slow.state)
		}
	})
}

// drawHelp draws contacts of some days in which people and the customer take turns, each with some revisions.
func drawHelp(rt *rapid.T) []event.Fact {
	var out []event.Fact
	for n := range rapid.IntRange(1, 5).Draw(rt, "contacts") {
		at := rapid.Int64Range(-6, 48).Draw(rt, "begin") * hour
		conversation := fmt.Sprint("c", rapid.IntRange(0, 3).Draw(rt, "conversation"))
		active, heard := []int64{at}, at
		var words []event.Exchange
		for r := range rapid.IntRange(1, 3).Draw(rt, "revisions") {
			from := heard + rapid.Int64Range(1, 20).Draw(rt, "we after")*hour/2
			to := from + rapid.Int64Range(0, 4).Draw(rt, "and on")*hour/2
			x := event.Exchange{Heard: t0 + heard, From: t0 + from, To: t0 + to}
			if rapid.Bool().Draw(rt, "back") {
				heard = to + rapid.Int64Range(1, 20).Draw(rt, "they after")*hour/2
				x.Back = t0 + heard
				active = append(active, heard)
			}
			if len(words) == 0 || words[len(words)-1].Back != 0 {
				words = append(words, x)
			}
			f := asks(fmt.Sprint(conversation, "#", n), uint64(r)+1, active...)
			f.Topic, f.Exchanges = rapid.SampledFrom([]string{"", "bill", "card"}).Draw(rt, "topic"), slices.Clone(words)
			f.Open, f.Retracted = rapid.Bool().Draw(rt, "open"), rapid.IntRange(0, 5).Draw(rt, "retracted") == 0
			if rapid.Bool().Draw(rt, "resolved") {
				f.ResolvedAt = f.EndedAt + minute
			}
			out = append(out, f)
		}
	}
	return out
}
