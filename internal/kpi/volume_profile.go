package kpi

import "github.com/vigia-cx/vigia/internal/window"

// volumeProfile is how many conversations start in a typical week, by quarter of an hour.
var volumeProfile = Def{
	ID: "volume_profile", Unit: Count, Better: Neither, Version: 1,
	Title: Text{EN: "Volume of a typical week", ES: "Volumen de una semana típica", PT: "Volume de uma semana típica"},
	Explain: Text{
		EN: "Conversations that start in each quarter hour of a week, for staffing: the median of the four weeks before the day in which the window ends. The number is their sum.",
		ES: "Conversaciones que empiezan en cada cuarto de hora de la semana, para dimensionar: la mediana de las cuatro semanas anteriores al día en que acaba la ventana. El número es su suma.",
		PT: "Conversas que começam em cada quarto de hora da semana, para dimensionar: a mediana das quatro semanas anteriores ao dia em que a janela termina. O número é a soma.",
	},
	Definitions: []Definition{{ID: "default", Derive: profile, Explain: Text{
		EN: "The only definition.", ES: "La única definición.", PT: "A única definição.",
	}}},
	Default: byDefault, Dimensions: contactDims, Family: window.Routing,
	Feeds: conversationsStarted.Feeds, Reach: volumeReach, Quarterly: mStarted,
}

func profile(v *View) (Reading, error) {
	w, err := v.weekBefore()
	if err != nil {
		return Reading{}, err
	}
	var sum int64
	for slot := range slots {
		sum += w.expected(slot)
	}
	r := estimateOf(sum, 2, w.n)
	r.series = func() []Step {
		steps := make([]Step, slots)
		for slot := range steps {
			steps[slot] = Step{At: slotName(slot), Value: half(w.expected(slot))}
		}
		return steps
	}
	return r, nil
}
