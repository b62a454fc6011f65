package kpi

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/window"
)

// TestPresetsReproduceTheirProducts: on one and the same hour each preset gives the number that its product documents.
//
// Service level, golden hour of 100 contacts: Amazon Connect counts whatever left the queue in target (79 of 100), Genesys Cloud all abandons (70 of 97), Talkdesk contacts without short
// abandons (70 of 93). Satisfaction: Zendesk knows good and bad, Chatwoot counts 4 and 5 of all ratings. Resolution: Chatwoot from the creation, Trengo the open segments alone.
func TestPresetsReproduceTheirProducts(t *testing.T) {
	moments := goldenHour()
	rate := func(lowest, highest int64, given ...int64) {
		scale, ok := convo.ScaleOf(event.CSAT, lowest*1e6, highest*1e6)
		if !ok {
			t.Fatalf("no scale %d to %d", lowest, highest)
		}
		for k, n := range given {
			for range n {
				moments = append(moments, convo.Moment{Kind: convo.Rated, At: goldenStart, Value: (lowest + int64(k)) * 1e6, Class: scale, Group: window.Group{Queue: "PS"}})
			}
		}
	}
	rate(0, 1, 3, 17)
	rate(1, 5, 2, 3, 5, 10, 20)
	// Created at 9, resolved at 10, opened again at 14 and resolved at 14:30: five and a half hours from the creation, one and a half of them open.
	moments = append(moments,
		convo.Moment{Kind: convo.Resolution, At: goldenStart, Value: 19_800_000, Group: window.Group{Queue: "PS"}},
		convo.Moment{Kind: convo.OpenSegments, At: goldenStart, Value: 5_400_000, Group: window.Group{Queue: "PS"}})
	by := []window.Dimension{window.DimQueue}
	sum := count(t, window.Routing, by, moments)
	got := map[string]string{}
	for _, preset := range PresetNames() {
		var line strings.Builder
		for _, id := range []string{"service_level", "csat", "resolution_time"} {
			for _, v := range ask(t, id, []string{preset}, goldenFrame(by...), window.Group{Queue: "PS"}, sum) {
				line.WriteString(fmt.Sprintf("%s %s %.4g; ", id, v.Definition, v.Value.Float()))
			}
		}
		got[preset] = line.String()
	}
	const scales = "csat thumbs 0.85; csat 1-5 0.75; "
	if diff := cmp.Diff(map[string]string{
		"vigia":    "service_level vigia 0.7527; " + scales + "resolution_time from_creation 1.98e+04; ",
		"connect":  "service_level connect 0.79; " + scales + "resolution_time from_creation 1.98e+04; ",
		"genesys":  "service_level genesys 0.7216; " + scales + "resolution_time from_creation 1.98e+04; ",
		"talkdesk": "service_level talkdesk-contacts 0.7527; " + scales + "resolution_time from_creation 1.98e+04; ",
		"zendesk":  "service_level vigia 0.7527; csat thumbs 0.85; resolution_time from_creation 1.98e+04; ",
		"chatwoot": "service_level vigia 0.7527; csat 1-5 0.75; resolution_time from_creation 1.98e+04; ",
		"trengo":   "service_level vigia 0.7527; csat 1-5 0.75; resolution_time open_segments 5400; ",
	}, got); diff != "" {
		t.Error(diff)
	}
}
