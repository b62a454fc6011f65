package sim_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/sim"
)

// pass lets time pass in the bubble.
func pass(d time.Duration) { time.Sleep(d) }

// trouble is a stretch in which some partition may be without an owner that has caught up.
type trouble struct {
	name     string
	from, to time.Time
}

// TestADay lets a contact centre live through a day with the real roles: events over HTTP, the log, both stages, the state, the API. The worker is restarted, killed,
// joined by a second one, away for ten minutes, and begins from an empty Redis. Every broken promise must be called in time, and nothing else; and in the end all
// numbers are those that plain sums over the events give.
func TestADay(t *testing.T) {
	hours, perHour, from := 24, 740.0, 4*time.Hour
	if testing.Short() {
		hours, perHour, from = 2, 300, 9*time.Hour
	}
	began := time.Now()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(from)
		d := &day{world: newWorld(t, nil), length: time.Duration(hours) * time.Hour}
		defer d.close()
		d.live(perHour)
		d.check()
	})
	t.Logf("%d virtual hours in %.1f s", hours, time.Since(began).Seconds())
}

type day struct {
	*world
	length   time.Duration
	sent     []*event.Event
	talks    int
	troubles []trouble
	io       *process // connector and exporter
	workers  []*process
}

// live sends a day's traffic while things go wrong.
func (d *day) live(perHour float64) {
	d.workers = []*process{d.start(app.Worker)}
	d.io = d.start(app.Connector, app.Exporter)
	settled(d.workers...)
	start := time.Now()
	at := func(part float64) time.Time {
		return start.Add(time.Duration(part * float64(d.length))).Truncate(time.Second)
	}
	incident := sim.Incident{From: at(0.30), To: at(0.30).Add(20 * time.Minute), Channel: event.WhatsApp, Queue: "soporte"}
	traffic := sim.New(sim.Shift{Seed: 11, Tenant: "shop", Start: start, PerHour: perHour, Incidents: []sim.Incident{incident}})

	done := make(chan struct{})
	go func() {
		defer close(done)
		d.goWrong(at)
	}()
	for end := start.Add(d.length); ; {
		e := traffic.NextBefore(end)
		if e == nil {
			break
		}
		// A source that sends what has happened each second.
		tick := time.UnixMilli(e.At).Truncate(time.Second).Add(time.Second)
		batch := []*event.Event{e}
		for e := traffic.NextBefore(tick); e != nil; e = traffic.NextBefore(tick) {
			batch = append(batch, e)
		}
		time.Sleep(time.Until(tick))
		d.send(d.io, batch)
		d.sent = append(d.sent, batch...)
	}
	d.talks = traffic.Conversations()
	<-done
	time.Sleep(time.Until(start.Add(d.length + 5*time.Minute)))
}

// goWrong is what happens to the workers in a day.
func (d *day) goWrong(at func(part float64) time.Time) {
	trouble := func(name string, part float64, what func()) {
		time.Sleep(time.Until(at(part)))
		from := time.Now()
		what()
		settled(d.workers...)
		d.troubles = append(d.troubles, trouble{name, from, time.Now()})
	}
	trouble("a second worker joins", 0.32, func() { d.workers = append(d.workers, d.start(app.Worker)) })
	trouble("it leaves", 0.35, func() {
		d.workers[1].stop()
		d.workers = d.workers[:1]
	})
	trouble("the worker is killed", 0.45, func() {
		d.workers[0].kill()
		d.workers[0] = d.start(app.Worker)
	})
	trouble("ten minutes without workers", 0.55, func() {
		d.workers[0].stop()
		time.Sleep(10 * time.Minute)
		d.workers[0] = d.start(app.Worker)
	})
	trouble("Redis comes back empty", 0.70, func() {
		d.workers[0].stop()
		d.redis.Flush()
		d.workers[0] = d.start(app.Worker)
	})
}

// check compares what the world says with what plain sums over its events say.
func (d *day) check() {
	t, now := d.t, time.Now()
	want := judge(d.sent, now.UnixMilli())
	t.Logf("%d conversations, %d events, %d promises", d.talks, len(d.sent), len(want.promises))
	for _, x := range d.troubles {
		t.Logf("%s at %s: %v", x.name, x.from.Format(time.TimeOnly), x.to.Sub(x.from))
	}
	d.checkSignals(want, now)
	d.checkValues(want)
	d.mustEqual("after the day")
	for _, m := range d.records("vigia.deadletters") {
		r, _ := event.Decode(m.Value)
		t.Errorf("dead letter: %+v", r.Body)
	}
	d.io.stop()
	for _, w := range d.workers {
		w.stop()
	}
}

// subject names a promise as a signal does.
type subject struct {
	conversation, clock string
	start, due          int64
}

