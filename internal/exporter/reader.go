package exporter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/store"
	"github.com/vigia-cx/vigia/internal/window"
)

// Store is what the exporter needs of the store.
type Store interface {
	Read(ctx context.Context, requests []store.SlotRefs) ([]store.SlotValues, error)
}

// Reader reads KPIs and conversations from the state. It is safe for concurrent use.
type Reader struct {
	cfg   Config
	store Store
	cache *cache
	now   func() time.Time
	zones map[string]string // of configured tenants
	m     *metrics

	mu     sync.Mutex
	views  map[viewKey]*view
	loaded map[string]*time.Location
}

type viewKey struct{ stage, tenant string }

// view is what was last seen of one tenant in the slots of one stage. The holder of turn may use it: concurrent requests for the same tenant wait for one
// another, and the later ones find what the first has fetched.
type view struct {
	key    viewKey
	turn   chan struct{}
	slots  []slotView
	policy *sla.Policy
	params string // that policy was compiled from
}

type slotView struct {
	seen bool
	at   store.Position
	facts
}

// UnknownError says that nothing is known of some partitions: no worker has begun their state, or the store has lost it. That is not the same as zero.
type UnknownError struct {
	Stage      string
	Partitions []int32
}

// Error implements error.
func (e *UnknownError) Error() string {
	topic := "interactions"
	if e.Stage == stageCustomers {
		topic = "customers"
	}
	return fmt.Sprintf("nothing is known yet of %s partitions %s: start a worker (vigia run worker) or wait until it has begun them",
		topic, strings.Trim(fmt.Sprint(e.Partitions), "[]"))
}

// storeError says that the store did not answer.
type storeError struct{ err error }

func (e *storeError) Error() string { return e.err.Error() }
func (e *storeError) Unwrap() error { return e.err }

// TenantError says that there is no such tenant.
type TenantError struct{ Tenant string }

// Error implements error.
func (e *TenantError) Error() string {
	return fmt.Sprintf("tenant %q is not configured and no event of it was seen", e.Tenant)
}

// NewReader makes a reader over the state of cfg's partitions. It does not read tokens.
func NewReader(cfg Config, s Store) *Reader {
	r := &Reader{cfg: cfg, store: s, cache: newCache(cfg.CacheBytes), now: cfg.Now, zones: map[string]string{}, m: newMetrics(), views: map[viewKey]*view{}, loaded: map[string]*time.Location{}}
	if r.now == nil {
		r.now = time.Now
	}
	for _, t := range cfg.Tenants {
		r.zones[t.Name] = cmp.Or(t.Zone, "UTC")
	}
	return r
}

// need says what to read of a tenant.
type need struct {
	tenant   string
	stage    string
	families []window.Family
	// window returns the instants wanted, given the tenant's zone; they are rounded to panes. nil wants no panes.
	window func(zone *time.Location) (from, to int64)
	open   bool
}

// snapshot is what was read. Each slot's part is of one instant of its own.
type snapshot struct {
	zone       *time.Location
	policy     *sla.Policy // nil when there is none
	from, to   int64       // the rounded window, which panes were read for
	asOf       int64       // everything before is known, Unix ms
	boundary   int64       // panes are moved up to here, at most
	incomplete int64
	capped     []string
	blocks     map[window.Family][]*window.Block
	open       []kpi.OpenAt
}

// read brings the view of a tenant up to date and returns what is needed.
func (r *Reader) read(ctx context.Context, n need) (*snapshot, error) {
	v := r.view(viewKey{n.stage, n.tenant})
	select {
	case v.turn <- struct{}{}:
		defer func() { <-v.turn }()
	case <-ctx.Done():
		return nil, fmt.Errorf("read %s: waiting for an earlier read: %w", n.tenant, context.Cause(ctx))
	}
	s, err := r.update(ctx, v, n)
	if _, configured := r.zones[n.tenant]; err != nil && !configured {
		r.forget(v.key)
	}
	return s, err
}

