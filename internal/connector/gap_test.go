package connector_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/connector"
	"github.com/vigia-cx/vigia/internal/event"
)

// gaps returns the gaps of one partition, in order.
func gaps(t *testing.T, l *memoryLog, topic string, partition int) []event.Gap {
	t.Helper()
	var out []event.Gap
	for _, m := range l.all(topic) {
		r, err := event.Decode(m.Value)
		if err != nil {
			t.Fatal(err)
		}
		if g, ok := r.Body.(event.Gap); ok && m.Partition == int32(partition) {
			out = append(out, g)
		}
	}
	return out
}

func TestGapIsAnnounced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, config(), connector.WithClock(time.Now))
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.Run(ctx) }()

		s.log.setOut(func(string, int32) bool { return true })
		since := time.Now().UnixMilli()
		for i := range 5 { // clients keep trying for 25 s
			e := message(i)
			e.At = 0
			if _, err := s.Accept(ctx, "acme", []*event.Event{e}); err == nil {
				t.Fatal("accepted while the log is out")
			}
			time.Sleep(5 * time.Second)
		}
		// The log comes back, one partition later than the others.
		s.log.setOut(func(topic string, p int32) bool { return topic == customers && p == 2 })
		time.Sleep(3 * time.Second)
		open := event.Gap{Tenant: "acme", Connector: "http", From: since, Reason: "log_unavailable"}
		if got := gaps(t, s.log, interactions, 0); len(got) == 0 || cmp.Diff(open, got[0]) != "" {
			t.Fatalf("announced %+v, want %+v at once", got, open)
		}
		if got := gaps(t, s.log, interactions, 0); len(got) < 2 {
			t.Errorf("the open gap was announced %d times while a partition was missing", len(got))
		}
		s.log.setOut(nil)
		time.Sleep(20 * time.Second)
		for _, topic := range []string{interactions, customers} {
			for p := range partitions {
				got := gaps(t, s.log, topic, p)
				if len(got) < 2 {
					t.Errorf("%s/%d has %+v", topic, p, got)
					continue
				}
				first, last := got[0], got[len(got)-1]
				if cmp.Diff(open, first) != "" || last.From != since || last.To <= since+25_000 || last.To > time.Now().UnixMilli() {
					t.Errorf("%s/%d begins with %+v and ends with %+v", topic, p, first, last)
				}
			}
		}
		if got := s.metric(t, "vigia_ingest_blind_sources", ""); got != 0 {
			t.Errorf("%v sources are still blind", got)
		}
		// Nothing more is said.
		before := len(s.log.all(interactions))
		time.Sleep(time.Hour)
		if got := len(s.log.all(interactions)); got != before {
			t.Errorf("%d records were written in a quiet hour", got-before)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestBlindSourcesAreBounded: a client that invents accounts makes the tenant blind, not the memory full.
func TestBlindSourcesAreBounded(t *testing.T) {
	s := newStage(t, config())
	s.log.setOut(func(string, int32) bool { return true })
	for i := range 1000 {
		e := message(i)
		e.Source.Account = fmt.Sprint("account-", i)
		if _, err := s.Accept(t.Context(), "acme", []*event.Event{e}); err == nil {
			t.Fatal("accepted")
		}
	}
	if got := s.metric(t, "vigia_ingest_blind_sources", ""); got != 65 {
		t.Errorf("%v sources are kept", got)
	}
}

// TestSlowLog: the log gets 10 s, then the client is told to come again, and a client that goes away does not stop the write.
func TestSlowLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, config())
		s.log.SetHang(true)
		start := time.Now()
		if w := s.post([]byte(valid)); w.Code != 503 {
			t.Errorf("got %d", w.Code)
		}
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("the answer came after %v", took)
		}
		// The caller of Accept may give up; that makes no source blind.
		before := s.metric(t, "vigia_ingest_events_total", "unavailable")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.Accept(ctx, "acme", []*event.Event{message(1)}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if got := s.metric(t, "vigia_ingest_events_total", "unavailable"); got != before {
			t.Error("a caller's patience was taken for a fault of the log")
		}
	})
}

// TestBusy: memory is bounded by the requests in flight.
func TestBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := config()
		cfg.MaxInFlight = 2
		s := newStage(t, cfg)
		s.log.SetHang(true)
		codes := make(chan int, 3)
		for range 3 {
			go func() { codes <- s.post([]byte(valid)).Code }()
		}
		synctest.Wait()
		if code := <-codes; code != 503 || s.metric(t, "vigia_ingest_rejected_total", "busy") != 1 {
			t.Errorf("the third request got %d", code)
		}
		<-codes
		<-codes
	})
}

// pulse remembers heartbeats as Redis would: until they expire.
type pulse struct {
	mu    sync.Mutex
	until map[string]time.Time
	out   bool
	beats int
}

func (p *pulse) Heartbeat(_ context.Context, tenant, source string, ttl time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.beats++
	if p.out {
		return errOut
	}
	p.until[tenant+" "+source] = time.Now().Add(ttl)
	return nil
}

func (p *pulse) alive() map[string]bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[string]bool{}
	for k, until := range p.until {
		if until.After(time.Now()) {
			out[k] = true
		}
	}
	return out
}

func (p *pulse) setOut(out bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out = out
}

func TestHeartbeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := config()
		cfg.Tenants[0].Sources = []connector.SourceConfig{{Connector: "zendesk", Account: "mx/1"}, {Connector: "http"}}
		heart := &pulse{until: map[string]time.Time{}}
		s := newStage(t, cfg, connector.WithClock(time.Now), connector.WithHeart(heart))
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.Run(ctx) }()
		synctest.Wait()
		want := map[string]bool{"acme zendesk/mx%2F1": true, "acme http/*": true, "other *": true}
		if diff := cmp.Diff(want, heart.alive()); diff != "" {
			t.Errorf("at once (-want +got):\n%s", diff)
		}
		time.Sleep(time.Hour)
		if diff := cmp.Diff(want, heart.alive()); diff != "" {
			t.Errorf("after an hour (-want +got):\n%s", diff)
		}
		heart.setOut(true)
		time.Sleep(time.Minute)
		if got := heart.alive(); len(got) != 0 {
			t.Errorf("alive without Redis: %v", got)
		}
		heart.setOut(false)
		time.Sleep(10 * time.Second)
		synctest.Wait() // for the beat of this very instant
		if diff := cmp.Diff(want, heart.alive()); diff != "" {
			t.Errorf("when Redis is back (-want +got):\n%s", diff)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestGapKeepsToTopicsThatExist(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := config()
		cfg.GapTopics = []string{"missing", interactions}
		s := newStage(t, cfg, connector.WithClock(time.Now))
		s.log.setOut(func(string, int32) bool { return true })
		_, _ = s.Accept(t.Context(), "acme", []*event.Event{message(1)})
		s.log.setOut(nil)
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
		defer stop()
		_ = s.Run(ctx)
		if got := gaps(t, s.log, interactions, 0); len(got) == 0 {
			t.Error("a missing topic kept the gap from the topic that exists")
		}
	})
}

var _ connector.Publisher = (*bus.Client)(nil)
