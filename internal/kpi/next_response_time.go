package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// nextResponseTime is how long customers wait for the replies after the first.
var nextResponseTime = Def{
	ID: "next_response_time", Unit: Seconds, Better: Lower, Version: 1,
	Title: Text{EN: "Next response time", ES: "Tiempo de siguiente respuesta", PT: "Tempo de resposta seguinte"},
	Explain: Text{
		EN: "In every turn after the first: time from the oldest unanswered message of the customer to the next public reply of a person. Counts at the reply.",
		ES: "En cada turno después del primero: tiempo desde el mensaje sin responder más antiguo del cliente hasta la siguiente respuesta pública de una persona. Cuenta en la respuesta.",
		PT: "Em cada turno depois do primeiro: tempo desde a mensagem mais antiga do cliente sem resposta até a resposta pública seguinte de uma pessoa. Conta na resposta.",
	},
	Definitions: withReceipts(mNextResponse, mNextResponseReceipt), Default: byDefault,
	Dimensions: actDims, Family: window.Routing,
	Feeds: []*Feed{
		{Metric: mNextResponse, Kind: convo.NextResponse, Spread: true, If: notReceipt},
		{Metric: mNextResponseReceipt, Kind: convo.NextResponse, Spread: true, If: isReceipt},
	},
}
