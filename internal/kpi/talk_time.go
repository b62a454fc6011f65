package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// talkTime is how long agents talk in a handled contact.
var talkTime = Def{
	ID: "talk_time", Unit: Seconds, Better: Lower, Version: 1,
	Title: Text{EN: "Talk time", ES: "Tiempo de conversación", PT: "Tempo de conversa"},
	Explain: Text{
		EN: "Talk of handled contacts, without hold and wrap-up. Counts at the end of the handling.",
		ES: "Conversación de los contactos gestionados, sin espera en línea ni trabajo posterior. Cuenta al terminar la gestión.",
		PT: "Conversa dos contatos tratados, sem espera em linha nem pós-atendimento. Conta no fim do atendimento.",
	},
	Definitions: single(func(c *window.Cell) Reading { return durationOf(c.Metric(mTalked)) }), Default: byDefault,
	Dimensions: actDims, Family: window.Routing,
	Feeds: []*Feed{{Metric: mTalked, Kind: convo.Talked, Spread: true}},
}
