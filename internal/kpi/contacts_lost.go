package kpi

import "github.com/vigia-cx/vigia/internal/window"

// contactsLost is how many contacts never ended.
var contactsLost = Def{
	ID: "contacts_lost", Unit: Count, Better: Lower, Version: 1,
	Title: Text{EN: "Contacts lost", ES: "Contactos perdidos", PT: "Contatos perdidos"},
	Explain: Text{
		EN: "Contacts whose end was never reported and which were closed after their channel's limit of silence. Many of them mean that a source forgets events.",
		ES: "Contactos cuyo final nunca se informó y que se cerraron tras el límite de silencio de su canal. Si son muchos, una fuente olvida eventos.",
		PT: "Contatos cujo fim nunca foi informado e que foram fechados após o limite de silêncio do canal. Se são muitos, uma fonte esquece eventos.",
	},
	Definitions: single(func(c *window.Cell) Reading { return countOf(c.Metric(mLost).N) }), Default: byDefault,
	Dimensions: contactDims, Family: window.Routing,
	Feeds: []*Feed{&lost},
}
