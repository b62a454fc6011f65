package kpi

import "github.com/vigia-cx/vigia/internal/window"

// contactsAnswered is how many contacts a person answered.
var contactsAnswered = Def{
	ID: "contacts_answered", Unit: Count, Better: Neither, Version: 1,
	Title: Text{EN: "Contacts answered", ES: "Contactos atendidos", PT: "Contatos atendidos"},
	Explain: Text{
		EN: "Contacts that a person answered: one queue entry on the phone, one conversation or episode in text. Counts at the answer.",
		ES: "Contactos que atendió una persona: una entrada en cola por teléfono, una conversación o episodio por texto. Cuenta al atender.",
		PT: "Contatos que uma pessoa atendeu: uma entrada na fila por telefone, uma conversa ou episódio por texto. Conta no atendimento.",
	},
	Definitions: single(func(c *window.Cell) Reading { return countOf(c.Metric(mAnswered).N) }), Default: byDefault,
	Dimensions: actDims, Family: window.Routing,
	Feeds: []*Feed{&answered},
}
