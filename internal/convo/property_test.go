package convo_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/pack"
	"github.com/vigia-cx/vigia/internal/sla"
)

// TestEveryStepHolds folds anything in any order, with ticks that pass the horizon, gaps and new policies in between. The desk checks after every step that
// nothing is taken back that was not counted, that revisions grow, and that a state that was stored and loaded changes exactly as the one in memory.
func TestEveryStepHolds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		spec := promised(func(r *sla.RuleSpec) {
			r.Warn, r.PeriodicUpdate, r.PausableUpdate = []int{75, 90}, "20m", "15m"
			r.BotTime = rapid.Bool().Draw(rt, "bot time")
			r.OnResolve = rapid.SampledFrom([]string{"cancel", "miss"}).Draw(rt, "on resolve")
			r.NextFrom = rapid.SampledFrom([]string{"oldest", "last"}).Draw(rt, "next from")
		})
		help := spec.Rules[0]
		help.Name, help.Match, help.FirstResponse, help.PauseOn = "help", sla.Match{Queue: []string{"help"}}, "10m", []string{"snoozed", "on_hold"}
		spec.Rules = []sla.RuleSpec{help, spec.Rules[0]}
		spec.Horizon, spec.EpisodeGap, spec.Retain = map[string]string{"*": "1h", "slow": "3h"}, "2h", "24h"
		spec.Agents = rapid.Bool().Draw(rt, "agents")
		spec.Stale = map[string]string{"web_chat": "90m", "voice": "30m", "whatsapp": "1h"}
		if rapid.Bool().Draw(rt, "triggers") {
			spec.Triggers = everyTrigger()
		}
		ch := rapid.SampledFrom([]event.Channel{event.WebChat, event.WhatsApp, event.Voice}).Draw(rt, "channel")
		d := newDesk(rt, ch, spec)
		d.anything = true
		happened := int64(0)
		pick := func(what string, of ...string) string { return rapid.SampledFrom(of).Draw(rt, what) }
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			happened += int64(rapid.SampledFrom([]int{0, 0, 1000, 60_000, 120_000, 300_000, 1800_000, 3600_000, 7200_000}).Draw(rt, "passes"))
			at := max(0, happened-int64(rapid.SampledFrom([]int{0, 0, 0, 1000, 60_000, 600_000, 3500_000}).Draw(rt, "late")))
			switch rapid.IntRange(0, 9).Draw(rt, "kind of step") {
			case 0, 1:
				d.play(fmt.Sprintf("%dms tick", at))
			case 2:
				if rapid.IntRange(0, 3).Draw(rt, "control") == 0 {
					d.play(pick("policy", "- policy first=1m", "- policy first=8m reapply", "- policy resolution=20m reapply"))
				} else {
					d.play(fmt.Sprintf("%dms gap to=%dms", at, at+600_000))
				}
			default:
				verb := pick("verb", textVerbs...)
				if ch == event.Voice && rapid.Bool().Draw(rt, "call") {
					verb = pick("phase", callVerbs...)
				}
				d.play(fmt.Sprintf("%dms %s %s", at, verb, strings.Join([]string{
					pick("queue", "", "q=sales", "q=help"), pick("agent", "", "", "agent=zoe"), pick("bot", "", "", "bot=b1"), pick("who", "", "who=ana", "who=bob"),
					pick("prio", "", "prio=high"), pick("score", "", "score=100", "score=-200000", "score=300000 tone=600000/400000"), pick("message", "", "msg=m1", "msg=m2"), pick("source", "", "", "src=slow"),
					pick("hint", "", "hint=7", "hint=12"), pick("talk", "", "", "talk=30s"), pick("wrap", "", "", "wrap=5s"), pick("to", "", "to=help"),
					pick("held", "", "", "held=9s"), pick("topic", "", "", "topic=card", "topic=loan complexity=complex"), pick("to agent", "", "", "to_agent=bob"),
				}, " ")))
			}
		}
		d.play(fmt.Sprintf("%dms tick\n %dms tick", happened+7200_000, happened+50*3600_000))
		d.play(fmt.Sprintf("%dms tick", happened+9*24*3600_000)) // when no answer of a survey is waited for any more
		if d.state != nil && ch == event.WhatsApp {
			rt.Fatalf("a silent conversation without threads is still remembered: %+v", d.state)
		}
		if n := len(d.facts); n > 60 {
			rt.Fatalf("%d facts", n)
		}
	})
}

// everyTrigger is one of each kind that a conversation can set off.
func everyTrigger() []sla.TriggerSpec {
	return []sla.TriggerSpec{{Name: "angry", Kind: sla.NegativeStreak, Count: 2}, {Name: "loop", Kind: sla.BotLoop, Count: 1}, {Name: "quiet", Kind: sla.GoneSilent, Span: "30m"},
		{Name: "risk", Kind: sla.DeadlineAtRisk}, {Name: "elsewhere", Kind: sla.GoneSilent, Span: "1h", Match: sla.Match{Queue: []string{"help"}}}}
}

