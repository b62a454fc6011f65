package store

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

const (
	// scanCount is how many keys Redis looks at in one SCAN: about a millisecond.
	scanCount = 2000
	// sizeSamples is how many keys are measured to estimate a slot's memory.
	sizeSamples = 200
)

// Collect removes the keys that earlier spaces of a slot have left behind, in small chunks while the slot is in use,
// and returns how many. It walks all keys of the server, so call it after a [Store.Reset] and not for each record.
// It fails with [ErrFrozen] during a snapshot.
func (s *Store) Collect(ctx context.Context, slot Slot) (int64, error) {
	return s.collect(ctx, slot, "")
}

func (s *Store) collect(ctx context.Context, slot Slot, token string) (int64, error) {
	var removed int64
	err := s.scanSlot(ctx, slot, func(keys []string) error {
		args := append(newCall(s.keys.meta(slot), 1+len(keys)), token)
		for i := range keys {
			args = append(args, &keys[i])
		}
		reply, err := s.run(ctx, collectScript, args)
		if err == nil {
			err = refusal(reply)
		}
		if err != nil {
			return err
		}
		if n, ok := reply[len(reply)-1].(int64); ok {
			removed += n
		}
		return nil
	})
	if err != nil {
		return removed, fail("collect old keys of", slot, err)
	}
	return removed, nil
}

// Slots returns the slots that hold a state, ordered by stage and partition. It walks all keys of the server.
func (s *Store) Slots(ctx context.Context) ([]Slot, error) {
	var slots []Slot
	pattern := escapeGlob(s.keys.prefix) + "{*}:meta"
	err := s.eachNode(ctx, func(ctx context.Context, node *redis.Client) error {
		return scan(ctx, node, pattern, func(keys []string) error {
			for _, key := range keys {
				if slot, ok := s.keys.slotOf(key); ok {
					slots = append(slots, slot)
				}
			}
			return nil
		})
	})
	if err != nil {
		return nil, wrap("list slots", err)
	}
	slices.SortFunc(slots, func(a, b Slot) int {
		return cmp.Or(cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Partition, b.Partition))
	})
	return slices.Compact(slots), nil // SCAN may return a key twice
}

// Size is an estimate of what a slot occupies, old spaces included.
type Size struct {
	// Keys is the number of Redis keys.
	Keys int64
	// Bytes is their memory, extrapolated from a sample.
	Bytes int64
}

// Size estimates what a slot occupies. It walks all keys of the server.
func (s *Store) Size(ctx context.Context, slot Slot) (Size, error) {
	if err := checkSlot(slot); err != nil {
		return Size{}, err
	}
	node, err := s.node(ctx, slot)
	if err != nil {
		return Size{}, fail("measure", slot, err)
	}
	var keys []string
	err = s.scanSlot(ctx, slot, func(chunk []string) error {
		keys = append(keys, chunk...)
		return nil
	})
	if err != nil {
		return Size{}, fail("measure", slot, err)
	}
	if len(keys) == 0 {
		return Size{}, nil
	}
	pipe := node.Pipeline()
	every := (len(keys) + sizeSamples - 1) / sizeSamples
	var samples []*redis.IntCmd
	for i := 0; i < len(keys); i += every {
		samples = append(samples, pipe.MemoryUsage(ctx, keys[i]))
	}
	if _, err := pipe.Exec(ctx); err != nil && err != redis.Nil {
		return Size{}, fail("measure", slot, err)
	}
	var sum int64
	for _, cmd := range samples {
		sum += cmd.Val() // 0 for a key that is gone by now
	}
	return Size{Keys: int64(len(keys)), Bytes: sum * int64(len(keys)) / int64(len(samples))}, nil
}

// scanSlot calls fn with the slot's keys, at most groupArgs at a time. A key may come twice.
func (s *Store) scanSlot(ctx context.Context, slot Slot, fn func(keys []string) error) error {
	return s.scanBase(ctx, slot, s.keys.base(slot), fn)
}

// scanBase calls fn with the slot's keys that begin with base.
func (s *Store) scanBase(ctx context.Context, slot Slot, base string, fn func(keys []string) error) error {
	if err := checkSlot(slot); err != nil {
		return err
	}
	node, err := s.node(ctx, slot)
	if err != nil {
		return err
	}
	return scan(ctx, node, escapeGlob(base)+"*", fn)
}

func scan(ctx context.Context, node *redis.Client, pattern string, fn func(keys []string) error) error {
	var cursor uint64
	for {
		keys, next, err := node.Scan(ctx, cursor, pattern, scanCount).Result()
		if err != nil {
			return err
		}
		for chunk := range slices.Chunk(keys, groupArgs) {
			if err := fn(chunk); err != nil {
				return err
			}
		}
		if next == 0 {
			return nil
		}
		cursor = next
	}
}

var globEscaper = strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`, `\`, `\\`)

func escapeGlob(s string) string { return globEscaper.Replace(s) }
