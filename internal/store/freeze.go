package store

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// Freeze holds a slot still for ttl (1 ms or more): applies, trims, resets and creations fail with [ErrFrozen] until
// [Store.Unfreeze] or until ttl has passed. The token names the holder; freezing again with the same token begins ttl anew.
// It fails with [ErrFrozen] if another token holds the slot.
func (s *Store) Freeze(ctx context.Context, slot Slot, token string, ttl time.Duration) error {
	if err := checkSlot(slot); err != nil {
		return err
	}
	if token == "" || ttl < time.Millisecond {
		return fail("freeze", slot, fmt.Errorf("token %q for %v: need a token and at least a millisecond", token, ttl))
	}
	args := append(newCall(s.keys.meta(slot), 2), token, strconv.FormatInt(ttl.Milliseconds(), 10))
	reply, err := s.run(ctx, freezeScript, args)
	if err == nil {
		err = refusal(reply)
	}
	if err != nil {
		return fail("freeze", slot, err)
	}
	return nil
}

// Unfreeze ends a freeze of the same token. It does nothing if the slot is not frozen, or by another token.
func (s *Store) Unfreeze(ctx context.Context, slot Slot, token string) error {
	if err := checkSlot(slot); err != nil {
		return err
	}
	reply, err := s.run(ctx, unfreezeScript, append(newCall(s.keys.meta(slot), 1), token))
	if err == nil {
		err = refusal(reply)
	}
	if err != nil {
		return fail("unfreeze", slot, err)
	}
	return nil
}
