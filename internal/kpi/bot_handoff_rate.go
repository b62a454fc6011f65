package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// botHandoffRate is the share of conversations with a bot that people had to take over.
var botHandoffRate = Def{
	ID: "bot_handoff_rate", Unit: Ratio, Better: Lower, Version: 1,
	Title: Text{EN: "Bot hand-off rate", ES: "Tasa de traspaso del bot", PT: "Taxa de repasse do bot"},
	Explain: Text{
		EN: "Of the conversations in which a bot or self-service took part, those that people took over afterwards. Counts at the bot's first act.",
		ES: "De las conversaciones en que participó un bot o el autoservicio, las que después asumieron personas. Cuenta en la primera acción del bot.",
		PT: "Das conversas em que um bot ou o autoatendimento participou, as que depois foram assumidas por pessoas. Conta na primeira ação do bot.",
	},
	Definitions: []Definition{
		{ID: "all", Read: func(c *window.Cell) Reading { return proportionOf(c.Metric(mHandedOff).N, c.Metric(mBotJoined).N) }, Explain: Text{
			EN: "Taken over at any time.",
			ES: "Asumidas a cualquier hora.",
			PT: "Assumidas a qualquer hora.",
		}},
		{ID: "out_of_hours", Read: func(c *window.Cell) Reading {
			return proportionOf(c.Metric(mHandedOffClosed).N, c.Metric(mBotJoined).N)
		}, Explain: Text{
			EN: "Handed over while the calendar of the promise is closed: the customer waits for people until it opens.",
			ES: "Traspasadas con el calendario de la promesa cerrado: el cliente espera a que abra.",
			PT: "Repassadas com o calendário da promessa fechado: o cliente espera até que abra.",
		}},
	},
	Default: []string{"all"}, Dimensions: contactDims, Family: window.Routing,
	Feeds: []*Feed{
		{Metric: mBotJoined, Kind: convo.BotJoined},
		{Metric: mHandedOff, Kind: convo.BotJoined, If: func(m convo.Moment) bool { return m.Class >= convo.HandedOff }},
		{Metric: mHandedOffClosed, Kind: convo.BotJoined, If: func(m convo.Moment) bool { return m.Class == convo.HandedOffClosed }},
	},
}
