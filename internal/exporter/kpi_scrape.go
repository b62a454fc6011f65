package exporter

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

// rollup is one way in which metrics group what happened. Every value is in exactly one, which its label names: a sum over one roll-up counts nothing twice.
type rollup struct {
	name string
	by   []window.Dimension
}

// rollups lists them from the coarsest to the finest, which is the order in which series are given up at the cap.
var rollups = []rollup{
	{"tenant", nil},
	{"channel", []window.Dimension{window.DimChannel}},
	{"queue", []window.Dimension{window.DimQueue}},
	{"team", []window.Dimension{window.DimTeam}},
	{"channel_queue", []window.Dimension{window.DimChannel, window.DimQueue}},
}

// everyDimension is what all roll-ups are sums of.
var everyDimension = []window.Dimension{window.DimChannel, window.DimQueue, window.DimTeam}

// metricWindow is a window that metrics are served for.
type metricWindow struct {
	name string
	span Span
}

var metricWindows = []metricWindow{
	{"5m", Lasting(5 * time.Minute)}, {"15m", Lasting(15 * time.Minute)}, {"1h", Lasting(time.Hour)}, {"today", Today},
}

// scrape is what was read of one tenant at once.
type scrape struct {
	asOf    int64 // of everything in it, Unix ms
	now     int64
	rollups []rolled
}

// rolled is one roll-up of a scrape.
type rolled struct {
	rollup
	groups  []window.Group // all that are known in any window, so that a queue which fell silent counts 0
	windows []rolledWindow
	instant kpi.Frame
	open    map[window.Group][]kpi.OpenAt
}

type rolledWindow struct {
	name     string
	complete bool
	frame    kpi.Frame // of the interactions
	sum      *window.Sum
	distinct kpi.Frame // of the customers
	active   *window.Sum
}

// scrape reads everything that metrics show of a tenant: each stage once, for all windows and roll-ups.
func (r *Reader) scrape(ctx context.Context, tenant string, wanted []rollup) (*scrape, error) {
	now := r.now().UnixMilli()
	var queries, customers []Query
	for _, w := range metricWindows {
		queries = append(queries, Query{Tenant: tenant, By: everyDimension, Window: w.span})
		for _, ru := range wanted {
			customers = append(customers, Query{Tenant: tenant, By: ru.by, Window: w.span})
		}
	}
	frames, s, err := r.frames(ctx, queries, now, need{tenant: tenant, stage: stageInteractions, families: []window.Family{window.Routing}, open: true})
	if err != nil {
		return nil, err
	}
	active, d, err := r.frames(ctx, customers, now, need{tenant: tenant, stage: stageCustomers, families: []window.Family{window.Activity}})
	if err != nil {
		return nil, err
	}
	out := &scrape{asOf: min(s.asOf, s.openAsOf, d.asOf), now: now}
	for k, ru := range wanted {
		x := rolled{rollup: ru, instant: frames[0].Frame}
		x.instant.By, x.instant.AsOf = ru.by, s.openAsOf
		sizes := s.groups(ru.by)
		x.open = s.byGroup(ru.by, sizes)
		known := map[window.Group]bool{}
		for g := range sizes {
			known[g] = true
		}
		for i, w := range metricWindows {
			f, a := frames[i].Frame, active[i*len(wanted)+k]
			f.By = ru.by
			rw := rolledWindow{name: w.name, frame: f, distinct: a.Frame, active: a.sums[window.Activity], sum: window.NewSum(window.Routing, ru.by, f.Window.From, f.Window.To, s.zone)}
			rw.sum.Merge(frames[i].sums[window.Routing]) // a group of all dimensions counts for the one of it that the roll-up keeps
			rw.complete = s.complete(ru.by, f.Window.From, f.Window.To, s.asOf, now, r.cfg.StaleAfter) && a.Complete
			for _, sum := range []*window.Sum{rw.sum, rw.active} {
				for _, g := range sum.Groups() {
					known[g] = true
				}
			}
			x.windows = append(x.windows, rw)
		}
		x.groups = slices.SortedFunc(maps.Keys(known), window.Group.Compare)
		if len(ru.by) == 0 {
			x.groups = []window.Group{{}}
		}
		out.rollups = append(out.rollups, x)
	}
	return out, nil
}
