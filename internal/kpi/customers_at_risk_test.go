package kpi

import (
	"testing"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// Each reason counts by itself, and a customer once in all; by channel only those whose risk began there.
func TestCustomersAtRisk(t *testing.T) {
	cells := map[window.Group]*window.Cell{}
	count := func(class uint32, g window.Group, sign int64) {
		Observe(convo.Moment{Kind: convo.AtRisk, Class: class, Group: g}, true, func(f window.Family, g window.Group, s window.Sample) {
			if f != window.Activity {
				t.Errorf("counted in %v too", f)
			}
			if cells[g] == nil {
				cells[g] = &window.Cell{}
			}
			cells[g].Add(s, sign)
		})
	}
	everywhere, voice := window.Group{}, window.Group{Channel: "voice"}
	for range 2 { // two customers: one of them also for another reason
		count(convo.RiskAny, everywhere, 1)
		count(convo.RiskSilent, everywhere, 1)
	}
	count(convo.RiskAny, voice, 1)
	count(convo.RiskNegative, everywhere, 1)
	count(convo.RiskFalling, everywhere, 1)
	count(convo.RiskFalling, everywhere, -1) // they are content again
	for g, want := range map[window.Group]map[string]Number{everywhere: {"any": "2", "silent": "2", "falling": "0", "negative": "1"}, voice: {"any": "1", "silent": "0"}} {
		for id, n := range want {
			if v := ofDefinition(t, &customersAtRisk, id, cells[g]); v.Value != n {
				t.Errorf("%q %s: %s, want %s", g.Channel, id, v.Value, n)
			}
		}
	}
}
