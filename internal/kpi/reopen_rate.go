package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/window"
)

// reopenRate is the share of resolves that did not last.
var reopenRate = Def{
	ID: "reopen_rate", Unit: Ratio, Better: Lower, Version: 1,
	Title: Text{EN: "Reopen rate", ES: "Tasa de reapertura", PT: "Taxa de reabertura"},
	Explain: Text{
		EN: "Resolves that were undone by a reopening, of all resolves. Counts at the resolve, so that recent ones may still be reopened. Channels without closed threads have none.",
		ES: "Resoluciones deshechas por una reapertura, sobre todas las resoluciones. Cuenta en la resolución: las recientes aún pueden reabrirse. No existe en canales sin hilos.",
		PT: "Resoluções desfeitas por uma reabertura, sobre todas as resoluções. Conta na resolução: as recentes ainda podem ser reabertas. Não existe em canais sem threads.",
	},
	Definitions: single(func(c *window.Cell) Reading { return proportionOf(c.Metric(mReopened).N, c.Metric(mResolved).N) }), Default: byDefault,
	Dimensions: actDims, Family: window.Routing,
	Feeds: []*Feed{{Metric: mResolved, Kind: convo.Resolved}, {Metric: mReopened, Kind: convo.Reopened}},
}
