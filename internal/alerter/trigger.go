package alerter

import (
	"fmt"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
)

// triggerWords say why a trigger fired, by language and kind.
var triggerWords = map[string]map[string]string{
	"en": {
		"deadline_at_risk": "{percent} % of the time of this promise is used up.", "negative_streak": "{count} messages in a row sound negative.",
		"repeat_contact": "Contact number {count} within {span}.", "gone_silent": "No answer to our last message for {span}.",
		"bot_loop": "{count} answers of a bot in a row, and nobody has taken over.", "day": "%d d", "hour": "%d h", "minute": "%d min",
	},
	"es": {
		"deadline_at_risk": "Ya se ha consumido el {percent} % del tiempo de este compromiso.", "negative_streak": "{count} mensajes seguidos suenan negativos.",
		"repeat_contact": "Contacto número {count} en {span}.", "gone_silent": "Sin respuesta a nuestro último mensaje desde hace {span}.",
		"bot_loop": "{count} respuestas seguidas de un bot y nadie se ha hecho cargo.", "day": "%d d", "hour": "%d h", "minute": "%d min",
	},
	"pt": {
		"deadline_at_risk": "Já foram consumidos {percent} % do tempo deste compromisso.", "negative_streak": "{count} mensagens seguidas soam negativas.",
		"repeat_contact": "Contato número {count} em {span}.", "gone_silent": "Sem resposta à nossa última mensagem há {span}.",
		"bot_loop": "{count} respostas seguidas de um bot e ninguém assumiu.", "day": "%d d", "hour": "%d h", "minute": "%d min",
	},
}

// reasonOf says in a language why a trigger fired; "" for a kind that this version does not know.
func reasonOf(lang string, s *event.Signal) string {
	words := triggerWords[lang]
	if words == nil {
		words = triggerWords["en"]
	}
	format := words[s.TriggerKind]
	if format == "" {
		return ""
	}
	span := time.Duration(s.SpanMs) * time.Millisecond
	var length string
	switch {
	case span >= 48*time.Hour && span%(24*time.Hour) == 0:
		length = fmt.Sprintf(words["day"], int(span/(24*time.Hour)))
	case span >= time.Hour && span%time.Hour == 0:
		length = fmt.Sprintf(words["hour"], int(span/time.Hour))
	default:
		length = fmt.Sprintf(words["minute"], int(span.Round(time.Minute)/time.Minute))
	}
	return strings.NewReplacer("{count}", fmt.Sprint(s.Count), "{percent}", fmt.Sprint(s.WarnPercent), "{span}", length).Replace(format)
}
