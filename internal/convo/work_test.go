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

var segments = []convo.MomentKind{convo.Resolution, convo.Resolved, convo.Reopened, convo.OpenSegments, convo.LastSegment, convo.RequesterWait, convo.AgentWork, convo.Replies}

// Zendesk's split of the same conversation, and Trengo's sum of segments: what is resolved in between is nobody's time, and each wait belongs to who caused it.
func TestSegments(t *testing.T) {
	const script = `
		0s   in q=sales
		1m   out agent=zoe
		2m   pending
		4m   in
		5m   on_hold
		7m   opened
		10m  resolved
		20m  in
		21m  out
		22m  snoozed
		23m  opened
		25m  resolved
	`
	const who = " q=sales agent=zoe\n"
	chat(t, promised()).about(segments...).play(script).want(
		"10m0s resolved" + who + "25m0s resolved" + who + "25m0s resolution 21m0s" + who + "25m0s open_segments 11m0s" + who + "25m0s last_segment 5m0s" + who +
			"25m0s requester_wait 13m0s" + who + "25m0s agent_work 10m0s" + who + "25m0s replies 2" + who)
	// Without a promise pauses matter only where the definition names them.
	chat(t, plain()).about(segments...).play(script).want(
		"10m0s resolved" + who + "25m0s resolved" + who + "25m0s resolution 25m0s" + who + "25m0s open_segments 15m0s" + who + "25m0s last_segment 5m0s" + who +
			"25m0s requester_wait 13m0s" + who + "25m0s agent_work 10m0s" + who + "25m0s replies 2" + who)
}

// Zendesk's and Trengo's numbers are in opening hours; Chatwoot's from creation is not meant to be (#3570: each resolve counted again).
func TestSegmentsInOpeningHours(t *testing.T) {
	spec := promised(func(r *sla.RuleSpec) { r.Calendar = "c" })
	spec.Calendars = []sla.CalendarSpec{{Name: "c", Week: map[string][]string{"mon-fri": {"09:00-17:00"}}}}
	chat(t, spec).about(segments[3:]...).play(`
		7h   in
		7h1m out
		7h2m pending
		25h  in
		26h  resolved
		48h  reopened
		49h  resolved
	`).want(`
		49h0m0s  open_segments 2h2m0s
		49h0m0s  last_segment 1h0m0s
		49h0m0s  requester_wait 2h2m0s
		49h0m0s  agent_work 2h2m0s
		49h0m0s  replies 1
	`)
}

// A resolve counts where it was, and so does its undoing; a customer who says thank you undoes nothing.
func TestReopened(t *testing.T) {
	kinds := []convo.MomentKind{convo.Resolved, convo.Reopened}
	chat(t, plain()).about(kinds...).play("0s in q=a\n 1m resolved agent=zoe\n 2m in\n 3m resolved q=b agent=bob").want(`
		1m0s  resolved q=a agent=zoe
		3m0s  resolved q=b agent=bob
	`)
	d := chat(t, plain()).about(kinds...).play("0s in q=a\n 1m resolved agent=zoe\n 2m closed\n 50h reopened q=b agent=bob\n 51h resolved\n 52h reopened\n 53h reopened").want(`
		1m0s     resolved q=a agent=zoe
		1m0s     reopened q=a agent=zoe
		51h0m0s  resolved q=b agent=bob
		51h0m0s  reopened q=b agent=bob
	`)
	if f := d.facts["ana c#"]; f.Reopened {
		t.Error("told without a customer")
	}
	// A source that tells the new message before the reopening means the same.
	chat(t, plain()).about(kinds...).play("0s in\n 1m resolved\n 2m in\n 2m1s reopened").want("1m0s resolved\n 1m0s reopened")
	// Not spam after all says nothing of the resolve, whether it is forgotten or not.
	chat(t, plain()).about(kinds...).play("0s in\n 1m resolved\n 2m spam").want("").play("3m reopened").want("1m0s resolved")
	chat(t, plain()).about(kinds...).play("0s in\n 1m resolved\n 2m spam\n 100h tick\n 100h reopened\n 101h resolved").want("101h0m0s resolved")
	// A late reopening changes what followed: the second resolve is one of its own.
	chat(t, plain()).about(kinds...).play("0s in\n 1m resolved\n 5m closed").want("1m0s resolved").play("3m reopened").want("1m0s resolved\n 1m0s reopened\n 5m0s resolved")
	// Without threads a contact after the resolve is a new episode.
	whatsapp(t, plain()).about(kinds...).play("0s in\n 1m resolved\n 2m in\n 3m resolved\n 4m reopened").want("")
}

