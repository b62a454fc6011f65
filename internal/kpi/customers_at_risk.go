package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// customersAtRisk is how many customers may leave.
var customersAtRisk = Def{
	ID: "customers_at_risk", Unit: Count, Better: Lower, Version: 1,
	Title: Text{EN: "Customers at risk", ES: "Clientes en riesgo", PT: "Clientes em risco"},
	Explain: Text{
		EN: "Customers who became at risk of leaving in the window and still are: silent beyond their own rhythm, less satisfied than before, or after a last contact that went badly. Only windows that end now can be answered.",
		ES: "Clientes que en la ventana pasaron a estar en riesgo de irse y lo siguen estando: en silencio más allá de su propio ritmo, menos satisfechos que antes, o tras un último contacto que fue mal. Solo se responden ventanas que terminan ahora.",
		PT: "Clientes que na janela passaram a correr risco de sair e ainda correm: em silêncio além do próprio ritmo, menos satisfeitos que antes, ou após um último contato que foi mal. Só se respondem janelas que terminam agora.",
	},
	Definitions: []Definition{
		{ID: "any", Customers: atRisk(convo.RiskAny), Explain: Text{
			EN: "For whatever reason; a customer counts once, when and where the first of the reasons that hold began.",
			ES: "Por cualquier motivo; un cliente cuenta una vez, cuando y donde empezó el primero de los motivos vigentes.",
			PT: "Por qualquer motivo; um cliente conta uma vez, quando e onde começou o primeiro dos motivos vigentes.",
		}},
		{ID: "silent", Customers: atRisk(convo.RiskSilent), Explain: Text{
			EN: "No sign for longer than twice the median of the customer's own gaps between visits, and than a week; at least three gaps are known.",
			ES: "Sin señales durante más del doble de la mediana de los intervalos entre sus propias visitas, y de una semana; se conocen al menos tres intervalos.",
			PT: "Sem sinal por mais que o dobro da mediana dos intervalos entre as próprias visitas, e que uma semana; conhecem-se ao menos três intervalos.",
		}},
		{ID: "falling", Customers: atRisk(convo.RiskFalling), Explain: Text{
			EN: "The latest CSAT or NPS answer is not positive and lower than the one before on the same scale: by a quarter of it, of NPS by two points.",
			ES: "La última respuesta de CSAT o NPS no es positiva y es menor que la anterior en la misma escala: en un cuarto de ella, en NPS en dos puntos.",
			PT: "A última resposta de CSAT ou NPS não é positiva e é menor que a anterior na mesma escala: em um quarto dela, no NPS em dois pontos.",
		}},
		{ID: "negative", Customers: atRisk(convo.RiskNegative), Explain: Text{
			EN: "In the last contact the customer sounded negative (−0.2 or less), gave up waiting, or was left unresolved after a broken promise.",
			ES: "En el último contacto el cliente sonó negativo (−0,2 o menos), abandonó la espera, o quedó sin solución tras una promesa incumplida.",
			PT: "No último contato o cliente soou negativo (−0,2 ou menos), desistiu da espera, ou ficou sem solução após uma promessa não cumprida.",
		}},
	},
	Default: []string{"any"}, Dimensions: customerDims, Family: window.Activity,
	Feeds: []*Feed{{Metric: mAtRisk, Kind: convo.AtRisk, Wide: convo.Risks, Of: func(m convo.Moment) window.Metric { return window.Metric(m.Class) }}},
}

func atRisk(class window.Metric) func(*window.Cell, Window) (Reading, error) {
	return func(c *window.Cell, w Window) (Reading, error) {
		if w.To < w.Now {
			return Reading{}, &WindowError{KPI: "customers_at_risk", Window: w, Reason: "who is at risk is known now, not as it was then; leave \"at\" out"}
		}
		return countOf(c.Metric(mAtRisk + class).N), nil
	}
}
