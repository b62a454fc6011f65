package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// band is how far from 0 a score (millionths, -1,000,000 to 1,000,000) must be to count as positive or negative.
const band = 200_000

var scoredMessages = Feed{Metric: mSentiment, Kind: convo.Scored, Timed: true}

// sentimentBalance is the share of positive messages less the share of negative ones.
var sentimentBalance = Def{
	ID: "sentiment_balance", Unit: Ratio, Better: Higher, Version: 1,
	Title: Text{EN: "Sentiment balance", ES: "Balance de sentimiento", PT: "Saldo de sentimento"},
	Explain: Text{
		EN: "(Positive − negative) / scored customer messages; positive is a score of 0.2 or more, negative −0.2 or less. From −1 to 1. Counts at the message.",
		ES: "(Positivos − negativos) / mensajes de clientes puntuados; positivo es 0,2 o más, negativo −0,2 o menos. De −1 a 1. Cuenta en el mensaje.",
		PT: "(Positivas − negativas) / mensagens de clientes pontuadas; positiva é 0,2 ou mais, negativa −0,2 ou menos. De −1 a 1. Conta na mensagem.",
	},
	Definitions: single(func(c *window.Cell) Reading {
		return balanceOf(c.Metric(mSentimentPositive).N-c.Metric(mSentimentNegative).N, c.Metric(mSentiment).N)
	}),
	Default: byDefault,
	// Not by agent: inferring emotions about workers is restricted in the EU.
	Dimensions: contactDims, Family: window.Routing,
	Feeds: []*Feed{
		&scoredMessages,
		{Metric: mSentimentPositive, Kind: convo.Scored, If: func(m convo.Moment) bool { return m.Value >= band }},
		{Metric: mSentimentNegative, Kind: convo.Scored, If: func(m convo.Moment) bool { return m.Value <= -band }},
	},
}