// The first person who took part, and whether the conversation went on to another one.
func TestTransfers(t *testing.T) {
	f := func(script, want string) {
		t.Helper()
		chat(t, plain()).about(convo.Joined, convo.Moved).play(script).want(want)
	}
	const joined = "1m0s joined q=a agent=zoe\n"
	f("0s in q=a\n 30s assign agent=zoe\n 1m out\n 2m out agent=bob\n 3m out agent=zoe", joined)
	f("0s in q=a\n 30s assign agent=zoe\n 1m out\n 2m assign agent=bob\n 3m transfer q=b", joined+"1m0s moved q=a agent=zoe")
	f("0s in q=a\n 30s assign agent=zoe\n 1m out\n 2m transfer to=b", joined+"1m0s moved q=a agent=zoe")
	f("0s in q=a\n 1m out agent=zoe\n 2m escalate q=b", joined+"1m0s moved q=a agent=zoe")
	// Routing before a person took part is no transfer, and neither is naming the same one again.
	f("0s in q=b\n 10s assign agent=bob\n 20s transfer q=a\n 30s assign agent=zoe\n 1m out\n 2m assign agent=zoe\n 3m assign q=c", joined)
	f("0s in q=a\n 1m transfer q=b", "")
	// Internal notes, bots and receipts of what is known are not a person's reply.
	f("0s in q=a\n 10s note agent=bob\n 20s bot\n 1m out agent=zoe", joined)
	// A transfer that arrives late counts where the person joined.
	d := chat(t, plain()).about(convo.Joined, convo.Moved).play("0s in q=a who=ana\n 1m out agent=zoe\n 3m out agent=bob\n 4m out agent=bob\n 5m resolved").want(joined)
	d.play("2m assign agent=bob").want(joined + "1m0s moved q=a agent=zoe")
	for _, fact := range d.facts {
		if !fact.Transferred || fact.Agents != 2 || fact.PeopleAt != t0+60_000 || fact.Reopened || fact.ResolvedAt != t0+300_000 {
			t.Errorf("fact %+v", fact)
		}
	}
	d.play("6m reopened")
	for _, fact := range d.facts {
		if !fact.Reopened || fact.ResolvedAt != 0 {
			t.Errorf("fact %+v", fact)
		}
	}
	d.play("7m spam").want("")
	// What never counted has no transfer either.
	chat(t, plain()).about(convo.Joined, convo.Moved).play("0s in\n 1m out agent=zoe\n 2m spam\n 100h tick\n 100h reopened\n 101h transfer q=b").want("")
	// Also when it is the spam that is not forgotten yet.
	chat(t, plain()).about(convo.Joined, convo.Moved).play("0s in\n 1m out agent=zoe\n 10h spam\n 25h tick\n 26h reopened\n 27h transfer q=b").want("")
	// Calls: the second leg of a transferred call is not the first person.
	call(t, plain()).about(convo.Joined, convo.Moved).play("0s queued q=a\n 1m answered agent=zoe\n 2m transferred\n 2m queued q=b\n 3m answered agent=bob\n 4m transferred").want(
		joined + "1m0s moved q=a agent=zoe")
}

