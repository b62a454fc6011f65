package convo_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
)

// surveys makes a desk of a channel that looks at surveys alone.
func surveys(f faults, ch event.Channel, edit ...func(*sla.PolicySpec)) *desk {
	spec := plain()
	for _, e := range edit {
		e(&spec)
	}
	return newDesk(f, ch, spec).about(convo.Prompted, convo.Rated)
}

func TestSurveys(t *testing.T) {
	for _, c := range []struct {
		name, script, want string
		channel            event.Channel
	}{
		{name: "how far a request came", script: `
			0s in q=sales
			1m asked
			2m asked req=m1
			3m delivered msg=m1
			4m asked req=m2
			5m delivered msg=m2
			6m read msg=m2
			7m asked req=m3 shown
			8m asked req=m4
			9m rated req=m4 score=5`, want: `
			1m0s prompted q=sales
			2m0s prompted class=1 q=sales
			4m0s prompted class=2 q=sales
			7m0s prompted class=2 q=sales
			8m0s prompted class=4 q=sales
			9m0s rated 5000000 class=3 q=sales`},
		{name: "a request without id is one each, one with an id counts where it was made first", script: `
			0s in
			2m asked req=m1
			3m asked
			3m asked
			4m asked req=m1 shown
			1m asked req=m1`, want: `
			1m0s prompted class=2
			3m0s prompted
			3m0s prompted`},
		{name: "a receipt may be stamped before the request", script: `
			0s in
			1m read msg=m1
			61s asked req=m1`, want: `1m1s prompted class=2`},
		{name: "an answer before the request, or more than a day after it, is not its merit", script: `
			0s in
			1h asked req=m1
			59m rated req=m1 score=1
			25h1ms rated req=m1 score=2 resp=r2`, want: `
			59m0s rated 1000000 class=3
			1h0m0s prompted
			25h0m0.001s rated 2000000 class=3`},
		{name: "exactly a day after it is", script: `
			0s in
			1h asked req=m1
			25h rated req=m1 score=1`, want: `
			1h0m0s prompted class=4
			25h0m0s rated 1000000 class=3`},
		{name: "by e-mail people answer within a week", channel: event.Email, script: `
			0s in
			1h asked req=m1
			169h rated req=m1 score=1`, want: `
			1h0m0s prompted class=4
			169h0m0s rated 1000000 class=3`},
		{name: "an edited answer replaces where it was first given", script: `
			0s in q=sales
			1m assign agent=zoe
			2m rated score=2 rev=1
			3m assign agent=max q=help
			4m rated score=5 rev=3
			5m rated score=3 rev=2`, want: `2m0s rated 5000000 class=3 q=sales agent=zoe`},
		{name: "equal revisions: the last; each question is an answer of its own", script: `
			0s in
			1m rated score=2 question=a
			2m rated score=4 question=a
			2m rated score=1 question=b`, want: `
			1m0s rated 4000000 class=3
			2m0s rated 1000000 class=3`},
		{name: "only csat and ces on their scales are counted", script: `
			0s in
			1m rated score=9 of=nps:0-10 resp=n
			1m rated score=9 of=csat:0-10 resp=a
			1m rated score=7 of=ces:1-7 resp=b
			1m rated score=7 of=ces:1-9 resp=c
			1m rated score=4 of=other:1-5 resp=d`, want: `
			1m0s rated 9000000 class=6
			1m0s rated 7000000 class=8`},
		{name: "spam takes back, reopened brings back", script: `
			0s in
			1m asked req=m1
			2m rated req=m1 score=4
			3m spam`},
		{name: "of whatever came after the end, too", channel: event.WhatsApp, script: `
			0s in
			1m spam
			2m in
			30h asked req=m1
			31h rated req=m1 score=4`},
		{name: "the episode before counts where none is at hand", channel: event.WhatsApp, script: `
			0s in q=sales who=ana
			1m out agent=zoe
			26h asked req=m1
			27h rated req=m1 score=4
			28h in
			29h spam`, want: `
			26h0m0s prompted class=4 q=sales
			27h0m0s rated 4000000 class=3 q=sales agent=zoe`},
		{name: "a survey without a conversation", script: `
			0s asked req=m1 q=sales
			1m rated req=m1 score=4`, want: `
			0s prompted class=4 q=sales
			1m0s rated 4000000 class=3 q=sales`},
	} {
		t.Run(c.name, func(t *testing.T) {
			ch := c.channel
			if ch == event.ChannelUnknown {
				ch = event.WebChat
			}
			surveys(t, ch).play(c.script).want(c.want)
		})
	}
}

