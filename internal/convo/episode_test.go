package convo_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
)

// Decision D3: on threadless channels episodes are cut by inactivity, 24 h by default; who still waits then is lost.
func TestEpisodeGap(t *testing.T) {
	d := whatsapp(t, plain()).play(`
		0s       in q=sales who=ana
		1m       out
		24h      in
		48h      tick
		48h2s    tick
	`).known("ana 0s 24h0m0s open q=sales").play("48h2.001s tick").known("ana 0s 24h0m0s ended 48h0m0s q=sales").play("49h in q=sales who=ana").want(`
		0s        started q=sales
		1m0s      answered 1m0s late q=sales
		1m0s      first_response 1m0s q=sales
		49h0m0s   started q=sales
	`)
	d.play("49h1m out\n 80h tick").want(`
		0s        started q=sales
		1m0s      answered 1m0s late q=sales
		1m0s      first_response 1m0s q=sales
		49h0m0s   started q=sales
		49h1m0s   answered 1m0s late q=sales
		49h1m0s   first_response 1m0s q=sales
	`).known(`
		ana 0s 24h0m0s ended 48h0m0s q=sales
		ana 49h0m0s ended 73h1m0s q=sales
	`)
}

// A resolve ends an episode at the customer's next message: first response begins anew.
func TestEpisodeCutByResolve(t *testing.T) {
	whatsapp(t, promised()).play(`
		0s   in
		30s  out
		1m   in
		90s  out
		2m   resolved
		10m  in
		11m  out
	`).want(`
		0s      started
		30s     answered 30s late
		30s     first_response 30s
		30s     hit first_response
		1m30s   next_response 30s
		1m30s   hit next_response
		2m0s    resolution 2m0s
		2m0s    hit resolution
		10m0s   started
		11m0s   answered 1m0s late
		11m0s   first_response 1m0s
		11m0s   hit first_response
	`)
}

// A contact of an episode that ends unanswered is lost where the episode ends, or earlier at its channel's limit.
func TestUnansweredEpisode(t *testing.T) {
	spec := plain()
	whatsapp(t, spec).play("0s in\n 25h tick").want("0s started\n 24h0m0s lost 24h0m0s late")
	spec.Stale = map[string]string{"whatsapp": "2h"}
	whatsapp(t, spec).play("0s in\n 1h in\n 4h tick").want("0s started\n 3h0m0s lost 3h0m0s late").play("150m out").want(`
		0s        started
		2h30m0s   answered 2h30m0s late
		2h30m0s   first_response 2h30m0s
	`)
}

// Whatever comes late in between joins two episodes to one, and what was told of them follows.
func TestLateEventJoinsEpisodes(t *testing.T) {
	spec := plain()
	spec.EpisodeGap = "1h"
	whatsapp(t, spec).play(`
		0s    in who=ana
		90m   in
		100m  tick
	`).known("ana 0s ended 1h0m0s\n ana 1h30m0s open").play("45m out").known("ana 0s 1h30m0s open").want(`
		0s      started
		45m0s   answered 45m0s late
		45m0s   first_response 45m0s
	`)
}

// A conversation that was forgotten and begins again takes no old name: stage 2 would drop its facts as repeats.
func TestForgottenConversationBeginsAnew(t *testing.T) {
	d := whatsapp(t, plain()).play("0s in who=ana\n 60h tick")
	if d.state != nil {
		t.Fatal("after 60 h without a word the conversation is still remembered")
	}
	d.play("72h in who=ana").known("ana 0s ended 24h0m0s\n ana 72h0m0s open")
}

// The customer who becomes known late, or turns out to be another, takes the contact along.
func TestCustomerLearntLate(t *testing.T) {
	chat(t, plain()).play("0s in q=sales\n 1m out").known("").play("2m assign who=ana").known("ana 0s open q=sales").play("3m in who=bob").known("bob 0s 3m0s open q=sales").
		play("1m assign who=eva").known("bob 0s 3m0s open q=sales").play("4m resolved").known("bob 0s 3m0s ended 4m0s q=sales")
}

