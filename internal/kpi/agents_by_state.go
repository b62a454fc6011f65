package kpi

import (
	"github.com/vigia-cx/vigia/internal/agent"
	"github.com/vigia-cx/vigia/internal/window"
)

// agentsByState is how many agents wait, work and pause now.
var agentsByState = Def{
	ID: "agents_by_state", Unit: Count, Better: Neither, Version: 1,
	Title: Text{EN: "Agents by state", ES: "Agentes por estado", PT: "Agentes por estado"},
	Explain: Text{
		EN: "Agents now, by whether they can take contacts and have any. Needs `agents: true` and `agent_presence` events; a presence that was told a day ago or earlier is forgotten.",
		ES: "Agentes ahora, según si pueden tomar contactos y si tienen alguno. Requiere `agents: true` y eventos `agent_presence`; una presencia indicada hace un día o más se olvida.",
		PT: "Agentes agora, conforme podem assumir contatos e têm algum. Requer `agents: true` e eventos `agent_presence`; uma presença informada há um dia ou mais é esquecida.",
	},
	Definitions: []Definition{
		countAgents("available_idle", func(n *agent.Now) bool { return n.Available && n.Contacts == 0 }, Text{
			EN: "Can take contacts and has none.", ES: "Puede tomar contactos y no tiene ninguno.", PT: "Pode assumir contatos e não tem nenhum.",
		}),
		countAgents("available_busy", func(n *agent.Now) bool { return n.Available && n.Contacts > 0 }, Text{
			EN: "Can take contacts and has some.", ES: "Puede tomar contactos y tiene alguno.", PT: "Pode assumir contatos e tem algum.",
		}),
		countAgents("unavailable_busy", func(n *agent.Now) bool { return !n.Available && n.Contacts > 0 }, Text{
			EN: "Takes no more contacts and has some.", ES: "No toma más contactos y tiene alguno.", PT: "Não assume mais contatos e tem algum.",
		}),
		countAgents("unavailable", func(n *agent.Now) bool { return !n.Available && n.Contacts == 0 }, Text{
			EN: "On a break, or gone within the last day.", ES: "En pausa, o se fue en el último día.", PT: "Em pausa, ou saiu no último dia.",
		}),
	},
	Default:    []string{"available_idle", "available_busy", "unavailable_busy", "unavailable"},
	Dimensions: []window.Dimension{window.DimTeam}, ByCustomer: true,
}

func countAgents(id string, counts func(n *agent.Now) bool, explain Text) Definition {
	return Definition{ID: id, Explain: explain, Now: func(open []OpenAt) Reading {
		var n int64
		for i := range open {
			if desk := open[i].Desk; desk != nil && counts(desk) {
				n++
			}
		}
		return countOf(n)
	}}
}
