package alerter

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/retry"
	"github.com/vigia-cx/vigia/internal/store"
)

// shard looks after the tenants of one shard for one assignment.
type shard struct {
	a       *Alerter
	gen     *bus.Generation
	n       int32
	slot    store.Slot
	label   string
	log     *slog.Logger
	tenants []string
	epoch   int64 // of our newest claim; 0 when one is due
	// folded is how far the partition of the shard's own number is folded and published.
	folded atomic.Int64
}

func newShard(a *Alerter, gen *bus.Generation, n int32) *shard {
	s := &shard{a: a, gen: gen, n: n, slot: SlotOf(n), label: strconv.Itoa(int(n)), log: a.log.With("shard", n)}
	for _, name := range sortedKeys(a.tenants) {
		if a.shardOf(name) == n {
			s.tenants = append(s.tenants, name)
		}
	}
	return s
}

func (s *shard) status(state string, behind int64, err error) {
	x := Status{Shard: s.n, Tenants: s.tenants, State: state, Behind: behind}
	if err != nil {
		x.Err = err.Error()
	}
	s.a.board.set(x)
}

var errDrained = errors.New("the drain time is over")

// run owns the shard until the assignment is over, or until draining is closed and what was being sent has arrived.
func (s *shard) run(assigned context.Context, draining <-chan struct{}) {
	defer s.a.board.remove(s.n)
	if len(s.tenants) == 0 {
		s.status(idle, 0, nil)
		select {
		case <-assigned.Done():
		case <-draining:
		}
		return
	}
	ctx, cancel := context.WithCancelCause(assigned)
	defer cancel(nil)
	stopped := make(chan struct{})
	defer close(stopped)
	go func() {
		select {
		case <-draining:
			if retry.Sleep(ctx, s.a.cfg.Drain) {
				cancel(errDrained)
			}
		case <-stopped:
		}
	}()
	pause := retry.NewPause()
	for ctx.Err() == nil && !closed(draining) {
		s.status(opening, 0, nil)
		began := time.Now()
		err := s.session(ctx, draining)
		if ctx.Err() != nil || closed(draining) {
			return
		}
		if time.Since(began) > time.Minute {
			pause.Reset()
		}
		switch judge(err) {
		case stop:
			s.status(waiting, 0, err)
			waitFor(ctx, draining)
			return
		case contest:
			s.status(fenced, 0, err)
			if !s.confirm(ctx) {
				waitFor(ctx, draining)
				return
			}
		case refuse:
			s.status(halted, 0, err)
			s.a.fail(err)
			waitFor(ctx, draining)
			return
		default:
			s.epoch = 0
			s.log.Warn("opening the shard again", "err", err)
			s.status(waiting, 0, err)
			if !pause.Wait(ctx) {
				return
			}
		}
	}
}

