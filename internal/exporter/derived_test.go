package exporter

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

func about(queue, channel, topic string) window.Group {
	return window.Group{Channel: channel, Queue: queue, Team: "t1", Topic: topic}
}

// one returns the only value of a KPI and definition for a group, pairs of dimension and name.
func one(t *testing.T, values []kpi.Value, id, definition string, group ...string) kpi.Value {
	t.Helper()
	want := map[string]string{}
	for i := 0; i < len(group); i += 2 {
		want[group[i]] = group[i+1]
	}
	for _, v := range values {
		if v.KPI == id && v.Definition == definition && cmp.Equal(v.Group, want) {
			return v
		}
	}
	t.Fatalf("no %s %s of %v in %v", id, definition, group, values)
	return kpi.Value{}
}

// TestSecondStage: KPIs of customers are read from the panes of their own stage, by every grouping, also of the families that both stages have.
func TestSecondStage(t *testing.T) {
	w := newWorld(t)
	first := func(g window.Group, bits uint32, n int) {
		for i := range n {
			w.stage2[i%2].count("acme", 1, convo.Moment{Kind: convo.FirstContact, At: noon - 60_000, Group: g, Class: bits})
		}
	}
	first(about("PS", "voice", "billing"), convo.FirstHeld, 6)
	first(about("PS", "voice", "billing"), 0, 2)
	first(about("PS", "email", ""), 0, 4)
	w.stage1[0].count("acme", 1, convo.Moment{Kind: convo.Started, At: noon - 60_000, Group: about("PS", "voice", "billing")})
	for _, x := range slices.Concat(w.stage1, w.stage2) {
		x.commit()
	}
	for _, c := range []struct {
		by    []window.Dimension
		group []string
		want  string
	}{
		{nil, nil, "6/12"},
		{[]window.Dimension{window.DimQueue}, []string{"queue", "PS"}, "6/12"},
		{[]window.Dimension{window.DimChannel}, []string{"channel", "voice"}, "6/8"},
		{[]window.Dimension{window.DimTopic}, []string{"topic", "billing"}, "6/8"},
		{[]window.Dimension{window.DimChannel, window.DimTopic}, []string{"channel", "voice", "topic", "billing"}, "6/8"},
		{[]window.Dimension{window.DimChannel}, []string{"channel", "email"}, "/ hidden"},
	} {
		values := w.ask(t, Query{KPIs: []string{"fcr", "conversations_started"}, By: c.by, Window: Lasting(time.Hour)})
		v := one(t, values, "fcr", "provisional", c.group...)
		got := string(v.Numerator) + "/" + string(v.Denominator)
		if v.Hidden {
			got += " hidden"
		}
		if got != c.want || (len(c.by) > 0) != (v.MinN == 5) || v.Hidden && (v.N != 4 || v.Value.Known() || v.Low.Known()) {
			t.Errorf("by %v: %s, want %s: %+v", c.group, got, c.want, v)
		}
		if slices.Contains(c.by, window.DimTopic) {
			for _, v := range values {
				if v.Group["topic"] == "" {
					t.Errorf("%s of no topic", v.KPI)
				}
			}
		}
	}
	// Neither stage's panes are taken for the other's.
	sum, err := w.reader.Sums(context.Background(), "acme", true, []window.Family{window.Routing}, nil, noon/10_000*10_000-3_600_000, noon/10_000*10_000, false)
	if err != nil {
		t.Fatal(err)
	}
	if n := sum.Of[window.Routing].Cell(window.Group{}).Metric(1).N; n != 0 {
		t.Errorf("the stage of customers has %d conversations", n)
	}
}

