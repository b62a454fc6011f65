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

// fill gives the world a day of traffic over 20 groups in all partitions: in every 10 s pane of the last two hours and in every 15 min pane before.
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

// fillOpen opens conversations in all partitions, as many in each.
func (w *world) fillOpen(n int) {
	for i := range n {
		x := w.stage1[i%len(w.stage1)]
		x.open("acme", openNumber(i, noon))
		if i >= n-len(w.stage1) {
			x.commit()
		}
	}
}

func openNumber(i int, now int64) convo.Open {
	at := now - int64(i%40_000)*1000
	return convo.Open{
		Conversation: fmt.Sprintf("whatsapp:acme-%032x", i*7919), Channel: []string{"voice", "whatsapp", "email", "web_chat"}[i%4], Queue: fmt.Sprintf("queue-%d", i%20), Team: "t",
		OpenedAt: at, WaitingSince: int64(i%3/2) * at, Customer: fmt.Sprintf("p1%032x", i), Link: fmt.Sprintf("https://desk.example/conversations/%d", i),
		Promises: []convo.OpenPromise{{Clock: sla.FirstResponse, StartAt: at, WarnAt: at + 28_000_000, DueAt: at + 36_000_000}, {Clock: sla.Resolution, StartAt: at, WarnAt: at + 80_000_000, DueAt: at + 86_400_000}},
	}
}

// onEachStore runs a benchmark with 12 partitions on the embedded store, and on a real one if there is one.
func onEachStore(b *testing.B, run func(b *testing.B, w *world)) {
	for _, s := range []struct {
		name string
		open func(*world, testing.TB)
	}{{"embedded", (*world).openStore}, {"redis", (*world).openRedis}} {
		b.Run(s.name, func(b *testing.B) {
			w := &world{now: noon + 1500}
			s.open(w, b)
			w.begin(b, 12)
			run(b, w)
		})
	}
}

// BenchmarkRead24h reads 24 h by 20 queues, all KPIs of contacts, from 12 partitions.
func BenchmarkRead24h(b *testing.B) {
	onEachStore(b, func(b *testing.B, w *world) {
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
		moved := func(slots []*slotState, count bool) func(b *testing.B) {
			return func(b *testing.B) {
				read(b, w.reader)
				for b.Loop() {
					b.StopTimer()
					for _, x := range slots {
						x.tick(noon)
						if count { // in the last quarter of an hour that is full
							x.count("acme", 1, convo.Moment{Kind: convo.Started, At: noon - 60_000, Group: voice("queue-1", "")})
						}
						x.commit()
					}
					w.fetched.Store(0)
					b.StartTimer()
					read(b, w.reader)
				}
				b.ReportMetric(float64(w.fetched.Load()), "hashes/op")
			}
		}
		b.Run("one_slot_one_chunk", moved(w.stage1[:1], true))
		b.Run("every_slot_one_chunk", moved(w.stage1, true))
		b.Run("every_slot_ticked", moved(w.stage1, false))
		b.Run("warm", func(b *testing.B) {
			read(b, w.reader)
			for b.Loop() {
				read(b, w.reader)
			}
			b.ReportMetric(float64(w.reader.cache.size()), "cache-bytes")
		})
	})
}

// BenchmarkOpen100k reads 100,000 open conversations from 12 partitions.
func BenchmarkOpen100k(b *testing.B) {
	onEachStore(b, func(b *testing.B, w *world) {
		const n = 100_000
		w.fillOpen(n)
		list := func(b *testing.B, r *Reader) {
			open, err := r.conversations(context.Background(), "acme", false, everyOpen, 100)
			if err != nil || open.total != n || len(open.List) != 100 {
				b.Fatal(open, err)
			}
		}
		count := func(b *testing.B, r *Reader) {
			values, err := r.Values(context.Background(), Query{Tenant: "acme", KPIs: []string{"contacts_waiting", "sla_overdue"}, By: []window.Dimension{window.DimQueue}})
			if err != nil || len(values) < 20 {
				b.Fatal(len(values), err)
			}
		}
		for _, c := range []struct {
			name string
			read func(*testing.B, *Reader)
		}{{"list", list}, {"kpis", count}} {
			name, read := c.name, c.read
			b.Run(name+"/cold", func(b *testing.B) {
				for b.Loop() {
					read(b, NewReader(w.cfg, w))
				}
			})
			i := 0
			b.Run(name+"/moved", func(b *testing.B) { // every slot: time went on and 20 conversations changed
				read(b, w.reader)
				for b.Loop() {
					b.StopTimer()
					w.now += 2000
					for p, x := range w.stage1 {
						x.tick(noon)
						for range 20 {
							i++
							x.open("acme", openNumber(i*12%(n/12*12)+p, noon+int64(i)))
						}
						x.commit()
					}
					b.StartTimer()
					read(b, w.reader)
				}
			})
			b.Run(name+"/warm", func(b *testing.B) {
				read(b, w.reader)
				for b.Loop() {
					read(b, w.reader)
				}
				b.ReportMetric(float64(w.reader.cache.size()), "cache-bytes")
			})
		}
	})
}
