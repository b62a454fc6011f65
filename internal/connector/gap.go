package connector

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
)

const (
	// settle is how long the log must refuse nothing before a gap is closed, ms: clients need a moment to send again what was refused.
	settle = 10_000
	// maxBlind bounds the sources that are kept apart for a tenant; a client can invent any number of accounts.
	maxBlind = 64

	gapReason = "log_unavailable"
)

// gapKey is a source as its events in the log name it. Empty connector and account: all sources of the tenant.
type gapKey struct{ tenant, connector, account string }

// blind is a source whose events were refused. Instants are Unix ms.
type blind struct {
	since    int64 // receipt of the first refused event
	failedAt int64 // the newest refusal
	opened   bool  // every partition has the open gap, and nothing was refused since
}

// gaps is the set of blind sources. A source is in it from the first refused event until every partition has its closed gap.
type gaps struct {
	mu      sync.Mutex
	sources map[gapKey]*blind
	size    map[string]int // per tenant
	wake    chan struct{}
	gauge   prometheus.Gauge
}

func newGaps(gauge prometheus.Gauge) *gaps {
	return &gaps{sources: map[gapKey]*blind{}, size: map[string]int{}, wake: make(chan struct{}, 1), gauge: gauge}
}

// fail notes that the log refused an event of the source that was received at since.
func (g *gaps) fail(key gapKey, since, now int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	b := g.sources[key]
	if b == nil && g.size[key.tenant] >= maxBlind {
		key = gapKey{tenant: key.tenant}
		b = g.sources[key]
	}
	if b == nil {
		b = &blind{since: since}
		g.sources[key] = b
		g.size[key.tenant]++
		g.gauge.Set(float64(len(g.sources)))
	}
	b.since, b.failedAt, b.opened = min(b.since, since), max(b.failedAt, now), false
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// pending returns the blind sources in a fixed order.
func (g *gaps) pending() []gapKey {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []gapKey
	for key := range g.sources {
		out = append(out, key)
	}
	slices.SortFunc(out, func(a, b gapKey) int {
		return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.connector, b.connector), cmp.Compare(a.account, b.account))
	})
	return out
}

func (g *gaps) get(key gapKey) (blind, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if b := g.sources[key]; b != nil {
		return *b, true
	}
	return blind{}, false
}

// markOpened notes that every partition has the open gap, unless something was refused since it was sent.
func (g *gaps) markOpened(key gapKey, sent blind) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if b := g.sources[key]; b != nil && *b == sent {
		b.opened = true
	}
}

// drop forgets a source whose closed gap every partition has, unless something was refused since it was sent.
func (g *gaps) drop(key gapKey, sent blind) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if b := g.sources[key]; b != nil && *b == sent {
		delete(g.sources, key)
		g.size[key.tenant]--
		g.gauge.Set(float64(len(g.sources)))
	}
}

// announce tells the workers about every blind source: that it is blind, repeated until every partition has it, and then until when. The first error ends the round.
func (h *Handler) announce(ctx context.Context) error {
	for _, key := range h.gaps.pending() {
		state, ok := h.gaps.get(key)
		if !ok {
			continue
		}
		if !state.opened {
			if err := h.publishGap(ctx, key, state.since, 0); err != nil {
				return err
			}
			h.gaps.markOpened(key, state)
			h.metrics.gaps.Inc()
			h.logger.Info("announced that a source is blind", "tenant", key.tenant, "connector", key.connector, "since_ms", state.since)
			continue
		}
		now := h.now().UnixMilli()
		if now-state.failedAt < settle {
			continue
		}
		if err := h.publishGap(ctx, key, state.since, now); err != nil {
			return err
		}
		h.gaps.drop(key, state)
		h.logger.Info("announced that a source can be seen again", "tenant", key.tenant, "connector", key.connector, "blind_ms", now-state.since)
	}
	return nil
}

// publishGap appends the gap to every partition of every topic that folds go by.
func (h *Handler) publishGap(ctx context.Context, key gapKey, from, to int64) error {
	gap := event.Gap{Tenant: key.tenant, Connector: key.connector, Account: key.account, From: from, To: to, Reason: gapReason}
	m := bus.Message{Value: event.Encode(event.Record{Body: gap})}
	for _, header := range event.ControlHeaders(gap, "") {
		m.Headers = append(m.Headers, bus.Header{Key: header.Key, Value: []byte(header.Value)})
	}
	ctx, cancel := context.WithTimeout(ctx, h.cfg.PublishTimeout)
	defer cancel()
	topics, err := h.log.Topics(ctx, h.cfg.GapTopics...)
	if err != nil {
		return err
	}
	var errs []error
	for _, topic := range h.cfg.GapTopics {
		if !topics[topic].Exists {
			errs = append(errs, fmt.Errorf("announce a gap: topic %s does not exist; create it with `vigia topics --create`", topic))
			continue
		}
		for p := range int32(topics[topic].Partitions) {
			// The other partitions should know even when this one does not answer.
			if _, err := h.log.Produce(ctx, topic, p, []bus.Message{m}); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}
