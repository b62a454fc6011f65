package rule_test

import (
	"math"
	"testing"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/rule"
)

// share is a value of a share.
func share(id, definition string, num, den string, n int64) kpi.Value {
	v := kpi.Value{KPI: id, Definition: definition, Group: sales, N: n, Numerator: kpi.Number(num), Denominator: kpi.Number(den), Complete: true}
	if n > 0 {
		v.Value = "0.5" // what the rule compares is the bound of the exact counts
	}
	return v
}

func TestObserve(t *testing.T) {
	const at = 1_000_000
	seconds := func(v string, n int64) kpi.Value {
		return kpi.Value{KPI: "speed_of_answer", Definition: "default", Group: sales, Value: kpi.Number(v), N: n, Complete: true}
	}
	incomplete := seconds("50", 9)
	incomplete.Complete = false
	level := func(num, den string, n int64) kpi.Value { return share("service_level", "vigia", num, den, n) }
	for _, c := range []struct {
		name, rule  string
		answers     [][]kpi.Value
		asOf        int64
		fire, clear rule.Truth
		reason      rule.Reason
	}{
		{"slow", "kpi: speed_of_answer, window: 15m, fire: '> 20s'", [][]kpi.Value{{seconds("50", 9)}}, at, rule.True, rule.False, ""},
		{"fast", "kpi: speed_of_answer, window: 15m, fire: '> 20s'", [][]kpi.Value{{seconds("10", 9)}}, at, rule.False, rule.True, ""},
		{"between", "kpi: speed_of_answer, window: 15m, fire: '> 20s', clear: '< 15s'", [][]kpi.Value{{seconds("17", 9)}}, at, rule.False, rule.False, ""},
		{"few", "kpi: speed_of_answer, window: 15m, fire: '> 20s', min_count: 10", [][]kpi.Value{{seconds("50", 9)}}, at, rule.False, rule.False, rule.Few},
		{"a little late", "kpi: speed_of_answer, window: 15m, fire: '> 20s'", [][]kpi.Value{{seconds("50", 9)}}, at - 20_000, rule.True, rule.False, ""},
		{"stale", "kpi: speed_of_answer, window: 15m, fire: '> 20s'", [][]kpi.Value{{seconds("50", 9)}}, at - 20_001, rule.Unknown, rule.Unknown, rule.Stale},
		{"incomplete", "kpi: speed_of_answer, window: 15m, fire: '> 20s'", [][]kpi.Value{{incomplete}}, at, rule.Unknown, rule.Unknown, rule.Incomplete},
		{"nothing", "kpi: speed_of_answer, window: 15m, fire: '> 20s'", [][]kpi.Value{{seconds("", 0)}}, at, rule.False, rule.True, rule.Nothing},
		{"nothing holds", "kpi: speed_of_answer, window: 15m, fire: '> 20s', no_data: hold", [][]kpi.Value{{seconds("", 0)}}, at, rule.Unknown, rule.Unknown, rule.Nothing},
		{"nothing fires", "kpi: speed_of_answer, window: 15m, fire: '> 20s', no_data: fire", [][]kpi.Value{{seconds("", 0)}}, at, rule.True, rule.False, rule.Nothing},
		{"low by chance", "kpi: service_level, window: 15m, fire: '< 80%', severity: critical, clear: '> 85%'", [][]kpi.Value{{level("14", "20", 20)}}, at, rule.False, rule.False, ""},
		{"low", "kpi: service_level, window: 15m, fire: '< 80%', severity: critical, clear: '> 85%'", [][]kpi.Value{{level("10", "20", 20)}}, at, rule.True, rule.False, ""},
		{"low at the raw number", "kpi: service_level, window: 15m, fire: '< 80%', confidence: none", [][]kpi.Value{{level("14", "20", 20)}}, at, rule.True, rule.False, ""},
		{"two of two", "kpi: service_level, window: 15m, fire: '< 80%'", [][]kpi.Value{{level("0", "2", 2)}}, at, rule.False, rule.False, rule.Few},
		{"burns", "kpi: service_level, burn: {rate: 1.5, objective: 80%}", [][]kpi.Value{{level("60", "100", 100)}, {level("12", "20", 20)}}, at, rule.True, rule.False, ""},
		{"burnt, no longer", "kpi: service_level, burn: {rate: 1.5, objective: 80%}", [][]kpi.Value{{level("60", "100", 100)}, {level("19", "20", 20)}}, at, rule.False, rule.True, ""},
		{"burns on too little", "kpi: service_level, burn: {rate: 1.5, objective: 80%}", [][]kpi.Value{{level("1", "10", 10)}, {level("1", "5", 5)}}, at, rule.False, rule.False, rule.Few},
		{"burns in one window only", "kpi: service_level, burn: {rate: 1.5, objective: 80%}", [][]kpi.Value{{level("60", "100", 100)}, nil}, at, rule.False, rule.True, ""},
		{"abandonment burns", "kpi: abandon_rate, burn: {rate: 1.5, objective: 90%}", [][]kpi.Value{{share("abandon_rate", "default", "30", "100", 100)}, {share("abandon_rate", "default", "6", "20", 20)}}, at, rule.True, rule.False, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := parse(t, "{alert: A, by: [queue], "+c.rule+"}").Observe(at, c.answers, c.asOf)
			if len(got) != 1 || got[0].Fire != c.fire || got[0].Clear != c.clear || got[0].Reason != c.reason || got[0].Group["queue"] != "sales" || got[0].Value == nil {
				t.Errorf("%+v, want fire %v, clear %v, reason %q", got, c.fire, c.clear, c.reason)
			}
		})
	}
	r := parse(t, "{alert: A, by: [queue], kpi: speed_of_answer, window: 15m, fire: '> 20s'}")
	if o := r.Missing(at, at, sales, true); o.Fire != rule.False || o.Clear != rule.True {
		t.Errorf("a group that vanished: %+v", o)
	}
	if o := r.Missing(at, at, sales, false); o.Fire != rule.Unknown || o.Reason != rule.Incomplete {
		t.Errorf("a group that vanished, perhaps: %+v", o)
	}
}

