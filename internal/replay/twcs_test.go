package replay_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/replay"
	"github.com/vigia-cx/vigia/internal/replay/reference"
	"github.com/vigia-cx/vigia/internal/window"
)

var twcsKPIs = []string{"conversations_started", "first_response_time", "next_response_time"}

// compareTwcs holds the values of every brand against the reference: counts and sums exactly, percentiles within one bucket of the nearest rank.
func compareTwcs(t *testing.T, result reference.TwcsResult, got []kpi.Value) {
	t.Helper()
	of := map[string]map[string]kpi.Value{}
	for _, v := range got {
		if of[v.Tenant] == nil {
			of[v.Tenant] = map[string]kpi.Value{}
		}
		of[v.Tenant][v.KPI] = v
		if !v.Complete {
			t.Errorf("%s of %s is not complete", v.KPI, v.Tenant)
		}
	}
	compared := 0
	for brand, want := range result.Brands {
		have := of[brand]
		delete(of, brand)
		if v := have["conversations_started"]; (number{v.Value, v.Numerator, v.Denominator}) != count(want.ConversationsStarted) {
			t.Errorf("%s: %s conversations, the reference has %d", brand, v.Value, want.ConversationsStarted)
		}
		for _, c := range []struct {
			kpi  string
			want reference.Durations
		}{{"first_response_time", want.FirstResponse}, {"next_response_time", want.NextResponse}} {
			v := have[c.kpi]
			if (number{v.Value, v.Numerator, v.Denominator}) != ratio(c.want.Sum(), c.want.N()) || v.N != c.want.N() {
				t.Errorf("%s: %s has n %d, sum %s, the reference %d and %d", brand, c.kpi, v.N, v.Numerator, c.want.N(), c.want.Sum())
			}
			for _, p := range []struct {
				percent int
				have    *kpi.Number
			}{{50, v.P50}, {90, v.P90}, {95, v.P95}, {99, v.P99}} {
				s, ok := c.want.Percentile(p.percent)
				if !ok {
					if p.have != nil && p.have.Known() {
						t.Errorf("%s: %s has p%d %s without a value", brand, c.kpi, p.percent, *p.have)
					}
					continue
				}
				if p.have == nil || math.Abs(p.have.Float()-float64(s)) > 0.022*float64(s)+0.001 {
					t.Errorf("%s: %s has p%d %v, the reference %d", brand, c.kpi, p.percent, p.have, s)
				}
			}
			compared++
		}
	}
	for brand := range of {
		t.Errorf("%s is printed, the reference has no such brand", brand)
	}
	t.Logf("%d brands compared, %d durations", len(result.Brands), compared)
}

// TestTwcs compares real conversations of many brands over six years.
func TestTwcs(t *testing.T) {
	packed, plain := shared(t, "twcs")
	result, err := reference.Twcs(bytes.NewReader(plain))
	if err != nil {
		t.Fatal(err)
	}
	m := load(t, "twcs")
	compareLedger(t, m, packed, result.Ledger)
	compareTwcs(t, result, values(t, replay.Options{Mapping: m, By: replay.Total, KPIs: twcsKPIs}, packed))
}

// TestTwcsPeriods adds up shorter periods: they must give the totals, though panes of six years are never kept together.
func TestTwcsPeriods(t *testing.T) {
	packed, plain := shared(t, "twcs")
	result, err := reference.Twcs(bytes.NewReader(plain))
	if err != nil {
		t.Fatal(err)
	}
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	for _, by := range []replay.By{replay.Hour, replay.Week} {
		t.Run(string(by), func(t *testing.T) {
			n, sum := map[string]int64{}, map[string]float64{}
			for _, v := range values(t, replay.Options{Mapping: load(t, "twcs"), By: by, Group: []window.Dimension{window.DimChannel}, KPIs: twcsKPIs}, packed) {
				if v.Group["channel"] != "social" {
					t.Fatalf("channel %q", v.Group["channel"])
				}
				n[v.Tenant+v.KPI] += v.N
				sum[v.Tenant+v.KPI] += v.Numerator.Float()
			}
			for brand, want := range result.Brands {
				for name, d := range map[string]reference.Durations{"first_response_time": want.FirstResponse, "next_response_time": want.NextResponse} {
					if n[brand+name] != d.N() || sum[brand+name] != float64(d.Sum()) {
						t.Errorf("%s: %s has n %d, sum %.0f, the reference %d and %d", brand, name, n[brand+name], sum[brand+name], d.N(), d.Sum())
					}
				}
				if n[brand+"conversations_started"] != want.ConversationsStarted {
					t.Errorf("%s: %d conversations, the reference has %d", brand, n[brand+"conversations_started"], want.ConversationsStarted)
				}
			}
		})
	}
}
