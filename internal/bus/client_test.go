package bus_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/segmentio/kafka-go"

	"github.com/vigia-cx/vigia/internal/bus"
)

func TestConfigValidate(t *testing.T) {
	for _, test := range []struct {
		name   string
		config bus.Config
		want   string
	}{
		{"good", bus.Config{Brokers: []string{"kafka-1:9092", "[::1]:9092"}}, ""},
		{"no broker", bus.Config{}, "brokers: empty"},
		{"no port", bus.Config{Brokers: []string{"kafka"}}, `"kafka" is not host:port`},
		{"empty port", bus.Config{Brokers: []string{"kafka:"}}, `"kafka:" is not host:port`},
		{"a list in one string", bus.Config{Brokers: []string{"a:1,b:2"}}, `"a:1,b:2" is not host:port`},
		{"negative batch", bus.Config{Brokers: []string{"a:1"}, MaxBatchBytes: -1}, "max_batch_bytes"},
		{"negative in flight", bus.Config{Brokers: []string{"a:1"}, MaxInFlightBytes: -1}, "max_in_flight_bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := bus.New(test.config, nil, nil)
			if err == nil {
				_ = c.Close()
			}
			if got := errString(err); test.want == "" && got != "" || !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func errString(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestUnreachableBrokersAreNamed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close() // nobody listens there now

	c := newClient(t, bus.Config{Brokers: []string{address}})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	calls := map[string]func() error{
		"ping":      func() error { return c.Ping(ctx) },
		"publish":   func() error { return c.Publish(ctx, "t", []bus.Message{{Key: []byte("k")}}) },
		"produce":   func() error { _, err := c.Produce(ctx, "t", 0, []bus.Message{{}}); return err },
		"fetch":     func() error { _, err := c.Fetch(ctx, "t", 0, 0, bus.FetchOptions{}); return err },
		"bounds":    func() error { _, _, err := c.Bounds(ctx, "t", 0); return err },
		"create":    func() error { return c.CreateTopics(ctx, []bus.TopicSpec{{Name: "t", Partitions: 1}}) },
		"alter":     func() error { return c.AlterConfig(ctx, "t", map[string]string{"retention.ms": "1"}) },
		"delete":    func() error { return c.DeleteTopics(ctx, "t") },
		"topics":    func() error { _, err := c.Topics(ctx, "t"); return err },
		"committed": func() error { _, err := c.Committed(ctx, "g", "t", []int32{0}); return err },
		"join":      func() error { _, err := c.Join(ctx, bus.GroupConfig{ID: "g", Topics: []string{"t"}}); return err },
	}
	for name, call := range calls {
		err := call()
		if err == nil || !bus.Retryable(err) || errors.Is(err, bus.ErrUnknownTopic) || !strings.Contains(err.Error(), address) {
			t.Errorf("%s: got %v (retryable %t), want a retryable error that names %s", name, err, bus.Retryable(err), address)
		}
	}
}

func TestErrorsAreClassified(t *testing.T) {
	// Through a real request: whatever the broker answers reaches the caller classified.
	for code, want := range map[kafka.Error]struct {
		retryable bool
		is        error
	}{
		kafka.NotLeaderForPartition:        {true, nil},
		kafka.LeaderNotAvailable:           {true, nil},
		kafka.RequestTimedOut:              {true, nil},
		kafka.NotEnoughReplicas:            {true, nil},
		kafka.Unknown:                      {true, nil},
		kafka.GroupCoordinatorNotAvailable: {true, nil},
		kafka.UnknownTopicOrPartition:      {true, bus.ErrUnknownTopic},
		kafka.TopicAuthorizationFailed:     {false, nil},
		kafka.MessageSizeTooLarge:          {false, bus.ErrTooLarge},
		kafka.IllegalGeneration:            {false, bus.ErrStaleGeneration},
		kafka.UnknownMemberId:              {false, bus.ErrStaleGeneration},
		kafka.RebalanceInProgress:          {false, bus.ErrStaleGeneration},
		kafka.InvalidTopic:                 {false, nil},
	} {
		err := bus.Classify(t.Context(), code)
		if bus.Retryable(err) != want.retryable || want.is != nil && !errors.Is(err, want.is) {
			t.Errorf("%v: retryable %t, error %v", code, bus.Retryable(err), err)
		}
	}
	for _, cause := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, &net.OpError{Op: "read", Err: errors.New("reset")}, context.DeadlineExceeded} {
		if err := bus.Classify(t.Context(), cause); !bus.Retryable(err) || !errors.Is(err, cause) {
			t.Errorf("%v is not retryable", cause)
		}
	}
	if err := bus.Classify(t.Context(), errors.New("crc32 checksum mismatch")); bus.Retryable(err) {
		t.Error("a damaged log is retryable")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := bus.Classify(ctx, io.EOF); bus.Retryable(err) || !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled call: %v", err)
	}
}

func TestMetrics(t *testing.T) {
	e := startEmbedded(t, bus.EmbeddedConfig{Topics: []bus.TopicSpec{{Name: "t", Partitions: 1}}})
	reg := prometheus.NewPedanticRegistry()
	var clients []*bus.Client
	for range 2 { // roles of one process share a registry
		c, err := bus.New(e.Config(), nil, reg)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		clients = append(clients, c)
	}
	ctx := t.Context()
	if err := clients[0].Publish(ctx, "t", []bus.Message{{Key: []byte("secret-key"), Value: []byte("v")}}); err != nil {
		t.Fatal(err)
	}
	if err := clients[1].Publish(ctx, "t", []bus.Message{{Key: []byte("k"), Value: []byte("v")}}); err != nil {
		t.Fatal(err)
	}
	_ = clients[0].Publish(ctx, "t", []bus.Message{{Value: []byte("no key")}})
	_, _ = clients[0].Fetch(ctx, "missing", 0, 0, bus.FetchOptions{})
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	_, _ = clients[0].Fetch(canceled, "t", 0, 0, bus.FetchOptions{})

	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if v := m.GetCounter().GetValue(); v != 0 {
				got[m.GetLabel()[0].GetValue()+" "+m.GetLabel()[1].GetValue()] = v
			}
		}
	}
	for series, want := range map[string]float64{"publish ok": 2, "publish refused": 1, "fetch retryable": 1, "fetch canceled": 1} {
		if got[series] != want {
			t.Errorf("%s: %v, want %v", series, got[series], want)
		}
	}
}

