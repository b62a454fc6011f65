package rule_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vigia-cx/vigia/internal/rule"
)

const minute = 60_000

// queue is a queue with Poisson arrivals and independent outcomes, seen through a 15-minute window.
type queue struct {
	*rand.Rand
	perWindow float64 // contacts in 15 minutes
	times     []int64
	good      []bool
	next      int64
}

// until lets contacts come until an instant; share of them are answered in time.
func (q *queue) until(at int64, share func(at int64) float64) {
	for {
		if q.next == 0 {
			q.next = at + int64(q.ExpFloat64()/q.perWindow*15*minute)
		}
		if q.next >= at {
			return
		}
		q.times, q.good = append(q.times, q.next), append(q.good, q.Float64() < share(q.next))
		q.next += int64(math.Ceil(q.ExpFloat64() / q.perWindow * 15 * minute))
	}
}

// window measures what lies in the 15 minutes before an instant.
func (q *queue) window(at int64) rule.Measure {
	for len(q.times) > 0 && q.times[0] < at-15*minute {
		q.times, q.good = q.times[1:], q.good[1:]
	}
	m := rule.Measure{Number: math.NaN(), Complete: true, N: int64(len(q.times)), Den: int64(len(q.times))}
	for _, ok := range q.good {
		if ok {
			m.Num++
		}
	}
	if m.Den > 0 {
		m.Number = float64(m.Num) / float64(m.Den)
	}
	return m
}

func shippedRule(t *testing.T, name string) *rule.Rule {
	t.Helper()
	files, _ := pack(t)
	for _, f := range files {
		set, err := rule.NewSet("acme", nil, f)
		if err != nil {
			t.Fatal(err)
		}
		if r := set.Rule(name); r != nil {
			return r
		}
	}
	t.Fatalf("no shipped rule is called %s", name)
	return nil
}

// day runs a rule through ten hours of business and returns when it fired.
func day(r *rule.Rule, q *queue, share func(at int64) float64) []int64 {
	var fired []int64
	var s rule.State
	const begin = 1_772_438_400_000 // a full ten seconds
	q.times, q.good, q.next = nil, nil, 0
	for at := int64(begin); at <= begin+10*60*minute; at += r.Interval {
		q.until(at, func(at int64) float64 { return share(at - begin) })
		o := r.Judge(at, at, []rule.Measure{q.window(at)})
		var changes []rule.Change
		s, changes = r.Step(s, o)
		for _, c := range changes {
			if c.What == rule.Fired {
				fired = append(fired, c.At-begin)
			}
		}
	}
	return fired
}

// TestQuietDays: a healthy queue (85 % in time) fires at most once in two days, whatever its size.
func TestQuietDays(t *testing.T) {
	r := shippedRule(t, "ServiceLevelLow")
	for _, perWindow := range []float64{2, 5, 20, 100} {
		days, fired := 0, 0
		for seed := range uint64(10) {
			q := &queue{Rand: rand.New(rand.NewPCG(seed, 1)), perWindow: perWindow}
			for range 14 {
				days++
				fired += len(day(r, q, func(int64) float64 { return 0.85 }))
			}
		}
		rate := float64(fired) / float64(days)
		t.Logf("%3.0f contacts in 15 min: %.3f false firings per queue-day (%d in %d days)", perWindow, rate, fired, days)
		if rate > 0.5 {
			t.Errorf("%3.0f contacts in 15 min: %.3f false firings per queue-day, want at most 0.5", perWindow, rate)
		}
	}
}

// TestDropIsFound: service level drops by half in the middle of the day, at 20 contacts in 15 minutes.
func TestDropIsFound(t *testing.T) {
	r := shippedRule(t, "ServiceLevelLow")
	var delays []int64
	missed := 0
	for seed := range uint64(300) {
		q := &queue{Rand: rand.New(rand.NewPCG(seed, 2)), perWindow: 20}
		const drop = 5 * 60 * minute
		fired := day(r, q, func(at int64) float64 {
			if at >= drop {
				return 0.425
			}
			return 0.85
		})
		i := slices.IndexFunc(fired, func(at int64) bool { return at >= drop })
		switch {
		case i >= 0:
			delays = append(delays, fired[i]-drop)
		case len(fired) == 0:
			missed++
		} // else it was firing already: neither found nor missed
	}
	slices.Sort(delays)
	median, p90 := delays[len(delays)/2], delays[len(delays)*9/10]
	t.Logf("a drop by half is found after %.1f min at the median, %.1f min at p90 (%d drops, %d missed)", float64(median)/minute, float64(p90)/minute, len(delays), missed)
	if median > 15*minute || p90 > 30*minute || missed > 0 {
		t.Errorf("found after %d ms at the median, %d ms at p90, %d missed; want at most 15 and 30 min, and none", median, p90, missed)
	}
}
