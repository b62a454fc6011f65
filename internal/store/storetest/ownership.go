package storetest

import (
	"errors"
	"math"
	"testing"

	"github.com/vigia-cx/vigia/internal/store"
)

func testAbsent(t *testing.T, open Factory) {
	s := open(t, newPrefix())
	ctx := t.Context()
	meta, exists, err := s.Claim(ctx, slot, expect)
	if exists || err != nil || meta != (store.Meta{}) {
		t.Errorf("claim of an absent slot: %+v, %v, %v", meta, exists, err)
	}
	_, _, _, err = s.Load(ctx, slot, []store.Ref{{Key: "k"}})
	wantError(t, "load", err, store.ErrAbsent)
	_, err = s.Apply(ctx, slot, step(0, 1, set("k", "f", "v")))
	wantError(t, "apply", err, store.ErrAbsent)
	_, err = s.Reset(ctx, slot, 1, metaAt(at(2, 0, 0)))
	wantError(t, "reset", err, store.ErrAbsent)
	_, err = s.Outbox(ctx, slot, 1, 0, 10)
	wantError(t, "outbox", err, store.ErrAbsent)
	wantError(t, "trim", s.Trim(ctx, slot, 1, 10), store.ErrAbsent)
	got, err := s.Read(ctx, []store.SlotRefs{{Slot: slot, Refs: []store.Ref{{Key: "k"}}}})
	if err != nil || len(got) != 1 || !got[0].Absent || got[0].Values != nil {
		t.Errorf("read of an absent slot: %+v, %v", got, err)
	}
	if slots, err := s.Slots(ctx); err != nil || len(slots) != 0 {
		t.Errorf("nothing may have been written: slots %v, %v", slots, err)
	}
}

func testClaim(t *testing.T, open Factory) {
	s := begin(t, open)
	want := metaAt(at(1, 0, 0))
	want.Space, want.OutboxHead = 1, 1
	for epoch := int64(2); epoch <= 4; epoch++ {
		want.Epoch = epoch
		wantEqual(t, "meta after a claim", claim(t, s), want)
	}
	_, epoch, _, err := s.Load(t.Context(), slot, nil)
	if err != nil || epoch != 4 {
		t.Errorf("load says epoch %d, %v; want 4", epoch, err)
	}
}

func testCreate(t *testing.T, open Factory) {
	s := open(t, newPrefix())
	ctx := t.Context()
	meta := store.Meta{Position: at(1_800_000_000, 41, 7), LogLineage: 3, Partitions: 4, Partitioner: "murmur2", Schema: 9, Fingerprint: "f\x00\xff"}
	got, err := s.Create(ctx, slot, meta)
	if err != nil {
		t.Fatal(err)
	}
	want := meta
	want.Epoch, want.Space, want.OutboxHead = 1, 1_800_000_000, 1
	wantEqual(t, "created meta", got, want)
	read, err := s.Read(ctx, []store.SlotRefs{{Slot: slot}})
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "stored meta", read[0].Meta, want)
	_, err = s.Create(ctx, slot, metaAt(at(2_000_000_000, 0, 0)))
	wantError(t, "second create", err, store.ErrExists)
	wantEqual(t, "position", position(t, s), meta.Position)
	for _, bad := range []store.Meta{{}, metaAt(at(0, 0, 0)), metaAt(at(1, -1, 0)), metaAt(at(1, 0, -1))} {
		if _, err := s.Create(ctx, store.Slot{Stage: "c"}, bad); err == nil {
			t.Errorf("create accepts %+v", bad)
		}
	}
	for _, bad := range []store.Slot{{}, {Stage: "I"}, {Stage: "i}"}, {Stage: "i", Partition: -1}} {
		if _, err := s.Create(ctx, bad, metaAt(at(1, 0, 0))); err == nil {
			t.Errorf("create accepts slot %+v", bad)
		}
	}
}

func testMismatch(t *testing.T, open Factory) {
	s := begin(t, open)
	for _, test := range []struct {
		want            store.Expect
		kind            error
		found, expected string
	}{
		{store.Expect{Partitions: 16, Partitioner: "murmur2", Schema: 1}, store.ErrPartitions, "12", "16"},
		{store.Expect{Partitions: 12, Partitioner: "crc32", Schema: 1}, store.ErrPartitioner, `"murmur2"`, `"crc32"`},
		{store.Expect{Partitions: 12, Partitioner: "murmur2", Schema: 2}, store.ErrSchema, "1", "2"},
		{store.Expect{Partitions: 12, Partitioner: "murmur2", Schema: 0}, store.ErrSchema, "1", "0"},
	} {
		_, _, err := s.Claim(t.Context(), slot, test.want)
		wantError(t, "claim", err, test.kind)
		m, ok := errors.AsType[*store.MismatchError](err)
		if !ok || m.Found != test.found || m.Expected != test.expected || m.Remedy == "" || m.Slot != slot {
			t.Errorf("error %v does not say stored %s, expected %s and a remedy", err, test.found, test.expected)
		}
	}
	if meta := claim(t, s); meta.Epoch != 2 {
		t.Errorf("refused claims must not bump the epoch: %d, want 2", meta.Epoch)
	}
}

