package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// restoreBatch is how many commands a restore sends in one round trip; restoreBytes how many bytes of values at most, about.
const (
	restoreBatch = 1000
	restoreBytes = 1 << 20
)

// RestoreOptions adjusts [Store.Restore].
type RestoreOptions struct {
	// Force replaces the state of slots that have one. Stop the workers first.
	Force bool
}

// Restore loads what [Store.Save] has written and returns the slots that it restored. A slot that holds a state stops
// it with [ErrExists] before that slot is touched, unless forced. The metas of all slots are written last, after the
// file's checksum was found right: until then the slots are absent to everybody, and workers cannot create them. What a
// broken restore leaves behind is removed by the next one, or by [Store.Collect].
func (s *Store) Restore(ctx context.Context, r io.Reader, opts RestoreOptions) (restored []Slot, err error) {
	in, err := newRecordReader(r, slotsMagic)
	if err != nil {
		return nil, wrap("restore", err)
	}
	job := &restoration{store: s, token: rand.Text(), force: opts.Force}
	defer func() { err = errors.Join(err, job.release(context.WithoutCancel(ctx))) }()
	for {
		kind, fields, err := in.next()
		if errors.Is(err, io.EOF) {
			return job.commit(ctx)
		}
		if err == nil {
			err = job.take(ctx, kind, fields)
		}
		if err != nil {
			return nil, wrap("restore", err)
		}
	}
}

// restoration is a restore under way: values are written as they come, metas kept back.
type restoration struct {
	store *Store
	token string
	force bool
	slots []Slot
	metas []Meta

	batch [][]any // commands to send
	bytes int     // size of their values
}

func (j *restoration) take(ctx context.Context, kind byte, fields []string) error {
	if kind == kindSlot {
		return j.begin(ctx, fields)
	}
	if len(j.slots) == 0 || len(fields) == 0 {
		return fmt.Errorf("%w: a record of kind %q stands outside of a slot", ErrSnapshot, kind)
	}
	slot, meta := j.slots[len(j.slots)-1], j.metas[len(j.metas)-1]
	var command, key string
	switch {
	case kind == kindHash && len(fields)%2 == 1:
		command, key = "hset", j.store.keys.data(slot, meta.Space)+fields[0]
	case kind == kindList:
		command, key = "rpush", j.store.keys.outbox(slot, meta.Space)
	default:
		return fmt.Errorf("%w: slot %s has a record of kind %q with %d parts, which this release does not know", ErrSnapshot, slot, kind, len(fields))
	}
	for chunk := range slices.Chunk(fields[1:], groupArgs) {
		args := append(make([]any, 0, 2+len(chunk)), command, key)
		for i := range chunk {
			args = append(args, &chunk[i])
			j.bytes += len(chunk[i])
		}
		j.batch = append(j.batch, args)
		if len(j.batch) >= restoreBatch || j.bytes >= restoreBytes {
			if err := j.flush(ctx); err != nil {
				return fail("restore", slot, err)
			}
		}
	}
	return nil
}

// begin freezes a slot, makes sure that it is absent, and clears what an earlier, broken restore may have left.
func (j *restoration) begin(ctx context.Context, fields []string) error {
	slot, meta, err := parseSlotRecord(fields)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	if err := j.flush(ctx); err != nil {
		return err
	}
	if err := j.store.Freeze(ctx, slot, j.token, freezeTTL); err != nil {
		return err
	}
	j.slots, j.metas = append(j.slots, slot), append(j.metas, meta)
	key := j.store.keys.meta(slot)
	if j.force {
		if err := j.store.client.Unlink(ctx, key).Err(); err != nil {
			return fail("clear", slot, err)
		}
	}
	if n, err := j.store.client.Exists(ctx, key).Result(); err != nil {
		return fail("restore", slot, err)
	} else if n > 0 {
		return fail("restore", slot, ErrExists)
	}
	_, err = j.store.collect(ctx, slot, j.token)
	return err
}

func parseSlotRecord(fields []string) (Slot, Meta, error) {
	if len(fields) < 2 || len(fields)%2 != 0 {
		return Slot{}, Meta{}, fmt.Errorf("a slot record has %d fields", len(fields))
	}
	n, err := strconv.ParseInt(fields[1], 10, 32)
	slot := Slot{Stage: fields[0], Partition: int32(n)}
	if err := errors.Join(err, checkSlot(slot)); err != nil {
		return Slot{}, Meta{}, err
	}
	var meta Meta
	for i := 2; i < len(fields); i += 2 {
		if err := meta.set(fields[i], fields[i+1]); err != nil {
			return Slot{}, Meta{}, fmt.Errorf("slot %s: %w", slot, err)
		}
	}
	if err := meta.check(); err != nil {
		return Slot{}, Meta{}, fmt.Errorf("slot %s: %w", slot, err)
	}
	return slot, meta, nil
}

// flush sends the batch, and begins the freeze of all slots anew: a long restore must not lose the first ones.
func (j *restoration) flush(ctx context.Context) error {
	if len(j.batch) == 0 {
		return nil
	}
	for _, slot := range j.slots {
		if err := j.store.Freeze(ctx, slot, j.token, freezeTTL); err != nil {
			return err
		}
	}
	pipe := j.store.client.Pipeline()
	cmds := make([]*redis.Cmd, len(j.batch))
	for i, args := range j.batch {
		cmds[i] = redis.NewCmd(ctx, args...)
		_ = pipe.Process(ctx, cmds[i])
	}
	_, _ = pipe.Exec(ctx) // every command carries its own error
	for _, cmd := range cmds {
		if err := cmd.Err(); err != nil {
			return err
		}
	}
	j.batch, j.bytes = j.batch[:0], 0
	return nil
}

// commit makes the restored slots appear.
func (j *restoration) commit(ctx context.Context) ([]Slot, error) {
	if err := j.flush(ctx); err != nil {
		return nil, wrap("restore", err)
	}
	for i, slot := range j.slots {
		if err := j.store.create(ctx, slot, j.token, j.metas[i]); err != nil {
			return j.slots[:i], wrap("restore", err)
		}
	}
	return j.slots, nil
}

func (j *restoration) release(ctx context.Context) error {
	var errs []error
	for _, slot := range j.slots {
		errs = append(errs, j.store.Unfreeze(ctx, slot, j.token))
	}
	return errors.Join(errs...)
}
