package customer_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// fcr puts other rules of first contact resolution in force.
func (s *shop) fcr(rules sla.FCRSpec) *shop {
	spec := sla.DefaultPolicy("t", "America/Bogota")
	spec.FCR = rules
	p, err := sla.CompilePolicy(spec, 1)
	if err != nil {
		s.Fatalf("%v", err)
	}
	s.policy = p
	return s
}

// resolved is an inbound contact by chat that begins at an instant and is resolved by one person an hour later.
func resolved(subject string, revision uint64, at int64) event.Fact {
	f := contact(subject, revision, "sales", at)
	f.Inbound, f.Agents, f.PeopleAt = true, 1, t0+at+1
	f.EndedAt, f.ResolvedAt = t0+at+hour, t0+at+hour
	return f
}

// outcome shows a moment of what came of a contact.
func outcome(m convo.Moment) string {
	at := fmt.Sprintf("%dh", (m.At-t0)/hour)
	if rest := (m.At - t0) % hour; rest != 0 {
		at += fmt.Sprintf("+%dms", rest)
	}
	words := []string{at, m.Group.Channel, m.Group.Topic}
	if m.Kind == convo.Served {
		words = append(words, []string{"people", "deflected", "contained", "verified", "confirmed"}[m.Class])
	} else {
		words = append(words, fmt.Sprint("first", m.Class&3))
		for bit, name := range map[uint32]string{convo.FirstHeld: "held", convo.FirstFinal: "final", convo.FirstStrict: "strict", convo.FirstNet: "net"} {
			if m.Class&bit != 0 {
				words = append(words, name)
			}
		}
		slices.Sort(words[4:])
	}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}

// outcomes lists what counts of a kind.
func (s *shop) outcomes(kind convo.MomentKind) []string {
	var out []string
	for m, n := range s.counted {
		for range n {
			if m.Kind == kind {
				out = append(out, outcome(m))
			}
		}
	}
	slices.Sort(out)
	return out
}

func (s *shop) wantOutcomes(kind convo.MomentKind, want ...string) *shop {
	s.Helper()
	if diff := gocmp.Diff(want, s.outcomes(kind)); diff != "" {
		s.Fatalf("outcomes (-want +got):\n%s", diff)
	}
	return s
}

func (s *shop) firsts(want ...string) *shop {
	s.Helper()
	return s.wantOutcomes(convo.FirstContact, want...)
}

// A contact by chat holds when the customer does not come back within 24 h of the resolve, the last millisecond included.
func TestRepeatWithinWindow(t *testing.T) {
	for _, c := range []struct {
		channel event.Channel
		hours   int64
	}{{event.WhatsApp, 24}, {event.InApp, 24}, {event.Social, 72}, {event.Ticket, 72}, {event.Email, 168}, {event.Voice, 168}, {event.Other, 168}} {
		f := resolved("a", 1, 0)
		f.Channel = c.channel
		name := c.channel.String()
		s := open(t)
		s.fact(f)
		s.fact(resolved("b", 1, hour+c.hours*hour+1))
		if got := s.outcomes(convo.FirstContact); !slices.Contains(got, "1h "+name+" first0 held net strict") {
			t.Errorf("%s: back after the window: %q", name, got)
		}
		s.fact(resolved("b", 2, hour+c.hours*hour))
		if got := s.outcomes(convo.FirstContact); !slices.Contains(got, "1h "+name+" first0 net") {
			t.Errorf("%s: back within the window: %q", name, got)
		}
	}
}

// A first contact is one before which there was none for as long.
func TestFirstContact(t *testing.T) {
	s := open(t)
	s.fact(resolved("a", 1, 0))
	s.fact(resolved("b", 1, 24*hour))
	s.firsts("1h web_chat first0 net")
	s.fact(resolved("b", 2, 24*hour+1))
	s.firsts("1h web_chat first0 net", "25h+1ms web_chat first0 held net strict")
	// Two that begin at once are both first ones, and neither repeats the other. What is going on when a contact is resolved is no repeat either.
	s = open(t)
	s.fact(resolved("a", 1, 0))
	s.fact(resolved("b", 1, 0))
	s.firsts("1h web_chat first0 held net strict", "1h web_chat first0 held net strict")
	late := resolved("c", 1, hour)
	s.fact(late)
	s.firsts("1h web_chat first0 held net strict", "1h web_chat first0 held net strict")
}

