// Package storetest holds the conformance suite of the store: what every server must do for the state to be exact.
package storetest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/store"
)

// Factory opens a client of one server, the same for all calls, with the given key prefix, and closes it and removes
// the prefix's keys when the test ends.
type Factory func(t *testing.T, prefix string) *store.Store

// Exercise runs the suite. The server must be empty of other writers to the same prefixes, which are random.
func Exercise(t *testing.T, open Factory) {
	tests := []struct {
		name string
		run  func(*testing.T, Factory)
	}{
		{"absent refuses everything", testAbsent},
		{"claim bumps the epoch", testClaim},
		{"create once", testCreate},
		{"mismatch is refused", testMismatch},
		{"older epoch is fenced", testFence},
		{"epoch rolled back with the state", testEpochRollback},
		{"position must be equal", testCompareAndSet},
		{"same apply twice", testIdempotent},
		{"invalid applies write nothing", testInvalid},
		{"numbers beyond 2^53", testHugeNumbers},
		{"skip to a new lineage", testSkip},
		{"all bytes in keys and values", testBinary},
		{"many writes in one apply", testManyWrites},
		{"writes take effect in order", testWriteOrder},
		{"deletes", testDeletes},
		{"load carries the position", testLoad},
		{"read several slots", testRead},
		{"read only what changed", testReadIfChanged},
		{"mark leaves the position", testMark},
		{"outbox keeps order", testOutboxOrder},
		{"outbox trim is monotone", testTrim},
		{"outbox limit", testOutboxLimit},
		{"outbox of an older space", testOutboxFence},
		{"freeze", testFreeze},
		{"reset isolates", testReset},
		{"collect", testCollect},
		{"slots and size", testSlots},
		{"drop", testDrop},
		{"heartbeats and time", testLiveness},
		{"check", testCheck},
		{"copy", testCopy},
		{"snapshot and restore", testSnapshot},
		{"snapshot while a writer runs", testSnapshotBusy},
		{"restore refuses", testRestoreRefuses},
		{"damaged snapshots", testDamaged},
		{"model", testModel},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { test.run(t, open) })
	}
}

var slot = store.Slot{Stage: "i", Partition: 3}

var expect = store.Expect{Partitions: 12, Partitioner: "murmur2", Schema: 1}

// newPrefix returns a prefix that no other test uses.
func newPrefix() string { return "storetest." + strings.ToLower(rand.Text()[:12]) }

func at(lineage, offset int64, step int32) store.Position {
	return store.Position{Lineage: lineage, Offset: offset, Step: step}
}

func metaAt(p store.Position) store.Meta {
	return store.Meta{Position: p, LogLineage: 1, Partitions: 12, Partitioner: "murmur2", Schema: 1}
}

// begin opens a client and creates the slot at lineage 1, offset 0.
func begin(t *testing.T, open Factory) *store.Store {
	t.Helper()
	s := open(t, newPrefix())
	create(t, s, slot)
	return s
}

func create(t *testing.T, s *store.Store, slot store.Slot) {
	t.Helper()
	if _, err := s.Create(t.Context(), slot, metaAt(at(1, 0, 0))); err != nil {
		t.Fatal(err)
	}
}

func claim(t *testing.T, s *store.Store) store.Meta {
	t.Helper()
	meta, exists, err := s.Claim(t.Context(), slot, expect)
	if err != nil || !exists {
		t.Fatalf("claim: exists %v, error %v", exists, err)
	}
	return meta
}

// step is an apply of epoch 1 between two offsets of lineage 1.
func step(from, to int64, writes ...store.Write) store.Apply {
	return store.Apply{Epoch: 1, From: at(1, from, 0), To: at(1, to, 0), Fingerprint: fmt.Sprint("record ", to-1), LogLineage: 1, Writes: writes}
}

func apply(t *testing.T, s *store.Store, a store.Apply) store.Result {
	t.Helper()
	r, err := s.Apply(t.Context(), slot, a)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func set(key, field, value string) store.Write {
	return store.Write{Key: key, Field: field, Value: []byte(value)}
}

// get returns a hash as strings, nil if there is none.
func get(t *testing.T, s *store.Store, slot store.Slot, key string) map[string]string {
	t.Helper()
	_, _, values, err := s.Load(t.Context(), slot, []store.Ref{{Key: key}})
	if err != nil {
		t.Fatal(err)
	}
	return text(values[0])
}

func text(v store.Value) map[string]string {
	if !v.Found {
		return nil
	}
	m := map[string]string{}
	for f, b := range v.Fields {
		m[f] = string(b)
	}
	return m
}

func position(t *testing.T, s *store.Store) store.Position {
	t.Helper()
	p, _, _, err := s.Load(t.Context(), slot, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func wantError(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", what, err, want)
	}
}

func wantEqual(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// outs returns the outbox after an ordinal, nil if there is nothing.
func outs(s *store.Store, t *testing.T, lineage, after int64) []store.OutEntry {
	t.Helper()
	entries, err := s.Outbox(t.Context(), slot, lineage, after, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) == 0 {
		return nil
	}
	return entries
}

func out(n int64) store.Out {
	return store.Out{Topic: "vigia.signals", Partition: int32(n % 12), Key: fmt.Append(nil, "key", n), Value: fmt.Append(nil, "value", n), Offset: n, At: 1_700_000_000_000 + n}
}

func numbered(from, to int64) (entries []store.OutEntry) {
	for n := from; n <= to; n++ {
		entries = append(entries, store.OutEntry{Ordinal: n, Out: out(n)})
	}
	return entries
}

func outputs(from, to int64) (outs []store.Out) {
	for n := from; n <= to; n++ {
		outs = append(outs, out(n))
	}
	return outs
}

const minute = time.Minute
