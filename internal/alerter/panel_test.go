package alerter

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	_ "testing/synctest" // time is virtual here, see inWorld
	"time"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/notify"
	"github.com/vigia-cx/vigia/internal/rule"
)

// TestPanel shows an Alertmanager how many promises of a queue are broken: again every minute while there are some, and for a quarter of an hour that there are none.
func TestPanel(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var box inbox
		tenant := tenantT(&box)
		tenant.Receivers[0].PerIncident, tenant.Receivers[0].Panel = false, true
		r := w.start(serving(tenant))
		w.rest(r)
		for i := range 30 {
			w.relay(breach(fmt.Sprint("a", i), 1, event.SignalBreach, time.Now()))
		}
		w.relay(breach("x", 1, event.SignalWarning, time.Now().Add(time.Hour)))
		time.Sleep(10*time.Minute + 30*time.Second)
		all := box.all()
		if len(all) < 10 || len(all) > 14 {
			t.Fatalf("shown %v", box.types())
		}
		for i, d := range all {
			if i > 0 && d.at.Sub(all[i-1].at) > 61*time.Second {
				t.Errorf("not repeated for %v", d.at.Sub(all[i-1].at))
			}
			if lasts := d.EndsAt.Sub(d.at); lasts < 3*time.Minute || lasts > 4*time.Minute+time.Second || d.Incident != all[0].Incident || !d.StartsAt.Equal(all[0].StartsAt) {
				t.Errorf("%+v", d.Notice)
			}
		}
		last := all[len(all)-1]
		if last.Total != 30 || len(last.Items) != maxItems || last.Value == nil || last.Value.Value != "30" || last.Conversation != "" || last.Labels["queue"] != "sales" || last.Labels["clock"] != "first_response" {
			t.Errorf("%+v", last.Notice)
		}
		r.stop(t)
		again := w.start(serving(tenant))
		w.rest(again)
		for i := range 30 {
			w.relay(breach(fmt.Sprint("a", i), 2, event.SignalSettled, time.Now().Add(-11*time.Minute)))
		}
		ended := time.Now()
		time.Sleep(30 * time.Minute)
		all = box.all()
		last = all[len(all)-1]
		if last.Type != notify.SLASettled || last.Total != 0 || last.EndsAt.After(ended.Add(time.Second)) || last.at.Sub(ended) < 13*time.Minute || last.at.Sub(ended) > 17*time.Minute {
			t.Errorf("%v after the end: %+v", last.at.Sub(ended), last.Notice)
		}
		again.stop(t)
	})
}

// board is where rules read: values that a test sets.
type boardOf struct {
	mu    sync.Mutex
	value kpi.Number
	n     int64
	err   error
}

func (b *boardOf) set(value kpi.Number, n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.value, b.n = value, n
}

func (b *boardOf) Read(_ context.Context, tenant string, at int64, queries []rule.Query) ([][]kpi.Value, int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return nil, 0, b.err
	}
	out := make([][]kpi.Value, len(queries))
	for i, q := range queries {
		out[i] = []kpi.Value{{
			KPI: q.KPI, Definition: q.Definition, Version: 1, Tenant: tenant, Group: map[string]string{"queue": "sales"}, Value: b.value, N: b.n, Numerator: b.value, Unit: kpi.Seconds,
			AsOf: kpi.Timestamp(at, time.UTC), Complete: true,
		}}
	}
	return out, at, nil
}

func (b *boardOf) Sources(context.Context, string) ([]rule.Source, int64, error) {
	return nil, time.Now().UnixMilli(), nil
}

const slowRule = `version: vigia/v1
rules:
  - alert: Slow
    kpi: first_response_time
    stat: mean
    by: [queue]
    window: 15m
    fire: "> 5m"
    clear: "< 4m"
    for: 2m
    keep_firing_for: 1m
    severity: critical
`

// TestRules evaluates a rule on the grid: it fires when its condition has held for long enough, survives an heir, and is resolved; once each. What cannot be read changes nothing.
func TestRules(t *testing.T) {
	file, err := rule.Parse("slow.yaml", []byte(slowRule))
	if err != nil {
		t.Fatal(err)
	}
	set, err := rule.NewSet("t", nil, file)
	if err != nil {
		t.Fatal(err)
	}
	inWorld(t, func(t *testing.T, w *world) {
		var box inbox
		board := &boardOf{value: "60", n: 50}
		tenant := tenantT(&box)
		tenant.Rules = set.Rules
		o := serving(tenant)
		o.values = board
		r := w.start(o)
		w.rest(r)
		time.Sleep(5 * time.Minute)
		board.set("400", 50)
		began := time.Now()
		time.Sleep(5 * time.Minute)
		got := box.all()
		if len(got) != 1 || got[0].Type != notify.KPIFiring || got[0].Labels["alertname"] != "Slow" || got[0].Labels["queue"] != "sales" || got[0].Value == nil || got[0].Condition == "" {
			t.Fatalf("%v", box.types())
		}
		if after := got[0].at.Sub(began); after < 2*time.Minute || after > 2*time.Minute+15*time.Second {
			t.Errorf("fired after %v", after)
		}
		r.stop(t)
		heir := w.start(o)
		w.rest(heir)
		time.Sleep(5 * time.Minute)
		board.mu.Lock()
		board.err = context.DeadlineExceeded
		board.mu.Unlock()
		time.Sleep(10 * time.Minute)
		if n := len(box.all()); n != 1 || heir.metric(t, "vigia_alerter_rule_errors_total") == 0 {
			t.Errorf("%d notices", n)
		}
		board.mu.Lock()
		board.err = nil
		board.mu.Unlock()
		board.set("60", 50)
		time.Sleep(5 * time.Minute)
		got = box.all()
		if len(got) != 2 || got[1].Type != notify.KPIResolved || got[1].Incident != got[0].Incident {
			t.Errorf("%v", box.types())
		}
		board.set("400", 50)
		time.Sleep(5 * time.Minute)
		heir.stop(t)
		o.cfg.Tenants[0].Rules = nil
		third := w.start(o)
		w.rest(third)
		time.Sleep(time.Minute)
		got = box.all()
		if len(got) != 4 || got[3].Type != notify.KPIResolved || got[2].Incident == got[0].Incident {
			t.Errorf("the rule is gone: %v", box.types())
		}
		third.stop(t)
	})
}

// TestRuleStorm lets a rule fire for more groups than its limit: the first ones are told one by one, the rest together.
func TestRuleStorm(t *testing.T) {
	file, err := rule.Parse("slow.yaml", []byte(slowRule))
	if err != nil {
		t.Fatal(err)
	}
	r := *file.Rules[0]
	r.Limit = 2
	d := plain(nil)
	for i := range 7 {
		d.ruled(d.tenants["t"], &r, rule.Change{What: rule.Fired, Tenant: "t", Rule: "Slow", Group: map[string]string{"queue": fmt.Sprint("q", i)}, At: noon, FiredAt: noon, Incident: fmt.Sprint("I", i)}, noon)
	}
	d.advance(noon)
	var totals []int
	for _, a := range d.launch {
		n := d.compose(a, func(*Tenant, string) string { return "" })
		totals = append(totals, max(1, n.Total))
	}
	slices.Sort(totals)
	if !slices.Equal(totals, []int{1, 1, 5}) {
		t.Errorf("told in notices about %v", totals)
	}
}
