package store

import "context"

// Drop removes everything that a slot has: state, outbox, meta. Nobody may use the slot meanwhile. It walks all keys of the server.
func (s *Store) Drop(ctx context.Context, slot Slot) error {
	node, err := s.node(ctx, slot)
	if err != nil {
		return fail("drop", slot, err)
	}
	err = s.scanSlot(ctx, slot, func(keys []string) error {
		if len(keys) == 0 {
			return nil
		}
		return node.Unlink(ctx, keys...).Err()
	})
	if err != nil {
		return fail("drop", slot, err)
	}
	return nil
}
