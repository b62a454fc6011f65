package kpi

// slaPredictedBreaches is how many promises will break soon if nobody acts.
var slaPredictedBreaches = Def{
	ID: "sla_predicted_breaches", Unit: Count, Better: Lower, Version: 1,
	Title: Text{EN: "SLA breaches to come", ES: "Incumplimientos de SLA por venir", PT: "Descumprimentos de SLA por vir"},
	Explain: Text{
		EN: "Running promises, of whatever kind, that fall due soon: they break unless somebody acts. Paused and overdue ones are not among them.",
		ES: "Promesas en marcha, de cualquier tipo, que vencen pronto: se incumplen si nadie actúa. Las que están en pausa o vencidas no se cuentan.",
		PT: "Promessas em curso, de qualquer tipo, que vencem em breve: serão descumpridas se ninguém agir. As pausadas e as vencidas não contam.",
	},
	Definitions: []Definition{
		dueWithin("5m", 5, Text{EN: "Within 5 minutes.", ES: "En 5 minutos.", PT: "Em 5 minutos."}),
		dueWithin("15m", 15, Text{EN: "Within 15 minutes.", ES: "En 15 minutos.", PT: "Em 15 minutos."}),
		dueWithin("60m", 60, Text{EN: "Within the hour.", ES: "En una hora.", PT: "Em uma hora."}),
	},
	Default: []string{"5m", "15m", "60m"}, Dimensions: actDims,
}

func dueWithin(id string, minutes int64, explain Text) Definition {
	return Definition{ID: id, Explain: explain, Now: func(open []OpenAt) Reading {
		var n int64
		for i := range open {
			t := open[i].T
			for _, p := range open[i].Promises {
				if t < p.DueAt && p.DueAt <= t+minutes*60_000 {
					n++
				}
			}
		}
		return countOf(n)
	}}
}
