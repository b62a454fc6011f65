package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// requesterWaitTime is how long customers wait for a resolution, without the time that we wait for them.
var requesterWaitTime = Def{
	ID: "requester_wait_time", Unit: Seconds, Better: Lower, Version: 1,
	Title: Text{EN: "Requester wait time", ES: "Tiempo de espera del solicitante", PT: "Tempo de espera do solicitante"},
	Explain: Text{
		EN: "Time that a conversation was open, in opening hours, until its resolve, without waiting for the customer. Counts at the resolve.",
		ES: "Tiempo que la conversación estuvo abierta, en horario de atención, hasta resolverse, sin lo que se esperó al cliente. Cuenta al resolver.",
		PT: "Tempo em que a conversa esteve aberta, no horário de atendimento, até a resolução, sem a espera pelo cliente. Conta na resolução.",
	},
	Definitions: single(func(c *window.Cell) Reading { return durationOf(c.Metric(mRequesterWait)) }), Default: byDefault,
	Dimensions: actDims, Family: window.Routing,
	Feeds: []*Feed{{Metric: mRequesterWait, Kind: convo.RequesterWait, Spread: true}},
}
