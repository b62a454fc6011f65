package exporter

import (
	"context"
	"fmt"
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
	{"topic", topicOnly},
	{"channel_queue", []window.Dimension{window.DimChannel, window.DimQueue}},
	{"channel_topic", topicDimensions},
}

// The dimensions that labels of roll-ups name.
var (
	everyDimension  = []window.Dimension{window.DimChannel, window.DimQueue, window.DimTeam, window.DimTopic}
	routeDimensions = everyDimension[:3] // what roll-ups of routing are sums of
	topicDimensions = []window.Dimension{window.DimChannel, window.DimTopic}
	topicOnly       = topicDimensions[1:]
)

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
	instant [2]kpi.Frame // by stage
	open    [2]map[window.Group][]kpi.OpenAt
}

// rolledWindow is a window of a roll-up.
type rolledWindow struct {
	name     string
	complete bool
	of       map[home]rolledSum
}

// home is where the panes of KPIs are.
type home struct {
	second bool // the stage of customers
	family window.Family
}

type rolledSum struct {
	frame  kpi.Frame
	sum    *window.Sum
	source *panes
}

// homes returns where the KPIs of roll-ups are, and what is needed of each stage: conversations, customers.
func homes(tenant string, wanted []rollup, definitions []string) (of map[string][]home, needs [2]need) {
	of = map[string][]home{}
	needs = [2]need{{tenant: tenant, stage: stageInteractions, open: true}, {tenant: tenant, stage: stageCustomers, open: true}}
	for _, ru := range wanted {
		for _, d := range kpi.Catalog() {
			family, err := d.FamilyOf(ru.by)
			if err != nil || d.Instant() {
				continue
			}
			x, stage := home{d.SecondStage(), family}, 0
			if x.second {
				stage = 1
			}
			if !slices.Contains(of[ru.name], x) {
				of[ru.name] = append(of[ru.name], x)
			}
			needs[stage].reads(d, definitionsOf(d, definitions), family)
		}
	}
	return of, needs
}

// base is what the panes of a family are added up by, of which those of a roll-up are made: distinct customers are kept by each roll-up.
func (ru rollup) base(f window.Family) []window.Dimension {
	switch f {
	case window.Activity:
		return ru.by
	case window.Topics:
		return topicDimensions
	}
	return routeDimensions
}

// scrape reads everything that metrics show of a tenant: each stage once, for all windows and roll-ups.
func (r *Reader) scrape(ctx context.Context, tenant string, wanted []rollup, definitions []string) (*scrape, error) {
	now := r.now().UnixMilli()
	of, needs := homes(tenant, wanted, definitions)
	type place struct {
		home
		by  string
		win int
	}
	at := func(x home, ru rollup, win int) place { return place{x, fmt.Sprint(ru.base(x.family)), win} }
	frames := map[place]*frame{}
	var snapshots [2]*snapshot
	for stage := range needs {
		var queries []Query
		var places []place
		for _, ru := range wanted {
			for _, x := range of[ru.name] {
				for i, w := range metricWindows {
					p := at(x, ru, i)
					if x.second != (stage == 1) || slices.Contains(places, p) {
						continue
					}
					places = append(places, p)
					queries = append(queries, Query{Tenant: tenant, By: ru.base(x.family), Window: w.span, only: x.family})
				}
			}
		}
		read, s, err := r.frames(ctx, queries, now, needs[stage])
		if err != nil {
			return nil, err
		}
		for i, p := range places {
			frames[p] = &read[i]
		}
		snapshots[stage] = s
	}
	out := &scrape{asOf: min(snapshots[0].asOf, snapshots[0].openAsOf, snapshots[1].asOf), now: now}
	for _, ru := range wanted {
		x, sizes := rolled{rollup: ru}, map[window.Group]int{}
		for _, s := range snapshots {
			s.groups(ru.by, sizes)
		}
		for i, s := range snapshots {
			x.instant[i] = kpi.Frame{
				Tenant: tenant, By: ru.by, AsOf: s.openAsOf, Policy: s.policy, Asked: definitions, Window: kpi.Window{Now: now, Zone: s.zone},
				Complete: s.complete(ru.by, s.openAsOf, now, s.openAsOf, now, r.cfg.StaleAfter),
			}
			x.open[i] = s.byGroup(ru.by, sizes)
		}
		known := map[window.Group]bool{}
		for g := range sizes {
			known[g] = true
		}
		for i, w := range metricWindows {
			rw := rolledWindow{name: w.name, complete: true, of: map[home]rolledSum{}}
			for _, o := range of[ru.name] {
				read := frames[at(o, ru, i)]
				f := read.Frame
				f.By, f.Asked, f.Plain = ru.by, definitions, true
				f.Complete = read.s.complete(ru.by, f.Window.From, f.Window.To, read.s.asOf, now, r.cfg.StaleAfter)
				sum := read.sums[o.family]
				if o.family != window.Activity {
					// A group of all dimensions counts for the one of it that the roll-up keeps.
					sum = window.NewSum(o.family, ru.by, f.Window.From, f.Window.To, f.Window.Zone)
					sum.Merge(read.sums[o.family])
				}
				rw.of[o], rw.complete = rolledSum{f, sum, read.s.source(o.family)}, rw.complete && f.Complete
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
