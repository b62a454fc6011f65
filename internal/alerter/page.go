package alerter

import (
	"bytes"
	"net/http"

	g "maragu.dev/gomponents"
	"maragu.dev/gomponents/html"

	"github.com/vigia-cx/vigia/internal/notify"
)

var ackWords = map[string]map[string]string{
	"en": {"title": "Acknowledge an alert", "by": "Your name (optional)", "button": "I look after it", "done": "Somebody looks after it. Nobody else is called.", "over": "It is over."},
	"es": {"title": "Confirmar una alerta", "by": "Su nombre (opcional)", "button": "Yo me ocupo", "done": "Alguien se ocupa. No se llama a nadie más.", "over": "Ya terminó."},
	"pt": {"title": "Confirmar um alerta", "by": "Seu nome (opcional)", "button": "Eu cuido disso", "done": "Alguém está cuidando. Ninguém mais será chamado.", "over": "Já terminou."},
}

// showAckPage shows an incident to whoever followed its link.
func showAckPage(w http.ResponseWriter, t *Tenant, i *incident, done bool) *problem {
	lang := t.Lang
	if ackWords[lang] == nil {
		lang = "en"
	}
	n := (&tenant{Tenant: *t}).notice(i, i.Type)
	n.Lang = lang
	var page bytes.Buffer
	_ = ackPage(lang, notify.Title(n), i.over(), done || i.AckAt != 0).Render(&page) // fails as its writer does, which a buffer never does
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(page.Bytes()) // the client is gone
	return nil
}

const ackStyle = `body{font:18px/1.5 system-ui,sans-serif;max-width:34em;margin:3em auto;padding:0 1em;color:#1b2733}button{font:inherit;padding:.6em 1.2em}input{font:inherit;padding:.4em;width:16em}`

// ackPage says what an incident is. While nobody looks after it, it asks before it acknowledges: programs that look at the links of messages follow them too.
func ackPage(lang, title string, over, done bool) g.Node {
	say := ackWords[lang]
	state := ackForm(say)
	switch {
	case over:
		state = html.P(g.Text(say["over"]))
	case done:
		state = html.P(g.Text(say["done"]))
	}
	return html.Doctype(html.HTML(html.Lang(lang),
		html.Head(
			html.Meta(html.Charset("utf-8")),
			html.Meta(html.Name("viewport"), html.Content("width=device-width")),
			html.TitleEl(g.Text("Vigia")),
			html.StyleEl(g.Raw(ackStyle)),
		),
		html.Body(
			html.H1(g.Text(say["title"])),
			html.P(html.Strong(g.Text(title))),
			state,
		),
	))
}

func ackForm(say map[string]string) g.Node {
	return html.Form(html.Method("post"),
		html.P(html.Label(g.Text(say["by"]+" "), html.Input(html.Name("by"), html.MaxLength("100"), html.AutoComplete("name")))),
		html.P(html.Button(g.Text(say["button"]))),
	)
}
