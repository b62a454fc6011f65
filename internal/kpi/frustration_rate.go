package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// strong is from where on (millionths) a tone is heard.
const strong = 500_000

// frustrationRate is the share of messages that sound frustrated.
var frustrationRate = Def{
	ID: "frustration_rate", Unit: Ratio, Better: Lower, Version: 1,
	Title: Text{EN: "Frustration rate", ES: "Tasa de frustración", PT: "Taxa de frustração"},
	Explain: Text{
		EN: "Customer messages with a frustration of 0.5 or more, of those judged for it (0 to 1), with the mean beside it. Counts at the message.",
		ES: "Mensajes de clientes con una frustración de 0,5 o más, de los evaluados (0 a 1), con la media al lado. Cuenta en el mensaje.",
		PT: "Mensagens de clientes com frustração de 0,5 ou mais, das avaliadas (0 a 1), com a média ao lado. Conta na mensagem.",
	},
	Definitions: single(toneOf(mFrustrated, mFrustration)), Default: byDefault, MinN: 5, Scored: true,
	// Not by agent: inferring emotions about workers is restricted in the EU.
	Dimensions: contactDims, Family: window.Routing,
	Feeds: []*Feed{
		{Metric: mFrustration, Kind: convo.Toned, Timed: true},
		{Metric: mFrustrated, Kind: convo.Toned, If: func(m convo.Moment) bool { return m.Value >= strong }},
	},
}

// toneOf reads the share of messages in which a tone is strong, and its mean.
func toneOf(strong, all window.Metric) func(*window.Cell) Reading {
	return func(c *window.Cell) Reading {
		tone := c.Metric(all)
		r := proportionOf(c.Metric(strong).N, tone.N)
		if tone.N > 0 {
			r.mean = float(float64(tone.Sum) / float64(tone.N*1e6))
		}
		return r
	}
}
