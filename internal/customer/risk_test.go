package customer_test

import (
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/customer"
	"github.com/vigia-cx/vigia/internal/event"
)

var risks = []convo.MomentKind{convo.AtRisk}

// at tells visits on web chat as time goes on.
func (s *shop) visits(days ...int64) *shop {
	s.Helper()
	for _, d := range days {
		s.tick(d * day)
		s.fact(visit("v"+string(rune('A'+d)), event.WebChat, "", d*day))
	}
	return s
}

func csat(subject string, at, score, highest int64) event.Fact {
	return answer(subject, at, event.WebChat, event.CSAT, score, 1, highest)
}

// Who comes every other day is missed after a week, who comes every month after two; nobody knows the rhythm of who came three times.
func TestSilent(t *testing.T) {
	open(t).visits(0, 2, 4).tick(30 * day).expect(risks)
	s := open(t).visits(0, 2, 4, 6).tick(13 * day).expect(risks)
	silent := []string{"risk 312h0m0s", "risk 312h0m0s web_chat", "risk 312h0m0s /1", "risk 312h0m0s /1 web_chat"}
	s.tick(13*day+1).expect(risks, silent...)
	s.tick(20*day).expect(risks, silent...)
	s.visits(20).expect(risks)
	// The median of 2, 2, 2 and 14 days is still two.
	s.tick(27*day+1).expect(risks, "risk 648h0m0s", "risk 648h0m0s web_chat", "risk 648h0m0s /1", "risk 648h0m0s /1 web_chat")
	// Of two and six days it is four.
	s = open(t).visits(0, 2, 4, 10, 16).tick(24 * day).expect(risks)
	s.tick(24*day+1).expect(risks, "risk 576h0m0s", "risk 576h0m0s web_chat", "risk 576h0m0s /1", "risk 576h0m0s /1 web_chat")

	s = open(t).visits(0, 30, 60, 90).tick(150 * day).expect(risks)
	monthly := []string{"risk 3600h0m0s", "risk 3600h0m0s web_chat", "risk 3600h0m0s /1", "risk 3600h0m0s /1 web_chat"}
	s.tick(150*day+1).expect(risks, monthly...)
	s.tick(490*day).expect(risks, monthly...)
	if s.tick(490*day + 1).expect(risks); s.state == nil {
		t.Fatal("the rhythm is forgotten while a visit may still be told")
	}
	if s.tick(499*day + 1); s.state != nil {
		t.Fatalf("still known: %+v", s.state)
	}
	// More than 35 days away before anybody knows the rhythm: it begins anew.
	open(t).visits(0, 35, 70, 106, 108).tick(200 * day).expect(risks)
}

// What is told late, and what is taken back, moves the silence.
func TestSilentIsTakenBack(t *testing.T) {
	s := open(t).visits(0, 2, 4, 6).tick(14 * day)
	late := visit("late", event.Voice, "", 10*day)
	late.Queue = "sales"
	s.facts(late).expect(risks)
	s.tick(18 * day)
	voice := []string{"risk 408h0m0s", "risk 408h0m0s voice", "risk 408h0m0s sales", "risk 408h0m0s voice sales", "risk 408h0m0s /1", "risk 408h0m0s /1 voice",
		"risk 408h0m0s /1 sales", "risk 408h0m0s /1 voice sales"}
	s.expect(risks, voice...)
	late.Revision, late.Retracted = 2, true
	s.facts(late).expect(risks, "risk 312h0m0s", "risk 312h0m0s web_chat", "risk 312h0m0s /1", "risk 312h0m0s /1 web_chat")
	// A visit of the time that is final counts nowhere.
	s.tick(22 * day).facts(visit("later", event.WebChat, "", 11*day))
	s.expect(risks, "risk 312h0m0s", "risk 312h0m0s web_chat", "risk 312h0m0s /1", "risk 312h0m0s /1 web_chat")
}

