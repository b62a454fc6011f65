package convo_test

import (
	"fmt"
	"testing"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/sla"
)

// Rule 3: waiting for the customer stops the clocks of rules that say so, and the customer's message ends the wait (objectstack #1310: customers' silence counts
// against agents).
func TestPendingPauses(t *testing.T) {
	chat(t, promised()).play(`
		0s   in
		1m   out
		2m   pending
		50h  in
		3001m out
	`).want(`
		0s        started
		1m0s      answered 1m0s late
		1m0s      first_response 1m0s
		1m0s      hit first_response
		50h1m0s   next_response 1m0s
		50h1m0s   hit next_response
	`).play("- tick\n 51h resolved").want(`
		0s        started
		1m0s      answered 1m0s late
		1m0s      first_response 1m0s
		1m0s      hit first_response
		50h1m0s   next_response 1m0s
		50h1m0s   hit next_response
		51h0m0s   resolution 1h2m0s
		50h58m0s  miss resolution
	`)
}

// A clock that stands in a pause without an end is not due, and goes on where it stopped.
func TestOpenPauseIsNotDue(t *testing.T) {
	d := chat(t, promised()).play(`
		0s    in
		1m    on_hold
		10h   tick
	`).told("")
	if o, ok := d.state.Open(); !ok || len(o.Promises) != 2 || o.Promises[0].DueAt != 0 || o.Promises[1].DueAt != 0 {
		t.Errorf("open %v: %+v, want two promises that are not due", ok, o)
	}
	d.play(`
		10h   opened
		601m  tick
	`).told("").play("10h2m tick").told("10h2m0s breach first_response due 10h1m0s")
}

// On hold means waiting for a third party: the customer's message does not end it.
func TestMessageDoesNotEndHold(t *testing.T) {
	chat(t, promised()).play(`
		0s   in
		1m   on_hold
		2m   in
		1h   tick
	`).told("")
}

// Pause states are the rule's choice.
func TestPauseStatesPerRule(t *testing.T) {
	const script = `
		0s   in
		1m   snoozed
		5m   opened
		6m   out
	`
	chat(t, promised()).play(script).want(`
		0s    started
		2m0s  miss first_response
		6m0s  answered 6m0s late
		6m0s  first_response 6m0s
	`)
	chat(t, promised(func(r *sla.RuleSpec) { r.PauseOn = []string{"snoozed"} })).play(script).want(`
		0s    started
		6m0s  answered 6m0s late
		6m0s  first_response 2m0s
		6m0s  hit first_response
	`)
}

// Rule 3: pauses are carried across a policy change (GLPI #6902, #15605 lose them).
func TestPausesSurvivePolicyChange(t *testing.T) {
	chat(t, promised()).play(`
		0s   in
		1m   on_hold
		1h   opened
		- policy first=3m reapply
		61m  tick
		3661s out
	`).want(`
		0s       started
		1h1m1s   answered 1h1m1s late
		1h1m1s   first_response 2m1s
		1h1m1s   hit first_response
	`)
}

// A pause that becomes known late moves the deadline and takes the breach back.
func TestLatePauseRetracts(t *testing.T) {
	chat(t, promised()).play(`
		0s   in
		3m   tick
	`).told("3m0s breach first_response due 2m0s").play("1m on_hold").told(
		"3m0s retracted first_response").play("4m opened\n 6m tick").told("6m0s breach first_response due 5m0s")
}

// Every second minute on hold, for twenty hours: pauses count to the millisecond, whether their entries are still there or not.
func TestManyPauses(t *testing.T) {
	d := chat(t, promised(func(r *sla.RuleSpec) { r.FirstResponse = "20h" })).play("0s in")
	for i := range 600 {
		d.play(fmt.Sprintf("%dm on_hold\n %dm opened", 1+2*i, 2+2*i))
	}
	d.play("60h tick").told(`
		60h0m0s breach first_response due 30h0m0s
		60h0m0s breach resolution due 1h59m0s
	`)
}

