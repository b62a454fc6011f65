package bus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/segmentio/kafka-go"
)

// GroupConfig says which group to join. Zero durations mean the defaults, which bound how
// long a partition is without an owner after a crash.
type GroupConfig struct {
	ID     string
	Topics []string
	// SessionTimeout is how long a member that sends no heartbeats keeps its partitions,
	// default 6 s (the least that brokers allow).
	SessionTimeout time.Duration
	// RebalanceTimeout is how long the others wait for a member to give up its partitions
	// and join again, default 6 s.
	RebalanceTimeout time.Duration
	// Heartbeat is the interval between heartbeats, and so the time to notice a rebalance,
	// default 1 s.
	Heartbeat time.Duration
	// JoinBackoff is the pause after a failed attempt to join, default 200 ms.
	JoinBackoff time.Duration
}

// Group is a membership in a consumer group. Its methods are safe for concurrent use.
type Group struct {
	client *Client
	cfg    GroupConfig
	cg     *kafka.ConsumerGroup

	closeOnce sync.Once
	closed    chan struct{}
}

// Generation is one assignment of partitions to this member.
type Generation struct {
	// ID counts the group's assignments. It is no fencing token for anything but commits:
	// it starts again when the group is deleted or expires.
	ID int32
	// Member is the name that the broker gave this member; Group is the group's id.
	Member, Group string
	// Assignments lists the partitions that are ours by topic, ascending. A topic of which
	// this member got none is absent.
	Assignments map[string][]int32

	k *kafka.Generation
	// ctx ends with the generation. kafka-go's own context is a custom type, on which every
	// derived time-out would cost a goroutine.
	ctx context.Context
}

// Join becomes a member of the group. Assignments come from [Group.Next]; the member counts
// as alive from then on, whether or not it reads.
//
// All topics must exist: kafka-go's assignment would otherwise create them on brokers that
// allow it, with whatever partition count is their default.
//
// Errors: ErrUnknownTopic, an incomplete configuration, or see [Retryable].
func (c *Client) Join(ctx context.Context, cfg GroupConfig) (*Group, error) {
	start := time.Now()
	g, err := c.join(ctx, cfg)
	return g, c.metrics.observe("join", start, wrap(ctx, "join", "", -1, err))
}

func (c *Client) join(ctx context.Context, cfg GroupConfig) (*Group, error) {
	if cfg.ID == "" || len(cfg.Topics) == 0 {
		return nil, errors.New("a group needs an id and at least one topic")
	}
	cfg.SessionTimeout = cmp.Or(cfg.SessionTimeout, 6*time.Second)
	cfg.RebalanceTimeout = cmp.Or(cfg.RebalanceTimeout, 6*time.Second)
	cfg.Heartbeat = cmp.Or(cfg.Heartbeat, time.Second)
	cfg.JoinBackoff = cmp.Or(cfg.JoinBackoff, 200*time.Millisecond)

	meta, err := c.freshMetadata(ctx, cfg.Topics...)
	if err != nil {
		return nil, err
	}
	for _, t := range meta.Topics {
		if t.Error != nil {
			return nil, wrap(ctx, "join", t.Name, -1, t.Error)
		}
	}
	cg, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID:      cfg.ID,
		Brokers: c.cfg.Brokers,
		Topics:  cfg.Topics,
		Dialer: &kafka.Dialer{
			ClientID:      c.cfg.ClientID,
			Timeout:       dialTimeout,
			DialFunc:      c.conns.DialContext,
			TLS:           c.cfg.TLS,
			SASLMechanism: c.cfg.SASL.mechanism(),
		},
		// One strategy: members that offer several could disagree during an upgrade.
		GroupBalancers:    []kafka.GroupBalancer{kafka.RangeGroupBalancer{}},
		SessionTimeout:    cfg.SessionTimeout,
		RebalanceTimeout:  cfg.RebalanceTimeout,
		HeartbeatInterval: cfg.Heartbeat,
		JoinGroupBackoff:  cfg.JoinBackoff,
		StartOffset:       kafka.FirstOffset,
		ErrorLogger:       kafkaLog{c.log.With("group", cfg.ID)},
	})
	if err != nil {
		return nil, err
	}
	g := &Group{client: c, cfg: cfg, cg: cg, closed: make(chan struct{})}
	c.mu.Lock()
	closed := c.closed
	if !closed {
		c.groups[g] = struct{}{}
	}
	c.mu.Unlock()
	if closed {
		_ = cg.Close()
		return nil, ErrClosed
	}
	return g, nil
}

