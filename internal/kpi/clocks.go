package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// clocks holds, by clock, what is counted of its promises and what they are about.
var clocks = [sla.NumClocks]struct {
	hit, miss window.Metric
	explain   Text
}{
	sla.FirstResponse: {mFirstResponseHit, mFirstResponseMiss, Text{
		EN: "Promises of a first response.",
		ES: "Promesas de primera respuesta.",
		PT: "Promessas de primeira resposta.",
	}},
	sla.NextResponse: {mNextResponseHit, mNextResponseMiss, Text{
		EN: "Promises of the following responses.",
		ES: "Promesas de las respuestas siguientes.",
		PT: "Promessas das respostas seguintes.",
	}},
	sla.Resolution: {mResolutionHit, mResolutionMiss, Text{
		EN: "Promises of a resolution.",
		ES: "Promesas de resolución.",
		PT: "Promessas de resolução.",
	}},
	sla.PeriodicUpdate: {mPeriodicUpdateHit, mPeriodicUpdateMiss, Text{
		EN: "Promises to write again after every reply, whatever the conversation waits for.",
		ES: "Promesas de volver a escribir después de cada respuesta, espere lo que espere la conversación.",
		PT: "Promessas de voltar a escrever depois de cada resposta, seja o que for que a conversa espere.",
	}},
	sla.PausableUpdate: {mPausableUpdateHit, mPausableUpdateMiss, Text{
		EN: "Promises to write again after every reply; the clock stands while the customer has to act.",
		ES: "Promesas de volver a escribir después de cada respuesta; el reloj se detiene mientras le toca al cliente.",
		PT: "Promessas de voltar a escrever depois de cada resposta; o relógio para enquanto é a vez do cliente.",
	}},
}

// promises are the feeds of all clocks.
var promises = func() (feeds []*Feed) {
	for c, m := range clocks {
		feeds = append(feeds, &Feed{Metric: m.hit, Kind: convo.ClockHit, If: ofClock(sla.Clock(c))}, &Feed{Metric: m.miss, Kind: convo.ClockMiss, If: ofClock(sla.Clock(c))})
	}
	return feeds
}()

// clockNames lists the definitions of the KPIs that are read by clock.
func clockNames() []string {
	var names []string
	for c := range sla.Clock(sla.NumClocks) {
		names = append(names, c.String())
	}
	return names
}

// byClock makes one definition for each clock.
func byClock(complete func(d *Definition, c sla.Clock)) []Definition {
	var defs []Definition
	for c := range sla.Clock(sla.NumClocks) {
		d := Definition{ID: c.String(), Explain: clocks[c].explain}
		complete(&d, c)
		defs = append(defs, d)
	}
	return defs
}
