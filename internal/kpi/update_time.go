package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// updateTime is how long customers hear nothing between two replies.
var updateTime = Def{
	ID: "update_time", Unit: Seconds, Better: Lower, Version: 1,
	Title: Text{EN: "Time between updates", ES: "Tiempo entre actualizaciones", PT: "Tempo entre atualizações"},
	Explain: Text{
		EN: "From each public reply of a person to the next one, in opening hours, from the first response on, as long as the conversation is open. Counts at the later reply.",
		ES: "De cada respuesta pública de una persona a la siguiente, en horario de atención, desde la primera respuesta y mientras la conversación está abierta. Cuenta en la segunda.",
		PT: "De cada resposta pública de uma pessoa à seguinte, no horário de atendimento, desde a primeira resposta e enquanto a conversa está aberta. Conta na segunda.",
	},
	Definitions: []Definition{
		{ID: "periodic", Explain: Text{
			EN: "All opening hours between the two replies.",
			ES: "Todo el horario de atención entre las dos respuestas.",
			PT: "Todo o horário de atendimento entre as duas respostas.",
		}, Read: func(c *window.Cell) Reading { return durationOf(c.Metric(mPeriodicUpdate)) }},
		{ID: "pausable", Explain: Text{
			EN: "Without the time in which the customer had to act, and the other pauses of the promise.",
			ES: "Sin el tiempo en que le tocaba al cliente, ni las demás pausas de la promesa.",
			PT: "Sem o tempo em que era a vez do cliente, nem as demais pausas da promessa.",
		}, Read: func(c *window.Cell) Reading { return durationOf(c.Metric(mPausableUpdate)) }},
	},
	Default: []string{"periodic"}, Dimensions: actDims, Family: window.Routing,
	Feeds: []*Feed{
		{Metric: mPeriodicUpdate, Kind: convo.Updated, Spread: true, If: ofClock(sla.PeriodicUpdate)},
		{Metric: mPausableUpdate, Kind: convo.Updated, Spread: true, If: ofClock(sla.PausableUpdate)},
	},
}
