package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// fcr is the share of first contacts that resolved what the customer came for.
var fcr = Def{
	ID: "fcr", Unit: Ratio, Better: Higher, Version: 1,
	Title: Text{EN: "First contact resolution", ES: "Resolución en el primer contacto", PT: "Resolução no primeiro contato"},
	Explain: Text{
		EN: "Of the first contacts that were resolved, those after which the customer did not come back about the same: 24 h long where people chat, 3 days on tickets and social networks, 7 days elsewhere (`fcr.window`). Counts at the resolve; who comes back takes it back there.",
		ES: "De los primeros contactos resueltos, aquellos tras los que el cliente no volvió por lo mismo: durante 24 h donde se chatea, 3 días en tickets y redes sociales, 7 días en el resto (`fcr.window`). Cuenta en la resolución; si vuelve, se resta allí.",
		PT: "Dos primeiros contatos resolvidos, aqueles após os quais o cliente não voltou pelo mesmo: por 24 h onde se conversa por chat, 3 dias em tickets e redes sociais, 7 dias nos demais (`fcr.window`). Conta na resolução; se volta, é descontado ali.",
	},
	Definitions: []Definition{
		{ID: "provisional", Read: rateOf(tiersOf(mFirstHeld), tiersOf(mFirstContact)), Explain: Text{
			EN: "Everybody who has not come back so far counts as resolved.",
			ES: "Cuenta como resuelto quien no ha vuelto hasta ahora.",
			PT: "Conta como resolvido quem não voltou até agora.",
		}},
		{ID: "final", Read: rateOf(tiersOf(mFirstFinalHeld), tiersOf(mFirstFinal)), Explain: Text{
			EN: "Only contacts whose time to come back is over.",
			ES: "Solo contactos cuyo plazo para volver ya terminó.",
			PT: "Somente contatos cujo prazo para voltar já terminou.",
		}},
		{ID: "strict", Read: rateOf(only(mFirstFinalStrict), tiersOf(mFirstFinal)), Explain: Text{
			EN: "As final, and one person did it without passing it on.",
			ES: "Como final, y lo hizo una sola persona sin transferirlo.",
			PT: "Como final, e uma só pessoa o fez sem transferir.",
		}},
		{ID: "net", Read: rateOf(only(mFirstNetHeld), only(mFirstNet)), Explain: Text{
			EN: "As final, without topics that a first contact cannot resolve (`fcr.not_first_level`).",
			ES: "Como final, sin temas que un primer contacto no puede resolver (`fcr.not_first_level`).",
			PT: "Como final, sem temas que um primeiro contato não pode resolver (`fcr.not_first_level`).",
		}},
		{ID: "weighted", Derive: weightedFCR, Explain: Text{
			EN: "As provisional, every contact with the weight of its channel times that of its complexity (`fcr.weights`).",
			ES: "Como provisional, cada contacto con el peso de su canal por el de su complejidad (`fcr.weights`).",
			PT: "Como provisional, cada contato com o peso de seu canal vezes o de sua complexidade (`fcr.weights`).",
		}},
		{ID: "mix_adjusted", Derive: mixAdjustedFCR, Explain: Text{
			EN: "As provisional, with as much of each channel and complexity as in the 28 days before: what changes is how well, not what comes.",
			ES: "Como provisional, con la proporción de canales y complejidades de los 28 días previos: lo que cambia es cuán bien, no lo que llega.",
			PT: "Como provisional, com a proporção de canais e complexidades dos 28 dias anteriores: o que muda é quão bem, não o que chega.",
		}},
	},
	Default: []string{"provisional"}, Dimensions: actDims, Family: window.Routing, ByCustomer: true, MinN: 5, Reach: mixReference, FromBegin: true,
	Feeds: []*Feed{
		{Metric: mFirstContact, Kind: convo.FirstContact, Of: tierOf, Wide: 4},
		{Metric: mFirstHeld, Kind: convo.FirstContact, Of: tierOf, Wide: 4, If: hasBits(convo.FirstHeld)},
		{Metric: mFirstFinal, Kind: convo.FirstContact, Of: tierOf, Wide: 4, If: hasBits(convo.FirstFinal)},
		{Metric: mFirstFinalHeld, Kind: convo.FirstContact, Of: tierOf, Wide: 4, If: hasBits(convo.FirstFinal | convo.FirstHeld)},
		{Metric: mFirstFinalStrict, Kind: convo.FirstContact, If: hasBits(convo.FirstFinal | convo.FirstStrict)},
		{Metric: mFirstNet, Kind: convo.FirstContact, If: hasBits(convo.FirstFinal | convo.FirstNet)},
		{Metric: mFirstNetHeld, Kind: convo.FirstContact, If: hasBits(convo.FirstFinal | convo.FirstNet | convo.FirstHeld)},
	},
}
