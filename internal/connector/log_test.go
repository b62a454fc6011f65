package connector_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/connector"
	"github.com/vigia-cx/vigia/internal/event"
)

const (
	interactions = "vigia.interactions"
	customers    = "vigia.customers"
	partitions   = 4
	token        = "a-token-for-tests-0123456789"
	otherToken   = "another-token-for-tests-98765"
	noon         = 1767268800000 // 2026-01-01T12:00:00Z
)

var errOut = errors.New("no broker answers")

// memoryLog is a log in memory with the partitions and the order of a real one. It can be out, and it can hang.
type memoryLog struct {
	mu      sync.Mutex
	records map[string][][]bus.Message // topic → partition → records
	out     func(topic string, partition int32) bool
	hang    bool
}

func newMemoryLog() *memoryLog {
	l := &memoryLog{records: map[string][][]bus.Message{}}
	for _, topic := range []string{interactions, customers} {
		l.records[topic] = make([][]bus.Message, partitions)
	}
	return l
}

func (l *memoryLog) setOut(out func(topic string, partition int32) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.out = out
}

func (l *memoryLog) append(ctx context.Context, topic string, partition int32, m bus.Message) error {
	if l.hang {
		<-ctx.Done()
		return ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.records[topic] == nil {
		return bus.ErrUnknownTopic
	}
	if l.out != nil && l.out(topic, partition) {
		return errOut
	}
	m.Topic, m.Partition, m.Offset = topic, partition, int64(len(l.records[topic][partition]))
	l.records[topic][partition] = append(l.records[topic][partition], m)
	return nil
}

func (l *memoryLog) Publish(ctx context.Context, topic string, msgs []bus.Message) error {
	for _, m := range msgs {
		if err := l.append(ctx, topic, bus.Partition(m.Key, partitions), m); err != nil {
			return err
		}
	}
	return nil
}

func (l *memoryLog) Produce(ctx context.Context, topic string, partition int32, msgs []bus.Message) (int64, error) {
	for _, m := range msgs {
		if err := l.append(ctx, topic, partition, m); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

func (l *memoryLog) Topics(_ context.Context, names ...string) (map[string]bus.TopicInfo, error) {
	out := map[string]bus.TopicInfo{}
	for _, name := range names {
		out[name] = bus.TopicInfo{Exists: l.records[name] != nil, Partitions: len(l.records[name])}
	}
	return out, nil
}

// all returns every record of a topic, by partition and offset.
func (l *memoryLog) all(topic string) []bus.Message {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []bus.Message
	for _, p := range l.records[topic] {
		out = append(out, p...)
	}
	return out
}

func (l *memoryLog) events(t *testing.T) []*event.Event {
	t.Helper()
	var out []*event.Event
	for _, m := range l.all(interactions) {
		r, err := event.Decode(m.Value)
		if err != nil {
			t.Fatalf("a record in the log cannot be read: %v", err)
		}
		if e, ok := r.Body.(*event.Event); ok {
			out = append(out, e)
		}
	}
	return out
}

// stage is a handler with everything around it in sight.
type stage struct {
	*connector.Handler
	log  *memoryLog
	out  *bytes.Buffer // what was logged
	reg  *prometheus.Registry
	time time.Time
}

func config() connector.Config {
	cfg := connector.Default()
	sum := sha256.Sum256([]byte(otherToken))
	cfg.Tenants = []connector.TenantConfig{
		{Name: "acme", Tokens: []connector.Token{{Plain: token}}, PseudonymKey: bytes.Repeat([]byte{7}, 32)},
		{Name: "other", Tokens: []connector.Token{{SHA256: hex.EncodeToString(sum[:])}}, PseudonymKey: bytes.Repeat([]byte{8}, 32)},
	}
	return cfg
}

func newStage(t *testing.T, cfg connector.Config, options ...connector.Option) *stage {
	t.Helper()
	s := &stage{log: newMemoryLog(), out: &bytes.Buffer{}, reg: prometheus.NewRegistry(), time: time.UnixMilli(noon)}
	logger := slog.New(slog.NewTextHandler(s.out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	options = append([]connector.Option{connector.WithClock(func() time.Time { return s.time })}, options...)
	h, err := connector.New(cfg, s.log, logger, s.reg, options...)
	if err != nil {
		t.Fatal(err)
	}
	s.Handler = h
	return s
}

// metric returns the value of one series, as name or name{label}.
func (s *stage) metric(t *testing.T, name, label string) float64 {
	t.Helper()
	families, err := s.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && (label == "" || m.GetLabel()[0].GetValue() == label) {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	t.Fatalf("there is no series %s %q", name, label)
	return 0
}

func message(n int) *event.Event {
	return &event.Event{At: noon - 1000, Conversation: fmt.Sprint("c", n), Actor: event.ByCustomer, Channel: event.Email, Routing: event.Routing{Queue: "Ventas"},
		Body: event.Message{ID: fmt.Sprint("m", n), Direction: event.Inbound}}
}
