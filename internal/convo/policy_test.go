package convo_test

import (
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
)

// Rule 11: running clocks keep the version that was in force where their turn began (Chatwoot #15407; Genesys recomputes history).
func TestPolicyOfTurnStart(t *testing.T) {
	chat(t, promised()).play(`
		0s   in
		- policy first=1m
		90s  tick
		100s out
		5m   in
		- policy first=9m
		6m   tick
	`).told("").want(`
		0s     started
		1m40s  answered 1m40s late
		1m40s  first_response 1m40s
		1m40s  hit first_response
	`)
}

// Rule 11: with reapply, running clocks take the new version at once, whether an event comes or not; finished ones stay.
func TestReapply(t *testing.T) {
	d := chat(t, promised(func(r *sla.RuleSpec) { r.Resolution = "" })).play(`
		0s   in
		90s  tick
	`).told("").play("- policy first=1m reapply").told("1m30s breach first_response due 1m0s").want(`
		0s    started
		1m0s  miss first_response
	`)
	// A longer promise takes the breach back.
	d.play("- policy first=1h reapply").told("1m30s retracted first_response due 1h0m0s").want("0s started")
	d.play("30m out\n - policy first=1m reapply\n 40m tick").told("").want(`
		0s     started
		30m0s  answered 30m0s late
		30m0s  first_response 30m0s
		30m0s  hit first_response
	`)
}

// Warnings come at 75 and 90 % of the promise, each once, and not after the breach.
func TestWarnings(t *testing.T) {
	chat(t, promised(func(r *sla.RuleSpec) { r.Warn, r.Resolution = []int{75, 90}, "" })).play(`
		0s      in
		92s     tick
	`).told("").play("92.001s tick\n 100s tick\n 110.001s tick").told(`
		1m32.001s warning 75% first_response due 2m0s
		1m50.001s warning 90% first_response due 2m0s
	`).play("122.001s tick\n 5m tick").told("2m2.001s breach first_response due 2m0s")
	// A tick that passes both points tells the later one.
	chat(t, promised(func(r *sla.RuleSpec) { r.Warn, r.Resolution = []int{75, 90}, "" })).play("0s in\n 115s tick").told("1m55s warning 90% first_response due 2m0s")
}

// Protocol T4: while a source is blind its deadlines wait, until five minutes after; a settled breach found inside is signalled then too.
func TestGapHoldsBreach(t *testing.T) {
	d := chat(t, promised(func(r *sla.RuleSpec) { r.Resolution = "" })).play(`
		60s  gap to=10m
		0s   in
		14m  tick
	`).told("").want("0s started").play("15m tick").told("15m0s breach first_response due 2m0s")
	d.play("16m out").told("15m0s settled first_response due 2m0s done 16m0s late")

	// The late reply comes before any tick has passed the due time: the count stands at once, the call waits.
	chat(t, promised(func(r *sla.RuleSpec) { r.Resolution = "" })).play(`
		60s   gap to=10m
		0s    in
		119s  tick
		130s  out
	`).told("").want(`
		0s     started
		2m0s   miss first_response
		2m10s  answered 2m10s late
		2m10s  first_response 2m10s
	`).play("14m59s tick").told("").play("15m tick").told("15m0s breach first_response due 2m0s done 2m10s late")

	// What arrives when the source sees again was in time.
	chat(t, promised(func(r *sla.RuleSpec) { r.Resolution = "" })).play("60s gap to=10m\n 0s in\n 11m tick\n 90s out\n 20m tick").told("")
}

