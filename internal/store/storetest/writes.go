package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/vigia-cx/vigia/internal/store"
)

func testCompareAndSet(t *testing.T, open Factory) {
	s := begin(t, open)
	apply(t, s, step(0, 10, set("k", "f", "10")))
	for _, from := range []store.Position{at(1, 0, 0), at(1, 9, 0), at(1, 10, 1), at(1, 11, 0), at(2, 10, 0)} {
		_, err := s.Apply(t.Context(), slot, store.Apply{Epoch: 1, From: from, To: at(3, 20, 0), Writes: []store.Write{set("k", "f", "bad")}, Outbox: outputs(1, 1)})
		wantError(t, "apply from "+from.String(), err, store.ErrMoved)
		moved, ok := errors.AsType[*store.MovedError](err)
		if !ok || moved.Stored != at(1, 10, 0) || moved.From != from || moved.Slot != slot {
			t.Errorf("apply from %s: error %v, want the stored position 1/10/0", from, err)
		}
	}
	// Steps inside one record.
	for n := range int32(3) {
		apply(t, s, store.Apply{Epoch: 1, From: at(1, 10, n), To: at(1, 10, n+1), Writes: []store.Write{set("k", "step", fmt.Sprint(n))}})
	}
	apply(t, s, store.Apply{Epoch: 1, From: at(1, 10, 3), To: at(1, 11, 0)})
	wantEqual(t, "state", get(t, s, slot, "k"), map[string]string{"f": "10", "step": "2"})
	wantEqual(t, "position", position(t, s), at(1, 11, 0))
	if n := len(outs(s, t, 1, 0)); n != 0 {
		t.Errorf("refused applies have left %d outputs", n)
	}
	meta := claim(t, s)
	if meta.Fingerprint != "record 9" {
		t.Errorf("fingerprint %q: an empty one must keep the stored one", meta.Fingerprint)
	}
}

func testIdempotent(t *testing.T, open Factory) {
	s := begin(t, open)
	a := step(0, 3, set("k", "f", "v"))
	a.Outbox = outputs(1, 2)
	first := apply(t, s, a)
	wantEqual(t, "first result", first, store.Result{Position: at(1, 3, 0), OutboxLen: 2})
	second := apply(t, s, a)
	wantEqual(t, "second result", second, store.Result{Position: at(1, 3, 0), OutboxLen: 2, Already: true})
	wantEqual(t, "outbox", outs(s, t, 1, 0), numbered(1, 2))
}

func testInvalid(t *testing.T, open Factory) {
	s := begin(t, open)
	for name, a := range map[string]store.Apply{
		"no progress":     {Epoch: 1, From: at(1, 0, 0), To: at(1, 0, 0)},
		"backwards":       {Epoch: 1, From: at(1, 5, 0), To: at(1, 4, 9)},
		"older lineage":   {Epoch: 1, From: at(2, 0, 0), To: at(1, 9, 0)},
		"no epoch":        {From: at(1, 0, 0), To: at(1, 1, 0)},
		"negative offset": {Epoch: 1, From: at(1, -1, 0), To: at(1, 1, 0)},
		"no key":          {Epoch: 1, From: at(1, 0, 0), To: at(1, 1, 0), Writes: []store.Write{set("k", "f", "v"), set("", "f", "v")}},
		"no field":        {Epoch: 1, From: at(1, 0, 0), To: at(1, 1, 0), Writes: []store.Write{set("k", "f", "v"), set("k", "", "v")}},
		"no topic":        {Epoch: 1, From: at(1, 0, 0), To: at(1, 1, 0), Writes: []store.Write{set("k", "f", "v")}, Outbox: []store.Out{{}}},
	} {
		if _, err := s.Apply(t.Context(), slot, a); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	wantEqual(t, "position", position(t, s), at(1, 0, 0))
	wantEqual(t, "state", get(t, s, slot, "k"), map[string]string(nil))
}

func testBinary(t *testing.T, open Factory) {
	s := begin(t, open)
	var all strings.Builder
	for b := range 256 {
		all.WriteByte(byte(b))
	}
	every := all.String()
	writes := []store.Write{set(every, every, every), set("\r\n", "$5\r\n", ""), set("{x}:*?[a]", "\x00", "\x00")}
	o := store.Out{Topic: every, Partition: 11, Key: []byte(every), Value: []byte(every), Offset: 1 << 60, At: -1}
	a := step(0, 1, writes...)
	a.Outbox = []store.Out{o, {Topic: "t"}}
	a.Fingerprint = every
	apply(t, s, a)
	wantEqual(t, "hash", get(t, s, slot, every), map[string]string{every: every})
	wantEqual(t, "hash", get(t, s, slot, "\r\n"), map[string]string{"$5\r\n": ""})
	_, _, values, err := s.Load(t.Context(), slot, []store.Ref{{Key: every, Field: every}, {Key: "\r\n", Field: "$5\r\n"}, {Key: "{x}:*?[a]", Field: "\x00"}})
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "fields", values, []store.Value{{Blob: []byte(every), Found: true}, {Blob: []byte{}, Found: true}, {Blob: []byte{0}, Found: true}})
	got := outs(s, t, 1, 0)
	if len(got) != 2 {
		t.Fatalf("%d outputs", len(got))
	}
	wantEqual(t, "output", got[0], store.OutEntry{Ordinal: 1, Out: o})
	if got[1].Topic != "t" || len(got[1].Key)+len(got[1].Value) != 0 {
		t.Errorf("empty output: %+v", got[1])
	}
	if meta := claim(t, s); meta.Fingerprint != every {
		t.Errorf("fingerprint %q", meta.Fingerprint)
	}
}

