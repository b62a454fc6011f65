package kpi

import "github.com/vigia-cx/vigia/internal/window"

// callbacks is how many contacts agreed to be called back.
var callbacks = Def{
	ID: "callbacks", Unit: Count, Better: Neither, Version: 1,
	Title: Text{EN: "Callbacks", ES: "Devoluciones de llamada", PT: "Retornos de chamada"},
	Explain: Text{
		EN: "Contacts that left the queue because the customer agreed to be called back; they are neither answered nor abandoned. Counts when it was agreed.",
		ES: "Contactos que salieron de la cola porque el cliente aceptó que le devuelvan la llamada; no son atendidos ni abandonados. Cuenta al acordarse.",
		PT: "Contatos que saíram da fila porque o cliente aceitou o retorno da chamada; não são atendidos nem abandonados. Conta quando foi combinado.",
	},
	Definitions: single(func(c *window.Cell) Reading { return countOf(c.Metric(mCallback).N) }), Default: byDefault,
	Dimensions: contactDims, Family: window.Routing,
	Feeds: []*Feed{&callback},
}
