package alerter

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/sony/gobreaker/v2"
	"golang.org/x/time/rate"

	"github.com/vigia-cx/vigia/internal/notify"
)

// sender is the way to one receiver: its breaker and its bucket, shared by all that this process sends there.
type sender struct {
	receiver *Receiver
	breaker  *gobreaker.TwoStepCircuitBreaker[struct{}]
	bucket   *rate.Limiter // nil without a limit
}

// Of breakers: five failures in a row open it, and one attempt in a while closes it again.
const (
	breakAfter = 5
	breakFor   = 15 * time.Second
)

func newSender(tenant string, r *Receiver, m *metrics) *sender {
	s := &sender{receiver: r}
	state := m.breaker.WithLabelValues(tenant, r.Name)
	state.Set(0)
	s.breaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name: r.Name, Timeout: breakFor, ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= breakAfter },
		OnStateChange: func(_ string, _, to gobreaker.State) {
			state.Set(map[gobreaker.State]float64{gobreaker.StateClosed: 0, gobreaker.StateHalfOpen: 1, gobreaker.StateOpen: 2}[to])
		},
	})
	if r.Rate > 0 {
		s.bucket = rate.NewLimiter(rate.Limit(r.Rate), r.Burst)
	}
	return s
}

// allow takes a token, or returns how long (ms) to wait for one.
func (s *sender) allow(now int64) int64 {
	if s.bucket == nil {
		return 0
	}
	at := time.UnixMilli(now)
	if s.bucket.AllowN(at, 1) {
		return 0
	}
	r := s.bucket.ReserveN(at, 1)
	wait := r.DelayFrom(at)
	r.CancelAt(at)
	return max(1, wait.Milliseconds()+1)
}

var errBroken = errors.New("the receiver has failed several times in a row and is left alone for a while")

// try makes one attempt.
func (s *sender) try(ctx context.Context, n notify.Notice, ref string) answer {
	done, err := s.breaker.Allow()
	if err != nil {
		return answer{err: errBroken, retry: true, after: time.Second}
	}
	ctx, cancel := context.WithTimeout(ctx, s.receiver.Timeout)
	defer cancel()
	r := answer{ref: ref}
	if keeper, ok := s.receiver.Notifier.(notify.Referrer); ok {
		r.ref, r.err = keeper.NotifyRef(ctx, n, ref)
	} else {
		r.err = s.receiver.Notifier.Notify(ctx, n)
	}
	if r.err == nil {
		done(nil)
		return r
	}
	r.retry, r.unsure = true, unsure(r.err)
	e, told := errors.AsType[*notify.Error](r.err)
	if told {
		r.retry, r.after = e.Retry, e.After
	}
	if told && (!e.Retry || e.After > 0) {
		done(nil) // it answers: it is alive, and says what it wants
	} else {
		done(r.err)
	}
	return r
}

// unsure reports whether the destination may have taken what failed: the connection broke after the request was under way.
func unsure(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) {
		return true
	}
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// dispatch makes the attempts that are stored, as many at a time as each receiver takes. The rest waits in order.
func (s *session) dispatch(ctx context.Context, now int64) {
	for _, a := range s.desk.launch {
		key := receiverKey(a.Tenant, a.Receiver)
		a.flying = true
		s.queues[key] = append(s.queues[key], a)
	}
	s.desk.launch = nil
	for key := range s.queues {
		s.pump(ctx, key, now)
	}
}

// pump sends from one receiver's queue.
func (s *session) pump(ctx context.Context, key string, now int64) {
	out := s.shard.a.senders[key]
	for len(s.queues[key]) > 0 && s.flying[key] < out.receiver.Concurrency {
		a := s.queues[key][0]
		s.queues[key] = s.queues[key][1:]
		if a.panel == "" && s.desk.attempts[a.ID] != a || a.panel != "" && s.desk.panels[a.panel] == nil {
			continue
		}
		if a.panel == "" && !s.desk.holds(a, now) {
			a.flying = false // it has waited so long that something else is true: plan anew
			s.desk.attemptAgain(a, now)
			continue
		}
		// What it says is composed as late as possible; its id says what it stands for.
		n := s.desk.compose(a, s.shard.a.ackLink)
		ref := ""
		if len(a.Members) == 1 {
			ref = s.desk.incidents[a.Members[0].Incident].of(a.Receiver).Ref
		}
		s.flying[key]++
		s.sending.Go(func() {
			began := time.Now()
			r := out.try(ctx, n, ref)
			s.shard.a.metrics.attemptSeconds.WithLabelValues(a.Tenant, a.Receiver).Observe(time.Since(began).Seconds())
			r.attempt = a
			select {
			case s.answers <- r:
			case <-ctx.Done():
			}
		})
	}
	if len(s.queues[key]) == 0 {
		delete(s.queues, key)
	}
}

// settle takes in an answer.
func (s *session) settle(ctx context.Context, r answer, now int64) {
	a := r.attempt
	key := receiverKey(a.Tenant, a.Receiver)
	s.flying[key]--
	s.measure(r, now)
	s.desk.finish(r, now)
	s.pump(ctx, key, now)
}

// measure counts an answer, and says in the log what a person must know.
func (s *session) measure(r answer, now int64) {
	a, m := r.attempt, s.shard.a.metrics
	result := "delivered"
	switch {
	case r.err != nil && r.retry:
		result = "retry"
		s.shard.log.Debug("a notice was not delivered, trying again", "attempt", a.String(), "tries", a.Tries+1, "err", r.err)
	case r.err != nil:
		result = "refused"
		s.shard.log.Error("a notice was refused for good", "attempt", a.String(), "err", r.err)
	}
	m.deliveries.WithLabelValues(a.Tenant, a.Receiver, result).Inc()
	dead := 0.0
	if result == "refused" {
		dead = 1
	}
	if result != "retry" {
		m.dead.WithLabelValues(a.Tenant, a.Receiver).Set(dead)
	}
	if result != "delivered" || a.panel != "" || a.Digest || a.Repeat > 0 {
		return
	}
	t := s.shard.a.tenants[a.Tenant]
	for _, x := range a.Members {
		if i := s.desk.incidents[x.Incident]; i != nil && x.Type == notify.SLABreached && !i.Caught {
			m.latency.Observe(max(0, float64(now-i.DueAt-t.Grace.Milliseconds())/1000))
		}
	}
}
