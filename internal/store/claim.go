package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
)

// Claim makes the caller the owner of a slot: it bumps the epoch, so that applies of earlier owners are refused, and
// returns what is stored. If the slot holds no state, exists is false and nothing is written.
//
// It fails with a [*MismatchError] (and bumps nothing) if the state was made for another partition count, partitioner or schema.
func (s *Store) Claim(ctx context.Context, slot Slot, want Expect) (meta Meta, exists bool, err error) {
	if err := checkSlot(slot); err != nil {
		return Meta{}, false, err
	}
	args := append(newCall(s.keys.meta(slot), 3),
		strconv.Itoa(int(want.Partitions)), want.Partitioner, strconv.Itoa(int(want.Schema)))
	reply, err := s.run(ctx, claimScript, args)
	if err != nil {
		return Meta{}, false, fail("claim", slot, err)
	}
	switch status := word(reply); {
	case status == "absent":
		return Meta{}, false, nil
	case (status == "ok" || status == "other") && len(reply) == 3:
		if meta, err = parseMeta(reply[1], reply[2]); err != nil {
			return Meta{}, false, fail("claim", slot, err)
		}
		if err := checkExpect(slot, meta, want); err != nil {
			return Meta{}, false, wrap("claim", err)
		}
		if status == "ok" {
			return meta, true, nil
		}
	}
	return Meta{}, false, fail("claim", slot, unexpected(reply))
}

// Create begins the state of a slot that holds none, at meta.Position, with epoch 1 and the lineage as its space.
// It returns the meta as stored. It fails with [ErrExists] if there is a state, perhaps that of another worker that was
// faster, or of this very call if its reply was lost: claim it then. It fails with [ErrFrozen] while a snapshot is being restored.
func (s *Store) Create(ctx context.Context, slot Slot, meta Meta) (Meta, error) {
	if err := checkSlot(slot); err != nil {
		return Meta{}, err
	}
	meta, err := meta.begin(1)
	if err != nil {
		return Meta{}, fail("create", slot, err)
	}
	return meta, s.create(ctx, slot, "", meta)
}

// create writes the meta hash of an absent slot; token is that of the caller's own freeze.
func (s *Store) create(ctx context.Context, slot Slot, token string, meta Meta) error {
	fields := meta.fields()
	args := append(newCall(s.keys.meta(slot), 1+len(fields)), token)
	for i := range fields {
		args = append(args, &fields[i])
	}
	reply, err := s.run(ctx, createScript, args)
	if err == nil {
		err = refusal(reply)
	}
	if err != nil {
		return fail("create", slot, err)
	}
	return nil
}

// Reset begins a rebuild of a slot that holds a state: a new lineage, newer than the stored one, in a new and empty
// space. The epoch stays; the caller must hold it, else [ErrFenced]. From here on nothing of the old state is read, and nothing
// can be applied to it. Its keys are removed by [Store.Collect]. A Reset that is sent twice counts once.
func (s *Store) Reset(ctx context.Context, slot Slot, epoch int64, meta Meta) (Meta, error) {
	if err := checkSlot(slot); err != nil {
		return Meta{}, err
	}
	meta, err := meta.begin(epoch)
	if err != nil {
		return Meta{}, fail("reset", slot, err)
	}
	fields := meta.fields()
	args := append(newCall(s.keys.meta(slot), 3+len(fields)),
		strconv.FormatInt(epoch, 10), strconv.FormatInt(meta.Space, 10), meta.Position.String())
	for i := range fields {
		args = append(args, &fields[i])
	}
	reply, err := s.run(ctx, resetScript, args)
	if err == nil && word(reply) == "stale" && len(reply) == 2 {
		err = fmt.Errorf("lineage %d is not newer than the stored position %v", meta.Position.Lineage, reply[1])
	} else if err == nil {
		err = refusal(reply)
	}
	if err != nil {
		return Meta{}, fail("reset", slot, err)
	}
	return meta, nil
}

// word returns the status word that every reply begins with.
func word(reply []any) string {
	if len(reply) == 0 {
		return ""
	}
	status, _ := reply[0].(string)
	return status
}

// refusal turns the status words that all scripts share into errors.
func refusal(reply []any) error {
	switch word(reply) {
	case "ok", "same":
		return nil
	case "absent":
		return ErrAbsent
	case "exists":
		return ErrExists
	case "fenced":
		return ErrFenced
	case "frozen":
		return ErrFrozen
	case "full":
		return ErrOutboxFull
	}
	return unexpected(reply)
}

func unexpected(reply []any) error {
	if len(reply) == 0 {
		return errors.New("empty reply from a script")
	}
	return fmt.Errorf("unexpected reply %v with %d elements from a script", reply[0], len(reply))
}
