package kpi

import (
	"math"

	"github.com/vigia-cx/vigia/internal/window"
)

// volumeForecast is how many conversations may be expected to start in the next 24 hours.
var volumeForecast = Def{
	ID: "volume_forecast", Unit: Count, Better: Neither, Version: 1,
	Title: Text{EN: "Volume forecast", ES: "Pronóstico de volumen", PT: "Previsão de volume"},
	Explain: Text{
		EN: "Conversations to be expected in the next 24 hours, by quarter hour as in a typical week, with the range of nine cases in ten.",
		ES: "Conversaciones esperables en las próximas 24 horas, por cuarto de hora como en una semana típica, con el margen de nueve casos de cada diez.",
		PT: "Conversas esperadas nas próximas 24 horas, por quarto de hora como em uma semana típica, com a faixa de nove em cada dez casos.",
	},
	Definitions: []Definition{{ID: "default", Derive: forecast, Explain: Text{
		EN: "The only definition.", ES: "La única definición.", PT: "A única definição.",
	}}},
	Default: byDefault, Dimensions: contactDims, Family: window.Routing,
	Feeds: conversationsStarted.Feeds, Reach: volumeReach, Quarterly: mStarted,
}

func forecast(v *View) (Reading, error) {
	w, err := v.weekBefore()
	if err != nil {
		return Reading{}, err
	}
	zone, begin := v.Window.Zone, (v.Window.To+quarter-1)/quarter*quarter
	var sum, n int64
	for i := range int64(daySlots) {
		slot := slotOf(begin+i*quarter, zone)
		sum += w.expected(slot)
		for _, c := range w.counts[slot] {
			n += c
		}
	}
	r := estimateOf(sum, 2, n)
	r.series = func() []Step {
		var steps []Step
		for i := range int64(daySlots) {
			at := begin + i*quarter
			slot := slotOf(at, zone)
			expected := float64(w.expected(slot)) / 2
			spread := 1.645 * math.Sqrt(max(expected, w.variance(slot)))
			steps = append(steps, Step{At: Timestamp(at, zone), Value: float(expected), Low: rounded(max(0, expected-spread)), High: rounded(expected + spread)})
		}
		return steps
	}
	return r, nil
}
