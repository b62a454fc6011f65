package customer_test

import (
	"bytes"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/customer"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/pack"
	"github.com/vigia-cx/vigia/internal/sla"
)

// TestFactsInAnyOrder: the facts of a customer mean the same in whatever order they arrive, repeated or not.
func TestFactsInAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		facts := draw(rt)
		plain, mixed := open(rt), open(rt)
		for _, f := range facts {
			plain.fact(f)
		}
		for _, f := range rapid.Permutation(facts).Draw(rt, "order") {
			mixed.fact(f)
			if rapid.Bool().Draw(rt, "again") {
				mixed.fact(f)
			}
		}
		mixed.want(plain.moments())
	})
}

// TestEveryStepHolds: facts and ticks at random, over weeks; the shop checks each step. In the end nothing is left, and each roll-up has counted each of its days once.
func TestEveryStepHolds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := open(rt)
		at := int64(0)
		revision := uint64(0)
		for range rapid.IntRange(1, 20).Draw(rt, "steps") {
			at += rapid.SampledFrom([]int64{0, hour, 25 * hour, 3 * day, 9*day + hour, 36 * day}).Draw(rt, "passes")
			switch rapid.IntRange(0, 9).Draw(rt, "what") {
			case 0, 1:
				s.tick(at)
			case 2:
				s.zone(rapid.SampledFrom([]string{"America/Bogota", "Asia/Tokyo"}).Draw(rt, "zone"), rapid.SampledFrom([]string{"24h", "1h"}).Draw(rt, "gap"))
			default:
				revision++
				s.tick(at)
				f := contact(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "subject"), revision, rapid.SampledFrom([]string{"", "sales"}).Draw(rt, "queue"), at)
				f.Open, f.Retracted = rapid.Bool().Draw(rt, "open"), rapid.IntRange(0, 4).Draw(rt, "retracted") == 0
				s.fact(f)
			}
		}
		if s.tick(at + 410*day); s.state != nil {
			rt.Fatalf("still known: %+v", s.state)
		}
		last := map[string]int{}
		for m, n := range s.counted {
			if n > 1 {
				rt.Fatalf("%s counts %d times", show(m), n)
			}
			if m.Kind == convo.Active && n > 0 && m.At > t0+at-31*day {
				last[m.Group.Encode()] += n
			}
		}
		for g, n := range last {
			if n > 1 {
				rt.Fatalf("%q is active %d times within 31 days:\n%s", g, n, s.moments())
			}
		}
	})
}

// draw draws contacts with several revisions each, within the horizon.
func draw(rt *rapid.T) []event.Fact {
	var out []event.Fact
	for c := range rapid.IntRange(1, 4).Draw(rt, "contacts") {
		at := rapid.Int64Range(0, 5*24).Draw(rt, "begin") * hour
		active := []int64{at}
		for r := range rapid.IntRange(1, 4).Draw(rt, "revisions") {
			if r > 0 {
				at += rapid.Int64Range(0, 30).Draw(rt, "later") * hour
				active = append(active, at)
			}
			f := contact(fmt.Sprint("c", c), uint64(r)+1, rapid.SampledFrom([]string{"", "sales", "help"}).Draw(rt, "queue"), active...)
			f.Channel = rapid.SampledFrom([]event.Channel{event.WebChat, event.Voice}).Draw(rt, "channel")
			f.Retracted, f.Open = rapid.IntRange(0, 4).Draw(rt, "retracted") == 0, rapid.Bool().Draw(rt, "open")
			out = append(out, f)
		}
	}
	return out
}

// FuzzDecode: a damaged state is an error that says so, never a panic.
func FuzzDecode(f *testing.F) {
	s := open(f).contact("a", 1, "sales", 0, hour).contact("b", 1, "", 10*day)
	s.tick(12 * day)
	f.Add(s.state.Encode())
	s.fact(resolved("c", 1, 12*day))
	f.Add(s.state.Encode())
	troubled := visit("d", event.Voice, "", 13*day)
	troubled.Mood, troubled.MoodAt, troubled.AbandonedAt, troubled.Broken = -300_000, t0+13*day, t0+13*day, true
	s.facts(troubled, csat("d#s1", 13*day, 5, 5), csat("d#s2", 14*day, 1, 5))
	f.Add(s.state.Encode())
	f.Add(s.visits(20, 22).tick(60 * day).state.Encode())
	s.fact(sale("d#p.1", 12*day, 1, event.Ordered, 10, usd))
	s.fact(sale("d#p.2", 12*day, 2, event.Subscribed, 10, eur))
	s.tick(30 * day)
	f.Add(s.state.Encode())
	s.fact(event.Fact{MergedInto: "bob"})
	f.Add(s.state.Encode())
	h := triggered(f, "7d", 50).tell(asks("a#1", 1, 0), func(x *event.Fact) { x.Exchanges = []event.Exchange{{From: t0 + 1, To: t0 + 2}} }).cue(sla.DeadlineAtRisk, "a", 0).tick(8 * day)
	f.Add(h.state.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := customer.Decode(b)
		if err != nil {
			if err != pack.ErrDamaged {
				t.Fatalf("error %v, want ErrDamaged", err)
			}
			return
		}
		again, err := customer.Decode(c.Encode())
		if err != nil || !bytes.Equal(again.Encode(), c.Encode()) {
			t.Fatalf("a decoded state does not survive: %v", err)
		}
		c.Tick(t0, s.policy)
	})
}