func testManyWrites(t *testing.T, open Factory) {
	s := begin(t, open)
	a := step(0, 10_000)
	want := map[string]map[string]string{}
	for n := range 10_000 {
		key, field, value := fmt.Sprint("key ", n%7), fmt.Sprint("field ", n), fmt.Sprint("value ", n)
		a.Writes = append(a.Writes, set(key, field, value))
		if want[key] == nil {
			want[key] = map[string]string{}
		}
		want[key][field] = value
	}
	a.Outbox = outputs(1, 2500)
	if r := apply(t, s, a); r.OutboxLen != 2500 {
		t.Errorf("outbox length %d", r.OutboxLen)
	}
	if entries, err := s.Outbox(t.Context(), slot, 1, 0, 5000); err != nil {
		t.Error(err)
	} else {
		wantEqual(t, "outbox", entries, numbered(1, 2500))
	}
	for key, fields := range want {
		wantEqual(t, key, get(t, s, slot, key), fields)
	}
	// The same read field by field, in one script.
	var refs []store.Ref
	for n := range 10_000 {
		refs = append(refs, store.Ref{Key: fmt.Sprint("key ", n/2000), Field: fmt.Sprint("field ", n/2000+7*(n%1500))})
	}
	_, _, values, err := s.Load(t.Context(), slot, refs)
	if err != nil || len(values) != len(refs) {
		t.Fatalf("%d values, %v", len(values), err)
	}
	for i, v := range values {
		if w, ok := want[refs[i].Key][refs[i].Field]; ok != v.Found || w != string(v.Blob) {
			t.Fatalf("%v: got %q %v, want %q %v", refs[i], v.Blob, v.Found, w, ok)
		}
	}
	// And deleted again.
	b := step(10_000, 20_000)
	for i := range a.Writes {
		b.Writes = append(b.Writes, store.Write{Key: a.Writes[i].Key, Field: a.Writes[i].Field})
	}
	apply(t, s, b)
	for key := range want {
		wantEqual(t, key, get(t, s, slot, key), map[string]string(nil))
	}
}

func testWriteOrder(t *testing.T, open Factory) {
	s := begin(t, open)
	del := func(key, field string) store.Write { return store.Write{Key: key, Field: field} }
	apply(t, s, step(0, 1, set("a", "x", "0"), set("b", "x", "0"), set("c", "x", "0")))
	apply(t, s, step(1, 2,
		set("a", "x", "1"), set("b", "y", "1"), set("a", "x", "2"),
		del("a", "y"), set("a", "y", "3"), set("a", "z", "4"), del("a", "z"),
		del("b", ""), set("b", "z", "5"),
		set("c", "y", "6"), del("c", "")))
	wantEqual(t, "a", get(t, s, slot, "a"), map[string]string{"x": "2", "y": "3"})
	wantEqual(t, "b", get(t, s, slot, "b"), map[string]string{"z": "5"})
	wantEqual(t, "c", get(t, s, slot, "c"), map[string]string(nil))
}

func testDeletes(t *testing.T, open Factory) {
	s := begin(t, open)
	apply(t, s, step(0, 1, set("k", "a", "1"), set("k", "b", "2"), set("gone", "a", "1"), set("last", "a", "1")))
	apply(t, s, step(1, 2,
		store.Write{Key: "k", Field: "a"}, store.Write{Key: "k", Field: "never"},
		store.Write{Key: "gone"}, store.Write{Key: "never"}, store.Write{Key: "last", Field: "a"}))
	wantEqual(t, "k", get(t, s, slot, "k"), map[string]string{"b": "2"})
	wantEqual(t, "gone", get(t, s, slot, "gone"), map[string]string(nil))
	wantEqual(t, "last", get(t, s, slot, "last"), map[string]string(nil))
	size, err := s.Size(t.Context(), slot)
	if err != nil || size.Keys != 2 {
		t.Errorf("%d keys, %v; want meta and k", size.Keys, err)
	}
}
