package worker

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
)

// TestLogStalls lets the log take nothing while promises fall due. The replies given meanwhile reach it only after it has come back, as those of clients that were told to
// come again do, and stand behind the next tick of a worker that does not wait: no such promise may be called broken, and those without a reply must be.
func TestLogStalls(t *testing.T) {
	for name, hangs := range map[string]bool{"hanging": true, "refusing": false} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.applyPolicy()
				out := outage{hangs: hangs}
				r := w.start(options{journal: func(j journal) journal { return stallingLog{j, &out} }})
				w.pass(20 * time.Second)
				for i := range 8 {
					w.say(fmt.Sprint("answered", i), event.Inbound)
					w.say(fmt.Sprint("forgotten", i), event.Inbound)
				}
				w.pass(20 * time.Second)
				out.begin()
				w.pass(10 * time.Second)
				var late []*event.Event
				for i := range 8 {
					late = append(late, w.message(fmt.Sprint("answered", i), event.Outbound))
				}
				w.pass(time.Minute)
				out.end()
				w.pass(calmFor - time.Second)
				for _, e := range late {
					e.ReceivedAt = time.Now().UnixMilli()
					w.publish(e.Key(), event.Encode(event.Record{Body: e}))
				}
				w.pass(20 * time.Second)
				w.rest()
				if n := w.signals(event.SignalBreach); n != 8 {
					t.Errorf("%d breaches, want those of the 8 conversations without a reply", n)
				}
				if n := w.signals(event.SignalRetracted); n != 0 {
					t.Errorf("%d breaches were taken back", n)
				}
				r.mustStop(t)
			})
		})
	}
}

// outage is a time in which the log takes nothing.
type outage struct {
	hangs bool // records wait for the end of the outage, or are refused
	until atomic.Pointer[chan struct{}]
}

func (o *outage) begin() {
	until := make(chan struct{})
	o.until.Store(&until)
}

func (o *outage) end() { close(*o.until.Load()) }

// stallingLog takes no records during an outage.
type stallingLog struct {
	journal
	*outage
}

func (l stallingLog) Produce(ctx context.Context, topic string, partition int32, messages []bus.Message) (int64, error) {
	if until := l.until.Load(); until != nil {
		select {
		case <-*until:
		default:
			if !l.hangs {
				return 0, errors.New("no leader")
			}
			select {
			case <-*until:
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}
	}
	return l.journal.Produce(ctx, topic, partition, messages)
}

// TestSlowLog: a log that takes every record slowly must not stop time.
func TestSlowLog(t *testing.T) {
	var s stalls
	slot, now := SlotOf(1, 0), time.Unix(1_800_000_000, 0)
	ticks := 0
	for end := now.Add(time.Minute); now.Before(end); {
		probe, wait := s.ask(slot, now)
		if wait > 0 {
			now = now.Add(wait)
			continue
		}
		if !probe {
			ticks++
		}
		now = now.Add(2 * slowAppend)
		s.note(slot, false, probe, 2*slowAppend, now)
	}
	if ticks != 7 {
		t.Errorf("%d ticks in a minute, want 7: append, probe, calm, each time", ticks)
	}
}