func waitFor(ctx context.Context, draining <-chan struct{}) {
	select {
	case <-ctx.Done():
	case <-draining:
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// verdict is what an error means for a shard.
type verdict int

const (
	reopen  verdict = iota // a server does not answer, or the state is another one by now
	contest                // a newer claim: go on only if the group confirms the assignment
	refuse                 // the whole alerter must not go on
	stop                   // the assignment is over
)

func judge(err error) verdict {
	switch {
	case errors.Is(err, store.ErrPartitions), errors.Is(err, store.ErrPartitioner), errors.Is(err, store.ErrSchema):
		return refuse
	case errors.Is(err, store.ErrFenced):
		return contest
	case errors.Is(err, bus.ErrStaleGeneration), errors.Is(err, bus.ErrClosed):
		return stop
	}
	return reopen
}

// confirm asks the group whether the shard is still ours: only the member of the current generation can commit. Then it may be claimed again.
func (s *shard) confirm(ctx context.Context) bool {
	s.a.metrics.refused.WithLabelValues("fenced").Inc()
	for pause := retry.NewPause(); ; {
		if !retry.Sleep(ctx, retry.Jitter(time.Second)) {
			return false
		}
		err := s.commitMark(ctx)
		switch {
		case err == nil:
			s.epoch = 0
			s.log.Warn("another alerter claimed this shard, but the group says that it is ours: claiming it again")
			return true
		case judge(err) == stop:
			s.log.Info("another alerter owns this shard now")
			return false
		case !pause.Wait(ctx):
			return false
		}
	}
}

// commitMark tells the group how far the partition of the shard's number is folded, for those who watch groups. The positions that count are in the state.
func (s *shard) commitMark(ctx context.Context) error {
	return s.a.journal.Commit(ctx, s.gen, s.a.cfg.Signals, s.n, s.folded.Load(), "")
}

// session is an owner's belief about the state, from an opening to the first error.
type session struct {
	shard *shard
	desk  *desk
	pos   store.Position
	moved bool    // positions in signals are further than stored
	ends  []int64 // of the partitions of signals, as last seen
	goals []int64 // their ends at the opening

	feed    chan heard
	answers chan answer
	judged  chan judgement
	sending sync.WaitGroup
	queues  map[string][]*attempt
	flying  map[string]int

	publisher publisher
	observed  time.Time
}

// session opens the shard and looks after it until an error, or until draining is closed and nothing is on its way.
func (s *shard) session(ctx context.Context, draining <-chan struct{}) error {
	x, err := s.open(ctx)
	if err != nil {
		return err
	}
	sending, stopSending := context.WithCancel(ctx)
	reading, stopReading := context.WithCancelCause(ctx)
	var readers sync.WaitGroup
	defer func() {
		stopSending()
		stopReading(nil)
		readers.Wait()
		x.sending.Wait()
	}()
	x.listen(reading, &readers, stopReading)
	x.evaluate(reading, &readers)
	return x.live(sending, reading, draining)
}

// live does what is due, stores it, sends, and waits for the next thing to happen.
func (x *session) live(ctx, reading context.Context, draining <-chan struct{}) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	drain := false
	for {
		now := x.shard.a.now()
		if x.desk.catching && x.reached() {
			x.desk.caught(now)
			x.shard.log.Info("the shard is up to date", "incidents", len(x.desk.incidents), "undelivered", len(x.desk.attempts))
		}
		if !drain {
			x.desk.advance(now)
		}
		if err := x.commit(ctx); err != nil {
			return err
		}
		if !drain {
			x.dispatch(ctx, now)
		}
		x.publish(ctx)
		x.show(now)
		if len(x.desk.dirty) > 0 || len(x.desk.launch) > 0 && !drain {
			continue
		}
		if drain && x.idle() {
			return nil
		}
		timer.Reset(x.pause(now, drain))
		select {
		case h := <-x.feed:
			x.take(h, x.shard.a.now())
			x.more()
		case r := <-x.answers:
			x.settle(ctx, r, x.shard.a.now())
			x.more()
		case j := <-x.judged:
			x.rule(j, x.shard.a.now())
		case err := <-x.publisher.done:
			x.published(err)
		case <-timer.C:
		case <-reading.Done():
			if !drain {
				return context.Cause(reading)
			}
			return context.Cause(ctx)
		case <-draining:
			// Nothing new is begun. What is on its way may arrive, and is noted.
			drain, draining = true, nil
			x.queues = map[string][]*attempt{}
		}
	}
}

// more takes what else is at hand, so that one script stores all of it.
func (x *session) more() {
	for range 64 {
		select {
		case h := <-x.feed:
			x.take(h, x.shard.a.now())
		default:
			return
		}
	}
}

// idle reports whether nothing is on its way.
func (x *session) idle() bool {
	for _, n := range x.flying {
		if n > 0 {
			return false
		}
	}
	return !x.publisher.flying
}

// reached reports whether everything that stood in the log at the opening is folded.
func (x *session) reached() bool {
	for p, goal := range x.goals {
		if x.desk.root.Positions[p] < goal {
			return false
		}
	}
	return true
}

// pause is how long to wait when nothing happens. What falls due during a drain is not done, so it must not be waited for either.
func (x *session) pause(now int64, drain bool) time.Duration {
	wait := longestWait
	if at, ok := x.desk.agenda.first(); ok && !x.desk.catching && !drain {
		wait = min(wait, time.Duration(max(0, at-now))*time.Millisecond)
	}
	if at, ok := x.publisher.due(x.desk); ok {
		wait = min(wait, max(0, time.Until(at)))
	}
	return wait
}

// show tells the world how the shard is doing, now and then.
func (x *session) show(now int64) {
	if time.Since(x.observed) < time.Second && !x.observed.IsZero() {
		return
	}
	x.observed = time.Now()
	state := running
	if x.desk.catching {
		state = catchingUp
	}
	x.shard.status(state, x.pending(), nil)
	x.observe(now)
}

// commit stores what has changed: with the position if records were folded, beside it otherwise.
func (x *session) commit(ctx context.Context) error {
	writes := x.desk.writes()
	if len(writes) == 0 && !x.moved {
		return nil
	}
	began := time.Now()
	for pause := retry.NewPause(); ; {
		var err error
		if x.moved {
			to := x.pos
			to.Offset++
			if _, err = x.shard.a.vault.Apply(ctx, x.shard.slot, store.Apply{Epoch: x.shard.epoch, From: x.pos, To: to, Writes: writes}); err == nil {
				x.pos, x.moved = to, false
			}
		} else {
			err = x.shard.a.vault.Mark(ctx, x.shard.slot, x.shard.epoch, x.pos.Lineage, writes)
		}
		if err == nil {
			x.shard.a.metrics.commitSeconds.Observe(time.Since(began).Seconds())
			return nil
		}
		reason := refusal(err)
		if reason != "" {
			x.shard.a.metrics.refused.WithLabelValues(reason).Inc()
		}
		if reason != "frozen" && reason != "memory" {
			return err
		}
		// Waiting heals it, and nothing is uncertain.
		x.shard.status(waiting, x.pending(), err)
		if !pause.Wait(ctx) {
			return context.Cause(ctx)
		}
	}
}

// refusal names why the state did not take a write; "" when it is not known whether it did.
func refusal(err error) string {
	switch {
	case errors.Is(err, store.ErrMoved):
		return "moved"
	case errors.Is(err, store.ErrFenced):
		return "fenced"
	case errors.Is(err, store.ErrAbsent):
		return "absent"
	case errors.Is(err, store.ErrFrozen):
		return "frozen"
	case errors.Is(err, store.ErrMemory):
		return "memory"
	}
	return ""
}
