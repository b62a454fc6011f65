package kpi

import (
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/window"
)

// knownSpan is how far back customers are known who were active at all, in ms.
const knownSpan = 31 * 24 * 60 * 60 * 1000

// engagementRate is the share of all customers who were active.
var engagementRate = Def{
	ID: "engagement_rate", Unit: Ratio, Better: Higher, Version: 1,
	Title: Text{EN: "Engagement rate", ES: "Tasa de interacción", PT: "Taxa de engajamento"},
	Explain: Text{
		EN: "Active customers of all customers. How many there are is told by `vigia reference set customer_base`; otherwise they are those active within 31 days.",
		ES: "Clientes activos sobre todos los clientes. Cuántos hay lo dice `vigia reference set customer_base`; si no, son los activos en 31 días.",
		PT: "Clientes ativos sobre todos os clientes. Quantos existem é dito por `vigia reference set customer_base`; senão, são os ativos em 31 dias.",
	},
	Definitions: []Definition{{
		ID: "default", Derive: engaged,
		Explain: Text{
			EN: "Customers active in the window that ends now / customer base at its end (basis customer_base), else customers active in 31 days (basis active_31d).",
			ES: "Clientes activos en la ventana que acaba ahora / base de clientes al final (base customer_base), si no clientes activos en 31 días (base active_31d).",
			PT: "Clientes ativos na janela que termina agora / base de clientes no final (base customer_base), senão clientes ativos em 31 dias (base active_31d).",
		},
	}},
	Default: byDefault, Dimensions: []window.Dimension{window.DimChannel, window.DimQueue}, Family: window.Activity, Reach: knownSpan, References: true,
	Feeds: activeCustomers.Feeds,
}

func engaged(v *View) (Reading, error) {
	active, err := customers(v.Cell, v.Window)
	if err != nil {
		return Reading{}, asOf(err, "engagement_rate")
	}
	n := active.Count()
	var r Reading
	if base, ok := v.References.At(event.CustomerBase, "", v.Window.To); ok {
		// There cannot be fewer than were active: the number is out of date then.
		r = proportionOf(n, max(n, base.Value/1e9))
		r.basis = event.CustomerBase.String()
	} else {
		r = proportionOf(n, v.At(v.Window.To-knownSpan, v.Window.To).Metric(mActive).N)
		r.basis = "active_31d"
	}
	r.n = n
	return r, nil
}

// asOf makes the error of another KPI's reading one of this KPI.
func asOf(err error, id string) error {
	if w, ok := err.(*WindowError); ok {
		own := *w
		own.KPI = id
		return &own
	}
	return err
}
