package bus_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vigia-cx/vigia/internal/bus"
)

// TestBubble goes the whole way, produce → group → fetch → commit, in virtual time. The
// bubble ends only when every goroutine has, so it also proves that Close leaves none.
func TestBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, start := context.Background(), time.Now()
		v := bus.NewVirtual()
		e := startEmbedded(t, bus.EmbeddedConfig{
			Listen: v.Listen, Dial: v.DialContext, Topics: []bus.TopicSpec{{Name: "t", Partitions: 2}},
		})
		const n = 60
		go func() {
			c := newClient(t, e.Config())
			for i := range n {
				if err := c.Publish(ctx, "t", []bus.Message{{Key: fmt.Append(nil, i), Value: []byte("v")}}); err != nil {
					t.Error(err)
				}
				time.Sleep(time.Minute)
			}
		}()

		c := newClient(t, e.Config())
		g, err := c.Join(ctx, bus.GroupConfig{ID: "g", Topics: []string{"t"}})
		if err != nil {
			t.Fatal(err)
		}
		gen, err := g.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var seen atomic.Int64
		var late atomic.Int64
		for _, p := range gen.Assignments["t"] {
			gen.Start(func(ctx context.Context) {
				for next := int64(0); ctx.Err() == nil; {
					b, err := c.Fetch(ctx, "t", p, next, bus.FetchOptions{MaxWait: 10 * time.Second})
					if err != nil {
						if ctx.Err() == nil {
							t.Error(err)
						}
						return
					}
					for _, m := range b.Messages {
						late.Store(max(late.Load(), time.Now().UnixMilli()-m.At))
					}
					if b.Next > next {
						if err := c.Commit(ctx, gen, "t", p, b.Next, "m"); err != nil {
							t.Error(err)
						}
					}
					next = b.Next
					seen.Add(int64(len(b.Messages)))
				}
			})
		}
		time.Sleep(n*time.Minute + 30*time.Second)
		if seen.Load() != n || late.Load() > 10 {
			t.Errorf("%d records seen, want %d; the latest after %d ms, want at most 10", seen.Load(), n, late.Load())
		}
		committed, err := c.Committed(ctx, "g", "t", []int32{0, 1})
		if err != nil || committed[0].Offset+committed[1].Offset != n {
			t.Errorf("committed %v, %v", committed, err)
		}
		if err := g.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took > n*time.Minute+40*time.Second {
			t.Errorf("took %v of virtual time", took)
		}
	})
}

// fixedPort always listens on the same port, as a broker does that comes back.
func fixedPort(v *bus.Virtual) func(string, string) (net.Listener, error) {
	return func(network, _ string) (net.Listener, error) { return v.Listen(network, "127.0.0.1:9092") }
}

func TestClientOutlivesTheBroker(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		v := bus.NewVirtual()
		cfg := bus.EmbeddedConfig{
			Dir: dir, NoSync: true, Listen: fixedPort(v), Dial: v.DialContext, Topics: []bus.TopicSpec{{Name: "t", Partitions: 1}},
		}
		e := startEmbedded(t, cfg)
		c := newClient(t, e.Config())
		publish := func(value string) error {
			return c.Publish(ctx, "t", []bus.Message{{Key: []byte("k"), Value: []byte(value)}})
		}
		g, err := c.Join(ctx, bus.GroupConfig{ID: "g", Topics: []string{"t"}})
		if err != nil {
			t.Fatal(err)
		}
		first, err := g.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := publish("before"); err != nil {
			t.Fatal(err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}

		time.Sleep(20 * time.Second)
		if err := publish("meanwhile"); !bus.Retryable(err) {
			t.Errorf("publish without a broker: got %v, want a retryable error", err)
		}
		if _, err := c.Fetch(ctx, "t", 0, 0, bus.FetchOptions{}); !bus.Retryable(err) {
			t.Errorf("fetch without a broker: got %v, want a retryable error", err)
		}
		<-first.Done()
		next := make(chan *bus.Generation)
		go func() {
			gen, err := g.Next(ctx)
			if err != nil {
				t.Error(err)
			}
			next <- gen
		}()
		time.Sleep(time.Minute)

		startEmbedded(t, cfg)
		back := time.Now()
		gen := <-next
		if took := time.Since(back); took > 15*time.Second {
			t.Errorf("the group took %v to come back", took)
		}
		if err := publish("after"); err != nil {
			t.Error(err)
		}
		if err := c.Commit(ctx, gen, "t", 0, 2, ""); err != nil {
			t.Error(err)
		}
		b, err := c.Fetch(ctx, "t", 0, 0, bus.FetchOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(b.Messages); n != 2 || string(b.Messages[n-1].Value) != "after" {
			t.Errorf("got %+v", b.Messages)
		}
	})
}

