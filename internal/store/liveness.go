package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// Source names a connector's source of events for heartbeats.
type Source struct{ Tenant, Source string }

// Heartbeat notes that a source is alive now, by the clock of Redis. It is remembered for ttl (1 ms or more)
// at least; the embedded server never forgets it.
func (s *Store) Heartbeat(ctx context.Context, tenant, source string, ttl time.Duration) error {
	args := append(newCall(s.keys.heartbeat(tenant, source), 1), strconv.FormatInt(max(1, ttl.Milliseconds()), 10))
	reply, err := s.run(ctx, beatScript, args)
	if err == nil {
		err = refusal(reply)
	}
	if err != nil {
		return fmt.Errorf("store: heartbeat of %s/%s: %w", tenant, source, err)
	}
	return nil
}

// LastHeartbeats returns when each source was last alive, by the clock of Redis, to the millisecond; the zero time if
// that is not known, or not any more.
func (s *Store) LastHeartbeats(ctx context.Context, sources []Source) ([]time.Time, error) {
	times := make([]time.Time, len(sources))
	if len(sources) == 0 {
		return times, nil
	}
	pipe := s.client.Pipeline()
	cmds := make([]*redis.StringCmd, len(sources))
	for i, src := range sources {
		cmds[i] = pipe.Get(ctx, s.keys.heartbeat(src.Tenant, src.Source))
	}
	_, _ = pipe.Exec(ctx) // every command carries its own error
	for i, cmd := range cmds {
		text, err := cmd.Result()
		if err == redis.Nil {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("store: read %d heartbeats: %w", len(sources), err)
		}
		ms, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("store: heartbeat of %s/%s: %w", sources[i].Tenant, sources[i].Source, err)
		}
		times[i] = time.UnixMilli(ms)
	}
	return times, nil
}

// Time returns the clock of Redis.
func (s *Store) Time(ctx context.Context) (time.Time, error) {
	t, err := s.client.Time(ctx).Result()
	if err != nil {
		return time.Time{}, fmt.Errorf("store: ask Redis at %s for the time: %w", s.addrs, err)
	}
	return t, nil
}