// Talk, hold and wrap-up are what handling is made of, wherever they are told.
func TestHandlingSplit(t *testing.T) {
	f := func(script, talked, held, wrapped string) {
		t.Helper()
		d := call(t, plain()).about(convo.Talked, convo.Held, convo.Wrapped).play("0s queued q=ps\n 10s answered agent=zoe\n" + script)
		var got []string
		for _, line := range lines(d.moments()) {
			w := strings.Fields(line)
			got = append(got, strings.Join(w[1:3], " "))
		}
		if want := []string{"talked " + talked, "held " + held, "wrapped " + wrapped}; !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", script, got, want)
		}
	}
	f("70s ended", "1m0s", "0s", "0s")
	f("30s hold\n 50s unhold\n 70s ended\n 100s wrap_up", "40s", "20s", "30s")
	f("30s hold\n 70s ended", "20s", "40s", "0s") // hung up while on hold
	f("70s ended talk=40s held=5s", "40s", "5s", "0s")
	f("30s hold\n 50s unhold\n 70s ended talk=40s", "40s", "0s", "0s") // who reports talk and no hold had none
	f("70s ended held=20s wrap=15s", "40s", "20s", "15s")
	f("70s ended held=2m", "0s", "1m0s", "0s") // more than there was
	f("70s ended wrap=20s\n 100s wrap_up", "1m0s", "0s", "20s")
	f("30s hold\n 40s unhold\n 70s ended\n 100s wrap_up wrap=25s", "50s", "10s", "25s")
	f("70s ended talk=50s wrap=7s\n 100s wrap_up talk=48s held=10s wrap=30s", "48s", "10s", "30s")
}

// What a conversation is about is told late: it holds for the whole episode, and not beyond.
func TestTopics(t *testing.T) {
	d := chat(t, promised()).about(convo.Started, convo.Answered, convo.FirstResponse, convo.ClockHit, convo.ClockMiss, convo.Joined, convo.Resolved)
	d.play("0s in\n 1m out\n 5m resolved\n").play("6m note topic=billing complexity=complex who=ana").want(`
		0s    started topic=billing
		1m0s  answered 1m0s late topic=billing
		1m0s  first_response 1m0s topic=billing
		1m0s  hit first_response topic=billing
		1m0s  joined topic=billing
		5m0s  resolved topic=billing
		5m0s  hit resolution topic=billing
	`)
	d.play("3m note topic=sales").want(`
		0s    started topic=sales
		1m0s  answered 1m0s late topic=sales
		1m0s  first_response 1m0s topic=sales
		1m0s  hit first_response topic=sales
		1m0s  joined topic=sales
		5m0s  resolved topic=sales
		5m0s  hit resolution topic=sales
	`)
	for _, f := range d.facts {
		if f.Topic != "billing" || f.Complexity != 3 {
			t.Errorf("fact %+v", f)
		}
	}
	for _, second := range []string{"30h", "2h"} { // after the gap, or after the resolve
		w := whatsapp(t, plain()).about(convo.Started, convo.Scored).play("0s in score=5 who=ana topic=a complexity=simple\n 1h resolved\n" + second + " in score=6\n")
		w.want("0s started topic=a\n 0s scored 5 topic=a\n" + rel(w.instant(second)) + " started\n" + rel(w.instant(second)) + " scored 6")
		w.play(second + " in score=7 topic=b complexity=medium hint=9").want("0s started topic=a\n 0s scored 5 topic=a\n" + rel(w.instant(second)) + " started topic=b\n" +
			rel(w.instant(second)) + " scored 6 topic=b\n" + rel(w.instant(second)) + " scored 7 topic=b")
		for _, f := range w.facts {
			if !f.Open && (f.Topic != "a" || f.Complexity != 1) || f.Open && (f.Topic != "b" || f.Complexity != 2) {
				t.Errorf("fact %+v", f)
			}
		}
	}
	// The first topic that is told later is the last one of its instant.
	chat(t, plain()).about(convo.Started).play("0s in q=sales\n 3m in q=help topic=a\n 3m note q=desk topic=b\n 4m note topic=c").want("0s started q=sales topic=b")
	// What is lost at the end of an episode is lost in its topic.
	never := plain()
	never.Stale = map[string]string{"whatsapp": "never"}
	whatsapp(t, never).about(convo.Lost).play("0s in topic=a\n 30h in topic=b\n 100h tick").want("24h0m0s lost 24h0m0s late topic=a\n 54h0m0s lost 24h0m0s late topic=b")
	// What is final is of no topic that is told later, and neither is what counts beside it.
	chat(t, plain()).about(convo.Joined, convo.Moved, convo.Resolved, convo.Reopened).play(
		"0s in q=a\n 1m out agent=zoe\n 2m resolved\n 100h tick\n 101h note topic=late\n 102h reopened\n 103h transfer q=b\n 104h resolved").want(`
		1m0s      joined q=a agent=zoe
		1m0s      moved q=a agent=zoe
		2m0s      resolved q=a agent=zoe
		2m0s      reopened q=a agent=zoe
		104h0m0s  resolved q=b agent=zoe topic=late
	`)
	// What begins the next episode says so of that one alone.
	w := whatsapp(t, plain()).about(convo.Started).play("0s in who=ana\n 1h resolved\n 2h in topic=b complexity=medium").want("0s started\n 2h0m0s started topic=b")
	for _, f := range w.facts {
		if f.Open != (f.Topic == "b") || f.Open != (f.Complexity == 2) {
			t.Errorf("fact %+v", f)
		}
	}
}

