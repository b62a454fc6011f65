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
	byTopic bool // one that can be grouped by topic
	apart   bool // one whose panes are kept by roll-ups
	routed  bool // one whose panes are kept by contacts' groups
	worked  bool // one about the time of agents
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
			of[f.Kind][i].apart = of[f.Kind][i].apart || d.Family == window.Activity
			of[f.Kind][i].routed = of[f.Kind][i].routed || d.Family == window.Routing
			of[f.Kind][i].worked = of[f.Kind][i].worked || d.Family == window.Work
			if slices.Contains(d.Dimensions, window.DimAgent) {
				of[f.Kind][i].byAgent = true
			}
			if slices.Contains(d.Dimensions, window.DimTopic) {
				of[f.Kind][i].byTopic = true
			}
		}
	}
	return of
}()

// Observe counts a moment: emit receives each sample with the family and group of the cell that it belongs to, in the same order every time. agentCells says
// whether the tenant keeps KPIs by agent. To take a moment back, observe it again and add the samples with sign -1.
func Observe(m convo.Moment, agentCells bool, emit func(f window.Family, g window.Group, s window.Sample)) {
	routing, agent, topic := m.Group, m.Group, window.Group{Channel: m.Group.Channel, Topic: m.Group.Topic}
	routing.Agent, routing.Topic, agent.Team, agent.Topic = "", "", "", ""
	for _, r := range routes[m.Kind] {
		if r.If != nil && !r.If(m) {
			continue
		}
		s := r.sample(m)
		if r.apart {
			groups, n := rollUps(m)
			for _, g := range groups[:n] {
				emit(window.Activity, g, s)
			}
		}
		if r.worked {
			g := window.Group{Team: m.Group.Team}
			if agentCells {
				g.Agent = m.Group.Agent
			}
			emit(window.Work, g, s)
		}
		if !r.routed {
			continue
		}
		emit(window.Routing, routing, s)
		if agentCells && r.byAgent {
			emit(window.Agent, agent, s)
		}
		if topic.Topic != "" && r.byTopic {
			emit(window.Topics, topic, s)
		}
	}
}

// rollUps are the groups of distinct customers that a moment counts in: what moves with the customer has one for each of them.
func rollUps(m convo.Moment) (groups [4]window.Group, n int) {
	switch m.Kind {
	case convo.Active, convo.ActiveDay, convo.Recommends, convo.Returned, convo.SeenIn, convo.StayedIn, convo.AtRisk, convo.Bought:
		return [4]window.Group{m.Group}, 1
	}
	channel, queue := window.Group{Channel: m.Group.Channel}, window.Group{Queue: m.Group.Queue}
	if m.Group.Queue == "" {
		return [4]window.Group{{}, channel}, 2
	}
	return [4]window.Group{{}, channel, queue, {Channel: channel.Channel, Queue: queue.Queue}}, 4
}
