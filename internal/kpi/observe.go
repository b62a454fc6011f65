package kpi

import (
	"slices"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// route is a feed and where its samples go.
type route struct {
	*Feed
	byAgent bool // a KPI that can be grouped by agent reads it
}

// routes holds, by kind of moment, the feeds of all KPIs, each once.
var routes = func() (of [256][]route) {
	for _, d := range catalog {
		for _, f := range d.Feeds {
			i := slices.IndexFunc(of[f.Kind], func(r route) bool { return r.Metric == f.Metric })
			if i < 0 {
				i = len(of[f.Kind])
				of[f.Kind] = append(of[f.Kind], route{Feed: f})
			}
			if slices.Contains(d.Dimensions, window.DimAgent) {
				of[f.Kind][i].byAgent = true
			}
		}
	}
	return of
}()

// Observe counts a moment: emit receives each sample with the family and group of the cell that it belongs to, in the same order every time. agentCells says
// whether the tenant keeps KPIs by agent. To take a moment back, observe it again and add the samples with sign -1.
func Observe(m convo.Moment, agentCells bool, emit func(f window.Family, g window.Group, s window.Sample)) {
	if m.Kind == convo.Active || m.Kind == convo.ActiveDay {
		for _, r := range routes[m.Kind] {
			emit(window.Activity, m.Group, r.sample(m))
		}
		return
	}
	routing, agent := m.Group, m.Group
	routing.Agent, agent.Team = "", ""
	for _, r := range routes[m.Kind] {
		if r.If != nil && !r.If(m) {
			continue
		}
		s := r.sample(m)
		emit(window.Routing, routing, s)
		if agentCells && r.byAgent {
			emit(window.Agent, agent, s)
		}
	}
}
