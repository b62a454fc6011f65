package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// feedbackConversion is the share of survey requests that were answered.
var feedbackConversion = Def{
	ID: "feedback_conversion", Unit: Ratio, Better: Higher, Version: 1,
	Title: Text{EN: "Feedback conversion", ES: "Conversión de encuestas", PT: "Conversão de pesquisas"},
	Explain: Text{
		EN: "Survey requests that were answered within 24 hours (7 days by e-mail). Counts at the request; each is counted once, however often it is shown or answered.",
		ES: "Encuestas pedidas que se respondieron en 24 horas (7 días por correo). Cuenta en el pedido; cada una una vez, por más que se muestre o responda.",
		PT: "Pesquisas pedidas que foram respondidas em 24 horas (7 dias por e-mail). Conta no pedido; cada uma uma vez, por mais que seja mostrada ou respondida.",
	},
	Definitions: append([]Definition{
		{ID: "best", Read: conversions.best, Explain: Text{
			EN: "Of those seen; where nobody tells that, of those delivered, else of those sent: the basis says which.",
			ES: "De las vistas; si nadie lo informa, de las entregadas, y si no, de las enviadas: la base dice cuál.",
			PT: "Das vistas; se ninguém informa, das entregues, senão das enviadas: a base diz qual.",
		}},
		{ID: "seen", Read: conversions[0].read, Explain: Text{EN: "Of those that are known to be seen.", ES: "De las que se sabe vistas.", PT: "Das que se sabe vistas."}},
		{ID: "delivered", Read: conversions[1].read, Explain: Text{EN: "Of those that are known to be delivered.", ES: "De las que se sabe entregadas.", PT: "Das que se sabe entregues."}},
		{ID: "sent", Read: conversions[2].read, Explain: Text{EN: "Of all.", ES: "De todas.", PT: "De todas."}},
	}, conversionsByKind()...),
	Default: []string{"best"}, Dimensions: contactDims, Family: window.Routing,
	Feeds: append([]*Feed{
		{Metric: mPrompted, Kind: convo.Prompted},
		{Metric: mDelivered, Kind: convo.Prompted, If: came(convo.ReachDelivered, false)},
		{Metric: mSeen, Kind: convo.Prompted, If: came(convo.ReachSeen, false)},
		{Metric: mSurveyAnswered, Kind: convo.Prompted, If: came(convo.ReachSent, true)},
		{Metric: mDeliveredAnswered, Kind: convo.Prompted, If: came(convo.ReachDelivered, true)},
		{Metric: mSeenAnswered, Kind: convo.Prompted, If: came(convo.ReachSeen, true)},
	}, promptedByKind()...),
}

// conversions are the shares, the most telling first.
var conversions = telling{{"seen", mSeenAnswered, mSeen}, {"delivered", mDeliveredAnswered, mDelivered}, {"sent", mSurveyAnswered, mPrompted}}

// telling is the same shares of some requests.
type telling [3]conversion

type conversion struct {
	basis         string
	answered, all window.Metric
}

func (x conversion) read(c *window.Cell) Reading {
	return proportionOf(c.Metric(x.answered).N, c.Metric(x.all).N)
}

// best reads the first one that has something to say.
func (t telling) best(c *window.Cell) Reading {
	for _, x := range t {
		if r := x.read(c); r.n > 0 {
			r.basis = x.basis
			return r
		}
	}
	return proportionOf(0, 0)
}

// came selects requests that came so far, and were answered.
func came(reach uint32, answered bool) func(m convo.Moment) bool {
	return func(m convo.Moment) bool {
		came, merit, _, _ := m.Prompted()
		return came >= reach && (!answered || merit)
	}
}
