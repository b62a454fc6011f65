package oracletest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

// hours makes conversations of two hours, all of whose events are known within the horizon, in the order in which they happened.
func hours(seed uint64) *traffic {
	g := &traffic{Rand: rand.New(rand.NewPCG(seed, 21)), pace: 1, without: map[string]bool{"late": true, "repeat": true, "hint": true, "later": true}}
	for n := range 40 {
		g.conversation(n, begin+g.Int64N(hour), 1+g.IntN(22))
	}
	for n := range int64(8) { // one in which much is said
		g.send(event.Event{Tenant: "t", At: begin + n*minute, Source: event.Source{Connector: "http"}, Conversation: "long", Customer: "cust1", Channel: event.WebChat, Actor: event.ByCustomer,
			Body: event.Message{ID: fmt.Sprint("l", n), Direction: event.Inbound, Sentiment: &event.Sentiment{Polarity: g.Int64N(2_000_001) - 1_000_000, Tone: g.tone()}}})
	}
	g.buy(g.all, 60)
	for n := range 40 { // and outside conversations
		g.send(event.Event{Tenant: "t", At: begin + g.Int64N(2*hour), Source: event.Source{Connector: "http"}, Customer: fmt.Sprint("cust", n%20), Channel: event.Commerce, Actor: event.ByCustomer, Body: g.purchase(nil)})
	}
	g.all = slices.DeleteFunc(g.all, func(a arrival) bool { return a.body.(*event.Event).At > begin+2*hour })
	return g
}

// buy lets customers buy in conversations, beside what some of their events tell.
func (g *traffic) buy(in []arrival, n int) {
	for range n {
		e := *in[g.IntN(len(in))].body.(*event.Event)
		e.At += 1 + g.Int64N(minute)
		e.Labels, e.Actor, e.ActorID, e.Body = nil, event.ByCustomer, "", g.purchase(nil)
		g.send(e)
	}
}

// logOf puts arrivals between ticks that do not depend on them, for a day.
func (g *traffic) logOf(policy event.Policy, all []arrival) []fold.Input {
	all = slices.Clone(all)
	sortArrivals(all)
	inputs := []fold.Input{{Record: event.Record{Body: event.Tick{At: begin - hour}}}, {Record: event.Record{Body: policy}}}
	for tick := int64(begin); tick < begin+24*hour; tick += 7 * minute {
		for ; len(all) > 0 && all[0].at < tick; all = all[1:] {
			e := all[0].body.(*event.Event)
			inputs = append(inputs, fold.Input{Key: e.Key(), Record: event.Record{Body: e}})
		}
		inputs = append(inputs, fold.Input{Record: event.Record{Body: event.Tick{At: tick}}})
	}
	return inputs
}

// countedIn are all numbers that both stages keep of a log.
func countedIn(t *testing.T, inputs []fold.Input) map[cell]total {
	t.Helper()
	first, outs, _ := feed(t, conversations, false, inputs)
	var facts []fold.Input
	for _, o := range outs {
		if o.Topic == "c" {
			facts = append(facts, fold.Input{Key: o.Key, Record: o.Record})
		}
	}
	second, _, _ := feed(t, customers, false, facts)
	all := map[cell]total{}
	for _, f := range []window.Family{window.Routing, window.Agent, window.Topics, window.Work, window.Activity} {
		maps.Copy(all, joined(kept(t, first, string(f), 12_000), kept(t, second, string(f), 12_000)))
	}
	for field, b := range first["o:t"] { // what KPIs about now are read from
		all[cell{"o:t", field, 0}] = total{buckets: fmt.Sprintf("%x", b)}
	}
	return all
}

// edited: what is right at once, and what is first told wrong and then corrected.
func edited(g *traffic, scored map[string]int, e event.Event, tell func(right, wrong event.Event, correction event.Event, after int64)) {
	correction := event.Event{Tenant: e.Tenant, ID: e.ID + "-edit", At: e.At + 1, ReceivedAt: e.At + 1, Source: e.Source, Conversation: e.Conversation, Threadless: e.Threadless, Channel: e.Channel, Actor: event.BySystem}
	after := 5*minute + g.Int64N(80*minute)
	switch b := e.Body.(type) {
	case event.SurveyAnswered:
		right, wrong := b, b
		right.Revision += 10
		wrong.Score = b.ScaleMin + g.Int64N(b.ScaleMax-b.ScaleMin+1)
		correction.Body = right
		r, w := e, e
		r.Body, w.Body = right, wrong
		tell(r, w, correction, after)
	case event.Message:
		if b.Sentiment == nil || scored[e.Conversation+b.ID] > 0 {
			return
		}
		wrong, s := b, *b.Sentiment
		wrong.Sentiment = &event.Sentiment{Polarity: g.Int64N(2_000_001) - 1_000_000, Tone: g.tone()}
		s.Subject = b.ID
		correction.Body = s
		w := e
		w.Body = wrong
		tell(e, w, correction, after)
	}
}

