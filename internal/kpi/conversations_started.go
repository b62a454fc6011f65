package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// conversationsStarted is how many conversations or episodes began.
var conversationsStarted = Def{
	ID: "conversations_started", Unit: Count, Better: Neither, Version: 1,
	Title: Text{EN: "Conversations started", ES: "Conversaciones iniciadas", PT: "Conversas iniciadas"},
	Explain: Text{
		EN: "Conversations that began; on channels without threads, episodes. Counts at the first event.",
		ES: "Conversaciones que empezaron; en canales sin hilos, episodios. Cuenta en el primer evento.",
		PT: "Conversas que começaram; em canais sem threads, episódios. Conta no primeiro evento.",
	},
	Definitions: single(func(c *window.Cell) Reading { return countOf(c.Metric(mStarted).N) }), Default: byDefault,
	Dimensions: contactDims, Family: window.Routing,
	Feeds: []*Feed{{Metric: mStarted, Kind: convo.Started}},
}
