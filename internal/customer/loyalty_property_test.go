package customer_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/customer"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// TestLoyaltyAsRecomputed: whatever the order of facts and ticks, and whatever was told before a merge or after it, surveys and visits mean what a plain program makes of the
// lists of all of them.
func TestLoyaltyAsRecomputed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		facts := drawLoyalty(rt)
		mixed := open(rt)
		for _, f := range rapid.Permutation(facts).Draw(rt, "order") {
			mixed.fact(f)
		}
		newest := map[string]event.Fact{}
		for _, f := range facts {
			newest[f.Subject] = f
		}
		mixed.expect(loyalties, of(recompute(newest), loyalties...)...)

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
		reached := func(counted map[convo.Moment]int) map[convo.Moment]int {
			counted = maps.Clone(counted)
			maps.DeleteFunc(counted, func(m convo.Moment, _ int) bool {
				return m.Kind == convo.Returned && m.At < slow.now-customer.MaxWindow
			})
			return counted
		}
		want := of(reached(recompute(newest)), loyalties...)
		if diff := gocmp.Diff(want, of(reached(slow.counted), loyalties...)); diff != "" {
			rt.Fatalf("as time goes on (-want +got):\n%s", diff)
		}
		counted := of(slow.counted, loyalties...)
		if slow.tick(500 * day); slow.state != nil || !slices.Equal(counted, of(slow.counted, loyalties...)) {
			rt.Fatalf("in the end nothing is left, and what was counted stays: %+v", slow.state)
		}

		// Merged into another customer: what is told from then on is told of the survivor.
		old, survivor := open(rt), open(rt)
		heard := map[string]event.Fact{}
		hear := func(f event.Fact) {
			f.Customer = "bob"
			if heard[f.Subject].Revision < f.Revision {
				heard[f.Subject] = f
			}
			survivor.fact(f)
		}
		merged := rapid.IntRange(0, len(facts)).Draw(rt, "merged after")
		for i, f := range facts {
			if i == merged {
				old.fact(event.Fact{MergedInto: "bob"})
			}
			if rapid.Bool().Draw(rt, "told of bob") {
				hear(f)
				continue
			}
			old.forward = nil
			old.fact(f)
			for _, forwarded := range old.forward {
				hear(forwarded)
			}
		}
		survivor.expect(loyalties, of(recompute(heard), loyalties...)...)
	})
}

// TestLoyaltyStepByStep: surveys and visits at random, told at any time, under policies that change; the shop checks that nothing is taken back that was not counted, and that
// the state survives. In the end nothing is left.
func TestLoyaltyStepByStep(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := open(rt)
		for _, f := range drawLoyalty(rt) {
			if rapid.IntRange(0, 4).Draw(rt, "new policy") == 0 {
				spec := sla.DefaultPolicy("t", rapid.SampledFrom([]string{"America/Bogota", "Asia/Tokyo", "Europe/Madrid"}).Draw(rt, "zone"))
				spec.SessionGap = rapid.SampledFrom([]string{"24h", "1h", "20d"}).Draw(rt, "gap")
				spec.SurveysRest = rapid.SampledFrom([]string{"", "7d", "180d"}).Draw(rt, "rest")
				p, err := sla.CompilePolicy(spec, 1)
				if err != nil {
					rt.Fatalf("%v", err)
				}
				s.policy = p
			}
			s.tick(f.StartedAt - t0 + rapid.Int64Range(-10, 40).Draw(rt, "told after")*day)
			f.Open = rapid.Bool().Draw(rt, "open")
			s.fact(f)
		}
		for m, n := range s.counted {
			if n > 1 && (m.Kind == convo.Returned || m.Kind == convo.Recommends) {
				rt.Fatalf("%+v counts %d times", m, n)
			}
		}
		if s.tick(s.now - t0 + 500*day); s.state != nil {
			rt.Fatalf("still known: %+v", s.state)
		}
	})
}

