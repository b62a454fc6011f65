package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// handleTime is how long agents are busy with a contact; its mean is the AHT.
var handleTime = Def{
	ID: "handle_time", Unit: Seconds, Better: Lower, Version: 1,
	Title: Text{EN: "Handle time", ES: "Tiempo de gestión", PT: "Tempo de atendimento"},
	Explain: Text{
		EN: "Talk, hold and wrap-up of handled contacts; the mean is the AHT. Counts at the end of the handling.",
		ES: "Conversación, espera en línea y trabajo posterior de los contactos gestionados; la media es el AHT. Cuenta al terminar la gestión.",
		PT: "Conversa, espera em linha e pós-atendimento dos contatos tratados; a média é o TMA. Conta no fim do atendimento.",
	},
	Definitions: single(func(c *window.Cell) Reading { return durationOf(c.Metric(mHandled)) }), Default: byDefault,
	Dimensions: actDims, Family: window.Routing,
	Feeds: []*Feed{{Metric: mHandled, Kind: convo.Handled, Spread: true}},
}
