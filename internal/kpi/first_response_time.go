package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// firstResponseTime is how long customers wait for the first reply of a person.
var firstResponseTime = Def{
	ID: "first_response_time", Unit: Seconds, Better: Lower, Version: 1, Goal: "chat < 5 min, e-mail 2 h, ticket 24 h",
	Title: Text{EN: "First response time", ES: "Tiempo de primera respuesta", PT: "Tempo de primeira resposta"},
	Explain: Text{
		EN: "Time from a customer's first message (or the hand-off by a bot) to the first public reply of a person, in opening hours where the promise has a calendar. Counts at the reply.",
		ES: "Tiempo desde el primer mensaje del cliente (o el traspaso de un bot) hasta la primera respuesta pública de una persona, en horario de atención si la promesa tiene calendario. Cuenta en la respuesta.",
		PT: "Tempo desde a primeira mensagem do cliente (ou a transferência de um bot) até a primeira resposta pública de uma pessoa, no horário de atendimento se a promessa tem calendário. Conta na resposta.",
	},
	Definitions: withReceipts(mFirstResponse, mFirstResponseReceipt), Default: byDefault,
	Dimensions: actDims, Family: window.Routing,
	Feeds: []*Feed{
		{Metric: mFirstResponse, Kind: convo.FirstResponse, Spread: true, If: notReceipt},
		{Metric: mFirstResponseReceipt, Kind: convo.FirstResponse, Spread: true, If: isReceipt},
	},
}

// withReceipts makes the definitions of a response time.
func withReceipts(seen, receipt window.Metric) []Definition {
	return []Definition{
		{
			ID:   "default",
			Read: func(c *window.Cell) Reading { return durationOf(c.Metric(seen)) },
			Explain: Text{
				EN: "Replies that were seen being sent.",
				ES: "Respuestas cuyo envío se observó.",
				PT: "Respostas cujo envio foi observado.",
			},
		},
		{
			ID:   "with_receipts",
			Read: func(c *window.Cell) Reading { return durationOf(c.Metric(seen), c.Metric(receipt)) },
			Explain: Text{
				EN: "Also replies known only from a delivery receipt, whose author is not told: bots may be among them.",
				ES: "También respuestas conocidas solo por un acuse de entrega, que no dice quién escribió: puede haber bots.",
				PT: "Também respostas conhecidas apenas por um aviso de entrega, que não diz quem escreveu: pode haver bots.",
			},
		},
	}
}
