package kpi

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// said is a cell in which NPS answers of some points were given, as both the latest and every one.
func said(class uint32, given map[int64]int) *window.Cell {
	c := &window.Cell{}
	count := func(m convo.Moment) {
		Observe(m, false, func(f window.Family, g window.Group, s window.Sample) {
			if f == window.Activity && g == (window.Group{}) {
				c.Add(s, 1)
			}
		})
	}
	for point, n := range given {
		for range n {
			count(convo.Moment{Kind: convo.Recommends, Value: point * 1e6, Class: class})
			count(convo.Moment{Kind: convo.Recommended, Value: point * 1e6, Class: class, Group: window.Group{Channel: "voice", Queue: "q"}})
		}
	}
	return c
}

func ofDefinition(t *testing.T, d *Def, id string, c *window.Cell) Value {
	t.Helper()
	def, ok := d.Definition(id)
	if !ok {
		t.Fatalf("%s has no definition %s", d.ID, id)
	}
	var r Reading
	if def.Customers != nil {
		var err error
		if r, err = def.Customers(c, Window{From: 0, To: 10_000, Now: 10_000, Zone: time.UTC}); err != nil {
			t.Fatal(err)
		}
	} else {
		r = def.Read(c)
	}
	var v Value
	r.put(&v)
	return v
}

// TestGoldenNPS: the values of the literature. 50 promoters, 30 passives and 20 detractors are 30 ± 15.3 by Wald's interval; the adjusted one, which is published, adds 0.75,
// 1.5 and 0.75 answers: 29.1 ± 15.1. Of ten who all promote Wald would be sure; the adjusted interval is 77 ± 29, cut at 100.
func TestGoldenNPS(t *testing.T) {
	for name, test := range map[string]struct {
		given     map[int64]int
		value     Number
		low, high float64 // rounded to tenths
		mean      Number
	}{
		"n=100":           {map[int64]int{10: 30, 9: 20, 8: 15, 7: 15, 6: 5, 3: 10, 0: 5}, "30", 14.1, 44.2, "7.65"},
		"n=1000":          {map[int64]int{9: 500, 8: 300, 6: 200}, "30", 25.1, 34.7, "8.1"},
		"n=10, all agree": {map[int64]int{10: 10}, "100", 47.5, 100, "10"},
		"n=10, all warn":  {map[int64]int{0: 10}, "-100", -100, -47.5, "0"},
		"the bands":       {map[int64]int{10: 1, 9: 1, 8: 1, 7: 1, 6: 1, 5: 1, 4: 1, 3: 1, 2: 1, 1: 1, 0: 1}, "-45.454545", -77, 5.6, "5"},
	} {
		t.Run(name, func(t *testing.T) {
			for class, definitions := range [][2]string{{"transactional", "transactional_all"}, {"relational", "relational_all"}} {
				for _, id := range definitions {
					v := ofDefinition(t, &nps, id, said(uint32(class), test.given))
					tenths := func(n Number) float64 { return math.Round(n.Float()*10) / 10 }
					if v.Value != test.value || tenths(v.Low) != test.low || tenths(v.High) != test.high || v.Mean == nil || *v.Mean != test.mean {
						t.Errorf("%s: %s, %s to %s, mean %v; want %s, %v to %v, mean %s", id, v.Value, v.Low, v.High, v.Mean, test.value, test.low, test.high, test.mean)
					}
					if len(v.Distribution) != 11 || v.Distribution[10].Score != "10" || v.Distribution[10].N != int64(test.given[10]) {
						t.Errorf("%s: distribution %v", id, v.Distribution)
					}
				}
				if v := ofDefinition(t, &nps, []string{"relational", "transactional"}[class], said(uint32(class), test.given)); v.N != 0 || v.Value.Known() {
					t.Errorf("relational and transactional answers are mixed: %+v", v)
				}
			}
		})
	}
	// Wald's interval, and what the adjusted one is made of.
	for n, want := range map[float64]float64{100: 15.3, 1000: 4.8} {
		if half := 196 * math.Sqrt((0.5+0.2-0.3*0.3)/n); math.Abs(half-want) > 0.05 {
			t.Errorf("Wald of 50, 30 and 20 %% of %v: ± %v, want %v", n, half, want)
		}
	}
	low, high := adjustedWald(50, 20, 100)
	if centre, half := 100*30/103.0, 100*(high-low)/2; math.Abs(50*(low+high)-centre) > 1e-9 || math.Abs(half-15.075) > 0.001 {
		t.Errorf("adjusted Wald of 50, 30 and 20: %v to %v, want %v ± 15.075", low, high, centre)
	}
	p, d := 10.75/13, 0.75/13
	if half := 196 * math.Sqrt((p+d-(p-d)*(p-d))/13); math.Abs(100*(p-d)-77) > 0.5 || math.Abs(half-29) > 0.5 {
		t.Errorf("ten promoters: %v ± %v, want 77 ± 29", 100*(p-d), half)
	}
}