func testFence(t *testing.T, open Factory) {
	prefix := newPrefix()
	old, fresh := open(t, prefix), open(t, prefix)
	create(t, old, slot)
	apply(t, old, step(0, 5, set("k", "f", "old")))
	meta := claim(t, fresh)
	// The old owner, paused in the meantime, goes on as if nothing had happened.
	_, err := old.Apply(t.Context(), slot, step(5, 6, set("k", "f", "zombie")))
	wantError(t, "zombie's apply", err, store.ErrFenced)
	_, err = old.Reset(t.Context(), slot, 1, metaAt(at(2, 0, 0)))
	wantError(t, "zombie's reset", err, store.ErrFenced)
	wantEqual(t, "state", get(t, fresh, slot, "k"), map[string]string{"f": "old"})
	a := step(5, 6, set("k", "f", "new"))
	a.Epoch = meta.Epoch
	apply(t, fresh, a)
	// It resends a step that the new owner has done too: nothing changes, and that is success.
	if r := apply(t, old, step(5, 6, set("k", "f", "zombie"))); !r.Already {
		t.Errorf("an apply to the position reached must be reported as already applied")
	}
	wantEqual(t, "state", get(t, fresh, slot, "k"), map[string]string{"f": "new"})
}

// An older copy of Redis may come back with an older epoch: the owner goes on with its newer one.
func testEpochRollback(t *testing.T, open Factory) {
	s := begin(t, open)
	a := step(0, 1, set("k", "f", "v"))
	a.Epoch = 7
	apply(t, s, a)
	_, err := s.Apply(t.Context(), slot, store.Apply{Epoch: 6, From: at(1, 1, 0), To: at(1, 2, 0)})
	wantError(t, "older epoch", err, store.ErrFenced)
	if meta := claim(t, s); meta.Epoch != 8 {
		t.Errorf("the next claim has epoch %d, want 8", meta.Epoch)
	}
}

// Two decimal numbers of different length, and two that are equal as doubles.
func testHugeNumbers(t *testing.T, open Factory) {
	s := open(t, newPrefix())
	ctx := t.Context()
	big := int64(1)<<53 + 1
	if _, err := s.Create(ctx, slot, metaAt(at(big, big, 1<<30))); err != nil {
		t.Fatal(err)
	}
	for _, from := range []store.Position{at(big-1, big, 1<<30), at(big, big-1, 1<<30), at(big, big, 1<<30-1)} {
		_, err := s.Apply(ctx, slot, store.Apply{Epoch: 1, From: from, To: at(big, big+5, 0)})
		moved, ok := errors.AsType[*store.MovedError](err)
		if !ok || moved.Stored != at(big, big, 1<<30) {
			t.Errorf("from %s: error %v, want the stored position %s", from, err, at(big, big, 1<<30))
		}
	}
	last := at(big, math.MaxInt64, math.MaxInt32)
	apply(t, s, store.Apply{Epoch: big, From: at(big, big, 1<<30), To: last})
	_, err := s.Apply(ctx, slot, store.Apply{Epoch: big - 1, From: last, To: at(big+1, 0, 0)})
	wantError(t, "epoch one lower", err, store.ErrFenced)
	_, err = s.Apply(ctx, slot, store.Apply{Epoch: 999, From: last, To: at(big+1, 0, 0)})
	wantError(t, "epoch of fewer digits", err, store.ErrFenced)
	meta := claim(t, s)
	if meta.Epoch != big+1 || meta.Position != last || meta.Space != big {
		t.Errorf("claimed %+v", meta)
	}
}

// Retention has cut the log: the owner skips to its start in a new lineage and keeps the state.
func testSkip(t *testing.T, open Factory) {
	s := begin(t, open)
	apply(t, s, step(0, 5, set("k", "f", "v")))
	apply(t, s, store.Apply{Epoch: 1, From: at(1, 5, 0), To: at(2, 100, 0)})
	wantEqual(t, "state", get(t, s, slot, "k"), map[string]string{"f": "v"})
	meta := claim(t, s)
	if meta.Position != at(2, 100, 0) || meta.Space != 1 || meta.LogLineage != 1 || meta.Fingerprint != "record 4" {
		t.Errorf("after a skip: %+v", meta)
	}
	_, err := s.Apply(t.Context(), slot, step(100, 101))
	wantError(t, "apply in the old lineage", err, store.ErrFenced)
	a := step(100, 101)
	a.Epoch = 2
	_, err = s.Apply(t.Context(), slot, a)
	wantError(t, "apply in the old lineage", err, store.ErrMoved)
}
