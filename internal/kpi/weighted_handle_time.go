package kpi

import "github.com/vigia-cx/vigia/internal/window"

// weightedHandleTime is what a contact takes of an agent's time, where agents have several at once.
var weightedHandleTime = Def{
	ID: "weighted_handle_time", Unit: Seconds, Better: Lower, Version: 1,
	Title: Text{EN: "Handle time by share of attention", ES: "Tiempo de gestión ponderado por concurrencia", PT: "Tempo de atendimento ponderado por simultaneidade"},
	Explain: Text{
		EN: "Time that agents had contacts, for each contact they took. While an agent has several at once, each gets its share: two chats in the same ten minutes are five minutes each. Needs `agents: true`.",
		ES: "Tiempo en que los agentes tuvieron contactos, por cada contacto tomado. Mientras un agente tiene varios a la vez, cada uno recibe su parte: dos chats en los mismos diez minutos son cinco minutos cada uno. Requiere `agents: true`.",
		PT: "Tempo em que os agentes tiveram contatos, por contato assumido. Enquanto um agente tem vários ao mesmo tempo, cada um recebe sua parte: dois chats nos mesmos dez minutos são cinco minutos cada. Requer `agents: true`.",
	},
	Definitions: single(func(c *window.Cell) Reading { return averageOf(c.Metric(mBusy).Sum, c.Metric(mTaken).N, 1000) }),
	Default:     byDefault, Dimensions: deskDims, Family: window.Work, ByCustomer: true,
	Feeds: []*Feed{&busy, &taken},
}