// TestSurveyReopened: what spam takes back, a reopening gives back.
func TestSurveyReopened(t *testing.T) {
	d := surveys(t, event.WebChat).play("0s in\n 1m asked req=m1\n 2m rated req=m1 score=4")
	counted := d.moments()
	d.play("3m spam").want("")
	d.play("4m reopened").want(counted)
}

// TestReversedSurvey: low effort is good effort where the policy says that the scale runs the other way.
func TestReversedSurvey(t *testing.T) {
	d := surveys(t, event.WebChat, func(p *sla.PolicySpec) { p.Surveys = map[string]sla.SurveySpec{"effort": {Reversed: true}} })
	d.play("0s in who=ana\n 1m rated of=ces:1-5 score=2 survey=effort\n 1m rated of=ces:1-5 score=2 resp=r2 survey=ease").want(`
		1m0s rated 4000000 class=7
		1m0s rated 2000000 class=7`)
	var scores []int64
	for _, f := range d.facts {
		for _, a := range f.Answers {
			scores = append(scores, a.Score)
		}
	}
	if slices.Sort(scores); !slices.Equal(scores, []int64{2_000_000, 4_000_000}) {
		t.Errorf("stage 2 knows the scores %v, want them as they count", scores)
	}
}

// TestSurveyKinds: a request is of the widget and the moment that the policy gave its survey where its first event stands, also when that event is forgotten.
func TestSurveyKinds(t *testing.T) {
	d := surveys(t, event.Email, func(p *sla.PolicySpec) {
		p.Surveys = map[string]sla.SurveySpec{"after": {Widget: "stars", Moment: "resolution"}, "inside": {Widget: "thumbs"}, "plain": {}}
	})
	stars, thumbs := convo.PromptedOn(3, 2), convo.PromptedOn(1, 0)
	d.play("0s in\n 1m asked req=m1 survey=after\n 2m asked req=m1 survey=inside shown\n 3m asked req=m2 survey=inside\n 4m asked req=m3 survey=plain\n 5m asked req=m4 survey=unknown").want(fmt.Sprintf(`
		1m0s prompted class=%d
		3m0s prompted class=%d
		4m0s prompted
		5m0s prompted`, stars|convo.ReachSeen, thumbs))
	d.play("50h tick\n 60h rated req=m1 score=4").want(fmt.Sprintf(`
		1m0s prompted class=%d
		3m0s prompted class=%d
		4m0s prompted
		5m0s prompted
		60h0m0s rated 4000000 class=3`, stars|convo.ReachSeen|convo.ReachAnswered, thumbs))
}

// TestSurveyTopic: surveys have the topic of the episode that they are about, whenever it is told.
func TestSurveyTopic(t *testing.T) {
	surveys(t, event.WhatsApp).play(`
		0s in q=sales
		1m asked req=m1
		2m out topic=card
		26h rated req=m1 score=4
		27h in topic=loan
		28h asked req=m2
		60h asked req=m3 topic=desk
		61h in`).want(`
		1m0s prompted q=sales topic=card
		60h0m0s prompted q=sales topic=desk
		26h0m0s rated 4000000 class=3 q=sales topic=card
		28h0m0s prompted q=sales topic=loan`)
}

