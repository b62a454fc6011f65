package kpi

import (
	"time"

	"github.com/vigia-cx/vigia/internal/window"
)

// volumeAnomaly is how unusual the last hour is, compared with the same hour of the four weeks before.
var volumeAnomaly = Def{
	ID: "volume_anomaly", Unit: Factor, Better: Neither, Version: 1,
	Title: Text{EN: "Unusual volume", ES: "Volumen inusual", PT: "Volume incomum"},
	Explain: Text{
		EN: "Conversations started in the last whole hour against the same hour of the four weeks before, without holidays, in steps of what is usual: beyond 3 or −3 something is going on.",
		ES: "Conversaciones iniciadas en la última hora entera frente a la misma hora de las cuatro semanas anteriores, sin festivos, en pasos de lo habitual: más allá de 3 o −3 algo ocurre.",
		PT: "Conversas iniciadas na última hora inteira contra a mesma hora das quatro semanas anteriores, sem feriados, em passos do habitual: além de 3 ou −3 algo acontece.",
	},
	Definitions: []Definition{{ID: "default", Derive: anomaly, Explain: Text{
		EN: "The only definition.", ES: "La única definición.", PT: "A única definição.",
	}}},
	Default: byDefault, Dimensions: contactDims, Family: window.Routing,
	Feeds: conversationsStarted.Feeds, Reach: volumeReach, Quarterly: mStarted,
}

func anomaly(v *View) (Reading, error) {
	zone, end := v.Window.Zone, v.Window.To/quarter*quarter
	for time.UnixMilli(end).In(zone).Minute() != 0 {
		end -= quarter
	}
	x, err := v.started(end - hour)
	if err != nil {
		return Reading{}, err
	}
	t := time.UnixMilli(end - hour).In(zone)
	var before []int64
	for weeks := 1; weeks <= 4; weeks++ {
		same := time.Date(t.Year(), t.Month(), t.Day()-7*weeks, t.Hour(), t.Minute(), 0, 0, zone).UnixMilli()
		if v.Policy != nil && v.Policy.Holiday(window.Day(same, zone)) {
			continue
		}
		n, err := v.started(same)
		if err != nil {
			return Reading{}, err
		}
		before = append(before, n)
	}
	r := factorOf(0, 0, x)
	if len(before) >= 2 {
		r.distance, r.step = robust(x, before)
	}
	return r, nil
}

// started counts the conversations of the group that started in the hour from an instant on.
func (v *View) started(at int64) (n int64, err error) {
	counts, err := v.quarters(at, at+hour)
	for _, c := range counts {
		n += c
	}
	return n, err
}