// Only windows that end now can be answered by what is known of customers now; the error says what can be asked.
func TestLoyaltyWindows(t *testing.T) {
	past := Window{From: 0, To: 10_000, Now: 10_001, Zone: time.UTC}
	for d, id := range map[*Def]string{&nps: "relational", &repeatEngagementRate: "default", &customersAtRisk: "silent"} {
		def, _ := d.Definition(id)
		_, err := def.Customers(&window.Cell{}, past)
		var refused *WindowError
		if !errors.As(err, &refused) || refused.KPI != d.ID || !strings.Contains(refused.Reason, "leave \"at\" out") {
			t.Errorf("%s for a window that ended: %v", d.ID, err)
		}
	}
	for d, want := range map[*Def]Shape{&nps: ShapeNet, &cesJourney: ShapeShare, &surveyFatigue: ShapeShare, &repeatEngagementRate: ShapeShare, &retentionRate: ShapeShare, &customersAtRisk: ShapeCount} {
		if diff := cmp.Diff([]Shape{want}, d.Shapes()); diff != "" {
			t.Errorf("shapes of %s (-want +got):\n%s", d.ID, diff)
		}
	}
	if v := ofDefinition(t, &repeatEngagementRate, "default", &window.Cell{}); v.Value.Known() || v.N != 0 {
		t.Errorf("of nobody: %+v", v)
	}
}

// TestJourneyValues: easy are 5 to 7, by changes of channel, with mean and distribution.
func TestJourneyValues(t *testing.T) {
	c := &window.Cell{}
	for switches, scores := range [][]int64{{7, 6, 5, 4}, {1, 7}, {3}} {
		for _, score := range scores {
			Observe(convo.Moment{Kind: convo.Journeyed, Value: score * 1e6, Class: uint32(switches)}, false, func(_ window.Family, _ window.Group, s window.Sample) { c.Add(s, 1) })
		}
	}
	for id, want := range map[string][3]Number{"0": {"0.75", "5.5", "4"}, "1": {"0.5", "4", "2"}, "2+": {"0", "3", "1"}} {
		v := ofDefinition(t, &cesJourney, id, c)
		if got := [3]Number{v.Value, *v.Mean, integer(v.N)}; got != want || len(v.Distribution) != 7 {
			t.Errorf("%s switches: value, mean and n %v, want %v; distribution %v", id, got, want, v.Distribution)
		}
	}
}

// past is a source of what was counted at some instants.
type past map[int64]*window.Cell

func (p past) Sum(by []window.Dimension, from, to int64) *window.Sum {
	sum := window.NewSum(window.Activity, by, from, to, time.UTC)
	for at, c := range p {
		if from <= at && at < to {
			place, _ := window.Locate(at, at, time.UTC)
			from, to := place.Span(time.UTC)
			b, err := window.DecodeBlock(place.Chunk, map[string][]byte{window.Field(place.Pane, window.Group{}): c.Encode()})
			if err != nil {
				panic(err)
			}
			part := window.NewSum(window.Activity, by, from, to, time.UTC)
			part.Add(b)
			sum.Merge(part)
		}
	}
	return sum
}