// A conversation that is put aside without end keeps a bounded state.
func TestPausesAreBounded(t *testing.T) {
	d := chat(t, promised())
	s := convo.New(d.eventOf(t0, "in", nil))
	for i := range 6000 {
		d.lines++
		s.Apply(d.env(), d.eventOf(t0+int64(i)*1000, []string{"on_hold", "opened"}[i%2], nil))
	}
	if n := len(s.Encode()); n > 25_000 {
		t.Errorf("the state takes %d bytes", n)
	}
}

// Rule 4: resolve stops every clock; a customer's "thanks" that nobody answers is neither hit nor miss (Chatwoot #10178, PR #15024: the miss keeps growing).
func TestResolveCancels(t *testing.T) {
	const script = `
		0s   in
		1m   out
		2m   in
		3m   resolved
		2h   tick
	`
	chat(t, promised()).play(script).want(`
		0s    started
		1m0s  answered 1m0s late
		1m0s  first_response 1m0s
		1m0s  hit first_response
		3m0s  resolution 3m0s
		3m0s  hit resolution
	`).told("")
	// Option on_resolve: miss.
	chat(t, promised(func(r *sla.RuleSpec) { r.OnResolve = "miss" })).play(script).want(`
		0s    started
		1m0s  answered 1m0s late
		1m0s  first_response 1m0s
		1m0s  hit first_response
		3m0s  miss next_response
		3m0s  resolution 3m0s
		3m0s  hit resolution
	`).told("")
}

// A resolve stops a clock at its due time in time (rule 10), and after it freezes the miss.
func TestResolveAfterDue(t *testing.T) {
	chat(t, promised()).play("0s in\n 2m resolved").told("").want(`
		0s    started
		2m0s  flow_out 2m0s late
		2m0s  resolution 2m0s
		2m0s  hit resolution
	`)
	chat(t, promised()).play("0s in\n 3m resolved\n 9h tick").told("0s breach first_response due 2m0s done 3m0s late").want(`
		0s    started
		2m0s  miss first_response
		3m0s  flow_out 3m0s late
		3m0s  resolution 3m0s
		3m0s  hit resolution
	`)
}

// Rule 4: a reopening undoes the resolve and continues the same instance; one conversation has one resolution (Chatwoot #3570 counts each resolve from the creation).
func TestReopenContinues(t *testing.T) {
	d := chat(t, promised()).play(`
		0s    in
		1m    out
		30m   resolved
	`).want(`
		0s     started
		1m0s   answered 1m0s late
		1m0s   first_response 1m0s
		1m0s   hit first_response
		30m0s  resolution 30m0s
		30m0s  hit resolution
	`).play("40m reopened").want(`
		0s     started
		1m0s   answered 1m0s late
		1m0s   first_response 1m0s
		1m0s   hit first_response
	`)
	d.play("61m tick").told("1h1m0s breach resolution due 1h0m0s").play("70m resolved").told("1h1m0s settled resolution due 1h0m0s done 1h10m0s late").want(`
		0s       started
		1m0s     answered 1m0s late
		1m0s     first_response 1m0s
		1m0s     hit first_response
		1h0m0s   miss resolution
		1h10m0s  resolution 1h10m0s
	`)
}

// Most messages after a resolve say thank you: the resolve stands unless it is undone in words, and the next resolve replaces it.
func TestThanksAfterResolve(t *testing.T) {
	d := chat(t, promised()).play(`
		0s    in
		1m    out
		30m   resolved
		31m   in
	`)
	if _, ok := d.state.Open(); !ok {
		t.Error("a conversation the customer wrote to again is not open")
	}
	d.want(`
		0s     started
		1m0s   answered 1m0s late
		1m0s   first_response 1m0s
		1m0s   hit first_response
		30m0s  resolution 30m0s
		30m0s  hit resolution
	`).play("35m resolved\n 3h tick").told("").want(`
		0s     started
		1m0s   answered 1m0s late
		1m0s   first_response 1m0s
		1m0s   hit first_response
		35m0s  resolution 35m0s
		35m0s  hit resolution
	`)
}

