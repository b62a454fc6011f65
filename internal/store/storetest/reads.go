package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/vigia-cx/vigia/internal/store"
)

// While a writer keeps two hashes and the position in step, no reader may ever see them apart.
func testLoad(t *testing.T, open Factory) {
	prefix := newPrefix()
	s, reader := open(t, prefix), open(t, prefix)
	create(t, s, slot)
	const rounds = 200
	var g errgroup.Group
	g.Go(func() error {
		for n := range int64(rounds) {
			v := fmt.Sprint(n + 1)
			if _, err := s.Apply(t.Context(), slot, step(n, n+1, set("a", "n", v), set("b", "n", v))); err != nil {
				return err
			}
		}
		return nil
	})
	g.Go(func() error {
		for {
			p, _, v, err := reader.Load(t.Context(), slot, []store.Ref{{Key: "a", Field: "n"}, {Key: "b"}})
			if err != nil {
				return err
			}
			want := fmt.Sprint(p.Offset)
			if p.Offset > 0 && (string(v[0].Blob) != want || string(v[1].Fields["n"]) != want) {
				return fmt.Errorf("torn load at %s: %q and %q", p, v[0].Blob, v[1].Fields["n"])
			}
			if p.Offset == rounds {
				return nil
			}
		}
	})
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}

