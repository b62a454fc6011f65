package kpi

import (
	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// conversionKinds are what feedback conversion is told by beside everything: each has numbers from 1, in the order of its names.
var conversionKinds = []struct {
	prefix string
	names  []string
	first  window.Metric
	of     func(m convo.Moment) uint32
}{
	{"widget-", sla.SurveyWidgets, mPromptedWidget, func(m convo.Moment) uint32 { _, _, widget, _ := m.Prompted(); return widget }},
	{"moment-", sla.SurveyMoments, mPromptedMoment, func(m convo.Moment) uint32 { _, _, _, moment := m.Prompted(); return moment }},
}

// conversionTexts say which requests a definition is about.
var conversionTexts = map[string]Text{
	"widget-thumbs":       {EN: "Answered with a thumb", ES: "Las que se responden con un pulgar", PT: "As respondidas com um polegar"},
	"widget-faces":        {EN: "Answered with a face", ES: "Las que se responden con una cara", PT: "As respondidas com um rosto"},
	"widget-stars":        {EN: "Answered with stars", ES: "Las que se responden con estrellas", PT: "As respondidas com estrelas"},
	"widget-scale":        {EN: "Answered on a scale of numbers", ES: "Las que se responden en una escala de números", PT: "As respondidas em uma escala de números"},
	"widget-form":         {EN: "Answered in a form", ES: "Las que se responden en un formulario", PT: "As respondidas em um formulário"},
	"moment-conversation": {EN: "Asked in the middle of a conversation", ES: "Las pedidas en plena conversación", PT: "As pedidas durante a conversa"},
	"moment-resolution":   {EN: "Asked after a resolution", ES: "Las pedidas tras una resolución", PT: "As pedidas após uma resolução"},
	"moment-purchase":     {EN: "Asked after a purchase", ES: "Las pedidas tras una compra", PT: "As pedidas após uma compra"},
	"moment-visit":        {EN: "Asked during a visit to the site or the app", ES: "Las pedidas durante una visita al sitio o a la aplicación", PT: "As pedidas durante uma visita ao site ou ao aplicativo"},
	"moment-later":        {EN: "Asked days later", ES: "Las pedidas días después", PT: "As pedidas dias depois"},
}

// conversionsByKind makes a definition for each widget and each moment.
func conversionsByKind() (out []Definition) {
	for _, kind := range conversionKinds {
		for i, name := range kind.names {
			at := func(step window.Metric) window.Metric { return kind.first + 16*step + window.Metric(i+1) }
			t := conversionTexts[kind.prefix+name]
			out = append(out, Definition{
				ID: kind.prefix + name, Read: telling{{"seen", at(5), at(2)}, {"delivered", at(4), at(1)}, {"sent", at(3), at(0)}}.best,
				Explain: Text{
					EN: t.EN + ", as the survey's configuration says: as best.",
					ES: t.ES + ", según la configuración de la encuesta: como best.",
					PT: t.PT + ", conforme a configuração da pesquisa: como best.",
				},
			})
		}
	}
	return out
}

// promptedByKind counts requests by widget and by moment, each how far it came and whether it was answered.
func promptedByKind() (out []*Feed) {
	for _, kind := range conversionKinds {
		for step := range window.Metric(6) {
			counts := came(uint32(step%3), step >= 3)
			out = append(out, &Feed{
				Metric: kind.first + 16*step + 1, Kind: convo.Prompted, Wide: window.Metric(len(kind.names)),
				Of: func(m convo.Moment) window.Metric { return window.Metric(kind.of(m) - 1) },
				If: func(m convo.Moment) bool { return kind.of(m) > 0 && counts(m) },
			})
		}
	}
	return out
}
