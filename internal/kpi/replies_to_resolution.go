package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// repliesToResolution is how many replies of people a resolution takes.
var repliesToResolution = Def{
	ID: "replies_to_resolution", Unit: Count, Better: Lower, Version: 1,
	Title: Text{EN: "Replies to resolution", ES: "Respuestas hasta la resolución", PT: "Respostas até a resolução"},
	Explain: Text{
		EN: "Mean number of public replies of people in a conversation until its resolve; one that a bot resolved alone counts 0. Counts at the resolve.",
		ES: "Media de respuestas públicas de personas por conversación hasta que se resuelve; la que un bot resolvió solo cuenta 0. Cuenta al resolver.",
		PT: "Média de respostas públicas de pessoas por conversa até a resolução; a que um bot resolveu sozinho conta 0. Conta na resolução.",
	},
	Definitions: single(func(c *window.Cell) Reading {
		replies := c.Metric(mReplies)
		return averageOf(replies.Sum, replies.N, 1)
	}),
	Default:    byDefault,
	Dimensions: actDims, Family: window.Routing,
	Feeds: []*Feed{{Metric: mReplies, Kind: convo.Replies, Timed: true}},
}
