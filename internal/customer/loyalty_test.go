package customer_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
)

// The kinds of moments that surveys and visits lead to.
var (
	opinions  = []convo.MomentKind{convo.Recommends, convo.Recommended}
	visits    = []convo.MomentKind{convo.Returned, convo.SeenIn, convo.StayedIn}
	loyalties = append(append([]convo.MomentKind{convo.Asked, convo.Journeyed}, opinions...), visits...)
)

// of lists what was counted of some kinds: "name instant [value] [class] group".
func of(counted map[convo.Moment]int, kinds ...convo.MomentKind) []string {
	names := map[convo.MomentKind]string{convo.Recommends: "latest", convo.Recommended: "nps", convo.Journeyed: "journey", convo.Asked: "asked", convo.Returned: "returned",
		convo.SeenIn: "seen", convo.StayedIn: "stayed", convo.AtRisk: "risk", convo.Bought: "bought", convo.Sold: "sold", convo.Attributed: "attributed"}
	var out []string
	for m, n := range counted {
		if !slices.Contains(kinds, m.Kind) {
			continue
		}
		var text strings.Builder
		text.WriteString(names[m.Kind] + " " + time.Duration((m.At-t0)*1e6).String())
		if m.Value != 0 {
			text.WriteString(fmt.Sprintf(" =%g", float64(m.Value)/1e6))
		}
		if m.Class != 0 {
			text.WriteString(fmt.Sprintf(" /%d", m.Class))
		}
		for _, name := range []string{m.Group.Channel, m.Group.Queue, m.Group.Team, m.Group.Topic} {
			if name != "" {
				text.WriteString(" " + name)
			}
		}
		for range n {
			out = append(out, text.String())
		}
	}
	slices.Sort(out)
	return out
}

func (s *shop) expect(kinds []convo.MomentKind, want ...string) *shop {
	s.Helper()
	slices.Sort(want)
	if diff := gocmp.Diff(want, of(s.counted, kinds...)); diff != "" {
		s.Fatalf("moments (-want +got):\n%s", diff)
	}
	return s
}

// survey is a fact about a survey in a conversation on a channel.
func survey(subject string, at int64, ch event.Channel) event.Fact {
	return event.Fact{Subject: subject, Revision: 1, Channel: ch, Inbound: true, StartedAt: t0 + at, EndedAt: t0 + at}
}

func answer(subject string, at int64, ch event.Channel, i event.Instrument, score, lowest, highest int64) event.Fact {
	f := survey(subject, at, ch)
	f.Answers = []event.Answer{{At: t0 + at, Instrument: i, Score: score * 1e6, ScaleMin: lowest * 1e6, ScaleMax: highest * 1e6}}
	return f
}

func nps(subject string, at int64, score int64) event.Fact {
	return answer(subject, at, event.WebChat, event.NPS, score, 0, 10)
}

func ces(subject string, at int64, ch event.Channel, score int64) event.Fact {
	return answer(subject, at, ch, event.CES, score, 1, 7)
}

func prompt(subject string, at int64) event.Fact {
	f := survey(subject, at, event.WhatsApp)
	f.PromptedAt = []int64{t0 + at}
	return f
}

// visit is a contact on a channel that the customer began.
func visit(subject string, ch event.Channel, topic string, active ...int64) event.Fact {
	f := contact(subject, 1, "", active...)
	f.Channel, f.Topic, f.Inbound = ch, topic, true
	return f
}

func (s *shop) facts(list ...event.Fact) *shop {
	s.Helper()
	for _, f := range list {
		s.fact(f)
	}
	return s
}

