package kpi

import (
	"math"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/window"
)

// npsEvolution is how the net promoter score changed with an event.
var npsEvolution = Def{
	ID: "nps_evolution", Unit: Points, Better: Higher, Version: 1,
	Title: Text{EN: "NPS evolution", ES: "Evolución del NPS", PT: "Evolução do NPS"},
	Explain: Text{
		EN: "NPS after an event less NPS as long before it. The event is the newest marker of `vigia reference set event_marker` in the window's past; the basis says which, and whether the difference is more than chance.",
		ES: "NPS después de un evento menos el NPS de igual tiempo antes. El evento es el último marcador de `vigia reference set event_marker`; la base dice cuál, y si la diferencia es más que azar.",
		PT: "NPS depois de um evento menos o NPS de igual tempo antes. O evento é o último marcador de `vigia reference set event_marker`; a base diz qual, e se a diferença é mais que acaso.",
	},
	Definitions: []Definition{
		{ID: "transactional", Derive: evolution(mEveryTransactional), Explain: Text{
			EN: "Of answers about a contact.",
			ES: "De respuestas sobre un contacto.",
			PT: "De respostas sobre um contato.",
		}},
		{ID: "relational", Derive: evolution(mEveryRelational), Explain: Text{
			EN: "Of answers without a contact.",
			ES: "De respuestas sin contacto previo.",
			PT: "De respostas sem contato prévio.",
		}},
	},
	Default: []string{"transactional"}, Dimensions: contactDims, Family: window.Routing, ByCustomer: true, References: true, MinN: nps.MinN,
	Reach: evolutionReach, Feeds: nps.Feeds[2:], // every answer
}

const (
	evolutionReach = 180 * 24 * 60 * 60 * 1000 // markers further back are not looked for, ms
	enoughAnswers  = 30                        // on each side
)

func evolution(first window.Metric) func(*View) (Reading, error) {
	return func(v *View) (Reading, error) {
		at, what := v.marker()
		if what == "" {
			return Reading{kind: change}, nil
		}
		span := min(v.Window.To-at, at-(v.Window.To-evolutionReach))
		before, after := everyNPS(first)(v.At(at-span, at)), everyNPS(first)(v.At(at, v.Window.To))
		return changeOf(v, what, at, span, before, after), nil
	}
}

// marker returns the newest event marker before the window's end.
func (v *View) marker() (at int64, what string) {
	for name, history := range v.References {
		if p, ok := history.At(v.Window.To - 1); ok && name.Type == event.EventMarker && p.At >= v.Window.To-evolutionReach/2 && (p.At > at || p.At == at && name.Key < what) {
			at, what = p.At, name.Key
		}
	}
	return at, what
}

// changeOf reads the difference of two net scores, with its 95 % interval.
func changeOf(v *View, what string, at, span int64, before, after Reading) Reading {
	r := Reading{kind: change, n: before.n + after.n, basis: what + " not_significant"}
	r.series = func() []Step {
		var steps []Step
		for i, side := range []Reading{before, after} {
			var x Value
			side.put(&x)
			steps = append(steps, Step{At: Timestamp(at-span*int64(1-i), v.Window.Zone), Value: x.Value, Low: x.Low, High: x.High})
		}
		return steps
	}
	if before.den == 0 || after.den == 0 {
		return r
	}
	r.distance = after.Number() - before.Number()
	r.step = 100 * 1.959963984540054 * math.Sqrt(before.variance()+after.variance())
	r.den = 1
	if math.Abs(r.distance) > r.step && before.n >= enoughAnswers && after.n >= enoughAnswers {
		r.basis = what + " significant"
	}
	return r
}

// variance is that of a net score, as a share.
func (r Reading) variance() float64 {
	n := float64(r.den)
	p, d := float64(r.promoters)/n, float64(r.detractors)/n
	return (p + d - (p-d)*(p-d)) / n
}
