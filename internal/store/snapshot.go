package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// freezeTTL is how long a slot stays frozen if the process that takes or restores a snapshot dies.
const freezeTTL = 30 * time.Second

// Save writes the state of all slots to w. Each slot is frozen while it is read, so that its position, values and
// outbox belong together; workers see [ErrFrozen] and wait. Slots are saved one after the other, which is consistent because each slot is by itself.
//
// Key names in the file are relative to the slot, so that it can be restored under another prefix.
func (s *Store) Save(ctx context.Context, w io.Writer) error {
	slots, err := s.Slots(ctx)
	if err != nil {
		return err
	}
	out, err := newRecordWriter(w, slotsMagic)
	if err != nil {
		return wrap("save", err)
	}
	token := rand.Text()
	for _, slot := range slots {
		if err := s.saveSlot(ctx, slot, token, out); err != nil {
			return fail("save", slot, err)
		}
	}
	if err := out.close(); err != nil {
		return wrap("save", err)
	}
	return nil
}

func (s *Store) saveSlot(ctx context.Context, slot Slot, token string, out *recordWriter) (err error) {
	if err := s.Freeze(ctx, slot, token, freezeTTL); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Unfreeze(context.WithoutCancel(ctx), slot, token)) }()
	before, err := s.metaOf(ctx, slot)
	if err != nil {
		return err
	}
	head := append([]string{slot.Stage, strconv.Itoa(int(slot.Partition))}, before.fields()...)
	if err := out.write(kindSlot, head...); err != nil {
		return err
	}
	node, err := s.node(ctx, slot)
	if err != nil {
		return err
	}
	base := s.keys.data(slot, before.Space)
	err = s.scanBase(ctx, slot, base, func(keys []string) error {
		if err := s.Freeze(ctx, slot, token, freezeTTL); err != nil {
			return err
		}
		return saveHashes(ctx, node, base, keys, out)
	})
	if err != nil {
		return err
	}
	if err := saveOutbox(ctx, node, s.keys.outbox(slot, before.Space), before.OutboxLen, out); err != nil {
		return err
	}
	after, err := s.metaOf(ctx, slot)
	if err != nil {
		return err
	}
	if after.Position != before.Position || after.Space != before.Space || after.OutboxHead != before.OutboxHead {
		return fmt.Errorf("the slot moved from %s to %s although it was frozen (this process was paused for more than %v?): save again", before.Position, after.Position, freezeTTL)
	}
	return nil
}

// metaOf returns the meta of a slot that has a state.
func (s *Store) metaOf(ctx context.Context, slot Slot) (Meta, error) {
	got, err := s.Read(ctx, []SlotRefs{{Slot: slot}})
	if err != nil {
		return Meta{}, err
	}
	if got[0].Absent {
		return Meta{}, ErrAbsent
	}
	return got[0].Meta, nil
}

// saveHashes writes one record for each key. SCAN may bring a key twice, which does no harm.
func saveHashes(ctx context.Context, node *redis.Client, base string, keys []string, out *recordWriter) error {
	pipe := node.Pipeline()
	cmds := make([]*redis.Cmd, len(keys))
	for i, key := range keys {
		cmds[i] = redis.NewCmd(ctx, "hgetall", key)
		_ = pipe.Process(ctx, cmds[i])
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return err
	}
	for i, cmd := range cmds {
		pairs, err := cmd.StringSlice()
		if err != nil {
			return err
		}
		if len(pairs) == 0 {
			continue
		}
		if err := out.write(kindHash, append([]string{strings.TrimPrefix(keys[i], base)}, pairs...)...); err != nil {
			return err
		}
	}
	return nil
}

func saveOutbox(ctx context.Context, node *redis.Client, key string, length int64, out *recordWriter) error {
	for from := int64(0); from < length; from += outboxPage {
		entries, err := node.LRange(ctx, key, from, from+outboxPage-1).Result()
		if err != nil {
			return err
		}
		if err := out.write(kindList, append([]string{""}, entries...)...); err != nil {
			return err
		}
	}
	return nil
}
