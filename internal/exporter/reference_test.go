package exporter

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

// TestReference: numbers that no channel brings are kept by stage 1, listed by the API, and reach the KPIs of stage 2 that need them.
func TestReference(t *testing.T) {
	w := newWorld(t)
	tell := func(slot int, typ event.ReferenceType, key string, points ...kpi.ReferencePoint) {
		var h kpi.History
		for _, p := range points {
			h = h.Set(p)
		}
		w.stage1[slot].set("ref:acme", kpi.ReferenceName{Type: typ, Key: key}.Field(), h.Encode())
		w.stage1[slot].commit()
	}
	hour := time.Hour.Milliseconds()
	tell(0, event.CustomerBase, "", kpi.ReferencePoint{At: noon - 48*hour, Value: 400e9}, kpi.ReferencePoint{At: noon - 24*hour, Value: 500e9})
	tell(1, event.ExchangeRate, "COP", kpi.ReferencePoint{At: noon - 24*hour, Value: 245_000, Currency: "USD"})
	tell(1, event.EventMarker, "bot", kpi.ReferencePoint{At: noon - 2*hour})
	for i := range 10 {
		w.stage2[i%2].count("acme", 1, convo.Moment{Kind: convo.Active, At: noon - int64(i+1)*60_000})
		w.stage2[i%2].count("acme", 1, convo.Moment{Kind: convo.Recommended, At: noon - hour, Value: 10e6}, convo.Moment{Kind: convo.Recommended, At: noon - 3*hour, Value: 2e6})
	}
	for _, x := range w.stage2 {
		x.commit()
	}
	answer := get(newHandler(t, w), "/api/v1/reference")
	var got struct{ Reference []referenceNumber }
	if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil || answer.Code != http.StatusOK {
		t.Fatalf("%d %s: %v", answer.Code, answer.Body, err)
	}
	zone := w.stage1[0].zones["acme"]
	at := func(ms int64) string { return kpi.Timestamp(ms, zone) }
	want := []referenceNumber{
		{Kind: "customer_base", From: at(noon - 48*hour), Value: "400"}, {Kind: "customer_base", From: at(noon - 24*hour), Value: "500"},
		{Kind: "event_marker", Key: "bot", From: at(noon - 2*hour)},
		{Kind: "exchange_rate", Key: "COP", From: at(noon - 24*hour), Value: "0.000245", Currency: "USD"},
	}
	if diff := cmp.Diff(want, got.Reference); diff != "" {
		t.Error(diff)
	}
	for _, v := range w.ask(t, Query{KPIs: []string{"engagement_rate", "nps_evolution"}, Window: Lasting(24 * time.Hour)}) {
		switch v.KPI {
		case "engagement_rate":
			if v.Numerator != "10" || v.Denominator != "500" || v.Basis != "customer_base" {
				t.Errorf("%+v", v)
			}
		default:
			if v.Value != "200" || v.N != 20 || v.Basis != "bot not_significant" {
				t.Errorf("%+v", v)
			}
		}
	}
}

// TestTenantDefinitions: a tenant's preset is answered where nobody asks for a definition, several side by side, and a definition that is asked for wins.
func TestTenantDefinitions(t *testing.T) {
	w := newWorld(t)
	w.cfg.Tenants[0].Definitions = []string{"connect", "genesys"}
	w.stage1[0].count("acme", 1, convo.Moment{Kind: convo.Answered, At: noon - 1000, Group: window.Group{Channel: "voice"}, Band: convo.InTarget},
		convo.Moment{Kind: convo.Abandoned, At: noon - 1000, Group: window.Group{Channel: "voice"}, Band: convo.Short})
	w.stage1[0].commit()
	for query, want := range map[string]map[string]string{
		"kpi=service_level":                    {"connect": "2/2", "genesys": "1/2"},
		"kpi=service_level&definition=vigia":   {"vigia": "1/1"},
		"kpi=service_level&definition=trengo":  {"vigia": "1/1"},
		"kpi=service_level&definition=zendesk": {"vigia": "1/1"},
	} {
		found := map[string]string{}
		for _, v := range values(t, newHandler(t, w), "/api/v1/kpis?"+query) {
			found[v.Definition] = string(v.Numerator + "/" + v.Denominator)
		}
		if diff := cmp.Diff(want, found); diff != "" {
			t.Errorf("%s: %s", query, diff)
		}
	}
}
