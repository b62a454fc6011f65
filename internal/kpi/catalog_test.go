package kpi

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

var update = flag.Bool("update", false, "write README.md anew")

// published lists the ids that must never change.
var published = []string{
	"first_response_time", "next_response_time", "resolution_time", "speed_of_answer", "handle_time", "sla_compliance", "sla_running", "sla_at_risk", "sla_overdue",
	"update_time", "sla_predicted_breaches", "sla_burn_rate",
	"requester_wait_time", "agent_work_time", "replies_to_resolution", "reopen_rate", "transfer_rate", "talk_time", "hold_time", "wrap_up_time",
	"short_abandon_rate", "average_abandon_time", "callbacks",
	"occupancy", "concurrency", "weighted_handle_time", "workload_spread", "agents_by_state",
	"contacts_offered", "contacts_answered", "contacts_abandoned", "contacts_lost", "abandon_rate", "service_level", "contacts_waiting", "longest_wait",
	"nps", "ces_journey", "survey_fatigue", "repeat_engagement_rate", "retention_rate",
	"conversations_started", "sentiment_balance", "active_customers", "customers_at_risk", "engagement_rate", "nps_evolution",
	"fcr", "self_service_rate",
	"conversations_started", "sentiment_balance", "active_customers", "engagement_rate", "nps_evolution",
	"fcr", "self_service_rate", "proactive_resolution_rate",
	"csat", "ces", "feedback_conversion",
	"volume_profile", "volume_forecast", "volume_anomaly",
	"sentiment_score", "sentiment_trend", "sentiment_recovery", "frustration_rate", "urgency_rate", "bot_handoff_rate", "bot_handoff_time",
	"clv", "clv_by_channel", "clv_to_cac",
}

func TestCatalogIsComplete(t *testing.T) {
	for _, id := range published {
		if _, err := ByID(id); err != nil {
			t.Errorf("%s was published and is gone", id)
		}
	}
	word := regexp.MustCompile(`^[a-z0-9][a-z0-9_+-]*$`)
	text := func(where string, x Text) {
		for _, lang := range Langs {
			if strings.TrimSpace(x.In(lang)) == "" {
				t.Errorf("%s has no text in %s", where, lang)
			}
		}
	}
	for _, d := range catalog {
		text(d.ID+" title", d.Title)
		text(d.ID+" explain", d.Explain)
		if d.Version < 1 || d.Unit == "" || d.Better == "" || len(d.Dimensions) == 0 || len(d.Default) == 0 || len(d.Definitions) == 0 {
			t.Errorf("%s is not complete: %+v", d.ID, d)
		}
		if d.Instant() != (len(d.Feeds) == 0) {
			t.Errorf("%s: a KPI about now has neither family nor feeds, any other has both", d.ID)
		}
		seen := map[string]bool{}
		for _, def := range d.Definitions {
			text(d.ID+" "+def.ID, def.Explain)
			if seen[def.ID] || !word.MatchString(def.ID) {
				t.Errorf("%s: definition %q is given twice or no plain word", d.ID, def.ID)
			}
			seen[def.ID] = true
			set := 0
			for _, is := range []bool{def.Read != nil, def.Now != nil, def.Customers != nil, def.Derive != nil} {
				if is {
					set++
				}
			}
			if set != 1 || (def.Now != nil) != d.Instant() {
				t.Errorf("%s %s: exactly one of Read, Now, Customers and Derive, Now for KPIs about now", d.ID, def.ID)
			}
		}
		for _, id := range d.Default {
			if !seen[id] {
				t.Errorf("%s: default definition %q does not exist", d.ID, id)
			}
		}
	}
	if _, err := ByID("asa"); err == nil || !strings.Contains(err.Error(), "speed_of_answer") {
		t.Errorf("an unknown KPI gives %v, want an error that lists the known ones", err)
	}
}

