package kpi

import "github.com/vigia-cx/vigia/internal/window"

// averageAbandonTime is how long customers wait before they give up.
var averageAbandonTime = Def{
	ID: "average_abandon_time", Unit: Seconds, Better: Neither, Version: 1,
	Title: Text{EN: "Average abandon time", ES: "Tiempo medio de abandono", PT: "Tempo médio de abandono"},
	Explain: Text{
		EN: "Mean wait of abandoned contacts, short ones included. Counts at the abandonment.",
		ES: "Espera media de los contactos abandonados, incluidos los cortos. Cuenta en el abandono.",
		PT: "Espera média dos contatos abandonados, incluindo os curtos. Conta no abandono.",
	},
	Definitions: single(func(c *window.Cell) Reading {
		waits := c.Metric(mAbandoned)
		return averageOf(waits.Sum, waits.N, 1000) // ms
	}),
	Default:    byDefault,
	Dimensions: contactDims, Family: window.Routing,
	Feeds: []*Feed{&abandoned},
}
