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

// informed promises nothing but updates: every ten minutes, and every eight while it is our turn.
func informed(edit ...func(*sla.RuleSpec)) sla.PolicySpec {
	return promised(append([]func(*sla.RuleSpec){func(r *sla.RuleSpec) {
		r.FirstResponse, r.NextResponse, r.Resolution, r.PeriodicUpdate, r.PausableUpdate = "", "", "", "10m", "8m"
	}}, edit...)...)
}

func periodic(r *sla.RuleSpec) { r.PausableUpdate = "" }

var news = []convo.MomentKind{convo.Updated, convo.ClockHit, convo.ClockMiss}

// Zammad #3140, #2082, #390: the update time fires although the agent answered. Every reply ends the clock and begins it anew, also one that nobody asked for, and
// one that becomes known late.
func TestUpdateDoesNotFireAfterAReply(t *testing.T) {
	chat(t, informed(periodic)).about(news...).play(`
		0s      in
		1m      out actor=zoe
		9m      out actor=bob
		18m     in
		19m     out actor=zoe
		28m59s  tick
	`).told("").want(`
		9m0s   updated periodic_update 8m0s agent=bob
		9m0s   updated pausable_update 8m0s agent=bob
		9m0s   hit periodic_update agent=bob
		19m0s  updated periodic_update 10m0s agent=zoe
		19m0s  updated pausable_update 10m0s agent=zoe
		19m0s  hit periodic_update agent=zoe
	`).play("29m3s tick").told("29m3s breach periodic_update due 29m0s agent=zoe")

	chat(t, informed(periodic)).about(news...).play("0s in\n 1m out\n 12m tick").told("12m0s breach periodic_update due 11m0s").want("11m0s miss periodic_update").
		play("8m out actor=zoe").told("12m0s retracted periodic_update due 11m0s done 8m0s agent=zoe").want(`
		8m0s  updated periodic_update 7m0s agent=zoe
		8m0s  updated pausable_update 7m0s agent=zoe
		8m0s  hit periodic_update agent=zoe
	`)
}

// Rule 9, Zammad #5177: a shorter update target overrides that of the first response. The first response hides it until it is given, also when we wrote first.
func TestFirstResponseHidesUpdates(t *testing.T) {
	short := promised(func(r *sla.RuleSpec) { r.FirstResponse, r.PeriodicUpdate = "30m", "5m" })
	d := chat(t, short).about(news...).play("0s out\n 10m in\n 20m tick").told("").want("")
	if o, ok := d.state.Open(); !ok || len(o.Promises) != 2 || o.Promises[0].Clock != sla.FirstResponse || o.Promises[1].Clock != sla.Resolution {
		t.Errorf("open before the first response: %+v", o)
	}
	d.play("21m out\n 25m59s tick").told("").want("21m0s hit first_response").play("26m3s tick").told("26m3s breach periodic_update due 26m0s")
}

// Two modes: between replies, whatever happens; and while people of ours have to act. What else a rule pauses on stops only the second.
func TestPeriodicAndPausable(t *testing.T) {
	const script = `
		0s   in
		1m   out
		5m   pending
		30m  tick
		31m  in
		34m  on_hold
		36m  opened
		37m  out
	`
	d := chat(t, informed(func(r *sla.RuleSpec) { r.PauseOn = []string{"on_hold"} })).about(news...).play(script)
	d.told(`
		30m0s breach periodic_update due 11m0s
		30m0s settled periodic_update due 11m0s done 37m0s late
	`).want(`
		11m0s  miss periodic_update
		37m0s  updated periodic_update 36m0s
		37m0s  updated pausable_update 8m0s
		37m0s  hit pausable_update
	`)
	d.play("45m tick").told("").play("45m3s tick").told("45m3s breach pausable_update due 45m0s").play("47m3s tick").told("47m3s breach periodic_update due 47m0s")
	// Without a rule the customer's turn is still not ours.
	chat(t, plain()).about(news...).play(script).want("37m0s updated periodic_update 36m0s\n 37m0s updated pausable_update 10m0s")
	// A clock that stands is due when it is known how long.
	d = chat(t, informed()).about(news...).play("0s in\n 1m out\n 5m pending\n 9m out")
	d.want(`
		9m0s  updated periodic_update 8m0s
		9m0s  updated pausable_update 4m0s
		9m0s  hit periodic_update
		9m0s  hit pausable_update
	`)
	if o, _ := d.state.Open(); len(o.Promises) != 2 || o.Promises[0].DueAt != t0+19*60_000 || o.Promises[1].DueAt != 0 {
		t.Errorf("promises %+v", o.Promises)
	}
	d.play("40m tick").told("40m0s breach periodic_update due 19m0s").play("60m opened\n 68m tick").told("").play("68m3s tick").told("1h8m3s breach pausable_update due 1h8m0s")
}