// Only the latest opinion of a customer counts, in every roll-up by itself; relational and transactional ones are never mixed; other scales do not count.
func TestLatestOpinion(t *testing.T) {
	sales := nps("b#s1", 2*hour, 3)
	sales.Queue = "sales"
	relational := nps("c#s1", hour, 10)
	relational.Inbound = false
	s := open(t).facts(nps("a#s1", 0, 9), sales, relational, answer("d#s1", 5*hour, event.WebChat, event.NPS, 4, 0, 5), answer("e#s1", 5*hour, event.WebChat, event.CSAT, 4, 0, 10))
	all := []string{"nps 0s =9 web_chat", "nps 2h0m0s =3 web_chat sales", "nps 1h0m0s =10 /1 web_chat", "latest 1h0m0s =10 /1", "latest 1h0m0s =10 /1 web_chat"}
	s.expect(opinions, append(slices.Clone(all), "latest 2h0m0s =3", "latest 2h0m0s =3 web_chat", "latest 2h0m0s =3 sales", "latest 2h0m0s =3 web_chat sales")...)

	// Of two at the same instant the better one, whichever comes first.
	s.facts(nps("f#s1", 2*hour, 7)).expect(opinions, append(slices.Clone(all), "nps 2h0m0s =7 web_chat",
		"latest 2h0m0s =7", "latest 2h0m0s =7 web_chat", "latest 2h0m0s =3 sales", "latest 2h0m0s =3 web_chat sales")...)
}

// An opinion is remembered for as long as panes are: until it is superseded, or taken back within nine days.
func TestOpinionsAreRemembered(t *testing.T) {
	s := open(t).facts(nps("a#s1", 0, 9)).tick(8 * day)
	s.facts(nps("b#s1", 8*day, 2)).expect([]convo.MomentKind{convo.Recommends}, "latest 192h0m0s =2", "latest 192h0m0s =2 web_chat")
	s.tick(15 * day)
	back := nps("b#s1", 8*day, 2)
	back.Revision, back.Retracted = 2, true
	s.facts(back).expect(opinions, "nps 0s =9 web_chat", "latest 0s =9", "latest 0s =9 web_chat")
	s.tick(399*day).facts(nps("c#s1", 399*day, 5)).expect([]convo.MomentKind{convo.Recommends}, "latest 9576h0m0s =5", "latest 9576h0m0s =5 web_chat")
	if s.tick(799 * day); s.state == nil {
		t.Fatal("the opinion is forgotten before its pane")
	}
	if s.tick(808*day + 1); s.state != nil { // nine days more, for an answer that is told late is compared with it
		t.Fatalf("the opinion is remembered for ever: %+v", s.state)
	}
	// What is told of the time that is final counts nowhere.
	late := open(t).tick(0)
	late.facts(nps("a#s1", 0, 9)).tick(9*day+1).facts(nps("b#s1", hour, 3), nps("c#s1", -1, 2))
	late.expect(opinions, "nps 0s =9 web_chat", "nps 1h0m0s =3 web_chat", "latest 1h0m0s =3", "latest 1h0m0s =3 web_chat")
}

// A request is tiring when another came shortly before, over all channels; the exact distance, and the same instant, are not.
func TestSurveyFatigue(t *testing.T) {
	asked := []convo.MomentKind{convo.Asked}
	s := open(t).facts(prompt("a#s0", 0), prompt("b#s0", 0), prompt("c#s0", 30*day), prompt("d#s0", 60*day-1), prompt("e#s0", 95*day))
	want := []string{"asked 0s whatsapp", "asked 0s whatsapp", "asked 720h0m0s whatsapp", "asked 1439h59m59.999s /1 whatsapp", "asked 2280h0m0s whatsapp"}
	s.expect(asked, want...)

	// The same, told as time goes on: the last final request is remembered.
	s = open(t).facts(prompt("a#s0", 0), prompt("b#s0", 0)).tick(30 * day).facts(prompt("c#s0", 30*day)).tick(60*day - 1).facts(prompt("d#s0", 60*day-1)).tick(95 * day)
	s.facts(prompt("e#s0", 95*day)).expect(asked, want...)
	if s.tick(95*day + 39*day); s.state == nil {
		t.Fatal("forgotten while a request that is told late could be too soon")
	}
	if s.tick(95*day + 39*day + 1); s.state != nil {
		t.Fatalf("the request is remembered for ever: %+v", s.state)
	}

	// One in between that is told late, and taken back.
	s = open(t).facts(prompt("a#s0", 0), prompt("c#s0", 40*day)).expect(asked, "asked 0s whatsapp", "asked 960h0m0s whatsapp")
	between := prompt("b#s0", 20*day)
	s.facts(between).expect(asked, "asked 0s whatsapp", "asked 480h0m0s /1 whatsapp", "asked 960h0m0s /1 whatsapp")
	between.Revision, between.Retracted = 2, true
	s.facts(between).expect(asked, "asked 0s whatsapp", "asked 960h0m0s whatsapp")

	spec := sla.DefaultPolicy("t", "America/Bogota")
	spec.SurveysRest = "7d"
	p, err := sla.CompilePolicy(spec, 2)
	if err != nil {
		t.Fatal(err)
	}
	s.policy = p
	s.facts(prompt("d#s0", 48*day)).expect(asked, "asked 0s whatsapp", "asked 960h0m0s whatsapp", "asked 1152h0m0s whatsapp")
}

