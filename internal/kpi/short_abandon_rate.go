package kpi

import "github.com/vigia-cx/vigia/internal/window"

// shortAbandonRate is the share of abandonments that nobody could have prevented.
var shortAbandonRate = Def{
	ID: "short_abandon_rate", Unit: Ratio, Better: Neither, Version: 1,
	Title: Text{EN: "Short abandon rate", ES: "Tasa de abandonos cortos", PT: "Taxa de abandonos curtos"},
	Explain: Text{
		EN: "Of the abandoned contacts, those that left within the queue's short-abandon threshold; a wait equal to it is short.",
		ES: "De los contactos abandonados, los que se fueron dentro del umbral de abandono corto de la cola; una espera igual al umbral es corta.",
		PT: "Dos contatos abandonados, os que saíram dentro do limite de abandono curto da fila; uma espera igual ao limite é curta.",
	},
	Definitions: single(func(c *window.Cell) Reading { return proportionOf(c.Metric(mAbandonedShort).N, c.Metric(mAbandoned).N) }), Default: byDefault,
	Dimensions: contactDims, Family: window.Routing, QueueParams: true,
	Feeds: []*Feed{&abandoned, &abandonedShort},
}