func (past) Quarters(window.Metric, []window.Dimension, int64, int64) (map[window.Group][]int64, bool) {
	return nil, true
}

// TestRetentionOfThePeriodBefore: of the period two before the one in which the window ends, at whose begin it was counted.
func TestRetentionOfThePeriodBefore(t *testing.T) {
	bogota, err := time.LoadLocation("America/Bogota")
	if err != nil {
		t.Fatal(err)
	}
	begin := func(y int, m time.Month, d int) int64 { return time.Date(y, m, d, 0, 0, 0, 0, bogota).UnixMilli() }
	counted := func(class uint32, seen, stayed int) *window.Cell {
		c := &window.Cell{}
		for kind, n := range map[convo.MomentKind]int{convo.SeenIn: seen, convo.StayedIn: stayed} {
			for range n {
				Observe(convo.Moment{Kind: kind, Class: class}, false, func(_ window.Family, _ window.Group, s window.Sample) { c.Add(s, 1) })
			}
		}
		return c
	}
	source := past{
		begin(2026, time.September, 7): counted(0, 10, 4), begin(2026, time.September, 14): counted(0, 20, 5), // Mondays
		begin(2026, time.July, 1): counted(1, 50, 30), begin(2026, time.August, 1): counted(1, 40, 10),
		begin(2025, time.November, 1): counted(1, 8, 2),
	}
	for _, test := range []struct {
		to    int64
		id    string
		value Number
		basis string
	}{
		{begin(2026, time.September, 21) + 1, "week", "0.4", "2026-09-07"},
		{begin(2026, time.September, 28), "week", "0.4", "2026-09-07"}, // the last instant of the window is in the week before
		{begin(2026, time.September, 28) + 1, "week", "0.25", "2026-09-14"},
		{begin(2026, time.September, 30), "month", "0.6", "2026-07-01"},
		{begin(2026, time.October, 1), "month", "0.6", "2026-07-01"},
		{begin(2026, time.October, 31), "month", "0.25", "2026-08-01"},
		{begin(2026, time.January, 31), "month", "0.25", "2025-11-01"},
	} {
		def, _ := retentionRate.Definition(test.id)
		r, err := def.Derive(&View{Frame: Frame{Window: Window{From: test.to - 10_000, To: test.to, Now: test.to, Zone: bogota}}, Source: source})
		if err != nil {
			t.Fatal(err)
		}
		var v Value
		if r.put(&v); v.Value != test.value || v.Basis != test.basis {
			t.Errorf("%s up to %s: %s of %s (basis %s), want %s of %s", test.id, Timestamp(test.to, bogota), v.Value, v.Denominator, v.Basis, test.value, test.basis)
		}
	}
}

// TestFamiliesOfSamples: an index is kept in the roll-up it is of, other moments of the same KPI in each roll-up, and what is about contacts by their groups.
func TestFamiliesOfSamples(t *testing.T) {
	g := window.Group{Channel: "voice", Queue: "q", Team: "t", Agent: "7", Topic: "x"}
	for kind, want := range map[convo.MomentKind][]string{
		convo.Recommends:  {"d {voice q t 7 x}"},
		convo.Recommended: {"d {    }", "d {voice    }", "d { q   }", "d {voice q   }"},
		convo.Asked:       {"r {voice q t  }", "t {voice    x}"},
	} {
		var got []string
		Observe(convo.Moment{Kind: kind, Group: g}, true, func(f window.Family, of window.Group, _ window.Sample) {
			if f == window.Activity || kind != convo.Recommended {
				got = append(got, fmt.Sprint(f, " ", of))
			}
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("kind %d (-want +got):\n%s", kind, diff)
		}
	}
}
