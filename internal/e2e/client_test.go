package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/sim"
)

var client = &http.Client{Timeout: 15 * time.Second}

// call makes a request and returns status and body.
func call(ctx context.Context, method, url, token, contentType string, body []byte) (int, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", contentType)
	answer, err := client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, text, errors.Join(err, answer.Body.Close())
}

// values asks the API for the values of the last hours.
func values(ctx context.Context, exporter, query string) ([]kpi.Value, error) {
	status, body, err := call(ctx, http.MethodGet, "http://"+exporter+"/api/v1/kpis?window=4h&"+query, readToken, "", nil)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("status %d: %s", status, body)
	}
	var answer struct{ Values []kpi.Value }
	return answer.Values, json.Unmarshal(body, &answer)
}

// counted returns how many conversations the API counts.
func counted(ctx context.Context, exporter string) (int64, error) {
	v, err := values(ctx, exporter, "kpi=conversations_started")
	if err != nil || len(v) != 1 {
		return 0, fmt.Errorf("%d values: %w", len(v), err)
	}
	return int64(v[0].Value.Float()), nil
}

// sender posts traffic at a steady pace until it is stopped. It repeats what was not acknowledged, as every source must, and now and then what was.
type sender struct {
	traffic *traffic
	url     string
	sent    atomic.Int64 // events acknowledged
	retries atomic.Int64
	stop    context.CancelFunc
	done    chan struct{}
	err     error
}

const (
	pace      = 25 * time.Millisecond // a request
	perPost   = 20                    // events of a request
	shuffled  = 200                   // events that wait for company, so that conversations overlap and come in disorder
	senders   = 4
	repeated  = 20 // one in so many requests is sent twice
	ackWithin = 2 * time.Minute
)

// send begins to post; finish ends it.
func send(t *testing.T, seed uint64, connector string) *sender {
	ctx, cancel := context.WithCancel(t.Context())
	s := &sender{traffic: newTraffic(seed), url: "http://" + connector + "/ingest/v1/events", stop: cancel, done: make(chan struct{})}
	go s.run(t.Context(), ctx)
	t.Cleanup(func() {
		cancel()
		<-s.done
	})
	return s
}

// finish stops inventing, waits until everything invented is acknowledged, and returns what must come out.
func (s *sender) finish(t *testing.T) sums {
	t.Helper()
	s.stop()
	<-s.done
	if s.err != nil {
		t.Fatal(s.err)
	}
	return s.traffic.want
}

func (s *sender) run(ctx, inventing context.Context) {
	defer close(s.done)
	batches := make(chan []*event.Event)
	var wg sync.WaitGroup
	errs := make([]error, senders)
	for i := range errs {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(i), 3))
			for batch := range batches {
				err := s.post(ctx, batch)
				if err == nil && rng.IntN(repeated) == 0 {
					err = s.post(ctx, batch)
				}
				if err != nil && errs[i] == nil {
					errs[i] = err
				}
				s.sent.Add(int64(len(batch)))
			}
		})
	}
	every := time.NewTicker(pace)
	defer every.Stop()
	var waiting []*event.Event
	for inventing.Err() == nil {
		select {
		case <-every.C:
		case <-inventing.Done():
			continue
		}
		for len(waiting) < shuffled+perPost {
			waiting = append(waiting, s.traffic.conversation()...)
		}
		s.traffic.rng.Shuffle(len(waiting), func(i, j int) { waiting[i], waiting[j] = waiting[j], waiting[i] })
		batches <- append([]*event.Event(nil), waiting[:perPost]...)
		waiting = waiting[perPost:]
	}
	batches <- waiting
	close(batches)
	wg.Wait()
	s.err = errors.Join(errs...)
}

// post sends events until they are acknowledged.
func (s *sender) post(ctx context.Context, events []*event.Event) error {
	ctx, cancel := context.WithTimeout(ctx, ackWithin)
	defer cancel()
	body := sim.Wire(events)
	for {
		status, answer, err := call(ctx, http.MethodPost, s.url, ingestToken, sim.WireType, body)
		switch {
		case err == nil && status == http.StatusOK:
			return nil
		case err == nil && status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable:
			return fmt.Errorf("ingest answers %d: %s", status, answer)
		}
		s.retries.Add(1)
		again := time.NewTimer(200 * time.Millisecond)
		select {
		case <-again.C:
		case <-ctx.Done():
			return fmt.Errorf("%d events were not acknowledged within %v: %d %s, %w", len(events), ackWithin, status, answer, err)
		}
	}
}

// matches compares everything that the API answers, by queue and for the tenant, with the plain sums.
func matches(ctx context.Context, exporter string, want sums) error {
	got := map[key]kpi.Value{}
	for _, by := range []string{"queue", "tenant"} {
		list, err := values(ctx, exporter, "group="+by)
		if err != nil {
			return err
		}
		for _, v := range list {
			got[key{v.KPI, v.Definition, v.Group["queue"]}] = v
		}
	}
	var errs []error
	for k, w := range want.of {
		v, ok := got[k]
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("%v: no value, want %+v", k, *w))
		case v.Unit == kpi.Seconds && (v.N != w.denominator || math.Round(v.Numerator.Float()*1000) != float64(w.numerator)):
			errs = append(errs, fmt.Errorf("%v: %v of %d, want %d ms of %d", k, v.Numerator, v.N, w.numerator, w.denominator))
		case v.Unit == kpi.Count && v.Value.Float() != float64(w.numerator):
			errs = append(errs, fmt.Errorf("%v: %v, want %d", k, v.Value, w.numerator))
		case v.Unit == kpi.Ratio && (v.Numerator.Float() != float64(w.numerator) || v.Denominator.Float() != float64(w.denominator)):
			errs = append(errs, fmt.Errorf("%v: %v/%v, want %d/%d", k, v.Numerator, v.Denominator, w.numerator, w.denominator))
		case !v.Complete:
			errs = append(errs, fmt.Errorf("%v: incomplete", k))
		}
	}
	for queue, customers := range want.customers {
		if v := got[key{"active_customers", "default", queue}]; v.Value.Float() != float64(len(customers)) {
			errs = append(errs, fmt.Errorf("active_customers of %q: %v, want %d", queue, v.Value, len(customers)))
		}
	}
	return errors.Join(errs...)
}
