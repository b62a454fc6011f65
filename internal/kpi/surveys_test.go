package kpi

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/window"
)

// answers are survey answers on a scale, given[i] times the i-th point.
func answers(t *testing.T, instrument event.Instrument, lowest, highest int64, given ...int) []convo.Moment {
	t.Helper()
	scale, ok := convo.ScaleOf(instrument, lowest*1e6, highest*1e6)
	if !ok {
		t.Fatalf("no scale %d–%d", lowest, highest)
	}
	var out []convo.Moment
	for i, n := range given {
		for range n {
			out = append(out, convo.Moment{Kind: convo.Rated, At: goldenStart, Class: scale, Value: (lowest + int64(i)) * 1e6, Group: window.Group{Channel: "email", Queue: "q", Agent: "7"}})
		}
	}
	return out
}

// readAll answers a KPI over moments: one value a definition, those asked for or the default ones.
func readAll(t *testing.T, d *Def, moments []convo.Moment, by []window.Dimension, asked ...string) map[string]Value {
	t.Helper()
	family, err := d.FamilyOf(by)
	if err != nil {
		t.Fatal(err)
	}
	sum := count(t, family, by, moments)
	f := Frame{Tenant: "t", By: by, Window: Window{From: goldenStart, To: goldenStart + 3600*second, Now: goldenStart + 3600*second, Zone: time.UTC}, Asked: asked}
	values, err := d.Values(d.Resolve(asked), f, sum.Groups(), sum, nil)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]Value{}
	for _, v := range values {
		out[v.Definition] = v
	}
	return out
}

// TestEffortGolden is the published example of 1,000 answers: mean 4.08, 46.0 % easy, net −13.
func TestEffortGolden(t *testing.T) {
	got := readAll(t, &ces, answers(t, event.CES, 1, 7, 80, 210, 140, 110, 160, 180, 120), nil)
	if len(got) != 2 {
		t.Errorf("definitions of scales that nobody uses are shown: %v", got)
	}
	for id, want := range map[string]Number{"easy": "0.46", "net": "-0.13"} {
		v := got[id]
		if v.Value != want || v.N != 1000 || v.Mean == nil || *v.Mean != "4.08" {
			t.Errorf("%s = %s of %d, mean %v; want %s of 1000, 4.08", id, v.Value, v.N, v.Mean, want)
		}
	}
	bins := []Bin{{"1", 80}, {"2", 210}, {"3", 140}, {"4", 110}, {"5", 160}, {"6", 180}, {"7", 120}}
	if diff := cmp.Diff(bins, got["easy"].Distribution); diff != "" {
		t.Error(diff)
	}
}

// TestSatisfactionWilson is the published table of intervals: 8 of 10 are 49–94 %, 80 of 100 are 71.1–86.7 %, 800 of 1,000 are 77.4–82.4 %.
func TestSatisfactionWilson(t *testing.T) {
	for _, c := range []struct {
		of        int
		low, high float64
	}{{1, 0.49, 0.943}, {10, 0.711, 0.867}, {100, 0.774, 0.824}} {
		v := readAll(t, &csat, answers(t, event.CSAT, 1, 5, c.of, 0, c.of, 3*c.of, 5*c.of), nil)["1-5"]
		if v.Value != "0.8" || math.Abs(v.Low.Float()-c.low) > 0.0006 || math.Abs(v.High.Float()-c.high) > 0.0006 {
			t.Errorf("8 of 10 times %d: %s from %s to %s, want 0.8 from %v to %v", c.of, v.Value, v.Low, v.High, c.low, c.high)
		}
	}
}

