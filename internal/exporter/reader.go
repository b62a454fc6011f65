package exporter

import (
	"cmp"
	"context"
	"fmt"
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
	heavy chan struct{} // held by explanations that look at everybody

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

// NewReader makes a reader over the state of cfg's partitions. It does not read tokens.
func NewReader(cfg Config, s Store) *Reader {
	r := &Reader{cfg: cfg, store: s, cache: newCache(cfg.CacheBytes), now: cfg.Now, zones: map[string]string{}, m: newMetrics(), heavy: make(chan struct{}, explainsAtOnce), views: map[viewKey]*view{}, loaded: map[string]*time.Location{}}
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
	reaches  []reach
	numbers  bool           // some KPI needs numbers that no channel brings
	known    kpi.References // which they are
	// stretches returns the times that panes are wanted for, given the tenant's zone and how far panes were moved up. nil wants no panes.
	stretches func(zone *time.Location, boundary int64) []stretch
	fine      bool // leave out panes that are days
	open      bool
	fresh     bool // open conversations must not be older than the facts
}

// reach is how far before a window's end, or its begin, derived definitions look.
type reach struct {
	family window.Family
	ms     int64
	begin  bool
	lean   bool // counts by quarters of an hour are enough
}

func (x reach) back(e edges) int64 {
	if x.begin {
		return e.from - x.ms
	}
	return e.to - x.ms
}

// stretch is a time that panes are read for.
type stretch struct {
	family   window.Family // "" is every one
	from, to int64         // Unix ms
	lean     bool          // counts by quarters of an hour are enough
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

func (v *view) slot(i int) store.Slot { return store.Slot{Stage: v.key.stage, Partition: int32(i)} }

// numbers returns the reference numbers of a tenant: stage 1 keeps them.
func (r *Reader) numbers(ctx context.Context, tenant string) (kpi.References, error) {
	s, err := r.read(ctx, need{tenant: tenant, stage: stageInteractions})
	if err != nil {
		return nil, err
	}
	return s.numbers, nil
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
