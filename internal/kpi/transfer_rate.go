package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// transferRate is the share of conversations that the first person could not keep.
var transferRate = Def{
	ID: "transfer_rate", Unit: Ratio, Better: Lower, Version: 1,
	Title: Text{EN: "Transfer rate", ES: "Tasa de transferencia", PT: "Taxa de transferência"},
	Explain: Text{
		EN: "Conversations that were transferred after a person took part, once or more, of all in which one did. Counts where and when the first person took part.",
		ES: "Conversaciones transferidas después de que intervino una persona, una o más veces, sobre todas en las que intervino alguna. Cuenta donde y cuando intervino la primera.",
		PT: "Conversas transferidas depois que uma pessoa participou, uma ou mais vezes, sobre todas em que alguma participou. Conta onde e quando a primeira participou.",
	},
	Definitions: single(func(c *window.Cell) Reading { return proportionOf(c.Metric(mMoved).N, c.Metric(mJoined).N) }), Default: byDefault,
	Dimensions: actDims, Family: window.Routing,
	Feeds: []*Feed{{Metric: mJoined, Kind: convo.Joined}, {Metric: mMoved, Kind: convo.Moved}},
}
