package connector

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
)

// Path is where [Handler] belongs.
const Path = "/ingest/v1/events"

const (
	defaultRate = 5000 // events a second and tenant
	retryLog    = 5 * time.Second
	retryBusy   = time.Second
)

// Publisher is the part of the log that ingest needs; [*bus.Client] is one.
type Publisher interface {
	// Publish returns when the log has all messages.
	Publish(ctx context.Context, topic string, msgs []bus.Message) error
	// Produce appends to one partition.
	Produce(ctx context.Context, topic string, partition int32, msgs []bus.Message) (int64, error)
	// Topics tells how many partitions there are.
	Topics(ctx context.Context, names ...string) (map[string]bus.TopicInfo, error)
}

// Heart keeps the signs of life by which workers know that silence is no fault. Source is an [event.SourceName].
type Heart interface {
	Heartbeat(ctx context.Context, tenant, source string, ttl time.Duration) error
}

// Handler takes events in. It is safe for concurrent use.
type Handler struct {
	cfg      Config // of the start; its tenants and limits are in directory
	dir      atomic.Pointer[directory]
	log      Publisher
	heart    Heart
	logger   *slog.Logger
	metrics  *metrics
	now      func() time.Time
	inFlight chan struct{}
	gaps     *gaps
	channels []Channel
	hooks    *Hooks
}

// Option changes what [New] builds.
type Option func(*Handler)

// WithClock replaces the clock that received_at and the rate limits go by.
func WithClock(now func() time.Time) Option { return func(h *Handler) { h.now = now } }

// WithHeart makes [Handler.Run] keep the heartbeats of the declared sources.
func WithHeart(heart Heart) Option { return func(h *Handler) { h.heart = heart } }

// New returns a handler that writes to log. A nil logger discards, a nil registerer leaves the metrics unregistered. It fails on a configuration that
// [Config.Validate] refuses and on metrics that are registered already.
func New(cfg Config, log Publisher, logger *slog.Logger, reg prometheus.Registerer, options ...Option) (*Handler, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	m, err := newMetrics(reg)
	if err != nil {
		return nil, err
	}
	h := &Handler{cfg: cfg, log: log, logger: logger.With("component", "connector"), metrics: m, now: time.Now, inFlight: make(chan struct{}, cfg.MaxInFlight),
		gaps: newGaps(m.blind)}
	for _, option := range options {
		option(h)
	}
	if h.hooks, err = newHooks(h, reg); err != nil {
		return nil, err
	}
	return h, h.Reload(cfg)
}

// ServeHTTP answers one request to [Path].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := requestID()
	w.Header().Set("X-Request-Id", id)
	// A client that sends a byte a second must not hold a connection for long, whatever its answer. Writers without deadlines (in tests) say so, which is fine.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(h.cfg.ReadTimeout))
	ids, p := h.take(w, r)
	if p == nil {
		h.metrics.requests.WithLabelValues("200").Inc()
		writeAccepted(w, ids)
		return
	}
	h.metrics.requests.WithLabelValues(strconv.Itoa(p.Status)).Inc()
	if p.kind != invalid {
		h.metrics.rejected.WithLabelValues(p.kind.reason()).Inc()
	}
	if p.kind == unavailable {
		h.logger.Warn("a request was answered 503", "request", id, "problem", p.kind.Slug)
	}
	p.write(w, id)
}

// take does the work of a request: the ids of the accepted events, or the problem.
func (h *Handler) take(w http.ResponseWriter, r *http.Request) ([]string, *problem) {
	if r.Method != http.MethodPost {
		return nil, wrongMethod.because("Send events with POST.")
	}
	d := h.dir.Load()
	t := d.authenticate(r)
	if t == nil {
		return nil, unauthorized.because("Send the header Authorization: Bearer TOKEN with a token of the ingest section of the configuration.")
	}
	select {
	case h.inFlight <- struct{}{}:
		defer func() { <-h.inFlight }()
	default:
		return nil, busy.because("The server is working on as many requests as it may; send the request again.").after(retryBusy)
	}
	if short := 1 - t.limiter.TokensAt(h.now()); short > 0 {
		// Before reading: what is refused should cost little.
		return nil, tooFast(t, time.Duration(short/float64(t.limiter.Limit())*float64(time.Second)))
	}
	body, p := h.readBody(w, r, d.maxBody)
	if p != nil {
		h.countFaults(p.faults)
		return nil, p
	}
	events, p := decode(r.Header, body)
	if p != nil {
		h.countFaults(p.faults)
		return nil, p
	}
	if len(events) > d.maxEvents {
		return nil, tooLarge.because("The request has %d events, the limit is %d; send fewer a request.", len(events), d.maxEvents)
	}
	if p := h.limited(t, len(events)); p != nil {
		h.metrics.events.WithLabelValues(resultLimited).Add(float64(len(events)))
		return nil, p
	}
	for _, e := range events {
		e.ReceivedAt = 0 // ours to say
	}
	// The client may go; what it sent is then written all the same, and its next attempt has the same ids.
	ids, err := h.Accept(context.WithoutCancel(r.Context()), t.name, events)
	if batch, ok := errors.AsType[*event.BatchError](err); ok {
		return nil, invalidEvents(batch)
	}
	if err != nil {
		return nil, unavailable.because("The events were not acknowledged by the log; send the request again, repeated events are counted once.").after(retryLog)
	}
	return ids, nil
}

// limited takes n events out of the tenant's budget, or says when they will fit.
func (h *Handler) limited(t *tenant, n int) *problem {
	now := h.now()
	reservation := t.limiter.ReserveN(now, n)
	wait := reservation.DelayFrom(now)
	if reservation.OK() && wait == 0 {
		return nil
	}
	reservation.CancelAt(now)
	return tooFast(t, wait)
}

func tooFast(t *tenant, wait time.Duration) *problem {
	return rateLimited.because("The tenant may send %g events a second; send the request again after the time in Retry-After.", float64(t.limiter.Limit())).
		after(max(wait, time.Second))
}

func (h *Handler) countFaults(faults []event.Fault) {
	for _, f := range faults {
		h.metrics.rejected.WithLabelValues(string(f.Err.Reason)).Inc()
	}
	h.metrics.events.WithLabelValues(resultInvalid).Add(float64(len(faults)))
}

func requestID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
