package notify

import "strings"

// words is what messages say, by language. {places} are filled in.
var words = map[string]map[string]string{
	"en": {
		string(SLAWarning): "At risk", string(SLABreached): "Promise broken", string(SLARetracted): "Kept after all", string(SLASettled): "Settled late",
		string(KPIFiring): "Alert", string(KPIResolved): "Over", string(TriggerFired): "Help a customer", string(Digest): "Digest",

		"kind.sla.warning": "at risk", "kind.sla.breached": "broken", "kind.sla.breach_retracted": "kept after all", "kind.sla.breach_settled": "settled late",
		"kind.kpi.firing": "firing", "kind.kpi.resolved": "over", "kind.trigger.fired": "to be helped", "kind.digest": "digests",

		"critical": "critical", "warning": "warning", "info": "information", "mark.critical": "CRITICAL",
		"first_response": "first reply", "next_response": "next reply", "resolution": "resolution", "periodic_update": "periodic update", "pausable_update": "pausable update",
		"voice": "phone", "video": "video", "email": "e-mail", "web_chat": "web chat", "in_app": "in-app chat", "ticket": "tickets", "social": "social networks",
		"task": "tasks", "survey": "surveys", "sms": "SMS", "whatsapp": "WhatsApp", "messenger": "Messenger", "instagram": "Instagram", "telegram": "Telegram",

		"title.due": "due {due}", "title.was_due": "due {due}", "title.in": "in {left}", "title.late": "{late} late", "title.lasted": "after {lasted}", "title.several": "{total} alerts",
		"title.missed.one": "one alert while nobody could be told", "title.missed": "{total} alerts while nobody could be told",

		"severity": "Severity", "where": "Where", "tenant": "tenant {name}", "queue": "queue {name}", "team": "Team", "agent": "Agent", "conversation": "Conversation",
		"customer": "Customer", "rule": "Rule", "span": "{from} to {to}", "other": "Labels", "due": "Due", "due.left": "{due}, in {left}", "due.late": "{due}, {late} late", "due.kept": "{due}, kept",
		"since": "Since", "at": "At", "lasted": "Lasted", "lasted.span": "{lasted}, {span}", "now": "Value", "of": "{num} of {den}", "n": "{n} measured",
		"interval": "95 % interval {low} to {high}", "condition": "Condition", "window": "Window", "window.of": "{span}, known up to {as_of}",
		"window.now": "now, known up to {as_of}", "incomplete": "data are missing: take the value with care", "why": "Why", "all": "In all", "all.of": "{total}: {counts}", "more": "and {more} more",
		"open": "Open", "runbook": "What to do", "acknowledge": "Acknowledge", "incident": "Incident",
	},
	"es": {
		string(SLAWarning): "En riesgo", string(SLABreached): "Promesa incumplida", string(SLARetracted): "Sí se cumplió", string(SLASettled): "Cumplida tarde",
		string(KPIFiring): "Alerta", string(KPIResolved): "Terminó", string(TriggerFired): "Ayudar a un cliente", string(Digest): "Resumen",

		"kind.sla.warning": "en riesgo", "kind.sla.breached": "incumplidas", "kind.sla.breach_retracted": "sí cumplidas", "kind.sla.breach_settled": "cumplidas tarde",
		"kind.kpi.firing": "activas", "kind.kpi.resolved": "terminadas", "kind.trigger.fired": "por ayudar", "kind.digest": "resúmenes",

		"critical": "crítica", "warning": "aviso", "info": "información", "mark.critical": "CRÍTICO",
		"first_response": "primera respuesta", "next_response": "respuesta siguiente", "resolution": "resolución", "periodic_update": "actualización periódica", "pausable_update": "actualización pausable",
		"voice": "teléfono", "video": "vídeo", "email": "correo", "web_chat": "chat web", "in_app": "chat en la app", "ticket": "tickets", "social": "redes sociales",
		"task": "tareas", "survey": "encuestas", "sms": "SMS", "whatsapp": "WhatsApp", "messenger": "Messenger", "instagram": "Instagram", "telegram": "Telegram",

		"title.due": "vence a las {due}", "title.was_due": "vencía a las {due}", "title.in": "en {left}", "title.late": "{late} tarde", "title.lasted": "después de {lasted}", "title.several": "{total} alertas",
		"title.missed.one": "una alerta mientras no se podía avisar", "title.missed": "{total} alertas mientras no se podía avisar",

		"severity": "Gravedad", "where": "Dónde", "tenant": "empresa {name}", "queue": "cola {name}", "team": "Equipo", "agent": "Agente", "conversation": "Conversación",
		"customer": "Cliente", "rule": "Regla", "span": "de {from} a {to}", "other": "Etiquetas", "due": "Vencimiento", "due.left": "{due}, en {left}", "due.late": "{due}, {late} tarde", "due.kept": "{due}, cumplida",
		"since": "Desde", "at": "Momento", "lasted": "Duró", "lasted.span": "{lasted}, {span}", "now": "Valor", "of": "{num} de {den}", "n": "{n} medidos",
		"interval": "intervalo del 95 %: {low} a {high}", "condition": "Condición", "window": "Ventana", "window.of": "{span}, conocida hasta {as_of}",
		"window.now": "ahora, conocida hasta {as_of}", "incomplete": "faltan datos: tomar el valor con cautela", "why": "Por qué", "all": "En total", "all.of": "{total}: {counts}", "more": "y {more} más",
		"open": "Abrir", "runbook": "Qué hacer", "acknowledge": "Confirmar", "incident": "Incidente",
	},
	"pt": {
		string(SLAWarning): "Em risco", string(SLABreached): "Promessa descumprida", string(SLARetracted): "Foi cumprida", string(SLASettled): "Cumprida com atraso",
		string(KPIFiring): "Alerta", string(KPIResolved): "Terminou", string(TriggerFired): "Ajudar um cliente", string(Digest): "Resumo",

		"kind.sla.warning": "em risco", "kind.sla.breached": "descumpridas", "kind.sla.breach_retracted": "cumpridas", "kind.sla.breach_settled": "cumpridas com atraso",
		"kind.kpi.firing": "ativos", "kind.kpi.resolved": "terminados", "kind.trigger.fired": "a ajudar", "kind.digest": "resumos",

		"critical": "crítica", "warning": "aviso", "info": "informação", "mark.critical": "CRÍTICO",
		"first_response": "primeira resposta", "next_response": "resposta seguinte", "resolution": "resolução", "periodic_update": "atualização periódica", "pausable_update": "atualização pausável",
		"voice": "telefone", "video": "vídeo", "email": "e-mail", "web_chat": "chat web", "in_app": "chat no app", "ticket": "tickets", "social": "redes sociais",
		"task": "tarefas", "survey": "pesquisas", "sms": "SMS", "whatsapp": "WhatsApp", "messenger": "Messenger", "instagram": "Instagram", "telegram": "Telegram",

		"title.due": "vence às {due}", "title.was_due": "vencia às {due}", "title.in": "em {left}", "title.late": "{late} de atraso", "title.lasted": "depois de {lasted}", "title.several": "{total} alertas",
		"title.missed.one": "um alerta enquanto não se podia avisar", "title.missed": "{total} alertas enquanto não se podia avisar",

		"severity": "Gravidade", "where": "Onde", "tenant": "empresa {name}", "queue": "fila {name}", "team": "Equipe", "agent": "Agente", "conversation": "Conversa",
		"customer": "Cliente", "rule": "Regra", "span": "de {from} a {to}", "other": "Rótulos", "due": "Vencimento", "due.left": "{due}, em {left}", "due.late": "{due}, {late} de atraso", "due.kept": "{due}, cumprida",
		"since": "Desde", "at": "Momento", "lasted": "Durou", "lasted.span": "{lasted}, {span}", "now": "Valor", "of": "{num} de {den}", "n": "{n} medidos",
		"interval": "intervalo de 95 %: {low} a {high}", "condition": "Condição", "window": "Janela", "window.of": "{span}, conhecida até {as_of}",
		"window.now": "agora, conhecida até {as_of}", "incomplete": "faltam dados: usar o valor com cautela", "why": "Por quê", "all": "No total", "all.of": "{total}: {counts}", "more": "e mais {more}",
		"open": "Abrir", "runbook": "O que fazer", "acknowledge": "Confirmar", "incident": "Incidente",
	},
}

// speaker says words in one language.
type speaker struct{ lang string }

func speak(lang string) speaker {
	if _, ok := words[lang]; !ok {
		lang = "en"
	}
	return speaker{lang}
}

// say returns a word with {name} replaced by value, for each pair of names and values.
func (s speaker) say(key string, pairs ...string) string {
	for i := 0; i < len(pairs); i += 2 {
		pairs[i] = "{" + pairs[i] + "}"
	}
	return strings.NewReplacer(pairs...).Replace(words[s.lang][key])
}

// known returns the word for a name, or the name itself when there is none: channels and clocks have words, names that people have configured do not.
func (s speaker) known(name string) string {
	if word, ok := words[s.lang][name]; ok {
		return word
	}
	return name
}
