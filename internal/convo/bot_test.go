package convo_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
)

func (d *desk) aboutBots() *desk { return d.about(convo.BotJoined, convo.HandoffTime) }

func TestBotJoined(t *testing.T) {
	chat(t, plain()).aboutBots().play("0s in\n 5s out agent=zoe\n 6s resolved").want("")
	// A bot alone; the queue is known later.
	chat(t, plain()).aboutBots().play("0s in\n 2s bot\n 1m in\n 2m bot q=sales\n 3m resolved").want("2s bot_joined q=sales")
	// Handed over in words, then answered.
	chat(t, plain()).aboutBots().play("0s in\n 2s bot\n 1m handoff q=sales\n 2m out agent=zoe").want("2s bot_joined class=1 q=sales\n 2s handoff_time 58s q=sales")
	// People cut in.
	chat(t, plain()).aboutBots().play("0s in\n 2s bot\n 2m out agent=zoe").want("2s bot_joined class=1\n 2s handoff_time 1m58s")
	// They were there first: the bot only helped.
	chat(t, plain()).aboutBots().play("0s in\n 1m out agent=zoe\n 2m bot\n 3m out agent=zoe").want("2m0s bot_joined")
	// Given to the bot by people, and back again. The first hand-off counts.
	chat(t, plain()).aboutBots().play("0s in\n 1m out agent=zoe\n 2m to_bot\n 5m handoff q=help\n 6m to_bot\n 9m handoff").want("2m0s bot_joined class=1 q=help\n 2m0s handoff_time 3m0s q=help")
	// An assignment from the bot to a queue is one.
	chat(t, plain()).aboutBots().play("0s in\n 2s bot\n 30s assign q=sales").want("2s bot_joined class=1 q=sales\n 2s handoff_time 28s q=sales")
	// Reopened after a bot-only close people owe the answer: that is one too.
	chat(t, plain()).aboutBots().play("0s in\n 2s bot\n 1m resolved\n 10m reopened").want("2s bot_joined class=1\n 2s handoff_time 9m58s")
	// A call that a bot took first.
	call(t, plain()).aboutBots().play("0s started\n 3s self\n 20s queued q=sales\n 50s answered agent=zoe\n 60s ended").want("3s bot_joined class=1 q=sales\n 3s handoff_time 47s q=sales")
	// Each episode for itself.
	whatsapp(t, plain()).aboutBots().play("0s in\n 2s bot\n 40h in\n 41h out").want("2s bot_joined")
}

func TestSelfService(t *testing.T) {
	// The first sign of life of a conversation; people owe nothing, and nobody waits.
	d := chat(t, promised()).play("0s self who=ana\n 10s self outcome=contained\n 30m tick").want("0s started").told("")
	d.known("ana 0s 10s open")
	if o, ok := d.state.Open(); !ok || o.WaitingSince != 0 {
		t.Errorf("open: %+v %v", o, ok)
	}
	// A customer who wrote and helps himself waits no more; the hand-over begins the wait.
	chat(t, promised()).about(convo.Started, convo.Answered, convo.FirstResponse, convo.ClockHit, convo.BotJoined, convo.HandoffTime).play(`
		0s  in who=ana q=sales
		5s  self outcome=viewed
		1m  self outcome=escalated
		2m  out agent=zoe
	`).want(`
		0s   started q=sales
		5s   bot_joined class=1 q=sales
		5s   handoff_time 55s q=sales
		2m0s answered 1m0s late q=sales agent=zoe
		2m0s first_response 1m0s q=sales agent=zoe
		2m0s hit first_response q=sales agent=zoe
	`)
	// Escalated at once.
	chat(t, plain()).aboutBots().play("0s self outcome=escalated\n 1m out").want("0s bot_joined class=1\n 0s handoff_time 0s")
	// With people already: nothing changes hands.
	chat(t, plain()).aboutBots().play("0s in\n 1m out\n 2m self outcome=escalated\n 3m out").want("2m0s bot_joined")
}

func TestOutOfHours(t *testing.T) {
	spec := promised(func(r *sla.RuleSpec) { r.Calendar = "office" })
	spec.Calendars = []sla.CalendarSpec{{Name: "office", Zone: "America/Bogota", Week: map[string][]string{"mon-fri": {"09:00-17:00"}}}}
	chat(t, spec).aboutBots().play("7h in\n 7h bot\n 7h59m59s handoff q=sales").want("7h0m0s bot_joined class=1 q=sales\n 7h0m0s handoff_time 59m59s q=sales")
	chat(t, spec).aboutBots().play("7h in\n 7h bot\n 8h handoff q=sales").want("7h0m0s bot_joined class=2 q=sales\n 7h0m0s handoff_time 1h0m0s q=sales")
	chat(t, plain()).aboutBots().play("7h in\n 7h bot\n 20h handoff q=sales").want("7h0m0s bot_joined class=1 q=sales\n 7h0m0s handoff_time 13h0m0s q=sales")
}

