package exporter

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/store"
	"github.com/vigia-cx/vigia/internal/window"
)

// wanted is one hash of a slot.
type wanted struct {
	key    string
	family window.Family // "" for the open conversations
	chunk  window.Chunk
	lean   bool // counts by quarters of an hour and the sum of all are enough
}

// wanted lists the hashes that a slot must give, as far as its directory was seen.
func (v *view) wanted(i int, n need, s *snapshot) []wanted {
	var out []wanted
	if n.open {
		out = append(out, wanted{key: "o:" + n.tenant})
	}
	if dir := v.slots[i].dir; n.stretches != nil && dir != nil {
		for _, f := range n.families {
			for _, c := range dir.Chunks(f) {
				if n.fine && c.Tier == window.Coarse {
					continue
				}
				if some, whole := s.wants(f, c); some {
					out = append(out, wanted{c.Key(n.tenant, f), f, c, !whole})
				}
			}
		}
	}
	return out
}

// wants reports whether something of a chunk is to be read, and whether all of its panes are.
func (s *snapshot) wants(f window.Family, c window.Chunk) (some, whole bool) {
	from, to := c.Span(s.zone)
	for _, x := range s.stretches {
		if (x.family == "" || x.family == f) && from < x.to && to > x.from {
			some, whole = true, whole || !x.lean
		}
	}
	return some, whole
}

// quarterly lists the metrics that lean blocks keep the counts of.
var quarterly = func() (of []window.Metric) {
	for _, d := range kpi.Catalog() {
		if d.Quarterly != 0 && !slices.Contains(of, d.Quarterly) {
			of = append(of, d.Quarterly)
		}
	}
	return of
}()

// serves reports whether a value has what is wanted of its hash.
func (w wanted) serves(value any) bool {
	b, ok := value.(*block)
	return !ok || b.Serves(w.lean, quarterly)
}

// version tells the contents that a hash has had apart.
type version struct {
	// at is the position that it was read at; when changes are counted, its lineage alone.
	at      store.Position
	changes int64
}

// version returns what a hash must be of to agree with the facts last seen. What has no count of changes agrees only if it was read at the same position.
func (sv *slotView) version(w wanted) version {
	if n, ok := sv.changes(w.key); ok && w.family != "" {
		return version{at: store.Position{Lineage: sv.at.Lineage}, changes: n}
	}
	return version{at: sv.at}
}

// progress is how far the reading of one slot has come.
type progress struct {
	values map[string]held // by key
	ask    []wanted        // to fetch next
	asked  map[string]bool // keys that were found missing: those are likely to change again
}

type held struct {
	version version
	value   any
	fetched bool
}

const (
	patience = 3 // rounds of asking for what is missing, before everything is asked for in one read
	rounds   = 8
)

// update reads until everything that the facts ask for is there and agrees with them: the part of each slot is of one instant. Two rounds are the rule when
// a slot has moved (what has changed, then the changes), none but the question when it has not.
func (r *Reader) update(ctx context.Context, v *view, n need) (*snapshot, error) {
	states := make([]progress, len(v.slots))
	pending := make([]int, len(v.slots))
	for i := range states {
		states[i] = progress{values: map[string]held{}, asked: map[string]bool{}}
		pending[i] = i
	}
	s, err := r.settle(v, n)
	if unknown := (*UnknownError)(nil); err != nil && !errors.As(err, &unknown) {
		return nil, err
	}
	for i := range v.slots {
		if s != nil {
			r.plan(v, i, n, s, &states[i], false)
		}
	}
	for round := range rounds {
		if err := r.fetch(ctx, v, n, pending, states); err != nil {
			return nil, err
		}
		if s, err = r.settle(v, n); err != nil {
			return nil, err
		}
		pending = pending[:0]
		for i := range v.slots {
			if !r.plan(v, i, n, s, &states[i], round >= patience) {
				pending = append(pending, i)
			}
		}
		if len(pending) == 0 {
			r.collect(v, n, s, states)
			return s, nil
		}
	}
	return nil, &storeError{fmt.Errorf("the state of tenant %q changes faster than it can be read", n.tenant)}
}

// plan takes from the cache what agrees with the facts of a slot, and decides what to ask for. It reports whether everything is there.
func (r *Reader) plan(v *view, i int, n need, s *snapshot, p *progress, all bool) bool {
	sv := &v.slots[i]
	missing := false
	p.ask = nil
	for _, w := range v.wanted(i, n, s) {
		version := sv.version(w)
		if has, ok := p.values[w.key]; !ok || has.version != version || !w.serves(has.value) {
			h, ok := r.cached(itemKey{v.slot(i), w.key}, version, n)
			if ok && w.serves(h.value) {
				p.values[w.key] = h
			} else {
				missing, p.asked[w.key] = true, true
			}
		}
		if all || p.asked[w.key] {
			p.ask = append(p.ask, w)
		}
	}
	if !missing {
		p.ask = nil
	}
	return !missing
}

