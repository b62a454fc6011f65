package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// sentimentRecovery is the share of conversations that began badly and ended well.
var sentimentRecovery = Def{
	ID: "sentiment_recovery", Unit: Ratio, Better: Higher, Version: 1,
	Title: Text{EN: "Sentiment recovery", ES: "Recuperación del sentimiento", PT: "Recuperação do sentimento"},
	Explain: Text{
		EN: "Of the conversations that began negative (first third of the scored messages at −0.2 or less on average), those that ended positive (last third at 0.2 or more). Three scored messages or more; counts at the last one.",
		ES: "De las conversaciones que empezaron negativas (primer tercio de los mensajes puntuados en −0,2 o menos de media), las que terminaron positivas (último tercio en 0,2 o más). Tres mensajes puntuados o más; cuenta en el último.",
		PT: "Das conversas que começaram negativas (primeiro terço das mensagens pontuadas em −0,2 ou menos em média), as que terminaram positivas (último terço em 0,2 ou mais). Três mensagens pontuadas ou mais; conta na última.",
	},
	Definitions: single(func(c *window.Cell) Reading {
		return proportionOf(c.Metric(mRecovered).N, c.Metric(mLowStart).N)
	}),
	Default: byDefault, MinN: 5,
	// Not by agent: inferring emotions about workers is restricted in the EU.
	Dimensions: contactDims, Family: window.Routing,
	Feeds: []*Feed{
		{Metric: mLowStart, Kind: convo.LowStart},
		{Metric: mRecovered, Kind: convo.LowStart, If: func(m convo.Moment) bool { return m.Class == 1 }},
	},
}