// drawLoyalty draws contacts and surveys of a few months, each with some revisions.
func drawLoyalty(rt *rapid.T) []event.Fact {
	var out []event.Fact
	channels := rapid.SampledFrom([]event.Channel{event.WebChat, event.Voice, event.Email})
	hours := rapid.Custom(func(rt *rapid.T) int64 {
		return rapid.Int64Range(0, 75).Draw(rt, "day")*day + rapid.Int64Range(0, 3).Draw(rt, "hour")*8*hour
	})
	for n := range rapid.IntRange(1, 8).Draw(rt, "facts") {
		at, ch := hours.Draw(rt, "at"), channels.Draw(rt, "channel")
		conversation := fmt.Sprint("c", rapid.IntRange(0, 3).Draw(rt, "conversation"))
		var f event.Fact
		switch rapid.IntRange(0, 5).Draw(rt, "what") {
		case 0:
			f = prompt(fmt.Sprint(conversation, "#s", n), at)
		case 1:
			f = nps(fmt.Sprint(conversation, "#s", n), at, rapid.Int64Range(0, 10).Draw(rt, "score"))
			f.Inbound = rapid.Bool().Draw(rt, "transactional")
		case 2:
			f = ces(fmt.Sprint(conversation, "#s", n), at, ch, rapid.Int64Range(1, 7).Draw(rt, "score"))
		default:
			active := []int64{at}
			if rapid.Bool().Draw(rt, "longer") {
				active = append(active, at+rapid.Int64Range(1, 6).Draw(rt, "days")*day)
			}
			f = visit(fmt.Sprint(conversation, "#", n), ch, rapid.SampledFrom([]string{"", "bill", "card"}).Draw(rt, "topic"), active...)
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

// recompute is what the lists mean, written without any of the state: nothing in it is forgotten.
func recompute(facts map[string]event.Fact) map[convo.Moment]int {
	out := map[convo.Moment]int{}
	zone, _ := time.LoadLocation("America/Bogota")
	rollups := func(ch event.Channel, queue string) []window.Group {
		g := []window.Group{{}, {Channel: ch.String()}}
		if queue != "" {
			g = append(g, window.Group{Queue: queue}, window.Group{Channel: ch.String(), Queue: queue})
		}
		return g
	}
	type touch struct {
		at      int64
		channel string
		groups  []window.Group
		queue   string
	}
	var touches []touch
	var requests []convo.Moment
	type key struct {
		g     window.Group
		class uint32
	}
	latest := map[key]convo.Moment{}
	seen := map[convo.Moment]int64{} // SeenIn → begin of the next period
	for _, f := range facts {
		if f.Retracted {
			continue
		}
		g := window.Group{Channel: f.Channel.String(), Queue: f.Queue, Topic: f.Topic}
		for _, at := range f.ActiveAt {
			touches = append(touches, touch{at, f.Channel.String(), rollups(f.Channel, f.Queue), f.Queue})
			y, m, d := time.UnixMilli(at).In(zone).Date()
			monday := time.Date(y, m, d, 0, 0, 0, 0, zone)
			for monday.Weekday() != time.Monday {
				monday = monday.AddDate(0, 0, -1)
			}
			first := time.Date(y, m, 1, 0, 0, 0, 0, zone)
			for _, in := range []window.Group{{}, {Channel: f.Channel.String()}} {
				seen[convo.Moment{Kind: convo.SeenIn, At: monday.UnixMilli(), Group: in}] = monday.AddDate(0, 0, 7).UnixMilli()
				seen[convo.Moment{Kind: convo.SeenIn, At: first.UnixMilli(), Group: in, Class: 1}] = first.AddDate(0, 1, 0).UnixMilli()
			}
		}
		for _, at := range f.PromptedAt {
			requests = append(requests, convo.Moment{Kind: convo.Asked, At: at, Group: g})
		}
		for _, a := range f.Answers {
			switch a.Instrument {
			case event.NPS:
				class := uint32(1)
				if f.Inbound {
					class = 0
				}
				out[convo.Moment{Kind: convo.Recommended, At: a.At, Group: g, Value: a.Score, Class: class}]++
				for _, in := range rollups(f.Channel, f.Queue) {
					m := convo.Moment{Kind: convo.Recommends, At: a.At, Group: in, Value: a.Score, Class: class}
					if was, ok := latest[key{in, class}]; !ok || was.At < m.At || was.At == m.At && was.Value < m.Value {
						latest[key{in, class}] = m
					}
				}
			case event.CES:
				if n, ok := plainSwitches(facts, f, a.At); ok {
					out[convo.Moment{Kind: convo.Journeyed, At: a.At, Group: g, Value: a.Score, Class: n}]++
				}
			}
		}
	}
	for _, m := range latest {
		out[m]++
	}
	for m, next := range seen {
		out[m]++
		following := m
		following.At = next
		if _, ok := seen[following]; ok {
			m.Kind = convo.StayedIn
			out[m]++
		}
	}
	for _, m := range requests {
		for _, o := range requests {
			if o.At < m.At && o.At > m.At-30*day {
				m.Class = 1
			}
		}
		out[m]++
	}
	slices.SortFunc(touches, func(a, b touch) int {
		return cmp.Or(cmp.Compare(a.at, b.at), strings.Compare(a.channel, b.channel), strings.Compare(a.queue, b.queue))
	})
	for i := len(touches) - 2; i >= 0; i-- {
		if touches[i+1].at-touches[i].at > 24*hour {
			for _, g := range touches[i].groups {
				out[convo.Moment{Kind: convo.Returned, At: touches[i].at, Group: g}]++
			}
			break
		}
	}
	return out
}

func plainSwitches(facts map[string]event.Fact, about event.Fact, at int64) (uint32, bool) {
	conversation := func(f event.Fact) string { c, _, _ := strings.Cut(f.Subject, "#"); return c }
	var contacts, journey []event.Fact
	for _, f := range facts {
		if !f.Retracted && f.Inbound && len(f.ActiveAt) > 0 && f.StartedAt <= at {
			contacts = append(contacts, f)
		}
	}
	slices.SortFunc(contacts, func(a, b event.Fact) int {
		return cmp.Or(cmp.Compare(a.StartedAt, b.StartedAt), strings.Compare(a.Subject, b.Subject))
	})
	var hand *event.Fact
	for i, f := range contacts {
		if conversation(f) == conversation(about) && f.EndedAt >= at-9*day {
			hand = &contacts[i]
		}
	}
	if hand == nil {
		return 0, false
	}
	for _, f := range contacts {
		if f.Subject == hand.Subject || f.StartedAt > at-7*day && (f.Topic == hand.Topic || f.Topic == "" || hand.Topic == "") {
			journey = append(journey, f)
		}
	}
	n := uint32(0)
	for i := 1; i < len(journey); i++ {
		if journey[i].Channel != journey[i-1].Channel {
			n++
		}
	}
	return min(n, 2), true
}
