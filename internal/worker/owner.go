package worker

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/retry"
	"github.com/vigia-cx/vigia/internal/store"
)

// owner looks after one partition for one assignment.
type owner struct {
	w         *Worker
	gen       *bus.Generation
	stage     stage
	topic     string
	partition int32
	slot      store.Slot
	log       *slog.Logger
	label     string // the partition, as a metric label

	claim   bool           // a claim is due: at the beginning, and when the group has confirmed that we are the owner
	epoch   int64          // of our newest claim; 0 before the first
	poison  map[int64]bool // records on which the fold has failed
	decoder event.Decoder
	folding bool // it has a turn
	relay   *relay
	clock   clock
	keep    keeper
	collect sync.WaitGroup
}

func newOwner(w *Worker, gen *bus.Generation, st stage, partition int32) *owner {
	slot := store.Slot{Stage: st.key, Partition: partition}
	o := &owner{
		w: w, gen: gen, stage: st, topic: st.topic.Name, partition: partition, slot: slot,
		log: w.log.With("topic", st.topic.Name, "partition", partition), label: strconv.Itoa(int(partition)),
		claim: true,
	}
	o.relay = newRelay(o)
	o.clock.pending = none
	return o
}

var errDrained = errors.New("the drain time is over")

// run owns the partition until the assignment is over, or until draining is closed and what can be relayed is.
func (o *owner) run(assigned context.Context, draining <-chan struct{}) {
	ctx, cancel := context.WithCancelCause(assigned)
	defer cancel(nil)
	// Reading ends at once when the worker drains; what is at hand is still applied and relayed.
	reading, stopReading := context.WithCancel(ctx)
	defer stopReading()
	var wg sync.WaitGroup
	wg.Go(func() {
		select {
		case <-draining:
			stopReading()
			if retry.Sleep(ctx, o.w.cfg.Drain) {
				cancel(errDrained)
			}
		case <-ctx.Done():
		}
	})
	finish := make(chan struct{})
	wg.Go(func() {
		o.relay.run(ctx, finish, cancel)
		cancel(nil)
	})
	o.live(ctx, reading)
	close(finish)
	wg.Wait()
	o.collect.Wait()
	o.w.board.remove(o.slot)
	o.w.metrics.forget(o.stage.name, o.partition)
}

// live opens the partition and follows its log, again and again: every error ends a session, and what it means decides how the next one begins.
func (o *owner) live(ctx, reading context.Context) {
	pause := retry.NewPause()
	for reading.Err() == nil {
		o.status(func(s *Status) { s.State = Opening })
		before := o.relay.progress()
		s, err := o.open(ctx)
		if err == nil {
			err = o.follow(ctx, reading, s)
		}
		if reading.Err() != nil {
			return
		}
		if o.relay.progress() != before {
			pause.Reset()
		}
		v := judge(err)
		if p, ok := errors.AsType[*fold.PanicError](err); ok && !o.quarantine(p) {
			v = halt
		}
		switch v {
		case stop:
			o.log.Info("the assignment is over", "err", err)
			o.status(func(s *Status) { s.State, s.Err = Waiting, err.Error() })
			<-reading.Done()
			return
		case again:
			// Somebody else has moved the state, or the log was cut: look where it stands now.
			o.log.Debug("beginning again", "err", err)
			if !pause.Wait(reading) {
				return
			}
		case contest:
			o.status(func(s *Status) { s.State, s.Err = Fenced, err.Error() })
			if o.claim = o.confirm(reading); !o.claim {
				<-reading.Done()
				return
			}
		case halt:
			o.log.Error("the partition is halted", "err", err)
			o.status(func(s *Status) { s.State, s.Err = Halted, err.Error() })
			<-reading.Done()
			return
		case refuse:
			o.log.Error("the worker cannot go on", "err", err)
			o.status(func(s *Status) { s.State, s.Err = Halted, err.Error() })
			o.w.fail(err)
			<-reading.Done()
			return
		case isolate:
		default:
			o.log.Warn("trying again", "err", err)
			o.status(func(s *Status) { s.State, s.Err = Waiting, err.Error() })
			if !pause.Wait(reading) {
				return
			}
		}
	}
}

// verdict is what an error means for an owner.
type verdict int

const (
	later   verdict = iota // a server does not answer: wait and begin again
	again                  // the state moved or is gone, or the log was cut: begin again at once
	contest                // a newer claim: go on only if the group confirms the assignment
	isolate                // the fold failed on one record: begin again and set it aside
	halt                   // waiting does not heal it
	refuse                 // the whole worker must not go on
	stop                   // the assignment is over
)

// judge says what an error means.
func judge(err error) verdict {
	_, panicked := errors.AsType[*fold.PanicError](err)
	switch {
	case panicked:
		return isolate
	case errors.Is(err, store.ErrPartitions), errors.Is(err, store.ErrPartitioner), errors.Is(err, store.ErrSchema):
		return refuse
	case errors.Is(err, store.ErrFenced):
		return contest
	case errors.Is(err, store.ErrMoved), errors.Is(err, store.ErrAbsent), errors.Is(err, store.ErrExists), errors.Is(err, bus.ErrOffsetOutOfRange):
		return again
	case errors.Is(err, bus.ErrStaleGeneration), errors.Is(err, bus.ErrClosed):
		return stop
	case errors.Is(err, fold.ErrHole):
		return halt
	}
	return later
}

// confirm asks the group, after a while, whether the partition is still ours: only the member of the current generation can commit. Without it, two owners that
// refuse each other would claim in turns; with it alone a claim made by an owner that has lost its partition would stop the right one for good.
func (o *owner) confirm(ctx context.Context) bool {
	o.w.refused(o.stage, "fenced")
	for pause := retry.NewPause(); ; {
		if !retry.Sleep(ctx, retry.Jitter(time.Second)) {
			return false
		}
		err := o.relay.commitMark(ctx)
		switch {
		case err == nil:
			o.log.Warn("another worker claimed this partition, but the group says that it is ours: claiming it again")
			return true
		case judge(err) == stop:
			o.log.Info("another worker owns this partition now")
			return false
		case !pause.Wait(ctx):
			return false
		}
	}
}

func (o *owner) status(fn func(*Status)) {
	o.w.board.update(o.slot, func(s *Status) {
		s.Stage, s.Topic, s.Partition = o.stage.name, o.topic, o.partition
		fn(s)
	})
}

func (w *Worker) refused(st stage, reason string) {
	w.metrics.refused.WithLabelValues(st.name, reason).Inc()
}