// TestWorkIsPlain compares any conversation with a plain count: events sorted, one walk over the times between them.
func TestWorkIsPlain(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		type happened struct {
			at   int64
			verb string
		}
		var events []happened
		at := int64(0)
		for range rapid.IntRange(1, 25).Draw(rt, "events") {
			at += rapid.Int64Range(1, 600).Draw(rt, "passes") * 1000
			events = append(events, happened{at, rapid.SampledFrom([]string{"in", "in", "out", "out", "pending", "on_hold", "snoozed", "opened", "resolved", "resolved",
				"closed", "reopened", "note", "transfer"}).Draw(rt, "verb")})
		}
		events[0].verb = "in"
		d := newDesk(rt, event.WebChat, plain()).about(append(slices.Clone(segments[1:]), convo.Joined, convo.Moved)...)
		for _, i := range rapid.Permutation(slices.Collect(func(yield func(int) bool) {
			for i := range events {
				if !yield(i) {
					return
				}
			}
		})).Draw(rt, "arrival") {
			d.play(fmt.Sprintf("%dms %s id=%d", events[i].at, events[i].verb, i))
		}
		var want, settled []string
		status, last := "opened", int64(0)
		var begin, resolvedAt, open, segment, wait, work, replies, joined int64
		moved := false
		for i, e := range events {
			if i == 0 {
				begin, last = e.at, e.at
			}
			if over := status == "resolved" || status == "closed"; !over {
				open, segment = open+e.at-last, segment+e.at-last
				if status != "pending" {
					wait += e.at - last
				}
				if status == "opened" {
					work += e.at - last
				}
			}
			last = e.at
			over := status == "resolved" || status == "closed"
			switch e.verb {
			case "in":
				if status != "on_hold" {
					status = "opened"
				}
			case "out":
				if replies++; joined == 0 {
					joined = e.at
					want = append(want, rel(t0+joined)+" joined")
				}
			case "transfer":
				if joined != 0 && !moved {
					moved = true
					want = append(want, rel(t0+joined)+" moved")
				}
			case "reopened":
				if settled != nil {
					want, settled = append(want, rel(t0+resolvedAt)+" reopened"), nil
				}
				status = "opened"
			case "opened":
				status = "opened"
			case "pending", "on_hold", "snoozed":
				if !over {
					status = e.verb
				}
			case "resolved", "closed":
				if status = e.verb; !over {
					resolvedAt = e.at
					s := rel(t0+e.at) + " "
					want = append(want, s+"resolved")
					settled = []string{s + "open_segments " + ms(open), s + "last_segment " + ms(segment), s + "requester_wait " + ms(wait), s + "agent_work " + ms(work),
						fmt.Sprint(s, "replies ", replies)}
				}
			}
			if over && status == "opened" {
				segment = 0
			}
		}
		if begin != events[0].at {
			rt.Fatalf("begin %d", begin)
		}
		d.want(strings.Join(append(want, settled...), "\n"))
	})
}

