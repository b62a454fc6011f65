package replay

import (
	"context"
	"fmt"

	"github.com/vigia-cx/vigia/internal/event"
)

// maxRun is the most events handed to ingest at once.
const maxRun = 500

// shipper sends events in the order of time and lets time pass between them.
type shipper struct {
	e        *engine
	h        *harvest
	progress *progress
	newest   int64 // newest event shipped, Unix ms
}

// ship sends all events. A tick stands before the first event of every hour that has any.
func (s *shipper) ship(ctx context.Context, events []*event.Event) error {
	for len(events) > 0 {
		hour := floor(events[0].At, hourMs)
		if err := s.advance(ctx, hour); err != nil {
			return err
		}
		n := 1
		for n < len(events) && n < maxRun && events[n].Tenant == events[0].Tenant && events[n].At < hour+hourMs {
			n++
		}
		if err := s.accept(ctx, events[:n]); err != nil {
			return err
		}
		s.progress.shipped(n)
		events = events[n:]
	}
	return nil
}

// accept hands events of one tenant to ingest.
func (s *shipper) accept(ctx context.Context, events []*event.Event) error {
	in := make([]*event.Event, len(events))
	for i, e := range events {
		s.h.saw(e)
		x := *e
		// The mapping's id tells events apart; several events of one row share the native id of what they are about.
		x.Source.NativeID = ""
		in[i] = &x
	}
	s.newest = events[len(events)-1].At
	if _, err := s.e.intake.Accept(ctx, events[0].Tenant, in); err != nil {
		return fmt.Errorf("events of %s from %s on: %w", events[0].Tenant, iso(events[0].At), err)
	}
	return nil
}

// advance lets time reach an instant, reading the values that this would spoil.
func (s *shipper) advance(ctx context.Context, to int64) error {
	for s.e.now() < to {
		next := to
		if s.e.now() > 0 && !s.quiet() {
			next = min(to, s.e.now()+s.h.stride())
		}
		if s.e.now() > 0 {
			if err := s.h.before(ctx, next); err != nil {
				return err
			}
		}
		s.e.tick(next)
	}
	return nil
}

// quiet reports whether nothing can happen by itself any more.
func (s *shipper) quiet() bool { return !s.h.reach.open && s.e.now() > s.newest+s.h.reach.ms }

// finish lets time pass until nothing can change any more: a day after the last event, every stale limit, and every promise of an open conversation. Then it reads
// what is left.
func (s *shipper) finish(ctx context.Context) error {
	for to := s.newest + s.h.reach.ms; to > s.e.now(); {
		if err := s.advance(ctx, to); err != nil {
			return err
		}
		if s.h.reach.open {
			var err error
			if to, err = s.latestDue(ctx); err != nil {
				return err
			}
		}
	}
	return s.h.finish(ctx)
}

// latestDue returns when the last promise of an open conversation will have been decided, 0 when there is none.
func (s *shipper) latestDue(ctx context.Context) (int64, error) {
	if err := s.e.settled(ctx, false); err != nil {
		return 0, err
	}
	var latest int64
	for _, tenant := range s.h.tenants {
		open, err := s.e.reader.Conversations(ctx, tenant)
		if err != nil {
			return 0, err
		}
		for _, c := range open.List {
			for _, p := range c.Promises {
				if p.DueAt != 0 {
					latest = max(latest, p.DueAt+s.h.reach.grace+minuteMs)
				}
			}
		}
	}
	return latest, nil
}
