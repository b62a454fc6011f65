package convo_test

import (
	"testing"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/sla"
)

// One queue entry is one contact with one outcome; a target wait counts as in target, a short abandonment is short at exactly the threshold.
func TestCallOutcomes(t *testing.T) {
	f := func(script, want string) {
		t.Helper()
		call(t, plain()).play("0s started\n 10s queued q=ps\n" + script).want("0s started q=ps\n" + want)
	}
	f("30s answered agent=zoe\n 90s ended", "30s answered 20s q=ps agent=zoe\n 1m30s handled 1m0s q=ps agent=zoe")
	f("30.001s answered agent=zoe", "30.001s answered 20.001s late q=ps agent=zoe")
	f("15s abandoned", "15s abandoned 5s short q=ps")
	f("15.001s abandoned", "15.001s abandoned 5.001s q=ps")
	f("31s abandoned", "31s abandoned 21s late q=ps")
	f("20s ended", "20s abandoned 10s q=ps")
	f("20s voicemail\n 60s ended", "20s voicemail 10s q=ps")
	f("20s callback\n 60s ended", "20s callback 10s q=ps")
	f("40s flow_out\n 60s ended", "40s flow_out 30s late q=ps")
}

// A wait or talk that the source reports wins over the difference of times.
func TestReportedDurationsWin(t *testing.T) {
	call(t, plain()).play(`
		0s   queued q=ps
		30s  answered agent=zoe wait=12s
		90s  ended talk=40s held=5s
	`).want(`
		0s     started q=ps
		30s    answered 12s q=ps agent=zoe
		1m30s  handled 45s q=ps agent=zoe
	`)
	call(t, plain()).play("0s queued q=ps\n 30s abandoned wait=4s").want("0s started q=ps\n 30s abandoned 4s short q=ps")
	// What is not reported is measured: holds are inside the time from answer to end, after-call work is added.
	call(t, plain()).play("0s queued q=ps\n 10s answered\n 70s ended held=20s wrap=15s").want(`
		0s     started q=ps
		10s    answered 10s q=ps
		1m10s  handled 1m15s q=ps
	`)
}

// Handle time is talk, hold and wrap-up; it counts where the wrap-up ends.
func TestWrapUpMovesHandling(t *testing.T) {
	const begun = "0s queued q=ps\n 10s answered agent=zoe\n 30s hold\n 50s unhold\n 70s ended\n"
	d := call(t, plain()).play(begun).want(`
		0s     started q=ps
		10s    answered 10s q=ps agent=zoe
		1m10s  handled 1m0s q=ps agent=zoe
	`)
	d.play("100s wrap_up").want(`
		0s     started q=ps
		10s    answered 10s q=ps agent=zoe
		1m40s  handled 1m30s q=ps agent=zoe
	`)
	f := func(script, want string) {
		t.Helper()
		call(t, plain()).play("0s queued q=ps\n 10s answered\n" + script).want("0s started q=ps\n 10s answered 10s q=ps\n" + want)
	}
	f("70s ended\n 100s wrap_up wrap=25s", "1m40s handled 1m25s q=ps")
	f("70s ended wrap=20s\n 100s wrap_up", "1m40s handled 1m20s q=ps")
	f("70s ended\n 100s wrap_up talk=50s held=10s wrap=30s", "1m40s handled 1m30s q=ps")
	f("70s ended talk=50s\n 100s wrap_up talk=50s held=10s wrap=30s", "1m40s handled 1m30s q=ps")
	f("70s ended\n 100s wrap_up\n 200s wrap_up", "1m40s handled 1m30s q=ps")
}

// A wrap-up that is known moves the handling also when its end is forgotten before it: what comes between them late still undoes it.
func TestWrapUpOutlivesTheEnd(t *testing.T) {
	spec := plain()
	spec.Horizon = map[string]string{"*": "1h"}
	d := call(t, spec).about(convo.Handled).play("0s queued q=ps\n 10s answered\n 70s ended\n 30m wrap_up\n 1h10m tick").want("30m0s handled 29m50s q=ps")
	d.play("20m queued q=help").want("1m10s handled 1m0s q=ps")
}

// A call that enters several queues is several contacts; each answer belongs to its queue and its agent.
func TestSeveralQueueEntries(t *testing.T) {
	call(t, plain()).play(`
		0s    started
		5s    queued q=sales
		35s   queued q=help
		40s   offered agent=zoe
		45s   answered
		90s   transferred
		91s   queued q=desk
		95s   answered agent=bob
		120s  ended
		130s  wrap_up
	`).want(`
		0s     started q=sales
		35s    flow_out 30s late q=sales
		45s    answered 10s q=help agent=zoe
		1m30s  handled 45s q=help agent=zoe
		1m35s  answered 4s q=desk agent=bob
		2m10s  handled 35s q=desk agent=bob
	`)
}

