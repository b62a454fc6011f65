package exporter

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/sla"
)

// BenchmarkScrape is a scrape of 20 queues over all windows, 12 partitions: cold, and with a slot that has moved since the last one.
func BenchmarkScrape(b *testing.B) {
	w := &world{now: noon + 1500}
	w.openStore(b)
	w.begin(b, 12)
	w.fill()
	h, err := New(w.cfg, w, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		b.Fatal(err)
	}
	ask := func(b *testing.B, query string) int {
		got := asAcme(h, query)
		if got.Code != http.StatusOK || !strings.Contains(got.Body.String(), `queue="queue-19"`) {
			b.Fatal(got.Code)
		}
		return got.Body.Len()
	}
	for _, query := range []string{"", "?definition=all"} {
		b.Run("warm"+query, func(b *testing.B) {
			ask(b, query)
			n := 0
			for b.Loop() {
				n = ask(b, query)
			}
			b.ReportMetric(float64(n), "bytes")
		})
		b.Run("every_slot_moved"+query, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				for _, x := range w.stage1 {
					x.tick(noon)
					x.count("acme", 1, convo.Moment{Kind: convo.ClockHit, At: noon - 60_000, Group: voice("queue-1", ""), Clock: sla.FirstResponse})
					x.commit()
				}
				b.StartTimer()
				ask(b, query)
			}
		})
	}
}