// A journey is the way to an answer over the contacts of one topic, in the week before it.
func TestJourneys(t *testing.T) {
	journeyed := []convo.MomentKind{convo.Journeyed}
	for name, test := range map[string]struct {
		facts []event.Fact
		want  []string
	}{
		"one channel": {[]event.Fact{visit("a#0", event.WebChat, "", 0), visit("b#0", event.WebChat, "", hour), ces("b#s1", 2*hour, event.WebChat, 6)}, []string{"journey 2h0m0s =6 web_chat"}},
		"there and back": {[]event.Fact{visit("a#0", event.WebChat, "", 0), visit("b#0", event.Voice, "", hour), visit("c#0", event.WebChat, "", 2*hour), ces("c#s1", 3*hour, event.WebChat, 2)},
			[]string{"journey 3h0m0s =2 /2 web_chat"}},
		"of another topic": {[]event.Fact{visit("a#0", event.Email, "bill", 0), visit("b#0", event.Voice, "card", hour), visit("c#0", event.WebChat, "", hour+1), visit("d#0", event.WhatsApp, "card", 2*hour),
			ces("d#s1", 3*hour, event.WhatsApp, 7)}, []string{"journey 3h0m0s =7 /2 whatsapp"}},
		"too long ago":     {[]event.Fact{visit("a#0", event.Email, "", 0), visit("b#0", event.Voice, "", 7*day-1), ces("b#s1", 7*day, event.Voice, 1)}, []string{"journey 168h0m0s =1 voice"}},
		"just in time":     {[]event.Fact{visit("a#0", event.Email, "", 1), visit("b#0", event.Voice, "", 7*day-1), ces("b#s1", 7*day, event.Voice, 1)}, []string{"journey 168h0m0s =1 /1 voice"}},
		"a long contact":   {[]event.Fact{visit("a#0", event.Email, "", 0, 8*day), visit("b#0", event.Voice, "", 9*day), ces("a#s1", 10*day, event.Email, 4)}, []string{"journey 240h0m0s =4 /1 email"}},
		"after the answer": {[]event.Fact{visit("a#0", event.Email, "", 0), ces("a#s1", hour, event.Email, 4), visit("b#0", event.Voice, "", hour+1)}, []string{"journey 1h0m0s =4 email"}},
		"the episode before": {[]event.Fact{visit("a#0", event.Email, "x", 0), visit("a#1", event.Email, "y", 2*hour), visit("b#0", event.Voice, "y", 0), ces("a#s1", hour, event.Email, 4)},
			[]string{"journey 1h0m0s =4 email"}},
		"no contact":       {[]event.Fact{visit("a#0", event.Email, "", 0), ces("b#s1", hour, event.Email, 4), ces("a#s1", -1, event.Email, 4)}, nil},
		"silent too long":  {[]event.Fact{visit("a#0", event.Email, "", 0), ces("a#s1", 9*day+1, event.Email, 4)}, nil},
		"of another scale": {[]event.Fact{visit("a#0", event.Email, "", 0), answer("a#s1", hour, event.Email, event.CES, 4, 1, 5)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			open(t).facts(test.facts...).expect(journeyed, test.want...)
			slices.Reverse(test.facts)
			open(t).facts(test.facts...).expect(journeyed, test.want...)
		})
	}
	// Contacts are known for long enough that an answer which is told late counts as it would have in time.
	first, second, said := visit("a#0", event.Email, "", 0), visit("b#0", event.Voice, "", day), ces("b#s1", 6*day, event.Voice, 5)
	open(t).facts(first, second).tick(14*day).facts(said).tick(40*day).expect(journeyed, "journey 144h0m0s =5 /1 voice")
	// A contact that is taken back after it was forgotten is still known to those who hear of it.
	first.Revision, first.Retracted = 2, true
	open(t).facts(first, second, said).expect(journeyed, "journey 144h0m0s =5 voice")
}