// TestCallsAddUp: whatever happens to a call, its handlings and their parts are as many and as long.
func TestCallsAddUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := newDesk(rt, event.Voice, plain())
		at := int64(0)
		pick := func(of ...string) string { return rapid.SampledFrom(of).Draw(rt, "with") }
		for range rapid.IntRange(1, 25).Draw(rt, "events") {
			at += rapid.Int64Range(0, 90).Draw(rt, "passes") * 1000
			late := rapid.SampledFrom([]int64{0, 0, 0, 60_000}).Draw(rt, "late")
			d.play(fmt.Sprintf("%dms %s %s %s %s %s", max(0, at-late), pick(callVerbs...), pick("", "q=a", "q=b agent=zoe"), pick("", "talk=20s"), pick("", "held=9s"), pick("", "wrap=5s")))
		}
		var n, sum [convo.LastKind + 1]int64
		for m, times := range d.counted {
			n[m.Kind] += int64(times)
			sum[m.Kind] += m.Value * int64(times)
			if m.Value < 0 {
				rt.Fatalf("%s is impossible", show(m))
			}
		}
		if n[convo.Talked] != n[convo.Handled] || n[convo.Held] != n[convo.Handled] || n[convo.Wrapped] != n[convo.Handled] ||
			sum[convo.Talked]+sum[convo.Held]+sum[convo.Wrapped] != sum[convo.Handled] {
			rt.Fatalf("talk, hold and wrap-up are not the handling:\n%s", d.aboutAll().moments())
		}
	})
}

// Open segments are the time from the start where nothing was reopened, and never more; a last segment is never more than all.
func TestSegmentsAreParts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		spec := promised(func(r *sla.RuleSpec) { r.Calendar, r.PauseOn = "c", []string{"snoozed"} })
		spec.Calendars = []sla.CalendarSpec{{Name: "c", Week: map[string][]string{"daily": {"08:00-12:00", "13:00-18:00"}}}}
		d := newDesk(rt, event.Email, spec)
		at, again := int64(0), false
		d.play("0s in")
		for range rapid.IntRange(1, 20).Draw(rt, "events") {
			at += rapid.Int64Range(1, 200).Draw(rt, "passes") * 60_000
			verb := rapid.SampledFrom([]string{"in", "out", "pending", "on_hold", "snoozed", "opened", "resolved", "reopened"}).Draw(rt, "verb")
			d.play(fmt.Sprintf("%dms %s\n %dms tick", at, verb, at))
			again = again || len(d.counted) > 0 && slices.Contains([]string{"in", "opened", "reopened"}, verb) && d.resolves() > 0
		}
		value := map[convo.MomentKind]int64{}
		for m, times := range d.counted {
			if times > 0 {
				value[m.Kind] = m.Value
			}
		}
		whole, open, last := value[convo.Resolution], value[convo.OpenSegments], value[convo.LastSegment]
		if last > open || open > whole || !again && (open != whole || last != whole) || value[convo.AgentWork] > value[convo.RequesterWait] {
			rt.Fatalf("from the start %s, open %s, last %s:\n%s", ms(whole), ms(open), ms(last), d.aboutAll().moments())
		}
	})
}

// resolves is how many resolves count.
func (d *desk) resolves() (n int) {
	for m, times := range d.counted {
		if m.Kind == convo.Resolved {
			n += times
		}
	}
	return n
}

// A conversation that is resolved and opened again without end stays bounded.
func TestManySegments(t *testing.T) {
	spec := plain()
	spec.Horizon = map[string]string{"*": "6m"}
	d := chat(t, spec).about(convo.OpenSegments, convo.LastSegment)
	var script strings.Builder
	for i := range 1100 {
		fmt.Fprintf(&script, "%dm in\n %dm resolved\n", 3*i, 3*i+1)
		if i%3 == 0 {
			fmt.Fprintf(&script, "%dm tick\n", 3*i+1)
		}
	}
	d.play(script.String())
	if n := len(d.state.Encode()); n > 32<<10 || d.resolves() != 1100 {
		t.Errorf("%d bytes, %d resolves", n, d.resolves())
	}
	if got := lines(d.moments()); !slices.Equal(got[len(got)-2:], []string{"54h58m0s open_segments 18h20m0s", "54h58m0s last_segment 1m0s"}) {
		t.Errorf("the last resolve says %v", got[len(got)-2:])
	}
}
