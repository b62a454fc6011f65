package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// repeatEngagementRate is the share of active customers who came back.
var repeatEngagementRate = Def{
	ID: "repeat_engagement_rate", Unit: Ratio, Better: Neither, Version: 1,
	Title: Text{EN: "Repeat engagement", ES: "Interacción repetida", PT: "Engajamento repetido"},
	Explain: Text{
		EN: "Active customers with two sessions or more: a new one begins after `session_gap` (24 h) without any activity, on whatever channel. Only windows that end now can be answered.",
		ES: "Clientes activos con dos sesiones o más: una nueva empieza tras `session_gap` (24 h) sin actividad, en cualquier canal. Solo se responden ventanas que acaban ahora.",
		PT: "Clientes ativos com duas sessões ou mais: uma nova começa após `session_gap` (24 h) sem atividade, em qualquer canal. Só se respondem janelas que terminam agora.",
	},
	Definitions: []Definition{{
		ID: "default", Customers: cameBack,
		Explain: Text{
			EN: "Customers whose last session but one ended in the window, there, of those who were active.",
			ES: "Clientes cuya penúltima sesión acabó en la ventana, allí, sobre los que estuvieron activos.",
			PT: "Clientes cuja penúltima sessão terminou na janela, ali, sobre os que estiveram ativos.",
		},
	}},
	Default: byDefault, Dimensions: customerDims, Family: window.Activity,
	Feeds: []*Feed{activeCustomers.Feeds[0], {Metric: mReturned, Kind: convo.Returned}},
}

func cameBack(c *window.Cell, w Window) (Reading, error) {
	if w.To < w.Now {
		return Reading{}, &WindowError{KPI: "repeat_engagement_rate", Window: w, Reason: "who came back is known of windows that end now; leave \"at\" out"}
	}
	active := c.Metric(mActive).N
	// What is final on the one side and was taken back on the other must not make more of them.
	return proportionOf(min(c.Metric(mReturned).N, active), active), nil
}