// TestDerivedReads: what lies before the window is read too, and only then.
func TestDerivedReads(t *testing.T) {
	w := newWorld(t)
	promise := func(ago time.Duration, kind convo.MomentKind, n int) {
		for i := range n {
			w.stage1[i%2].count("acme", 1, convo.Moment{Kind: kind, Clock: sla.FirstResponse, At: noon - ago.Milliseconds(), Group: about("PS", "voice", "billing")})
		}
	}
	promise(time.Minute, convo.ClockHit, 7)
	promise(time.Minute, convo.ClockMiss, 3)
	promise(40*time.Minute, convo.ClockHit, 9)
	promise(40*time.Minute, convo.ClockMiss, 1)
	promise(5*time.Hour, convo.ClockHit, 20)
	for _, x := range w.stage1 {
		x.commit()
	}
	// Over 5 min 3 of 10 (6 times 5 %), over 1 h 4 of 20 (4 times); over 30 min 3 of 10, over 6 h 4 of 40 (twice).
	for _, by := range [][]window.Dimension{nil, {window.DimQueue}, {window.DimTopic}} {
		values := w.ask(t, Query{KPIs: []string{"sla_burn_rate"}, By: by, Window: Lasting(time.Minute)})
		for _, v := range values {
			want := map[string]float64{"fast": 4, "slow": 2}[v.Definition]
			if math.Abs(v.Value.Float()-want) > 1e-9 || !v.Complete {
				t.Errorf("by %v: %s is %s, want %v: %+v", by, v.Definition, v.Value, want, v)
			}
		}
		if len(values) != 2 {
			t.Errorf("by %v: %d values", by, len(values))
		}
	}
	m := parse(t, asAcme(newHandler(t, w), "").Body.String())
	if got := sample(t, m, "vigia_kpi_sla_burn_rate_factor", "rollup", "topic", "topic", "billing", "window", "5m", "definition", "slow"); math.Abs(got-2) > 1e-9 {
		t.Errorf("the metric says %v", got)
	}
}

