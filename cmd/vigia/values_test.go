package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/kpi"
)

var sample = []kpi.Value{
	{
		KPI: "service_level", Definition: "connect", Version: 1, Tenant: "t", Group: map[string]string{"queue": "PS"}, Params: map[string]kpi.Number{"target_s": "20"},
		From: "2026-03-02T10:00:00Z", To: "2026-03-02T11:00:00Z", Value: "0.79", Unit: kpi.Ratio, N: 100, Numerator: "79", Denominator: "100", Low: "0.7002", High: "0.8583",
		AsOf: "2026-03-02T11:00:01Z", FreshnessS: "1.5", Complete: true,
	},
	{
		KPI: "handle_time", Definition: "default", Version: 1, Tenant: "t", Group: map[string]string{"queue": "Ventas, \"VIP\""},
		From: "2026-03-02T10:00:00Z", To: "2026-03-02T11:00:00Z", Value: "65.25", Unit: kpi.Seconds, N: 4, Numerator: "261", Denominator: "4",
		P50: new(kpi.Number("60")), P90: new(kpi.Number("3700")), P95: new(kpi.Number("90000")), P99: new(kpi.Number("200000")), AsOf: "2026-03-02T10:59:00Z", FreshnessS: "62",
	},
	{KPI: "speed_of_answer", Definition: "default", Version: 1, Tenant: "t", Group: map[string]string{}, Unit: kpi.Seconds, P50: new(kpi.Number("")), Complete: true},
}

func TestWriteValues(t *testing.T) {
	const table = `KPI              DEFINITION  QUEUE          VALUE    N    95 %           P50    P90    P99
service_level    connect     PS             79.0 %   100  70.0 %–85.8 %
handle_time      default     Ventas, "VIP"  1m05s *  4                   1m00s  1h01m  2d07h
speed_of_answer  default                    –        0
`
	const csv = `kpi,definition,version,tenant,queue,from,to,value,unit,n,numerator,denominator,low,high,p50,p90,p95,p99,target_s,short_abandon_s,as_of,freshness_s,complete,mean,basis,hidden,min_n,baseline,baseline_n,baseline_from,baseline_to,difference,significant,method
service_level,connect,1,t,PS,2026-03-02T10:00:00Z,2026-03-02T11:00:00Z,0.79,ratio,100,79,100,0.7002,0.8583,,,,,20,,2026-03-02T11:00:01Z,1.5,true,,,false,0,,,,,,,
handle_time,default,1,t,"Ventas, ""VIP""",2026-03-02T10:00:00Z,2026-03-02T11:00:00Z,65.25,s,4,261,4,,,60,3700,90000,200000,,,2026-03-02T10:59:00Z,62,false,,,false,0,,,,,,,
speed_of_answer,default,1,t,,,,,s,0,,,,,,,,,,,,,true,,,false,0,,,,,,,
`
	for format, want := range map[string]string{"table": table, "csv": csv} {
		var b bytes.Buffer
		if err := writeValues(&b, format, sample); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, b.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", format, diff)
		}
	}
	for format, decode := range map[string]func(b []byte) ([]kpi.Value, error){
		"json": func(b []byte) (v []kpi.Value, err error) { return v, json.Unmarshal(b, &v) },
		"jsonl": func(b []byte) (v []kpi.Value, err error) {
			for line := range bytes.Lines(b) {
				var one kpi.Value
				if err := json.Unmarshal(line, &one); err != nil {
					return nil, err
				}
				v = append(v, one)
			}
			return v, nil
		},
	} {
		var b bytes.Buffer
		if err := writeValues(&b, format, sample); err != nil {
			t.Fatal(err)
		}
		got, err := decode(b.Bytes())
		if err != nil || len(got) != len(sample) || got[0].Value != "0.79" || got[1].P99 == nil || got[2].Value.Known() {
			t.Errorf("%s reads back as %+v, %v", format, got, err)
		}
	}
	var b bytes.Buffer
	if err := writeValues(&b, "json", nil); err != nil || b.String() != "[]\n" {
		t.Errorf("nothing is %q, %v", b.String(), err)
	}
}

