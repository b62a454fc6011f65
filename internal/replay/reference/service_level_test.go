package reference

import (
	"fmt"
	"testing"
)

// TestGoldenHour is one hour under every preset: 100 offered, of which 70 answered in
// 20 s, 15 later, 4 abandoned within 5 s, 3 within 20 s, 5 later, and 3 flowed out, 2 of
// them within 20 s.
func TestGoldenHour(t *testing.T) {
	hour := Outcomes{
		Answered: 70 + 15, AnsweredInTarget: 70,
		Abandoned: 4 + 3 + 5, AbandonedInTarget: 4 + 3, AbandonedShort: 4,
		FlowOuts: 3, FlowOutsInTarget: 2,
	}
	want := map[string]string{
		"vigia":               "75.3",
		"connect":             "79.0",
		"genesys":             "72.2",
		"genesys-no-short":    "75.3",
		"genesys-flowouts":    "70.0",
		"genesys-no-abandons": "82.4",
		"talkdesk-contacts":   "75.3",
		"talkdesk-calls":      "82.4",
	}
	if len(want) != len(Presets) {
		t.Fatalf("%d golden values for %d presets", len(want), len(Presets))
	}
	for _, preset := range Presets {
		ratio, err := ServiceLevel(preset, hour)
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprintf("%.1f", 100*float64(ratio.Numerator)/float64(ratio.Denominator))
		if got != want[preset] {
			t.Errorf("%s: %s (%d of %d), want %s", preset, got, ratio.Numerator, ratio.Denominator, want[preset])
		}
	}
}

func TestServiceLevelUnknownPreset(t *testing.T) {
	if _, err := ServiceLevel("gold", Outcomes{}); err == nil {
		t.Error("an unknown preset gives no error")
	}
}

func TestPercentileIsNearestRank(t *testing.T) {
	if _, ok := durationsOf(nil).Percentile(50); ok {
		t.Error("no values have a percentile")
	}
	d := durationsOf([]int64{40, 15, 50, 20, 35})
	for percent, want := range map[int]int64{1: 15, 5: 15, 20: 15, 21: 20, 30: 20, 40: 20, 50: 35, 90: 50, 100: 50} {
		if got, _ := d.Percentile(percent); got != want {
			t.Errorf("p%d = %d, want %d", percent, got, want)
		}
	}
	if d.N() != 5 || d.Sum() != 160 {
		t.Errorf("n %d, sum %d; want 5, 160", d.N(), d.Sum())
	}
}

func TestLedgerCheck(t *testing.T) {
	for name, test := range map[string]struct {
		ledger Ledger
		ok     bool
	}{
		"adds up":     {Ledger{Rows: 3, Used: 1, Unused: map[string][]int{"a": {2}, "b": {4}}}, true},
		"row lost":    {Ledger{Rows: 4, Used: 1, Unused: map[string][]int{"a": {2}, "b": {4}}}, false},
		"two reasons": {Ledger{Rows: 3, Used: 1, Unused: map[string][]int{"a": {2}, "b": {2}}}, false},
	} {
		if err := test.ledger.Check(); (err == nil) != test.ok {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
