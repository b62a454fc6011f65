package kpi

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

func TestValueShape(t *testing.T) {
	zone, err := sla.LoadZone("America/Mexico_City")
	if err != nil {
		t.Fatal(err)
	}
	policy, err := sla.CompilePolicy(sla.DefaultPolicy("t", "America/Mexico_City"), 1)
	if err != nil {
		t.Fatal(err)
	}
	f := goldenFrame(window.DimQueue)
	f.Window.Zone, f.Policy, f.AsOf = zone, policy, f.AsOf-1500
	sum := count(t, window.Routing, f.By, append(goldenHour(), convo.Moment{Kind: convo.Handled, At: goldenStart, Value: 1001, Group: window.Group{Queue: "PS"}}))
	for _, c := range []struct{ kpi, queue, want string }{
		{"service_level", "PS", `{"kpi":"service_level","definition":"vigia","version":1,"tenant":"t","group":{"queue":"PS"},"params":{"short_abandon_s":5,"target_s":20},` +
			`"from":"2026-03-02T04:00:00-06:00","to":"2026-03-02T05:00:00-06:00","value":0.7526881720430108,"unit":"ratio","n":93,"numerator":70,"denominator":93,` +
			`"low":0.656152,"high":0.829178,"as_of":"2026-03-02T04:59:58.5-06:00","freshness_s":2.5,"complete":true}`},
		{"service_level", "none", `{"kpi":"service_level","definition":"vigia","version":1,"tenant":"t","group":{"queue":"none"},"params":{"short_abandon_s":5,"target_s":20},` +
			`"from":"2026-03-02T04:00:00-06:00","to":"2026-03-02T05:00:00-06:00","value":null,"unit":"ratio","n":0,"numerator":0,"denominator":0,` +
			`"low":null,"high":null,"as_of":"2026-03-02T04:59:58.5-06:00","freshness_s":2.5,"complete":true}`},
		{"handle_time", "PS", `{"kpi":"handle_time","definition":"default","version":1,"tenant":"t","group":{"queue":"PS"},"params":{},` +
			`"from":"2026-03-02T04:00:00-06:00","to":"2026-03-02T05:00:00-06:00","value":1.001,"unit":"s","n":1,"numerator":1.001,"denominator":1,` +
			`"low":null,"high":null,"p50":0.991,"p90":0.991,"p95":0.991,"p99":0.991,"as_of":"2026-03-02T04:59:58.5-06:00","freshness_s":2.5,"complete":true}`},
		{"handle_time", "none", `{"kpi":"handle_time","definition":"default","version":1,"tenant":"t","group":{"queue":"none"},"params":{},` +
			`"from":"2026-03-02T04:00:00-06:00","to":"2026-03-02T05:00:00-06:00","value":null,"unit":"s","n":0,"numerator":0,"denominator":0,` +
			`"low":null,"high":null,"p50":null,"p90":null,"p95":null,"p99":null,"as_of":"2026-03-02T04:59:58.5-06:00","freshness_s":2.5,"complete":true}`},
		{"contacts_lost", "PS", `{"kpi":"contacts_lost","definition":"default","version":1,"tenant":"t","group":{"queue":"PS"},"params":{},` +
			`"from":"2026-03-02T04:00:00-06:00","to":"2026-03-02T05:00:00-06:00","value":0,"unit":"1","n":0,"numerator":0,"denominator":null,` +
			`"low":null,"high":null,"as_of":"2026-03-02T04:59:58.5-06:00","freshness_s":2.5,"complete":true}`},
	} {
		v := ask(t, c.kpi, nil, f, window.Group{Queue: c.queue}, sum)[0]
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, string(b)); diff != "" {
			t.Errorf("%s of %s (-want +got):\n%s", c.kpi, c.queue, diff)
		}
		var back Value
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		if c.queue != "none" { // a null percentile decodes as none
			if diff := cmp.Diff(v, back); diff != "" {
				t.Errorf("decoded (-want +got):\n%s", diff)
			}
		}
	}
}

func TestSeconds(t *testing.T) {
	for ms, want := range map[int64]Number{0: "0", 1: "0.001", 10: "0.01", 1500: "1.5", -250: "-0.25", 86_400_000: "86400", 9_007_199_254_740_993: "9007199254740.993"} {
		if got := seconds(ms); got != want {
			t.Errorf("%d ms = %s, want %s", ms, got, want)
		}
	}
}

