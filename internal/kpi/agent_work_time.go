package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// agentWorkTime is how long resolved conversations were in the hands of agents.
var agentWorkTime = Def{
	ID: "agent_work_time", Unit: Seconds, Better: Lower, Version: 1,
	Title: Text{EN: "Agent work time", ES: "Tiempo de trabajo del agente", PT: "Tempo de trabalho do agente"},
	Explain: Text{
		EN: "Time that a conversation was open, in opening hours, until its resolve, without waiting for anybody: customer, third party, snooze. Counts at the resolve.",
		ES: "Tiempo que la conversación estuvo abierta, en horario de atención, hasta resolverse, sin esperar a nadie: cliente, terceros, pospuesta. Cuenta al resolver.",
		PT: "Tempo em que a conversa esteve aberta, no horário de atendimento, até a resolução, sem esperar ninguém: cliente, terceiros, adiada. Conta na resolução.",
	},
	Definitions: single(func(c *window.Cell) Reading { return durationOf(c.Metric(mAgentWork)) }), Default: byDefault,
	Dimensions: actDims, Family: window.Routing,
	Feeds: []*Feed{{Metric: mAgentWork, Kind: convo.AgentWork, Spread: true}},
}
