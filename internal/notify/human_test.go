package notify

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/kpi"
)

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", time.Millisecond: "< 1 s", 4200 * time.Millisecond: "4 s", 59*time.Second + 600*time.Millisecond: "1 min", 61 * time.Second: "1 min 1 s", 2 * time.Minute: "2 min",
		12*time.Minute + 31*time.Second: "13 min", 59*time.Minute + 40*time.Second: "1 h", time.Hour + 5*time.Minute: "1 h 5 min", 25 * time.Hour: "1 d 1 h", -90 * time.Second: "1 min 30 s",
		23*time.Hour + 59*time.Minute + 40*time.Second: "1 d", 400 * 24 * time.Hour: "400 d",
	} {
		if got := duration(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

func TestNumber(t *testing.T) {
	p90 := kpi.Number("12.5")
	for _, c := range []struct {
		v                kpi.Value
		stat, lang, want string
	}{
		{kpi.Value{Unit: kpi.Ratio, Value: "0.7083"}, "", "en", "71 %"},
		{kpi.Value{Unit: kpi.Ratio, Value: "0"}, "", "en", "0 %"},
		{kpi.Value{Unit: kpi.Ratio, Value: "0.001"}, "", "es", "< 0,5 %"},
		{kpi.Value{Unit: kpi.Ratio, Value: "0.999"}, "", "pt", "> 99,5 %"},
		{kpi.Value{Unit: kpi.Ratio, Value: "1"}, "", "en", "100 %"},
		{kpi.Value{Unit: kpi.Ratio, Value: "-0.123"}, "", "en", "-12 %"},
		{kpi.Value{Unit: kpi.Ratio, Value: "-0.001"}, "", "en", "0 %"},
		{kpi.Value{Unit: kpi.Seconds, Value: "101.35"}, "", "en", "1 min 41 s"},
		{kpi.Value{Unit: kpi.Seconds, Value: "101.35", P90: &p90}, "p90", "en", "13 s"},
		{kpi.Value{Unit: kpi.Seconds, Value: "1e300"}, "", "en", "36500 d"},
		{kpi.Value{Unit: kpi.Count, Value: "31"}, "", "en", "31"},
		{kpi.Value{Unit: kpi.Count, Value: "2.25"}, "", "es", "2,2"},
		{kpi.Value{Unit: kpi.Count}, "", "en", "–"},
	} {
		if got := number(&c.v, c.stat, c.lang); got != c.want {
			t.Errorf("%+v is %q, want %q", c.v, got, c.want)
		}
	}
}

func TestInstant(t *testing.T) {
	at := time.Date(2026, 3, 2, 14, 32, 0, 0, time.UTC)
	for want, zone := range map[string]*time.Location{"2026-03-02 14:32 UTC": time.UTC, "2026-03-02 11:32 UTC-03": time.FixedZone("-03", -3*3600)} {
		if got := instant(at.In(zone)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := instant(at.Add(7 * time.Second)); got != "2026-03-02 14:32:07 UTC" {
		t.Errorf("%q", got)
	}
}

func TestClip(t *testing.T) {
	for _, c := range []struct {
		text  string
		limit int
		want  string
	}{{"", 1, ""}, {"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"ñandú", 5, "ñandú"}, {"ñandús", 5, "ñand…"}} {
		if got := clip(c.text, c.limit); got != c.want {
			t.Errorf("clip(%q, %d) is %q, want %q", c.text, c.limit, got, c.want)
		}
	}
}

// TestWords: every language says everything, with the same places to fill in.
func TestWords(t *testing.T) {
	if diff := cmp.Diff(kpi.Langs, slices.Sorted(maps.Keys(words))); diff != "" {
		t.Errorf("languages (-of KPIs +here):\n%s", diff)
	}
	for lang, said := range words {
		if diff := cmp.Diff(slices.Sorted(maps.Keys(words["en"])), slices.Sorted(maps.Keys(said))); diff != "" {
			t.Errorf("%s (-en +%s):\n%s", lang, lang, diff)
		}
		for key, text := range said {
			if strings.Count(text, "{") != strings.Count(words["en"][key], "{") || text == "" {
				t.Errorf("%s %s: %q has other places than %q", lang, key, text, words["en"][key])
			}
		}
	}
	for _, kind := range []Type{SLAWarning, SLABreached, SLARetracted, SLASettled, KPIFiring, KPIResolved, TriggerFired, Digest} {
		if words["en"][string(kind)] == "" || words["en"]["kind."+string(kind)] == "" {
			t.Errorf("there are no words for %s", kind)
		}
	}
}
