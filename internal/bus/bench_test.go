package bus_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/bus"
)

// Every benchmark runs on the embedded log in memory, with a data directory and every batch
// flushed (the default), with one left to the operating system, and on Apache Kafka if
// VIGIA_TEST_KAFKA is set. A message is 250 bytes, about an event with its headers.

const benchPartitions = 4

func onLogs(b *testing.B, run func(b *testing.B, c *bus.Client, topic string)) {
	topics := []bus.TopicSpec{{Name: "bench", Partitions: benchPartitions}}
	for _, l := range []struct {
		name string
		cfg  bus.EmbeddedConfig
	}{
		{"memory", bus.EmbeddedConfig{Topics: topics}},
		{"disk", bus.EmbeddedConfig{Topics: topics, Dir: b.TempDir()}},
		{"disk-nosync", bus.EmbeddedConfig{Topics: topics, Dir: b.TempDir(), NoSync: true}},
	} {
		b.Run(l.name, func(b *testing.B) { run(b, newClient(b, startEmbedded(b, l.cfg).Config()), "bench") })
	}
	b.Run("kafka", func(b *testing.B) {
		brokers := os.Getenv("VIGIA_TEST_KAFKA")
		if brokers == "" {
			b.Skip("VIGIA_TEST_KAFKA is not set")
		}
		c := newClient(b, bus.Config{Brokers: strings.Split(brokers, ",")})
		topic := fmt.Sprintf("vigia-bench-%d", time.Now().UnixNano())
		if err := c.CreateTopics(b.Context(), []bus.TopicSpec{{Name: topic, Partitions: benchPartitions}}); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = c.DeleteTopics(context.Background(), topic) })
		run(b, c, topic)
	})
}

func benchMessages(n int) []bus.Message {
	msgs := make([]bus.Message, n)
	for i := range msgs {
		msgs[i] = bus.Message{Key: fmt.Appendf(nil, "tenant/v/conversation-%04d", i), Value: make([]byte, 200)}
	}
	return msgs
}

func perSecond(b *testing.B, messages int) {
	b.ReportMetric(float64(messages)/b.Elapsed().Seconds(), "msg/s")
}

// BenchmarkPublish publishes 500 messages a call from 8 callers, as a busy connector or a
// replay does.
func BenchmarkPublish(b *testing.B) {
	onLogs(b, func(b *testing.B, c *bus.Client, topic string) {
		const per, callers = 500, 8
		msgs := benchMessages(per)
		var calls sync.WaitGroup
		b.ReportAllocs()
		b.ResetTimer()
		for w := range callers {
			calls.Go(func() {
				for i := w; i < b.N; i += callers {
					if err := c.Publish(b.Context(), topic, msgs); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		calls.Wait()
		perSecond(b, b.N*per)
	})
}

// BenchmarkPublishOne is the latency of one message published alone: what a webhook's sender
// waits for. 5 ms of it is the batch time-out.
func BenchmarkPublishOne(b *testing.B) {
	onLogs(b, func(b *testing.B, c *bus.Client, topic string) {
		msgs := benchMessages(1)
		b.ReportAllocs()
		for b.Loop() {
			if err := c.Publish(b.Context(), topic, msgs); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkProduce is the relay's way: one request in flight of 100 messages.
func BenchmarkProduce(b *testing.B) {
	onLogs(b, func(b *testing.B, c *bus.Client, topic string) {
		msgs := benchMessages(100)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.Produce(b.Context(), topic, 0, msgs); err != nil {
				b.Fatal(err)
			}
		}
		perSecond(b, b.N*len(msgs))
	})
}

// BenchmarkFetch reads a log of 100,000 messages again and again, 1 MiB a request.
func BenchmarkFetch(b *testing.B) {
	onLogs(b, func(b *testing.B, c *bus.Client, topic string) {
		msgs := benchMessages(1000)
		for range 100 {
			if _, err := c.Produce(b.Context(), topic, 0, msgs); err != nil {
				b.Fatal(err)
			}
		}
		total, offset := 0, int64(0)
		b.ReportAllocs()
		for b.Loop() {
			batch, err := c.Fetch(b.Context(), topic, 0, offset, bus.FetchOptions{})
			if err != nil {
				b.Fatal(err)
			}
			total += len(batch.Messages)
			if offset = batch.Next; offset >= batch.HighWatermark {
				offset = 0
			}
		}
		perSecond(b, total)
	})
}
