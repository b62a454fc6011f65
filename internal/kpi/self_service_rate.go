package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// selfServiceRate is the share of contacts that needed no person.
var selfServiceRate = Def{
	ID: "self_service_rate", Unit: Ratio, Better: Neither, Version: 1, Goal: "30–50 %",
	Title: Text{EN: "Self-service rate", ES: "Tasa de autoservicio", PT: "Taxa de autoatendimento"},
	Explain: Text{
		EN: "Of the contacts that are over, those that a bot or self-service dealt with alone. Four readings, each stricter than the one before: far apart, customers give up rather than get help. Counts at the begin of the contact.",
		ES: "De los contactos terminados, los que un bot o el autoservicio atendió solo. Cuatro lecturas, cada una más estricta que la anterior: si se separan mucho, los clientes desisten en vez de recibir ayuda. Cuenta al inicio del contacto.",
		PT: "Dos contatos encerrados, os que um bot ou o autoatendimento resolveu sozinho. Quatro leituras, cada uma mais estrita que a anterior: muito distantes, os clientes desistem em vez de receber ajuda. Conta no início do contato.",
	},
	Definitions: []Definition{
		{ID: "deflected", Read: served(mServedDeflected), Explain: Text{
			EN: "No person took part.",
			ES: "No participó ninguna persona.",
			PT: "Nenhuma pessoa participou.",
		}},
		{ID: "contained", Read: served(mServedContained), Explain: Text{
			EN: "And self-service said that it is done, or it was resolved: the customer did not just leave.",
			ES: "Y el autoservicio lo dio por hecho, o se resolvió: el cliente no se fue sin más.",
			PT: "E o autoatendimento o deu por feito, ou foi resolvido: o cliente não apenas saiu.",
		}},
		{ID: "verified", Read: served(mServedVerified), Explain: Text{
			EN: "And up to 72 h after the end no person had to help the customer with the same.",
			ES: "Y hasta 72 h después del final ninguna persona tuvo que ayudar al cliente con lo mismo.",
			PT: "E até 72 h após o fim nenhuma pessoa precisou ajudar o cliente com o mesmo.",
		}},
		{ID: "confirmed", Read: served(mServedConfirmed), Explain: Text{
			EN: "And the customer said so, or was satisfied in a survey.",
			ES: "Y el cliente lo confirmó, o quedó satisfecho en una encuesta.",
			PT: "E o cliente o confirmou, ou ficou satisfeito em uma pesquisa.",
		}},
	},
	Default: []string{"verified"}, Dimensions: contactDims, Family: window.Routing, ByCustomer: true, MinN: 5,
	Feeds: []*Feed{
		{Metric: mServed, Kind: convo.Served},
		{Metric: mServedDeflected, Kind: convo.Served, If: reached(convo.ServedDeflected)},
		{Metric: mServedContained, Kind: convo.Served, If: reached(convo.ServedContained)},
		{Metric: mServedVerified, Kind: convo.Served, If: reached(convo.ServedVerified)},
		{Metric: mServedConfirmed, Kind: convo.Served, If: reached(convo.ServedConfirmed)},
	},
}

func served(rung window.Metric) func(*window.Cell) Reading { return rateOf(only(rung), only(mServed)) }

// reached selects contacts that came up to a rung at least.
func reached(rung uint32) func(convo.Moment) bool {
	return func(m convo.Moment) bool { return m.Class >= rung }
}
