package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// urgencyRate is the share of messages that sound urgent.
var urgencyRate = Def{
	ID: "urgency_rate", Unit: Ratio, Better: Neither, Version: 1,
	Title: Text{EN: "Urgency rate", ES: "Tasa de urgencia", PT: "Taxa de urgência"},
	Explain: Text{
		EN: "Customer messages with an urgency of 0.5 or more, of those judged for it (0 to 1), with the mean beside it. Counts at the message.",
		ES: "Mensajes de clientes con una urgencia de 0,5 o más, de los evaluados (0 a 1), con la media al lado. Cuenta en el mensaje.",
		PT: "Mensagens de clientes com urgência de 0,5 ou mais, das avaliadas (0 a 1), com a média ao lado. Conta na mensagem.",
	},
	Definitions: single(toneOf(mUrgent, mUrgency)), Default: byDefault, MinN: 5, Scored: true,
	// Not by agent: inferring emotions about workers is restricted in the EU.
	Dimensions: contactDims, Family: window.Routing,
	Feeds: []*Feed{
		{Metric: mUrgency, Kind: convo.Toned, Sum: func(m convo.Moment) int64 { return int64(m.Class) }},
		{Metric: mUrgent, Kind: convo.Toned, If: func(m convo.Moment) bool { return m.Class >= strong }},
	},
}
