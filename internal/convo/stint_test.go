package convo_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
)

// followed is a policy that follows agents.
func followed() sla.PolicySpec {
	p := plain()
	p.Agents = true
	return p
}

// stints shows what agents were told last, one line for each contact or part: "zoe 0s–2m0s red, 5m0s–".
func (d *desk) stints() string {
	d.Helper()
	var lines []string
	for _, f := range d.agents {
		if len(f.Stints) == 0 {
			continue
		}
		var all []string
		for _, x := range f.Stints {
			s := rel(x.From) + "–"
			if x.To != 0 {
				s += rel(x.To)
			}
			if x.Team != "" {
				s += " " + x.Team
			}
			all = append(all, s)
		}
		line := f.Agent + " " + strings.Join(all, ", ")
		if f.Continued {
			line += " …"
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func (d *desk) work(want string) *desk {
	d.Helper()
	var lines []string
	for l := range strings.Lines(want) {
		if l = strings.TrimSpace(l); l != "" {
			lines = append(lines, l)
		}
	}
	if diff := cmp.Diff(strings.Join(lines, "\n"), d.stints()); diff != "" {
		d.Fatalf("(-want +got)\n%s\nafter:\n%s", diff, d.script.String())
	}
	return d
}

// A call is the agent's from the answer to the hang-up, and then until the wrap-up is over.
func TestStintsOfCalls(t *testing.T) {
	call(t, followed()).play("0s queued q=a\n 10s answered agent=zoe team=red").work("zoe 10s– red").
		play("1m hold\n 2m ended").work("zoe 10s–2m0s red").
		play("3m wrap_up").work("zoe 10s–3m0s red")
	call(t, followed()).play("0s queued q=a\n 10s answered agent=zoe\n 1m ended wrap=30s").work("zoe 10s–1m30s").play("2m wrap_up wrap=50s").work("zoe 10s–1m30s")
	call(t, followed()).play("0s queued q=a\n 10s answered agent=zoe\n 1m ended\n 5m wrap_up wrap=50s").work("zoe 10s–1m50s")
	// A transfer ends it, and the next agent's begins with the answer.
	call(t, followed()).play("0s queued q=a\n 10s answered agent=zoe\n 1m transferred\n 1m queued q=b\n 2m answered agent=bob\n 3m ended\n 4m wrap_up").work("bob 2m0s–4m0s\n zoe 10s–1m0s")
	call(t, followed()).play("0s queued q=a\n 10s answered agent=zoe\n 1m queued q=b\n 1m30s wrap_up\n 2m answered agent=zoe\n 3m ended").work("zoe 10s–1m0s, 2m0s–3m0s")
	// Nobody knows who answered, or nobody did.
	call(t, followed()).play("0s queued q=a\n 10s answered\n 1m ended\n 2m wrap_up").work("")
	call(t, followed()).play("0s queued q=a\n 10s offered agent=zoe\n 1m abandoned").work("")
	// A hang-up that is never told: until the last that was heard.
	call(t, followed()).play("0s queued q=a\n 10s answered agent=zoe\n 2m hold\n 3m unhold").work("zoe 10s–").play("20h tick").work("zoe 10s–3m0s")
	// What was spam was no work.
	call(t, followed()).play("0s queued q=a\n 10s answered agent=zoe\n 1m ended\n 2m spam").work("").play("3m reopened").work("zoe 10s–1m0s")
}

// A chat is the agent's who has it while it waits for the agent, and for a quarter of an hour in which nothing is heard.
func TestStintsOfText(t *testing.T) {
	chat(t, followed()).play("0s in q=a\n 1m out agent=zoe team=red\n 5m in\n 6m out\n 7m resolved").work("zoe 1m0s–7m0s red")
	chat(t, followed()).play("0s in q=a\n 1m assign agent=zoe\n 5m out\n 6m pending").work("zoe 1m0s–6m0s").play("30m in\n 31m out\n 32m snoozed").work("zoe 1m0s–6m0s, 30m0s–32m0s")
	// Another agent takes over; the customer who writes again is whose it is.
	chat(t, followed()).play("0s in\n 1m out agent=zoe\n 2m assign agent=bob\n 3m out\n 4m on_hold\n 5m in\n 6m opened\n 7m closed").work("bob 2m0s–4m0s, 6m0s–7m0s\n zoe 1m0s–2m0s")
	// Silence.
	chat(t, followed()).play("0s in\n 1m out agent=zoe\n 16m tick").work("zoe 1m0s–").play("17m tick").work("zoe 1m0s–16m0s").play("40m in\n 41m resolved").work("zoe 1m0s–16m0s, 40m0s–41m0s")
	chat(t, followed()).play("0s in\n 1m out agent=zoe\n 16m in\n 20m resolved").work("zoe 1m0s–20m0s")
	// A message that arrives late was heard all the same.
	chat(t, followed()).play("0s in\n 1m out agent=zoe\n 20m tick").work("zoe 1m0s–16m0s").play("10m in\n 21m resolved").work("zoe 1m0s–21m0s")
	// With the bot it is nobody's; neither is what nobody asked for.
	chat(t, followed()).play("0s in bot=b\n 1s bot\n 1m assign agent=zoe\n 2m to_bot bot=b").work("zoe 1m0s–2m0s")
	chat(t, followed()).play("0s assign agent=zoe\n 1m note").work("")
	chat(t, followed()).play("0s out agent=zoe\n 1m resolved").work("zoe 0s–1m0s")
	// A chat's way through a queue: until the chat ends.
	chat(t, followed()).play("0s queued q=a\n 1m answered agent=zoe\n 2m in\n 4m ended\n 5m wrap_up").work("zoe 1m0s–4m0s")
	// A source that tells in whole seconds: no time, but taken.
	chat(t, followed()).play("0s in\n 1m out agent=zoe\n 1m resolved").work("zoe 1m0s–1m0s")
	// Without threads each episode is a contact of its own.
	whatsapp(t, followed()).play("0s in\n 1m out agent=zoe\n 2m resolved\n 10m in\n 11m out agent=zoe\n 12m resolved").work("zoe 11m0s–12m0s\n zoe 1m0s–2m0s")
	whatsapp(t, followed()).play("0s in\n 1m out agent=zoe\n 50h tick").work("zoe 1m0s–16m0s")
}

// Who is not to be followed is not; what was told before stays as it was.
func TestStintsOfThoseFollowed(t *testing.T) {
	d := call(t, plain()).play("0s queued q=a\n 10s answered agent=zoe").work("")
	d.policy(followed(), false)
	d.play("1m hold").work("zoe 10s–")
	d.policy(plain(), false)
	d.play("2m ended").work("zoe 10s–")
	d.policy(followed(), false)
	d.play("3m wrap_up").work("zoe 10s–3m0s")
}

// To and fro for very long: in parts, of which only the first is taken; late spam takes back the part that is known.
func TestStintsInParts(t *testing.T) {
	var b strings.Builder
	b.WriteString("0s in\n")
	for i := range 40 {
		fmt.Fprintf(&b, "%dm assign agent=%s\n", i+1, []string{"zoe", "bob"}[i%2])
	}
	d := chat(t, followed()).play(b.String())
	if got := d.stints(); strings.Count(got, "…") != 2 || strings.Count(got, "\n") != 3 || strings.Count(got, "–") != 40 {
		t.Errorf("%s", got)
	}
	whole := d.stints()
	d.play("41m tick\n 100h tick")
	if got := d.stints(); !strings.HasPrefix(got, whole[:20]) || strings.Count(got, "…") != 2 {
		t.Errorf("forgetting changes what was told:\n%s\nwas\n%s", got, whole)
	}
}

// TestStintsInAnyOrder: what agents are told in the end does not depend on the order in which it becomes known.
func TestStintsInAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ch := rapid.SampledFrom([]event.Channel{event.WebChat, event.WhatsApp, event.Voice}).Draw(rt, "channel")
		var script []string
		at := 0
		for range rapid.IntRange(1, 14).Draw(rt, "events") {
			at += rapid.SampledFrom([]int{1, 30, 60, 600, 1000}).Draw(rt, "passes")
			verb := rapid.SampledFrom(append([]string{"in", "out", "assign", "pending", "resolved", "reopened", "spam", "bot", "handoff"}, callVerbs...)).Draw(rt, "verb")
			script = append(script, fmt.Sprintf("%ds %s %s %s id=x%d msg=m%d", at, verb, rapid.SampledFrom([]string{"", "agent=zoe", "agent=bob"}).Draw(rt, "agent"),
				rapid.SampledFrom([]string{"", "team=red"}).Draw(rt, "team"), len(script), len(script)))
		}
		plainly, mixed := newDesk(rt, ch, followed()), newDesk(rt, ch, followed())
		end := fmt.Sprintf("%ds tick", at+3600)
		plainly.play(strings.Join(script, "\n")).play(end)
		mixed.anything = true
		mixed.play(strings.Join(rapid.Permutation(script).Draw(rt, "order"), "\n")).play(end)
		if a, b := plainly.stints(), mixed.stints(); a != b {
			rt.Fatalf("in order:\n%s\nmixed:\n%s", a, b)
		}
	})
}
