package convo_test

import (
	"testing"

	"github.com/vigia-cx/vigia/internal/sla"
)

// Rule: response counts from the oldest unanswered message (Chatwoot: waiting_since is set only if blank; Zendesk: oldest unanswered comment).
func TestResponseFromOldestUnansweredMessage(t *testing.T) {
	chat(t, plain()).play(`
		0s   in
		30s  in
		90s  out
		95s  out
		5m   in
		6m   in
		8m   out
	`).want(`
		0s     started
		1m30s  answered 1m30s late
		1m30s  first_response 1m30s
		8m0s   next_response 3m0s
	`)
}

// Option next_from: last (Simla counts from the last of several messages).
func TestNextResponseFromLastMessage(t *testing.T) {
	chat(t, promised(func(r *sla.RuleSpec) { r.NextFrom = "last" })).play(`
		0s   in
		30s  in
		90s  out
		5m   in
		9m   in
		11m  out
	`).want(`
		0s     started
		1m30s  answered 1m30s late
		1m30s  first_response 1m30s
		1m30s  hit first_response
		11m0s  next_response 2m0s
		11m0s  hit next_response
	`)
}

// Rule 10: a reply exactly at the due time keeps the promise, a millisecond later breaks it.
func TestReplyAtDueTimeIsInTime(t *testing.T) {
	chat(t, promised()).play("0s in\n 2m out").want(`
		0s    started
		2m0s  answered 2m0s late
		2m0s  first_response 2m0s
		2m0s  hit first_response
	`).told("")
	chat(t, promised()).play("0s in\n 120.001s out").want(`
		0s        started
		2m0s      miss first_response
		2m0.001s  first_response 2m0.001s
		2m0.001s  answered 2m0.001s late
	`).told("0s breach first_response due 2m0s done 2m0.001s late")
}

// Rule 7: whoever writes first, first response starts at the customer's first message (Chatwoot starts at the creation of the conversation).
func TestOutboundFirst(t *testing.T) {
	chat(t, promised()).play(`
		0s   out
		1h   in
		61m  out
	`).want(`
		0s      started
		1h1m0s  first_response 1m0s
		1h1m0s  hit first_response
		1h1m0s  answered 1m0s late
	`)
}

// Rule 1 of first response: only a human, public, non-campaign, non-automation reply fulfils. Agent reports that mix bots and notes in: Chatwoot #13312, #6548, #6418.
func TestOnlyPeopleFulfil(t *testing.T) {
	chat(t, promised()).play(`
		0s   in
		1s   note
		2s   campaign
		3s   system
		4s   out automated
		5s   bot automated
		6s   delivered msg=m2
		100s out q=sales actor=zoe
		200s reaction
		201s note
	`).want(`
		0s      started q=sales
		1m40s   answered 1m40s late q=sales agent=zoe
		1m40s   first_response 1m40s q=sales agent=zoe
		1m40s   hit first_response q=sales agent=zoe
	`)
}

// A reaction or an automatic message of the customer's side starts no clock.
func TestReactionStartsNoClock(t *testing.T) {
	chat(t, promised()).play(`
		0s  in
		1m  out
		2m  reaction
		3m  in automated
		20m tick
	`).told("")
}

// Replies known only from a delivery receipt are marked: KPIs leave them out unless asked.
func TestReceiptIsMarked(t *testing.T) {
	chat(t, plain()).play("0s in\n 10s receipt").want(`
		0s   started
		10s  answered 10s
		10s  first_response 10s receipt
	`)
}

// A receipt for a message that is known says nothing new, also when the message is forgotten before the receipt is.
func TestReceiptOutlivesItsMessage(t *testing.T) {
	spec := plain()
	spec.Horizon = map[string]string{"*": "1h"}
	chat(t, spec).play(`
		0s      in
		10s     note msg=a
		1h      receipt msg=a
		1h1m    tick
		1h30m   out
		4h      tick
	`).want(`
		0s      started
		1h30m0s answered 1h30m0s late
		1h30m0s first_response 1h30m0s
	`)
}

