package storetest

import (
	"fmt"
	"testing"

	"github.com/vigia-cx/vigia/internal/store"
)

func testReset(t *testing.T, open Factory) {
	prefix := newPrefix()
	s, old := open(t, prefix), open(t, prefix)
	ctx := t.Context()
	create(t, s, slot)
	a := step(0, 50, set("k", "f", "old"), set("only old", "f", "old"))
	a.Outbox = outputs(1, 4)
	apply(t, s, a)
	meta := claim(t, s)
	for _, lineage := range []int64{1} {
		if _, err := s.Reset(ctx, slot, meta.Epoch, metaAt(at(lineage, 0, 0))); err == nil {
			t.Errorf("reset to lineage %d, which is not newer, is accepted", lineage)
		}
	}
	wantEqual(t, "position after a refused reset", position(t, s), at(1, 50, 0))
	want := metaAt(at(2, 10, 0))
	want.LogLineage = 2
	got, err := s.Reset(ctx, slot, meta.Epoch, want)
	if err != nil {
		t.Fatal(err)
	}
	want.Epoch, want.Space, want.OutboxHead = meta.Epoch, 2, 1
	wantEqual(t, "meta", got, want)
	if again, err := s.Reset(ctx, slot, meta.Epoch, want); err != nil || again != got {
		t.Errorf("resent: %+v, %v", again, err)
	}
	wantEqual(t, "key of the old space", get(t, s, slot, "k"), map[string]string(nil))
	wantEqual(t, "outputs", len(outs(s, t, 2, 0)), 0)

	next := store.Apply{Epoch: meta.Epoch, From: at(2, 10, 0), To: at(2, 50, 0), Writes: []store.Write{set("k", "f", "new")}}
	apply(t, s, next)
	// The old owner goes on in the old lineage: with its old epoch, and with one that it should not have.
	for _, epoch := range []int64{1, meta.Epoch, meta.Epoch + 5} {
		zombie := step(50, 51, set("k", "f", "zombie"), store.Write{Key: "k"})
		zombie.Epoch = epoch
		if _, err := old.Apply(ctx, slot, zombie); err == nil {
			t.Errorf("an apply of the old lineage with epoch %d is accepted", epoch)
		}
	}
	wantEqual(t, "state", get(t, s, slot, "k"), map[string]string{"f": "new"})
	_, err = s.Reset(ctx, slot, meta.Epoch-1, metaAt(at(9, 0, 0)))
	wantError(t, "reset with an old epoch", err, store.ErrFenced)
}

func testCollect(t *testing.T, open Factory) {
	s := begin(t, open)
	ctx := t.Context()
	neighbour := store.Slot{Stage: "i", Partition: 4}
	create(t, s, neighbour)
	if _, err := s.Apply(ctx, neighbour, step(0, 1, set("k", "f", "v"))); err != nil {
		t.Fatal(err)
	}
	a := step(0, 1)
	for n := range 2500 {
		a.Writes = append(a.Writes, set(fmt.Sprint("old ", n), "f", "v"))
	}
	a.Outbox = outputs(1, 3)
	apply(t, s, a)
	if n, err := s.Collect(ctx, slot); n != 0 || err != nil {
		t.Fatalf("collected %d keys in use, %v", n, err)
	}
	if _, err := s.Reset(ctx, slot, 1, metaAt(at(12, 0, 0))); err != nil {
		t.Fatal(err)
	}
	b := store.Apply{Epoch: 1, From: at(12, 0, 0), To: at(12, 1, 0), Outbox: outputs(1, 2), Writes: []store.Write{set("1:looks like a space", "f", "new"), set("k", "f", "new")}}
	apply(t, s, b)
	if n, err := s.Collect(ctx, slot); n != 2501 || err != nil {
		t.Errorf("collected %d keys, %v; want 2500 hashes and an outbox", n, err)
	}
	if n, err := s.Collect(ctx, slot); n != 0 || err != nil {
		t.Errorf("collected %d keys again, %v", n, err)
	}
	wantEqual(t, "k", get(t, s, slot, "k"), map[string]string{"f": "new"})
	wantEqual(t, "key", get(t, s, slot, "1:looks like a space"), map[string]string{"f": "new"})
	wantEqual(t, "outbox", outs(s, t, 12, 0), numbered(1, 2))
	wantEqual(t, "neighbour", get(t, s, neighbour, "k"), map[string]string{"f": "v"})
}