var (
	textVerbs = []string{"in", "in", "in", "out", "out", "out", "bot", "note", "receipt", "campaign", "reaction", "score", "visit", "bought", "bought order=o2 type=refund", "delivered", "opened", "pending",
		"on_hold", "snoozed", "reopened", "resolved", "resolved", "closed", "spam", "merged", "assign", "transfer", "handoff", "to_bot",
		"self", "self outcome=escalated", "self outcome=contained", "asked", "asked req=m1", "asked req=m2 shown", "rated req=m1", "rated req=m2 of=ces:1-7 rev=1", "read"}
	callVerbs = []string{"started", "queued", "queued", "offered", "answered", "answered", "hold", "unhold", "transferred", "ended", "ended", "abandoned", "voicemail", "callback",
		"wrap_up", "flow_out"}
)

// FuzzDecode: state blobs come from a store that may be damaged. Decoding one never panics, and what decodes can be written again.
func FuzzDecode(f *testing.F) {
	d := newDesk(f, event.WebChat, promised())
	d.play("0s in q=sales who=ana\n 10s assign to_agent=zoe\n 1m pending\n 2m in score=5\n 3m resolved\n 30h tick\n 31h reopened\n 32h tick")
	f.Add(d.state.Encode())
	d.play("33h asked req=m1\n 33h rated req=m1 score=4\n 60h tick\n 60h asked req=m2 shown\n 61h rated req=m2 score=2 of=ces:1-7 resp=r2\n 61h bought type=refund")
	f.Add(d.state.Encode())
	c := newDesk(f, event.Voice, promised())
	c.play("0s started\n 1s queued q=help who=bob\n 9s answered agent=zoe talk=3s\n 20s hold")
	f.Add(c.state.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := convo.Decode(b)
		if err != nil {
			if err != pack.ErrDamaged {
				t.Fatalf("error %v, want ErrDamaged", err)
			}
			return
		}
		again, err := convo.Decode(s.Encode())
		if err != nil || string(again.Encode()) != string(s.Encode()) {
			t.Fatalf("a decoded state does not survive: %v", err)
		}
		s.Tick(d.env())
	})
}

// TestResidueKeepsClocks folds the same events, in order, with a horizon of an hour and with one that forgets nothing: what is forgotten leaves a residue from which
// every clock, wait and attribution goes on as before.
func TestResidueKeepsClocks(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ch := rapid.SampledFrom([]event.Channel{event.WebChat, event.WhatsApp, event.Voice}).Draw(rt, "channel")
		desks := make([]*desk, 2)
		for i, horizon := range []string{"1h", "744h"} {
			spec := promised(func(r *sla.RuleSpec) {
				r.NextResponse, r.Resolution, r.PeriodicUpdate, r.PausableUpdate, r.Warn = "3h", "5h", "4h", "2h", []int{75, 90}
			})
			help := spec.Rules[0]
			help.Name, help.Match, help.FirstResponse, help.Resolution = "help", sla.Match{Queue: []string{"help"}}, "6h", "9h"
			spec.Rules = []sla.RuleSpec{help, spec.Rules[0]}
			spec.Horizon, spec.EpisodeGap = map[string]string{"*": horizon}, "20h"
			spec.Stale = map[string]string{"web_chat": "30h", "voice": "6h", "whatsapp": "4h"}
			spec.Triggers = everyTrigger()
			desks[i] = newDesk(rt, ch, spec).aboutAll()
			desks[i].anything = true
		}
		verbs := []string{"in", "in", "in", "out", "out", "bot", "note", "pending", "on_hold", "opened", "resolved", "resolved", "snoozed", "reopened", "transfer",
			"assign", "handoff", "to_bot", "in score=-300000 tone=600000/0", "in score=400000", "self", "self outcome=escalated", "asked", "rated"}
		if ch == event.Voice {
			verbs = []string{"queued", "queued", "answered", "hold", "unhold", "transferred", "ended", "abandoned", "flow_out", "self", "self outcome=escalated"}
		}
		at := int64(1)
		var script strings.Builder
		for i := range rapid.IntRange(1, 30).Draw(rt, "steps") {
			at += int64(rapid.SampledFrom([]int{1, 1000, 60_000, 119_000, 3600_000, 7200_000, 20_000_000, 90_000_000}).Draw(rt, "passes"))
			verb, queue := rapid.SampledFrom(verbs).Draw(rt, "verb"), rapid.SampledFrom([]string{"", "q=sales", "q=help agent=zoe", "agent=bob"}).Draw(rt, "queue")
			if ch != event.WhatsApp && rapid.IntRange(0, 3).Draw(rt, "labelled") == 0 {
				queue += " topic=loan"
			}
			if i == 0 {
				verb, queue = verbs[0], "q=sales who=ana topic=card"
			}
			switch verb { // each survey is one of its own: how long it is remembered differs
			case "asked":
				verb = fmt.Sprintf("asked req=m%d", i)
			case "rated":
				verb = fmt.Sprintf("rated req=m%d resp=r%[1]d score=4", i-1)
			}
			fmt.Fprintf(&script, "%dms %s %s\n", at, verb, queue)
			if rapid.Bool().Draw(rt, "tick") {
				fmt.Fprintf(&script, "%dms tick\n", at)
			}
		}
		fmt.Fprintf(&script, "%dms tick\n%dms tick\n%dms tick\n", at+20_000_000, at+90_000_000, at+200_000_000)
		for _, d := range desks {
			d.play(script.String())
		}
		desks[0].want(desks[1].moments()).told(strings.Join(desks[1].signals, "\n"))
	})
}
