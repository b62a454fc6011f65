package sim_test

import (
	"context"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sim"
)

// tape is a stage that records. Nothing may happen before a tick that has been told.
type tape struct {
	t     *testing.T
	ids   []string
	ticks []time.Time
}

func (s *tape) Accept(_ context.Context, events []*event.Event) error {
	for _, e := range events {
		if n := len(s.ticks); n > 0 && e.At < s.ticks[n-1].UnixMilli() {
			s.t.Errorf("an event at %v after the tick of %v", time.UnixMilli(e.At), s.ticks[n-1])
		}
		s.ids = append(s.ids, e.Source.NativeID)
	}
	return nil
}

func (s *tape) Tick(_ context.Context, at time.Time) error {
	time.Sleep(20 * time.Millisecond) // the log takes its time
	s.ticks = append(s.ticks, at)
	return nil
}

// TestAStoppedPlayGoesOn: what is played before and after a stop is what would have been played without it.
func TestAStoppedPlayGoesOn(t *testing.T) {
	for _, speed := range []float64{1, 20} {
		synctest.Test(t, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "plan.json")
			plan := sim.NewPlan(nil, 7, time.Now())
			play := func(d time.Duration) []string {
				now := time.Now()
				if plan.Through.After(now) {
					now = plan.Through
				}
				stage, began := &tape{t: t}, time.Now()
				p := sim.NewPlayer(plan.Shift("demo"), plan.Through, sim.NewClock(now, speed), stage)
				ctx, cancel := context.WithTimeout(t.Context(), d)
				defer cancel()
				if err := p.CatchUp(ctx, nil); err != nil {
					t.Fatal(err)
				}
				if n := len(stage.ticks); n < 1 || n > 120 || time.Since(began) > 3*time.Second {
					t.Errorf("caught up after %v with %d ticks", time.Since(began), n)
				}
				if n := len(stage.ticks); n == 0 || now.Sub(stage.ticks[n-1]) > time.Second {
					t.Errorf("caught up to %v at %v", stage.ticks, now)
				}
				if err := p.Live(ctx); err != nil {
					t.Fatal(err)
				}
				if n := len(stage.ticks); time.Duration(float64(d-3*time.Second)*speed) > p.Through().Sub(now) || p.Sent() != len(stage.ids) || n < int(d.Seconds())-3 {
					t.Errorf("played through %v from %v on, with %d ticks", p.Through(), now, n)
				}
				plan.Through = p.Through()
				if err := plan.Save(file); err != nil {
					t.Fatal(err)
				}
				return stage.ids
			}
			got := play(2 * time.Minute)
			time.Sleep(5 * time.Minute) // off
			old, err := sim.LoadPlan(file)
			if err != nil {
				t.Fatal(err)
			}
			plan = sim.NewPlan(old, 7, time.Now())
			if plan.Key != old.Key || plan.Start != old.Start {
				t.Error("the plan begins anew")
			}
			got = append(got, play(time.Minute)...)

			var want []string
			traffic := sim.New(plan.Shift("demo"))
			for e := traffic.NextBefore(plan.Through); e != nil; e = traffic.NextBefore(plan.Through) {
				want = append(want, e.Source.NativeID)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("speed %v: %s", speed, d)
			}
		})
	}
}

func TestPlans(t *testing.T) {
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	fresh := sim.NewPlan(nil, 1, now)
	if i := fresh.Incident(); !fresh.Start.Equal(now.Add(-time.Hour)) || !fresh.Through.Equal(fresh.Start) || !i.From.Equal(now.Add(-100*time.Second)) || i.To.Sub(i.From) != 6*time.Minute {
		t.Errorf("%+v", fresh)
	}
	fresh.Through = now.Add(time.Minute)
	for _, c := range []struct {
		name      string
		seed      uint64
		after     time.Duration
		incidents int
		goesOn    bool
	}{
		{"during the incident", 1, 2 * time.Minute, 1, true},
		{"after it", 1, time.Hour, 2, true},
		{"another seed", 2, 2 * time.Minute, 1, false},
		{"two days later", 1, 48 * time.Hour, 1, false},
	} {
		p := sim.NewPlan(fresh, c.seed, now.Add(c.after))
		if len(p.Incidents) != c.incidents || p.Start.Equal(fresh.Start) != c.goesOn || p.Key != fresh.Key || p.Token != fresh.Token {
			t.Errorf("%s: %+v", c.name, p)
		}
		if p.Through.Before(fresh.Through) || p.Incident().From.Before(fresh.Incidents[0].From) || !c.goesOn && p.Incident().From.Before(p.Through) {
			t.Errorf("%s: plays again what was played: %+v", c.name, p)
		}
	}
}
