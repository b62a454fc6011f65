package kpi

import (
	"math/big"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// clv is what a customer is worth, from the first order to the last.
var clv = Def{
	ID: "clv", Unit: Money, Better: Higher, Version: 1, MinN: 5,
	Title: Text{EN: "Customer lifetime value", ES: "Valor de vida del cliente", PT: "Valor vitalício do cliente"},
	Explain: Text{
		EN: "What a customer is worth, going by what was bought in the window that ends now, in 90 days when it is shorter than 28. Refunds are taken off. In the tenant's currency (`value.currency`): the basis states the rates of `vigia reference set exchange_rate` that were used; what has none is left out, and named there.",
		ES: "Lo que vale un cliente según lo comprado en la ventana que acaba ahora, en 90 días si es de menos de 28. Se descuentan devoluciones. En la moneda del tenant (`value.currency`): la base dice los tipos de `vigia reference set exchange_rate` usados; lo que no tiene tipo se omite y se nombra ahí.",
		PT: "Quanto vale um cliente, pelo que foi comprado na janela que termina agora, em 90 dias se ela tiver menos de 28. Devoluções são descontadas. Na moeda do tenant (`value.currency`): a base diz as taxas de `vigia reference set exchange_rate` usadas; o que não tem taxa fica de fora e é citado ali.",
	},
	Definitions: []Definition{
		{ID: "commerce", Derive: worthBy("clv", commerceWorth), Explain: Text{
			EN: "Revenue / orders × orders a year / customers who bought × years as a customer (`value.lifespan_months`, 36 by default).",
			ES: "Ingresos / pedidos × pedidos al año / clientes que compraron × años como cliente (`value.lifespan_months`, 36 por defecto).",
			PT: "Receita / pedidos × pedidos por ano / clientes que compraram × anos como cliente (`value.lifespan_months`, 36 por padrão).",
		}},
		{ID: "subscription", Derive: worthBy("clv", subscriptionWorth), Explain: Text{
			EN: "What a subscriber pays a month × months as a customer, of subscriptions that began in the window and run.",
			ES: "Lo que paga un suscriptor al mes × meses como cliente, de suscripciones iniciadas en la ventana y vigentes.",
			PT: "O que um assinante paga por mês × meses como cliente, de assinaturas iniciadas na janela e vigentes.",
		}},
		{ID: "margin", Derive: worthBy("clv", marginWorth), Explain: Text{
			EN: "Revenue a month per customer who bought × `value.margin` / (`value.monthly_churn` + `value.discount`).",
			ES: "Ingresos al mes por cliente que compró × `value.margin` / (`value.monthly_churn` + `value.discount`).",
			PT: "Receita por mês por cliente que comprou × `value.margin` / (`value.monthly_churn` + `value.discount`).",
		}},
	},
	Default: []string{"commerce"}, Dimensions: customerDims, Family: window.Activity, References: true, Reach: worthReach,
	Feeds: []*Feed{
		{Metric: mBuyers, Kind: convo.Bought, If: ofClass(0)},
		{Metric: mSubscribers, Kind: convo.Bought, If: ofClass(1)},
		{Metric: mSold, Kind: convo.Sold, Timed: true, Wide: mAttributed - mSold, Of: func(m convo.Moment) window.Metric { return ofCurrency(m.Class) },
			If: func(m convo.Moment) bool { return m.Class < convo.Monthly }},
		{Metric: mMonthly, Kind: convo.Sold, Timed: true, Wide: mAttributed - mSold, Of: func(m convo.Moment) window.Metric { return ofCurrency(m.Class - convo.Monthly) },
			If: func(m convo.Moment) bool { return m.Class >= convo.Monthly }},
	},
}

// worth reads what one customer of a cell is worth.
type worth func(v *View, w lifetime, x *exchange) Reading

func worthBy(id string, read worth) func(*View) (Reading, error) {
	return func(v *View) (Reading, error) {
		of, w, x, err := customerValue(v, id)
		if err != nil {
			return Reading{kind: money}, err
		}
		return read(of, w, x), nil
	}
}

// commerceWorth: what was paid in the window is paid as often as it fits into the years of a customer.
func commerceWorth(v *View, w lifetime, x *exchange) Reading {
	amount, _ := x.amounts(v.Cell, mSold)
	buyers := v.Cell.Metric(mBuyers).N
	return x.worthOf(amount, buyers, projected(v, w), buyers)
}

// projected is how many windows there are in the time that somebody stays a customer.
func projected(v *View, w lifetime) *big.Rat {
	return new(big.Rat).Mul(yearly(v.Window), big.NewRat(w.LifespanMonths, 12))
}

func subscriptionWorth(v *View, w lifetime, x *exchange) Reading {
	amount, _ := x.amounts(v.Cell, mMonthly)
	subscribers := v.Cell.Metric(mSubscribers).N
	return x.worthOf(amount, subscribers, big.NewRat(w.LifespanMonths, 1), subscribers)
}

func marginWorth(v *View, w lifetime, x *exchange) Reading {
	switch {
	case w.Margin == 0:
		return Reading{kind: money, basis: "needs_margin"}
	case w.MonthlyChurn == 0:
		return Reading{kind: money, basis: "needs_monthly_churn"}
	}
	amount, _ := x.amounts(v.Cell, mSold)
	monthly := new(big.Rat).Mul(yearly(v.Window), big.NewRat(1, 12))
	buyers := v.Cell.Metric(mBuyers).N
	return x.worthOf(amount, buyers, monthly.Mul(monthly, big.NewRat(w.Margin, w.MonthlyChurn+w.Discount)), buyers)
}
