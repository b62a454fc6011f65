package kpi

import "github.com/vigia-cx/vigia/internal/window"

// abandonRate is the share of offered contacts that the customer left.
var abandonRate = Def{
	ID: "abandon_rate", Unit: Ratio, Better: Lower, Version: 1,
	Title: Text{EN: "Abandon rate", ES: "Tasa de abandono", PT: "Taxa de abandono"},
	Explain: Text{
		EN: "Abandoned contacts, short ones included, of all contacts offered.",
		ES: "Contactos abandonados, incluidos los cortos, sobre todos los ofrecidos.",
		PT: "Contatos abandonados, incluindo os curtos, sobre todos os oferecidos.",
	},
	Definitions: single(func(c *window.Cell) Reading { return proportionOf(c.Metric(mAbandoned).N, offered(c)) }), Default: byDefault,
	Dimensions: contactDims, Family: window.Routing,
	Feeds: outcomes,
}