// Less content than before, by a fair part of the scale, and not content.
func TestFalling(t *testing.T) {
	fell := func(at string) []string {
		return []string{"risk " + at, "risk " + at + " web_chat", "risk " + at + " /2", "risk " + at + " /2 web_chat"}
	}
	relational := nps("b#s1", 2*hour, 3)
	relational.Inbound = false
	for name, test := range map[string]struct {
		facts []event.Fact
		want  []string
	}{
		"one answer":         {[]event.Fact{csat("a#s1", hour, 1, 5)}, nil},
		"one point of five":  {[]event.Fact{csat("a#s1", hour, 4, 5), csat("b#s1", 2*hour, 3, 5)}, fell("2h0m0s")},
		"still content":      {[]event.Fact{csat("a#s1", hour, 5, 5), csat("b#s1", 2*hour, 4, 5)}, nil},
		"no less":            {[]event.Fact{csat("a#s1", hour, 2, 5), csat("b#s1", 2*hour, 2, 5)}, nil},
		"more":               {[]event.Fact{csat("a#s1", hour, 1, 5), csat("b#s1", 2*hour, 3, 5)}, nil},
		"two points of ten":  {[]event.Fact{csat("a#s1", hour, 7, 10), csat("b#s1", 2*hour, 5, 10)}, nil},
		"three of ten":       {[]event.Fact{csat("a#s1", hour, 8, 10), csat("b#s1", 2*hour, 5, 10)}, fell("2h0m0s")},
		"of three":           {[]event.Fact{csat("a#s1", hour, 3, 3), csat("b#s1", 2*hour, 2, 3)}, fell("2h0m0s")},
		"thumb down":         {[]event.Fact{csat("a#s1", hour, 2, 2), csat("b#s1", 2*hour, 1, 2)}, fell("2h0m0s")},
		"of another scale":   {[]event.Fact{csat("a#s1", hour, 9, 10), csat("b#s1", 2*hour, 1, 5)}, nil},
		"nps, by one":        {[]event.Fact{nps("a#s1", hour, 7), nps("b#s1", 2*hour, 6)}, nil},
		"nps, by two":        {[]event.Fact{nps("a#s1", hour, 10), nps("b#s1", 2*hour, 8)}, fell("2h0m0s")},
		"nps, promoter":      {[]event.Fact{nps("a#s1", hour, 10), nps("b#s1", 2*hour, 9)}, nil},
		"nps of two sorts":   {[]event.Fact{nps("a#s1", hour, 10), relational}, nil},
		"effort":             {[]event.Fact{ces("a#s1", hour, event.WebChat, 7), ces("b#s1", 2*hour, event.WebChat, 1)}, nil},
		"content again":      {[]event.Fact{csat("a#s1", hour, 5, 5), csat("b#s1", 2*hour, 1, 5), nps("c#s1", 3*hour, 5)}, nil},
		"the other in front": {[]event.Fact{csat("a#s1", hour, 5, 5), nps("c#s1", 2*hour, 5), csat("b#s1", 3*hour, 1, 5)}, fell("3h0m0s")},
	} {
		t.Run(name, func(t *testing.T) {
			open(t).facts(test.facts...).expect(risks, test.want...)
			open(t).facts(test.facts...).tick(10*day).tick(300*day).expect(risks, test.want...)
			slices.Reverse(test.facts)
			open(t).facts(test.facts...).tick(300*day).expect(risks, test.want...)
		})
	}
	// The answer before is remembered, and 400 days later neither counts.
	s := open(t).facts(csat("a#s1", 0, 5, 5)).tick(399*day).facts(csat("b#s1", 399*day, 2, 5)).expect(risks, fell("9576h0m0s")...)
	s.tick(799*day).expect(risks, fell("9576h0m0s")...)
	s.tick(799*day + 1).expect(risks)
	if s.tick(808*day + 1); s.state != nil {
		t.Fatalf("still known: %+v", s.state)
	}
	open(t).facts(csat("a#s1", 0, 5, 5)).tick(401 * day).facts(csat("b#s1", 401*day, 2, 5)).expect(risks)
	// An answer that is edited.
	better := csat("b#s1", hour, 4, 5)
	better.Revision = 2
	open(t).facts(csat("a#s1", 0, 5, 5), csat("b#s1", hour, 2, 5)).expect(risks, fell("1h0m0s")...).facts(better).expect(risks)
}

// The last contact went badly; a better one takes it back.
func TestNegative(t *testing.T) {
	bad := func(subject string, at int64, change func(*event.Fact)) event.Fact {
		f := visit(subject, event.WebChat, "", at)
		change(&f)
		return f
	}
	upset := func(f *event.Fact) { f.Mood, f.MoodAt = -450_000, f.EndedAt+1000 }
	gaveUp := func(f *event.Fact) { f.AbandonedAt = f.EndedAt + 2000 }
	left := func(f *event.Fact) { f.Broken, f.EndedAt = true, f.EndedAt+hour }
	negative := func(at string) []string {
		return []string{"risk " + at, "risk " + at + " web_chat", "risk " + at + " /3", "risk " + at + " /3 web_chat"}
	}
	for name, test := range map[string]struct {
		facts []event.Fact
		want  []string
	}{
		"upset":        {[]event.Fact{bad("a", hour, upset)}, negative("1h0m1s")},
		"abandoned":    {[]event.Fact{bad("a", hour, gaveUp)}, negative("1h0m2s")},
		"left":         {[]event.Fact{bad("a", hour, left)}, negative("2h0m0s")},
		"all of it":    {[]event.Fact{bad("a", hour, func(f *event.Fact) { left(f); upset(f); gaveUp(f) })}, negative("2h0m0s")},
		"still open":   {[]event.Fact{bad("a", hour, func(f *event.Fact) { f.Broken, f.Open, f.EndedAt = true, true, 0 })}, nil},
		"resolved":     {[]event.Fact{bad("a", hour, func(f *event.Fact) { left(f); f.ResolvedAt = f.EndedAt })}, nil},
		"not theirs":   {[]event.Fact{bad("a", hour, func(f *event.Fact) { upset(f); f.Inbound = false })}, nil},
		"a better one": {[]event.Fact{bad("a", hour, upset), visit("b", event.WebChat, "", 2*hour)}, nil},
		"an older one": {[]event.Fact{bad("a", 2*hour, upset), visit("b", event.WebChat, "", hour)}, negative("2h0m1s")},
		"at once":      {[]event.Fact{bad("a", hour, upset), visit("b", event.WebChat, "", hour)}, negative("1h0m1s")},
		"at once, by name": {[]event.Fact{bad("a", hour, func(f *event.Fact) { upset(f); f.Channel = event.Voice }), visit("b", event.WebChat, "", hour)},
			nil},
		"a survey after it": {[]event.Fact{bad("a", hour, upset), prompt("a#s0", 2*hour)}, negative("1h0m1s")},
	} {
		t.Run(name, func(t *testing.T) {
			open(t).facts(test.facts...).expect(risks, test.want...)
			open(t).facts(test.facts...).tick(30*day).tick(390*day).expect(risks, test.want...)
			slices.Reverse(test.facts)
			s := open(t).facts(test.facts...).tick(399*day).expect(risks, test.want...)
			if s.tick(401 * day).expect(risks); s.state != nil {
				t.Fatalf("still known: %+v", s.state)
			}
		})
	}
	// A contact that stays open while a later one is forgotten is not the last one.
	waiting := bad("a", 0, func(f *event.Fact) { f.Open, f.EndedAt = true, 0 })
	s := open(t).facts(waiting, visit("b", event.WebChat, "", day)).tick(20 * day)
	upset(&waiting)
	waiting.Revision = 2
	s.facts(waiting).expect(risks)
	// Taken back, it was never there.
	gone := bad("b", hour, upset)
	s = open(t).facts(visit("a", event.WebChat, "", 0), gone).expect(risks, negative("1h0m1s")...)
	gone.Revision, gone.Retracted = 2, true
	s.facts(gone).expect(risks)
}

