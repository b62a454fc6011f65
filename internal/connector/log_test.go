package connector_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/connector"
	"github.com/vigia-cx/vigia/internal/connector/connectortest"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/httpapi"
)

const (
	interactions = connectortest.Interactions
	customers    = connectortest.Customers
	partitions   = connectortest.Partitions
	token        = "a-token-for-tests-0123456789"
	otherToken   = "another-token-for-tests-98765"
	noon         = 1767268800000 // 2026-01-01T12:00:00Z
)

var errOut = connectortest.ErrOut

// memoryLog is the log in memory with the names of these tests.
type memoryLog struct{ *connectortest.Log }

func newMemoryLog() *memoryLog { return &memoryLog{connectortest.NewLog()} }

func (l *memoryLog) setOut(out func(topic string, partition int32) bool) { l.SetOut(out) }

func (l *memoryLog) all(topic string) []bus.Message { return l.All(topic) }

func (l *memoryLog) events(t *testing.T) []*event.Event {
	t.Helper()
	out, err := l.Events()
	if err != nil {
		t.Fatalf("a record in the log cannot be read: %v", err)
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
		{Name: "acme", Tokens: []httpapi.Token{{Plain: token}}, PseudonymKey: bytes.Repeat([]byte{7}, 32)},
		{Name: "other", Tokens: []httpapi.Token{{SHA256: hex.EncodeToString(sum[:])}}, PseudonymKey: bytes.Repeat([]byte{8}, 32)},
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
