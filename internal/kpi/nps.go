package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// nps is how many customers would recommend the company, less those who would warn of it.
var nps = Def{
	ID: "nps", Unit: Points, Better: Higher, Version: 1, Goal: "> 20",
	Title: Text{EN: "Net promoter score", ES: "NPS (recomendación neta)", PT: "NPS (recomendação líquida)"},
	Explain: Text{
		EN: "100 × (promoters − detractors) / answers: promoters give 9 or 10 of 10, detractors 0 to 6. From −100 to 100; above 20 is good, above 50 excellent. The interval is the adjusted Wald one: a few answers that agree prove little.",
		ES: "100 × (promotores − detractores) / respuestas: los promotores dan 9 o 10 de 10, los detractores de 0 a 6. De −100 a 100; más de 20 es bueno, más de 50 excelente. El intervalo es el de Wald ajustado: pocas respuestas iguales prueban poco.",
		PT: "100 × (promotores − detratores) / respostas: promotores dão 9 ou 10 de 10, detratores de 0 a 6. De −100 a 100; acima de 20 é bom, acima de 50 excelente. O intervalo é o de Wald ajustado: poucas respostas iguais provam pouco.",
	},
	Definitions: []Definition{
		{ID: "transactional", Customers: latestNPS(mLatestTransactional), Explain: Text{
			EN: "Asked about a contact: the latest answer of each customer, if it lies in the window, which ends now.",
			ES: "Preguntado por un contacto: la última respuesta de cada cliente, si cae en la ventana, que acaba ahora.",
			PT: "Perguntado sobre um contato: a última resposta de cada cliente, se cai na janela, que termina agora.",
		}},
		{ID: "relational", Customers: latestNPS(mLatestRelational), Explain: Text{
			EN: "Asked without a contact: the latest answer of each customer, if it lies in the window, which ends now.",
			ES: "Preguntado sin contacto previo: la última respuesta de cada cliente, si cae en la ventana, que acaba ahora.",
			PT: "Perguntado sem contato prévio: a última resposta de cada cliente, se cai na janela, que termina agora.",
		}},
		{ID: "transactional_all", Read: everyNPS(mEveryTransactional), Explain: Text{
			EN: "As transactional, but every answer counts, at its instant, in any window.",
			ES: "Como transactional, pero cuenta cada respuesta, en su instante, en cualquier ventana.",
			PT: "Como transactional, mas cada resposta conta, em seu instante, em qualquer janela.",
		}},
		{ID: "relational_all", Read: everyNPS(mEveryRelational), Explain: Text{
			EN: "As relational, but every answer counts, at its instant, in any window.",
			ES: "Como relational, pero cuenta cada respuesta, en su instante, en cualquier ventana.",
			PT: "Como relational, mas cada resposta conta, em seu instante, em qualquer janela.",
		}},
	},
	Default: []string{"transactional"}, Dimensions: customerDims, Family: window.Activity, MinN: 5, Scored: true,
	Feeds: []*Feed{
		{Metric: mLatestRelational, Kind: convo.Recommends, Of: promotion, Wide: 11, If: ofClass(1)},
		{Metric: mLatestTransactional, Kind: convo.Recommends, Of: promotion, Wide: 11, If: ofClass(0)},
		{Metric: mEveryRelational, Kind: convo.Recommended, Of: promotion, Wide: 11, If: ofClass(1)},
		{Metric: mEveryTransactional, Kind: convo.Recommended, Of: promotion, Wide: 11, If: ofClass(0)},
	},
}

func promotion(m convo.Moment) window.Metric { return window.Metric(m.Value / 1e6) }

func everyNPS(first window.Metric) func(*window.Cell) Reading {
	return func(c *window.Cell) Reading {
		s := pointsOf(c, first, 0, 10)
		return s.beside(netOf(s.between(9, 10), s.between(0, 6), s.n))
	}
}

func latestNPS(first window.Metric) func(*window.Cell, Window) (Reading, error) {
	return func(c *window.Cell, w Window) (Reading, error) {
		if w.To < w.Now {
			return Reading{}, &WindowError{KPI: "nps", Window: w, Reason: "the latest answers of customers are known now, not as they were then; leave \"at\" out, or ask for " +
				"transactional_all or relational_all, which count every answer"}
		}
		return everyNPS(first)(c), nil
	}
}
