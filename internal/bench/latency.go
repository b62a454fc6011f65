package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/sim"
)

const (
	liveRate   = 2000 // events a second
	liveBatch  = 20   // events of a request of the background traffic
	markers    = 20   // markers on their way at the same time, each on a queue of its own
	warmUp     = 3 * time.Second
	measuring  = 15 * time.Second
	pollEvery  = 5 * time.Millisecond
	markerRest = 200 * time.Millisecond // longest pause of a queue between two markers
)

// latency measures how long it takes from the moment an event is posted until the API counts it, while traffic runs at a steady rate. All roles work in one other
// process; markers are single events among the traffic, and the API is asked for them all the time.
func latency(ctx context.Context, o order, r *report) (err error) {
	t, err := newTrial(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	var address string
	server, err := t.child(ctx, "serve", &address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	c := &client{http: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}, base: "http://" + address}
	if err := c.await(ctx, time.Minute); err != nil {
		return err
	}
	if err := t.redis.watchScripts(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.redis.forget()) }()

	ctx, cancel := context.WithTimeout(ctx, warmUp+measuring)
	defer cancel()
	l := &live{client: c, began: time.Now(), seen: make([]chan int64, markers)}
	var wg sync.WaitGroup
	for i := range l.seen {
		l.seen[i] = make(chan int64, 1)
		wg.Go(func() { l.mark(ctx, i) })
	}
	wg.Go(func() { l.traffic(ctx) })
	wg.Go(func() { l.poll(ctx) })
	wg.Wait()
	if l.err != nil {
		return l.err
	}
	applies, err := t.redis.applies()
	if err != nil {
		return err
	}
	used, err := server.usage()
	if err != nil {
		return err
	}
	if len(l.took) == 0 {
		return errors.New("no marker was ever counted")
	}
	r.add("live.event_to_kpi_p50", "ms", quantile(l.took, 0.5))
	r.add("live.event_to_kpi_p99", "ms", quantile(l.took, 0.99))
	r.add("live.event_to_kpi_max", "ms", quantile(l.took, 1))
	r.add("live.rate_reached", "events/s", float64(l.sent.Load())/(warmUp+measuring).Seconds())
	r.add("live.apply_p99", "ms", quantile(applies, 0.99))
	r.add("live.apply_max", "ms", quantile(applies, 1))
	r.add("live.process_cpu", "cores", used.CPU/(warmUp+measuring).Seconds())
	return nil
}

// live is traffic with markers in it.
type live struct {
	*client
	began time.Time
	sent  atomic.Int64
	seen  []chan int64 // by marker queue: the count that the API shows

	mu   sync.Mutex
	took []float64 // ms
	err  error     // the first
}

func (l *live) fail(ctx context.Context, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil && ctx.Err() == nil && l.err == nil {
		l.err = err
	}
}

// traffic posts events at the rate, in batches.
func (l *live) traffic(ctx context.Context) {
	w := workload{Conversations: 1 << 30, Span: 1 << 30 * time.Millisecond, Pace: time.Second}
	every := time.NewTicker(time.Second * liveBatch / liveRate)
	defer every.Stop()
	var posts sync.WaitGroup
	defer posts.Wait()
	for n := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		// As many as are due: a late tick must not lower the rate.
		for due := int(time.Since(l.began).Seconds() * liveRate); n+liveBatch <= due; n += liveBatch {
			batch := make([]*event.Event, liveBatch)
			for i := range batch {
				// 100 conversations take turns.
				k := n + i
				batch[i] = w.event(k/(turns*100)*100+k%100, k/100%turns)
				batch[i].At = time.Now().UnixMilli()
			}
			posts.Go(func() { l.fail(ctx, l.post(ctx, batch)) })
			l.sent.Add(liveBatch)
		}
	}
}

// mark sends one marker after the other on a queue of its own and takes the time until each is counted.
func (l *live) mark(ctx context.Context, queue int) {
	rng := rand.New(rand.NewPCG(uint64(queue), 7))
	for n := int64(1); ; n++ {
		rest := time.NewTimer(time.Duration(rng.Int64N(int64(markerRest))))
		select {
		case <-ctx.Done():
			return
		case <-rest.C:
		}
		began := time.Now()
		id := fmt.Sprintf("marker-%d-%d", queue, n)
		e := &event.Event{At: began.UnixMilli(), Quality: event.QualitySubsecond, Channel: event.WebChat, Source: event.Source{Connector: "bench", NativeID: id}, Conversation: id,
			Customer: id, Actor: event.ByCustomer, Routing: event.Routing{Queue: fmt.Sprintf("marker-%02d", queue)}, Body: event.Message{ID: id, Direction: event.Inbound}}
		if err := l.post(ctx, []*event.Event{e}); err != nil {
			l.fail(ctx, err)
			return
		}
		l.sent.Add(1)
		for count := int64(0); count < n; {
			select {
			case <-ctx.Done():
				return
			case count = <-l.seen[queue]:
			}
		}
		if time.Since(l.began) > warmUp {
			l.mu.Lock()
			l.took = append(l.took, time.Since(began).Seconds()*1000)
			l.mu.Unlock()
		}
	}
}

// poll asks the API for the counts of all queues again and again.
func (l *live) poll(ctx context.Context) {
	every := time.NewTicker(pollEvery)
	defer every.Stop()
	for {
		values, err := l.values(ctx, "kpi=conversations_started&group=queue&window=1h")
		if err != nil {
			l.fail(ctx, err)
			return
		}
		for _, v := range values {
			var queue int
			if _, err := fmt.Sscanf(v.Group["queue"], "marker-%d", &queue); err != nil || queue >= len(l.seen) {
				continue
			}
			select { // keep the newest count only
			case <-l.seen[queue]:
			default:
			}
			l.seen[queue] <- int64(v.Value.Float())
		}
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
	}
}

// client speaks HTTP with an installation.
type client struct {
	http *http.Client
	base string
}

// await waits until the installation is ready and knows its state.
func (c *client) await(ctx context.Context, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	every := time.NewTicker(50 * time.Millisecond)
	defer every.Stop()
	for {
		status, body, err := c.do(ctx, http.MethodGet, "/readyz", "", nil)
		if err == nil && status == http.StatusOK {
			status, body, err = c.do(ctx, http.MethodGet, "/api/v1/kpis?window=5m", readToken, nil)
		}
		if err == nil && status == http.StatusOK {
			return nil
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			return fmt.Errorf("not ready within %v: %d %s: %w", within, status, body, err)
		}
	}
}

func (c *client) post(ctx context.Context, events []*event.Event) error {
	status, body, err := c.do(ctx, http.MethodPost, "/ingest/v1/events", ingestToken, sim.Wire(events))
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("ingest answers %d: %s", status, body)
	}
	return err
}

func (c *client) values(ctx context.Context, query string) ([]kpi.Value, error) {
	status, body, err := c.do(ctx, http.MethodGet, "/api/v1/kpis?"+query, readToken, nil)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("the API answers %d: %s", status, body)
	}
	var answer struct{ Values []kpi.Value }
	return answer.Values, json.Unmarshal(body, &answer)
}

func (c *client) do(ctx context.Context, method, path, token string, body []byte) (int, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", sim.WireType)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return 0, nil, err
	}
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, text, errors.Join(err, answer.Body.Close())
}
