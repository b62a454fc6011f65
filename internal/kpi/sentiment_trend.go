package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// sentimentTrend is how much better customers sound at the end of a conversation than at its begin.
var sentimentTrend = Def{
	ID: "sentiment_trend", Unit: Ratio, Better: Higher, Version: 1,
	Title: Text{EN: "Sentiment trend", ES: "Tendencia de sentimiento", PT: "Tendência de sentimento"},
	Explain: Text{
		EN: "Half of the difference between the last and the first third of a conversation's scored messages, on average, from −1 to 1; above 0 customers sound better at the end. Conversations with six scored messages or more; counts at the last one.",
		ES: "La mitad de la diferencia entre el último y el primer tercio de los mensajes puntuados de una conversación, en promedio, de −1 a 1; por encima de 0 los clientes suenan mejor al final. Conversaciones con seis mensajes puntuados o más; cuenta en el último.",
		PT: "Metade da diferença entre o último e o primeiro terço das mensagens pontuadas de uma conversa, em média, de −1 a 1; acima de 0 os clientes soam melhor no fim. Conversas com seis mensagens pontuadas ou mais; conta na última.",
	},
	Definitions: single(scoreOf(mMoodTrend)), Default: byDefault, MinN: 5,
	// Not by agent: inferring emotions about workers is restricted in the EU.
	Dimensions: contactDims, Family: window.Routing,
	Feeds: []*Feed{{Metric: mMoodTrend, Kind: convo.MoodTrend, Timed: true}},
}