// stall is a network on which connections stay open and nothing arrives any more: what a
// broker looks like that hangs.
type stall struct {
	bus.DialFunc
	on atomic.Bool
}

func (s *stall) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := s.DialFunc(ctx, network, address)
	return &stalledConn{Conn: c, stall: s}, err
}

type stalledConn struct {
	net.Conn
	stall *stall
}

func (c *stalledConn) Write(b []byte) (int, error) {
	if c.stall.on.Load() {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

func TestHangingBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := bus.NewVirtual()
		s := &stall{DialFunc: v.DialContext}
		e := startEmbedded(t, bus.EmbeddedConfig{Listen: v.Listen, Dial: v.DialContext, Topics: []bus.TopicSpec{{Name: "t", Partitions: 1}}})
		c := newClient(t, bus.Config{Brokers: e.Brokers(), Dial: s.dial, MaxInFlightBytes: 1000})
		msg := []bus.Message{{Key: []byte("k"), Value: make([]byte, 800)}}
		if err := c.Publish(t.Context(), "t", msg); err != nil {
			t.Fatal(err)
		}
		s.on.Store(true)

		// A request without answer ends in time even if the caller would wait for ever.
		start := time.Now()
		if _, err := c.Fetch(t.Context(), "t", 0, 0, bus.FetchOptions{MaxWait: time.Second}); !bus.Retryable(err) {
			t.Errorf("fetch: got %v", err)
		}
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("fetch took %v", took)
		}

		// Callers come and go; what they leave in memory stays bounded.
		for range 5 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if err := c.Publish(ctx, "t", msg); !errors.Is(err, context.DeadlineExceeded) || !bus.Retryable(err) {
				t.Errorf("publish: got %v", err)
			}
			cancel()
		}
		s.on.Store(false)
		time.Sleep(time.Minute)
		if err := c.Publish(t.Context(), "t", msg); err != nil {
			t.Error(err)
		}
		_, end, err := c.Bounds(t.Context(), "t", 0)
		if err != nil || end > 3 {
			t.Errorf("%d records, %v: the client kept more than it may hold", end, err)
		}

		// Close does not wait for answers that never come.
		s.on.Store(true)
		go func() { _, _ = c.Fetch(context.Background(), "t", 0, end, bus.FetchOptions{MaxWait: time.Hour}) }()
		synctest.Wait()
		start = time.Now()
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took > time.Minute {
			t.Errorf("close took %v", took)
		}
	})
}

// TestStartStop opens and closes everything many times at once; the bubble finds leaks, the
// race detector the rest.
func TestStartStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := bus.NewVirtual()
		e := startEmbedded(t, bus.EmbeddedConfig{Listen: v.Listen, Dial: v.DialContext, Topics: []bus.TopicSpec{{Name: "t", Partitions: 4}}})
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				c, err := bus.New(e.Config(), nil, nil)
				if err != nil {
					t.Error(err)
					return
				}
				g, err := c.Join(context.Background(), bus.GroupConfig{ID: "g", Topics: []string{"t"}})
				if err != nil {
					t.Error(err)
				}
				go func() { _, _ = g.Next(context.Background()) }()
				go func() { _ = c.Publish(context.Background(), "t", []bus.Message{{Key: []byte("k")}}) }()
				time.Sleep(time.Duration(i) * 300 * time.Millisecond)
				var both sync.WaitGroup
				both.Go(func() { _ = g.Close() })
				both.Go(func() { _ = c.Close() })
				both.Wait()
			})
		}
		wg.Wait()
	})
}

func TestVirtualCarriesHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := bus.NewVirtual()
		l, err := v.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })}
		go func() { _ = server.Serve(l) }()
		defer server.Close()
		transport := &http.Transport{DialContext: v.DialContext}
		defer transport.CloseIdleConnections()
		res, err := (&http.Client{Transport: transport}).Get("http://" + l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || string(body) != "hello" {
			t.Fatalf("got %q, %v", body, err)
		}
		if _, err := v.Listen("tcp", "not an address"); err == nil {
			t.Error("a bad address can be listened on")
		}
	})
}
