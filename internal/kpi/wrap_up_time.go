package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// wrapUpTime is how long agents work on a handled contact after it (ACW).
var wrapUpTime = Def{
	ID: "wrap_up_time", Unit: Seconds, Better: Lower, Version: 1,
	Title: Text{EN: "Wrap-up time", ES: "Tiempo de trabajo posterior", PT: "Tempo de pós-atendimento"},
	Explain: Text{
		EN: "After-call work of handled contacts; one without counts 0. Counts at the end of the handling.",
		ES: "Trabajo posterior de los contactos gestionados; el que no tuvo cuenta 0. Cuenta al terminar la gestión.",
		PT: "Pós-atendimento dos contatos tratados; o que não teve conta 0. Conta no fim do atendimento.",
	},
	Definitions: single(func(c *window.Cell) Reading { return durationOf(c.Metric(mWrapped)) }), Default: byDefault,
	Dimensions: actDims, Family: window.Routing,
	Feeds: []*Feed{{Metric: mWrapped, Kind: convo.Wrapped, Spread: true}},
}