// TestVolume: profile, forecast and anomaly are those of a plain program that knows every start.
func TestVolume(t *testing.T) {
	w := newWorld(t)
	zone := mustZone(t, "America/Mexico_City")
	const quarter, hour = 900_000, 3_600_000
	var starts []int64
	at := func(week, i int) int64 { return noon - int64(week)*7*24*hour - int64(i*i*(4+3*week))*1000 }
	for week := range 5 {
		for i := range 150 + 20*week {
			starts = append(starts, at(week, i))
		}
	}
	for range 40 {
		starts = append(starts, noon-hour) // 12:00:07 UTC: the last whole hour is 11 to 12
	}
	for i, s := range starts {
		w.stage1[i%2].count("acme", 1, convo.Moment{Kind: convo.Started, At: s, Group: about([]string{"PS", "IN"}[i%3%2], "voice", "")})
	}
	for _, x := range w.stage1 {
		x.commit()
	}
	count := func(from, to int64) (n int64) {
		for _, s := range starts {
			if s >= from && s < to {
				n++
			}
		}
		return n
	}
	midnight := time.Date(2026, 3, 20, 0, 0, 0, 0, zone).UnixMilli()
	slot := func(i int) (c []int64) { // i quarters after Friday 00:00, of the four weeks before
		for week := 1; week <= 4; week++ {
			from := midnight - int64(week)*7*24*hour + int64(i%672)*quarter
			c = append(c, count(from, from+quarter))
		}
		slices.Sort(c)
		return c
	}
	median := func(c []int64) float64 { return float64(c[1]+c[2]) / 2 }
	ask := func() []kpi.Value {
		return w.ask(t, Query{KPIs: []string{"volume_profile", "volume_forecast", "volume_anomaly"}, Window: Lasting(time.Hour)})
	}
	values := ask()

	profile := one(t, values, "volume_profile", "default")
	var total float64
	for i := range 672 {
		want := median(slot(i))
		total += want
		k := (i + 4*96) % 672 // the profile begins on Monday
		if got := profile.Series[k]; got.Value.Float() != want || got.Low.Known() {
			t.Fatalf("%s: %s, want %v", got.At, got.Value, want)
		}
	}
	if len(profile.Series) != 672 || profile.Series[4*96+9*4+1].At != "friday 09:15" || profile.Series[0].At != "monday 00:00" || profile.Value.Float() != total || total == 0 ||
		profile.N != count(midnight-28*24*hour, midnight) {
		t.Errorf("%d steps, sum %s, want %v, n %d", len(profile.Series), profile.Value, total, profile.N)
	}

	forecast := one(t, values, "volume_forecast", "default")
	first := (noon/quarter + 1) * quarter
	total = 0
	for i := range 96 {
		begin := first + int64(i)*quarter
		c := slot(int((begin - midnight) / quarter))
		mean, variance := float64(c[0]+c[1]+c[2]+c[3])/4, 0.0
		for _, x := range c {
			variance += (float64(x) - mean) * (float64(x) - mean) / 3
		}
		want, half := median(c), 1.645*math.Sqrt(max(median(c), variance))
		total += want
		got := forecast.Series[i]
		if got.At != kpi.Timestamp(begin, zone) || got.Value.Float() != want || math.Abs(got.High.Float()-want-half) > 1e-6 || math.Abs(got.Low.Float()-max(0, want-half)) > 1e-6 {
			t.Fatalf("step %d: %+v, want %v ± %v at %s", i, got, want, half, kpi.Timestamp(begin, zone))
		}
	}
	if len(forecast.Series) != 96 || forecast.Value.Float() != total {
		t.Errorf("%d steps, sum %s, want %v", len(forecast.Series), forecast.Value, total)
	}

	anomaly := func(holidays int) float64 {
		end := noon / hour * hour
		x, c := count(end-hour, end), []float64(nil)
		for week := 1 + holidays; week <= 4; week++ {
			from := end - hour - int64(week)*7*24*hour
			c = append(c, float64(count(from, from+hour)))
		}
		middle := func(c []float64) float64 {
			slices.Sort(c)
			return (c[(len(c)-1)/2] + c[len(c)/2]) / 2
		}
		m := middle(c)
		for i := range c {
			c[i] = math.Abs(c[i] - m)
		}
		return (float64(x) - m) / max(1.4826*middle(c), math.Sqrt(max(m, 1)))
	}
	v := one(t, values, "volume_anomaly", "default")
	if math.Abs(v.Value.Float()-anomaly(0)) > 1e-6 || v.N != count(noon/hour*hour-hour, noon/hour*hour) || v.N < 40 || v.Value.Float() < 3 {
		t.Errorf("anomaly %s of %d, want %v", v.Value, v.N, anomaly(0))
	}
	// Holidays of the first calendar are left out.
	spec := sla.DefaultPolicy("acme", "America/Mexico_City")
	spec.Calendars = append([]sla.CalendarSpec{{Name: "desk", Week: map[string][]string{"mon-fri": {"09:00-18:00"}}, Holidays: []sla.Holiday{{Date: "2026-03-13"}}}}, spec.Calendars...)
	for _, x := range w.stage1 {
		x.enrol(spec)
		x.commit()
	}
	if v := one(t, ask(), "volume_anomaly", "default"); math.Abs(v.Value.Float()-anomaly(1)) > 2e-6 || anomaly(1) == anomaly(0) {
		t.Errorf("without a holiday: %s, want %v", v.Value, anomaly(1))
	}
	// Groups add up, and what was read for its counts alone is read whole when that is wanted.
	var n int64
	for _, v := range w.ask(t, Query{KPIs: []string{"volume_profile"}, By: []window.Dimension{window.DimQueue}, Window: Lasting(time.Hour)}) {
		n += v.N
	}
	if n != profile.N {
		t.Errorf("the queues have %d, all together %d", n, profile.N)
	}
	from := noon - 8*24*hour
	from -= from % quarter
	if got := w.ask(t, Query{KPIs: []string{"conversations_started"}, At: from + hour, Window: Lasting(time.Hour)})[0]; got.N != count(from, from+hour) || got.N == 0 {
		t.Errorf("eight days ago: %d, want %d", got.N, count(from, from+hour))
	}
	// An instant whose four weeks are days already is refused.
	_, err := w.reader.Values(context.Background(), Query{Tenant: "acme", KPIs: []string{"volume_profile"}, At: noon - 20*24*hour, Window: Lasting(time.Hour)})
	if as[*kpi.WindowError](err) == nil {
		t.Errorf("20 days ago: %v", err)
	}
}

func mustZone(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := sla.LoadZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// TestVolumeIsLean: the four weeks are kept as counts alone.
func TestVolumeIsLean(t *testing.T) {
	w := newWorld(t)
	for d := range 28 {
		for i := range 96 {
			at := noon - int64(d)*86_400_000 - int64(i)*900_000
			w.stage1[0].count("acme", 1, convo.Moment{Kind: convo.Started, At: at, Group: about(fmt.Sprint("q", i%7), "voice", "")},
				convo.Moment{Kind: convo.Answered, At: at, Value: int64(i) * 1000, Group: about(fmt.Sprint("q", i%7), "voice", ""), Band: convo.InTarget})
		}
	}
	w.stage1[0].commit()
	w.ask(t, Query{KPIs: []string{"volume_profile"}, Window: Lasting(time.Hour)})
	lean := w.reader.cache.size()
	w.reader = NewReader(w.cfg, w)
	w.ask(t, Query{KPIs: []string{"conversations_started"}, Window: Lasting(30 * 24 * time.Hour)})
	if whole := w.reader.cache.size(); lean*2 > whole {
		t.Errorf("counts take %d bytes, whole panes %d", lean, whole)
	}
}