// A receipt that comes before its message says nothing new either, also when it is forgotten first.
func TestReceiptBeforeItsMessage(t *testing.T) {
	spec := plain()
	spec.Horizon = map[string]string{"*": "1h"}
	chat(t, spec).play(`
		0s    in
		10s   receipt msg=a
		50m   note msg=a
		1h5m  tick
		1h10m note
		1h20m out
		4h    tick
	`).want(`
		0s       started
		1h20m0s  answered 1h20m0s late
		1h20m0s  first_response 1h20m0s
	`)
}

// Nor does one that looks like a message of the customer begin a turn then.
func TestInboundReceiptOutlivesItsMessage(t *testing.T) {
	spec := plain()
	spec.Horizon = map[string]string{"*": "1h"}
	chat(t, spec).play(`
		0s      in msg=a
		10s     out
		1h      in receipt msg=a
		1h1m    tick
		1h20m   in
		1h30m   out
		4h      tick
	`).want(`
		0s       started
		10s      answered 10s
		10s      first_response 10s
		1h30m0s  next_response 10m0s
	`)
}

// Rule 5: clocks belong to the conversation, the act to whoever performed it (Chatwoot used the assignee for one report and the sender for the other: #7978, #13312,
// #14141 show 42 min and 7.6 min for the same agent).
func TestTransferAttribution(t *testing.T) {
	chat(t, promised()).play(`
		0s   in q=sales
		10s  assign to=sales to_agent=ana
		60s  transfer to=help to_agent=bob
		90s  out actor=zoe
		95s  in
		3m   transfer to=desk
		4m   out actor=bob q=desk
	`).want(`
		0s     started q=sales
		1m30s  answered 1m30s late q=help agent=zoe
		1m30s  first_response 1m30s q=help agent=zoe
		1m30s  hit first_response q=help agent=zoe
		4m0s   next_response 2m25s q=desk agent=bob
		4m0s   hit next_response q=desk agent=bob
	`)
}

// A call's or chat's start counts for the queue that it reaches: the first one that becomes known.
func TestQueueKnownLater(t *testing.T) {
	chat(t, plain()).play(`
		0s   in
		20s  assign to=sales
		1m   transfer to=help
	`).want("0s started q=sales")
}

// Rule: with a bot in charge the human clock starts at the hand-off (Chatwoot: last hand-off; Trengo excludes bot time).
func TestBotHandOff(t *testing.T) {
	const script = `
		0s   in bot=b1
		2s   bot
		5m   in
		301s bot
		6m   handoff to=sales
		7m   out actor=zoe
	`
	chat(t, promised()).play(script).want(`
		0s    started q=sales
		7m0s  answered 1m0s late q=sales agent=zoe
		7m0s  first_response 1m0s q=sales agent=zoe
		7m0s  hit first_response q=sales agent=zoe
	`)
	// Option bot_time: the bot's time counts.
	chat(t, promised(func(r *sla.RuleSpec) { r.BotTime = true })).play(script).want(`
		0s    started q=sales
		2m0s  miss first_response q=sales
		7m0s  answered 1m0s late q=sales agent=zoe
		7m0s  first_response 7m0s q=sales agent=zoe
	`)
	// Sources that do not tell the bot's messages still tell the hand-off.
	chat(t, promised()).play(`
		0s   in
		6m   handoff to=sales
		7m   out actor=zoe
	`).want(`
		0s    started q=sales
		7m0s  answered 1m0s late q=sales agent=zoe
		7m0s  first_response 1m0s q=sales agent=zoe
		7m0s  hit first_response q=sales agent=zoe
	`)
}

// A hand-off need not be called so: routing to a queue takes a conversation from the bot.
func TestImplicitHandOff(t *testing.T) {
	chat(t, promised()).play(`
		0s   in bot=b1
		2s   bot
		60s  assign to=sales
		90s  out actor=zoe
		100s bot
		101s in
		130s out actor=zoe
	`).want(`
		0s      started q=sales
		1m30s   answered 30s late q=sales agent=zoe
		1m30s   first_response 30s q=sales agent=zoe
		1m30s   hit first_response q=sales agent=zoe
		2m10s   next_response 29s q=sales agent=zoe
		2m10s   hit next_response q=sales agent=zoe
	`)
}

