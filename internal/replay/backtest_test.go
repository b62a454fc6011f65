package replay

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/exporter"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/rule"
	"github.com/vigia-cx/vigia/internal/sim"
	"github.com/vigia-cx/vigia/internal/sla"
)

// shopEvents invents the traffic of a shop in which a queue stops answering twice.
func shopEvents(t testing.TB, begin time.Time, perHour float64, conversations int) []*event.Event {
	traffic := sim.New(sim.Shift{Seed: 7, Tenant: "shop", Start: begin, PerHour: perHour, Flat: true, Conversations: conversations, Incidents: []sim.Incident{
		{From: begin.Add(40 * time.Minute), To: begin.Add(70 * time.Minute), Channel: event.WhatsApp, Queue: "ventas"},
		{From: begin.Add(60 * time.Minute), To: begin.Add(80 * time.Minute), Channel: event.Voice, Queue: "atencion"},
	}})
	hide, err := event.NewPseudonymizer("shop", make([]byte, event.MinKeyBytes), '0')
	if err != nil {
		t.Fatal(err)
	}
	var out []*event.Event
	for e := traffic.Next(); e != nil; e = traffic.Next() {
		ready, err := complete(e, "shop", hide)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, ready)
	}
	return out
}

func shopPolicy(t testing.TB) map[string]*sla.Policy {
	t.Helper()
	p, err := sla.CompilePolicy(sim.Policy("shop", "America/Lima"), 1)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*sla.Policy{"shop": p}
}

