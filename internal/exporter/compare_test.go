package exporter

import (
	"fmt"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

// said is a baseline in a line.
func said(b *kpi.Baseline) string {
	if b == nil {
		return "none"
	}
	significant := "?"
	if b.Significant != nil {
		significant = fmt.Sprint(*b.Significant)
	}
	return fmt.Sprintf("%s n=%d [%s, %s) %s %s %s", b.Value, b.N, b.From, b.To, b.Difference, significant, b.Method)
}

// TestCompare: baselines are the values of other windows, with what chance says of the difference.
func TestCompare(t *testing.T) {
	w := newWorld(t)
	const hour, day = 3_600_000, 86_400_000
	at := noon/10_000*10_000 - 1800_000 // half an hour ago
	add := func(ago int64, inTarget, late int) {
		for i := range inTarget + late {
			band := convo.InTarget
			if i >= inTarget {
				band = convo.Late
			}
			w.stage1[i%2].count("acme", 1, convo.Moment{Kind: convo.Answered, At: at - ago, Group: about("PS", "voice", "billing"), Band: band, Value: 1000 + ago/hour*1000})
		}
	}
	add(0, 30, 30)
	add(hour, 45, 5)
	add(7*day, 50, 50)
	add(14*day, 40, 0)
	add(21*day, 20, 0)
	for _, x := range w.stage1 {
		x.commit()
	}
	ask := func(c Compare, span Span, ids ...string) []kpi.Value {
		return w.ask(t, Query{KPIs: ids, Compare: c, Window: span, By: []window.Dimension{window.DimQueue}})
	}
	for _, c := range []struct {
		kpi     string
		compare Compare
		span    Span
		want    string
	}{
		// 30 of 60 against 45 of 50: z = −4.48. The hour before lies in panes of 10 s.
		{"service_level", Previous, Lasting(time.Hour), "0.9 n=50 [2026-03-20T04:00:10-06:00, 2026-03-20T05:00:10-06:00) -0.4 true two_proportion_z"},
		{"speed_of_answer", Previous, Lasting(time.Hour), "2 n=50 [2026-03-20T04:00:10-06:00, 2026-03-20T05:00:10-06:00) -1 ? difference"},
		// 60 against 50: z = 0.95.
		{"contacts_answered", Previous, Lasting(time.Hour), "50 n=50 [2026-03-20T04:00:10-06:00, 2026-03-20T05:00:10-06:00) 10 false poisson_z"},
		// A week ago panes are quarters: 100 in 75 min are 80.0 in the 60 min of the window.
		{"contacts_answered", SameWeekday, Lasting(time.Hour), "80 n=100 [2026-03-13T05:00:00-06:00, 2026-03-13T06:15:00-06:00) -20 false poisson_z"},
		{"service_level", SameWeekday, Lasting(time.Hour), "0.5 n=100 [2026-03-13T05:00:00-06:00, 2026-03-13T06:15:00-06:00) 0 false two_proportion_z"},
		// 0.5, 1 and 1: before the first event there is nothing, which is not known.
		{"service_level", FourWeeks, Lasting(time.Hour), "1 n=160 [2026-02-20T05:00:00-06:00, 2026-03-13T06:15:00-06:00) -0.5 ? median"},
		{"contacts_answered", FourWeeks, Lasting(time.Hour), "32 n=160 [2026-02-20T05:00:00-06:00, 2026-03-13T06:15:00-06:00) 28 ? median"},
		// Yesterday up to the same time: nothing happened, which a count tells and a share does not.
		{"contacts_answered", Previous, Today, "0 n=0 [2026-03-19T00:00:00-06:00, 2026-03-19T06:15:00-06:00) 110 true poisson_z"},
		{"service_level", Previous, Today, " n=0 [2026-03-19T00:00:00-06:00, 2026-03-19T06:15:00-06:00)  ? unknown"},
		{"contacts_waiting", Previous, Lasting(time.Hour), "none"},
		{"sla_burn_rate", Previous, Lasting(time.Hour), " n=0 [, )  ? unknown"},
	} {
		values := ask(c.compare, c.span, c.kpi, "contacts_answered") // by queue, which the second has
		for _, v := range values {
			if v.KPI != c.kpi || v.Group["queue"] != "PS" {
				continue
			}
			if got := said(v.Baseline); got != c.want {
				t.Errorf("%s %s: %s, want %s", c.kpi, c.compare, got, c.want)
			}
		}
	}
	// Distinct customers are known only of windows that end now.
	w.stage2[0].count("acme", 1, convo.Moment{Kind: convo.Active, At: at, Group: window.Group{Queue: "PS"}})
	w.stage2[0].commit()
	if v := ask(Previous, Lasting(time.Hour), "active_customers")[0]; v.Value != "1" || v.Baseline == nil || v.Baseline.Method != kpi.MethodUnknown {
		t.Errorf("active customers: %s, %s", v.Value, said(v.Baseline))
	}
	if v := w.ask(t, Query{KPIs: []string{"contacts_answered"}, Window: Lasting(time.Hour)})[0]; v.Baseline != nil {
		t.Errorf("nobody asked for %s", said(v.Baseline))
	}
}

// TestComparedWindows: days before are those of the wall clock, also where it changes.
func TestComparedWindows(t *testing.T) {
	zone := mustZone(t, "Europe/Madrid") // summer time from 2026-03-29 02:00
	at := func(s string) int64 {
		v, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
		if err != nil {
			t.Fatal(err)
		}
		return v.UnixMilli()
	}
	for _, c := range []struct {
		compare  Compare
		span     Span
		from, to string
		want     []string
	}{
		{Previous, Lasting(2 * time.Hour), "2026-03-30 08:00", "2026-03-30 10:00", []string{"2026-03-30 06:00", "2026-03-30 08:00"}},
		{Previous, Today, "2026-03-30 00:00", "2026-03-30 10:00", []string{"2026-03-29 00:00", "2026-03-29 10:00"}},
		{Previous, Yesterday, "2026-03-29 00:00", "2026-03-30 00:00", []string{"2026-03-28 00:00", "2026-03-29 00:00"}},
		{SameWeekday, Lasting(2 * time.Hour), "2026-03-30 08:00", "2026-03-30 10:00", []string{"2026-03-23 08:00", "2026-03-23 10:00"}},
		// Ten days and today: eleven days before.
		{Previous, Lasting(10 * 24 * time.Hour), "2026-03-20 00:00", "2026-03-30 10:00", []string{"2026-03-09 00:00", "2026-03-19 10:00"}},
		{FourWeeks, Lasting(2 * time.Hour), "2026-03-30 08:00", "2026-03-30 10:00", []string{
			"2026-03-23 08:00", "2026-03-23 10:00", "2026-03-16 08:00", "2026-03-16 10:00", "2026-03-09 08:00", "2026-03-09 10:00", "2026-03-02 08:00", "2026-03-02 10:00",
		}},
		{NoComparison, Today, "2026-03-30 00:00", "2026-03-30 10:00", nil},
	} {
		got := c.compare.windows(c.span, edges{at(c.from), at(c.to)}, zone)
		if len(got)*2 != len(c.want) {
			t.Errorf("%s: %v", c.compare, got)
			continue
		}
		for i, e := range got {
			if e.from != at(c.want[2*i]) || e.to != at(c.want[2*i+1]) {
				t.Errorf("%s: %s to %s, want %s to %s", c.compare, kpi.Timestamp(e.from, zone), kpi.Timestamp(e.to, zone), c.want[2*i], c.want[2*i+1])
			}
		}
	}
}

// TestCompareOverHTTP: the parameter is checked, and the answer carries the baseline.
func TestCompareOverHTTP(t *testing.T) {
	w := newWorld(t)
	w.busy()
	h := newHandler(t, w)
	if got := get(h, "/api/v1/kpis?compare=last_year"); got.Code != 400 {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	for _, v := range values(t, h, "/api/v1/kpis?compare=4w_median&window=15m&group=queue") {
		if d, err := kpi.ByID(v.KPI); err != nil || (v.Baseline == nil) != d.Instant() {
			t.Errorf("%s: %s", v.KPI, said(v.Baseline))
		}
	}
}
