package kpi

import "github.com/vigia-cx/vigia/internal/window"

// contactsAbandoned is how many contacts the customer left while waiting.
var contactsAbandoned = Def{
	ID: "contacts_abandoned", Unit: Count, Better: Lower, Version: 1,
	Title: Text{EN: "Contacts abandoned", ES: "Contactos abandonados", PT: "Contatos abandonados"},
	Explain: Text{
		EN: "Contacts that the customer left while waiting in the queue, short ones included. Leaving in the menu before the queue is none. Counts at the abandonment.",
		ES: "Contactos que el cliente dejó mientras esperaba en la cola, incluidos los cortos. Colgar en el menú antes de la cola no lo es. Cuenta en el abandono.",
		PT: "Contatos que o cliente deixou enquanto esperava na fila, incluindo os curtos. Desligar no menu antes da fila não conta. Conta no abandono.",
	},
	Definitions: single(func(c *window.Cell) Reading { return countOf(c.Metric(mAbandoned).N) }), Default: byDefault,
	Dimensions: contactDims, Family: window.Routing,
	Feeds: []*Feed{&abandoned},
}
