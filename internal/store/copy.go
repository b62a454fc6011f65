package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Copied is all that a slot held at one position.
type Copied struct {
	Meta Meta
	// Hashes are the values by key and field.
	Hashes map[string]map[string][]byte
	// Outbox is what waited to be relayed, in order.
	Outbox []OutEntry
}

// Copy reads a whole slot as of one position, into memory. The slot is frozen meanwhile, as for [Store.Save]: workers see [ErrFrozen] and wait. It fails with
// [ErrAbsent] when the slot holds no state, and with [ErrFrozen] while a snapshot holds it.
func (s *Store) Copy(ctx context.Context, slot Slot) (c Copied, err error) {
	if _, err = s.metaOf(ctx, slot); err != nil {
		return c, fail("copy", slot, err)
	}
	if c, err = s.copySlot(ctx, slot, rand.Text()); err != nil {
		return Copied{}, fail("copy", slot, err)
	}
	return c, nil
}

func (s *Store) copySlot(ctx context.Context, slot Slot, token string) (c Copied, err error) {
	if err := s.Freeze(ctx, slot, token, freezeTTL); err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, s.Unfreeze(context.WithoutCancel(ctx), slot, token)) }()
	if c.Meta, err = s.metaOf(ctx, slot); err != nil {
		return c, err
	}
	node, err := s.node(ctx, slot)
	if err != nil {
		return c, err
	}
	c.Hashes = map[string]map[string][]byte{}
	base := s.keys.data(slot, c.Meta.Space)
	err = s.scanBase(ctx, slot, base, func(keys []string) error {
		if err := s.Freeze(ctx, slot, token, freezeTTL); err != nil {
			return err
		}
		return copyHashes(ctx, node, base, keys, c.Hashes)
	})
	if err != nil {
		return c, err
	}
	for after := c.Meta.OutboxHead - 1; int64(len(c.Outbox)) < c.Meta.OutboxLen; {
		page, err := s.Outbox(ctx, slot, c.Meta.Position.Lineage, after, outboxPage)
		if err != nil || len(page) == 0 {
			return c, err
		}
		c.Outbox, after = append(c.Outbox, page...), page[len(page)-1].Ordinal
	}
	now, err := s.metaOf(ctx, slot)
	if err == nil && (now.Position != c.Meta.Position || now.Space != c.Meta.Space) {
		err = fmt.Errorf("the slot moved from %s to %s although it was frozen (this process was paused for more than %v?): try again", c.Meta.Position, now.Position, freezeTTL)
	}
	return c, err
}

// copyHashes reads hashes with one pipeline. SCAN may bring a key twice, which does no harm.
func copyHashes(ctx context.Context, node *redis.Client, base string, keys []string, into map[string]map[string][]byte) error {
	pipe := node.Pipeline()
	cmds := make([]*redis.MapStringStringCmd, len(keys))
	for i, key := range keys {
		cmds[i] = pipe.HGetAll(ctx, key)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return err
	}
	for i, cmd := range cmds {
		if len(cmd.Val()) == 0 {
			continue
		}
		fields := make(map[string][]byte, len(cmd.Val()))
		for f, v := range cmd.Val() {
			fields[f] = []byte(v)
		}
		into[strings.TrimPrefix(keys[i], base)] = fields
	}
	return nil
}
