package kpi

import "github.com/vigia-cx/vigia/internal/window"

// serviceLevel is the share of contacts that were answered within the queue's target, as different products define it.
//
// Waits are compared with the queue's target and short-abandon threshold when the contact ends; later changes of the two do not change the past.
var serviceLevel = Def{
	ID: "service_level", Unit: Ratio, Better: Higher, Version: 1, Goal: "80 % in 20 s",
	Title: Text{EN: "Service level", ES: "Nivel de servicio", PT: "Nível de serviço"},
	Explain: Text{
		EN: "Share of contacts answered within the queue's target; a wait equal to the target is in. The definitions differ in what happens to abandoned and other contacts.",
		ES: "Proporción de contactos atendidos dentro del objetivo de la cola; una espera igual al objetivo cumple. Las definiciones difieren en qué hacen con los abandonados y otros.",
		PT: "Proporção de contatos atendidos dentro da meta da fila; uma espera igual à meta cumpre. As definições diferem no que fazem com os abandonados e outros.",
	},
	Definitions: []Definition{
		answeredInTargetOf("vigia", Text{
			EN: "Answered in target / (answered + abandoned − short abandons).",
			ES: "Atendidos en objetivo / (atendidos + abandonados − abandonos cortos).",
			PT: "Atendidos na meta / (atendidos + abandonados − abandonos curtos).",
		}, &answered, &abandoned, notShort),
		{
			ID:   "connect",
			Read: removedInTarget,
			Explain: Text{
				EN: "As Amazon Connect: everything that left the queue in target, however, / everything offered. A quick abandon raises it.",
				ES: "Como Amazon Connect: todo lo que salió de la cola en objetivo, como sea, / todo lo ofrecido. Un abandono rápido lo sube.",
				PT: "Como o Amazon Connect: tudo o que saiu da fila na meta, de qualquer forma, / tudo o oferecido. Um abandono rápido o eleva.",
			},
		},
		answeredInTargetOf("genesys", Text{
			EN: "As Genesys Cloud with abandons and short abandons: answered in target / (answered + abandoned).",
			ES: "Como Genesys Cloud con abandonos y abandonos cortos: atendidos en objetivo / (atendidos + abandonados).",
			PT: "Como o Genesys Cloud com abandonos e abandonos curtos: atendidos na meta / (atendidos + abandonados).",
		}, &answered, &abandoned),
		answeredInTargetOf("genesys-no-short", Text{
			EN: "As Genesys Cloud without short abandons: answered in target / (answered + abandoned − short abandons).",
			ES: "Como Genesys Cloud sin abandonos cortos: atendidos en objetivo / (atendidos + abandonados − abandonos cortos).",
			PT: "Como o Genesys Cloud sem abandonos curtos: atendidos na meta / (atendidos + abandonados − abandonos curtos).",
		}, &answered, &abandoned, notShort),
		answeredInTargetOf("genesys-flowouts", Text{
			EN: "As Genesys Cloud with flow-outs: answered in target / (answered + abandoned + flowed out, voicemail, callback).",
			ES: "Como Genesys Cloud con desvíos: atendidos en objetivo / (atendidos + abandonados + desviados, buzón, devolución).",
			PT: "Como o Genesys Cloud com desvios: atendidos na meta / (atendidos + abandonados + desviados, caixa postal, retorno).",
		}, &answered, &abandoned, &flowOut, &voicemail, &callback),
		answeredInTargetOf("genesys-no-abandons", Text{
			EN: "As Genesys Cloud without abandons: answered in target / answered. Short abandons are abandons and leave once, not twice.",
			ES: "Como Genesys Cloud sin abandonos: atendidos en objetivo / atendidos. Los abandonos cortos son abandonos y se restan una vez, no dos.",
			PT: "Como o Genesys Cloud sem abandonos: atendidos na meta / atendidos. Abandonos curtos são abandonos e saem uma vez, não duas.",
		}, &answered),
		answeredInTargetOf("talkdesk-contacts", Text{
			EN: "As Talkdesk by contacts: answered in target / (answered + abandoned + voicemail − short abandons).",
			ES: "Como Talkdesk por contactos: atendidos en objetivo / (atendidos + abandonados + buzón − abandonos cortos).",
			PT: "Como o Talkdesk por contatos: atendidos na meta / (atendidos + abandonados + caixa postal − abandonos curtos).",
		}, &answered, &abandoned, notShort, &voicemail),
		answeredInTargetOf("talkdesk-calls", Text{
			EN: "As Talkdesk by calls: answered in target / answered; abandons and voicemail are ignored.",
			ES: "Como Talkdesk por llamadas: atendidos en objetivo / atendidos; ignora abandonos y buzón.",
			PT: "Como o Talkdesk por chamadas: atendidos na meta / atendidos; ignora abandonos e caixa postal.",
		}, &answered),
	},
	Default:    []string{"vigia"},
	Dimensions: contactDims, Family: window.Routing, QueueParams: true,
	Feeds: append([]*Feed{
		&answeredInTarget, &abandonedShort, &abandonedInTarget, &flowOutInTarget, &voicemailInTarget, &callbackInTarget,
	}, outcomes...),
}

// notShort stands in a denominator for taking the short abandons out of it.
var notShort *Feed

// answeredInTargetOf defines the service level as answers in target of the sum of some outcomes.
func answeredInTargetOf(id string, explain Text, of ...*Feed) Definition {
	return Definition{ID: id, Explain: explain, Read: func(c *window.Cell) Reading {
		var n int64
		for _, f := range of {
			if f == notShort {
				n -= c.Metric(mAbandonedShort).N
			} else {
				n += c.Metric(f.Metric).N
			}
		}
		return proportionOf(c.Metric(mAnsweredInTarget).N, n)
	}}
}

// removedInTarget counts whatever left the queue in target. A short abandon left in target too: thresholds are shorter than targets.
func removedInTarget(c *window.Cell) Reading {
	var n int64
	for _, m := range []window.Metric{
		mAnsweredInTarget, mAbandonedInTarget, mAbandonedShort, mFlowOutInTarget, mVoicemailInTarget, mCallbackInTarget,
	} {
		n += c.Metric(m).N
	}
	return proportionOf(n, offered(c))
}
