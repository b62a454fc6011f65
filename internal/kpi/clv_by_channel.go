package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// clvByChannel is the share of each channel in what a customer is worth.
var clvByChannel = Def{
	ID: "clv_by_channel", Unit: Money, Better: Higher, Version: 1,
	Title: Text{EN: "Lifetime value by channel", ES: "Valor de vida por canal", PT: "Valor vitalício por canal"},
	Explain: Text{
		EN: "Each order is divided among the channels of the contacts in the 30 days before it (`value.lookback`), without one it is `direct`: the channels add up to `clv` (commerce). n is how many orders a channel has a part in.",
		ES: "Cada pedido se reparte entre los canales de los contactos de los 30 días previos (`value.lookback`); sin ninguno es `direct`: los canales suman `clv` (commerce). n son los pedidos en que un canal participa.",
		PT: "Cada pedido é dividido entre os canais dos contatos dos 30 dias anteriores (`value.lookback`); sem nenhum é `direct`: os canais somam `clv` (commerce). n são os pedidos em que um canal participa.",
	},
	Definitions: []Definition{
		{ID: "linear", Derive: attributed(convo.ToEach), Explain: Text{
			EN: "All contacts alike.",
			ES: "Todos los contactos por igual.",
			PT: "Todos os contatos por igual.",
		}},
		{ID: "first", Derive: attributed(convo.ToFirst), Explain: Text{
			EN: "All to the first contact.",
			ES: "Todo al primer contacto.",
			PT: "Tudo ao primeiro contato.",
		}},
		{ID: "last", Derive: attributed(convo.ToLast), Explain: Text{
			EN: "All to the last contact.",
			ES: "Todo al último contacto.",
			PT: "Tudo ao último contato.",
		}},
		{ID: "position", Derive: attributed(convo.ToEnds), Explain: Text{
			EN: "40 % to the first contact, 40 % to the last, 20 % to those between.",
			ES: "40 % al primer contacto, 40 % al último, 20 % a los intermedios.",
			PT: "40 % ao primeiro contato, 40 % ao último, 20 % aos intermediários.",
		}},
		{ID: "decay", Derive: attributed(convo.ToRecent), Explain: Text{
			EN: "Half as much for each 7 days that a contact lies before the order.",
			ES: "La mitad por cada 7 días que el contacto precede al pedido.",
			PT: "A metade a cada 7 dias que o contato precede o pedido.",
		}},
	},
	Default: []string{"linear"}, Dimensions: []window.Dimension{window.DimChannel}, Family: window.Activity, References: true, Reach: worthReach,
	Feeds: []*Feed{clv.Feeds[0], {Metric: mAttributed, Kind: convo.Attributed, Timed: true, Wide: mMonthly - mAttributed, Of: func(m convo.Moment) window.Metric { return ofCurrency(m.Class) }}},
}

func attributed(model window.Metric) func(*View) (Reading, error) {
	return worthBy("clv_by_channel", func(v *View, w lifetime, x *exchange) Reading {
		amount, n := x.amounts(v.Cell, mAttributed+model)
		all := v.Source.Sum(nil, v.Window.From, v.Window.To).Cell(window.Group{})
		return x.worthOf(amount, all.Metric(mBuyers).N, projected(v, w), n)
	})
}
