package customer_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/window"
)

// TestRisksAsRecomputed: whatever the order of facts and ticks, with what is taken back and edited on the way, customers are at risk for the reasons that a plain program finds in
// the lists of all they did and said. In the end nothing is left, and nothing counts any more.
func TestRisksAsRecomputed(t *testing.T) {
	found := map[uint32]int{}
	rapid.Check(t, func(rt *rapid.T) {
		facts := drawRisks(rt)
		newest, end := map[string]event.Fact{}, int64(0)
		for _, f := range facts {
			newest[f.Subject], end = f, max(end, f.EndedAt-t0+2*day)
		}
		end += rapid.SampledFrom([]int64{0, hour, 8 * day, 30 * day, 120 * day, 399 * day}).Draw(rt, "later")
		want := recomputeRisks(newest, t0+end)
		for m := range want {
			found[m.Class]++
		}

		mixed := open(rt)
		for _, f := range rapid.Permutation(facts).Draw(rt, "order") {
			mixed.fact(f)
		}
		mixed.tick(end).expect(risks, of(want, risks...)...)

		// As time goes on: all is told before it is final.
		type telling struct {
			event.Fact
			at int64
		}
		var told []telling
		for _, f := range facts {
			told = append(told, telling{f, f.EndedAt - t0 + rapid.Int64Range(0, 8).Draw(rt, "told after")*6*hour})
			if k := len(told) - 2; f.Revision > 1 {
				told[k+1].at = max(told[k+1].at, told[k].at)
			}
		}
		slices.SortStableFunc(told, func(a, b telling) int { return cmp.Compare(a.at, b.at) })
		slow := open(rt)
		for _, f := range told {
			slow.tick(f.at).fact(f.Fact)
		}
		slow.tick(end).expect(risks, of(want, risks...)...)
		var reasons []string
		if slow.state != nil {
			for _, r := range slow.state.Risks() {
				reasons = append(reasons, fmt.Sprint(r.Class, " ", r.Since))
			}
		}
		var expected []string
		for m := range want {
			if m.Class != convo.RiskAny && m.Group == (window.Group{}) {
				expected = append(expected, fmt.Sprint(m.Class, " ", m.At))
			}
		}
		slices.Sort(expected)
		if diff := gocmp.Diff(expected, reasons); diff != "" {
			rt.Fatalf("reasons told (-want +got):\n%s", diff)
		}
		if slow.tick(end + 900*day).expect(risks); slow.state != nil {
			rt.Fatalf("still known: %+v", slow.state)
		}
	})
	for class := range uint32(convo.Risks) {
		if found[class] == 0 {
			t.Errorf("class %d was never found", class)
		}
	}
}

// drawRisks draws visits, answers and contacts that went badly, each with some revisions.
func drawRisks(rt *rapid.T) []event.Fact {
	var out []event.Fact
	days := rapid.SampledFrom([]int64{12, 75, 300}).Draw(rt, "span")
	for n := range rapid.IntRange(1, 12).Draw(rt, "facts") {
		at := rapid.Int64Range(0, days).Draw(rt, "day")*day + rapid.Int64Range(0, 2).Draw(rt, "hour")*8*hour
		ch := rapid.SampledFrom([]event.Channel{event.WebChat, event.Voice}).Draw(rt, "channel")
		var f event.Fact
		switch rapid.IntRange(0, 4).Draw(rt, "what") {
		case 0:
			f = nps(fmt.Sprint("c#s", n), at, rapid.Int64Range(0, 10).Draw(rt, "score"))
			f.Inbound = rapid.Bool().Draw(rt, "transactional")
		case 1:
			f = answer(fmt.Sprint("c#s", n), at, ch, event.CSAT, rapid.Int64Range(1, 5).Draw(rt, "score"), 1, 5)
		default:
			f = visit(fmt.Sprint("c#", n), ch, "", at)
			f.Inbound = rapid.IntRange(0, 5).Draw(rt, "inbound") > 0
		}
		f.Channel = ch
		for r := range rapid.IntRange(1, 3).Draw(rt, "revisions") {
			f.Revision, f.Retracted = uint64(r+1), rapid.IntRange(0, 4).Draw(rt, "retracted") == 0
			f.Queue = rapid.SampledFrom([]string{"", "sales"}).Draw(rt, "queue")
			if len(f.ActiveAt) > 0 {
				f.Mood, f.MoodAt, f.AbandonedAt, f.Broken, f.ResolvedAt = 0, 0, 0, false, 0
				switch rapid.IntRange(0, 5).Draw(rt, "ending") {
				case 0:
					f.Mood, f.MoodAt = -200_000, f.EndedAt+1
				case 1:
					f.AbandonedAt = f.EndedAt + 2
				case 2:
					f.Broken = true
				case 3:
					f.Broken, f.ResolvedAt = true, f.EndedAt
				}
			}
			out = append(out, f)
		}
	}
	return out
}

