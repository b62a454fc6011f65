package storetest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/store"
)

// testModel drives several clients of one slot at random and compares every answer, and all that can be read, with a
// model in memory.
func testModel(t *testing.T, open Factory) {
	prefix := newPrefix()
	clients := []*store.Store{open(t, prefix), open(t, prefix), open(t, prefix)}
	partition := int32(0)
	rapid.Check(t, func(rt *rapid.T) {
		partition++ // a slot for each run: cheaper than a prefix
		m := &model{t: t, clients: clients, owners: make([]store.Meta, len(clients)), slot: store.Slot{Stage: "m", Partition: partition}}
		rt.Repeat(map[string]func(*rapid.T){
			"claim": m.claim, "create": m.create, "reset": m.reset,
			"apply": m.apply, "apply again": m.apply, "and again": m.apply,
			"trim": m.trim, "collect": m.collect, "": m.compare,
		})
	})
}

// model is what the slot must hold, and what each client believes about it.
type model struct {
	t       *testing.T
	clients []*store.Store
	slot    store.Slot

	exists bool
	meta   store.Meta
	hashes map[string]map[string]string
	outbox []store.OutEntry

	owners []store.Meta // by client: position and epoch as it last saw them
	last   store.Apply  // the last apply that took effect
}

var modelKeys = []string{"a", "b", "c"}

func (m *model) client(rt *rapid.T) (int, *store.Store) {
	i := rapid.IntRange(0, len(m.clients)-1).Draw(rt, "client")
	return i, m.clients[i]
}

func must(rt *rapid.T, what string, err, want error) {
	rt.Helper()
	if !errors.Is(err, want) {
		rt.Fatalf("%s: got error %v, want %v", what, err, want)
	}
}

func (m *model) claim(rt *rapid.T) {
	i, s := m.client(rt)
	meta, exists, err := s.Claim(m.t.Context(), m.slot, expect)
	must(rt, "claim", err, nil)
	if m.exists {
		m.meta.Epoch++
	}
	if want := m.want(); exists != m.exists || meta != want {
		rt.Fatalf("claim: %v %+v, want %v %+v", exists, meta, m.exists, want)
	}
	m.owners[i] = meta
}

func (m *model) want() store.Meta {
	meta := m.meta
	meta.OutboxLen = int64(len(m.outbox))
	return meta
}

func (m *model) begin(meta store.Meta, epoch int64) {
	m.exists, m.meta, m.hashes, m.outbox = true, meta, map[string]map[string]string{}, nil
	m.meta.Epoch, m.meta.Space, m.meta.OutboxHead = epoch, meta.Position.Lineage, 1
}

func (m *model) create(rt *rapid.T) {
	i, s := m.client(rt)
	meta := metaAt(at(rapid.Int64Range(1, 20).Draw(rt, "lineage"), rapid.Int64Range(0, 20).Draw(rt, "offset"), 0))
	got, err := s.Create(m.t.Context(), m.slot, meta)
	if m.exists {
		must(rt, "create", err, store.ErrExists)
		return
	}
	must(rt, "create", err, nil)
	m.begin(meta, 1)
	m.owners[i] = got
	m.compareMeta(rt, got)
}

func (m *model) reset(rt *rapid.T) {
	i, s := m.client(rt)
	epoch := m.owners[i].Epoch
	if epoch == 0 {
		rt.Skip("never claimed")
	}
	meta := metaAt(at(m.owners[i].Position.Lineage+rapid.Int64Range(0, 3).Draw(rt, "lineages"), rapid.Int64Range(0, 20).Draw(rt, "offset"), 0))
	got, err := s.Reset(m.t.Context(), m.slot, epoch, meta)
	switch {
	case epoch < m.meta.Epoch:
		must(rt, "reset", err, store.ErrFenced)
	case meta.Position == m.meta.Position && meta.Position.Lineage == m.meta.Space:
		must(rt, "reset resent", err, nil) // indistinguishable from a lost reply: nothing was applied since
	case meta.Position.Lineage <= m.meta.Position.Lineage:
		if err == nil {
			rt.Fatalf("reset to lineage %d is accepted at %s", meta.Position.Lineage, m.meta.Position)
		}
	default:
		must(rt, "reset", err, nil)
		m.begin(meta, epoch)
		m.owners[i] = got
		m.compareMeta(rt, got)
	}
}