// Stage 2 hears of the first and the last activity of each day, and of what customers do outside conversations.
func TestActivityPerDay(t *testing.T) {
	chat(t, plain()).play(`
		0s   in who=ana
		1h   in
		2h   in
		15h  in
		16h  visit
		17h  in
	`).known("ana 0s 2h0m0s 15h0m0s 17h0m0s open")
	call(t, plain()).play("0s queued who=ana q=ps\n 10s answered\n 90s ended").known("ana 0s ended 1m30s q=ps")
}

// A conversation that lives for weeks goes on under another name, for a fact that drops its first days would take them back.
func TestLongConversationKeepsItsDays(t *testing.T) {
	d := chat(t, plain())
	for day := range 40 {
		d.play(fmt.Sprintf("%dh in who=ana\n %dh tick", 24*day, 24*day+6))
	}
	days := map[int64]int{}
	for _, f := range d.facts {
		for _, at := range f.ActiveAt {
			days[(at-t0)/86_400_000]++
		}
	}
	if len(days) != 40 {
		t.Errorf("stage 2 knows of %d days, want 40", len(days))
	}
	for day, n := range days {
		if n != 1 {
			t.Errorf("day %d is told %d times", day, n)
		}
	}
}

// Sentiment counts at its message; a score that is sent on its own replaces the one that came with the message, whatever the order of arrival, and scores of our own
// messages count nowhere.
func TestSentiment(t *testing.T) {
	chat(t, plain()).play(`
		0s   in msg=a score=500000
		9s   score msg=a score=-900000
		10s  in msg=b
		20s  out msg=c
		30s  score msg=c score=-1000000
		5s   score msg=d score=100000
		40s  score msg=b score=700000
		50s  score msg=b score=300000
	`).want(`
		0s   started
		0s   scored -900000
		5s   scored 100000
		10s  scored 300000
		20s  answered 20s
		20s  first_response 20s
	`)
	chat(t, plain()).play("9s score msg=a score=-900000\n 0s in msg=a score=500000").want("0s started\n 0s scored -900000")
}

// Protocol S7: a conversation first seen in the middle counts nowhere and promises nothing.
func TestLeftTruncated(t *testing.T) {
	d := chat(t, promised())
	d.truncated = true
	d.play("0s out who=ana\n 1m in\n 1m in id=e2 repeat\n 9h tick").want("").told("").known("")
	if _, ok := d.state.Open(); ok {
		t.Error("it is listed as open")
	}
	d.play("30h tick")
	if d.state != nil {
		t.Error("it is still remembered")
	}
	begins := func(what string, ch event.Channel, want bool) {
		t.Helper()
		d := newDesk(t, ch, plain())
		if got := convo.Begins(d.eventOf(t0, what, nil)); got != want {
			t.Errorf("%s begins a conversation: %v, want %v", what, got, want)
		}
	}
	for _, what := range []string{"in", "opened", "bot", "campaign", "visit", "self"} {
		begins(what, event.WebChat, true)
	}
	for _, what := range []string{"out", "resolved", "pending", "handoff", "delivered", "score", "reopened"} {
		begins(what, event.WebChat, false)
	}
	for what, want := range map[string]bool{"started": true, "queued": true, "answered": false, "ended": false, "wrap_up": false} {
		begins(what, event.Voice, want)
	}
}

// Beyond 512 entries the oldest quarter is forgotten early: clocks go on, and a repeat of what was forgotten is not counted again.
func TestEntriesAreBounded(t *testing.T) {
	d := chat(t, plain())
	s := convo.New(d.eventOf(t0, "in", nil))
	counted := map[convo.Moment]int{}
	apply := func(e *event.Event) bool {
		c, applied := s.Apply(d.env(), e)
		for _, m := range c.Gone {
			counted[m]--
		}
		for _, m := range c.New {
			counted[m]++
		}
		return applied
	}
	for i := range 2000 {
		d.lines = i
		apply(d.eventOf(t0+int64(i)*1000, []string{"in", "out"}[i%2], nil))
	}
	for i := range 2000 {
		if d.lines = i; apply(d.eventOf(t0+int64(i)*1000, []string{"in", "out"}[i%2], nil)) {
			t.Fatalf("the repeat of event %d was counted again", i)
		}
	}
	n := map[convo.MomentKind]int{}
	for m, k := range counted {
		n[m.Kind] += k
	}
	if n[convo.Started] != 1 || n[convo.FirstResponse] != 1 || n[convo.NextResponse] != 999 || n[convo.Answered] != 1 {
		t.Errorf("counted %v, want 1 start, 1 first and 999 next responses", n)
	}
	if size := len(s.Encode()); size > 15_000 {
		t.Errorf("the state takes %d bytes", size)
	}
}

