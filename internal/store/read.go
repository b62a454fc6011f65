package store

import (
	"context"
	"fmt"
)

// Load reads values of a slot, with the position and the epoch that they belong to, in one script: no apply can come between.
// The values are in the order of the refs. It fails with [ErrAbsent] if the slot holds no state.
//
// Refs to fields of one key are fastest if they stand together.
func (s *Store) Load(ctx context.Context, slot Slot, refs []Ref) (Position, int64, []Value, error) {
	if err := checkSlot(slot); err != nil {
		return Position{}, 0, nil, err
	}
	reply, err := s.run(ctx, readScript, s.readArgs(slot, "", refs))
	if err == nil {
		err = refusal(reply)
	}
	if err != nil {
		return Position{}, 0, nil, fail("load from", slot, err)
	}
	got, err := parseRead(reply, refs)
	if err != nil {
		return Position{}, 0, nil, fail("load from", slot, err)
	}
	return got.Meta.Position, got.Meta.Epoch, got.Values, nil
}

// Read reads values of several slots in one round trip, each slot's values consistent with the meta beside them. A slot
// without state is reported as Absent, not as an error; an error means that nothing was read.
func (s *Store) Read(ctx context.Context, requests []SlotRefs) ([]SlotValues, error) {
	calls := make([][]any, len(requests))
	for i, r := range requests {
		if err := checkSlot(r.Slot); err != nil {
			return nil, err
		}
		seen := ""
		if r.IfChangedSince != nil {
			seen = r.IfChangedSince.String()
		}
		calls[i] = s.readArgs(r.Slot, seen, r.Refs)
	}
	replies, err := s.runAll(ctx, readScript, calls)
	if err != nil {
		return nil, fmt.Errorf("store: read %d slots: %w", len(requests), err)
	}
	answers := make([]SlotValues, len(requests))
	for i, reply := range replies {
		if word(reply) == "absent" {
			answers[i].Absent = true
			continue
		}
		if answers[i], err = parseRead(reply, requests[i].Refs); err != nil {
			return nil, fail("read from", requests[i].Slot, err)
		}
	}
	return answers, nil
}

// readArgs lays refs out for read.lua: neighbouring fields of one key become one group.
func (s *Store) readArgs(slot Slot, seen string, refs []Ref) []any {
	args := append(newCall(s.keys.meta(slot), 1+3*len(refs)), seen)
	for i := 0; i < len(refs); {
		n := groupLen(refs[i:])
		if refs[i].Field == "" {
			args = append(args, &refs[i].Key, counts[0])
		} else {
			args = append(args, &refs[i].Key, counts[n])
			for j := i; j < i+n; j++ {
				args = append(args, &refs[j].Field)
			}
		}
		i += n
	}
	return args
}

// groupLen returns how many of the leading refs are read by one Redis command.
func groupLen(refs []Ref) int {
	if refs[0].Field == "" {
		return 1
	}
	n := 1
	for n < len(refs) && n < groupArgs && refs[n].Field != "" && refs[n].Key == refs[0].Key {
		n++
	}
	return n
}

func parseRead(reply []any, refs []Ref) (SlotValues, error) {
	if len(reply) < 3 {
		return SlotValues{}, unexpected(reply)
	}
	meta, err := parseMeta(reply[1], reply[2])
	if err != nil {
		return SlotValues{}, err
	}
	if word(reply) == "same" {
		return SlotValues{Meta: meta, Unchanged: true}, nil
	}
	values := make([]Value, 0, len(refs))
	groups := reply[3:]
	for i := 0; i < len(refs); {
		n := groupLen(refs[i:])
		if len(groups) == 0 {
			return SlotValues{}, unexpected(reply)
		}
		list, ok := groups[0].([]any)
		groups = groups[1:]
		switch {
		case !ok:
			return SlotValues{}, unexpected(reply)
		case refs[i].Field == "":
			values = append(values, wholeHash(list))
		case len(list) != n:
			return SlotValues{}, unexpected(reply)
		default:
			for _, item := range list {
				text, found := item.(string)
				if !found {
					values = append(values, Value{})
					continue
				}
				values = append(values, Value{Blob: []byte(text), Found: true})
			}
		}
		i += n
	}
	return SlotValues{Meta: meta, Values: values}, nil
}

func wholeHash(list []any) Value {
	if len(list) == 0 {
		return Value{}
	}
	fields := make(map[string][]byte, len(list)/2)
	for i := 0; i+1 < len(list); i += 2 {
		field, _ := list[i].(string)
		value, _ := list[i+1].(string)
		fields[field] = []byte(value)
	}
	return Value{Fields: fields, Found: true}
}