// Resolved and closed are one resolution.
func TestClosedAfterResolved(t *testing.T) {
	chat(t, plain()).play("0s in\n 1m out\n 2m resolved\n 48h closed").want(`
		0s    started
		1m0s  answered 1m0s late
		1m0s  first_response 1m0s
		2m0s  resolution 2m0s
	`)
}

// Rule 8: spam takes all of a conversation back, a reopening brings it back; revisions go on growing.
func TestSpam(t *testing.T) {
	const counted = `
		0s       started q=sales
		0s       scored 500000 q=sales
		2m0s     miss first_response q=sales
		3m0s     answered 3m0s late q=sales
		3m0s     first_response 3m0s q=sales
	`
	d := chat(t, promised()).play(`
		0s  in q=sales who=ana score=500000
		3m  out
		4m  tick
	`).want(counted).known("ana 0s open q=sales").told("0s breach first_response due 2m0s done 3m0s late q=sales")
	d.play("5m spam").want("").known("").told("4m0s retracted first_response due 2m0s q=sales")
	if _, ok := d.state.Open(); ok {
		t.Error("spam is open")
	}
	d.play("10m reopened").want(counted).known("ana 0s open q=sales").told("4m0s breach first_response due 2m0s done 3m0s late q=sales")
}

// Rule 8: a merged or deleted conversation no longer escalates (Zammad #904), whatever comes after.
func TestMergedIsGone(t *testing.T) {
	for _, how := range []string{"merged", "deleted"} {
		chat(t, promised()).play("0s in who=ana\n 1m " + how + "\n 2h tick\n 121m in\n 122m reopened\n 5h tick").want("").told("").known("")
	}
}

// A miss counts for the queue that had the conversation when it was due, before and after the late reply; people are called where it is now.
func TestMissCountsWhereItWasDue(t *testing.T) {
	d := chat(t, promised()).play(`
		0s   in q=sales
		3m   transfer to=help
		4m   tick
	`).told("4m0s breach first_response due 2m0s q=help").want(`
		0s    started q=sales
		2m0s  miss first_response q=sales
	`)
	d.play("5m out").want(`
		0s    started q=sales
		2m0s  miss first_response q=sales
		5m0s  answered 5m0s late q=help
		5m0s  first_response 5m0s q=help
	`)
}

// A higher priority takes over the running clocks: its promise counts from the same start.
func TestPriorityUpgrade(t *testing.T) {
	spec := promised()
	urgent := spec.Rules[0]
	urgent.Name, urgent.Match, urgent.FirstResponse, urgent.Resolution = "urgent", sla.Match{Priority: []string{"high"}}, "30s", "10m"
	spec.Rules = append([]sla.RuleSpec{urgent}, spec.Rules...)
	chat(t, spec).play(`
		0s   in
		60s  tick
		60s  opened prio=high
		62s  tick
		90s  out
	`).told(`
		1m0s breach first_response due 30s
		1m2s settled first_response due 30s done 1m30s late
	`).want(`
		0s     started
		30s    miss first_response
		1m30s  answered 1m30s late
		1m30s  first_response 1m30s
	`)
}

// However often the routing changes, a broken promise stays where it was broken: what is forgotten must not move it.
func TestManyRoutings(t *testing.T) {
	spec := promised(func(r *sla.RuleSpec) { r.NextResponse, r.Resolution = "", "" })
	spec.Horizon = map[string]string{"*": "1h"}
	d := chat(t, spec).about(convo.ClockMiss)
	d.play("0s in q=q0")
	for i := range 100 {
		d.play(fmt.Sprintf("%ds assign q=q%d", 60+i*60, i+1))
	}
	const broken = "2m0s miss first_response q=q2"
	d.play("2h tick").want(broken)
	d.play("6h tick").want(broken)
	d.play("6h1m spam").want("")
}