// TestRetraction: spam, merge, edit and late arrival leave every number of every KPI as if the event had never been, or had been there in time. What becomes of triggers is
// tested where it is decided: who was told of one was told, whatever comes after.
func TestRetraction(t *testing.T) {
	seen, cells := map[int]bool{}, 0
	same := func(t *testing.T, seed uint64, what string, want, got map[cell]total) {
		t.Helper()
		if d := differences(want, got); len(d) > 0 {
			d = d[:min(len(d), 12)]
			t.Fatalf("seed %d, %s: \"engine\" is with it, \"oracle\" without:\n%s", seed, what, strings.Join(d, "\n"))
		}
		for c := range want {
			seen[c.metric] = true
		}
		cells += len(want)
	}
	from, _ := strconv.ParseUint(os.Getenv("VIGIA_ORACLE_SEED"), 10, 64)
	for seed := from; seed < from+12; seed++ {
		g := hours(seed)
		policy := fold.PolicyRecord(g.policyOf(1), false)
		plain := countedIn(t, g.logOf(policy, g.all))

		late := slices.Clone(g.all)
		for i := range late {
			if g.chance(30) {
				late[i].at = min(late[i].at+g.Int64N(100*minute), begin+3*hour-10*minute) // before anything is final
			}
		}
		same(t, seed, "late arrival", plain, countedIn(t, g.logOf(policy, late)))

		for i, state := range []event.ConversationStatus{event.StatusSpam, event.StatusDeleted, event.StatusMerged} {
			x := &traffic{Rand: g.Rand, pace: 1, without: g.without, events: 100_000 * (i + 1)}
			start := begin + g.Int64N(hour)
			x.conversation(900, start+1, 3+g.IntN(22))
			x.buy(x.all, 6)
			x.all = slices.DeleteFunc(x.all, func(a arrival) bool { return a.body.(*event.Event).At > begin+2*hour })
			first := *x.all[0].body.(*event.Event) // a survey that comes before any episode is of none, rule 15.1
			first.ID, first.At, first.Labels, first.Actor, first.ActorID, first.Body = fmt.Sprint("first", i), start, nil, event.ByCustomer, "", event.Message{ID: "first", Direction: event.Inbound}
			gone := first
			gone.ID, gone.At, gone.Actor, gone.Body = fmt.Sprint("gone", i), begin+2*hour+1, event.BySystem, event.ConversationState{State: state}
			x.all = append(x.all, arrival{start, &first})
			for _, a := range x.all {
				a.body.(*event.Event).Threadless = false // an episode that has ended is no longer spam
			}
			gone.Threadless = false
			all := append(append(slices.Clone(g.all), x.all...), arrival{begin + 2*hour + g.Int64N(40*minute), &gone})
			same(t, seed, state.String(), plain, countedIn(t, g.logOf(policy, all)))
		}

		scored := map[string]int{}
		for _, a := range g.all {
			if e := a.body.(*event.Event); e.Body.Kind() == event.KindSentiment {
				scored[e.Conversation+e.Body.(event.Sentiment).Subject]++
			}
		}
		right, wrong := slices.Clone(g.all), slices.Clone(g.all)
		for i, a := range g.all {
			edited(g, scored, *a.body.(*event.Event), func(r, w, correction event.Event, after int64) {
				right[i].body, wrong[i].body = &r, &w
				wrong = append(wrong, arrival{a.at + after, &correction})
			})
		}
		if len(wrong) < len(right)+10 {
			t.Fatalf("seed %d: only %d corrections", seed, len(wrong)-len(right))
		}
		same(t, seed, "edit", countedIn(t, g.logOf(policy, right)), countedIn(t, g.logOf(policy, wrong)))
	}
	var without []string
	for _, d := range kpi.Catalog() {
		if !d.Instant() && !slices.ContainsFunc(slices.Collect(maps.Keys(seen)), func(m int) bool { return d.Reads(window.Metric(m)) }) {
			without = append(without, d.ID)
		}
	}
	// Triggers do not take back what they counted: see above.
	if want := []string{"proactive_resolution_rate"}; !slices.Equal(without, want) {
		t.Errorf("nothing was counted for %v, want that of %v only", without, want)
	}
	t.Logf("%d cells, %d metrics", cells, len(seen))
}
