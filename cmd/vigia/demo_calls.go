package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
)

// calls counts what people were called for. It is safe for concurrent use.
type calls struct {
	since time.Time // signals from before belong to the invented past

	mu                         sync.Mutex
	breached, settled, retract int
}

// listen follows vigia.signals from its end on, and shows what comes. The group is done when ctx is.
func (d *demo) listen(ctx context.Context) (*sync.WaitGroup, error) {
	topic := d.app.Topics().Signals
	starts := make([]int64, topic.Partitions)
	for p := range starts {
		var err error
		if _, starts[p], err = d.app.Log().Bounds(ctx, topic.Name, int32(p)); err != nil {
			return nil, err
		}
	}
	var wg sync.WaitGroup
	for p, at := range starts {
		wg.Go(func() { d.follow(ctx, topic.Name, int32(p), at) })
	}
	return &wg, nil
}

// follow reads one partition. The relay delivers at least once and in order: what does not stand behind the newest of its source has been seen.
func (d *demo) follow(ctx context.Context, topic string, partition int32, at int64) {
	newest := map[int32]event.PrevSeq{}
	for ctx.Err() == nil {
		batch, err := d.app.Log().Fetch(ctx, topic, partition, at, bus.FetchOptions{MaxWait: 5 * time.Second})
		if err != nil {
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
			continue
		}
		at = batch.Next
		for _, m := range batch.Messages {
			r, err := event.Decode(m.Value)
			s, ok := r.Body.(event.Signal)
			if err != nil || !ok || r.Seq == nil {
				continue
			}
			if last, seen := newest[r.Seq.Partition]; seen && !last.Less(r.Seq.At()) {
				continue
			}
			newest[r.Seq.Partition] = r.Seq.At()
			d.call(s)
		}
	}
}

// call shows one signal.
func (d *demo) call(s event.Signal) {
	if s.At < d.calls.since.UnixMilli() {
		return
	}
	d.calls.mu.Lock()
	switch s.Kind {
	case event.SignalBreach:
		d.calls.breached++
	case event.SignalSettled:
		d.calls.settled++
	case event.SignalRetracted:
		d.calls.retract++
	default:
		d.calls.mu.Unlock()
		return
	}
	d.calls.mu.Unlock()

	until, style := s.At, bold
	if s.Kind == event.SignalSettled && s.FulfilledAt > 0 {
		until, style = s.FulfilledAt, plain
	}
	sign := map[event.SignalKind]string{event.SignalBreach: "✘", event.SignalSettled: "✔", event.SignalRetracted: "↺"}[s.Kind]
	d.screen.line(d.screen.paint(style, fmt.Sprintf("%s %s %s", d.hour(s.At), sign, d.say(s.Kind.String(), "queue", s.Channel.String()+"/"+s.Queue, "clock", d.words[s.Clock],
		"due", d.hour(s.DueAt), "late", seconds(float64(max(0, until-s.DueAt))/1000)))))
}

// hour is an instant (Unix ms) on the clock of the tenant.
func (d *demo) hour(ms int64) string {
	return time.UnixMilli(ms).In(d.location).Format(time.TimeOnly)
}
