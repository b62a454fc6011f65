package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
)

const (
	openDeadlines = 100_000 // promises that run meanwhile
	dueRate       = 20      // promises a second that are broken
	promised      = 5 * time.Second
	alertGrace    = 2 * time.Second // the default
	alerting      = 30 * time.Second
	// Everything open was promised an answer in an hour; queue "soon" is promised one in seconds.
	alertRules = `    rules:
      - {name: soon, match: {queue: [soon]}, first_response: 5s, warn: []}
      - {name: standard, first_response: 1h, next_response: 1h, resolution: 8h}
    alerting:
      receivers:
        - {name: hook, to: {webhook: {url: "http://%s/", secrets: ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]}}}
`
)

// alerts measures how long after due + grace a broken promise reaches a webhook, while very many other promises run. All roles work in one other process.
func alerts(ctx context.Context, o order, r *report) (err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	sink := &sink{at: map[string]time.Time{}}
	server := &http.Server{Handler: sink, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	defer func() { err = errors.Join(err, server.Close()) }()
	o.Rules = fmt.Sprintf(alertRules, listener.Addr())
	t, err := newTrial(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	var address string
	vigia, err := t.child(ctx, "serve", &address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, vigia.stop()) }()
	c := &client{http: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}, base: "http://" + address}
	if err := c.await(ctx, time.Minute); err != nil {
		return err
	}
	if err := c.ask(ctx, o.Work.Conversations, func(i int) *event.Event { return question(fmt.Sprintf("open-%d", i), fmt.Sprintf("queue-%02d", i%20)) }); err != nil {
		return err
	}
	if err := t.drained(ctx); err != nil {
		return err
	}
	asked, err := c.keepAsking(ctx)
	if err != nil {
		return err
	}
	return sink.judge(ctx, asked, r)
}

// question is a customer's first message, now.
func question(conversation, queue string) *event.Event {
	return &event.Event{At: time.Now().UnixMilli(), Quality: event.QualitySubsecond, Channel: event.WebChat, Source: event.Source{Connector: "bench", NativeID: conversation},
		Conversation: conversation, Customer: conversation, Actor: event.ByCustomer, Routing: event.Routing{Queue: queue}, Body: event.Message{ID: conversation, Direction: event.Inbound}}
}

// ask posts n events as fast as they are taken.
func (c *client) ask(ctx context.Context, n int, make func(i int) *event.Event) error {
	for i := 0; i < n; {
		var batch []*event.Event
		for ; i < n && len(batch) < 1000; i++ {
			batch = append(batch, make(i))
		}
		if err := c.post(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// keepAsking posts questions that nobody will answer, at the rate, and returns how many.
func (c *client) keepAsking(ctx context.Context) (asked int, err error) {
	every := time.NewTicker(time.Second / dueRate)
	defer every.Stop()
	for began := time.Now(); time.Since(began) < alerting; asked++ {
		select {
		case <-every.C:
		case <-ctx.Done():
			return asked, ctx.Err()
		}
		if err := c.post(ctx, []*event.Event{question(fmt.Sprintf("soon-%d", asked), "soon")}); err != nil {
			return asked, err
		}
	}
	return asked, nil
}

// sink is the receiver of webhooks. It notes when each incident was first told.
type sink struct {
	mu      sync.Mutex
	at      map[string]time.Time // by incident
	took    []float64            // ms since due + grace
	strange []string
}

func (s *sink) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	now := time.Now()
	var n struct {
		Type string `json:"type"`
		Data struct {
			Incident string    `json:"incident"`
			DueAt    time.Time `json:"due_at"`
		} `json:"data"`
	}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &n)
	}
	incident, due := n.Data.Incident, n.Data.DueAt
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || n.Type != "sla.breached" || incident == "" || due.IsZero() {
		s.strange = append(s.strange, fmt.Sprintf("%s %v %.200s", n.Type, err, body))
		return
	}
	if _, told := s.at[incident]; !told {
		s.at[incident] = now
		s.took = append(s.took, float64(now.Sub(due.Add(alertGrace)).Microseconds())/1000)
	}
}

// judge waits until everything that was asked is told.
func (s *sink) judge(ctx context.Context, asked int, r *report) error {
	every := time.NewTicker(100 * time.Millisecond)
	defer every.Stop()
	for deadline := time.Now().Add(promised + alertGrace + 30*time.Second); ; {
		s.mu.Lock()
		told, strange := len(s.took), s.strange
		s.mu.Unlock()
		switch {
		case len(strange) > 0:
			return fmt.Errorf("%d webhooks are not what was expected, the first: %s", len(strange), strange[0])
		case told >= asked:
			s.mu.Lock()
			defer s.mu.Unlock()
			r.add("alerts.due_to_webhook_p50", "ms", quantile(s.took, 0.5))
			r.add("alerts.due_to_webhook_p99", "ms", quantile(s.took, 0.99))
			r.add("alerts.due_to_webhook_max", "ms", quantile(s.took, 1))
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("%d of %d broken promises were told", told, asked)
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