// TestMetricsAreStable: numbers stand in stored cells, so that what each one counts is part of the schema.
func TestMetricsAreStable(t *testing.T) {
	got := map[string][]string{}
	feeds := map[window.Metric]*Feed{}
	for _, d := range catalog {
		for _, f := range d.Feeds {
			if was := feeds[f.Metric]; was != nil && was != f {
				t.Errorf("metric %d has two feeds, the second of %s: share one", f.Metric, d.ID)
			}
			feeds[f.Metric] = f
		}
	}
	for _, m := range everyMoment() {
		Observe(m, false, func(_ window.Family, _ window.Group, s window.Sample) {
			if !slices.ContainsFunc(catalog, func(d *Def) bool { return d.Reads(s.Metric) }) {
				t.Errorf("%+v counts under metric %d, which lies beyond its feed", m, s.Metric)
			}
			key := fmt.Sprintf("%02d", s.Metric)
			line := fmt.Sprintf("kind=%d clock=%d band=%d receipt=%v n=%d sum=%d hist=%v", m.Kind, m.Clock, m.Band, m.Receipt, s.N, s.Sum, s.Hist)
			got[key] = append(got[key], line)
		})
	}
	for m := range feeds {
		if len(got[fmt.Sprintf("%02d", m)]) == 0 {
			t.Errorf("no moment feeds metric %d", m)
		}
	}
	b, err := json.MarshalIndent(got, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/metrics.golden", append(b, '\n'))
}

// everyMoment returns one moment of every combination that matters.
func everyMoment() []convo.Moment {
	var out []convo.Moment
	for kind := convo.Started; kind <= convo.LastKind; kind++ {
		switch kind {
		case convo.FirstResponse, convo.NextResponse:
			out = append(out, convo.Moment{Kind: kind, Value: 7}, convo.Moment{Kind: kind, Value: 7, Receipt: true})
		case convo.ClockHit, convo.ClockMiss:
			for c := range sla.Clock(sla.NumClocks) {
				out = append(out, convo.Moment{Kind: kind, Clock: c})
			}
		case convo.Updated:
			out = append(out, convo.Moment{Kind: kind, Value: 7, Clock: sla.PeriodicUpdate}, convo.Moment{Kind: kind, Value: 7, Clock: sla.PausableUpdate})
		case convo.Scored:
			out = append(out, convo.Moment{Kind: kind, Value: 250_000}, convo.Moment{Kind: kind, Value: -250_000})
		case convo.Mood, convo.MoodTrend:
			out = append(out, convo.Moment{Kind: kind, Value: 1_000_000}, convo.Moment{Kind: kind, Value: -1_000_000})
		case convo.LowStart:
			out = append(out, convo.Moment{Kind: kind}, convo.Moment{Kind: kind, Class: 1})
		case convo.Toned:
			out = append(out, convo.Moment{Kind: kind, Value: 500_000, Class: 499_999}, convo.Moment{Kind: kind, Value: 499_999, Class: 500_000})
		case convo.Prompted:
			for reach := range uint32(convo.ReachSeen + 1) {
				out = append(out, convo.Moment{Kind: kind, Class: reach}, convo.Moment{Kind: kind, Class: reach | convo.ReachAnswered})
				for n := range uint32(len(sla.SurveyWidgets)) {
					out = append(out, convo.Moment{Kind: kind, Class: reach | convo.PromptedOn(n+1, n+1)}, convo.Moment{Kind: kind, Class: reach | convo.ReachAnswered | convo.PromptedOn(n+1, n+1)})
				}
			}
		case convo.Rated:
			for scale := range uint32(9) {
				lowest, highest := convo.ScaleEnds(scale)
				for p := lowest; p <= highest; p++ {
					out = append(out, convo.Moment{Kind: kind, Class: scale, Value: p * 1e6})
				}
			}
		case convo.BotJoined:
			for class := range uint32(convo.HandedOffClosed + 1) {
				out = append(out, convo.Moment{Kind: kind, Class: class})
			}
		case convo.Answered, convo.FlowOut, convo.Voicemail, convo.Callback, convo.Lost:
			out = append(out, convo.Moment{Kind: kind, Value: 7, Band: convo.InTarget}, convo.Moment{Kind: kind, Value: 7, Band: convo.Late})
		case convo.Abandoned:
			for b := convo.InTarget; b <= convo.Short; b++ {
				out = append(out, convo.Moment{Kind: kind, Value: 7, Band: b})
			}
		case convo.FirstContact:
			for tier := range uint32(tiers) {
				for _, bits := range []uint32{0, convo.FirstHeld, convo.FirstFinal, convo.FirstFinal | convo.FirstNet,
					convo.FirstFinal | convo.FirstHeld | convo.FirstStrict, convo.FirstFinal | convo.FirstHeld | convo.FirstNet} {
					out = append(out, convo.Moment{Kind: kind, Class: tier | bits})
				}
			}
		case convo.Recommends, convo.Recommended:
			for point := range int64(11) {
				out = append(out, convo.Moment{Kind: kind, Value: point * 1e6}, convo.Moment{Kind: kind, Value: point * 1e6, Class: 1})
			}
		case convo.Journeyed:
			for point := range int64(7) {
				for switches := range uint32(3) {
					out = append(out, convo.Moment{Kind: kind, Value: (point + 1) * 1e6, Class: switches})
				}
			}
		case convo.Sold:
			for _, class := range []uint32{8, 999, convo.Monthly + 8, convo.Monthly + 999} {
				out = append(out, convo.Moment{Kind: kind, Value: 7, Class: class})
			}
		case convo.Attributed:
			for model := uint32(0); model < convo.EndOfModel; model += 1000 {
				out = append(out, convo.Moment{Kind: kind, Value: 7, Class: model + 8}, convo.Moment{Kind: kind, Value: 7, Class: model + 999})
			}
		case convo.Asked, convo.SeenIn, convo.StayedIn, convo.Bought:
			out = append(out, convo.Moment{Kind: kind}, convo.Moment{Kind: kind, Class: 1})
		case convo.AtRisk:
			for class := range uint32(convo.Risks) {
				out = append(out, convo.Moment{Kind: kind, Class: class})
			}
		case convo.CalledFor:
			for number := range uint32(5) {
				for _, bits := range []uint32{0, convo.CalledForHeldOut, convo.CalledForHeldOut | convo.CalledForAsked, convo.CalledForTried, convo.CalledForTried | convo.CalledForAsked, convo.CalledForCleared, convo.CalledForCleared | convo.CalledForAsked,
					convo.CalledForCleared | convo.CalledForEngaged | convo.CalledForAnswered} {
					out = append(out, convo.Moment{Kind: kind, Class: number | bits})
				}
			}
		case convo.Served:
			for rung := uint32(convo.ServedByPeople); rung <= convo.ServedConfirmed; rung++ {
				out = append(out, convo.Moment{Kind: kind, Class: rung})
			}
		default:
			out = append(out, convo.Moment{Kind: kind, Value: 7})
		}
	}
	return out
}

// comesWith names the moments that are never there without another one, which their KPIs divide by.
var comesWith = map[convo.MomentKind]convo.MomentKind{convo.Reopened: convo.Resolved, convo.Moved: convo.Joined}

// golden compares with a file, or writes it with -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got; go test -update writes it anew):\n%s", name, diff)
	}
}

