package storetest

import (
	"context"
	"testing"

	"github.com/vigia-cx/vigia/internal/store"
)

// testMark: writes of the owner take effect without moving the position; those of anybody else do not.
func testMark(t *testing.T, open Factory) {
	s := open(t, newPrefix())
	mark := func(epoch, lineage int64, writes ...store.Write) error {
		return s.Mark(t.Context(), slot, epoch, lineage, writes)
	}
	wantError(t, "mark of an absent slot", mark(1, 1, set("k", "f", "v")), store.ErrAbsent)
	create(t, s, slot)
	apply(t, s, step(0, 1, set("k", "a", "1"), set("k", "b", "2"), set("l", "a", "3")))
	for range 2 { // an answer may be lost
		if err := mark(1, 1, set("k", "a", "9"), store.Write{Key: "k", Field: "b"}, store.Write{Key: "l"}, set("m", "x\x00\xff", "")); err != nil {
			t.Fatal(err)
		}
	}
	wantEqual(t, "marked", get(t, s, slot, "k"), map[string]string{"a": "9"})
	wantEqual(t, "unlinked", get(t, s, slot, "l"), map[string]string(nil))
	wantEqual(t, "binary", get(t, s, slot, "m"), map[string]string{"x\x00\xff": ""})
	wantEqual(t, "position", position(t, s), at(1, 1, 0))

	claim(t, s)
	wantError(t, "mark of an earlier owner", mark(1, 1, set("k", "a", "old")), store.ErrFenced)
	wantError(t, "mark of an owner that is not known yet", mark(3, 1, set("k", "a", "new")), store.ErrFenced)
	if err := mark(2, 1, set("k", "a", "10")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Reset(t.Context(), slot, 2, metaAt(at(2, 0, 0))); err != nil {
		t.Fatal(err)
	}
	wantError(t, "mark of an earlier lineage", mark(2, 1, set("k", "a", "old")), store.ErrFenced)
	wantEqual(t, "the new space", get(t, s, slot, "k"), map[string]string(nil))

	if err := s.Freeze(t.Context(), slot, "snapshot", minute); err != nil {
		t.Fatal(err)
	}
	wantError(t, "mark of a frozen slot", mark(2, 2, set("k", "a", "1")), store.ErrFrozen)
	if err := s.Unfreeze(t.Context(), slot, "snapshot"); err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][]store.Write{{{Field: "f", Value: []byte("v")}}, {{Key: "k", Value: []byte("v")}}} {
		if err := mark(2, 2, bad...); err == nil {
			t.Errorf("mark took %+v", bad)
		}
	}
	if err := mark(0, 2); err == nil {
		t.Error("mark took epoch 0")
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Mark(gone, slot, 2, 2, []store.Write{set("k", "a", "1")}); err == nil {
		t.Error("mark with a context that has ended took effect")
	}
	var many []store.Write
	for i := range 5000 {
		many = append(many, set("n", string(rune('A'+i%26))+string(rune('0'+i/26)), "v"))
	}
	if err := mark(2, 2, many...); err != nil {
		t.Fatal(err)
	}
	if n := len(get(t, s, slot, "n")); n != 5000 {
		t.Errorf("%d of 5000 fields are marked", n)
	}
}