// What the bot did stays known when it is forgotten, and is taken back with the episode.
func TestBotIsRemembered(t *testing.T) {
	spec := plain()
	spec.Horizon = map[string]string{"*": "1h"}
	d := chat(t, spec).aboutBots().play("0s in\n 2s bot\n 5m note q=sales\n 70m tick").want("2s bot_joined q=sales")
	d.play("80m in\n 90m out q=help agent=zoe").want("2s bot_joined class=1 q=sales\n 2s handoff_time 1h29m58s q=sales")
	d.play("5h tick\n 5h1m spam").want("")
	d.play("5h2m reopened").want("2s bot_joined class=1 q=sales\n 2s handoff_time 1h29m58s q=sales")
}

func TestFactsOfBots(t *testing.T) {
	for _, c := range []struct {
		script                    string
		bot, contained, confirmed bool
	}{
		{"0s in who=ana\n 1m out\n 2m resolved", false, false, false},
		{"0s in who=ana\n 2s bot\n 2m resolved", true, true, false},
		{"0s in who=ana\n 2s bot", true, false, false},
		{"0s self who=ana outcome=contained", true, false, false},
		{"0s self who=ana outcome=contained\n 1m closed", true, true, false},
		{"0s self who=ana outcome=confirmed\n 1m resolved", true, true, true},
		{"0s self who=ana outcome=confirmed\n 1m self outcome=escalated\n 2m out\n 3m resolved", true, false, true},
		{"0s self who=ana outcome=contained\n 1m self outcome=abandoned\n 3m closed", true, true, false},
	} {
		d := chat(t, plain()).play(c.script)
		if len(d.facts) != 1 {
			t.Fatalf("%s: %d facts", c.script, len(d.facts))
		}
		for _, f := range d.facts {
			if f.Bot != c.bot || f.Contained != c.contained || f.Confirmed != c.confirmed {
				t.Errorf("%s: bot %v contained %v confirmed %v", c.script, f.Bot, f.Contained, f.Confirmed)
			}
		}
	}
	// What falls silent after self-service is over: contained if that is what was said last.
	for outcome, want := range map[string]bool{"contained": true, "confirmed": true, "viewed": false, "abandoned": false} {
		d := whatsapp(t, plain()).play(fmt.Sprintf("0s self who=ana\n 1m self outcome=%s\n 90h tick", outcome))
		for _, f := range d.facts {
			if f.Open || f.Contained != want {
				t.Errorf("%s: open %v contained %v", outcome, f.Open, f.Contained)
			}
		}
	}
}

// TestBotsInAnyOrder: whatever comes first, what bots did comes to the same.
func TestBotsInAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ch := rapid.SampledFrom([]event.Channel{event.WebChat, event.WhatsApp, event.Voice}).Draw(rt, "channel")
		verbs := []string{"in", "bot", "out", "handoff", "to_bot", "self", "self outcome=escalated", "self outcome=contained", "assign q=help", "resolved", "reopened", "answered"}
		var script []string
		for i := range rapid.IntRange(1, 12).Draw(rt, "steps") {
			script = append(script, fmt.Sprintf("%dm %s id=e%d", i*rapid.SampledFrom([]int{1, 200}).Draw(rt, "apart"), rapid.SampledFrom(verbs).Draw(rt, "verb"), i))
		}
		spec := promised()
		spec.Horizon = map[string]string{"*": "744h"}
		straight, mixed := newDesk(rt, ch, spec), newDesk(rt, ch, spec)
		straight.threadless, mixed.threadless = ch == event.WhatsApp, ch == event.WhatsApp
		for _, line := range script {
			straight.play(line)
		}
		for _, line := range rapid.Permutation(script).Draw(rt, "order") {
			mixed.play(line)
		}
		mixed.about(convo.BotJoined, convo.HandoffTime, convo.Answered, convo.FirstResponse).want(straight.about(convo.BotJoined, convo.HandoffTime, convo.Answered, convo.FirstResponse).moments())
	})
}