// TestSurveysAreRemembered: an answer that is edited when its first version is forgotten replaces it in its pane; a request still waits for its answer; and when
// there is nothing more to wait for, the conversation is forgotten.
func TestSurveysAreRemembered(t *testing.T) {
	d := surveys(t, event.WhatsApp, func(p *sla.PolicySpec) { p.Horizon = map[string]string{"*": "1h"} })
	d.play(`
		0s in q=sales who=ana
		1m out agent=zoe
		2m resolved
		3m asked req=m1
		4m rated resp=r1 score=2 rev=1
		40h tick`)
	if d.state == nil {
		t.Fatal("forgotten while answers may come")
	}
	d.play(`
		40h rated resp=r1 score=5 rev=2
		40h read msg=m1
		45h tick`).want(`
		3m0s prompted class=2 q=sales
		4m0s rated 5000000 class=3 q=sales agent=zoe`)
	d.play("169h tick")
	if d.state == nil {
		t.Fatal("forgotten before the horizon and a week were over")
	}
	d.play("170h tick")
	if d.state != nil {
		t.Fatalf("still remembered: %+v", d.state)
	}
	d.play("171h rated resp=r1 score=1 rev=3").want(`
		3m0s prompted class=2 q=sales
		4m0s rated 5000000 class=3 q=sales agent=zoe
		171h0m0s rated 1000000 class=3`)
}

// TestReceiptIsForgottenFirst: what a receipt stamped before its request says stays known.
func TestReceiptIsForgottenFirst(t *testing.T) {
	surveys(t, event.WebChat, func(p *sla.PolicySpec) { p.Horizon = map[string]string{"*": "1h"} }).play(`
		0s in
		1m delivered msg=m1
		2m read msg=m2
		30m asked req=m1
		30m asked req=m2
		80m tick
		80m asked req=m2`).want(`
		30m0s prompted class=1
		30m0s prompted class=2`)
}

// TestManySurveys: of a conversation that is asked without end the newest are remembered; the others stay as they were counted.
func TestManySurveys(t *testing.T) {
	d := surveys(t, event.WebChat, func(p *sla.PolicySpec) { p.Horizon = map[string]string{"*": "1h"} })
	d.play("0s in who=ana")
	for i := range 100 {
		d.play(fmt.Sprintf("%dm asked req=m%d\n %dm rated resp=r%d score=3", i, i, i, i))
	}
	d.play("4h tick\n 5h rated resp=r99 score=4\n 5h rated resp=r0 score=5")
	var prompts, threes, fours int
	for m, n := range d.counted {
		switch {
		case m.Kind == convo.Prompted:
			prompts += n
		case m.Kind == convo.Rated && m.Value == 3_000_000:
			threes += n
		case m.Kind == convo.Rated && m.Value == 4_000_000:
			fours += n
		}
	}
	if prompts != 100 || threes != 99 || fours != 1 {
		t.Errorf("%d requests, %d and %d answers; want 100, 99 and 1", prompts, threes, fours)
	}
	if size := len(d.state.Encode()); size > 8000 {
		t.Errorf("the state has %d bytes", size)
	}
}

