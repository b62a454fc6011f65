package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// proactiveResolutionRate is the share of triggers that were settled before the customer asked.
var proactiveResolutionRate = Def{
	ID: "proactive_resolution_rate", Unit: Ratio, Better: Higher, Version: 1,
	Title: Text{EN: "Proactive resolution rate", ES: "Tasa de resolución proactiva", PT: "Taxa de resolução proativa"},
	Explain: Text{
		EN: "Of the triggers that people were told of, those that were settled before the customer asked. Counts at the trigger, once `proactive_window` (24 h) is over. An answer to our help is not asking for it.",
		ES: "De los disparadores que se avisaron, los que quedaron resueltos antes de que el cliente lo pidiera. Cuenta en el disparador, una vez pasada la `proactive_window` (24 h). Responder a nuestra ayuda no es pedirla.",
		PT: "Dos gatilhos avisados, os que ficaram resolvidos antes que o cliente pedisse. Conta no gatilho, depois de passada a `proactive_window` (24 h). Responder à nossa ajuda não é pedi-la.",
	},
	Definitions: append([]Definition{
		{ID: "resolved", Read: rateOf(only(mCalledSolved), only(mCalled)), Explain: Text{
			EN: "The conversation was resolved or its promise kept, and the customer did not ask.",
			ES: "La conversación se resolvió o su promesa se cumplió, y el cliente no preguntó.",
			PT: "A conversa foi resolvida ou sua promessa cumprida, e o cliente não perguntou.",
		}},
		{ID: "engaged", Read: rateOf(only(mCalledEngaged), only(mCalled)), Explain: Text{
			EN: "A person turned to the customer.",
			ES: "Una persona se dirigió al cliente.",
			PT: "Uma pessoa se dirigiu ao cliente.",
		}},
		{ID: "answered", Read: rateOf(only(mCalledAnswered), only(mCalledEngaged)), Explain: Text{
			EN: "Of these, the customer answered.",
			ES: "De estos, el cliente respondió.",
			PT: "Destes, o cliente respondeu.",
		}},
		{ID: "asked", Read: rateOf(only(mCalledAsked), only(mCalled)), Explain: Text{
			EN: "The customer asked, or came again, before a person turned to them. Less is better.",
			ES: "El cliente preguntó, o volvió, antes de que alguien se dirigiera a él. Menos es mejor.",
			PT: "O cliente perguntou, ou voltou, antes que alguém se dirigisse a ele. Menos é melhor.",
		}},
		{ID: "lift", Read: lift, Explain: Text{
			EN: "How much fewer customers ask because of the help: the share that asked of those held out, less that of those helped by the same triggers. 0.05 is five percentage points. The basis says whether it is more than chance.",
			ES: "Cuántos clientes menos preguntan gracias a la ayuda: la proporción que preguntó de los apartados, menos la de los ayudados por los mismos disparadores. 0.05 son cinco puntos porcentuales. La base dice si es más que azar.",
			PT: "Quantos clientes a menos perguntam graças à ajuda: a proporção que perguntou dos separados, menos a dos ajudados pelos mesmos gatilhos. 0.05 são cinco pontos percentuais. A base diz se é mais que acaso.",
		}},
	}, calledByKind()...),
	Default: []string{"resolved"}, Dimensions: contactDims, Family: window.Routing, ByCustomer: true, MinN: 5,
	Feeds: []*Feed{
		{Metric: mCalled, Kind: convo.CalledFor, If: calledTold(0)},
		{Metric: mCalledSolved, Kind: convo.CalledFor, If: calledSolved},
		{Metric: mCalledEngaged, Kind: convo.CalledFor, If: calledTold(convo.CalledForEngaged)},
		{Metric: mCalledAnswered, Kind: convo.CalledFor, If: calledTold(convo.CalledForAnswered)},
		{Metric: mCalledAsked, Kind: convo.CalledFor, If: calledTold(convo.CalledForAsked)},
		{Metric: mHeldOut, Kind: convo.CalledFor, If: hasBits(convo.CalledForHeldOut)},
		{Metric: mHeldOutAsked, Kind: convo.CalledFor, If: hasBits(convo.CalledForHeldOut | convo.CalledForAsked)},
		{Metric: mTried, Kind: convo.CalledFor, If: calledTold(convo.CalledForTried)},
		{Metric: mTriedAsked, Kind: convo.CalledFor, If: calledTold(convo.CalledForTried | convo.CalledForAsked)},
		{Metric: mCalledOfKind, Kind: convo.CalledFor, Of: calledKind, Wide: 5, If: calledTold(0)},
		{Metric: mSolvedOfKind, Kind: convo.CalledFor, Of: calledKind, Wide: 5, If: calledSolved},
	},
}

// calledByKind reads the rate for each kind of trigger.
func calledByKind() []Definition {
	var out []Definition
	for _, kind := range sla.TriggerKinds() {
		n, name := window.Metric(kind.Number()), string(kind)
		out = append(out, Definition{ID: name, Read: rateOf(only(mSolvedOfKind+n), only(mCalledOfKind+n)), Optional: true, Explain: Text{
			EN: "As resolved, of triggers of the kind " + name + ".",
			ES: "Como resolved, de los disparadores del tipo " + name + ".",
			PT: "Como resolved, dos gatilhos do tipo " + name + ".",
		}})
	}
	return out
}

func calledKind(m convo.Moment) window.Metric {
	return window.Metric(m.Class & (convo.CalledForHeldOut - 1))
}

// calledTold selects triggers that people were told of, and of which something holds.
func calledTold(bits uint32) func(convo.Moment) bool {
	return func(m convo.Moment) bool { return m.Class&(bits|convo.CalledForHeldOut) == bits }
}

func calledSolved(m convo.Moment) bool {
	return m.Class&(convo.CalledForHeldOut|convo.CalledForCleared|convo.CalledForAsked) == convo.CalledForCleared
}

// lift is how much rarer customers ask who are helped.
func lift(c *window.Cell) Reading {
	return differenceOf(side{"held_out", c.Metric(mHeldOutAsked).N, c.Metric(mHeldOut).N}, side{"told", c.Metric(mTriedAsked).N, c.Metric(mTried).N})
}