// TestSatisfactionScales: 4 and 5 of five are satisfied, of all; scales are never mixed.
func TestSatisfactionScales(t *testing.T) {
	all := answers(t, event.CSAT, 1, 5, 1, 2, 3, 4, 5)
	for _, s := range []struct {
		lowest, highest int64
		given           []int
	}{
		{0, 1, []int{1, 3}}, {1, 2, []int{1, 3}}, {1, 3, []int{1, 1, 2}}, {1, 7, []int{1, 1, 1, 1, 1, 1, 2}}, {1, 10, []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
		{0, 10, []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 10}},
	} {
		all = append(all, answers(t, event.CSAT, s.lowest, s.highest, s.given...)...)
	}
	got := map[string]string{}
	for id, v := range readAll(t, &csat, all, nil, "thumbs", "1-3", "1-5", "1-7", "1-10", "1-10-strict", "0-10") {
		mean := Number("none")
		if v.Mean != nil {
			mean = *v.Mean
		}
		got[id] = fmt.Sprint(v.Numerator, "/", v.Denominator, " ", mean, " ", len(v.Distribution))
	}
	want := map[string]string{"thumbs": "6/8 none 2", "1-3": "2/4 2.25 3", "1-5": "9/15 3.6666666666666665 5", "1-7": "3/8 4.375 7", "1-10": "3/10 5.5 10", "1-10-strict": "2/10 5.5 10",
		"0-10": "12/20 7.25 11"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestSatisfactionIsHidden: few answers of one agent would say who gave them.
func TestSatisfactionIsHidden(t *testing.T) {
	by := []window.Dimension{window.DimAgent}
	if v := readAll(t, &csat, answers(t, event.CSAT, 1, 5, 0, 0, 0, 2, 2), by)["1-5"]; !v.Hidden || v.Value.Known() || v.Mean != nil || len(v.Distribution) > 0 || v.N != 4 {
		t.Errorf("four answers are shown: %+v", v)
	}
	if v := readAll(t, &csat, answers(t, event.CSAT, 1, 5, 0, 0, 0, 2, 3), by)["1-5"]; v.Hidden || v.Value != "1" {
		t.Errorf("five answers are hidden: %+v", v)
	}
	if got := readAll(t, &csat, nil, nil, "1-3"); len(got) != 0 {
		t.Errorf("no answers in no group: %v", got)
	}
}

// TestPoints: a score between two points belongs to the nearer one, in the middle to the upper one.
func TestPoints(t *testing.T) {
	scale, _ := convo.ScaleOf(event.CSAT, 1e6, 5e6)
	for score, want := range map[int64]int64{1e6: 0, 1_499_999: 0, 1_500_000: 1, 4_499_999: 3, 4_500_000: 4, 5e6: 4} {
		if got := convo.Point(scale, score); got != want {
			t.Errorf("Point(%d) = %d, want %d", score, got, want)
		}
	}
}

// TestFeedbackByKind: by widget and by moment what is told of these requests alone decides what the share is of.
func TestFeedbackByKind(t *testing.T) {
	var moments []convo.Moment
	add := func(n int, widget, moment, class uint32) {
		for range n {
			moments = append(moments, convo.Moment{Kind: convo.Prompted, At: goldenStart, Class: class | convo.PromptedOn(widget, moment), Group: window.Group{Channel: "email"}})
		}
	}
	add(3, 1, 2, convo.ReachSeen)
	add(2, 1, 2, convo.ReachSeen|convo.ReachAnswered)
	add(4, 3, 0, convo.ReachDelivered)
	add(1, 3, 5, convo.ReachSent|convo.ReachAnswered)
	add(7, 0, 0, convo.ReachSeen)
	got := readAll(t, &feedbackConversion, moments, nil, "best", "widget-thumbs", "widget-stars", "widget-form", "moment-resolution", "moment-later")
	for id, want := range map[string]string{
		"best": "2/12 seen", "widget-thumbs": "2/5 seen", "widget-stars": "0/4 delivered", "widget-form": "0/0 ", "moment-resolution": "2/5 seen", "moment-later": "1/1 sent",
	} {
		if v := got[id]; fmt.Sprint(v.Numerator, "/", v.Denominator, " ", v.Basis) != want {
			t.Errorf("%s: %s/%s %s, want %s", id, v.Numerator, v.Denominator, v.Basis, want)
		}
	}
}

// TestFeedbackConversion: of those seen, and only where that is told; else of those delivered, else of those sent.
func TestFeedbackConversion(t *testing.T) {
	requests := func(sent, delivered, seen, answered, seenAnswered int) (out []convo.Moment) {
		for _, x := range []struct {
			n     int
			class uint32
		}{{sent, convo.ReachSent}, {delivered, convo.ReachDelivered}, {seen, convo.ReachSeen}, {answered, convo.ReachAnswered}, {seenAnswered, convo.ReachSeen | convo.ReachAnswered}} {
			for range x.n {
				out = append(out, convo.Moment{Kind: convo.Prompted, At: goldenStart, Class: x.class, Group: window.Group{Channel: "email"}})
			}
		}
		return out
	}
	for _, c := range []struct {
		name     string
		requests []convo.Moment
		want     string
	}{
		{"seen is told of some", requests(4, 3, 2, 5, 1), "1/3 seen"},
		{"nobody tells who has seen it: who answered would be all", requests(4, 6, 0, 5, 0), "0/6 delivered"},
		{"only sent", requests(4, 0, 0, 1, 0), "1/5 sent"},
	} {
		v := readAll(t, &feedbackConversion, c.requests, nil)["best"]
		if got := fmt.Sprint(v.Numerator, "/", v.Denominator, " ", v.Basis); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	got := readAll(t, &feedbackConversion, requests(4, 3, 2, 5, 1), nil, "sent", "delivered", "seen")
	for id, want := range map[string]string{"sent": "6/15", "delivered": "1/6", "seen": "1/3"} {
		if v := got[id]; fmt.Sprint(v.Numerator, "/", v.Denominator) != want {
			t.Errorf("%s: %s/%s, want %s", id, v.Numerator, v.Denominator, want)
		}
	}
}
