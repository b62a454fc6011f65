package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
)

var markScript = mustScript("mark")

// Mark changes the state of a slot without moving its position: what is learned from outside of the log, such as that somebody was told. All writes or none take effect,
// and only while the caller's claim is the newest one and the state goes on in the given lineage: else [ErrFenced], and the caller must open the slot anew. Writes are
// absolute, so that a call whose answer was lost may be sent again. [ErrAbsent], [ErrFrozen] and [ErrMemory] as in [Store.Apply].
func (s *Store) Mark(ctx context.Context, slot Slot, epoch, lineage int64, writes []Write) error {
	if err := checkSlot(slot); err != nil {
		return err
	}
	args, err := s.markArgs(slot, epoch, lineage, writes)
	if err != nil {
		return fail("mark", slot, err)
	}
	reply, err := s.run(ctx, markScript, args)
	if err == nil {
		err = refusal(reply)
	}
	if err != nil {
		return fail("mark", slot, err)
	}
	return nil
}

func (s *Store) markArgs(slot Slot, epoch, lineage int64, writes []Write) ([]any, error) {
	if epoch <= 0 || lineage <= 0 {
		return nil, fmt.Errorf("epoch %d, lineage %d: claim before marking", epoch, lineage)
	}
	for i := range writes {
		if w := &writes[i]; w.Key == "" || w.Field == "" && w.Value != nil {
			return nil, fmt.Errorf("write %d to key %q, field %q: a key is required, and a field for a value", i, w.Key, w.Field)
		}
	}
	writes = grouped(writes)
	args := newCall(s.keys.meta(slot), 2+5*len(writes))
	args = append(args, strconv.FormatInt(epoch, 10), strconv.FormatInt(lineage, 10))
	if args = appendWrites(args, writes); len(args) > maxCallArgs {
		return nil, errors.New("the writes are too many for one script: split them")
	}
	return args, nil
}
