package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// slaCompliance is the share of promises that were kept.
var slaCompliance = Def{
	ID: "sla_compliance", Unit: Ratio, Better: Higher, Version: 1,
	Title: Text{EN: "SLA compliance", ES: "Cumplimiento del SLA", PT: "Cumprimento do SLA"},
	Explain: Text{
		EN: "Promises kept of promises kept or broken; running ones are in neither. A kept one counts when it is kept, a broken one at its due time.",
		ES: "Promesas cumplidas sobre cumplidas e incumplidas; las que corren no están en ninguna. Una cumplida cuenta al cumplirse, una incumplida en su vencimiento.",
		PT: "Promessas cumpridas sobre cumpridas e descumpridas; as que correm não estão em nenhuma. Uma cumprida conta ao ser cumprida, uma descumprida no vencimento.",
	},
	Definitions: byClock(func(d *Definition, c sla.Clock) {
		hit, miss := clockMetrics(c)
		d.Read = func(cell *window.Cell) Reading {
			hits := cell.Metric(hit).N
			return proportionOf(hits, hits+cell.Metric(miss).N)
		}
	}),
	Default: clockNames(), Dimensions: actDims, Family: window.Routing,
	Feeds: clockFeeds(),
}

func clockMetrics(c sla.Clock) (hit, miss window.Metric) {
	switch c {
	case sla.FirstResponse:
		return mFirstResponseHit, mFirstResponseMiss
	case sla.NextResponse:
		return mNextResponseHit, mNextResponseMiss
	}
	return mResolutionHit, mResolutionMiss
}

func clockFeeds() []*Feed {
	var feeds []*Feed
	for c := range sla.Clock(sla.NumClocks) {
		hit, miss := clockMetrics(c)
		feeds = append(feeds, &Feed{Metric: hit, Kind: convo.ClockHit, If: ofClock(c)}, &Feed{Metric: miss, Kind: convo.ClockMiss, If: ofClock(c)})
	}
	return feeds
}

// clockNames lists the definitions of the KPIs that are read by clock.
func clockNames() []string {
	var names []string
	for c := range sla.Clock(sla.NumClocks) {
		names = append(names, c.String())
	}
	return names
}

// byClock makes one definition for each clock.
func byClock(complete func(d *Definition, c sla.Clock)) []Definition {
	explain := [sla.NumClocks]Text{
		{EN: "Promises of a first response.", ES: "Promesas de primera respuesta.", PT: "Promessas de primeira resposta."},
		{EN: "Promises of the following responses.", ES: "Promesas de las respuestas siguientes.", PT: "Promessas das respostas seguintes."},
		{EN: "Promises of a resolution.", ES: "Promesas de resolución.", PT: "Promessas de resolução."},
	}
	var defs []Definition
	for c := range sla.Clock(sla.NumClocks) {
		d := Definition{ID: c.String(), Explain: explain[c]}
		complete(&d, c)
		defs = append(defs, d)
	}
	return defs
}