// Updates are warned of, and taken back, like every other promise.
func TestUpdateWarns(t *testing.T) {
	d := chat(t, informed(periodic, func(r *sla.RuleSpec) { r.Warn = []int{50, 90} })).about(news...)
	d.play("0s in\n 1m out\n 6m3s tick\n 10m3s tick").told(`
		6m3s   warning 50% periodic_update due 11m0s
		10m3s  warning 90% periodic_update due 11m0s
	`)
	d.play("11m3s tick\n 12m spam").told(`
		11m3s  breach periodic_update due 11m0s
		11m3s  retracted periodic_update due 11m0s
	`).want("").play("13m reopened").told("11m3s breach periodic_update due 11m0s").want("11m0s miss periodic_update")
}

// Resolved, there is no more news to tell: a clock that is not overdue ends as neither kept nor broken, whatever a resolve does to replies.
func TestResolveEndsUpdates(t *testing.T) {
	miss := func(r *sla.RuleSpec) { r.OnResolve = "miss" }
	d := chat(t, informed(periodic, miss)).about(news...).play("0s in\n 1m out\n 11m resolved\n 2h out\n 3h tick\n 4h reopened\n 5h in\n 6h tick").told("").want("")
	d.play("6h1m out\n 6h11m3s tick").told("6h11m3s breach periodic_update due 6h11m0s")
	chat(t, informed(periodic)).about(news...).play("0s in\n 1m out\n 12m resolved").told("0s breach periodic_update due 11m0s done 12m0s late").want("11m0s miss periodic_update")
	// Silence that ends an episode ends its clocks.
	whatsapp(t, informed(func(r *sla.RuleSpec) { r.PeriodicUpdate, r.PausableUpdate = "20h", "30h" })).about(news...).
		play("0s in\n 1m out\n 21h tick\n 24h5m tick\n 49h tick\n 50h in\n 51h tick").told("21h0m0s breach periodic_update due 20h1m0s\n 24h5m0s settled periodic_update due 20h1m0s done 24h1m0s late").
		want("20h1m0s miss periodic_update")
}

// Only replies of people are news: no notes, no bots, nothing that may have been automatic; and handing over to a bot takes no promise back.
func TestOnlyPeopleUpdate(t *testing.T) {
	chat(t, informed(periodic)).about(news...).play("0s in\n 1m out\n 2m note\n 3m campaign\n 4m bot\n 5m to_bot bot=b\n 6m in bot=b\n 7m bot\n 11m3s tick").told(
		"11m3s breach periodic_update due 11m0s")
	call(t, informed()).about(news...).play("0s queued\n 1s answered\n 5s in\n 10s out\n 20s out\n 3h tick").told("").want("")
}

// A running clock keeps the rules it began with, unless they are to be taken over.
func TestUpdateKeepsItsPolicy(t *testing.T) {
	for reapply, due := range map[bool]string{false: "11m0s", true: "6m0s"} {
		d := chat(t, informed(periodic)).about(news...).play("0s in\n 1m out\n 2m tick")
		d.policy(informed(periodic, func(r *sla.RuleSpec) { r.PeriodicUpdate = "5m" }), reapply)
		d.play("20m tick").told("20m0s breach periodic_update due " + due)
	}
}