// update reads until everything that the facts ask for is there. Slots that turn out to need more than was asked for are asked again; panes are moved up
// rarely, so one or two rounds are the rule.
func (r *Reader) update(ctx context.Context, v *view, n need) (*snapshot, error) {
	pending := make([]int, len(v.slots))
	for i := range pending {
		pending[i] = i
	}
	got := make([]map[string]any, len(v.slots))
	for range 8 {
		if err := r.fetch(ctx, v, n, pending, got); err != nil {
			return nil, err
		}
		s, err := r.settle(v, n)
		if err != nil {
			return nil, err
		}
		pending = pending[:0]
		for i := range v.slots {
			if slices.ContainsFunc(v.wanted(i, n, s), func(w wanted) bool { _, ok := got[i][w.key]; return !ok }) {
				pending = append(pending, i)
			}
		}
		if len(pending) == 0 {
			v.collect(n, s, got)
			return s, nil
		}
	}
	return nil, &storeError{fmt.Errorf("the state of tenant %q changes faster than it can be read", n.tenant)}
}

func (r *Reader) view(key viewKey) *view {
	r.mu.Lock()
	defer r.mu.Unlock()
	v := r.views[key]
	if v == nil {
		count := r.cfg.Interactions
		if key.stage == stageCustomers {
			count = r.cfg.Customers
		}
		v = &view{key: key, turn: make(chan struct{}, 1), slots: make([]slotView, count)}
		r.views[key] = v
	}
	return v
}

// zone loads a zone once.
func (r *Reader) zone(name string) (*time.Location, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if zone := r.loaded[name]; zone != nil {
		return zone, nil
	}
	zone, err := sla.LoadZone(name)
	if err == nil {
		r.loaded[name] = zone
	}
	return zone, err
}

// forget drops the view of a tenant that may not exist, so that names cannot pile up.
func (r *Reader) forget(key viewKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.views, key)
}

func (v *view) slot(i int) store.Slot { return store.Slot{Stage: v.key.stage, Partition: int32(i)} }

// wanted is one hash of a slot.
type wanted struct {
	key    string
	family window.Family // "" for the open conversations
	chunk  window.Chunk
}

// wanted lists the hashes that a slot must give, as far as its directory was seen.
func (v *view) wanted(i int, n need, s *snapshot) []wanted {
	var out []wanted
	if n.open {
		out = append(out, wanted{key: "o:" + n.tenant})
	}
	if dir := v.slots[i].dir; n.window != nil && dir != nil {
		for _, f := range n.families {
			for _, c := range dir.Overlapping(f, s.from, s.to, s.zone) {
				out = append(out, wanted{c.Key(n.tenant, f), f, c})
			}
		}
	}
	return out
}

