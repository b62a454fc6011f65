package exporter

import (
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// TestValueOfCustomers: what customers are worth is read from both stages: rates and costs of the first, orders of the second; the channels add up, in the API and as metrics. A tenant that
// names no currency is told what to do when it asks for it, and misses nothing else.
func TestValueOfCustomers(t *testing.T) {
	w := newWorld(t)
	const day = 24 * time.Hour
	at := noon - 5*day.Milliseconds()
	for i, amount := range []int64{100, 200, 300} {
		order := func(k convo.MomentKind, channel string, share int64, class uint32) {
			w.stage2[i%2].count("acme", 1, convo.Moment{Kind: k, At: at, Group: window.Group{Channel: channel}, Value: share * 1e6, Class: class})
		}
		order(convo.Bought, "", 0, 0)
		order(convo.Bought, "commerce", 0, 0)
		order(convo.Sold, "commerce", amount, 484)
		order(convo.Attributed, "voice", amount/4, convo.ToEach+484)
		order(convo.Attributed, "direct", amount-amount/4, convo.ToEach+484)
	}
	for _, x := range w.stage2 {
		x.commit()
	}
	answer := get(newHandler(t, w), "/api/v1/kpis?kpi=clv&window=73d")
	if answer.Code != http.StatusUnprocessableEntity && answer.Code != http.StatusBadRequest || !strings.Contains(answer.Body.String(), "set value.currency") {
		t.Fatalf("without a currency: %d %s", answer.Code, answer.Body)
	}
	for _, v := range w.ask(t, Query{Window: Lasting(73 * day)}) {
		if strings.HasPrefix(v.KPI, "clv") {
			t.Errorf("nobody asked for %s", v.KPI)
		}
	}

	spec := sla.DefaultPolicy("acme", "America/Mexico_City")
	spec.AgentCells, spec.Value.Currency = true, "USD"
	for _, x := range append(w.stage1, w.stage2...) {
		x.enrol(spec)
		x.commit()
	}
	for i, n := range []struct {
		kpi.ReferenceName
		kpi.ReferencePoint
	}{
		{kpi.ReferenceName{Type: event.ExchangeRate, Key: "MXN"}, kpi.ReferencePoint{At: at, Value: 50_000_000, Currency: "USD"}},
		{kpi.ReferenceName{Type: event.AcquisitionCost}, kpi.ReferencePoint{At: at, Value: 1000e9, Currency: "MXN"}},
	} {
		w.stage1[i].set("ref:acme", n.Field(), kpi.History{}.Set(n.ReferencePoint).Encode())
		w.stage1[i].commit()
	}
	// 600 MXN at 0.05 in a fifth of a year, give or take the rounding of the window to days, of 3 customers for 3 years.
	all := w.ask(t, Query{KPIs: []string{"clv", "clv_by_channel", "clv_to_cac"}, Window: Lasting(73 * day)})
	worth := one(t, all, "clv", "commerce")
	if worth.Numerator != "30" || worth.Denominator != "3" || worth.Basis != "USD MXN=0.05" || worth.Value.Float() < 140 || worth.Value.Float() > 150 {
		t.Errorf("clv: %+v", worth)
	}
	if v := one(t, all, "clv_by_channel", "linear"); v.Value != worth.Value || v.Numerator != "30" {
		t.Errorf("clv of all channels: %+v", v)
	}
	if v := one(t, all, "clv_to_cac", "commerce"); v.Denominator != "50" || math.Abs(v.Value.Float()-worth.Value.Float()/50) > 1e-12 || v.Unit != kpi.Factor {
		t.Errorf("clv to its cost: %+v", v)
	}
	byChannel := w.ask(t, Query{KPIs: []string{"clv_by_channel"}, By: []window.Dimension{window.DimChannel}, Window: Lasting(73 * day)})
	for channel, want := range map[string]kpi.Number{"voice": "7.5", "direct": "22.5", "commerce": "0"} {
		if v := one(t, byChannel, "clv_by_channel", "linear", "channel", channel); v.Numerator != want || v.Denominator != "3" {
			t.Errorf("%s: %+v", channel, v)
		}
	}
	// What is projected from a few minutes would be of no use: it is that of 90 days.
	m := parse(t, asAcme(newHandler(t, w), "").Body.String())
	for name, labels := range map[string][]string{
		"vigia_kpi_clv_amount": {"definition", "commerce"}, "vigia_kpi_clv_to_cac_factor": {"definition", "commerce"}, "vigia_kpi_clv_by_channel_amount": {"definition", "linear"},
	} {
		got := sample(t, m, name, append([]string{"rollup", "tenant", "window", "5m"}, labels...)...)
		if want := map[bool]float64{true: 2.45, false: 122.5}[name == "vigia_kpi_clv_to_cac_factor"]; math.Abs(got/want-1) > 0.02 {
			t.Errorf("%s is %v, want %v or so", name, got, want)
		}
	}
}
