package sim

import (
	"context"
	"errors"
	"hash/maphash"
	"sync"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
)

// eventsPerConversation is what the invented conversations have on average.
const eventsPerConversation = 6.6

// Load sends invented traffic as fast as asked. Conversations go on as in life once the first ones have got going; until then they are quicker.
type Load struct {
	Seed   uint64
	Tenant string
	// Rate is the events a second; 0 is as many as are taken.
	Rate float64
	// For is how long to send and Conversations how many to begin; 0 is no bound.
	For           time.Duration
	Conversations int
	// Batch is the most events that are sent at once, 100 by default, and Lanes how many are on their way at the same time, 8 by default. The events of a conversation
	// share a lane and stay in order.
	Batch, Lanes int
	// Send sends events once and returns nil when they are acknowledged. A [*Refusal] is repeated after its pause, an error for which Again holds after a growing
	// one; every other error ends the load.
	Send  func(ctx context.Context, events []*event.Event) error
	Again func(err error) bool

	meter meter
}

// unbounded stands for a rate that nobody keeps: conversations are then invented as if ten thousand events a second were sent.
const unbounded = 10_000

// Run sends until the bounds are reached or ctx ends, and returns when everything sent is acknowledged or given up. The error is the first that ended it.
func (l *Load) Run(ctx context.Context) error {
	l.meter.begin()
	defer l.meter.end()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	lanes := make([]chan *event.Event, max(1, l.lanes()))
	var wg sync.WaitGroup
	for i := range lanes {
		lanes[i] = make(chan *event.Event, 2*l.batch())
		wg.Go(func() {
			if err := l.drive(ctx, lanes[i]); err != nil {
				cancel(err)
			}
		})
	}
	l.feed(ctx, lanes)
	for _, lane := range lanes {
		close(lane)
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func (l *Load) lanes() int {
	if l.Lanes == 0 {
		return 8
	}
	return l.Lanes
}

func (l *Load) batch() int {
	if l.Batch == 0 {
		return 100
	}
	return l.Batch
}

// feed hands out events at the rate, stamped with the present.
func (l *Load) feed(ctx context.Context, lanes []chan *event.Event) {
	rate := l.Rate
	if rate == 0 {
		rate = unbounded
	}
	perHour := rate * 3600 / eventsPerConversation
	began := time.Now()
	traffic := New(Shift{Seed: l.Seed, Tenant: l.Tenant, Start: began, PerHour: perHour, Flat: true, Customers: max(4000, int(2*perHour)), Conversations: l.Conversations})
	seed := maphash.MakeSeed()
	step := time.NewTicker(10 * time.Millisecond)
	defer step.Stop()
	for handed := 0.0; ctx.Err() == nil; {
		passed := time.Since(began)
		if l.For > 0 && passed >= l.For {
			return
		}
		for l.Rate == 0 || handed < l.Rate*passed.Seconds() {
			e := traffic.Next()
			if e == nil {
				return
			}
			e.At, e.ReceivedAt = time.Now().UnixMilli(), 0
			handed++
			select {
			case lanes[maphash.String(seed, e.Conversation)%uint64(len(lanes))] <- e:
			case <-ctx.Done():
				return
			}
			if l.For > 0 && time.Since(began) >= l.For {
				return
			}
			l.meter.handed(traffic.Conversations())
		}
		select {
		case <-step.C:
		case <-ctx.Done():
		}
	}
}

// drive sends what comes down a lane.
func (l *Load) drive(ctx context.Context, lane <-chan *event.Event) error {
	for e := range lane {
		batch := []*event.Event{e}
		for more := true; more && len(batch) < l.batch(); {
			select {
			case e, open := <-lane:
				if more = open; open {
					batch = append(batch, e)
				}
			default:
				more = false
			}
		}
		if err := l.insist(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// insist sends a batch until it is acknowledged.
func (l *Load) insist(ctx context.Context, batch []*event.Event) error {
	const first, longest = 200 * time.Millisecond, 5 * time.Second
	began, pause := time.Now(), first
	for {
		err := l.Send(ctx, batch)
		if err == nil {
			l.meter.acknowledged(len(batch), time.Since(began))
			return nil
		}
		if ctx.Err() != nil {
			return nil
		}
		wait := pause
		if refusal, ok := errors.AsType[*Refusal](err); ok {
			if !refusal.Temporary() {
				return err
			}
			wait = refusal.After
			l.meter.refused(refusal.Status)
		} else if l.Again == nil || !l.Again(err) {
			return err
		} else {
			l.meter.refused(0)
			pause = min(2*pause, longest)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil
		}
	}
}

// Progress returns how far the load is. It is safe at any time.
func (l *Load) Progress() Progress { return l.meter.read() }
