package kpi

import (
	"slices"

	"github.com/vigia-cx/vigia/internal/window"
)

// fewestAgents is below how many agents nothing is said of how work is spread: it would tell about single ones.
const fewestAgents = 3

// workloadSpread is how evenly contacts are spread over the agents of a team.
var workloadSpread = Def{
	ID: "workload_spread", Unit: Factor, Better: Lower, Version: 1,
	Title: Text{EN: "Workload spread", ES: "Reparto de la carga", PT: "Distribuição da carga"},
	Explain: Text{
		EN: "How evenly the contacts taken are spread over the agents who were there, at least three, without naming any. Needs `agents: true` and `agent_cells: true`.",
		ES: "Con qué igualdad se reparten los contactos tomados entre los agentes presentes, al menos tres, sin nombrar a ninguno. Requiere `agents: true` y `agent_cells: true`.",
		PT: "Com que igualdade os contatos assumidos se distribuem entre os agentes presentes, ao menos três, sem nomear nenhum. Requer `agents: true` e `agent_cells: true`.",
	},
	Definitions: []Definition{
		{ID: "gini", Derive: spreadOf(gini), Explain: Text{
			EN: "Gini coefficient: 0 when all took as many, towards 1 when one took all.",
			ES: "Coeficiente de Gini: 0 si todos tomaron igual número, cerca de 1 si uno los tomó todos.",
			PT: "Coeficiente de Gini: 0 se todos assumiram o mesmo número, perto de 1 se um assumiu todos.",
		}},
		{ID: "max_to_median", Derive: spreadOf(maxToMedian), Explain: Text{
			EN: "How many times the median the busiest agent took.",
			ES: "Cuántas veces la mediana tomó el agente con más contactos.",
			PT: "Quantas vezes a mediana assumiu o agente com mais contatos.",
		}},
	},
	Default: []string{"gini", "max_to_median"}, Dimensions: []window.Dimension{window.DimTeam}, Family: window.Work, ByCustomer: true, PerAgent: true,
	Feeds: []*Feed{&busy, &idle, &taken},
}

// spreadOf reads the contacts of each agent of the group who was there, in ascending order.
func spreadOf(read func(loads []int64) Reading) func(v *View) (Reading, error) {
	return func(v *View) (Reading, error) {
		var loads []int64
		for name, c := range v.Parts(window.DimAgent, v.Window.From, v.Window.To) {
			here := c.Metric(mBusy).N + c.Metric(mIdle).N + c.Metric(mTaken).N
			if name != "" && name != window.Overflow && here > 0 {
				loads = append(loads, c.Metric(mTaken).N)
			}
		}
		slices.Sort(loads)
		if n := len(loads); n < fewestAgents {
			return factorOf(0, 0, int64(n)), nil
		}
		return read(loads), nil
	}
}

func gini(loads []int64) Reading {
	n := int64(len(loads))
	var all, ranked int64
	for i, x := range loads {
		all += x
		ranked += (int64(i) + 1) * x
	}
	return factorOf(2*ranked-(n+1)*all, n*all, n)
}

func maxToMedian(loads []int64) Reading {
	n := len(loads)
	return factorOf(2*loads[n-1], loads[(n-1)/2]+loads[n/2], int64(n))
}
