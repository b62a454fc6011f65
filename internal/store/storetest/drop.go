package storetest

import (
	"testing"

	"github.com/vigia-cx/vigia/internal/store"
)

// testDrop: everything of the slot goes, nothing of another slot or prefix.
func testDrop(t *testing.T, open Factory) {
	prefix := newPrefix()
	s, other := open(t, prefix), open(t, prefix+"x")
	gone, left := store.Slot{Stage: "i", Partition: 1}, store.Slot{Stage: "i", Partition: 11}
	for _, x := range []*store.Store{s, other} {
		create(t, x, gone)
	}
	create(t, s, left)
	a := step(0, 1, set("k", "f", "v"), set("l", "f", "v"))
	a.Outbox = outputs(1, 2)
	if _, err := s.Apply(t.Context(), gone, a); err != nil {
		t.Fatal(err)
	}
	for range 2 { // nothing left is no error
		if err := s.Drop(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
	}
	if size, err := s.Size(t.Context(), gone); err != nil || size != (store.Size{}) {
		t.Errorf("a dropped slot has %+v, %v", size, err)
	}
	for _, x := range []struct {
		store *store.Store
		want  []store.Slot
	}{{s, []store.Slot{left}}, {other, []store.Slot{gone}}} {
		slots, err := x.store.Slots(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, "slots", slots, x.want)
	}
}
