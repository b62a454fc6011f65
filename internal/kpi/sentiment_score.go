package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// sentimentScore is how customers sound on average.
var sentimentScore = Def{
	ID: "sentiment_score", Unit: Ratio, Better: Higher, Version: 1,
	Title: Text{EN: "Sentiment score", ES: "Puntuación de sentimiento", PT: "Pontuação de sentimento"},
	Explain: Text{
		EN: "How customers sound on average, from −1 (very negative) to 1 (very positive), by their own words alone.",
		ES: "Cómo suenan los clientes en promedio, de −1 (muy negativo) a 1 (muy positivo), solo por sus propias palabras.",
		PT: "Como os clientes soam em média, de −1 (muito negativo) a 1 (muito positivo), só pelas próprias palavras deles.",
	},
	Definitions: []Definition{
		{ID: "conversations", Read: scoreOf(mMood), Explain: Text{
			EN: "Each conversation counts once, at its last scored message; later messages weigh more: the second twice as much as the first, and so on.",
			ES: "Cada conversación cuenta una vez, en su último mensaje puntuado; los mensajes posteriores pesan más: el segundo el doble que el primero, y así sucesivamente.",
			PT: "Cada conversa conta uma vez, na última mensagem pontuada; as mensagens posteriores pesam mais: a segunda o dobro da primeira, e assim por diante.",
		}},
		{ID: "messages", Read: scoreOf(mSentiment), Explain: Text{
			EN: "Each scored message counts the same, where it was written.",
			ES: "Cada mensaje puntuado cuenta igual, donde se escribió.",
			PT: "Cada mensagem pontuada conta igual, onde foi escrita.",
		}},
	},
	Default: []string{"conversations"}, MinN: 5,
	// Not by agent: inferring emotions about workers is restricted in the EU.
	Dimensions: contactDims, Family: window.Routing,
	Feeds: []*Feed{{Metric: mMood, Kind: convo.Mood, Timed: true}, &scoredMessages},
}

// scoreOf reads the mean of scores, which are millionths.
func scoreOf(m window.Metric) func(*window.Cell) Reading {
	return func(c *window.Cell) Reading {
		scores := c.Metric(m)
		return averageOf(scores.Sum, scores.N, 1e6)
	}
}