// TestUpdatesAsRecomputed folds anything in any order and compares with lists and a minute hand: opening hours, pauses, resolves and all.
func TestUpdatesAsRecomputed(t *testing.T) {
	const open, grace = 8 * 60, 1 // minutes of a day from 09:00, when scripts begin; of the last tick
	targets := map[sla.Clock]int{sla.PeriodicUpdate: 300, sla.PausableUpdate: 200}
	spec := informed(func(r *sla.RuleSpec) {
		r.Calendar, r.PeriodicUpdate, r.PausableUpdate, r.PauseOn = "office", "5h", "200m", []string{"snoozed"}
	})
	spec.Calendars = []sla.CalendarSpec{{Name: "office", Week: map[string][]string{"mon-fri": {"09:00-17:00"}}}}
	spec.Horizon = map[string]string{"*": "744h"}
	rapid.Check(t, func(rt *rapid.T) {
		type step struct {
			at   int
			what string
		}
		var steps []step
		at := 0
		for range rapid.IntRange(1, 14).Draw(rt, "steps") {
			what := "in"
			if at > 0 {
				what = rapid.SampledFrom([]string{"in", "out", "out", "out", "note", "pending", "on_hold", "snoozed", "opened", "resolved", "reopened"}).Draw(rt, "what")
			}
			steps = append(steps, step{at, what})
			at += rapid.SampledFrom([]int{1, 30, 199, 200, 201, 299, 300, 301, 1000, 2000}).Draw(rt, "passes")
		}
		end := at + rapid.SampledFrom([]int{0, 200, 5000}).Draw(rt, "rest") // T

		d := newDesk(rt, event.WebChat, spec).about(news...)
		for _, i := range rapid.Permutation(slices.Clone(steps)).Draw(rt, "order") {
			d.play(fmt.Sprintf("%dm %s", i.at, i.what))
			if rapid.IntRange(0, 3).Draw(rt, "tick") == 0 {
				d.play(fmt.Sprintf("%dm tick", rapid.IntRange(0, end).Draw(rt, "when")))
			}
		}
		d.play(fmt.Sprintf("%dm tick\n %dm tick", end, end))

		var want []string
		since := -1 // the reply that is to be followed by news
		status, owed, first := "opened", false, false
		minutes := map[sla.Clock]int{}
		due := map[sla.Clock]int{}
		for m := range end {
			for len(steps) > 0 && steps[0].at == m {
				s := steps[0].what
				steps = steps[1:]
				over := status == "resolved"
				switch {
				case s == "in":
					owed = true
					if status != "on_hold" {
						status = "opened"
					}
				case s == "out":
					for _, c := range []sla.Clock{sla.PeriodicUpdate, sla.PausableUpdate} {
						if since < 0 {
							continue
						}
						want = append(want, fmt.Sprintf("%s updated %s %s", minute(m), c, minute(minutes[c])))
						if d, ok := due[c]; ok && d < m {
							want = append(want, fmt.Sprintf("%s miss %s", minute(d), c))
						} else {
							want = append(want, fmt.Sprintf("%s hit %s", minute(m), c))
						}
					}
					since, minutes, due = -1, map[sla.Clock]int{}, map[sla.Clock]int{}
					if first, owed = first || owed, false; first && !over {
						since = m
					}
				case s == "resolved":
					for c, d := range due {
						if d < m {
							want = append(want, fmt.Sprintf("%s miss %s", minute(d), c))
						}
					}
					since, due, status, owed = -1, map[sla.Clock]int{}, s, false
				case s == "opened", s == "reopened":
					status = "opened"
				case s != "note" && !over:
					status = s
				}
			}
			if day := m / 1440; since < 0 || day%7 > 4 || m%1440 >= open {
				continue
			}
			for c, target := range targets {
				if c == sla.PausableUpdate && (status == "pending" || status == "snoozed") {
					continue
				}
				if minutes[c]++; minutes[c] == target {
					due[c] = m + 1
				}
			}
		}
		for c, d := range due {
			if d+grace <= end {
				want = append(want, fmt.Sprintf("%s miss %s", minute(d), c))
			}
		}
		d.want(strings.Join(want, "\n"))
	})
}

func minute(m int) string { return ms(int64(m) * 60_000) }
