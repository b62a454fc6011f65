package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/window"
)

// ces is how easy customers found it. Surveys that ask how much effort it took are reversed by the policy.
var ces = Def{
	ID: "ces", Unit: Ratio, Better: Higher, Version: 1, Goal: "≥ 70 %",
	Title: Text{EN: "Customer effort score (CES)", ES: "Esfuerzo del cliente (CES)", PT: "Esforço do cliente (CES)"},
	Explain: Text{
		EN: "How easy customers found it: more is easier, with mean and distribution. Name surveys that ask for effort under `surveys` with `reversed: true`.",
		ES: "Qué tan fácil les resultó: más es más fácil, con media y distribución. Las encuestas que preguntan por el esfuerzo van en `surveys` con `reversed: true`.",
		PT: "Quão fácil foi para os clientes: mais é mais fácil, com média e distribuição. Pesquisas que perguntam pelo esforço vão em `surveys` com `reversed: true`.",
	},
	Definitions: []Definition{
		easyFrom("easy", 7, 5, 0, false, Text{EN: "Answers of 5–7 on the scale 1–7.", ES: "Respuestas de 5–7 en la escala 1–7.", PT: "Respostas de 5–7 na escala 1–7."}),
		easyFrom("net", 7, 6, 3, false, Text{EN: "6–7 less 1–3, of all on the scale 1–7.", ES: "6–7 menos 1–3, de todas en la escala 1–7.", PT: "6–7 menos 1–3, de todas na escala 1–7."}),
		easyFrom("easy-1-5", 5, 4, 0, true, Text{EN: "Answers of 4–5 on the scale 1–5.", ES: "Respuestas de 4–5 en la escala 1–5.", PT: "Respostas de 4–5 na escala 1–5."}),
		easyFrom("net-1-5", 5, 5, 2, true, Text{EN: "5 less 1–2, of all on the scale 1–5.", ES: "5 menos 1–2, de todas en la escala 1–5.", PT: "5 menos 1–2, de todas na escala 1–5."}),
	},
	Default:    []string{"easy", "net", "easy-1-5", "net-1-5"},
	Dimensions: actDims, Family: window.Routing, MinN: 5, Scored: true,
	Feeds: []*Feed{&rated, &ratedPoint},
}

// easyFrom defines ease on a scale from 1 as the share of the points from one on, or, with points up to another that count against it, as a balance.
func easyFrom(id string, highest, from, against int64, optional bool, explain Text) Definition {
	scale, _ := convo.ScaleOf(event.CES, 1e6, highest*1e6)
	return Definition{ID: id, Optional: optional, Explain: explain, Read: func(c *window.Cell) Reading {
		s := scoresOf(c, scale)
		if against == 0 {
			return s.beside(proportionOf(s.between(from, highest), s.n))
		}
		return s.beside(balanceOf(s.between(from, highest)-s.between(1, against), s.n))
	}}
}
