package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
)

// outboxPage bounds the entries of one read, so that no script blocks the server for long.
const outboxPage = 5000

// Outbox returns up to limit entries (at most 5,000) with an ordinal above after, in order. Within a lineage an ordinal names one output for ever, in another
// one it may name a different output: if the state goes on in another lineage than the given one, Outbox fails with [ErrFenced], and with [ErrAbsent] if there is no state.
func (s *Store) Outbox(ctx context.Context, slot Slot, lineage, after int64, limit int) ([]OutEntry, error) {
	if err := checkSlot(slot); err != nil {
		return nil, err
	}
	if limit <= 0 || after < 0 {
		return nil, fail("read the outbox of", slot, fmt.Errorf("limit %d after ordinal %d: need a positive limit and an ordinal of 0 or more", limit, after))
	}
	args := append(newCall(s.keys.meta(slot), 3),
		strconv.FormatInt(lineage, 10), strconv.FormatInt(after, 10), strconv.Itoa(min(limit, outboxPage)))
	reply, err := s.run(ctx, outboxScript, args)
	if err == nil {
		err = refusal(reply)
	}
	if err != nil {
		return nil, fail("read the outbox of", slot, err)
	}
	entries, err := parseOutbox(reply)
	if err != nil {
		return nil, fail("read the outbox of", slot, err)
	}
	return entries, nil
}

func parseOutbox(reply []any) ([]OutEntry, error) {
	if len(reply) != 3 {
		return nil, unexpected(reply)
	}
	first, ok1 := reply[1].(int64)
	list, ok2 := reply[2].([]any)
	if !ok1 || !ok2 {
		return nil, unexpected(reply)
	}
	entries := make([]OutEntry, len(list))
	for i, item := range list {
		text, _ := item.(string)
		out, err := decodeOut([]byte(text))
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", first+int64(i), err)
		}
		entries[i] = OutEntry{Ordinal: first + int64(i), Out: out}
	}
	return entries, nil
}

// Trim forgets the entries with an ordinal up to upTo, after Kafka has acknowledged them. Trimming again, or less, changes
// nothing; ordinals that this copy of Redis has not reached are left for the entries to come. It fails with [ErrFenced] if
// the state goes on in another lineage by now, with [ErrFrozen] during a snapshot, with [ErrAbsent].
func (s *Store) Trim(ctx context.Context, slot Slot, lineage, upTo int64) error {
	if err := checkSlot(slot); err != nil {
		return err
	}
	args := append(newCall(s.keys.meta(slot), 2), strconv.FormatInt(lineage, 10), strconv.FormatInt(upTo, 10))
	reply, err := s.run(ctx, trimScript, args)
	if err == nil {
		err = refusal(reply)
	}
	if err != nil {
		return fail("trim the outbox of", slot, err)
	}
	return nil
}

// encodeOuts packs each output into one list element: partition, offset, instant as varints, then topic and key with
// their lengths, then the value.
func encodeOuts(outs []Out) [][]byte {
	if len(outs) == 0 {
		return nil
	}
	size := 0
	for i := range outs {
		size += 5*binary.MaxVarintLen64 + len(outs[i].Topic) + len(outs[i].Key) + len(outs[i].Value)
	}
	buf := make([]byte, 0, size) // one block for all: it never grows, so that the slices into it stay
	list := make([][]byte, len(outs))
	for i := range outs {
		o, start := &outs[i], len(buf)
		buf = binary.AppendVarint(buf, int64(o.Partition))
		buf = binary.AppendVarint(buf, o.Offset)
		buf = binary.AppendVarint(buf, o.At)
		buf = binary.AppendUvarint(buf, uint64(len(o.Topic)))
		buf = append(buf, o.Topic...)
		buf = binary.AppendUvarint(buf, uint64(len(o.Key)))
		buf = append(buf, o.Key...)
		buf = append(buf, o.Value...)
		list[i] = buf[start:len(buf):len(buf)]
	}
	return list
}

var errOut = errors.New("not an outbox entry: Redis holds data of another program, or of another release, under this key")

func decodeOut(b []byte) (Out, error) {
	var numbers [3]int64
	for i := range numbers {
		v, n := binary.Varint(b)
		if n <= 0 {
			return Out{}, errOut
		}
		numbers[i], b = v, b[n:]
	}
	var parts [2][]byte
	for i := range parts {
		v, n := binary.Uvarint(b)
		if n <= 0 || v > uint64(len(b)-n) {
			return Out{}, errOut
		}
		parts[i], b = b[n:n+int(v):n+int(v)], b[n+int(v):]
	}
	return Out{
		Partition: int32(numbers[0]), Offset: numbers[1], At: numbers[2],
		Topic: string(parts[0]), Key: parts[1], Value: b,
	}, nil
}
