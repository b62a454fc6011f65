package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/sla"
)

// slaRunning is how many promises are still to be kept.
var slaRunning = Def{
	ID: "sla_running", Unit: Count, Better: Neither, Version: 1,
	Title: Text{EN: "SLA clocks running", ES: "Relojes de SLA en marcha", PT: "Relógios de SLA em curso"},
	Explain: Text{
		EN: "Promises still to be kept now: in time, at risk, overdue or paused.",
		ES: "Promesas por cumplir ahora: a tiempo, en riesgo, vencidas o en pausa.",
		PT: "Promessas por cumprir agora: no prazo, em risco, vencidas ou em pausa.",
	},
	Definitions: byClock(func(d *Definition, c sla.Clock) {
		d.Now = countPromises(c, func(PromiseState) bool { return true })
	}),
	Default: clockNames(), Dimensions: actDims,
}

// PromiseState is how a promise stands at an instant.
type PromiseState string

// The states.
const (
	Paused  PromiseState = "paused"
	Running PromiseState = "running"
	AtRisk  PromiseState = "at_risk" // past the first warning point
	Overdue PromiseState = "overdue" // past due
)

// StateOf returns how a promise stands at t (Unix ms). A reply exactly at the due time is in time, so that instant is not overdue yet.
func StateOf(p convo.OpenPromise, t int64) PromiseState {
	switch {
	case p.DueAt == 0:
		return Paused
	case t > p.DueAt:
		return Overdue
	case p.WarnAt != 0 && t >= p.WarnAt && p.WarnAt < p.DueAt:
		return AtRisk
	}
	return Running
}

func countPromises(c sla.Clock, in func(PromiseState) bool) func(open []OpenAt) Reading {
	return func(open []OpenAt) Reading {
		var n int64
		for i := range open {
			for _, p := range open[i].Promises {
				if p.Clock == c && in(StateOf(p, open[i].T)) {
					n++
				}
			}
		}
		return countOf(n)
	}
}
