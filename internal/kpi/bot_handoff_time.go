package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// botHandoffTime is how long a bot tries before people take over.
var botHandoffTime = Def{
	ID: "bot_handoff_time", Unit: Seconds, Better: Lower, Version: 1,
	Title: Text{EN: "Bot hand-off time", ES: "Tiempo hasta el traspaso del bot", PT: "Tempo até o repasse do bot"},
	Explain: Text{
		EN: "Time from the first act of a bot or self-service until people take over, by the wall clock. Counts at the bot's first act.",
		ES: "Tiempo desde la primera acción de un bot o del autoservicio hasta que asumen personas, en horas de reloj. Cuenta en la primera acción del bot.",
		PT: "Tempo da primeira ação de um bot ou do autoatendimento até que pessoas assumam, em horas corridas. Conta na primeira ação do bot.",
	},
	Definitions: single(func(c *window.Cell) Reading { return durationOf(c.Metric(mHandoffTime)) }),
	Default:     byDefault, Dimensions: contactDims, Family: window.Routing,
	Feeds: []*Feed{{Metric: mHandoffTime, Kind: convo.HandoffTime, Spread: true}},
}