// TestMeasuresAgree: a reading and the value that it prints measure the same.
func TestMeasuresAgree(t *testing.T) {
	count := parse(t, "{alert: A, kpi: contacts_waiting, fire: '> 2'}")
	d, err := kpi.ByID("contacts_waiting")
	if err != nil {
		t.Fatal(err)
	}
	def, _ := d.Definition("default")
	if m := count.MeasureOf(def.Now(make([]kpi.OpenAt, 3))); m.Number != 0 || m.N != 0 {
		t.Errorf("nobody waits: %+v", m)
	}
	d, err = kpi.ByID("longest_wait")
	if err != nil {
		t.Fatal(err)
	}
	def, _ = d.Definition("default")
	if m := parse(t, "{alert: A, kpi: longest_wait, fire: '> 2m'}").MeasureOf(def.Now(nil)); !math.IsNaN(m.Number) {
		t.Errorf("nobody waits, and the longest wait is %v", m.Number)
	}
}

func TestSources(t *testing.T) {
	const at = 10_000_000
	r := parse(t, "{alert: A, source_silent: 10m, sources: [a/b, c/d]}")
	got := r.ObserveSources(at, []rule.Source{{Name: "a/b", LastAt: at - 600_000}, {Name: "c/d", LastAt: at - 1, Blind: true}, {Name: "e/f", LastAt: 1}, {Name: "c/d"}}, at)
	if len(got) != 2 || got[0].Fire != rule.True || got[1].Fire != rule.True || got[0].Number != 600 {
		t.Errorf("%+v", got)
	}
	if got := r.ObserveSources(at, []rule.Source{{Name: "a/b", LastAt: at - 600_000}}, at-60_000); got[0].Fire != rule.Unknown || got[0].Reason != rule.Stale {
		t.Errorf("our own lag: %+v", got)
	}
}