// fetch reads slots, each in one script: facts together with the panes they speak of. got receives what is wanted, by slot and key.
func (r *Reader) fetch(ctx context.Context, v *view, n need, slots []int, got []map[string]any) error {
	s, err := r.settle(v, n)
	if unknown := (*UnknownError)(nil); err != nil && !errors.As(err, &unknown) {
		return err
	}
	requests := make([]store.SlotRefs, len(slots))
	lists := make([][]wanted, len(slots))
	for j, i := range slots {
		sv := &v.slots[i]
		req := store.SlotRefs{Slot: v.slot(i), Refs: factRefs(n.tenant)}
		if sv.seen && s != nil {
			lists[j] = v.wanted(i, n, s)
			got[i] = map[string]any{}
			cached := true
			for _, w := range lists[j] {
				req.Refs = append(req.Refs, store.Ref{Key: w.key})
				value, ok := r.cache.get(itemKey{req.Slot, w.key}, sv.at)
				got[i][w.key] = value
				cached = cached && ok
			}
			if cached {
				at := sv.at
				req.IfChangedSince = &at
			}
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
		if err := r.take(v, i, answers[j], lists[j], got); err != nil {
			return fmt.Errorf("slot %s: %w", requests[j].Slot, err)
		}
	}
	return nil
}

// take keeps the answer of one slot.
func (r *Reader) take(v *view, i int, a store.SlotValues, list []wanted, got []map[string]any) (err error) {
	sv := &v.slots[i]
	if a.Unchanged {
		r.m.chunks.WithLabelValues("cached").Add(float64(len(list)))
		return nil
	}
	got[i] = map[string]any{}
	if a.Absent {
		*sv = slotView{}
		return nil
	}
	*sv = slotView{seen: true, at: a.Meta.Position}
	if sv.facts, err = decodeFacts(a.Values[:factCount]); err != nil {
		*sv = slotView{}
		return err
	}
	r.m.chunks.WithLabelValues("fetched").Add(float64(len(list)))
	for k, w := range list {
		it := &item{key: itemKey{v.slot(i), w.key}, at: sv.at}
		if w.family == "" {
			open, size, err := decodeOpen(a.Values[factCount+k], sv.time)
			if err != nil {
				return err
			}
			it.value, it.size = open, size
		} else {
			b, err := window.DecodeBlock(w.chunk, a.Values[factCount+k].Fields)
			if err != nil {
				return err
			}
			it.value, it.size = b, int64(b.Size())
		}
		got[i][w.key] = it.value
		r.cache.put(it)
	}
	return nil
}

// settle computes from the facts of all slots what the answer is about.
func (r *Reader) settle(v *view, n need) (*snapshot, error) {
	s := &snapshot{}
	var absent []int32
	zone, params := "", ""
	for i := range v.slots {
		f := &v.slots[i].facts
		if !v.slots[i].seen || f.boundary == 0 {
			absent = append(absent, int32(i))
			continue
		}
		if s.asOf == 0 || f.boundary < s.asOf {
			s.asOf = f.boundary
		}
		s.boundary = max(s.boundary, f.time, f.boundary)
		s.incomplete = max(s.incomplete, f.incomplete)
		for _, dim := range f.capped {
			if !slices.Contains(s.capped, dim) {
				s.capped = append(s.capped, dim)
			}
		}
		if zone == "" {
			zone, params = f.zone, f.params
		}
	}
	if len(absent) > 0 {
		return nil, &UnknownError{v.key.stage, absent}
	}
	configured := r.zones[n.tenant]
	if zone == "" && configured == "" {
		return nil, &TenantError{n.tenant}
	}
	var err error
	if s.zone, err = r.zone(cmp.Or(zone, configured)); err != nil {
		return nil, err
	}
	if params != v.params || params != "" && v.policy == nil {
		if v.policy, err = sla.DecodePolicy([]byte(params), 1); err != nil {
			return nil, err
		}
		v.params = params
	}
	s.policy = v.policy
	if n.window != nil {
		from, to := n.window(s.zone)
		s.from, s.to = window.Round(from, to, s.boundary, s.zone)
	}
	return s, nil
}

// collect hands the values over to the snapshot.
func (v *view) collect(n need, s *snapshot, got []map[string]any) {
	s.blocks = map[window.Family][]*window.Block{}
	for i := range v.slots {
		for _, w := range v.wanted(i, n, s) {
			switch value := got[i][w.key].(type) {
			case *window.Block:
				s.blocks[w.family] = append(s.blocks[w.family], value)
			case []kpi.OpenAt:
				s.open = append(s.open, value...)
			}
		}
	}
}

// sum adds up the panes of a window as [window.Round] gives it. The edges come back wider when a pane straddles one: the sum is of no use then.
func (s *snapshot) sum(f window.Family, by []window.Dimension, from, to int64) (sum *window.Sum, wideFrom, wideTo int64) {
	sum, wideFrom, wideTo = window.NewSum(f, by, from, to, s.zone), from, to
	for _, b := range s.blocks[f] {
		a, z, _ := sum.Add(b)
		wideFrom, wideTo = min(wideFrom, a), max(wideTo, z)
	}
	return sum, wideFrom, wideTo
}
