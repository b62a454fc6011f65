package explain

import (
	"fmt"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

// The units of sums.
const (
	Milliseconds = "ms"
	Millionths   = "millionths"
	Plain        = "1"
)

// named is what a raw metric is called, and what its sum is made of; "" when it has none.
type named struct {
	unit string
	name kpi.Text
}

func text(en, es, pt string) kpi.Text { return kpi.Text{EN: en, ES: es, PT: pt} }

// metrics are the raw metrics by number.
var metrics = map[window.Metric]named{
	1:  {"", text("conversations started", "conversaciones iniciadas", "conversas iniciadas")},
	2:  {Milliseconds, text("first responses", "primeras respuestas", "primeiras respostas")},
	3:  {Milliseconds, text("first responses known from a receipt", "primeras respuestas conocidas por un acuse", "primeiras respostas conhecidas por um recibo")},
	4:  {Milliseconds, text("following responses", "respuestas siguientes", "respostas seguintes")},
	5:  {Milliseconds, text("following responses known from a receipt", "respuestas siguientes conocidas por un acuse", "respostas seguintes conhecidas por um recibo")},
	6:  {Milliseconds, text("resolutions", "resoluciones", "resoluções")},
	7:  {"", text("first responses in time", "primeras respuestas a tiempo", "primeiras respostas no prazo")},
	8:  {"", text("first responses late", "primeras respuestas fuera de plazo", "primeiras respostas fora do prazo")},
	9:  {"", text("following responses in time", "respuestas siguientes a tiempo", "respostas seguintes no prazo")},
	10: {"", text("following responses late", "respuestas siguientes fuera de plazo", "respostas seguintes fora do prazo")},
	11: {"", text("resolutions in time", "resoluciones a tiempo", "resoluções no prazo")},
	12: {"", text("resolutions late", "resoluciones fuera de plazo", "resoluções fora do prazo")},
	13: {Milliseconds, text("answered", "atendidos", "atendidos")},
	14: {"", text("answered in target", "atendidos en objetivo", "atendidos na meta")},
	15: {Milliseconds, text("abandoned", "abandonados", "abandonados")},
	16: {"", text("abandoned soon", "abandonos cortos", "abandonos curtos")},
	17: {"", text("abandoned in target, not soon", "abandonados en objetivo, no cortos", "abandonados na meta, não curtos")},
	18: {"", text("taken out of the queue", "sacados de la cola", "retirados da fila")},
	19: {"", text("taken out in target", "sacados en objetivo", "retirados na meta")},
	20: {"", text("to voicemail", "al buzón de voz", "para a caixa postal")},
	21: {"", text("to voicemail in target", "al buzón en objetivo", "para a caixa postal na meta")},
	22: {"", text("to a callback", "a devolución de llamada", "para retorno de chamada")},
	23: {"", text("to a callback in target", "a devolución en objetivo", "para retorno na meta")},
	24: {"", text("lost", "perdidos", "perdidos")},
	25: {Milliseconds, text("handled", "gestionados", "tratados")},
	26: {Millionths, text("messages with a sentiment", "mensajes con sentimiento", "mensagens com sentimento")},
	27: {"", text("positive messages", "mensajes positivos", "mensagens positivas")},
	28: {"", text("negative messages", "mensajes negativos", "mensagens negativas")},
	29: {"", text("customers by their last activity", "clientes por su última actividad", "clientes por sua última atividade")},
	30: {"", text("customers by day", "clientes por día", "clientes por dia")},
	31: {"", text("resolves", "veces resuelta", "vezes resolvida")},
	32: {"", text("resolves undone", "resoluciones deshechas", "resoluções desfeitas")},
	33: {Milliseconds, text("times open until resolved", "tiempos abierta hasta resolver", "tempos aberta até resolver")},
	34: {Milliseconds, text("times since opened last", "tiempos desde la última apertura", "tempos desde a última abertura")},
	35: {Milliseconds, text("waits of requesters", "esperas del solicitante", "esperas do solicitante")},
	36: {Milliseconds, text("times with agents", "tiempos con agentes", "tempos com atendentes")},
	37: {Plain, text("resolutions and their replies", "resoluciones y sus respuestas", "resoluções e suas respostas")},
	38: {"", text("people took part", "participó una persona", "uma pessoa participou")},
	39: {"", text("transferred", "transferidas", "transferidas")},
	40: {Milliseconds, text("talk times", "tiempos de conversación", "tempos de conversa")},
	41: {Milliseconds, text("hold times", "tiempos en espera", "tempos em espera")},
	42: {Milliseconds, text("wrap-up times", "tiempos posteriores", "tempos de pós-atendimento")},
	43: {Milliseconds, text("times between replies", "tiempos entre respuestas", "tempos entre respostas")},
	44: {Milliseconds, text("times between replies, without waiting for the customer", "tiempos entre respuestas, sin esperar al cliente", "tempos entre respostas, sem esperar o cliente")},
	45: {"", text("periodic updates in time", "avisos periódicos a tiempo", "avisos periódicos no prazo")},
	46: {"", text("periodic updates late", "avisos periódicos fuera de plazo", "avisos periódicos fora do prazo")},
	47: {"", text("pausable updates in time", "avisos con pausa a tiempo", "avisos com pausa no prazo")},
	48: {"", text("pausable updates late", "avisos con pausa fuera de plazo", "avisos com pausa fora do prazo")},
	60: {"", text("surveys sent", "encuestas enviadas", "pesquisas enviadas")},
	61: {"", text("surveys delivered", "encuestas entregadas", "pesquisas entregues")},
	62: {"", text("surveys seen", "encuestas vistas", "pesquisas vistas")},
	63: {"", text("surveys answered", "encuestas respondidas", "pesquisas respondidas")},
	64: {"", text("delivered and answered", "entregadas y respondidas", "entregues e respondidas")},
	65: {"", text("seen and answered", "vistas y respondidas", "vistas e respondidas")},
	70: {Millionths, text("conversations with a mood", "conversaciones con ánimo", "conversas com humor")},
	71: {Millionths, text("changes of mood", "cambios de ánimo", "mudanças de humor")},
	72: {"", text("began badly", "empezaron mal", "começaram mal")},
	73: {"", text("began badly and ended well", "empezaron mal y acabaron bien", "começaram mal e terminaram bem")},
	74: {Millionths, text("messages with frustration told", "mensajes con frustración medida", "mensagens com frustração medida")},
	75: {"", text("frustrated messages", "mensajes con frustración", "mensagens com frustração")},
	76: {Millionths, text("messages with urgency told", "mensajes con urgencia medida", "mensagens com urgência medida")},
	77: {"", text("urgent messages", "mensajes urgentes", "mensagens urgentes")},
	80: {"", text("with a bot", "con un bot", "com um bot")},
	81: {"", text("handed to people", "pasadas a personas", "passadas a pessoas")},
	82: {"", text("handed over out of hours", "pasadas fuera de horario", "passadas fora do horário")},
	83: {Milliseconds, text("times until handed over", "tiempos hasta el pase", "tempos até a passagem")},
	90: {"", text("surveys to customers", "encuestas a clientes", "pesquisas a clientes")},
	91: {"", text("too soon after another", "demasiado pronto tras otra", "cedo demais após outra")},
	92: {"", text("customers who came back", "clientes que volvieron", "clientes que voltaram")},
	93: {"", text("customers of a week", "clientes de una semana", "clientes de uma semana")},
	94: {"", text("and of the week after", "y de la siguiente", "e da seguinte")},
	95: {"", text("customers of a month", "clientes de un mes", "clientes de um mês")},
	96: {"", text("and of the month after", "y del siguiente", "e do seguinte")},

	241: {"", text("first contacts final and strict", "primeros contactos definitivos y estrictos", "primeiros contatos definitivos e estritos")},
	242: {"", text("final, of topics for a first contact", "definitivos, de temas de primer contacto", "definitivos, de temas de primeiro contato")},
	243: {"", text("of these held", "de estos, mantenidos", "destes, mantidos")},
	250: {"", text("contacts over", "contactos terminados", "contatos terminados")},
	251: {"", text("without people", "sin personas", "sem pessoas")},
	252: {"", text("solved by self-service", "resueltos en autoservicio", "resolvidos no autoatendimento")},
	253: {"", text("and nobody asked again", "y nadie volvió a preguntar", "e ninguém voltou a perguntar")},
	254: {"", text("and the customer confirmed", "y el cliente lo confirmó", "e o cliente confirmou")},

	500:  {Milliseconds, text("minutes with contacts", "minutos con contactos", "minutos com contatos")},
	501:  {Milliseconds, text("minutes with contacts, each contact by itself", "minutos con contactos, cada contacto por separado", "minutos com contatos, cada contato por si")},
	502:  {Milliseconds, text("minutes available without contacts", "minutos disponibles sin contactos", "minutos disponíveis sem contatos")},
	503:  {"", text("contacts taken", "contactos tomados", "contatos assumidos")},
	540:  {"", text("customers at risk", "clientes en riesgo", "clientes em risco")},
	541:  {"", text("silent beyond their rhythm", "en silencio más allá de su ritmo", "em silêncio além do seu ritmo")},
	542:  {"", text("less satisfied than before", "menos satisfechos que antes", "menos satisfeitos que antes")},
	543:  {"", text("whose last contact went badly", "cuyo último contacto salió mal", "cujo último contato foi mal")},
	560:  {"", text("triggers people were told of", "avisos comunicados al equipo", "avisos comunicados à equipe")},
	561:  {"", text("solved before the customer asked", "resueltos antes de que el cliente preguntara", "resolvidos antes de o cliente perguntar")},
	562:  {"", text("the customer was written to", "se escribió al cliente", "escreveu-se ao cliente")},
	563:  {"", text("and answered", "y respondió", "e respondeu")},
	564:  {"", text("the customer asked", "el cliente preguntó", "o cliente perguntou")},
	565:  {"", text("triggers held out", "avisos retenidos a propósito", "avisos retidos de propósito")},
	566:  {"", text("held out, and the customer asked", "retenidos, y el cliente preguntó", "retidos, e o cliente perguntou")},
	567:  {"", text("told by triggers with a hold-out", "comunicados de avisos con grupo de control", "comunicados de avisos com grupo de controle")},
	568:  {"", text("told with a hold-out, and the customer asked", "comunicados con grupo de control, y el cliente preguntó", "comunicados com grupo de controle, e o cliente perguntou")},
	5000: {"", text("customers who bought", "clientes que compraron", "clientes que compraram")},
	5001: {"", text("customers who subscribe", "clientes suscritos", "clientes assinantes")},
}

// rows are metrics that stand in a row: %s is the place in it.
var rows = []struct {
	from, wide window.Metric
	named
	place func(i window.Metric) string
}{
	{200, 4, named{"", text("first contacts (%s)", "primeros contactos (%s)", "primeiros contatos (%s)")}, tier},
	{210, 4, named{"", text("first contacts held (%s)", "primeros contactos mantenidos (%s)", "primeiros contatos mantidos (%s)")}, tier},
	{220, 4, named{"", text("first contacts final (%s)", "primeros contactos definitivos (%s)", "primeiros contatos definitivos (%s)")}, tier},
	{230, 4, named{"", text("first contacts final and held (%s)", "primeros contactos definitivos y mantenidos (%s)", "primeiros contatos definitivos e mantidos (%s)")}, tier},
	{100, 9, named{Millionths, text("answers on scale %s", "respuestas en la escala %s", "respostas na escala %s")}, scale},
	{1000, 144, named{"", text("answers %s", "respuestas %s", "respostas %s")}, point},
	{260, 11, named{"", text("latest answer %s, relational", "última respuesta %s, relacional", "última resposta %s, relacional")}, number},
	{280, 11, named{"", text("latest answer %s, transactional", "última respuesta %s, transaccional", "última resposta %s, transacional")}, number},
	{300, 11, named{"", text("answers %s, relational", "respuestas %s, relacionales", "respostas %s, relacionais")}, number},
	{320, 11, named{"", text("answers %s, transactional", "respuestas %s, transaccionales", "respostas %s, transacionais")}, number},
	{570, 5, named{"", text("told: %s", "comunicados: %s", "comunicados: %s")}, trigger},
	{580, 5, named{"", text("solved: %s", "resueltos: %s", "resolvidos: %s")}, trigger},
	{700, 96, named{"", text("surveys on a widget: %s", "encuestas por formato: %s", "pesquisas por formato: %s")}, request},
	{800, 96, named{"", text("surveys by moment: %s", "encuestas por momento: %s", "pesquisas por momento: %s")}, request},
	{5002, 998, named{Millionths, text("sold in %s", "vendido en %s", "vendido em %s")}, func(i window.Metric) string { return currency(i + 2) }},
	{6000, 5000, named{Millionths, text("sold by way of the channel: %s", "vendido gracias al canal: %s", "vendido graças ao canal: %s")}, share},
	{11000, 1000, named{Millionths, text("subscribed monthly in %s", "suscrito por mes en %s", "assinado por mês em %s")}, currency},
	{400, 30, named{"", text("efforts %s", "esfuerzos %s", "esforços %s")}, switches},
}

// trigger names a kind of trigger by its number.
func trigger(i window.Metric) string {
	return [...]string{"deadline_at_risk", "negative_streak", "repeat_contact", "gone_silent", "bot_loop"}[i]
}

// request names how far survey requests of one kind came; kinds are numbered from 1, in the order of the configuration.
func request(i window.Metric) string {
	return fmt.Sprintf("%s, #%d", [...]string{"sent", "delivered", "seen", "answered", "delivered and answered", "seen and answered"}[i/16], i%16)
}

// currency is the code of an ISO 4217 number.
func currency(i window.Metric) string {
	for _, c := range event.Currencies() {
		if window.Metric(c.Number) == i {
			return c.Code
		}
	}
	return fmt.Sprint(i)
}

// share names a model of attribution and a currency.
func share(i window.Metric) string {
	return [...]string{"first", "last", "linear", "position", "decay"}[i/1000] + ", " + currency(i%1000)
}

func tier(i window.Metric) string { return [...]string{"–", "simple", "medium", "complex"}[i] }

func number(i window.Metric) string { return fmt.Sprint(i) }

func scale(i window.Metric) string {
	low, high := convo.ScaleEnds(uint32(i))
	if n, ok := convo.ScaleOf(event.CES, low*1e6, high*1e6); ok && n == uint32(i) {
		return fmt.Sprintf("CES %d–%d", low, high)
	}
	return fmt.Sprintf("CSAT %d–%d", low, high)
}

func point(i window.Metric) string {
	low, _ := convo.ScaleEnds(uint32(i / 16))
	return fmt.Sprintf("%d (%s)", low+int64(i%16), scale(i/16))
}

func switches(i window.Metric) string { return fmt.Sprintf("%d (×%d)", i%10+1, i/10) }

// describe finds a metric by number.
func describe(m window.Metric) (named, bool) {
	if x, ok := metrics[m]; ok {
		return x, true
	}
	for _, r := range rows {
		if m >= r.from && m < r.from+r.wide {
			place := r.place(m - r.from)
			return named{r.unit, text(fmt.Sprintf(r.name.EN, place), fmt.Sprintf(r.name.ES, place), fmt.Sprintf(r.name.PT, place))}, true
		}
	}
	return named{}, false
}

// MetricName is what a raw metric is called; one that nobody has named is called after its KPI.
func MetricName(d *kpi.Def, m window.Metric) kpi.Text {
	if x, ok := describe(m); ok {
		return x.name
	}
	n := fmt.Sprintf(" · %d", m)
	return text(d.Title.EN+n, d.Title.ES+n, d.Title.PT+n)
}

// SumUnit is what the sum of a metric is made of; "" when it has none.
func SumUnit(d *kpi.Def, m window.Metric) string {
	if x, ok := describe(m); ok {
		return x.unit
	}
	if d.Unit == kpi.Seconds {
		return Milliseconds
	}
	return Plain
}