// TestSurveyFacts: the second stage hears of each request and answer, and hears it taken back.
func TestSurveyFacts(t *testing.T) {
	d := surveys(t, event.WebChat).play("0s in q=sales who=ana\n 1m assign agent=zoe\n 2m asked req=m1 survey=nps\n 3m rated req=m1 of=nps:0-10 score=9\n 3m rated of=other:1-5 score=2 resp=x")
	check := func(when string, want ...string) {
		t.Helper()
		var got []string
		for _, f := range d.facts {
			if !f.Retracted && strings.Contains(f.Subject, "#s") {
				var s strings.Builder
				s.WriteString(f.Customer)
				for _, at := range f.PromptedAt {
					s.WriteString(" asked " + rel(at))
				}
				for _, a := range f.Answers {
					s.WriteString(fmt.Sprint(" answered ", rel(a.At), " ", a.Instrument, " ", a.Score, " of ", a.ScaleMin, "-", a.ScaleMax))
				}
				got = append(got, s.String()+showGroup(f.Queue, f.Team, f.Agent))
				if f.StartedAt == 0 || f.StartedAt != f.EndedAt || len(f.ActiveAt) > 0 {
					t.Errorf("%s: %+v is no fact about a survey", when, f)
				}
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n%s\nwant\n%s", when, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	nps := fmt.Sprint(" answered 3m0s ", event.NPS, " ")
	check("told", "ana"+nps+"9000000 of 0-10000000 q=sales agent=zoe", "ana asked 2m0s q=sales")
	d.play("4m rated req=m1 of=nps:0-10 score=3 rev=2")
	check("edited", "ana"+nps+"3000000 of 0-10000000 q=sales agent=zoe", "ana asked 2m0s q=sales")
	d.play("5m in who=bob")
	check("of another customer", "bob"+nps+"3000000 of 0-10000000 q=sales agent=zoe", "bob asked 2m0s q=sales")
	d.play("6m spam")
	check("spam")
}

// TestSurveysInAnyOrder: whatever the order in which the events come, the same is counted as when they come in time; and with a horizon of an hour, where everything is
// forgotten in between, the same as with one of a month.
func TestSurveysInAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ch := rapid.SampledFrom([]event.Channel{event.WebChat, event.WhatsApp, event.Email}).Draw(rt, "channel")
		lines := []string{"1ms in q=sales who=ana topic=card id=e0"}
		at := int64(1)
		pick := func(what string, of ...string) string { return rapid.SampledFrom(of).Draw(rt, what) }
		asked := map[string]bool{}
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			at += int64(rapid.SampledFrom([]int{1, 60_000, 3600_000, 20_000_000, 90_000_000}).Draw(rt, "passes"))
			line := pick("line", "in", "out agent=zoe", "out agent=max", "resolved", "asked", "asked req=m1", "asked req=m2 shown", "rated req=m1 resp=r1", "rated req=m2 resp=r2 of=ces:1-7",
				"rated resp=r3 survey=effort of=ces:1-5", "delivered msg=m1", "read msg=m2", "assign to=help")
			switch {
			case strings.HasPrefix(line, "rated"):
				line += pick("score", " score=1", " score=3", " score=5") + pick("revision", "", " rev=1", " rev=2")
			case strings.HasPrefix(line, "asked req"):
				asked[line[10:12]] = true
			case strings.Contains(line, "msg=") && !asked[line[len(line)-2:]]:
				continue // it may be forgotten before its request is known
			}
			lines = append(lines, fmt.Sprintf("%dms %s id=e%d", at, line, len(lines)))
		}
		desks := make([]*desk, 3)
		for i, horizon := range []string{"744h", "744h", "1h"} {
			desks[i] = surveys(rt, ch, func(p *sla.PolicySpec) {
				p.Horizon, p.EpisodeGap = map[string]string{"*": horizon}, "20h"
				p.Surveys = map[string]sla.SurveySpec{"effort": {Reversed: true}}
			})
			desks[i].anything = true
		}
		desks[0].play(strings.Join(lines, "\n"))
		desks[1].play(strings.Join(rapid.Permutation(lines).Draw(rt, "order"), "\n"))
		desks[1].want(desks[0].moments())
		if at > 7*24*3600_000 {
			return // then some of it is forgotten
		}
		for _, line := range lines {
			when, _, _ := strings.Cut(line, " ")
			desks[2].play(line + "\n" + when + " tick")
		}
		desks[2].play(fmt.Sprintf("%dms tick", at+2*3600_000))
		desks[2].want(desks[0].moments())
		desks[0].play(fmt.Sprintf("%dms spam", at+1))
		desks[2].play(fmt.Sprintf("%dms spam", at+1))
	})
}

// TestRequestsOneByOne: requests whose ids and instants follow each other are two, for the customer as well.
func TestRequestsOneByOne(t *testing.T) {
	d := surveys(t, event.WebChat)
	d.play("0ms asked who=ana id=e412 req=m1\n 1ms asked id=e413 req=m2\n 2ms in")
	told := 0
	for _, f := range d.facts {
		told += len(f.PromptedAt)
	}
	if told != 2 {
		t.Errorf("%d requests of 2 are told", told)
	}
}
