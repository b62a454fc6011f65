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
	"contacts_offered", "contacts_answered", "contacts_abandoned", "contacts_lost", "abandon_rate", "service_level", "contacts_waiting", "longest_wait",
	"conversations_started", "sentiment_balance", "active_customers",
}

func TestCatalogIsComplete(t *testing.T) {
	ids := IDs()
	slices.Sort(ids)
	want := slices.Sorted(slices.Values(published))
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Error("published ids (-want +got)", diff)
	}
	word := regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)
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
			for _, is := range []bool{def.Read != nil, def.Now != nil, def.Customers != nil} {
				if is {
					set++
				}
			}
			if set != 1 || (def.Now != nil) != d.Instant() {
				t.Errorf("%s %s: exactly one of Read, Now and Customers, Now for KPIs about now", d.ID, def.ID)
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
	for kind := convo.Started; kind <= convo.SessionBegan; kind++ {
		switch kind {
		case convo.FirstResponse, convo.NextResponse:
			out = append(out, convo.Moment{Kind: kind, Value: 7}, convo.Moment{Kind: kind, Value: 7, Receipt: true})
		case convo.ClockHit, convo.ClockMiss:
			for c := range sla.Clock(sla.NumClocks) {
				out = append(out, convo.Moment{Kind: kind, Clock: c})
			}
		case convo.Scored:
			out = append(out, convo.Moment{Kind: kind, Value: 250_000}, convo.Moment{Kind: kind, Value: -250_000})
		case convo.Answered, convo.FlowOut, convo.Voicemail, convo.Callback, convo.Lost:
			out = append(out, convo.Moment{Kind: kind, Value: 7, Band: convo.InTarget}, convo.Moment{Kind: kind, Value: 7, Band: convo.Late})
		case convo.Abandoned:
			for b := convo.InTarget; b <= convo.Short; b++ {
				out = append(out, convo.Moment{Kind: kind, Value: 7, Band: b})
			}
		default:
			out = append(out, convo.Moment{Kind: kind, Value: 7})
		}
	}
	return out
}

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

func TestReadme(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("<!-- Written by `go generate ./internal/kpi` from the catalogue; change the KPI's file instead. -->\n# KPIs\n\n" +
		"Every value names its definition and carries what it rests on. Durations are in seconds and come with mean, p50, p90, p95 and p99 (percentiles at most 1.1 % off); ratios " +
		"that are shares come with their Wilson 95 % interval. No data is `null`, a true zero is 0.\n\n| KPI | unit | better | definitions (default first) | by |\n|---|---|---|---|---|\n")
	for _, d := range catalog {
		var defs, dims []string
		for _, def := range d.Resolve(nil) {
			defs = append(defs, "`"+def.ID+"`")
		}
		for _, id := range d.definitionIDs() {
			if !slices.Contains(d.Default, id) {
				defs = append(defs, "`"+id+"`")
			}
		}
		for _, dim := range d.Dimensions {
			dims = append(dims, string(dim))
		}
		unit := string(d.Unit)
		if d.Instant() {
			unit += ", now"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", d.ID, unit, d.Better, strings.Join(defs, ", "), strings.Join(dims, ", "))
	}
	for _, d := range catalog {
		fmt.Fprintf(&b, "\n## `%s`: %s\n\n%s · %s\n\n%s\n", d.ID, d.Title.EN, d.Title.ES, d.Title.PT, d.Explain.EN)
		if len(d.Definitions) > 1 {
			b.WriteString("\n")
			for _, def := range d.Definitions {
				fmt.Fprintf(&b, "- `%s`: %s\n", def.ID, def.Explain.EN)
			}
		}
	}
	golden(t, "README.md", b.Bytes())
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
			if m.Kind != convo.Scored {
				m.Value = rapid.Int64Range(0, 10_000_000).Draw(t, "value")
			}
			part := rapid.SampledFrom(parts).Draw(t, "part")
			Observe(m, false, func(_ window.Family, _ window.Group, s window.Sample) {
				whole.Add(s, 1)
				part.Add(s, 1)
			})
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
			if f == window.Agent && (s.Metric == mAbandoned || s.Metric == mSentiment) {
				t.Errorf("metric %d is kept by agent", s.Metric)
			}
		})
	}
	for group := range got {
		switch group {
		case fmt.Sprintf("r %+v", window.Group{Channel: "voice", Queue: "q", Team: "t"}), fmt.Sprintf("a %+v", window.Group{Channel: "voice", Queue: "q", Agent: "7"}),
			fmt.Sprintf("d %+v", g):
		default:
			t.Errorf("samples went to %s", group)
		}
	}
	if len(got) != 3 {
		t.Errorf("samples went to %v", got)
	}
}
