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
		EN: "Time that a conversation takes to its last resolve, without pauses of the promise. The definitions differ in what a reopening does. Counts at the resolve.",
		ES: "Tiempo que tarda una conversación hasta su última resolución, sin las pausas de la promesa. Las definiciones difieren en qué hace una reapertura. Cuenta al resolver.",
		PT: "Tempo que uma conversa leva até a última resolução, sem as pausas da promessa. As definições diferem no que faz uma reabertura. Conta na resolução.",
	},
	Definitions: []Definition{
		{ID: "from_creation", Explain: Text{
			EN: "From the start of the conversation, resolved times in between included.",
			ES: "Desde el inicio de la conversación, incluido el tiempo en que estuvo resuelta entre medias.",
			PT: "Desde o início da conversa, incluindo o tempo em que esteve resolvida entre um e outro.",
		}, Read: func(c *window.Cell) Reading { return durationOf(c.Metric(mResolution)) }},
		{ID: "open_segments", Explain: Text{
			EN: "Only while it was open: resolved times in between do not count.",
			ES: "Solo mientras estuvo abierta: el tiempo en que estuvo resuelta entre medias no cuenta.",
			PT: "Só enquanto esteve aberta: o tempo em que esteve resolvida entre um e outro não conta.",
		}, Read: func(c *window.Cell) Reading { return durationOf(c.Metric(mOpenSegments)) }},
		{ID: "last_segment", Explain: Text{
			EN: "Since it was opened last.",
			ES: "Desde que se abrió por última vez.",
			PT: "Desde que foi aberta pela última vez.",
		}, Read: func(c *window.Cell) Reading { return durationOf(c.Metric(mLastSegment)) }},
	},
	Default:    []string{"from_creation"},
	Dimensions: actDims, Family: window.Routing,
	Feeds: []*Feed{
		{Metric: mResolution, Kind: convo.Resolution, Spread: true},
		{Metric: mOpenSegments, Kind: convo.OpenSegments, Spread: true},
		{Metric: mLastSegment, Kind: convo.LastSegment, Spread: true},
	},
}
