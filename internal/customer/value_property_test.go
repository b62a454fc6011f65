package customer_test

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// TestValueAsRecomputed: whatever the order of facts and ticks, edited, given back or taken back, orders mean what a plain program makes of the lists of purchases and contacts, and
// channels have all of what was sold by every model.
func TestValueAsRecomputed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		facts := drawValue(rt)
		newest := map[string]event.Fact{}
		for _, f := range facts {
			newest[f.Subject] = f
		}
		want := of(recomputeValue(newest), worth...)
		mixed := valued(rt)
		for _, f := range rapid.Permutation(facts).Draw(rt, "order") {
			mixed.fact(f)
		}
		mixed.expect(worth, want...).totals()

		// As time goes on: all is told before it is final. What is told of an order then may change what was final.
		type telling struct {
			event.Fact
			at int64
		}
		var told []telling
		for _, f := range facts {
			told = append(told, telling{f, f.EndedAt - t0 + rapid.Int64Range(0, 6).Draw(rt, "told after")*day})
			if k := len(told) - 2; f.Revision > 1 {
				told[k+1].at = max(told[k+1].at, told[k].at)
			}
		}
		slices.SortStableFunc(told, func(a, b telling) int { return cmp.Compare(a.at, b.at) })
		slow := valued(rt)
		for _, f := range told {
			slow.tick(f.at).fact(f.Fact)
			if rapid.Bool().Draw(rt, "looked at") {
				slow.tick(f.at + rapid.Int64Range(0, 2).Draw(rt, "ticks")*day)
			}
		}
		if diff := gocmp.Diff(want, of(slow.counted, worth...)); diff != "" {
			rt.Fatalf("as time goes on (-want +got):\n%s", diff)
		}
		slow.totals()
		counted := of(slow.counted, worth...)
		if slow.tick(700 * day); slow.state != nil || !slices.Equal(counted, of(slow.counted, worth...)) {
			rt.Fatalf("in the end nothing is left, and what was counted stays: %+v", slow.state)
		}

		// Merged into another customer in between: what belongs to an order that this one knows stays its own.
		old := valued(rt)
		merged := rapid.IntRange(0, len(facts)).Draw(rt, "merged after")
		heard := map[string]event.Fact{}
		for i, f := range facts {
			if i == merged {
				old.fact(event.Fact{MergedInto: "bob"})
			}
			n := len(old.forward)
			if old.fact(f); len(old.forward) == n {
				heard[f.Subject] = f
			}
		}
		if merged > 0 {
			old.expect(worth, of(recomputeValue(heard), worth...)...).totals()
		}
	})
}

// TestValueStepByStep: purchases and contacts at random, told at any time, under lookbacks that change; the shop checks that nothing is taken back that was not counted, and that the
// state survives. In the end nothing is left.
func TestValueStepByStep(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := valued(rt)
		for _, f := range drawValue(rt) {
			if rapid.IntRange(0, 4).Draw(rt, "new policy") == 0 {
				spec := sla.DefaultPolicy("t", "America/Bogota")
				spec.Value.Currency = rapid.SampledFrom([]string{"", "USD"}).Draw(rt, "currency")
				if spec.Value.Currency != "" {
					spec.Value.Lookback = rapid.SampledFrom([]string{"", "1h", "90d"}).Draw(rt, "lookback")
				}
				p, err := sla.CompilePolicy(spec, 1)
				if err != nil {
					rt.Fatalf("%v", err)
				}
				s.policy = p
			}
			s.tick(f.StartedAt - t0 + rapid.Int64Range(-10, 40).Draw(rt, "told after")*day)
			f.Open = rapid.Bool().Draw(rt, "open") && len(f.Sales) == 0
			s.facts(f).totals()
		}
		for m, n := range s.counted {
			if n > 1 && m.Kind == convo.Bought {
				rt.Fatalf("%+v counts %d times", m, n)
			}
		}
		if s.tick(s.now - t0 + 700*day); s.state != nil {
			rt.Fatalf("still known: %+v", s.state)
		}
	})
}

// drawValue draws contacts and purchases of a few months, each with some revisions.
func drawValue(rt *rapid.T) []event.Fact {
	var out []event.Fact
	channels := rapid.SampledFrom([]event.Channel{event.WebChat, event.Voice, event.Email, event.Commerce})
	instants := rapid.Custom(func(rt *rapid.T) int64 {
		return rapid.Int64Range(0, 75).Draw(rt, "day")*day + rapid.Int64Range(0, 3).Draw(rt, "hour")*8*hour
	})
	types := rapid.SampledFrom([]event.PurchaseType{event.Ordered, event.Ordered, event.Paid, event.Refunded, event.Subscribed, event.Unsubscribed})
	for n := range rapid.IntRange(1, 9).Draw(rt, "facts") {
		at, ch := instants.Draw(rt, "at"), channels.Draw(rt, "channel")
		var f event.Fact
		if rapid.Bool().Draw(rt, "purchase") {
			f = sale(fmt.Sprint("p#p.", n), at, byte(rapid.IntRange(1, 3).Draw(rt, "of")), types.Draw(rt, "type"), rapid.Int64Range(0, 20).Draw(rt, "amount"),
				rapid.SampledFrom([]uint16{usd, usd, eur}).Draw(rt, "currency"))
			f.Sales[0].Amount /= 7
		} else {
			f = visit(fmt.Sprint("c", n, "#1"), ch, "", at)
		}
		f.Channel, f.Queue = ch, rapid.SampledFrom([]string{"", "sales"}).Draw(rt, "queue")
		for r := range rapid.IntRange(1, 3).Draw(rt, "revisions") {
			f.Revision, f.Retracted = uint64(r+1), rapid.IntRange(0, 3).Draw(rt, "retracted") == 0
			if r > 0 {
				f.Queue = rapid.SampledFrom([]string{"", "sales", "help"}).Draw(rt, "moved to")
			}
			out = append(out, f)
		}
	}
	return out
}

