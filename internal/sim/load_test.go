package sim_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sim"
)

// clerk is an endpoint that refuses some requests. It remembers what it took.
type clerk struct {
	mu       sync.Mutex
	requests int
	taken    []*event.Event
	refuse   func(request int) (status int, after string)
	again    []time.Time // when requests came after one that was refused
}

func (c *clerk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Header.Get("Authorization") != "Bearer "+writeToken || r.Header.Get("Content-Type") != sim.WireType {
		http.Error(w, "bad", http.StatusTeapot)
		return
	}
	if status, after := c.refuse(c.requests); status != 0 {
		c.again = append(c.again, time.Now())
		if after != "" {
			w.Header().Set("Retry-After", after)
		}
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"detail": "Not now."})
		return
	}
	events, err := event.DecodeProtoDelimited(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	c.taken = append(c.taken, events...)
}

// loaded runs a load against a clerk in a bubble.
func loaded(t *testing.T, c *clerk, load *sim.Load, check func(err error, took time.Duration)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network := bus.NewVirtual()
		l, err := network.Listen("tcp", "127.0.0.1:80")
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: c}
		go func() { _ = server.Serve(l) }()
		defer server.Close()
		client := &http.Client{Transport: &http.Transport{DialContext: network.DialContext}}
		defer client.CloseIdleConnections()
		load.Send = (&sim.Ingest{URL: "http://127.0.0.1:80/ingest/v1/events", Token: writeToken, Client: client}).Send
		began := time.Now()
		check(load.Run(t.Context()), time.Since(began))
	})
}

func TestLoadKeepsItsRate(t *testing.T) {
	c := &clerk{refuse: func(int) (int, string) { return 0, "" }}
	load := &sim.Load{Seed: 5, Rate: 200, For: 30 * time.Second}
	loaded(t, c, load, func(err error, took time.Duration) {
		p := load.Progress()
		if err != nil || took < 30*time.Second || took > 31*time.Second || p.Sent < 5900 || p.Sent > 6000 || p.Accepted != p.Sent || len(c.taken) != p.Sent || !p.Finished {
			t.Errorf("%v after %v: %+v, %d taken", err, took, p, len(c.taken))
		}
	})
	next := map[string]int{}
	for _, e := range c.taken {
		n, _ := strconv.Atoi(e.OrderHint)
		if key := e.Customer + e.Source.NativeID[:len(e.Source.NativeID)-len(e.OrderHint)]; n != next[key]+1 {
			t.Fatalf("event %d of a conversation after event %d", n, next[key])
		} else {
			next[key] = n
		}
	}
}

func TestLoadWaitsWhenAsked(t *testing.T) {
	c := &clerk{refuse: func(n int) (int, string) {
		switch n {
		case 1:
			return http.StatusTooManyRequests, "7"
		case 2, 3:
			return http.StatusServiceUnavailable, ""
		}
		return 0, ""
	}}
	load := &sim.Load{Seed: 5, Conversations: 10, Lanes: 1}
	loaded(t, c, load, func(err error, took time.Duration) {
		p := load.Progress()
		if err != nil || took < 9*time.Second || p.Limited != 1 || p.Busy != 2 || p.Accepted != p.Sent || p.Conversations != 10 || len(c.taken) != p.Sent {
			t.Errorf("%v after %v: %+v", err, took, p)
		}
		if wait := c.again[1].Sub(c.again[0]); wait < 7*time.Second {
			t.Errorf("asked again after %v", wait)
		}
		if p.P99 < 8900 || p.P50 > p.P99 {
			t.Errorf("p50 %v, p99 %v", p.P50, p.P99)
		}
	})
}

func TestLoadEndsWhenRefused(t *testing.T) {
	c := &clerk{refuse: func(int) (int, string) { return http.StatusUnauthorized, "" }}
	load := &sim.Load{Seed: 5, Conversations: 10}
	loaded(t, c, load, func(err error, took time.Duration) {
		if refusal, ok := errors.AsType[*sim.Refusal](err); !ok || refusal.Status != http.StatusUnauthorized || took > time.Second {
			t.Errorf("%v after %v", err, took)
		}
	})
}

func TestLoadOutlivesAServerThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := time.Now().Add(20 * time.Second)
		load := &sim.Load{Seed: 5, Conversations: 10, Again: func(error) bool { return true }, Send: func(context.Context, []*event.Event) error {
			if time.Now().Before(away) {
				return fmt.Errorf("connection refused")
			}
			return nil
		}}
		if err := load.Run(t.Context()); err != nil {
			t.Error(err)
		}
		if p := load.Progress(); p.Accepted != p.Sent || p.Unheard < 4 || time.Since(away) > 6*time.Second {
			t.Errorf("%+v, %v after it was back", p, time.Since(away))
		}
	})
}