// Next waits for the next assignment. The one before must be over: functions started on it
// have returned. It keeps trying, with growing jittered pauses, while the coordinator is
// unavailable, as it is for some seconds on a fresh cluster or while a broker restarts.
//
// Errors: ErrClosed, the end of ctx, or what will not pass by itself (no access to the
// group, refused time-outs, members with another protocol).
func (g *Group) Next(ctx context.Context) (*Generation, error) {
	pause := backoff.ExponentialBackOff{
		InitialInterval:     g.cfg.JoinBackoff,
		RandomizationFactor: 0.5,
		Multiplier:          2,
		MaxInterval:         5 * time.Second,
	}
	pause.Reset()
	for {
		k, err := g.cg.Next(ctx)
		if err == nil {
			return newGeneration(k), nil
		}
		if errors.Is(err, kafka.ErrGroupClosed) {
			err = ErrClosed
		}
		e, _ := errors.AsType[*Error](wrap(ctx, "join", "", -1, err))
		// A member that was too slow or whose coordinator forgot it simply joins again.
		if !e.Retryable && !errors.Is(e, ErrStaleGeneration) || ctx.Err() != nil {
			return nil, e
		}
		d := pause.NextBackOff()
		g.client.log.Warn("cannot join the group yet, trying again",
			"group", g.cfg.ID, "err", e.Err, "pause", d)
		if err := g.sleep(ctx, d); err != nil {
			return nil, err
		}
	}
}

func (g *Group) sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-g.closed:
		return wrap(ctx, "join", "", -1, ErrClosed)
	case <-ctx.Done():
		return wrap(ctx, "join", "", -1, ctx.Err())
	}
}

// Close ends the generation, waits for its functions and leaves the group, so that the
// others (or this process after a restart) get the partitions at once instead of after the
// session time-out. While an assignment is being negotiated it waits for that, at most the
// rebalance time-out and 5 s.
func (g *Group) Close() error {
	g.closeOnce.Do(func() { close(g.closed) })
	err := g.cg.Close()
	g.client.mu.Lock()
	delete(g.client.groups, g)
	g.client.mu.Unlock()
	if err != nil {
		return fmt.Errorf("bus: leave group %s: %w", g.cfg.ID, err)
	}
	return nil
}

func newGeneration(k *kafka.Generation) *Generation {
	gen := &Generation{
		ID:          k.ID,
		Member:      k.MemberID,
		Group:       k.GroupID,
		Assignments: make(map[string][]int32, len(k.Assignments)),
		k:           k,
	}
	for topic, parts := range k.Assignments {
		if len(parts) == 0 {
			continue
		}
		ids := make([]int32, len(parts))
		for i, p := range parts {
			ids[i] = int32(p.ID)
		}
		slices.Sort(ids)
		gen.Assignments[topic] = ids
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	gen.ctx = ctx
	k.Start(func(ended context.Context) {
		<-ended.Done()
		cancel(ErrStaleGeneration)
	})
	return gen
}

// Done is closed when the assignment is over: the group rebalances, the coordinator was
// lost, or the group was closed. Another member may own the partitions from that moment.
func (gen *Generation) Done() <-chan struct{} { return gen.ctx.Done() }

// Start runs f in a goroutine with a context that ends with the generation, its cause being
// ErrStaleGeneration. The group joins again only when every f has returned, so f must
// return promptly then. Returning earlier does not end the generation.
func (gen *Generation) Start(f func(ctx context.Context)) {
	gen.k.Start(func(ended context.Context) {
		f(gen.ctx)
		<-ended.Done()
	})
}
