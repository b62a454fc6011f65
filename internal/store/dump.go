package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// dumped is one key of the embedded server: the strings of its record, shared with the server's own memory.
type dumped struct {
	kind    byte
	strings []string
}

// Save writes everything to w, except keys with a TTL: heartbeats and freezes are worth nothing after a restart.
func (e *Embedded) Save(w io.Writer) error {
	all, err := e.copyAll()
	if err != nil {
		return err
	}
	out, err := newRecordWriter(w, serverMagic)
	if err != nil {
		return err
	}
	for _, d := range all {
		if err := out.write(d.kind, d.strings...); err != nil {
			return err
		}
	}
	return out.close()
}

// copyAll reads every key while all slots are frozen. Scripts run one at a time, so that once the freezes are
// set nothing changes a slot. Reading memory directly is quicker than asking through a client, and shorter for the workers.
func (e *Embedded) copyAll() (all []dumped, err error) {
	db, now := e.server.DB(0), time.Now()
	freeze := strconv.FormatInt(now.Add(freezeTTL).UnixMilli(), 10) + " " + rand.Text()
	held := map[string]bool{} // by what the slot's keys begin with
	defer func() {
		for base := range held {
			db.Del(base + "freeze")
		}
	}()
	for _, key := range db.Keys() {
		base, isMeta := strings.CutSuffix(key, "meta")
		if !isMeta || !strings.HasSuffix(base, "}:") {
			continue
		}
		if holder, err := db.Get(base + "freeze"); err == nil && isHeld(holder, now) {
			return nil, fmt.Errorf("%w: %sfreeze", ErrFrozen, base)
		}
		if err := db.Set(base+"freeze", freeze); err != nil {
			return nil, err
		}
		held[base] = true
	}
	for _, key := range db.Keys() {
		slot, _, ofSlot := strings.Cut(key, "}:")
		if base := slot + "}:"; ofSlot && (!held[base] || key == base+"freeze") || db.TTL(key) > 0 {
			continue // a slot that was created only now, or a lease
		}
		d, err := copyKey(db, key)
		if errors.Is(err, miniredis.ErrKeyNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", key, err)
		}
		all = append(all, d)
	}
	return all, nil
}

// isHeld reads a freeze as prelude.lua does.
func isHeld(holder string, now time.Time) bool {
	till, _, _ := strings.Cut(holder, " ")
	ms, err := strconv.ParseInt(till, 10, 64)
	return err == nil && ms > now.UnixMilli()
}

func copyKey(db *miniredis.RedisDB, key string) (dumped, error) {
	switch kind := db.Type(key); kind {
	case "hash":
		fields, err := db.HKeys(key)
		strings := append(make([]string, 0, 1+2*len(fields)), key)
		for _, f := range fields {
			strings = append(strings, f, db.HGet(key, f))
		}
		return dumped{kindHash, strings}, err
	case "list":
		list, err := db.List(key)
		return dumped{kindList, append([]string{key}, list...)}, err
	case "string":
		text, err := db.Get(key)
		return dumped{kindText, []string{key, text}}, err
	case "":
		return dumped{}, miniredis.ErrKeyNotFound
	default:
		return dumped{}, fmt.Errorf("a %s cannot be saved: no part of Vigia writes one", kind)
	}
}

// Load replaces everything by what [Embedded.Save] has written. Clients see either the old or the new data; if the
// file is damaged it fails with [ErrSnapshot] and nothing has changed.
func (e *Embedded) Load(r io.Reader) error {
	in, err := newRecordReader(r, serverMagic)
	if err != nil {
		return err
	}
	side := e.server.DB(1) // never seen by clients
	side.FlushDB()
	for {
		kind, fields, err := in.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = putKey(side, kind, fields)
		}
		if err != nil {
			side.FlushDB()
			return err
		}
	}
	e.server.SwapDB(0, 1)
	e.server.DB(1).FlushDB()
	return nil
}

func putKey(db *miniredis.RedisDB, kind byte, fields []string) error {
	switch {
	case kind == kindHash && len(fields) >= 3 && len(fields)%2 == 1:
		db.HSet(fields[0], fields[1:]...)
		return nil
	case kind == kindList && len(fields) >= 2:
		_, err := db.Push(fields[0], slices.Clone(fields[1:])...)
		return err
	case kind == kindText && len(fields) == 2:
		return db.Set(fields[0], fields[1])
	}
	return fmt.Errorf("%w: a record of kind %q with %d parts, which this release does not know", ErrSnapshot, kind, len(fields))
}