// Rule 6: a bot-only close counts for no human clock and is no contact of people.
func TestBotOnlyClose(t *testing.T) {
	chat(t, promised()).play(`
		0s   in bot=b1
		2s   bot
		60s  in
		62s  bot
		5m   resolved
		2h   tick
	`).want(`
		0s    started
		5m0s  resolution 5m0s
		5m0s  hit resolution
	`).told("")
}

// First response begins anew when a conversation that only a bot handled is reopened (Chatwoot PR #12058: reopened, it showed 5 days instead of 10 min).
func TestReopenAfterBotOnlyClose(t *testing.T) {
	chat(t, promised()).play(`
		0s     in bot=b1
		2s     bot
		5m     resolved
		20h    reopened
		20h1m  in
		20h10m out actor=zoe
	`).want(`
		0s        started
		20h2m0s   miss first_response
		20h10m0s  first_response 10m0s agent=zoe
		20h10m0s  answered 10m0s late agent=zoe
	`)
}

// People who hand over to a bot owe nothing while it is in charge, and the contact does not wait for them.
func TestHandOverToBot(t *testing.T) {
	d := chat(t, promised()).play(`
		0s   in q=sales
		60s  to_bot
		61s  bot
		5m   tick
	`).told("")
	if o, ok := d.state.Open(); !ok || o.WaitingSince != 0 {
		t.Errorf("open %v, waiting since %d, want open and not waiting", ok, o.WaitingSince)
	}
	d.play(`
		10m  handoff
		11m  out actor=zoe
	`).want(`
		0s     started q=sales
		11m0s  first_response 1m0s q=sales agent=zoe
		11m0s  hit first_response q=sales agent=zoe
		11m0s  answered 1m0s late q=sales agent=zoe
	`)
}

// A human who cuts in while the bot talks answers the customer's open message.
func TestHumanCutsIn(t *testing.T) {
	chat(t, promised()).play(`
		0s   in bot=b1
		2s   bot
		60s  in
		80s  out actor=zoe
	`).want(`
		0s     started
		1m20s  answered 20s agent=zoe
		1m20s  first_response 20s agent=zoe
		1m20s  hit first_response agent=zoe
	`)
}

// Rule 13: what was sent in time and arrives late takes the breach back; the same event twice changes nothing.
func TestLateArrivalRetracts(t *testing.T) {
	d := chat(t, promised()).play(`
		0s     in q=sales
		10s    assign to_agent=ana
		122s   tick
	`).told("").play("122.001s tick").told("2m2.001s breach first_response due 2m0s q=sales agent=ana").want(`
		0s    started q=sales
		2m0s  miss first_response q=sales
	`)
	d.play("90s out actor=zoe id=x").told("2m2.001s retracted first_response due 2m0s done 1m30s q=sales agent=zoe").want(`
		0s     started q=sales
		1m30s  answered 1m30s late q=sales agent=zoe
		1m30s  first_response 1m30s q=sales agent=zoe
		1m30s  hit first_response q=sales agent=zoe
	`)
	d.play("90s out actor=zoe id=x repeat\n 91s out id=x repeat").told("")
}

// A breach found by the timer is settled by the late reply; cause and lateness are told.
func TestSettledBreach(t *testing.T) {
	chat(t, promised()).play(`
		0s    in
		3m    tick
		200s  out actor=zoe
	`).told(`
		3m0s breach first_response due 2m0s
		3m0s settled first_response due 2m0s done 3m20s late
	`).want(`
		0s     started
		2m0s   miss first_response
		3m20s  answered 3m20s late agent=zoe
		3m20s  first_response 3m20s agent=zoe
	`)
}

// Rule 9: one clock at a time; the update target does not run before the first reply (Zammad #5177: a smaller update target overrides).
func TestOneResponseClockAtATime(t *testing.T) {
	chat(t, promised(func(r *sla.RuleSpec) { r.FirstResponse, r.NextResponse = "10m", "1m" })).play(`
		0s  in
		5m  in
		9m  tick
	`).told("").play(`
		9m   out
		10m  in
		12m  tick
	`).told("12m0s breach next_response due 11m0s")
}