// recomputeValue is what the lists mean, written without any of the state.
func recomputeValue(facts map[string]event.Fact) map[convo.Moment]int {
	type bought struct {
		event.Sale
		channel, queue string
	}
	type name struct {
		id      uint64
		monthly bool
	}
	orders, refunds, ends := map[name][]bought{}, map[name]map[uint16]int64{}, map[name]int64{}
	var contacts []event.Fact
	for _, f := range facts {
		if f.Retracted {
			continue
		}
		if f.Inbound && len(f.ActiveAt) > 0 && f.Channel != event.Commerce {
			contacts = append(contacts, f)
		}
		for _, s := range f.Sales {
			n := name{s.Order, s.Type == event.Subscribed || s.Type == event.Unsubscribed}
			switch s.Type {
			case event.Refunded:
				if refunds[n] == nil {
					refunds[n] = map[uint16]int64{}
				}
				refunds[n][s.Currency] += s.Amount
			case event.Unsubscribed:
				ends[n] = max(ends[n], s.At)
			default:
				orders[n] = append(orders[n], bought{s, f.Channel.String(), f.Queue})
			}
		}
	}
	slices.SortFunc(contacts, func(a, b event.Fact) int {
		return cmp.Or(cmp.Compare(a.StartedAt, b.StartedAt), cmp.Compare(a.Channel.String(), b.Channel.String()))
	})
	contacts = slices.CompactFunc(contacts, func(a, b event.Fact) bool { return a.StartedAt == b.StartedAt && a.Channel == b.Channel })
	out := map[convo.Moment]int{}
	type index struct {
		g     window.Group
		class uint32
	}
	latest := map[index]int64{}
	for n, list := range orders {
		first := slices.MinFunc(list, func(a, b bought) int {
			return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.channel, b.channel), cmp.Compare(a.queue, b.queue))
		})
		last := slices.MaxFunc(list, func(a, b bought) int {
			return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Amount, b.Amount), cmp.Compare(a.Currency, b.Currency))
		})
		class, amount := uint32(0), last.Amount-refunds[n][last.Currency]
		if n.monthly {
			class, amount = 1, last.Amount
		}
		if amount <= 0 || n.monthly && ends[n] >= last.At {
			continue
		}
		out[convo.Moment{Kind: convo.Sold, At: first.At, Group: window.Group{Channel: first.channel, Queue: first.queue}, Value: amount, Class: uint32(last.Currency) + 1000*class}]++
		in := []window.Group{{}, {Channel: first.channel}}
		if first.queue != "" {
			in = append(in, window.Group{Queue: first.queue}, window.Group{Channel: first.channel, Queue: first.queue})
		}
		for _, g := range in {
			latest[index{g, class}] = max(latest[index{g, class}], first.At)
		}
		if n.monthly {
			continue
		}
		before := slices.DeleteFunc(slices.Clone(contacts), func(f event.Fact) bool { return f.StartedAt > first.At || f.StartedAt < first.At-30*day })
		for model := range 5 {
			for channel, share := range plainShares(model, before, first.At, amount) {
				out[convo.Moment{Kind: convo.Attributed, At: first.At, Group: window.Group{Channel: channel}, Value: share, Class: uint32(1000*model) + uint32(last.Currency)}]++
			}
		}
	}
	for x, at := range latest {
		out[convo.Moment{Kind: convo.Bought, At: at, Group: x.g, Class: x.class}]++
	}
	return out
}

// plainShares divides an amount with fractions.
func plainShares(model int, before []event.Fact, at, amount int64) map[string]int64 {
	if len(before) == 0 {
		return map[string]int64{"direct": amount}
	}
	weights, total := map[string]*big.Rat{}, new(big.Rat)
	for i, f := range before {
		w, n := big.NewRat(0, 1), int64(len(before))
		switch {
		case model == 0 && i == 0, model == 1 && i == len(before)-1, model == 2, model == 3 && n == 1:
			w = big.NewRat(1, 1)
		case model == 3 && n == 2:
			w = big.NewRat(1, 2)
		case model == 3 && (i == 0 || i == len(before)-1):
			w = big.NewRat(40, 100)
		case model == 3:
			w = big.NewRat(20, 100*(n-2))
		case model == 4:
			w = big.NewRat(int64(math.Round(1e6*math.Pow(0.5, float64(at-f.StartedAt)/float64(7*day)))), 1)
		}
		c := f.Channel.String()
		if weights[c] == nil {
			weights[c] = new(big.Rat)
		}
		weights[c].Add(weights[c], w)
		total.Add(total, w)
	}
	type part struct {
		channel string
		rest    *big.Rat
	}
	var parts []part
	shares, left := map[string]int64{}, amount
	for _, c := range slices.Sorted(maps.Keys(weights)) {
		exact := new(big.Rat).Mul(big.NewRat(amount, 1), new(big.Rat).Quo(weights[c], total))
		whole := new(big.Int).Quo(exact.Num(), exact.Denom())
		shares[c] = whole.Int64()
		left -= shares[c]
		parts = append(parts, part{c, exact.Sub(exact, new(big.Rat).SetInt(whole))})
	}
	slices.SortStableFunc(parts, func(a, b part) int { return b.rest.Cmp(a.rest) })
	for _, p := range parts[:left] {
		shares[p.channel]++
	}
	maps.DeleteFunc(shares, func(_ string, n int64) bool { return n == 0 })
	return shares
}
