package exporter

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// fill gives the world a day of traffic over 20 groups in both partitions: in every 10 s pane of the last two hours and in every 15 min pane before.
func (w *world) fill() {
	for _, x := range w.stage1 {
		for g := range 20 {
			group := window.Group{Channel: []string{"voice", "whatsapp", "email", "web_chat"}[g%4], Queue: fmt.Sprintf("queue-%d", g), Team: "t"}
			for ago := int64(0); ago < 25*3_600_000; {
				at := noon - ago
				wait := (ago/1000*7919 + int64(g)*104_729) % 600_000
				x.count("acme", 1,
					convo.Moment{Kind: convo.Started, At: at, Group: group},
					convo.Moment{Kind: convo.Answered, At: at, Group: group, Value: wait, Band: convo.InTarget},
					convo.Moment{Kind: convo.FirstResponse, At: at, Group: group, Value: wait * 3},
					convo.Moment{Kind: convo.ClockHit, At: at, Group: group, Clock: sla.FirstResponse},
					convo.Moment{Kind: convo.Handled, At: at, Group: group, Value: wait * 2})
				if ago < 8_100_000 {
					ago += 10_000
				} else {
					ago += 100_000
				}
			}
		}
		x.commit()
	}
}

// BenchmarkRead24h reads 24 h by 20 queues, all KPIs with panes, from two partitions of an embedded store.
func BenchmarkRead24h(b *testing.B) {
	w := newWorld(b)
	w.fill()
	q := Query{Tenant: "acme", By: []window.Dimension{window.DimQueue}, Window: Lasting(24 * time.Hour)}
	for _, d := range kpi.Catalog() {
		if d.Family == window.Routing {
			q.KPIs = append(q.KPIs, d.ID)
		}
	}
	read := func(b *testing.B, r *Reader) {
		values, err := r.Values(context.Background(), q)
		if err != nil || len(values) < 20*len(q.KPIs) {
			b.Fatal(len(values), err)
		}
	}
	b.Run("cold", func(b *testing.B) {
		for b.Loop() {
			read(b, NewReader(w.cfg, w))
		}
	})
	b.Run("moved", func(b *testing.B) { // one of two slots has moved
		for b.Loop() {
			b.StopTimer()
			w.stage1[0].tick(noon)
			w.stage1[0].commit()
			b.StartTimer()
			read(b, w.reader)
		}
	})
	b.Run("warm", func(b *testing.B) {
		read(b, w.reader)
		for b.Loop() {
			read(b, w.reader)
		}
		b.ReportMetric(float64(w.reader.cache.size()), "cache-bytes")
	})
}
