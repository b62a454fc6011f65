package exporter

import (
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// TestMixBeforeWindow: what the mix of a long window is compared with lies before its begin, and is read although nothing else is asked of that time.
func TestMixBeforeWindow(t *testing.T) {
	w := newWorld(t)
	const day = 24 * time.Hour
	first := func(ago time.Duration, channel string, bits uint32, n int) {
		for i := range n {
			w.stage2[i%2].count("acme", 1, convo.Moment{Kind: convo.FirstContact, At: noon - ago.Milliseconds(), Group: about("PS", channel, "billing"), Class: bits})
		}
	}
	first(time.Hour, "web_chat", convo.FirstHeld, 8)
	first(time.Hour, "web_chat", 0, 2)
	first(2*day, "voice", convo.FirstHeld, 1)
	first(2*day, "voice", 0, 4)
	first(4*day, "web_chat", 0, 3)
	first(29*day+12*time.Hour, "voice", 0, 6)
	for _, x := range w.stage2 {
		x.commit()
	}
	for _, by := range [][]window.Dimension{nil, {window.DimQueue}, {window.DimTopic}} {
		values := w.ask(t, Query{KPIs: []string{"fcr"}, Definitions: []string{"provisional", "mix_adjusted"}, By: by, Window: Lasting(3 * day)})
		got := map[string]string{}
		for _, v := range values {
			got[v.Definition] = string(v.Numerator + "/" + v.Denominator)
		}
		// (3·8/10 + 6·1/5) / 9
		if len(values) != 2 || got["provisional"] != "9/15" || got["mix_adjusted"] != "400000/1000000" {
			t.Errorf("by %v: %v", by, got)
		}
	}
}
