package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/vigia-cx/vigia/internal/store"
)

// state is everything that can be read of a slot.
type state struct {
	Meta   store.Meta
	Hashes map[string]map[string]string
	Outbox []store.OutEntry
}

func capture(t *testing.T, s *store.Store, slot store.Slot, keys []string) state {
	t.Helper()
	var refs []store.Ref
	for _, k := range keys {
		refs = append(refs, store.Ref{Key: k})
	}
	got, err := s.Read(t.Context(), []store.SlotRefs{{Slot: slot, Refs: refs}})
	if err != nil || got[0].Absent {
		t.Fatalf("slot %s: absent %v, %v", slot, err == nil && got[0].Absent, err)
	}
	st := state{Meta: got[0].Meta, Hashes: map[string]map[string]string{}}
	for i, v := range got[0].Values {
		st.Hashes[keys[i]] = text(v)
	}
	for after := int64(0); ; {
		page, err := s.Outbox(t.Context(), slot, st.Meta.Position.Lineage, after, 5000)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			return st
		}
		st.Outbox = append(st.Outbox, page...)
		after = page[len(page)-1].Ordinal
	}
}

func save(t *testing.T, s *store.Store) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := s.Save(t.Context(), &file); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func testSnapshot(t *testing.T, open Factory) {
	s := begin(t, open)
	ctx := t.Context()
	second := store.Slot{Stage: "c", Partition: 0}
	create(t, s, second) // stays empty
	var keys []string
	a := step(0, 1)
	for n := range 3000 {
		keys = append(keys, fmt.Sprint("key\x00", n))
		a.Writes = append(a.Writes, set(keys[n], "\xff", strings.Repeat("v", n%100)), set(keys[n], "n", fmt.Sprint(n)))
	}
	for n := range 2000 {
		a.Writes = append(a.Writes, set("large", fmt.Sprint(n), "v"))
	}
	keys = append(keys, "large")
	a.Outbox = outputs(1, 6000)
	apply(t, s, a)
	claim(t, s)
	if err := s.Trim(ctx, slot, 1, 7); err != nil {
		t.Fatal(err)
	}
	file := save(t, s)
	want, wantSecond := capture(t, s, slot, keys), capture(t, s, second, keys)
	b := step(1, 2, set("key\x000", "n", "later")) // nothing is frozen any more
	b.Epoch = 2
	apply(t, s, b)

	fresh := open(t, newPrefix())
	slots, err := fresh.Restore(ctx, bytes.NewReader(file), store.RestoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "restored slots", slots, []store.Slot{second, slot})
	wantEqual(t, "restored state", capture(t, fresh, slot, keys), want)
	wantEqual(t, "restored state", capture(t, fresh, second, keys), wantSecond)
	b.Writes = []store.Write{set("key\x000", "n", "goes on")}
	apply(t, fresh, b)

	// Back to the snapshot where there is a state already.
	_, err = s.Restore(ctx, bytes.NewReader(file), store.RestoreOptions{})
	wantError(t, "restore over a state", err, store.ErrExists)
	wantEqual(t, "state", get(t, s, slot, "key\x000")["n"], "later")
	extra := step(2, 3, set("extra", "f", "v"))
	extra.Epoch = 2
	apply(t, s, extra)
	if _, err := s.Restore(ctx, bytes.NewReader(file), store.RestoreOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "state after a forced restore", capture(t, s, slot, append(keys, "extra")).Hashes["extra"], map[string]string(nil))
	wantEqual(t, "state after a forced restore", capture(t, s, slot, keys), want)
	apply(t, s, b)
}

