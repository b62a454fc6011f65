package kpi

import "github.com/vigia-cx/vigia/internal/sla"

// slaOverdue is how many promises are broken and still not fulfilled.
var slaOverdue = Def{
	ID: "sla_overdue", Unit: Count, Better: Lower, Version: 1,
	Title: Text{EN: "SLA clocks overdue", ES: "Relojes de SLA vencidos", PT: "Relógios de SLA vencidos"},
	Explain: Text{
		EN: "Promises that are past due and still not fulfilled, now.",
		ES: "Promesas vencidas y aún sin cumplir, ahora.",
		PT: "Promessas vencidas e ainda não cumpridas, agora.",
	},
	Definitions: byClock(func(d *Definition, c sla.Clock) {
		d.Now = countPromises(c, func(s PromiseState) bool { return s == Overdue })
	}),
	Default: clockNames(), Dimensions: actDims,
}
