package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// activeCustomers is how many different customers were active.
var activeCustomers = Def{
	ID: "active_customers", Unit: Count, Better: Neither, Version: 1,
	Title: Text{EN: "Active customers", ES: "Clientes activos", PT: "Clientes ativos"},
	Explain: Text{
		EN: "Different customers who wrote, called or bought. Distinct customers do not add up over time: only windows that end now and single whole days can be answered.",
		ES: "Clientes distintos que escribieron, llamaron o compraron. Los clientes distintos no se suman en el tiempo: solo se responden ventanas que acaban ahora y días enteros sueltos.",
		PT: "Clientes diferentes que escreveram, ligaram ou compraram. Clientes diferentes não se somam no tempo: só se respondem janelas que terminam agora e dias inteiros isolados.",
	},
	Definitions: []Definition{{
		ID: "default", Customers: customers,
		Explain: Text{
			EN: "Customers whose last activity lies in the window that ends now; for a past day, customers active on it.",
			ES: "Clientes cuya última actividad cae en la ventana que acaba ahora; para un día pasado, clientes activos en él.",
			PT: "Clientes cuja última atividade cai na janela que termina agora; para um dia passado, clientes ativos nele.",
		},
	}},
	Default:    byDefault,
	Dimensions: []window.Dimension{window.DimChannel, window.DimQueue}, Family: window.Activity,
	Feeds: []*Feed{
		{Metric: mActive, Kind: convo.Active},
		{Metric: mActiveDay, Kind: convo.ActiveDay},
	},
}

func customers(c *window.Cell, w Window) (Reading, error) {
	switch {
	case w.To >= w.Now:
		return countOf(c.Metric(mActive).N), nil
	case w.singleDay():
		return countOf(c.Metric(mActiveDay).N), nil
	}
	return Reading{}, &WindowError{KPI: "active_customers", Window: w, Reason: "distinct customers do not add up over time, so only a window that ends now or one whole past day can be " +
		"answered; leave \"at\" out, or ask for window=yesterday with \"at\" on the day after"}
}
