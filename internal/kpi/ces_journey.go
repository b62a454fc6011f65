package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/window"
)

// cesJourney is how easy it was for customers, by how often they had to change the channel.
var cesJourney = Def{
	ID: "ces_journey", Unit: Ratio, Better: Higher, Version: 1,
	Title: Text{EN: "Ease by changes of channel", ES: "Facilidad según cambios de canal", PT: "Facilidade por mudanças de canal"},
	Explain: Text{
		EN: "Customers who found it easy (5 to 7 of 7), by how often the channel changed on their way: over all their contacts about the topic in the 7 days before the answer. Counts at the answer.",
		ES: "Clientes a los que les fue fácil (5 a 7 de 7), según cuántas veces cambió el canal en su recorrido: todos sus contactos sobre el tema en los 7 días previos a la respuesta. Cuenta en la respuesta.",
		PT: "Clientes que acharam fácil (5 a 7 de 7), por quantas vezes o canal mudou em seu caminho: todos os seus contatos sobre o tema nos 7 dias antes da resposta. Conta na resposta.",
	},
	Definitions: []Definition{
		{ID: "0", Read: journeyWith(0), Explain: Text{EN: "All on one channel.", ES: "Todo en un canal.", PT: "Tudo em um canal."}},
		{ID: "1", Read: journeyWith(1), Explain: Text{EN: "One change of channel.", ES: "Un cambio de canal.", PT: "Uma mudança de canal."}},
		{ID: "2+", Read: journeyWith(2), Explain: Text{EN: "Two changes of channel or more.", ES: "Dos cambios de canal o más.", PT: "Duas mudanças de canal ou mais."}},
	},
	Default: []string{"0", "1", "2+"}, Dimensions: contactDims, Family: window.Routing, ByCustomer: true, MinN: 5, Scored: true,
	Feeds: []*Feed{{Metric: mJourney, Kind: convo.Journeyed, Wide: 30, Of: func(m convo.Moment) window.Metric {
		return journeys*window.Metric(m.Class) + window.Metric(convo.Point(effortScale, m.Value))
	}}},
}

// journeys is how far the metrics of one number of changes lie behind those of one change less.
const journeys = 10

var effortScale, _ = convo.ScaleOf(event.CES, 1e6, 7e6)

func journeyWith(switches window.Metric) func(*window.Cell) Reading {
	return func(c *window.Cell) Reading {
		s := pointsOf(c, mJourney+journeys*switches, 1, 7)
		return s.beside(proportionOf(s.between(5, 7), s.n))
	}
}
