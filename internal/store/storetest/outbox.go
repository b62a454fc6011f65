package storetest

import (
	"fmt"
	"math"
	"testing"

	"github.com/vigia-cx/vigia/internal/store"
)

// withOuts is step n−1 → n with outputs from..to.
func withOuts(n, from, to int64) store.Apply {
	a := step(n-1, n)
	a.Outbox = outputs(from, to)
	return a
}

func testOutboxOrder(t *testing.T, open Factory) {
	s := begin(t, open)
	for n := int64(1); n <= 5; n++ {
		r := apply(t, s, withOuts(n, 10*n-9, 10*n))
		if r.OutboxLen != 10*n {
			t.Errorf("length %d after %d applies", r.OutboxLen, n)
		}
	}
	wantEqual(t, "all", outs(s, t, 1, 0), numbered(1, 50))
	wantEqual(t, "after 30", outs(s, t, 1, 30), numbered(31, 50))
	wantEqual(t, "after the end", len(outs(s, t, 1, 50)), 0)
	wantEqual(t, "far after the end", len(outs(s, t, 1, 1000)), 0)
	page, err := s.Outbox(t.Context(), slot, 1, 3, 4)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "page", page, numbered(4, 7))
	if _, err := s.Outbox(t.Context(), slot, 1, 0, 0); err == nil {
		t.Error("a limit of 0 is accepted")
	}
}

func testTrim(t *testing.T, open Factory) {
	prefix := newPrefix()
	s, zombie := open(t, prefix), open(t, prefix)
	create(t, s, slot)
	apply(t, s, withOuts(1, 1, 20))
	trim := func(by *store.Store, upTo, first, last int64) {
		t.Helper()
		if err := by.Trim(t.Context(), slot, 1, upTo); err != nil {
			t.Fatal(err)
		}
		wantEqual(t, fmt.Sprint("after trimming to ", upTo), outs(s, t, 1, 0), numbered(first, last))
	}
	trim(s, 0, 1, 20)
	trim(s, 7, 8, 20)
	trim(s, 7, 8, 20)      // resent
	trim(zombie, 3, 8, 20) // an old relay wakes up
	wantEqual(t, "from a trimmed ordinal on", outs(s, t, 1, 2), numbered(8, 20))
	apply(t, s, withOuts(2, 21, 25))
	trim(s, 22, 23, 25)
	// A relay that knows more than this copy of Redis must not use up the ordinals to come.
	trim(zombie, 1000, 0, -1)
	trim(zombie, math.MaxInt64, 0, -1)
	apply(t, s, withOuts(3, 26, 27))
	wantEqual(t, "next ordinals", outs(s, t, 1, 0), numbered(26, 27))
	meta := claim(t, s)
	if meta.OutboxHead != 26 || meta.OutboxLen != 2 {
		t.Errorf("meta says head %d, length %d; want 26, 2", meta.OutboxHead, meta.OutboxLen)
	}
}

func testOutboxLimit(t *testing.T, open Factory) {
	s := begin(t, open)
	limited := func(n, from, to int64) (store.Result, error) {
		a := withOuts(n, from, to)
		a.MaxOutbox = 10
		a.Writes = []store.Write{set("k", "n", fmt.Sprint(n))}
		return s.Apply(t.Context(), slot, a)
	}
	// One step larger than the limit must be able to pass, else it would block the partition for ever.
	if _, err := limited(1, 1, 15); err != nil {
		t.Fatal(err)
	}
	_, err := limited(2, 16, 16)
	wantError(t, "apply with outputs", err, store.ErrOutboxFull)
	wantEqual(t, "state", get(t, s, slot, "k"), map[string]string{"n": "1"})
	wantEqual(t, "outbox", outs(s, t, 1, 0), numbered(1, 15))
	if _, err := limited(2, 1, 0); err != nil {
		t.Errorf("an apply without outputs needs no room: %v", err)
	}
	if err := s.Trim(t.Context(), slot, 1, 6); err != nil {
		t.Fatal(err)
	}
	_, err = limited(3, 16, 17)
	wantError(t, "9 waiting, 2 more, limit 10", err, store.ErrOutboxFull)
	if r, err := limited(3, 16, 16); err != nil || r.OutboxLen != 10 {
		t.Errorf("9 waiting, 1 more, limit 10: %+v, %v", r, err)
	}
	if r, err := limited(3, 16, 16); err != nil || !r.Already {
		t.Errorf("resent at the limit: %+v, %v", r, err)
	}
}

func testOutboxFence(t *testing.T, open Factory) {
	s := begin(t, open)
	ctx := t.Context()
	apply(t, s, withOuts(1, 1, 5))
	if _, err := s.Reset(ctx, slot, 1, metaAt(at(2, 0, 0))); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Apply(ctx, slot, store.Apply{Epoch: 1, From: at(2, 0, 0), To: at(2, 1, 0), Outbox: outputs(1, 3)}); err != nil {
		t.Fatal(err)
	}
	_, err := s.Outbox(ctx, slot, 1, 0, 10)
	wantError(t, "outbox of the old lineage", err, store.ErrFenced)
	wantError(t, "trim in the old lineage", s.Trim(ctx, slot, 1, 5), store.ErrFenced)
	wantEqual(t, "outbox of the new lineage", outs(s, t, 2, 0), numbered(1, 3))
	// A lineage that goes on with the state of another one keeps what waits, but no longer listens to who speaks of the old one: its ordinals may name other outputs.
	if _, err := s.Apply(ctx, slot, store.Apply{Epoch: 1, From: at(2, 1, 0), To: at(3, 9, 0), Outbox: outputs(4, 4)}); err != nil {
		t.Fatal(err)
	}
	wantError(t, "trim in the lineage before", s.Trim(ctx, slot, 2, 3), store.ErrFenced)
	wantEqual(t, "outbox that was kept", outs(s, t, 3, 0), numbered(1, 4))
}