// recomputeRisks is what the lists mean at an instant, written without any of the state: nothing in it is forgotten.
func recomputeRisks(facts map[string]event.Fact, now int64) map[convo.Moment]int {
	type place struct {
		at             int64
		channel, queue string
	}
	byPlace := func(a, b place) int {
		return cmp.Or(cmp.Compare(a.at, b.at), strings.Compare(a.channel, b.channel), strings.Compare(a.queue, b.queue))
	}
	type said struct {
		place
		kind  string
		order int
		point int64
	}
	type went struct {
		place
		since int64
	}
	var points []place
	var answers []said
	var contacts []went
	for _, f := range facts {
		if f.Retracted {
			continue
		}
		for _, at := range f.ActiveAt {
			points = append(points, place{at, f.Channel.String(), f.Queue})
		}
		for _, a := range f.Answers {
			s := said{place{a.At, f.Channel.String(), f.Queue}, "csat", 3, a.Score / 1e6}
			if a.Instrument == event.NPS {
				s.kind, s.order = fmt.Sprint("nps", f.Inbound), 7
				if !f.Inbound {
					s.order = 8
				}
			}
			answers = append(answers, s)
		}
		if f.Inbound && len(f.ActiveAt) > 0 {
			c := went{place: place{f.ActiveAt[len(f.ActiveAt)-1], f.Channel.String(), f.Queue}}
			for _, at := range []int64{f.MoodAt, f.AbandonedAt} {
				c.since = max(c.since, at)
			}
			if f.Broken && f.ResolvedAt == 0 {
				c.since = f.EndedAt
			}
			contacts = append(contacts, c)
		}
	}
	out := map[convo.Moment]int{}
	first := convo.Moment{}
	hold := func(class uint32, since int64, p place) {
		if now > p.at+400*day {
			return
		}
		groups := []window.Group{{}, {Channel: p.channel}}
		if p.queue != "" {
			groups = append(groups, window.Group{Queue: p.queue}, window.Group{Channel: p.channel, Queue: p.queue})
		}
		if first.At == 0 || since < first.At {
			for m := range out {
				if m.Class == convo.RiskAny {
					delete(out, m)
				}
			}
			first.At = since
			for _, g := range groups {
				out[convo.Moment{Kind: convo.AtRisk, At: since, Group: g}]++
			}
		}
		for _, g := range groups {
			out[convo.Moment{Kind: convo.AtRisk, At: since, Group: g, Class: class}]++
		}
	}
	slices.SortFunc(points, byPlace)
	var gaps []int64
	for i := 1; i < len(points); i++ {
		gap := points[i].at - points[i-1].at
		if gap > 400*day || gap > 35*day && len(gaps) < 3 {
			gaps = nil
		} else if gap > 24*hour {
			gaps = append(gaps, gap)
		}
	}
	if gaps = gaps[max(0, len(gaps)-8):]; len(gaps) >= 3 {
		last := points[len(points)-1]
		slices.Sort(gaps)
		limit := max(7*day, gaps[len(gaps)/2]+gaps[(len(gaps)-1)/2])
		if now > last.at+limit {
			hold(convo.RiskSilent, last.at+limit, last)
		}
	}
	slices.SortFunc(answers, func(a, b said) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.order, b.order), cmp.Compare(a.point, b.point), byPlace(a.place, b.place))
	})
	if n := len(answers); n > 0 {
		last := answers[n-1]
		for _, before := range slices.Backward(answers[:n-1]) {
			if before.kind != last.kind {
				continue
			}
			less := before.point - last.point
			if last.kind == "csat" && less >= 1 && last.point < 4 || last.kind != "csat" && less >= 2 && last.point < 9 {
				hold(convo.RiskFalling, last.at, last.place)
			}
			break
		}
	}
	slices.SortFunc(contacts, func(a, b went) int { return cmp.Or(byPlace(a.place, b.place), cmp.Compare(a.since, b.since)) })
	if n := len(contacts); n > 0 && contacts[n-1].since != 0 {
		hold(convo.RiskNegative, contacts[n-1].since, contacts[n-1].place)
	}
	return out
}