// Those who came back: a second session within the window. The index stands where the session before the last one ended.
func TestReturned(t *testing.T) {
	returned := []convo.MomentKind{convo.Returned}
	sales := visit("b#0", event.Voice, "", 20*hour)
	sales.Queue = "sales"
	s := open(t).facts(visit("a#0", event.WebChat, "", 0), sales).expect(returned)
	s.facts(visit("c#0", event.WebChat, "", 44*hour)).expect(returned) // exactly a day later: the same session
	s.facts(visit("d#0", event.Email, "", 68*hour+1)).expect(returned, "returned 44h0m0s", "returned 44h0m0s web_chat")
	s.facts(visit("e#0", event.Voice, "", 120*hour)).expect(returned, "returned 68h0m0.001s", "returned 68h0m0.001s email")
	// The same as time goes on, and what is final stays.
	s = open(t).facts(visit("a#0", event.WebChat, "", 0)).tick(20 * hour).facts(sales).tick(15 * day)
	s.facts(visit("d#0", event.Email, "", 15*day)).expect(returned, "returned 20h0m0s", "returned 20h0m0s voice", "returned 20h0m0s sales", "returned 20h0m0s voice sales")
	s.tick(30*day).facts(visit("f#0", event.Email, "", 30*day)).expect(returned, "returned 360h0m0s", "returned 360h0m0s email")
	s.tick(66*day).facts(visit("g#0", event.Email, "", 66*day)).expect(returned, "returned 360h0m0s", "returned 360h0m0s email")
}

// Weeks begin on Monday and months on the first, in the tenant's zone; who came in one and in the next stayed.
func TestRetained(t *testing.T) {
	// t0 is a Monday, September 21. The week and the month began at 05:00 UTC, nine hours before.
	s := open(t).facts(visit("a#0", event.WebChat, "", 0)).expect(visits, "seen -9h0m0s", "seen -9h0m0s web_chat", "seen -489h0m0s /1", "seen -489h0m0s /1 web_chat")
	s.tick(14 * day).facts(visit("b#0", event.Voice, "", 14*day)) // October 5: not in the next week, but in the next month
	s.expect([]convo.MomentKind{convo.SeenIn, convo.StayedIn},
		"seen -9h0m0s", "seen -9h0m0s web_chat", "seen 327h0m0s", "seen 327h0m0s voice",
		"seen -489h0m0s /1", "seen -489h0m0s /1 web_chat", "seen 231h0m0s /1", "seen 231h0m0s /1 voice", "stayed -489h0m0s /1")
	s.tick(15 * day).facts(visit("c#0", event.Voice, "", 8*day)) // told late: September 29, before b
	s.expect([]convo.MomentKind{convo.StayedIn}, "stayed -9h0m0s", "stayed 159h0m0s", "stayed 159h0m0s voice", "stayed -489h0m0s /1", "stayed -489h0m0s /1 voice")
}

// A contact that stays open for weeks is of the session that it came in, also when what the session began with is forgotten before it.
func TestSessionOutlivesItsBegin(t *testing.T) {
	s := open(t)
	s.fact(visit("a#1", event.WebChat, "", 0))
	f := visit("b#1", event.WebChat, "", 12*hour)
	f.Open = true
	s.fact(f)
	s.tick(10 * day)
	s.tick(35*day + 6*hour)
	f.Revision, f.Retracted = f.Revision+1, true
	s.fact(f) // the shop fails when something is taken back that was never counted
}