func (d *day) checkSignals(want *ledger, now time.Time) {
	t := d.t
	hide, err := event.NewPseudonymizer("shop", []byte(strings.Repeat("\xab", 32)), '1')
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{} // as in the log
	for _, e := range d.sent {
		if names[e.Conversation] == "" {
			e := *e
			out, _, err := event.Pseudonymise(&e, hide, event.SourceRules{})
			if err != nil {
				t.Fatal(err)
			}
			names[e.Conversation] = out.Conversation
		}
	}
	called := map[subject]time.Time{}
	var repeats, others int
	counts := map[string]int{}
	for _, m := range d.records("vigia.signals") {
		r, err := event.Decode(m.Value)
		if _, ok := r.Body.(event.Watermark); ok {
			continue
		}
		s, ok := r.Body.(event.Signal)
		if err != nil || !ok {
			t.Fatalf("in vigia.signals: %v %v", r, err)
		}
		counts[s.Kind.String()]++
		switch s.Kind {
		case event.SignalBreach:
		case event.SignalRetracted:
			t.Errorf("retracted: %+v", s)
			continue
		default:
			others++
			continue
		}
		key := subject{s.Conversation, s.Clock, s.StartedAt, s.DueAt}
		if _, again := called[key]; again {
			repeats++ // at least once: after a crash and after a rebuild
			continue
		}
		called[key] = time.UnixMilli(m.At)
	}
	var latest, latestInTrouble time.Duration
	broken := 0
	for _, p := range want.promises {
		key := subject{names[p.conversation], p.clock, p.start, p.due}
		at, ok := called[key]
		delete(called, key)
		due := time.UnixMilli(p.due).Add(grace)
		switch {
		case !p.broken(now.UnixMilli()) && ok:
			t.Errorf("false breach at %v: %+v", at, p)
		case p.broken(now.UnixMilli()) && !ok && now.Sub(due) > 2*time.Second:
			t.Errorf("not called: %+v", p)
		case ok:
			broken++
			limit, in := due, d.troubleAt(due)
			if in != nil {
				limit = in.to
				latestInTrouble = max(latestInTrouble, at.Sub(limit))
			} else {
				latest = max(latest, at.Sub(limit))
			}
			if at.Sub(limit) > time.Second {
				t.Errorf("called %v after it should have been (trouble: %+v): %+v", at.Sub(limit), in, p)
			}
		}
	}
	for key, at := range called {
		t.Errorf("a breach of no promise at %v: %+v", at, key)
	}
	t.Logf("%d breaches, the latest %v after due + grace, %v after catching up; %d repeats; signals: %v", broken, latest, latestInTrouble, repeats, counts)
}

// troubleAt returns what was wrong when something was due.
func (d *day) troubleAt(due time.Time) *trouble {
	i := slices.IndexFunc(d.troubles, func(x trouble) bool { return !due.Before(x.from.Add(-time.Second)) && !due.After(x.to) })
	if i < 0 {
		return nil
	}
	return &d.troubles[i]
}

// checkValues compares the numbers of the API, for the tenant and by queue.
func (d *day) checkValues(want *ledger) {
	counts := []string{"conversations_started", "contacts_offered", "contacts_answered", "contacts_abandoned"}
	durations := []string{"first_response_time", "next_response_time", "resolution_time", "speed_of_answer", "handle_time"}
	d.awaitFresh()
	window := fmt.Sprintf("%.0fm", (d.length + 30*time.Minute).Minutes())
	checked := 0
	for _, group := range []string{"tenant", "queue"} {
		for _, v := range d.values(d.io, url.Values{"window": {window}, "group": {group}}) {
			queue := v.Group["queue"]
			expect := func(what string, got int64, key string) {
				checked++
				if n := want.n[key+"/"+queue]; got != n {
					d.t.Errorf("%s %s of queue %q: %d, the events give %d", v.KPI, what, queue, got, n)
				}
			}
			if !v.Complete {
				d.t.Errorf("incomplete: %+v", v)
			}
			switch {
			case slices.Contains(counts, v.KPI):
				expect("value", whole(v.Value, 1), v.KPI+"/n")
			case slices.Contains(durations, v.KPI):
				expect("n", v.N, v.KPI+"/n")
				expect("sum", whole(v.Numerator, 1000), v.KPI+"/sum")
			case v.KPI == "sla_compliance":
				expect("kept", whole(v.Numerator, 1), v.KPI+"/"+v.Definition+"/numerator")
				expect("of", whole(v.Denominator, 1), v.KPI+"/"+v.Definition+"/denominator")
			case v.KPI == "service_level" || v.KPI == "sentiment_balance":
				expect("numerator", whole(v.Numerator, 1), v.KPI+"/numerator")
				expect("denominator", whole(v.Denominator, 1), v.KPI+"/denominator")
			case v.KPI == "active_customers" && group == "tenant":
				checked++
				if n := whole(v.Value, 1); n != int64(len(want.customers)) {
					d.t.Errorf("active customers: %d, the events name %d", n, len(want.customers))
				}
			}
		}
	}
	d.t.Logf("%d numbers compared", checked)
	if checked < 80 {
		d.t.Errorf("only %d numbers were compared", checked)
	}
}

// awaitFresh waits for the next ticks, which are rare in this world, so that values are complete.
func (d *day) awaitFresh() {
	for range 60 {
		if v := d.values(d.io, url.Values{"kpi": {"conversations_started,active_customers"}}); v[0].Complete && v[1].Complete {
			return
		}
		time.Sleep(time.Second)
	}
	d.t.Error("no value is complete within a minute")
}

// whole reads a number of the API in units of 1/scale.
func whole(n kpi.Number, scale float64) int64 {
	if !n.Known() {
		return 0
	}
	f := n.Float() * scale
	if f < 0 {
		return int64(f - 0.5)
	}
	return int64(f + 0.5)
}