// Of several reasons the first one says since when, and where.
func TestAnyRisk(t *testing.T) {
	upset := visit("z", event.WebChat, "", 6*day)
	upset.Mood, upset.MoodAt, upset.Queue = -300_000, t0+6*day, "help"
	s := open(t).visits(0, 2, 4).tick(6 * day)
	s.facts(upset).tick(13*day + 1)
	s.expect(risks, "risk 144h0m0s", "risk 144h0m0s web_chat", "risk 144h0m0s help", "risk 144h0m0s web_chat help",
		"risk 312h0m0s /1", "risk 312h0m0s /1 web_chat", "risk 312h0m0s /1 help", "risk 312h0m0s /1 web_chat help",
		"risk 144h0m0s /3", "risk 144h0m0s /3 web_chat", "risk 144h0m0s /3 help", "risk 144h0m0s /3 web_chat help")
	s.facts(csat("s#s1", 13*day, 4, 5), csat("s#s2", 13*day+1, 1, 5))
	want := []customer.Risk{
		{Class: convo.RiskSilent, Since: t0 + 13*day, Channel: event.WebChat, Queue: "help", At: t0 + 6*day, Gaps: []int64{2 * day, 2 * day, 2 * day}, Limit: 7 * day},
		{Class: convo.RiskFalling, Since: t0 + 13*day + 1, Channel: event.WebChat, At: t0 + 13*day + 1, Instrument: event.CSAT, Lowest: 1, Highest: 5, Before: 4, Answered: 1},
		{Class: convo.RiskNegative, Since: t0 + 6*day, Channel: event.WebChat, Queue: "help", At: t0 + 6*day, Mood: -300_000},
	}
	if diff := gocmp.Diff(want, s.state.Risks()); diff != "" {
		t.Fatalf("reasons (-want +got):\n%s", diff)
	}
	s.tick(60 * day) // the same from what is final
	if diff := gocmp.Diff(want, s.state.Risks()); diff != "" {
		t.Fatalf("reasons later (-want +got):\n%s", diff)
	}
}

// Nobody is at risk who is merged into another, wants to be left alone or is erased.
func TestNobodyAtRisk(t *testing.T) {
	for name, f := range map[string]event.Fact{"merged": {MergedInto: "bob"}, "opted out": {OptedOut: true}, "erased": {Erased: true}} {
		t.Run(name, func(t *testing.T) {
			s := open(t).visits(0, 2, 4, 6).tick(14 * day)
			counted := of(s.counted, visits...)
			if s.facts(f).expect(risks); len(counted) == 0 {
				t.Fatal("nothing was counted")
			}
			if diff := gocmp.Diff(counted, of(s.counted, visits...)); diff != "" {
				t.Fatalf("what else was counted stays (-want +got):\n%s", diff)
			}
			if name != "erased" {
				s.tick(15 * day).visits(16).tick(100 * day).expect(risks)
				if reasons := s.state.Risks(); reasons != nil {
					t.Fatalf("reasons %+v", reasons)
				}
			}
		})
	}
	// The survivor has what is told from then on.
	old, survivor := open(t), open(t)
	old.facts(event.Fact{MergedInto: "bob"})
	old.visits(0, 2, 4, 6)
	survivor.facts(old.forward...).tick(13*day+1).expect(risks, "risk 312h0m0s", "risk 312h0m0s web_chat", "risk 312h0m0s /1", "risk 312h0m0s /1 web_chat")
}
