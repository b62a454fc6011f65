package kpi

import "github.com/vigia-cx/vigia/internal/window"

// csat is the share of survey answers that are satisfied. Scales are never mixed: four of five and eight of ten are not the same satisfaction.
var csat = Def{
	ID: "csat", Unit: Ratio, Better: Higher, Version: 1, Goal: "≥ 80 %",
	Title: Text{EN: "Customer satisfaction (CSAT)", ES: "Satisfacción del cliente (CSAT)", PT: "Satisfação do cliente (CSAT)"},
	Explain: Text{
		EN: "Satisfied answers of all answers, scale by scale, with mean and distribution. An edited answer replaces the one before, where that was first given.",
		ES: "Respuestas satisfechas sobre todas, escala por escala, con media y distribución. Una respuesta editada reemplaza la anterior, donde se dio por primera vez.",
		PT: "Respostas satisfeitas sobre todas, escala por escala, com média e distribuição. Uma resposta editada substitui a anterior, onde foi dada pela primeira vez.",
	},
	Definitions: []Definition{
		{ID: "thumbs", Read: thumbsUp, Optional: true, Explain: Text{
			EN: "Thumbs up of thumbs up and down (scales 0–1 and 1–2).", ES: "Pulgares arriba sobre arriba y abajo (escalas 0–1 y 1–2).", PT: "Polegares para cima sobre cima e baixo (escalas 0–1 e 1–2).",
		}},
		satisfiedFrom("1-3", 1, 3, 3), satisfiedFrom("1-5", 1, 5, 4), satisfiedFrom("1-7", 1, 7, 6), satisfiedFrom("1-10", 1, 10, 8), satisfiedFrom("1-10-strict", 1, 10, 9),
		satisfiedFrom("0-10", 0, 10, 8),
	},
	// The strict reading is of the same answers, for those who ask for it.
	Default:    []string{"thumbs", "1-3", "1-5", "1-7", "1-10", "0-10"},
	Dimensions: actDims, Family: window.Routing, MinN: 5, Scored: true,
	Feeds: []*Feed{&rated, &ratedPoint},
}
