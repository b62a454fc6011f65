package kpi

import (
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
		d.Read = func(cell *window.Cell) Reading {
			hits := cell.Metric(clocks[c].hit).N
			return proportionOf(hits, hits+cell.Metric(clocks[c].miss).N)
		}
	}),
	Default: clockNames(), Dimensions: actDims, Family: window.Routing,
	Feeds: promises,
}
