package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/connector"
	"github.com/vigia-cx/vigia/internal/event"
)

// demoStage plays traffic on an app: events through ingest, time as ticks in the log.
type demoStage struct{ app *app.App }

// Accept implements [sim.Stage]. A log that does not answer is waited for.
func (s *demoStage) Accept(ctx context.Context, events []*event.Event) error {
	return again(ctx, func() (bool, error) {
		_, err := s.app.Connector().Accept(ctx, demoTenant, events)
		_, unavailable := errors.AsType[*connector.UnavailableError](err)
		return unavailable, err
	})
}

// Tick implements [sim.Stage].
func (s *demoStage) Tick(ctx context.Context, at time.Time) error {
	tick := event.Tick{At: at.UnixMilli()}
	m := bus.Message{Value: event.Encode(event.Record{Body: tick})}
	for _, h := range event.ControlHeaders(tick, "") {
		m.Headers = append(m.Headers, bus.Header{Key: h.Key, Value: []byte(h.Value)})
	}
	topic := s.app.Topics().Interactions
	errs := make([]error, topic.Partitions)
	var wg sync.WaitGroup
	for p := range errs {
		wg.Go(func() {
			errs[p] = again(ctx, func() (bool, error) {
				_, err := s.app.Log().Produce(ctx, topic.Name, int32(p), []bus.Message{m})
				return bus.Retryable(err), err
			})
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// again calls try until it succeeds, fails for good, or ctx ends.
func again(ctx context.Context, try func() (retry bool, err error)) error {
	for {
		retry, err := try()
		if err == nil || !retry || ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