func testRead(t *testing.T, open Factory) {
	s := open(t, newPrefix())
	var requests []store.SlotRefs
	for p := range int32(12) {
		sl := store.Slot{Stage: "i", Partition: p}
		requests = append(requests, store.SlotRefs{Slot: sl, Refs: []store.Ref{{Key: "k", Field: "p"}, {Key: "k"}, {Key: "no"}, {Key: "k", Field: "no"}}})
		if p == 5 {
			continue // stays absent
		}
		create(t, s, sl)
		if _, err := s.Apply(t.Context(), sl, step(0, int64(p)+1, set("k", "p", fmt.Sprint(p)))); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Read(t.Context(), requests)
	if err != nil || len(got) != len(requests) {
		t.Fatalf("%d answers, %v", len(got), err)
	}
	for p, g := range got {
		if g.Absent != (p == 5) {
			t.Errorf("slot %d: absent %v", p, g.Absent)
		}
		if g.Absent {
			continue
		}
		blob := fmt.Append(nil, p)
		wantEqual(t, "values", g.Values, []store.Value{{Blob: blob, Found: true}, {Fields: map[string][]byte{"p": blob}, Found: true}, {}, {}})
		wantEqual(t, "position", g.Meta.Position, at(1, int64(p)+1, 0))
	}
	if none, err := s.Read(t.Context(), nil); err != nil || len(none) != 0 {
		t.Errorf("reading nothing: %v, %v", none, err)
	}
}

func testReadIfChanged(t *testing.T, open Factory) {
	s := begin(t, open)
	a := step(0, 1, set("k", "f", "1"))
	a.Outbox = outputs(1, 3)
	apply(t, s, a)
	read := func(seen store.Position) store.SlotValues {
		t.Helper()
		got, err := s.Read(t.Context(), []store.SlotRefs{{Slot: slot, Refs: []store.Ref{{Key: "k", Field: "f"}}, IfChangedSince: &seen}})
		if err != nil {
			t.Fatal(err)
		}
		return got[0]
	}
	got := read(at(1, 1, 0))
	if !got.Unchanged || got.Values != nil || got.Meta.Position != at(1, 1, 0) || got.Meta.OutboxLen != 3 {
		t.Errorf("same position: %+v", got)
	}
	for _, seen := range []store.Position{at(1, 0, 0), at(1, 2, 0), at(2, 1, 0), {}} {
		if got := read(seen); got.Unchanged || len(got.Values) != 1 || string(got.Values[0].Blob) != "1" {
			t.Errorf("seen %s: %+v", seen, got)
		}
	}
}

func testLiveness(t *testing.T, open Factory) {
	s := open(t, newPrefix())
	ctx := t.Context()
	before, err := s.Time(ctx)
	if err != nil {
		t.Fatal(err)
	}
	// Names that would collide, or break a hash tag, if they were not escaped.
	for _, src := range []store.Source{{Tenant: "a:b", Source: "c"}, {Tenant: "{", Source: "ñ}"}} {
		if err := s.Heartbeat(ctx, src.Tenant, src.Source, minute); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.LastHeartbeats(ctx, []store.Source{{Tenant: "a:b", Source: "c"}, {Tenant: "a", Source: "b:c"}, {Tenant: "{", Source: "ñ}"}})
	if err != nil {
		t.Fatal(err)
	}
	after, err := s.Time(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, 2} {
		if got[i].Before(before.Truncate(time.Millisecond)) || got[i].After(after) {
			t.Errorf("heartbeat %d at %v, want between %v and %v", i, got[i], before, after)
		}
	}
	if !got[1].IsZero() {
		t.Errorf("a source that was never alive has a heartbeat at %v", got[1])
	}
	if d := time.Since(after).Abs(); d > time.Hour {
		t.Errorf("the clock of Redis is %v away", d)
	}
}

func testCheck(t *testing.T, open Factory) {
	if err := open(t, newPrefix()).Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func testSlots(t *testing.T, open Factory) {
	prefix := newPrefix()
	s, other := open(t, prefix), open(t, prefix+"x")
	create(t, other, store.Slot{Stage: "i", Partition: 99})
	want := []store.Slot{{Stage: "c", Partition: 0}, {Stage: "i", Partition: 0}, {Stage: "i", Partition: 2}, {Stage: "i", Partition: 11}}
	for _, i := range []int{3, 1, 0, 2} {
		create(t, s, want[i])
	}
	got, err := s.Slots(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "slots", got, want)
	a := step(0, 1)
	for n := range 500 {
		a.Writes = append(a.Writes, set(fmt.Sprint("k", n), "f", "0123456789012345678901234567890123456789"))
	}
	a.Outbox = outputs(1, 2)
	if _, err := s.Apply(t.Context(), want[2], a); err != nil {
		t.Fatal(err)
	}
	size, err := s.Size(t.Context(), want[2])
	if err != nil || size.Keys != 502 || size.Bytes < 502*20 || size.Bytes > 502*2000 {
		t.Errorf("size %+v, %v; want 502 keys of a plausible size", size, err)
	}
	if size, err := s.Size(t.Context(), store.Slot{Stage: "i", Partition: 5}); err != nil || size != (store.Size{}) {
		t.Errorf("size of an absent slot %+v, %v", size, err)
	}
}

func testFreeze(t *testing.T, open Factory) {
	s := begin(t, open)
	ctx := t.Context()
	a := step(0, 1)
	a.Outbox = outputs(1, 2)
	apply(t, s, a)
	if err := s.Freeze(ctx, slot, "mine", minute); err != nil {
		t.Fatal(err)
	}
	if err := s.Freeze(ctx, slot, "mine", minute); err != nil {
		t.Errorf("freezing again with the same token: %v", err)
	}
	wantError(t, "freeze by another", s.Freeze(ctx, slot, "other", minute), store.ErrFrozen)
	_, err := s.Apply(ctx, slot, step(1, 2, set("k", "f", "v")))
	wantError(t, "apply", err, store.ErrFrozen)
	wantError(t, "trim", s.Trim(ctx, slot, 1, 1), store.ErrFrozen)
	_, err = s.Reset(ctx, slot, 1, metaAt(at(2, 0, 0)))
	wantError(t, "reset", err, store.ErrFrozen)
	_, err = s.Collect(ctx, slot)
	wantError(t, "collect", err, store.ErrFrozen)
	_, err = s.Apply(ctx, slot, step(5, 6))
	wantError(t, "an apply that could never succeed", err, store.ErrMoved)
	if r := apply(t, s, a); !r.Already {
		t.Error("what was applied before the freeze is applied")
	}
	if err := s.Unfreeze(ctx, slot, "other"); err != nil {
		t.Errorf("unfreeze with another token: %v", err)
	}
	_, err = s.Apply(ctx, slot, step(1, 2))
	wantError(t, "apply after another's unfreeze", err, store.ErrFrozen)
	if err := s.Unfreeze(ctx, slot, "mine"); err != nil {
		t.Fatal(err)
	}
	apply(t, s, step(1, 2, set("k", "f", "v")))
	// A freeze ends by itself.
	if err := s.Freeze(ctx, slot, "dies", 50*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		_, err := s.Apply(ctx, slot, step(2, 3))
		if err == nil {
			break
		}
		if !errors.Is(err, store.ErrFrozen) || time.Now().After(deadline) {
			t.Fatalf("freeze of 50 ms does not end: %v", err)
		}
	}
	// An absent slot can be frozen too: nobody creates it then.
	free := store.Slot{Stage: "c", Partition: 1}
	if err := s.Freeze(ctx, free, "restore", minute); err != nil {
		t.Fatal(err)
	}
	_, err = s.Create(ctx, free, metaAt(at(1, 0, 0)))
	wantError(t, "create", err, store.ErrFrozen)
}