// Contacts of different topics have nothing to do with each other, unless all have; one without a topic is about anything.
func TestTopics(t *testing.T) {
	of := func(subject, topic string, at int64) event.Fact {
		f := resolved(subject, 1, at)
		f.Topic = topic
		return f
	}
	s := open(t)
	s.fact(of("a", "bill", 0))
	s.fact(of("b", "card", 10*hour))
	s.firsts("11h web_chat card first0 held net strict", "1h web_chat bill first0 held net strict")
	s.fact(of("c", "", 12*hour))
	s.firsts("11h web_chat card first0 net", "1h web_chat bill first0 net")
	s = open(t).fcr(sla.FCRSpec{Match: "any", NotFirstLevel: []string{"bill"}})
	s.fact(of("a", "bill", 0))
	s.fact(of("b", "card", 10*hour))
	s.firsts("1h web_chat bill first0")
	// What was counted by the rules of then stays as it is told.
	s.fcr(sla.FCRSpec{Window: map[string]string{"web_chat": "1h"}})
	s.fact(of("c", "dog", 11*hour))
	s.firsts("12h web_chat dog first0 held net strict", "1h web_chat bill first0")
}

// What the fact says of people: reopened fails, passed on or several people is not strict; an outbound contact is none, one that is not resolved no first one.
func TestHolds(t *testing.T) {
	for want, change := range map[string]func(*event.Fact){
		"1h web_chat first2 held net strict": func(f *event.Fact) { f.Complexity = 2 },
		"1h web_chat first0 held net":        func(f *event.Fact) { f.Transferred = true },
		"1h web_chat first1 held net":        func(f *event.Fact) { f.Agents, f.Complexity = 2, 1 },
		"1h web_chat first0 net":             func(f *event.Fact) { f.Reopened = true },
		"":                                   func(f *event.Fact) { f.Inbound = false },
		" ":                                  func(f *event.Fact) { f.ResolvedAt = 0 },
		"  ":                                 func(f *event.Fact) { f.Retracted = true },
	} {
		f := resolved("a", 1, 0)
		change(&f)
		s := open(t)
		s.fact(f)
		if got := strings.Join(s.outcomes(convo.FirstContact), ","); got != strings.TrimSpace(want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// The verdict falls due by itself, and a repeat that is known late still changes it; one that is taken back changes it again.
func TestFinal(t *testing.T) {
	s := open(t)
	s.fact(resolved("a", 1, 0))
	s.tick(25*hour - 1).firsts("1h web_chat first0 held net strict")
	s.tick(25 * hour).firsts("1h web_chat first0 final held net strict")
	repeat := resolved("b", 1, 20*hour)
	s.fact(repeat)
	s.firsts("1h web_chat first0 final net")
	repeat.Revision, repeat.Retracted = 2, true
	s.fact(repeat)
	s.firsts("1h web_chat first0 final held net strict")
	// Resolved again later: it is open to a repeat again.
	f := resolved("a", 2, 0)
	f.EndedAt, f.ResolvedAt = t0+26*hour, t0+26*hour
	s.fact(f)
	s.firsts("26h web_chat first0 held net strict")
	s.tick(50 * hour).firsts("26h web_chat first0 final held net strict")
}

// Contacts that are forgotten stay counted, and what they mean for those that are not stays too. One that comes back does not count again what it has counted.
func TestForgottenContacts(t *testing.T) {
	s := open(t)
	s.fact(resolved("a", 1, 0))
	long := resolved("b", 1, 20*hour)
	long.ResolvedAt, long.Open = 0, true
	s.fact(long)
	s.tick(9*day + hour + 1).firsts("1h web_chat first0 final net")
	if total, _ := s.state.Contacts(); total != 1 {
		t.Fatalf("%d contacts, want 1", total)
	}
	done := resolved("b", 2, 20*hour)
	done.EndedAt, done.ResolvedAt = t0+10*day, t0+10*day
	s.fact(done)
	s.firsts("1h web_chat first0 final net") // not a first one: the one before it is forgotten, but known
	s.tick(12 * day)
	again := resolved("a", 2, 0)
	again.ActiveAt, again.EndedAt = append(again.ActiveAt, t0+12*day), t0+12*day
	s.fact(again)
	s.firsts("1h web_chat first0 final net")
	again.Revision, again.ResolvedAt = 3, t0+12*day
	s.fact(again)
	s.firsts("1h web_chat first0 final net", "288h web_chat first0 held net strict")
	s.wantOutcomes(convo.Served, "0h web_chat people", "20h web_chat people")
}

// A repeat that is forgotten before what it repeats, which goes on, stays one.
func TestForgottenRepeat(t *testing.T) {
	s := open(t)
	first := resolved("a", 1, 0)
	s.fact(first)
	s.fact(resolved("b", 1, 20*hour))
	s.tick(8 * day)
	first.Revision, first.Open, first.ActiveAt = 2, true, append(first.ActiveAt, t0+8*day) // wrote again: the resolve stands
	s.fact(first)
	s.tick(11 * day)
	if total, _ := s.state.Contacts(); total != 1 {
		t.Fatalf("%d contacts, want 1", total)
	}
	first.Revision, first.Complexity = 3, 1
	s.fact(first)
	s.firsts("1h web_chat first1 final net")
}

// A long window keeps contacts for longer.
func TestLongWindow(t *testing.T) {
	s := open(t).fcr(sla.FCRSpec{Window: map[string]string{"web_chat": "30d"}})
	s.fact(resolved("a", 1, 0))
	s.tick(30 * day).firsts("1h web_chat first0 held net strict")
	s.fact(resolved("b", 1, 30*day))
	s.firsts("1h web_chat first0 net")
	s.tick(62 * day).firsts("1h web_chat first0 final net")
	s.fact(resolved("c", 1, 60*day+1))
	s.firsts("1441h+1ms web_chat first0 held net strict", "1h web_chat first0 final net")
	if s.tick(200 * day); s.state != nil {
		t.Fatal("still known")
	}
}

// plain is what rule 18 says of a list of contacts at an instant, written down as it is.
func plain(facts []event.Fact, p *sla.Policy, t int64) map[convo.Moment]int {
	out := map[convo.Moment]int{}
	sameTopic := func(a, b event.Fact) bool {
		return p.FCRMatchesAny() || a.Topic == b.Topic || a.Topic == "" || b.Topic == ""
	}
	others := func(c event.Fact, what func(o event.Fact) bool) bool {
		return slices.ContainsFunc(facts, func(o event.Fact) bool {
			return o.Subject != c.Subject && len(o.ActiveAt) > 0 && sameTopic(c, o) && what(o)
		})
	}
	for _, c := range facts {
		if !c.Inbound || len(c.ActiveAt) == 0 {
			continue
		}
		w := p.FCRWindowMs(c.Channel.String())
		g := window.Group{Channel: c.Channel.String(), Queue: c.Queue, Team: c.Team, Agent: c.Agent, Topic: c.Topic}
		before := func(o event.Fact) bool { return o.Inbound && c.StartedAt-w <= o.StartedAt && o.StartedAt < c.StartedAt }
		after := func(o event.Fact) bool {
			return o.Inbound && c.ResolvedAt < o.StartedAt && o.StartedAt <= c.ResolvedAt+w
		}
		if c.ResolvedAt != 0 && !others(c, before) {
			class := uint32(c.Complexity)
			if !c.Reopened && !others(c, after) {
				class |= convo.FirstHeld
				if !c.Transferred && c.Agents <= 1 {
					class |= convo.FirstStrict
				}
			}
			if t >= c.ResolvedAt+w {
				class |= convo.FirstFinal
			}
			if !slices.Contains(p.Spec().FCR.NotFirstLevel, c.Topic) {
				class |= convo.FirstNet
			}
			out[convo.Moment{Kind: convo.FirstContact, At: c.ResolvedAt, Group: g, Class: class}]++
		}
		if c.Open || slices.Contains([]event.Channel{event.Commerce, event.Survey, event.Task}, c.Channel) {
			continue
		}
		rung := uint32(convo.ServedByPeople)
		if c.Bot && c.PeopleAt == 0 {
			rung = convo.ServedDeflected
			if c.Contained {
				rung = convo.ServedContained
				if !others(c, func(o event.Fact) bool { return o.PeopleAt > c.StartedAt && o.PeopleAt <= c.EndedAt+72*hour }) {
					rung = convo.ServedVerified
					name, _, _ := strings.Cut(c.Subject, "#")
					satisfied := slices.ContainsFunc(facts, func(o event.Fact) bool {
						return strings.HasPrefix(o.Subject, name+"#") && slices.ContainsFunc(o.Answers, func(a event.Answer) bool {
							return a.ScaleMax == 5e6 && a.Score >= 3_500_000 && a.At >= c.StartedAt && a.At <= c.EndedAt+24*hour
						})
					})
					if c.Confirmed || satisfied {
						rung = convo.ServedConfirmed
					}
				}
			}
		}
		out[convo.Moment{Kind: convo.Served, At: c.StartedAt, Group: g, Class: rung}]++
	}
	return out
}

// kept is what the shop has counted of what came of contacts.
func (s *shop) kept() map[convo.Moment]int {
	out := maps.Clone(s.counted)
	maps.DeleteFunc(out, func(m convo.Moment, n int) bool {
		return n == 0 || m.Kind != convo.FirstContact && m.Kind != convo.Served
	})
	return out
}

func (s *shop) wantPlain(facts []event.Fact) {
	s.Helper()
	show := func(of map[convo.Moment]int) map[string]int {
		out := map[string]int{}
		for m, n := range of {
			out[fmt.Sprintf("%d %s %+v", m.Kind, outcome(m), m.Group)] += n
		}
		return out
	}
	if diff := gocmp.Diff(show(plain(facts, s.policy, s.now)), show(s.kept())); diff != "" {
		s.Fatalf("outcomes at %gh (-plain +counted):\n%s", float64(s.now-t0)/float64(hour), diff)
	}
}

// drawContact draws one version of a contact that begins at an instant and is silent from another one on.
func drawContact(rt *rapid.T, subject string, revision uint64, begin, last int64) event.Fact {
	pick := func(name string) bool { return rapid.Bool().Draw(rt, name) }
	f := contact(subject, revision, rapid.SampledFrom([]string{"", "sales"}).Draw(rt, "queue"), begin)
	if last > begin {
		f.ActiveAt = append(f.ActiveAt, t0+last)
	}
	f.Channel = rapid.SampledFrom([]event.Channel{event.WebChat, event.Ticket, event.Voice, event.Task}).Draw(rt, "channel")
	f.Team, f.Agent = rapid.SampledFrom([]string{"", "red"}).Draw(rt, "team"), rapid.SampledFrom([]string{"", "7"}).Draw(rt, "agent")
	f.Topic, f.Complexity = rapid.SampledFrom([]string{"", "bill", "card"}).Draw(rt, "topic"), uint8(rapid.IntRange(0, 3).Draw(rt, "tier"))
	f.Inbound, f.Bot, f.Contained, f.Confirmed = rapid.IntRange(0, 5).Draw(rt, "inbound") > 0, pick("bot"), pick("contained"), rapid.IntRange(0, 3).Draw(rt, "confirmed") == 0
	f.Reopened, f.Transferred, f.Agents = rapid.IntRange(0, 3).Draw(rt, "reopened") == 0, rapid.IntRange(0, 3).Draw(rt, "moved") == 0, uint32(rapid.IntRange(0, 2).Draw(rt, "agents"))
	if pick("people") {
		f.PeopleAt = t0 + begin + rapid.SampledFrom([]int64{0, 1, hour}).Draw(rt, "joined")
	}
	f.EndedAt = t0 + last
	if f.Open = pick("open"); !f.Open && pick("ended later") {
		f.EndedAt += rapid.SampledFrom([]int64{1, hour, 24 * hour}).Draw(rt, "end")
	}
	if pick("resolved") {
		f.ResolvedAt = t0 + last
	}
	if f.Open {
		f.EndedAt = 0
	}
	return f
}

// drawAnswer draws an answer to a survey about a conversation.
func drawAnswer(rt *rapid.T, conversation string, n int, at int64) event.Fact {
	return event.Fact{Subject: fmt.Sprint(conversation, "#s", n), Revision: 1, Channel: event.WebChat, Inbound: true, StartedAt: t0 + at, EndedAt: t0 + at, Answers: []event.Answer{{
		At: t0 + at, Instrument: event.CSAT, Score: rapid.SampledFrom([]int64{1e6, 3_499_999, 3_500_000, 5e6}).Draw(rt, "score"), ScaleMin: 1e6, ScaleMax: 5e6,
	}}}
}

// TestOutcomesArePlain: in whatever order the versions of contacts come, repeated or not, taken back or not, at every instant what counts is what the rule says of the
// newest ones.
func TestOutcomesArePlain(t *testing.T) {
	steps := []int64{0, 1, hour, 23 * hour, 24 * hour, 25 * hour, 72 * hour}
	rapid.Check(t, func(rt *rapid.T) {
		s := open(rt)
		if rapid.Bool().Draw(rt, "any") {
			s.fcr(sla.FCRSpec{Match: "any"})
		}
		if rapid.Bool().Draw(rt, "net") {
			s.fcr(sla.FCRSpec{NotFirstLevel: []string{"card"}})
		}
		var versions []event.Fact
		at := int64(0)
		for c := range rapid.IntRange(1, 5).Draw(rt, "contacts") {
			conversation := fmt.Sprint("c", c/2)
			at = min(at+rapid.SampledFrom(steps).Draw(rt, "later"), 6*day)
			for r := range rapid.IntRange(1, 3).Draw(rt, "versions") {
				f := drawContact(rt, fmt.Sprint(conversation, "#", c), uint64(r)+1, at, at+rapid.SampledFrom(steps[:5]).Draw(rt, "lasts"))
				f.Retracted = rapid.IntRange(0, 5).Draw(rt, "retracted") == 0
				versions = append(versions, f)
			}
			if rapid.IntRange(0, 2).Draw(rt, "answered") == 0 {
				versions = append(versions, drawAnswer(rt, conversation, c, at+rapid.SampledFrom(steps).Draw(rt, "answer")))
			}
		}
		newest := map[string]event.Fact{}
		contacts := func() []event.Fact {
			var out []event.Fact
			for _, f := range newest {
				if !f.Retracted {
					out = append(out, f)
				}
			}
			return out
		}
		for _, f := range rapid.Permutation(versions).Draw(rt, "order") {
			s.fact(f)
			if rapid.Bool().Draw(rt, "again") {
				s.fact(f)
			}
			if f.Revision > newest[f.Subject].Revision {
				newest[f.Subject] = f
			}
			s.wantPlain(contacts())
		}
		for _, hours := range []int64{1, 24, 25, 72, 100, 7 * 24, 8 * 24} {
			s.tick(hours * hour)
			s.wantPlain(contacts())
		}
		for _, f := range contacts() {
			f.Revision, f.Retracted = 9, true
			s.fact(f)
		}
		if left := s.kept(); len(left) > 0 {
			rt.Fatalf("taken back, but left: %v", left)
		}
	})
}

// TestOutcomesOverMonths: contacts one after the other for months, each told as it goes on. What is forgotten stays counted, and in the end all that was counted is what the
// rule says of all contacts that ever were.
func TestOutcomesOverMonths(t *testing.T) {
	steps := []int64{1, hour, 24 * hour, 25 * hour, 3 * day, 7 * day, 8 * day, 12 * day}
	rapid.Check(t, func(rt *rapid.T) {
		s := open(rt)
		if rapid.Bool().Draw(rt, "long") {
			s.fcr(sla.FCRSpec{Window: map[string]string{"voice": "30d", "web_chat": "10d"}})
		}
		var told, last []event.Fact
		at := int64(0)
		for c := range rapid.IntRange(1, 8).Draw(rt, "contacts") {
			at += rapid.SampledFrom(steps).Draw(rt, "later")
			f := drawContact(rt, fmt.Sprint("c", c, "#0"), 2, at, at+rapid.SampledFrom(steps).Draw(rt, "lasts"))
			if f.PeopleAt > t0+at {
				f.PeopleAt = t0 + at + 1
			}
			begun := f // what is known at its begin
			begun.Revision, begun.ResolvedAt, begun.Open, begun.EndedAt, begun.ActiveAt = 1, 0, true, 0, f.ActiveAt[:1]
			told, last = append(told, begun, f), append(last, f)
			if rapid.IntRange(0, 2).Draw(rt, "answered") == 0 {
				a := drawAnswer(rt, fmt.Sprint("c", c), c, at+hour)
				told, last = append(told, a), append(last, a)
			}
		}
		when := func(f event.Fact) int64 { return cmp.Or(f.EndedAt, f.ActiveAt[len(f.ActiveAt)-1]) - t0 }
		slices.SortStableFunc(told, func(a, b event.Fact) int { return cmp.Compare(whenTold(a, when), whenTold(b, when)) })
		for _, f := range told {
			s.tick(whenTold(f, when))
			s.fact(f)
		}
		if s.tick(at + 500*day); s.state != nil {
			rt.Fatalf("still known: %+v", s.state)
		}
		s.wantPlain(last)
	})
}

func whenTold(f event.Fact, when func(event.Fact) int64) int64 {
	if len(f.ActiveAt) == 0 {
		return f.StartedAt - t0
	}
	return when(f)
}