func (m *model) apply(rt *rapid.T) {
	i, s := m.client(rt)
	own := &m.owners[i]
	if own.Epoch == 0 {
		rt.Skip("never claimed")
	}
	a := m.drawApply(rt, *own)
	if m.last.Epoch > 0 && rapid.IntRange(0, 4).Draw(rt, "resend") == 0 {
		a = m.last
	}
	r, err := s.Apply(m.t.Context(), m.slot, a)
	switch {
	case a.To == m.meta.Position:
		must(rt, "apply to the position reached", err, nil)
		if !r.Already || r.OutboxLen != int64(len(m.outbox)) {
			rt.Fatalf("apply to the position reached: %+v", r)
		}
		own.Position = a.To
	case a.Epoch < m.meta.Epoch:
		must(rt, "apply", err, store.ErrFenced)
	case a.From != m.meta.Position:
		moved, ok := errors.AsType[*store.MovedError](err)
		if !ok || moved.Stored != m.meta.Position {
			rt.Fatalf("apply from %s: error %v, want stored %s", a.From, err, m.meta.Position)
		}
		own.Position = moved.Stored // the client moves there
	case a.MaxOutbox > 0 && len(a.Outbox) > 0 && len(m.outbox) > 0 && int64(len(m.outbox)+len(a.Outbox)) > a.MaxOutbox:
		must(rt, "apply", err, store.ErrOutboxFull)
	default:
		must(rt, "apply", err, nil)
		m.take(a)
		own.Position = a.To
		if want := (store.Result{Position: a.To, OutboxLen: int64(len(m.outbox))}); r != want {
			rt.Fatalf("apply: %+v, want %+v", r, want)
		}
	}
}

func (m *model) drawApply(rt *rapid.T, own store.Meta) store.Apply {
	from := own.Position
	to := rapid.SampledFrom([]store.Position{
		at(from.Lineage, from.Offset+1, 0), at(from.Lineage, from.Offset+3, 0), at(from.Lineage, from.Offset, from.Step+1), at(from.Lineage+1, from.Offset, 0),
	}).Draw(rt, "to")
	a := store.Apply{Epoch: own.Epoch, From: from, To: to, MaxOutbox: rapid.Int64Range(0, 6).Draw(rt, "limit")}
	a.Fingerprint = rapid.SampledFrom([]string{"", "x", "y"}).Draw(rt, "fingerprint")
	for range rapid.IntRange(0, 8).Draw(rt, "writes") {
		w := store.Write{Key: rapid.SampledFrom(modelKeys).Draw(rt, "key")}
		if kind := rapid.IntRange(0, 9).Draw(rt, "kind"); kind > 0 {
			w.Field = rapid.SampledFrom([]string{"x", "y", "z"}).Draw(rt, "field")
			if kind > 3 {
				w.Value = rapid.SliceOfN(rapid.Byte(), 0, 4).Draw(rt, "value")
			}
		}
		a.Writes = append(a.Writes, w)
	}
	for n := range rapid.Int64Range(0, 3).Draw(rt, "outputs") {
		a.Outbox = append(a.Outbox, out(to.Offset*10+n))
	}
	return a
}

