package kpi

import (
	"time"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// retentionRate is the share of customers who were active in the next period too.
var retentionRate = Def{
	ID: "retention_rate", Unit: Ratio, Better: Higher, Version: 1,
	Title: Text{EN: "Retention", ES: "Retención", PT: "Retenção"},
	Explain: Text{
		EN: "Of the customers who were active in a week or month, those who were active in the next one too. It is told once the next one is over: of the period before the last full one (the basis is the day on which it began).",
		ES: "De los clientes activos en una semana o mes, los que también lo estuvieron en el siguiente. Se conoce cuando ese termina: es del periodo anterior al último completo (la base es el día en que empezó).",
		PT: "Dos clientes ativos em uma semana ou mês, os que também estiveram no seguinte. É conhecida quando este termina: é do período anterior ao último completo (a base é o dia em que começou).",
	},
	Definitions: []Definition{
		{ID: "month", Derive: retained(mSeenMonth, mStayedMonth, monthBefore), Explain: Text{
			EN: "By calendar months; by channel: on that channel in both.",
			ES: "Por meses naturales; por canal: en ese canal en ambos.",
			PT: "Por meses do calendário; por canal: nesse canal em ambos.",
		}},
		{ID: "week", Derive: retained(mSeenWeek, mStayedWeek, weekBefore), Explain: Text{
			EN: "By weeks that begin on Monday; by channel: on that channel in both.",
			ES: "Por semanas que empiezan el lunes; por canal: en ese canal en ambas.",
			PT: "Por semanas que começam na segunda-feira; por canal: nesse canal em ambas.",
		}},
	},
	Default: []string{"month", "week"}, Dimensions: []window.Dimension{window.DimChannel}, Family: window.Activity, Reach: retentionReach,
	Feeds: []*Feed{
		{Metric: mSeenWeek, Kind: convo.SeenIn, If: ofClass(0)},
		{Metric: mStayedWeek, Kind: convo.StayedIn, If: ofClass(0)},
		{Metric: mSeenMonth, Kind: convo.SeenIn, If: ofClass(1)},
		{Metric: mStayedMonth, Kind: convo.StayedIn, If: ofClass(1)},
	},
}

// retentionReach is how far the begin of the month before the last one may lie back, in ms.
const retentionReach = 93 * 24 * 60 * minute

// retained reads what was counted at the begin of the period two before the one in which the window ends.
func retained(seen, stayed window.Metric, before func(day time.Time) time.Time) func(*View) (Reading, error) {
	return func(v *View) (Reading, error) {
		begin := before(time.UnixMilli(v.Window.To - 1).In(v.Window.Zone))
		y, m, d := begin.Date()
		at := window.DayStart(window.Day(time.Date(y, m, d, 12, 0, 0, 0, v.Window.Zone).UnixMilli(), v.Window.Zone), v.Window.Zone)
		c := v.At(at, at+1)
		r := proportionOf(c.Metric(stayed).N, c.Metric(seen).N)
		r.basis = begin.Format(time.DateOnly)
		return r, nil
	}
}

func weekBefore(day time.Time) time.Time {
	return day.AddDate(0, 0, -int(day.Weekday()+6)%7-14)
}

func monthBefore(day time.Time) time.Time {
	return time.Date(day.Year(), day.Month()-2, 1, 12, 0, 0, 0, day.Location())
}