// A writer that goes on, refused now and then by the freeze, and snapshots of any instant: each must be a prefix.
func testSnapshotBusy(t *testing.T, open Factory) {
	prefix := newPrefix()
	s, writer := open(t, prefix), open(t, prefix)
	create(t, s, slot)
	ctx := t.Context()
	keys := []string{"k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8", "k9"}
	var g errgroup.Group
	stop := make(chan struct{})
	g.Go(func() error {
		for n := int64(0); ; {
			select {
			case <-stop:
				return nil
			default:
			}
			a := step(n, n+1)
			for _, k := range keys {
				a.Writes = append(a.Writes, set(k, "n", fmt.Sprint(n+1)))
			}
			a.Outbox = outputs(n+1, n+1)
			_, err := writer.Apply(ctx, slot, a)
			if errors.Is(err, store.ErrFrozen) {
				continue
			}
			if err != nil {
				return err
			}
			if n++; n%5 == 0 {
				if err := writer.Trim(ctx, slot, 1, n-3); err != nil && !errors.Is(err, store.ErrFrozen) {
					return err
				}
			}
		}
	})
	var files [][]byte
	for range 8 {
		files = append(files, save(t, s))
	}
	close(stop)
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		fresh := open(t, newPrefix())
		if _, err := fresh.Restore(ctx, bytes.NewReader(file), store.RestoreOptions{}); err != nil {
			t.Fatal(err)
		}
		got := capture(t, fresh, slot, keys)
		n := got.Meta.Position.Offset
		want := state{Meta: got.Meta, Hashes: map[string]map[string]string{}, Outbox: numbered(got.Meta.OutboxHead, n)}
		for _, k := range keys {
			want.Hashes[k] = nil
			if n > 0 {
				want.Hashes[k] = map[string]string{"n": fmt.Sprint(n)}
			}
		}
		wantEqual(t, "restored state", got, want)
	}
}

func testRestoreRefuses(t *testing.T, open Factory) {
	s := begin(t, open)
	ctx := t.Context()
	apply(t, s, step(0, 1, set("k", "f", "v")))
	file := save(t, s)
	// A broken restore leaves the slot absent, and the next one finds no leftovers of it.
	a := step(1, 2)
	for n := range 5000 {
		a.Writes = append(a.Writes, set(fmt.Sprint(n), "f", newPrefix()))
	}
	apply(t, s, a)
	larger := save(t, s)
	fresh := open(t, newPrefix())
	_, err := fresh.Restore(ctx, bytes.NewReader(larger[:len(larger)-40]), store.RestoreOptions{})
	wantError(t, "restore of a truncated file", err, store.ErrSnapshot)
	_, _, _, err = fresh.Load(ctx, slot, nil)
	wantError(t, "load after a broken restore", err, store.ErrAbsent)
	if _, err := fresh.Restore(ctx, bytes.NewReader(file), store.RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "leftover", get(t, fresh, slot, "4999"), map[string]string(nil))
	size, err := fresh.Size(ctx, slot)
	if err != nil || size.Keys != 2 {
		t.Errorf("%d keys, %v; want meta and k", size.Keys, err)
	}
	// Someone else's snapshot is under way.
	if err := s.Freeze(ctx, slot, "other", minute); err != nil {
		t.Fatal(err)
	}
	wantError(t, "save", s.Save(ctx, &bytes.Buffer{}), store.ErrFrozen)
	_, err = s.Restore(ctx, bytes.NewReader(file), store.RestoreOptions{Force: true})
	wantError(t, "restore", err, store.ErrFrozen)
	if err := s.Unfreeze(ctx, slot, "other"); err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "state", get(t, s, slot, "k"), map[string]string{"f": "v"})
}

func testDamaged(t *testing.T, open Factory) {
	s := begin(t, open)
	apply(t, s, step(0, 1, set("k", "f", strings.Repeat("v", 100)), set("l", "f", "w")))
	file := save(t, s)
	fresh := open(t, newPrefix())
	try := func(what string, damaged []byte) {
		t.Helper()
		_, err := fresh.Restore(t.Context(), bytes.NewReader(damaged), store.RestoreOptions{})
		wantError(t, what, err, store.ErrSnapshot)
		if slots, err := fresh.Slots(t.Context()); err != nil || len(slots) != 0 {
			t.Fatalf("%s: slots %v appeared, %v", what, slots, err)
		}
	}
	try("no file", nil)
	try("another file", []byte("<html>504 Gateway Timeout</html>"))
	for n := range len(file) {
		if n%7 == 0 {
			try(fmt.Sprint("cut at ", n), file[:n])
		}
		if n > 9 && n%5 == 0 { // the gzip header has bytes without meaning
			flipped := bytes.Clone(file)
			flipped[n] ^= 0x10
			try(fmt.Sprint("bit flipped at ", n), flipped)
		}
	}
}
