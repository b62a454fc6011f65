package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

const (
	// groupArgs bounds the arguments of one Redis command inside a script: Lua cannot unpack many more.
	groupArgs = 1000
	// maxCallArgs bounds a whole call: Redis refuses commands of more than 1,048,576 arguments.
	maxCallArgs = 1_000_000
)

// Apply makes one step of the fold take effect: writes, outbox, position, all or nothing. If the slot already stands at
// a.To the step was applied before and that is success.
//
// It writes nothing and fails with [ErrAbsent], [ErrFenced] (a newer epoch), a [*MovedError] (the slot does not stand at a.From),
// [ErrFrozen], [ErrOutboxFull], [ErrMemory], or the network's error, after which the step may or may not have been
// applied: send it again, or load.
func (s *Store) Apply(ctx context.Context, slot Slot, a Apply) (Result, error) {
	if err := checkSlot(slot); err != nil {
		return Result{}, err
	}
	if err := a.check(); err != nil {
		return Result{}, fail("apply to", slot, err)
	}
	args, err := s.applyArgs(slot, &a)
	if err != nil {
		return Result{}, fail("apply to", slot, err)
	}
	reply, err := s.run(ctx, applyScript, args)
	if err != nil {
		return Result{}, fail("apply to", slot, fmt.Errorf("%s → %s: %w", a.From, a.To, err))
	}
	switch word(reply) {
	case "ok", "already":
		if n, ok := reply[len(reply)-1].(int64); ok && len(reply) == 3 {
			return Result{Position: a.To, OutboxLen: n, Already: word(reply) == "already"}, nil
		}
		return Result{}, fail("apply to", slot, unexpected(reply))
	case "moved":
		stored, err := ParsePosition(fmt.Sprint(reply[1:2]...))
		if err != nil {
			return Result{}, fail("apply to", slot, err)
		}
		return Result{}, wrap("apply", &MovedError{Slot: slot, From: a.From, Stored: stored})
	}
	return Result{}, fail("apply to", slot, fmt.Errorf("%s → %s: %w", a.From, a.To, refusal(reply)))
}

func (a *Apply) check() error {
	if !a.From.valid() || !a.To.valid() || !a.From.Before(a.To) {
		return fmt.Errorf("a step must lead forward, from %s to %s it does not", a.From, a.To)
	}
	if a.Epoch <= 0 || a.LogLineage < 0 || a.MaxOutbox < 0 {
		return fmt.Errorf("epoch %d, log lineage %d, outbox limit %d: claim before applying; nothing is negative", a.Epoch, a.LogLineage, a.MaxOutbox)
	}
	for i := range a.Writes {
		w := &a.Writes[i]
		if w.Key == "" || w.Field == "" && w.Value != nil {
			return fmt.Errorf("write %d to key %q, field %q: a key is required, and a field for a value", i, w.Key, w.Field)
		}
	}
	for i := range a.Outbox {
		if o := &a.Outbox[i]; o.Topic == "" || o.Partition < 0 {
			return fmt.Errorf("output %d for topic %q, partition %d: both are required", i, o.Topic, o.Partition)
		}
	}
	return nil
}

// applyArgs lays the step out for apply.lua. Keys, fields and values are passed by pointer into the caller's slices.
func (s *Store) applyArgs(slot Slot, a *Apply) ([]any, error) {
	writes := grouped(a.Writes)
	args := newCall(s.keys.meta(slot), 7+len(a.Outbox)+5*len(writes))
	logLineage := ""
	if a.LogLineage > 0 {
		logLineage = strconv.FormatInt(a.LogLineage, 10)
	}
	args = append(args, a.From.String(), a.To.String(), strconv.FormatInt(a.Epoch, 10), a.Fingerprint, logLineage,
		strconv.FormatInt(a.MaxOutbox, 10), strconv.Itoa(len(a.Outbox)))
	for _, entry := range encodeOuts(a.Outbox) {
		args = append(args, entry)
	}
	args = appendWrites(args, writes)
	if len(args) > maxCallArgs {
		return nil, errors.New("the step is too large for one script: split it")
	}
	return args, nil
}

// appendWrites turns runs of writes of the same kind to the same key into one Redis command each.
func appendWrites(args []any, writes []Write) []any {
	for i := 0; i < len(writes); {
		first := &writes[i]
		width := widthOf(first)
		args = append(args, words[width], &first.Key, nil)
		count := len(args) - 1
		n := 0
		for i < len(writes) && n+width <= groupArgs && writes[i].Key == first.Key {
			w := &writes[i]
			if widthOf(w) != width {
				break
			}
			switch width {
			case 2:
				args = append(args, &w.Field, (*blob)(&w.Value))
			case 1:
				args = append(args, &w.Field)
			}
			n += width
			i++
		}
		args[count] = counts[n]
	}
	return args
}

// widthOf returns how many arguments a write takes, which tells its kind: 2 set a field, 1 delete a field, 0 unlink the key.
func widthOf(w *Write) int {
	switch {
	case w.Field == "":
		return 0
	case w.Value == nil:
		return 1
	}
	return 2
}

// words are the operations by width, and counts the numbers of arguments, as the call's arguments: made once instead of
// once for each command.
var (
	words  = [...]any{"U", "D", "S"}
	counts = func() (boxed [groupArgs + 1]any) {
		for n := range boxed {
			boxed[n] = strconv.Itoa(n)
		}
		return boxed
	}()
)

// grouped returns the writes with those to one key together, in their order. Writes to different keys commute.
func grouped(writes []Write) []Write {
	byKey := func(a, b Write) int { return cmp.Compare(a.Key, b.Key) }
	seen := make(map[string]struct{}, min(len(writes), 1024))
	for i := range writes {
		if i > 0 && writes[i].Key == writes[i-1].Key {
			continue
		}
		if _, again := seen[writes[i].Key]; again {
			sorted := slices.Clone(writes)
			slices.SortStableFunc(sorted, byKey)
			return sorted
		}
		seen[writes[i].Key] = struct{}{}
	}
	return writes
}
