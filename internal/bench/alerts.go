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
	dueRate       = 20      // promises a second that are broken, and customers a second that set a trigger off
	promised      = 5 * time.Second
	alertGrace    = 2 * time.Second // the default
	alerting      = 30 * time.Second
	// Everything open was promised an answer in an hour; queue "soon" is promised one in seconds.
	alertRules = `    rules:
      - {name: soon, match: {queue: [soon]}, first_response: 5s, warn: []}
      - {name: standard, first_response: 1h, next_response: 1h, resolution: 8h}
    triggers:
      - {name: upset, kind: negative_streak, count: 1, match: {queue: [upset]}}
    alerting:
      receivers:
        - {name: hook, to: {webhook: {url: "http://%s/", secrets: ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]}}}
`
)

// alerts measures how long after due + grace a broken promise reaches a webhook, and how long after the event a trigger does, while very many other promises run. All roles work in
// one other process.
func alerts(ctx context.Context, o order, r *report) (err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	sink := &sink{told: map[string]bool{}, took: map[string][]float64{}}
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
	broken, err := c.keepAsking(ctx, func(n int) *event.Event { return question(fmt.Sprintf("soon-%d", n), "soon") })
	if err == nil {
		err = sink.judge(ctx, breached, broken, "alerts.due_to_webhook", r)
	}
	if err != nil {
		return err
	}
	upset, err := c.keepAsking(ctx, func(n int) *event.Event {
		e := question(fmt.Sprintf("upset-%d", n), "upset")
		m := e.Body.(event.Message)
		m.Sentiment = &event.Sentiment{Polarity: -900_000, Confidence: 900_000, Model: "bench"}
		e.Body = m
		return e
	})
	if err != nil {
		return err
	}
	return sink.judge(ctx, fired, upset, "alerts.event_to_trigger", r)
}

// Types of webhooks that are waited for.
const (
	breached = "sla.breached"
	fired    = "trigger.fired"
)

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
func (c *client) keepAsking(ctx context.Context, make func(n int) *event.Event) (asked int, err error) {
	every := time.NewTicker(time.Second / dueRate)
	defer every.Stop()
	for began := time.Now(); time.Since(began) < alerting; asked++ {
		select {
		case <-every.C:
		case <-ctx.Done():
			return asked, ctx.Err()
		}
		if err := c.post(ctx, []*event.Event{make(asked)}); err != nil {
			return asked, err
		}
	}
	return asked, nil
}

// sink is the receiver of webhooks. It notes when each incident was first told.
type sink struct {
	mu      sync.Mutex
	told    map[string]bool      // incidents
	took    map[string][]float64 // by type: ms since due + grace, or since the event
	strange []string
}

func (s *sink) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	now := time.Now()
	var n struct {
		Type string `json:"type"`
		Data struct {
			Incident string    `json:"incident"`
			DueAt    time.Time `json:"due_at"`
			At       time.Time `json:"at"`
		} `json:"data"`
	}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &n)
	}
	incident, since := n.Data.Incident, n.Data.At
	if n.Type == breached {
		since = n.Data.DueAt.Add(alertGrace)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || n.Type != breached && n.Type != fired || incident == "" || since.IsZero() {
		s.strange = append(s.strange, fmt.Sprintf("%s %v %.200s", n.Type, err, body))
		return
	}
	if !s.told[incident] {
		s.told[incident] = true
		s.took[n.Type] = append(s.took[n.Type], float64(now.Sub(since).Microseconds())/1000)
	}
}

// judge waits until everything of a type is told that must be.
func (s *sink) judge(ctx context.Context, typ string, asked int, name string, r *report) error {
	every := time.NewTicker(100 * time.Millisecond)
	defer every.Stop()
	for deadline := time.Now().Add(promised + alertGrace + 30*time.Second); ; {
		s.mu.Lock()
		told, strange := len(s.took[typ]), s.strange
		s.mu.Unlock()
		switch {
		case len(strange) > 0:
			return fmt.Errorf("%d webhooks are not what was expected, the first: %s", len(strange), strange[0])
		case told >= asked:
			s.mu.Lock()
			defer s.mu.Unlock()
			r.add(name+"_p50", "ms", quantile(s.took[typ], 0.5))
			r.add(name+"_p99", "ms", quantile(s.took[typ], 0.99))
			r.add(name+"_max", "ms", quantile(s.took[typ], 1))
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("%d of %d webhooks of type %s have come", told, asked, typ)
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
