package kpi

import "github.com/vigia-cx/vigia/internal/window"

// speedOfAnswer is how long answered contacts waited; its mean is the ASA.
var speedOfAnswer = Def{
	ID: "speed_of_answer", Unit: Seconds, Better: Lower, Version: 1,
	Title: Text{EN: "Speed of answer", ES: "Velocidad de respuesta", PT: "Velocidade de atendimento"},
	Explain: Text{
		EN: "How long answered contacts waited in the queue; the mean is the ASA. Abandoned contacts are not in it. Counts at the answer.",
		ES: "Cuánto esperaron en la cola los contactos atendidos; la media es el ASA. No incluye los abandonados. Cuenta al atender.",
		PT: "Quanto esperaram na fila os contatos atendidos; a média é o ASA. Não inclui os abandonados. Conta no atendimento.",
	},
	Definitions: single(func(c *window.Cell) Reading { return durationOf(c.Metric(mAnswered)) }), Default: byDefault,
	Dimensions: actDims, Family: window.Routing,
	Feeds: []*Feed{&answered},
}
