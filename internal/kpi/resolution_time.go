package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// resolutionTime is how long conversations take to be resolved.
var resolutionTime = Def{
	ID: "resolution_time", Unit: Seconds, Better: Lower, Version: 1,
	Title: Text{EN: "Resolution time", ES: "Tiempo de resolución", PT: "Tempo de resolução"},
	Explain: Text{
		EN: "Time from the start of a conversation to its resolve, without pauses of the promise. Counts at the resolve.",
		ES: "Tiempo desde el inicio de la conversación hasta que se resuelve, sin las pausas de la promesa. Cuenta al resolver.",
		PT: "Tempo do início da conversa até a resolução, sem as pausas da promessa. Conta na resolução.",
	},
	Definitions: single(func(c *window.Cell) Reading { return durationOf(c.Metric(mResolution)) }), Default: byDefault,
	Dimensions: actDims, Family: window.Routing,
	Feeds: []*Feed{{Metric: mResolution, Kind: convo.Resolution, Spread: true}},
}