// take is the plain meaning of an apply.
func (m *model) take(a store.Apply) {
	for _, w := range a.Writes {
		switch {
		case w.Field == "":
			delete(m.hashes, w.Key)
		case w.Value == nil:
			delete(m.hashes[w.Key], w.Field)
			if len(m.hashes[w.Key]) == 0 {
				delete(m.hashes, w.Key)
			}
		default:
			if m.hashes[w.Key] == nil {
				m.hashes[w.Key] = map[string]string{}
			}
			m.hashes[w.Key][w.Field] = string(w.Value)
		}
	}
	for _, o := range a.Outbox {
		m.outbox = append(m.outbox, store.OutEntry{Ordinal: m.meta.OutboxHead + int64(len(m.outbox)), Out: o})
	}
	m.meta.Position, m.meta.Epoch = a.To, a.Epoch
	if a.Fingerprint != "" {
		m.meta.Fingerprint = a.Fingerprint
	}
	m.last = a
}

func (m *model) trim(rt *rapid.T) {
	_, s := m.client(rt)
	lineage := m.meta.Position.Lineage - rapid.SampledFrom([]int64{0, 0, 0, 1}).Draw(rt, "older lineage")
	upTo := rapid.Int64Range(0, m.meta.OutboxHead+8).Draw(rt, "up to")
	err := s.Trim(m.t.Context(), m.slot, lineage, upTo)
	switch {
	case !m.exists:
		must(rt, "trim", err, store.ErrAbsent)
	case lineage != m.meta.Position.Lineage:
		must(rt, "trim", err, store.ErrFenced)
	default:
		must(rt, "trim", err, nil)
		for len(m.outbox) > 0 && m.outbox[0].Ordinal <= upTo {
			m.outbox = m.outbox[1:]
			m.meta.OutboxHead++
		}
	}
}

func (m *model) collect(rt *rapid.T) {
	_, s := m.client(rt)
	if rapid.IntRange(0, 3).Draw(rt, "rarely") > 0 {
		rt.Skip("it walks all keys")
	}
	_, err := s.Collect(m.t.Context(), m.slot)
	must(rt, "collect", err, nil)
}

func (m *model) compareMeta(rt *rapid.T, got store.Meta) {
	rt.Helper()
	if got != m.want() {
		rt.Fatalf("meta %+v, want %+v", got, m.want())
	}
}

// compare reads everything.
func (m *model) compare(rt *rapid.T) {
	_, s := m.client(rt)
	refs := []store.Ref{{Key: "a"}, {Key: "b"}, {Key: "c"}, {Key: "a", Field: "x"}, {Key: "a", Field: "y"}, {Key: "b", Field: "x"}}
	got, err := s.Read(m.t.Context(), []store.SlotRefs{{Slot: m.slot, Refs: refs}})
	must(rt, "read", err, nil)
	if got[0].Absent == m.exists {
		rt.Fatalf("absent is %v, want %v", got[0].Absent, !m.exists)
	}
	if !m.exists {
		return
	}
	m.compareMeta(rt, got[0].Meta)
	hashes := map[string]map[string]string{}
	for i, v := range got[0].Values {
		ref := refs[i]
		if ref.Field == "" {
			if h := text(v); h != nil {
				hashes[ref.Key] = h
			}
		} else if want, ok := m.hashes[ref.Key][ref.Field]; ok != v.Found || want != string(v.Blob) {
			rt.Fatalf("%v: %q %v, want %q %v", ref, v.Blob, v.Found, want, ok)
		}
	}
	if !maps.EqualFunc(hashes, m.hashes, maps.Equal[map[string]string, map[string]string]) {
		rt.Fatalf("state %v, want %v", hashes, m.hashes)
	}
	entries, err := s.Outbox(m.t.Context(), m.slot, m.meta.Position.Lineage, 0, 100)
	must(rt, "outbox", err, nil)
	if d := cmp.Diff(m.outbox, entries, cmpopts.EquateEmpty()); d != "" {
		rt.Fatalf("outbox (-want +got):\n%s", d)
	}
	if !slices.IsSortedFunc(entries, func(a, b store.OutEntry) int { return int(a.Ordinal - b.Ordinal) }) {
		rt.Fatal(fmt.Sprint("ordinals are not in order: ", entries))
	}
}