// TestWilson uses the published intervals: 8 of 10, 80 of 100, 800 of 1,000; and what must hold of any.
func TestWilson(t *testing.T) {
	for _, c := range []struct{ num, den, low, high int64 }{{8, 10, 490, 943}, {80, 100, 711, 867}, {800, 1000, 774, 824}, {0, 10, 0, 278}, {10, 10, 722, 1000}} {
		low, high := wilson(c.num, c.den)
		if int64(low*1000+0.5) != c.low || int64(high*1000+0.5) != c.high {
			t.Errorf("%d of %d: %.4f to %.4f, want %d to %d per mille", c.num, c.den, low, high, c.low, c.high)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		den := rapid.Int64Range(1, 1_000_000).Draw(t, "den")
		num := rapid.Int64Range(0, den).Draw(t, "num")
		low, high := wilson(num, den)
		p := float64(num) / float64(den)
		if !(0 <= low && low <= p+1e-12 && p <= high+1e-12 && high <= 1) {
			t.Fatalf("%d of %d: %v to %v", num, den, low, high)
		}
	})
}

func TestParams(t *testing.T) {
	ten := int64(10)
	spec := sla.DefaultPolicy("t", "UTC")
	spec.Queues = map[string]sla.QueueSpec{"vip": {TargetSeconds: &ten}}
	policy, err := sla.CompilePolicy(spec, 1)
	if err != nil {
		t.Fatal(err)
	}
	f := goldenFrame(window.DimQueue)
	f.Policy = policy
	for queue, want := range map[string]string{"vip": "10", "other": "20", "": "", window.Overflow: ""} {
		v := ask(t, "service_level", nil, f, window.Group{Queue: queue}, count(t, window.Routing, f.By, nil))[0]
		if string(v.Params["target_s"]) != want {
			t.Errorf("queue %q: target %q, want %q: queues that differ share none", queue, v.Params["target_s"], want)
		}
	}
}

func TestActiveCustomers(t *testing.T) {
	day := window.DayStart(window.Day(goldenStart, time.UTC), time.UTC)
	sum := count(t, window.Activity, nil, []convo.Moment{
		{Kind: convo.Active, At: goldenStart + 1}, {Kind: convo.ActiveDay, At: goldenStart + 1}, {Kind: convo.ActiveDay, At: goldenStart + 2},
		{Kind: convo.Active, At: goldenStart + 1, Group: window.Group{Channel: "voice"}},
		{Kind: convo.Active, At: goldenStart + 1, Group: window.Group{Channel: "voice", Queue: "a"}},
	})
	for _, c := range []struct {
		name           string
		from, to, now  int64
		want, sentence string
	}{
		{"ends now", goldenStart, goldenStart + 5000, goldenStart + 5000, "1", ""},
		{"one whole day", day, day + 86_400_000, day + 2*86_400_000, "2", ""},
		{"ended before", goldenStart, goldenStart + 5000, goldenStart + 5001, "", "window=yesterday"},
		{"two whole days", day - 86_400_000, day + 86_400_000, day + 2*86_400_000, "", "do not add up"},
	} {
		f := goldenFrame()
		f.Window = Window{From: c.from, To: c.to, Now: c.now, Zone: time.UTC}
		values, err := activeCustomers.Values(activeCustomers.Resolve(nil), f, []window.Group{{}}, sum, nil)
		if c.sentence != "" {
			if refused := (*WindowError)(nil); !errors.As(err, &refused) || !strings.Contains(err.Error(), c.sentence) {
				t.Errorf("%s: %v, want a refusal with %q", c.name, err, c.sentence)
			}
			continue
		}
		if err != nil || string(values[0].Value) != c.want {
			t.Errorf("%s: %v, %v, want %s", c.name, values, err, c.want)
		}
	}
}

func TestFamilyOf(t *testing.T) {
	for _, c := range []struct {
		kpi  string
		by   []window.Dimension
		want window.Family
		bad  bool
	}{
		{"handle_time", nil, window.Routing, false},
		{"handle_time", []window.Dimension{window.DimQueue, window.DimTeam}, window.Routing, false},
		{"handle_time", []window.Dimension{window.DimQueue, window.DimAgent}, window.Agent, false},
		{"handle_time", []window.Dimension{window.DimTeam, window.DimAgent}, "", true},
		{"abandon_rate", []window.Dimension{window.DimAgent}, "", true},
		{"active_customers", []window.Dimension{window.DimChannel}, window.Activity, false},
		{"active_customers", []window.Dimension{window.DimTeam}, "", true},
		{"sla_overdue", []window.Dimension{window.DimAgent, window.DimTeam}, "", false},
	} {
		d, _ := ByID(c.kpi)
		got, err := d.FamilyOf(c.by)
		if got != c.want || (err != nil) != c.bad {
			t.Errorf("%s by %v: %q, %v", c.kpi, c.by, got, err)
		}
	}
}
