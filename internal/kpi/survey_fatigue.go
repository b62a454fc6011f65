package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// surveyFatigue is the share of survey requests that came too soon after another one.
var surveyFatigue = Def{
	ID: "survey_fatigue", Unit: Ratio, Better: Lower, Version: 1,
	Title: Text{EN: "Survey fatigue", ES: "Fatiga de encuestas", PT: "Fadiga de pesquisas"},
	Explain: Text{
		EN: "Survey requests to customers who had been asked within 30 days before (`surveys_rest`), on whatever channel, of all requests. Counts at the request.",
		ES: "Solicitudes de encuesta a clientes a los que ya se había preguntado en los 30 días previos (`surveys_rest`), por cualquier canal, sobre todas. Cuenta en la solicitud.",
		PT: "Pedidos de pesquisa a clientes já consultados nos 30 dias anteriores (`surveys_rest`), por qualquer canal, sobre todos. Conta no pedido.",
	},
	Definitions: single(func(c *window.Cell) Reading { return proportionOf(c.Metric(mTired).N, c.Metric(mAsked).N) }),
	Default:     byDefault, Dimensions: contactDims, Family: window.Routing, ByCustomer: true,
	Feeds: []*Feed{
		{Metric: mAsked, Kind: convo.Asked},
		{Metric: mTired, Kind: convo.Asked, If: ofClass(1)},
	},
}