// Protocol T5: entries leave a residue from which clocks are still right: a reply days after the horizon ends the turn that began before it.
func TestReplyAfterHorizon(t *testing.T) {
	d := chat(t, promised()).play(`
		0s    in q=sales who=ana
		10s   assign to_agent=ana
		3m    tick
		100h  tick
	`).told(`
		3m0s breach first_response due 2m0s q=sales agent=ana
		100h0m0s breach resolution due 1h0m0s q=sales agent=ana
	`)
	d.play("100h1m out actor=zoe").told("100h0m0s settled first_response due 2m0s done 100h1m0s late q=sales agent=ana").want(`
		0s         started q=sales
		2m0s       miss first_response q=sales agent=ana
		1h0m0s     miss resolution q=sales
		24h0m0s    lost 24h0m0s late q=sales agent=ana
		100h1m0s   first_response 100h1m0s q=sales agent=zoe
	`)
	// The resolve of a conversation whose entries are gone can still be undone.
	d.play("101h resolved\n 200h tick\n 201h reopened").want(`
		0s         started q=sales
		2m0s       miss first_response q=sales agent=ana
		1h0m0s     miss resolution q=sales
		24h0m0s    lost 24h0m0s late q=sales agent=ana
		100h1m0s   first_response 100h1m0s q=sales agent=zoe
	`)
}

// The rule of a running clock is the one of the queue where it began, also when the transfer has been forgotten.
func TestRuleOfStartAfterHorizon(t *testing.T) {
	spec := promised()
	slow := spec.Rules[0]
	slow.Name, slow.Match.Queue, slow.FirstResponse, slow.Resolution = "slow", []string{"sales"}, "", "72h"
	spec.Rules = append(spec.Rules[:0:0], slow, spec.Rules[0])
	chat(t, spec).play("0s in q=sales\n 1h transfer to=help\n 71h tick").told("").play("73h tick").told("73h0m0s breach resolution due 72h0m0s q=help")
}

// Events of one instant are ordered by cause and effect, then by the source's own order; a mixture of sources has one order, whoever comes first.
func TestOrderOfOneInstant(t *testing.T) {
	chat(t, plain()).play("5s out\n 5s in\n 5s resolved").want(`
		5s  started
		5s  answered 0s
		5s  first_response 0s
		5s  resolution 0s
	`)
	d := chat(t, plain())
	var mixed []*event.Event
	for i, a := range []map[string]string{{"src": "a", "hint": "10"}, {"src": "a", "hint": "9"}, {"src": "b"}, {"src": "b", "hint": "1"}, {"src": "a"}, {"src": "c", "hint": "3"}} {
		for k := range 3 {
			a["id"] = fmt.Sprint(time.Duration(i*7+k*13) * time.Second)
			mixed = append(mixed, d.eventOf(t0, "in", a))
		}
	}
	for _, x := range mixed {
		for _, y := range mixed {
			for _, z := range mixed {
				if convo.CompareEvents(x, y) < 0 && convo.CompareEvents(y, z) < 0 && convo.CompareEvents(x, z) >= 0 {
					t.Fatalf("%s/%s < %s/%s < %s/%s, but not the first before the last", x.Source.Connector, x.OrderHint, y.Source.Connector, y.OrderHint, z.Source.Connector, z.OrderHint)
				}
			}
		}
	}
	if convo.CompareEvents(mixed[3], mixed[0]) >= 0 {
		t.Error("hint 9 of a source is not before its hint 10")
	}
}
