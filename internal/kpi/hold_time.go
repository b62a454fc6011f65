package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// holdTime is how long customers are on hold in a handled contact.
var holdTime = Def{
	ID: "hold_time", Unit: Seconds, Better: Lower, Version: 1,
	Title: Text{EN: "Hold time", ES: "Tiempo en espera en línea", PT: "Tempo em espera na linha"},
	Explain: Text{
		EN: "Time on hold of handled contacts; one that was never on hold counts 0. Counts at the end of the handling.",
		ES: "Tiempo de espera en línea de los contactos gestionados; el que nunca estuvo en espera cuenta 0. Cuenta al terminar la gestión.",
		PT: "Tempo de espera em linha dos contatos tratados; o que nunca ficou em espera conta 0. Conta no fim do atendimento.",
	},
	Definitions: single(func(c *window.Cell) Reading { return durationOf(c.Metric(mHeld)) }), Default: byDefault,
	Dimensions: actDims, Family: window.Routing,
	Feeds: []*Feed{{Metric: mHeld, Kind: convo.Held, Spread: true}},
}
