package kpi

import "github.com/vigia-cx/vigia/internal/window"

// contactsOffered is how many contacts had an outcome.
var contactsOffered = Def{
	ID: "contacts_offered", Unit: Count, Better: Neither, Version: 1,
	Title: Text{EN: "Contacts offered", ES: "Contactos ofrecidos", PT: "Contatos oferecidos"},
	Explain: Text{
		EN: "Contacts that had an outcome: answered, abandoned (short ones too), flowed out, voicemail, callback or lost. Counts at the outcome, so that no hour abandons more than it was offered.",
		ES: "Contactos con desenlace: atendidos, abandonados (también los cortos), desviados, buzón, devolución de llamada o perdidos. Cuenta en el desenlace: ninguna hora abandona más de lo que se le ofreció.",
		PT: "Contatos com desfecho: atendidos, abandonados (também os curtos), desviados, caixa postal, retorno agendado ou perdidos. Conta no desfecho: nenhuma hora abandona mais do que lhe foi oferecido.",
	},
	Definitions: single(func(c *window.Cell) Reading { return countOf(offered(c)) }), Default: byDefault,
	Dimensions: contactDims, Family: window.Routing,
	Feeds: outcomes,
}