func TestClosedClient(t *testing.T) {
	e := startEmbedded(t, bus.EmbeddedConfig{Topics: []bus.TopicSpec{{Name: "t", Partitions: 1}}})
	c := newClient(t, e.Config())
	g, err := c.Join(t.Context(), bus.GroupConfig{ID: "g", Topics: []string{"t"}})
	if err != nil {
		t.Fatal(err)
	}
	gen, err := g.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	waiting := make(chan error, 1)
	go func() {
		_, err := c.Fetch(context.Background(), "t", 0, 0, bus.FetchOptions{MaxWait: time.Hour})
		waiting <- err
	}()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	// Everything that was under way ends, and nothing new begins.
	<-gen.Done()
	if err := <-waiting; !errors.Is(err, bus.ErrClosed) {
		t.Errorf("fetch under way: got %v", err)
	}
	ctx := t.Context()
	_, fetchErr := c.Fetch(ctx, "t", 0, 0, bus.FetchOptions{})
	_, nextErr := g.Next(ctx)
	_, joinErr := c.Join(ctx, bus.GroupConfig{ID: "g", Topics: []string{"t"}})
	for name, err := range map[string]error{
		"fetch": fetchErr, "next": nextErr, "join": joinErr, "ping": c.Ping(ctx),
		"publish": c.Publish(ctx, "t", []bus.Message{{Key: []byte("k")}}),
	} {
		if !errors.Is(err, bus.ErrClosed) || bus.Retryable(err) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
