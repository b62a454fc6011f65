package kpi

import "github.com/vigia-cx/vigia/internal/sla"

// slaAtRisk is how many promises are past their first warning point.
var slaAtRisk = Def{
	ID: "sla_at_risk", Unit: Count, Better: Lower, Version: 1,
	Title: Text{EN: "SLA clocks at risk", ES: "Relojes de SLA en riesgo", PT: "Relógios de SLA em risco"},
	Explain: Text{
		EN: "Promises that are past their first warning point and not yet overdue, now.",
		ES: "Promesas que ahora han pasado su primer punto de aviso y aún no vencieron.",
		PT: "Promessas que agora passaram o primeiro ponto de aviso e ainda não venceram.",
	},
	Definitions: byClock(func(d *Definition, c sla.Clock) {
		d.Now = countPromises(c, func(s PromiseState) bool { return s == AtRisk })
	}),
	Default: clockNames(), Dimensions: actDims,
}
