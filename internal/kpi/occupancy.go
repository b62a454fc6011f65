package kpi

import "github.com/vigia-cx/vigia/internal/window"

// occupancy is how much of their time agents have contacts.
var occupancy = Def{
	ID: "occupancy", Unit: Ratio, Better: Neither, Version: 1,
	Title: Text{EN: "Occupancy", ES: "Ocupación", PT: "Ocupação"},
	Explain: Text{
		EN: "Time in which agents had a contact or wrapped one up, of that time and the time in which they could take one and had none. Breaks do not count; several contacts at once count once, so it is never above 1. Needs `agents: true` and `agent_presence` events.",
		ES: "Tiempo en que los agentes tuvieron un contacto o su trabajo posterior, sobre ese tiempo más el que estuvieron disponibles sin contacto. Las pausas no cuentan; varios contactos a la vez cuentan una vez, así que nunca supera 1. Requiere `agents: true` y eventos `agent_presence`.",
		PT: "Tempo em que os agentes tiveram um contato ou seu pós-atendimento, sobre esse tempo mais o que ficaram disponíveis sem contato. As pausas não contam; vários contatos ao mesmo tempo contam uma vez, por isso nunca passa de 1. Requer `agents: true` e eventos `agent_presence`.",
	},
	Definitions: single(func(c *window.Cell) Reading {
		busy, idle := c.Metric(mBusy), c.Metric(mIdle)
		return Reading{kind: balance, n: busy.N + idle.N, num: busy.Sum, den: busy.Sum + idle.Sum}
	}),
	Default: byDefault, Dimensions: deskDims, Family: window.Work, ByCustomer: true,
	Feeds: []*Feed{&busy, &idle},
}