func shippedRules(t testing.TB, more ...string) *rule.Set {
	t.Helper()
	names, err := filepath.Glob("../../deploy/rules/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var files []*rule.File
	parse := func(name string, data []byte) {
		f, err := rule.Parse(name, data)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.yaml") {
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		parse(name, data)
	}
	for i, text := range more {
		parse(fmt.Sprintf("more%d.yaml", i), []byte(text))
	}
	set, err := rule.NewSet("shop", nil, files...)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// moreRules fire often, and see what the shipped ones do not: counts, means, windows longer than fine panes live, days, teams.
const moreRules = `
version: vigia/v1
defaults: {keep_firing_for: 1m}
rules:
  - {alert: Busy, kpi: conversations_started, by: [channel, queue], window: 5m, fire: "> 12"}
  - {alert: Slow, kpi: first_response_time, stat: mean, by: [team], window: 10m, fire: "> 40s", for: 30s}
  - {alert: Slower, kpi: next_response_time, stat: p90, by: [channel], window: 3h, fire: "> 100s"}
  - {alert: Today, kpi: contacts_answered, by: [queue], window: today, fire: "> 50"}
  - {alert: Waiting, kpi: contacts_waiting, by: [queue], fire: ">= 3", for: 1m}
  - {alert: AtRisk, kpi: sla_at_risk, definition: first_response, by: [channel], fire: ">= 2"}
  - {alert: Late, kpi: sla_overdue, definition: first_response, by: [queue], fire: ">= 1"}
  - {alert: Kept, kpi: sla_compliance, definition: first_response, by: [queue], window: 15m, fire: "< 90%", severity: warning, confidence: 60%}
  - {alert: Gone, kpi: abandon_rate, by: [queue], window: 30m, fire: "> 5%", confidence: none}
  - {alert: Mood, kpi: sentiment_balance, by: [queue], window: 15m, fire: "< 10%", no_data: hold}
  - {alert: Quiet, kpi: service_level, by: [queue], window: 1m, fire: "< 50%", no_data: fire}
`

// TestBacktestEqualsLive lets the rules look at the real engine at every instant of their grid, as the alerter does, and wants a back-test of the same log to say the same.
func TestBacktestEqualsLive(t *testing.T) {
	begin := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	events := shopEvents(t, begin, 120, 150)
	policies := shopPolicy(t)
	set := shippedRules(t, moreRules)
	got, err := Backtest(t.Context(), BacktestOptions{Events: events, Policies: policies, Rules: map[string]*rule.Set{"shop": set}})
	if err != nil {
		t.Fatal(err)
	}
	until := events[len(events)-1].At + 10*minuteMs
	want := live(t, events, policies, set, until)
	show := func(list []rule.Change) []string {
		var out []string
		for _, c := range list {
			if c.At <= until {
				out = append(out, fmt.Sprintf("%s %s %s %v %s %v n=%d %s", iso(c.At), c.What, c.Rule, c.Group, c.Reason, c.Seen.Number, c.Seen.N, c.Incident))
			}
		}
		slices.Sort(out)
		return out
	}
	a, b := show(want), show(got.Changes)
	for _, line := range a {
		if !slices.Contains(b, line) {
			t.Errorf("only live:      %s", line)
		}
	}
	for _, line := range b {
		if !slices.Contains(a, line) {
			t.Errorf("only back-test: %s", line)
		}
	}
	fired := map[string]bool{}
	for _, c := range want {
		fired[c.Rule] = fired[c.Rule] || c.What == rule.Fired
	}
	if len(fired) < 8 || len(want) < 50 {
		t.Errorf("only %d rules fired, %d changes: the log shows too little", len(fired), len(want))
	}
	t.Logf("%d events, %d changes, %d rules fired", len(events), len(want), len(fired))
}

// live runs the engine and evaluates the rules as time passes.
func live(t *testing.T, events []*event.Event, policies map[string]*sla.Policy, set *rule.Set, until int64) []rule.Change {
	t.Helper()
	e, ctx, err := begin(t.Context(), &Options{Logger: slog.New(slog.DiscardHandler)}, policies, events)
	if err != nil {
		t.Fatal(err)
	}
	defer e.end()
	s := &shipper{e: e, h: &harvest{span: map[string]*span{}}}
	states := map[string]rule.State{}
	var out []rule.Change
	for at := floor(events[0].At, rule.FinePane) + rule.FinePane; at <= until; at += rule.FinePane {
		n := 0
		for n < len(events) && events[n].At < at {
			n++
		}
		for len(events[:n]) > 0 {
			run := min(n, maxRun)
			if err := s.accept(ctx, events[:run]); err != nil {
				t.Fatal(err)
			}
			events, n = events[run:], n-run
		}
		e.tick(at)
		if err := e.settled(ctx, false); err != nil {
			t.Fatal(err)
		}
		for _, r := range set.Rules {
			if def, err := kpi.ByID(r.KPI); err == nil && def.SecondStage() {
				continue // refused by a back-test, with the reason
			}
			if at%r.Interval == 0 && len(r.Queries()) > 0 {
				out = append(out, look(ctx, t, e.reader, r, states, at)...)
			}
		}
	}
	return out
}

// look is one evaluation of one rule.
func look(ctx context.Context, t *testing.T, reader *exporter.Reader, r *rule.Rule, states map[string]rule.State, at int64) []rule.Change {
	t.Helper()
	var answers [][]kpi.Value
	for _, q := range r.Queries() {
		ask := exporter.Query{Tenant: "shop", KPIs: []string{q.KPI}, Definitions: []string{q.Definition}, By: q.By}
		if q.Window != "" {
			span, err := exporter.ParseSpan(q.Window)
			if err != nil {
				t.Fatal(err)
			}
			ask.Window, ask.At = span, at
		} else {
			ask.Window = exporter.Lasting(time.Minute)
		}
		values, err := reader.Values(ctx, ask)
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, values)
	}
	var out []rule.Change
	seen := map[string]bool{}
	step := func(o rule.Observation) {
		key := rule.Fingerprint("shop", r.Name, o.Group)
		seen[key] = true
		next, changes := r.Step(states[key], o)
		out = append(out, changes...)
		// What is written is read again, as after a take-over.
		restored, err := rule.DecodeState(next.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if states[key] = restored; restored.Idle() {
			delete(states, key)
		}
	}
	for _, o := range r.Observe(at, answers, at) {
		step(o)
	}
	for key, s := range states {
		if s.Rule == r.Name && !seen[key] {
			step(r.Missing(at, at, s.Group, true))
		}
	}
	return out
}

// BenchmarkBacktest tries the shipped rules on a million events: `go test ./internal/replay -run - -bench Backtest -benchtime 1x`.
func BenchmarkBacktest(b *testing.B) {
	events := shopEvents(b, time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), 300, 153_000)
	events = events[:min(len(events), 1_000_000)]
	policies, set := shopPolicy(b), shippedRules(b)
	for b.Loop() {
		got, err := Backtest(b.Context(), BacktestOptions{Events: events, Policies: policies, Rules: map[string]*rule.Set{"shop": set}})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(got.Events), "events")
		b.ReportMetric(float64(len(got.Changes)), "changes")
		b.ReportMetric(float64(got.To-got.From)/float64(dayMs), "days")
	}
}