func TestSeconds(t *testing.T) {
	for s, want := range map[float64]string{0: "0.0s", 9.94: "9.9s", 10: "10s", 59.6: "1m00s", 61: "1m01s", 3599.4: "59m59s", 3600: "1h00m", 172799: "47h59m", 172800: "2d00h", -5: "-5.0s"} {
		if got := seconds(s); got != want {
			t.Errorf("%v is %s, want %s", s, got, want)
		}
	}
}

func TestBrowsable(t *testing.T) {
	for listen, want := range map[string]string{":8420": "127.0.0.1:8420", "0.0.0.0:1": "127.0.0.1:1", "[::]:1": "127.0.0.1:1", "[::1]:1": "[::1]:1", "h:1": "h:1"} {
		if got := browsable(listen); got != want {
			t.Errorf("%s is %s, want %s", listen, got, want)
		}
	}
}

func TestShellQuote(t *testing.T) {
	for word, want := range map[string]string{"a/b-c.d_e": "a/b-c.d_e", "a b": "'a b'", "it's": `'it'\''s'`, "": "''", "$(x)": "'$(x)'"} {
		if got := shellQuote(word); got != want {
			t.Errorf("%s is %s, want %s", word, got, want)
		}
	}
}

// TestWriteDetails: what is hidden says why, scores and series stand below the table, a change that is more than chance is marked.
func TestWriteDetails(t *testing.T) {
	group := map[string]string{"topic": "billing"}
	list := []kpi.Value{
		{KPI: "csat", Definition: "1-5", Group: group, Unit: kpi.Ratio, N: 3, MinN: 5, Hidden: true, Complete: true},
		{KPI: "csat", Definition: "1-5", Group: map[string]string{"topic": "returns"}, Unit: kpi.Ratio, N: 40, Value: "0.75", Low: "0.6", High: "0.86", Mean: new(kpi.Number("4.105")), MinN: 5,
			Distribution: []kpi.Bin{{Score: "1", N: 10}, {Score: "5", N: 30}}, Complete: true,
			Baseline: &kpi.Baseline{Value: "0.95", N: 60, Difference: "-0.2", Significant: new(true), Method: kpi.MethodProportions}},
		{KPI: "nps", Definition: "transactional", Group: group, Unit: kpi.Points, N: 10, Value: "30", Low: "14.7", High: "45.3", Basis: "sent", Complete: true,
			Baseline: &kpi.Baseline{Value: "10", Difference: "20", Method: kpi.MethodDifference}},
		{KPI: "volume_forecast", Definition: "default", Group: group, Unit: kpi.Count, N: 14, Value: "3.5", Complete: true,
			Series: []kpi.Step{{At: "2026-03-02T10:00:00Z", Value: "3.5", Low: "0", High: "6.577"}}},
		{KPI: "speed_of_answer", Definition: "default", Group: group, Unit: kpi.Seconds, Value: "20", Complete: true, Baseline: &kpi.Baseline{Value: "85", Difference: "-65", Method: kpi.MethodDifference}},
	}
	const want = `KPI              DEFINITION     TOPIC    VALUE   N   95 %           P50  P90  P99  MEAN  BASIS  BASELINE  CHANGE
csat             1-5            billing  n < 5   3
csat             1-5            returns  75.0 %  40  60.0 %–86.0 %                 4.11         95.0 %    -20.0 % !
nps              transactional  billing  30.0    10  14.7–45.3                           sent   10.0      +20.0
volume_forecast  default        billing  3.50    14
speed_of_answer  default        billing  20s     0                                              1m25s     -1m05s

csat 1-5 returns
1  10
5  30

volume_forecast default billing
2026-03-02T10:00:00Z  3.50  0.0–6.6
`
	var b bytes.Buffer
	if err := writeValues(&b, "table", list); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