// cached returns a value of the cache that is of some version. Long lists of conversations may be older for a moment, unless they must be fresh.
func (r *Reader) cached(key itemKey, want version, n need) (held, bool) {
	it, ok := r.cache.get(key)
	if !ok {
		return held{}, false
	}
	if list, is := it.value.(*openList); is && !n.fresh && it.version.at.Lineage == want.at.Lineage && list.good(r.now()) {
		return held{it.version, it.value, false}, true
	}
	return held{it.version, it.value, false}, it.version == want
}

// fetch reads slots, each in one script: facts together with what is asked for. Slots that stand where they stood answer just that, if nothing is asked for.
func (r *Reader) fetch(ctx context.Context, v *view, n need, slots []int, states []progress) error {
	requests := make([]store.SlotRefs, len(slots))
	for j, i := range slots {
		sv := &v.slots[i]
		req := store.SlotRefs{Slot: v.slot(i), Refs: factRefs(n.tenant)}
		for _, w := range states[i].ask {
			req.Refs = append(req.Refs, store.Ref{Key: w.key})
		}
		if at := sv.at; sv.seen && len(states[i].ask) == 0 {
			req.IfChangedSince = &at
		}
		requests[j] = req
	}
	began := r.now()
	answers, err := r.store.Read(ctx, requests)
	r.m.storeSeconds.Observe(r.now().Sub(began).Seconds())
	if err != nil {
		return &storeError{err}
	}
	for j, i := range slots {
		if err := r.take(v, i, answers[j], &states[i]); err != nil {
			v.slots[i] = slotView{}
			return fmt.Errorf("slot %s: %w", requests[j].Slot, err)
		}
	}
	return nil
}

// take keeps the answer of one slot.
func (r *Reader) take(v *view, i int, a store.SlotValues, p *progress) (err error) {
	sv, slot := &v.slots[i], v.slot(i)
	if a.Unchanged {
		return nil
	}
	if sv.seen && (a.Absent || a.Meta.Position.Lineage != sv.at.Lineage || a.Meta.Position.Before(sv.at)) {
		// Another history: counts of changes may repeat with other contents.
		r.cache.forget(slot)
		clear(p.values)
	}
	if a.Absent {
		*sv = slotView{}
		return nil
	}
	*sv = slotView{seen: true, at: a.Meta.Position}
	if sv.facts, err = decodeFacts(a.Values[:factCount]); err != nil {
		return err
	}
	for k, w := range p.ask {
		it := &item{key: itemKey{slot, w.key}, version: sv.version(w)}
		if err := r.decode(it, w, a.Values[factCount+k], sv); err != nil {
			return err
		}
		p.values[w.key] = held{it.version, it.value, true}
		r.cache.put(it)
	}
	return nil
}

// decode reads a hash as it came from the store.
func (r *Reader) decode(it *item, w wanted, v store.Value, sv *slotView) error {
	if w.family == "" {
		before, _ := r.cache.get(it.key)
		decode := decodeOpen
		if it.key.slot.Stage == stageCustomers {
			decode = decodeAgents
		}
		list, err := decode(v, before.list(), sv.time)
		if err != nil {
			return err
		}
		list.asOf, list.readAt = sv.boundary, r.now()
		it.value, it.size = list, list.size
		return nil
	}
	b, err := window.DecodeBlock(w.chunk, v.Fields)
	if err != nil {
		return err
	}
	if w.lean {
		b = b.Lean(quarterly)
	}
	it.value, it.size = &block{Block: b}, int64(b.Size())
	return nil
}

// collect hands the values over to the snapshot.
func (r *Reader) collect(v *view, n need, s *snapshot, states []progress) {
	s.blocks = map[window.Family][]part{}
	var fetched, cached float64
	for i := range v.slots {
		for _, w := range v.wanted(i, n, s) {
			h := states[i].values[w.key]
			if h.fetched {
				fetched++
			} else {
				cached++
			}
			switch value := h.value.(type) {
			case *block:
				s.blocks[w.family] = append(s.blocks[w.family], part{w.chunk, value})
			case *openList:
				s.keep(value)
			}
		}
	}
	r.m.chunks.WithLabelValues("fetched").Add(fetched)
	r.m.chunks.WithLabelValues("cached").Add(cached)
}