// TestSplitsAddUp: however the moments are split over cells and the cells over sums, every KPI reads the same; and what is taken back leaves no trace.
func TestSplitsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		every := everyMoment()
		n := rapid.IntRange(0, 60).Draw(t, "n")
		parts := make([]*window.Cell, rapid.IntRange(1, 5).Draw(t, "parts"))
		for i := range parts {
			parts[i] = &window.Cell{}
		}
		whole := &window.Cell{}
		for range n {
			m := rapid.SampledFrom(every).Draw(t, "moment")
			if !slices.Contains(sentiments, m.Kind) {
				m.Value = rapid.Int64Range(0, 10_000_000).Draw(t, "value")
			}
			part := rapid.SampledFrom(parts).Draw(t, "part")
			add := func(_ window.Family, _ window.Group, s window.Sample) {
				whole.Add(s, 1)
				part.Add(s, 1)
			}
			Observe(m, false, add)
			if with, ok := comesWith[m.Kind]; ok {
				m.Kind = with
				Observe(m, false, add)
			}
			late := rapid.SampledFrom(every).Draw(t, "taken back")
			for _, sign := range []int64{1, -1} {
				Observe(late, false, func(_ window.Family, _ window.Group, s window.Sample) { part.Add(s, sign) })
			}
		}
		merged := &window.Cell{}
		for _, i := range rapid.Permutation([]int{0, 1, 2, 3, 4}).Draw(t, "order") {
			if i < len(parts) {
				if err := merged.MergeEncoded(parts[i].Encode()); err != nil {
					t.Fatal(err)
				}
			}
		}
		if !bytes.Equal(whole.Encode(), merged.Encode()) {
			t.Fatalf("the parts do not add up to the whole")
		}
		w := Window{From: 0, To: 10_000, Now: 10_000, Zone: time.UTC}
		for _, d := range catalog {
			for _, def := range d.Definitions {
				var a, b Reading
				switch {
				case def.Read != nil:
					a, b = def.Read(whole), def.Read(merged)
				case def.Customers != nil:
					a, _ = def.Customers(whole, w)
					b, _ = def.Customers(merged, w)
				}
				var va, vb Value
				a.put(&va)
				b.put(&vb)
				if diff := cmp.Diff(va, vb); diff != "" {
					t.Fatalf("%s %s: %s", d.ID, def.ID, diff)
				}
				if va.N < 0 || d.Unit == Ratio && va.Value.Known() && (va.Value.Float() > 1 || va.Value.Float() < -1) {
					t.Fatalf("%s %s is impossible: %+v", d.ID, def.ID, va)
				}
			}
		}
	})
}

func TestObserveAgents(t *testing.T) {
	g := window.Group{Channel: "voice", Queue: "q", Team: "t", Agent: "7"}
	got := map[string]int{}
	for _, m := range everyMoment() {
		m.Group = g
		Observe(m, true, func(f window.Family, of window.Group, s window.Sample) {
			got[fmt.Sprintf("%s %+v", f, of)]++
			if f == window.Agent && (s.Metric == mAbandoned || slices.Contains(sentiments, m.Kind)) {
				t.Errorf("metric %d is kept by agent", s.Metric)
			}
		})
	}
	for group := range got {
		switch group {
		case fmt.Sprintf("d %+v", window.Group{}), fmt.Sprintf("d %+v", window.Group{Channel: "voice"}), fmt.Sprintf("d %+v", window.Group{Queue: "q"}),
			fmt.Sprintf("d %+v", window.Group{Channel: "voice", Queue: "q"}): // what is added up in each roll-up
		case fmt.Sprintf("r %+v", window.Group{Channel: "voice", Queue: "q", Team: "t"}), fmt.Sprintf("a %+v", window.Group{Channel: "voice", Queue: "q", Agent: "7"}),
			fmt.Sprintf("w %+v", window.Group{Team: "t", Agent: "7"}),
			fmt.Sprintf("d %+v", g):
		default:
			t.Errorf("samples went to %s", group)
		}
	}
	if len(got) != 8 {
		t.Errorf("samples went to %v", got)
	}
}
