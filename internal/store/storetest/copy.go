package storetest

import (
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/store"
)

// testCopy reads a whole slot: its values of this space, its outbox, nothing of other slots; and lets go of it.
func testCopy(t *testing.T, open Factory) {
	s := begin(t, open)
	if _, err := s.Copy(t.Context(), store.Slot{Stage: "i", Partition: 4}); !errors.Is(err, store.ErrAbsent) {
		t.Errorf("a slot without a state: %v, want ErrAbsent", err)
	}
	other := store.Slot{Stage: "c", Partition: 3}
	create(t, s, other)
	a := step(0, 1)
	keys := []string{}
	for n := range 50 {
		keys = append(keys, fmt.Sprint("key\x00", n))
		a.Writes = append(a.Writes, set(keys[n], "\xff", "v"), set(keys[n], "n", fmt.Sprint(n)))
	}
	for n := range 6000 { // more than a page
		a.Outbox = append(a.Outbox, store.Out{Topic: "signals", Partition: 1, Key: []byte("k"), Value: fmt.Append(nil, n), Offset: 0, At: 7})
	}
	apply(t, s, a)
	want := capture(t, s, slot, keys)
	got, err := s.Copy(t.Context(), slot)
	if err != nil {
		t.Fatal(err)
	}
	hashes := map[string]map[string]string{}
	for key, fields := range got.Hashes {
		hashes[key] = text(store.Value{Fields: fields, Found: true})
	}
	if diff := cmp.Diff(want, state{got.Meta, hashes, got.Outbox}); diff != "" {
		t.Error(diff)
	}
	if empty, err := s.Copy(t.Context(), other); err != nil || len(empty.Hashes)+len(empty.Outbox) > 0 {
		t.Errorf("an empty slot: %v, %v", maps.Keys(empty.Hashes), err)
	}
	apply(t, s, step(1, 2)) // it is not frozen any more
	if err := s.Freeze(t.Context(), slot, "a snapshot", time.Minute); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Copy(t.Context(), slot); !errors.Is(err, store.ErrFrozen) {
		t.Errorf("while a snapshot holds the slot: %v, want ErrFrozen", err)
	}
}
