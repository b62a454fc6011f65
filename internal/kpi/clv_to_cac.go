package kpi

import (
	"math/big"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/window"
)

// clvToCAC is how many times a customer is worth what winning one costs.
var clvToCAC = Def{
	ID: "clv_to_cac", Unit: Factor, Better: Higher, Version: 1, Goal: "≥ 3", MinN: clv.MinN,
	Title: Text{EN: "Lifetime value to acquisition cost", ES: "Valor de vida sobre coste de adquisición", PT: "Valor vitalício sobre custo de aquisição"},
	Explain: Text{
		EN: "What a customer is worth over what winning one costs, as told by `vigia reference set acquisition_cost` when the window ends. Below 1 customers cost more than they bring.",
		ES: "Lo que vale un cliente sobre lo que cuesta captarlo, según `vigia reference set acquisition_cost` al final de la ventana. Por debajo de 1 los clientes cuestan más de lo que aportan.",
		PT: "Quanto vale um cliente sobre o custo de conquistá-lo, conforme `vigia reference set acquisition_cost` no fim da janela. Abaixo de 1 os clientes custam mais do que trazem.",
	},
	Definitions: []Definition{
		{ID: "commerce", Derive: overCost(commerceWorth), Explain: Text{EN: "Of clv commerce.", ES: "De clv commerce.", PT: "De clv commerce."}},
		{ID: "subscription", Derive: overCost(subscriptionWorth), Explain: Text{EN: "Of clv subscription.", ES: "De clv subscription.", PT: "De clv subscription."}},
		{ID: "margin", Derive: overCost(marginWorth), Explain: Text{EN: "Of clv margin.", ES: "De clv margin.", PT: "De clv margin."}},
	},
	Default: []string{"commerce"}, Dimensions: customerDims, Family: window.Activity, References: true, Reach: worthReach,
	Feeds: clv.Feeds,
}

func overCost(value worth) func(*View) (Reading, error) {
	return worthBy("clv_to_cac", func(v *View, w lifetime, x *exchange) Reading {
		cost, ok := v.References.At(event.AcquisitionCost, "", v.Window.To)
		if !ok || cost.Value == 0 {
			return Reading{kind: money, basis: "needs_acquisition_cost"}
		}
		rate, ok := x.rate(cost.Currency)
		r := value(v, w, x)
		if r.exact == nil || !ok {
			r.exact, r.top, r.bottom = nil, "", ""
			return r
		}
		per := new(big.Rat).Mul(big.NewRat(cost.Value, 1e9), big.NewRat(rate, 1e9))
		worth, _ := r.exact.Float64()
		r.top, r.bottom = rounded(worth), trimmed(per.FloatString(18))
		r.exact = r.exact.Quo(r.exact, per)
		return r
	})
}
