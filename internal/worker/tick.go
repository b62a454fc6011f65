package worker

import (
	"context"
	"time"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/fold"
)

// keepTime writes a tick into the partition when one is due, and returns how long the log may be waited for until the next one. The tick stands in the log behind every
// event that was acknowledged before it, so it may be written however far behind the fold is.
func (o *owner) keepTime(ctx context.Context, s *session) (time.Duration, error) {
	c := &o.clock
	idle := o.w.cfg.TickEvery // nothing of ours happens more often
	if o.stage.fold != fold.Conversations || o.w.cfg.ExternalTime {
		return idle, nil
	}
	if c.pending != none {
		// At most one own tick that is not folded: after an attempt without an answer, that is certain at the end of the log.
		if caughtUp := s.pos.Offset >= s.end; s.pos.Offset <= c.pending && !(c.pending == unknown && caughtUp) {
			return idle, nil
		}
		c.pending = none
	}
	own := o.w.cfg.Clock().UnixMilli()
	since := time.Duration(max(0, own-s.fold.Time())) * time.Millisecond
	if !c.wrote.IsZero() {
		since = time.Since(c.wrote)
	}
	deadline, err := s.fold.NextDeadline()
	if err != nil {
		return 0, err
	}
	if wait := tickWait(own, deadline, since, o.w.cfg.TickGap, o.w.cfg.TickEvery); wait > 0 {
		return wait, nil
	}
	stalled, calm := o.w.stalls.ask(o.slot, time.Now())
	if calm > 0 {
		return min(calm, idle), nil
	}
	if err := o.writeTick(ctx, s, own, stalled && s.fold.Time() > 0); err != nil {
		return 0, err
	}
	return o.w.cfg.TickGap, nil
}

// writeTick asks the clocks and appends the tick that they allow. A probe repeats the partition's time: it only shows that the log takes records.
func (o *owner) writeTick(ctx context.Context, s *session, own int64, probe bool) error {
	c := &o.clock
	redis, err := o.w.vault.Time(ctx)
	if err != nil {
		return err
	}
	r := clocks{
		own: own, redis: redis.UnixMilli(), folded: s.fold.Time(), received: c.received, anchor: c.anchor, since: time.Since(c.anchored),
		accept: o.w.cfg.Embedded || o.w.cfg.TwoClocks || o.w.cfg.AcceptClock,
		empty:  s.fold.Time() == 0 && c.received == 0 && s.pos.Offset >= s.end,
	}
	o.w.metrics.log.skew.Set(float64(r.redis-r.own) / 1000)
	at, verdict := nextTick(r)
	c.wrote = time.Now()
	o.report(s, r, at, verdict)
	if at == 0 {
		return nil
	}
	if probe {
		at = s.fold.Time()
	}
	c.pending = unknown
	offset, err := o.w.journal.Produce(ctx, o.topic, o.partition, []bus.Message{control(event.Tick{At: at})})
	// The end of the assignment says nothing about the log.
	if took := time.Since(c.wrote); ctx.Err() == nil && o.w.stalls.note(o.slot, err != nil, probe, took, time.Now()) {
		if probe {
			o.log.Info("the log takes ticks again; time passes after a moment for what connectors still hold", "after", calmFor)
		} else {
			o.log.Warn("the log did not take a tick in time: no promise is called broken until it does; look at Kafka if this lasts", "took", took.Round(time.Millisecond), "err", err)
		}
	}
	if err != nil {
		return err
	}
	c.pending = offset
	if !probe {
		c.anchor, c.anchored = at, c.wrote
	}
	o.w.metrics.ticks.WithLabelValues(o.stage.name, o.label).Inc()
	return nil
}

// report shows how far time is held back, and says once why.
func (o *owner) report(s *session, r clocks, at int64, verdict tickVerdict) {
	c, back := &o.clock, 0.0
	caughtUp := s.pos.Offset >= s.goal // before, the newest receipt in the log is not known
	switch verdict {
	case tickCapped:
		back = float64(min(r.own, r.redis)-at) / 1000
	case tickHeld:
		back = float64(min(r.own, r.redis)-r.folded) / 1000
		if caughtUp && !c.held {
			o.log.Error("time is held back: the clock is more than an hour past everything in the log, and nothing confirms it",
				"clock", time.UnixMilli(r.own).UTC(), "redis_clock", time.UnixMilli(r.redis).UTC(), "partition_time", time.UnixMilli(s.fold.Time()).UTC(),
				"remedy", "check the clock, then start with `vigia run --accept-clock`; or wait for an event: its receipt confirms the clock")
		}
	case tickBehind:
		back = float64(min(r.own, r.redis)-r.folded) / 1000 // below 0: the clocks are behind
	}
	if c.held && verdict != tickHeld {
		o.log.Info("time passes again")
	}
	c.held = verdict == tickHeld && caughtUp
	o.w.metrics.held.WithLabelValues(o.stage.name, o.label).Set(back)
}

// control is a control record as it enters Kafka. It has no key: it is sent to a partition, not to a customer.
func control(b event.RecordBody) bus.Message {
	return bus.Message{Value: event.Encode(event.Record{Body: b}), Headers: headers(event.ControlHeaders(b, ""))}
}
