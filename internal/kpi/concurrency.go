package kpi

import "github.com/vigia-cx/vigia/internal/window"

// concurrency is how many contacts an agent has at once.
var concurrency = Def{
	ID: "concurrency", Unit: Factor, Better: Neither, Version: 1,
	Title: Text{EN: "Concurrency", ES: "Concurrencia", PT: "Simultaneidade"},
	Explain: Text{
		EN: "Contacts that an agent who has any has at once, on average over the time. Needs `agents: true`.",
		ES: "Contactos que un agente con alguno tiene a la vez, en promedio sobre el tiempo. Requiere `agents: true`.",
		PT: "Contatos que um agente com algum tem ao mesmo tempo, em média ao longo do tempo. Requer `agents: true`.",
	},
	Definitions: single(func(c *window.Cell) Reading {
		busy := c.Metric(mBusy)
		return factorOf(c.Metric(mWorked).Sum, busy.Sum, busy.N)
	}),
	Default: byDefault, Dimensions: deskDims, Family: window.Work, ByCustomer: true,
	Feeds: []*Feed{&busy, &worked},
}
