package replay_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/replay"
	"github.com/vigia-cx/vigia/internal/replay/mapping"
	"github.com/vigia-cx/vigia/internal/replay/reference"
	"github.com/vigia-cx/vigia/internal/window"
)

var byQueue = []window.Dimension{window.DimQueue}

func load(t testing.TB, name string) *mapping.Mapping {
	t.Helper()
	m, err := mapping.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// values replays files.
func values(t testing.TB, o replay.Options, files ...[]byte) []kpi.Value {
	t.Helper()
	for i, f := range files {
		o.Inputs = append(o.Inputs, mapping.Input{Name: fmt.Sprintf("file %d", i), R: bytes.NewReader(f)})
	}
	result, err := replay.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Refused) != 0 {
		t.Errorf("refused: %s", result.Refused)
	}
	t.Logf("%d rows, %d events, %d values in %v", result.Ledger.Rows, result.Events, len(result.Values), result.Took.Round(time.Millisecond))
	return result.Values
}

// bankKPIs are those that the reference computes, with the service levels asked for.
var (
	bankKPIs  = []string{"contacts_offered", "contacts_answered", "contacts_abandoned", "speed_of_answer", "handle_time", "abandon_rate", "service_level"}
	bankTypes = []string{"vigia", "connect", "genesys", "genesys-no-short", "talkdesk-contacts", "talkdesk-calls"}
)

// number is what must be equal to the last unit.
type number struct{ value, numerator, denominator kpi.Number }

func count(n int64) number {
	return number{kpi.Number(fmt.Sprint(n)), kpi.Number(fmt.Sprint(n)), ""}
}

func ratio(num, den int64) number {
	n := number{"", kpi.Number(fmt.Sprint(num)), kpi.Number(fmt.Sprint(den))}
	if den != 0 {
		b, _ := json.Marshal(float64(num) / float64(den))
		n.value = kpi.Number(b)
	}
	return n
}

// bankWant is what the reference says of one cell, by KPI and definition.
func bankWant(c reference.BankCell) map[string]number {
	want := map[string]number{
		"contacts_offered default":   count(c.Offered),
		"contacts_answered default":  count(c.Outcomes.Answered),
		"contacts_abandoned default": count(c.Outcomes.Abandoned),
		"speed_of_answer default":    ratio(c.SpeedOfAnswer.Sum(), c.SpeedOfAnswer.N()),
		"handle_time default":        ratio(c.HandleTime.Sum(), c.HandleTime.N()),
		"abandon_rate default":       ratio(c.AbandonRate.Numerator, c.AbandonRate.Denominator),
	}
	for _, preset := range bankTypes {
		want["service_level "+preset] = ratio(c.ServiceLevel[preset].Numerator, c.ServiceLevel[preset].Denominator)
	}
	return want
}

// compareBank holds every printed cell against the reference, and the other way round.
func compareBank(t *testing.T, by, group string, result reference.BankResult, got []kpi.Value) {
	t.Helper()
	cells := map[reference.BankKey]map[string]number{}
	for _, v := range got {
		key := reference.BankKey{By: by, From: v.From, Queue: v.Group["queue"]}
		if by == "total" {
			key.From = reference.Total
		}
		if cells[key] == nil {
			cells[key] = map[string]number{}
		}
		name := v.KPI + " " + v.Definition
		if _, twice := cells[key][name]; twice {
			t.Errorf("%v %s: printed twice", key, name)
		}
		cells[key][name] = number{v.Value, v.Numerator, v.Denominator}
		if !v.Complete {
			t.Errorf("%v %s: not complete", key, name)
		}
	}
	compared, wrong := 0, 0
	for key, c := range result.Cells {
		if key.By != by || (group == "tenant") != (key.Queue == "") {
			continue
		}
		for name, want := range bankWant(c) {
			compared++
			if have := cells[key][name]; have != want {
				if wrong++; wrong <= 10 {
					t.Errorf("%v %s: %+v, the reference has %+v", key, name, have, want)
				}
			}
		}
		delete(cells, key)
	}
	for key := range cells {
		t.Errorf("%v is printed, the reference has nothing there", key)
	}
	if compared == 0 {
		t.Error("nothing was compared")
	}
	t.Logf("by %s and %s: %d values compared, %d differ", by, group, compared, wrong)
}

func compareLedger(t *testing.T, m *mapping.Mapping, file []byte, want reference.Ledger) {
	t.Helper()
	res, err := m.Read(context.Background(), []mapping.Input{{Name: "file", R: bytes.NewReader(file)}}, mapping.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if res.Ledger.Rows != want.Rows || res.Ledger.Used != want.Used {
		t.Errorf("%d rows, %d used; the reference has %d and %d", res.Ledger.Rows, res.Ledger.Used, want.Rows, want.Used)
	}
	lines := map[int]bool{}
	for _, r := range res.Ledger.Reasons {
		for _, l := range r.Lines {
			lines[l.Number] = true
		}
	}
	var unused []int
	for _, l := range want.Unused {
		unused = append(unused, l...)
	}
	if got := slices.Sorted(maps.Keys(lines)); !slices.Equal(got, slices.Sorted(slices.Values(unused))) {
		t.Errorf("unused lines differ from the reference's")
	}
}

// TestBank compares a real call log, replayed through the whole engine, with the independent computation over its rows.
func TestBank(t *testing.T) {
	packed, plain := shared(t, "anonymous-bank")
	result, err := reference.Bank(bytes.NewReader(plain))
	if err != nil {
		t.Fatal(err)
	}
	m := load(t, "anonymous-bank")
	compareLedger(t, m, packed, result.Ledger)
	for _, c := range []struct {
		by    replay.By
		group []window.Dimension
	}{{replay.Day, byQueue}, {replay.Day, nil}, {replay.Hour, byQueue}, {replay.Hour, nil}} {
		if testing.Short() && (c.by != replay.Day || c.group == nil) {
			continue
		}
		group := "tenant"
		if len(c.group) > 0 {
			group = "queue"
		}
		t.Run(string(c.by)+" "+group, func(t *testing.T) {
			got := values(t, replay.Options{Mapping: m, By: c.by, Group: c.group, KPIs: bankKPIs, Definitions: bankTypes}, packed)
			compareBank(t, string(c.by), group, result, got)
		})
	}
}

// BenchmarkBank measures the whole way of a real log: reading, ingest, log, folds, state, values.
func BenchmarkBank(b *testing.B) {
	packed, _ := shared(b, "anonymous-bank")
	for _, by := range []replay.By{replay.Day, replay.Hour} {
		b.Run(string(by), func(b *testing.B) {
			var rows int
			for b.Loop() {
				o := replay.Options{Mapping: load(b, "anonymous-bank"), By: by, Group: byQueue, Inputs: []mapping.Input{{Name: "file", R: bytes.NewReader(packed)}}}
				result, err := replay.Run(b.Context(), o)
				if err != nil {
					b.Fatal(err)
				}
				rows += result.Ledger.Rows
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