// Rule 5: an answer by an agent who is not told is nobody's, whoever handled the call before.
func TestUnknownAgentIsNobody(t *testing.T) {
	call(t, plain()).play(`
		0s   queued q=sales
		5s   answered agent=zoe
		30s  transferred
		31s  queued q=help
		40s  answered
		60s  ended
	`).want(`
		0s    started q=sales
		5s    answered 5s q=sales agent=zoe
		30s   handled 25s q=sales agent=zoe
		40s   answered 9s q=help
		1m0s  handled 20s q=help
	`)
}

// Repetitions of a source under new ids change nothing: queued twice, answered by two legs, ended twice.
func TestCallToldTwice(t *testing.T) {
	call(t, plain()).play(`
		0s   queued q=ps
		1s   queued q=ps
		10s  answered agent=zoe
		11s  answered agent=zoe
		60s  ended
		61s  ended
		62s  abandoned
	`).want(`
		0s    started q=ps
		10s   answered 10s q=ps agent=zoe
		1m0s  handled 50s q=ps agent=zoe
	`)
}

// Hanging up in the menu is no contact of a queue; an answer without a queue waited for nothing.
func TestCallsWithoutQueue(t *testing.T) {
	call(t, plain()).play("0s started\n 30s ended").want("0s started")
	call(t, plain()).play("0s started\n 30s answered q=ps agent=zoe\n 60s ended").want(`
		0s    started q=ps
		30s   answered 0s q=ps agent=zoe
		1m0s  handled 30s q=ps agent=zoe
	`)
}

// Decision D6: a contact that never ends is lost after its channel's limit; an answer that arrives late after all takes that back.
func TestStaleCallIsLost(t *testing.T) {
	d := call(t, plain()).play("0s queued q=ps\n 4h2s tick").want("0s started q=ps").play("4h2.001s tick").want(`
		0s      started q=ps
		4h0m0s  lost 4h0m0s late q=ps
	`)
	if _, ok := d.state.Open(); ok {
		t.Error("a lost call is still open")
	}
	d.play("20s answered agent=zoe").want(`
		0s   started q=ps
		20s  answered 20s q=ps agent=zoe
	`)
}

// Each contact has one outcome: an answered call whose end is never told is closed, but not offered a second time.
func TestAnsweredCallThatNeverEnds(t *testing.T) {
	d := call(t, plain()).play("0s queued q=ps\n 20s answered agent=zoe\n 5h tick").want(`
		0s   started q=ps
		20s  answered 20s q=ps agent=zoe
	`)
	if _, ok := d.state.Open(); ok {
		t.Error("a call that was silent for five hours is still open")
	}
}

// A call that left the menu without a word does not stay open for ever.
func TestCallWithoutEndIsClosed(t *testing.T) {
	d := call(t, plain()).play("0s started\n 3h tick")
	if _, ok := d.state.Open(); !ok {
		t.Error("a call of three hours is not open")
	}
	d.play("5h tick")
	if _, ok := d.state.Open(); ok {
		t.Error("a call that was silent for five hours is still open")
	}
	d.play("30h tick")
	if d.state != nil {
		t.Error("the call is still remembered")
	}
}

// A call goes on after one of its legs ended: who waits again is seen to wait.
func TestCallGoesOn(t *testing.T) {
	d := call(t, plain()).play("0s queued q=sales\n 10s answered agent=zoe\n 60s ended\n 62s queued q=help\n 70s tick")
	if o, ok := d.state.Open(); !ok || o.WaitingSince != t0+62_000 || o.Queue != "help" || o.Agent != "" {
		t.Errorf("open %v %+v, want waiting for help since 62 s", ok, o)
	}
}

// Targets and short thresholds are the queue's.
func TestQueueParameters(t *testing.T) {
	spec := plain()
	spec.Queues = map[string]sla.QueueSpec{"vip": {TargetSeconds: new(int64(5)), ShortAbandonSeconds: new(int64(2))}}
	call(t, spec).play("0s queued q=vip\n 6s answered").want("0s started q=vip\n 6s answered 6s late q=vip")
	call(t, spec).play("0s queued q=vip\n 3s abandoned").want("0s started q=vip\n 3s abandoned 3s q=vip")
}

// A chat may go through a queue as calls do: it stays one contact when messages follow.
func TestChatInQueue(t *testing.T) {
	chat(t, plain()).play(`
		0s   queued q=chat
		1s   in
		15s  answered agent=zoe
		20s  out actor=zoe
		60s  ended
		61s  in
		90s  resolved
	`).want(`
		0s     started q=chat
		15s    answered 15s q=chat agent=zoe
		20s    first_response 19s q=chat agent=zoe
		1m0s   handled 45s q=chat agent=zoe
		1m30s  resolution 1m30s q=chat agent=zoe
	`)
}