// The due times of the golden table, through whole conversations: a calendar in the rule, and the breach is called at the due time.
func TestGoldenDueTimes(t *testing.T) {
	office := sla.CalendarSpec{Name: "c", Week: map[string][]string{"mon-fri": {"09:00-17:00"}}}
	xmas := office
	xmas.Holidays = []sla.Holiday{{Date: "2026-12-25"}}
	split := sla.CalendarSpec{Name: "c", Week: map[string][]string{"mon-fri": {"08:00-12:00", "13:30-18:00"}}}
	always := sla.CalendarSpec{Name: "c", Week: map[string][]string{"daily": {"00:00-24:00"}}}
	due := func(clock sla.Clock, name string, c sla.CalendarSpec, zone, start, target, want string, pauses ...string) {
		t.Run(name+" "+clock.String(), func(t *testing.T) {
			t.Helper()
			loc, err := sla.LoadZone(zone)
			if err != nil {
				t.Fatal(err)
			}
			at := func(s string) int64 {
				v, err := time.ParseInLocation("2006-01-02 15:04", s, loc)
				if err != nil {
					t.Fatal(err)
				}
				return v.UnixMilli()
			}
			spec := sla.DefaultPolicy("t", zone)
			spec.Calendars = []sla.CalendarSpec{c}
			r := sla.RuleSpec{Name: "r", Calendar: "c", Warn: []int{}}
			*map[sla.Clock]*string{sla.FirstResponse: &r.FirstResponse, sla.PeriodicUpdate: &r.PeriodicUpdate, sla.PausableUpdate: &r.PausableUpdate}[clock] = target
			spec.Rules = []sla.RuleSpec{r}
			d := newDesk(t, event.Email, spec)
			d.now = at(start)
			d.event(d.eventOf(at(start), "in", nil))
			if clock != sla.FirstResponse {
				d.lines++
				d.event(d.eventOf(at(start), "out", nil))
			}
			for i, p := range pauses {
				d.lines++
				d.event(d.eventOf(at(p), []string{"pending", "opened"}[i%2], nil))
			}
			// Days may pass between ticks: entries are forgotten on the way.
			for d.now < at(want) {
				d.tick(min(d.now+7*3600_000, at(want)+2000))
			}
			d.tick(at(want) + 2000)
			d.told("")
			d.tick(at(want) + 2001)
			d.told(rel(at(want)+2001) + " breach " + clock.String() + " due " + rel(at(want)))
		})
	}
	f := func(name string, c sla.CalendarSpec, zone, start, target, want string, pauses ...string) {
		t.Helper()
		due(sla.FirstResponse, name, c, zone, start, target, want, pauses...)
		due(sla.PausableUpdate, name, c, zone, start, target, want, pauses...)
		if len(pauses) == 0 {
			due(sla.PeriodicUpdate, name, c, zone, start, target, want)
		}
	}
	due(sla.PeriodicUpdate, "no pause", office, "America/Bogota", "2026-09-21 10:00", "8h", "2026-09-22 10:00", "2026-09-21 11:00", "2026-09-23 15:00")
	f("Chatwoot PR 13392", office, "America/Bogota", "2026-09-25 16:30", "1h", "2026-09-28 09:30")
	f("Intercom: a day is 24 office hours", office, "America/Bogota", "2026-09-25 16:55", "24h", "2026-09-30 16:55")
	f("Zammad: 16 h on 8 h days", office, "America/Bogota", "2026-09-21 09:00", "16h", "2026-09-22 17:00")
	f("split shift, Chatwoot #14009", split, "America/Bogota", "2026-09-23 12:30", "30m", "2026-09-23 14:00")
	f("pause", office, "America/Bogota", "2026-09-21 10:00", "8h", "2026-09-24 14:00", "2026-09-21 11:00", "2026-09-23 15:00")
	f("holiday", xmas, "America/Bogota", "2026-12-24 16:00", "2h", "2026-12-28 10:00")
	f("DST gap", always, "Europe/Madrid", "2026-03-29 00:00", "4h", "2026-03-29 05:00")
	f("24x7 is 24 hours a day, Chatwoot loses a minute of each", always, "America/Bogota", "2026-09-21 00:00", "72h", "2026-09-24 00:00")
}
