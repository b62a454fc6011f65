package alerter

import (
	"bytes"
	"html/template"
	"net/http"

	"github.com/vigia-cx/vigia/internal/notify"
)

// ackPage asks before it acknowledges: programs that look at the links of messages follow them too.
var ackPage = template.Must(template.New("ack").Parse(`<!doctype html>
<html lang="{{.Lang}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Vigia</title>
<style>body{font:18px/1.5 system-ui,sans-serif;max-width:34em;margin:3em auto;padding:0 1em;color:#1b2733}button{font:inherit;padding:.6em 1.2em}input{font:inherit;padding:.4em;width:16em}</style></head>
<body><h1>{{.Words.title}}</h1><p><strong>{{.Title}}</strong></p>
{{if .Over}}<p>{{.Words.over}}</p>{{else if .Done}}<p>{{.Words.done}}</p>{{else}}<form method="post"><p><label>{{.Words.by}} <input name="by" maxlength="100" autocomplete="name"></label></p><p><button>{{.Words.button}}</button></p></form>{{end}}
</body></html>
`))

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
	err := ackPage.Execute(&page, map[string]any{"Lang": lang, "Words": ackWords[lang], "Title": notify.Title(n), "Done": done || i.AckAt != 0, "Over": i.over()})
	if err != nil {
		panic("alerter: BUG: " + err.Error()) // the template and what it shows are ours
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(page.Bytes()) // the client is gone
	return nil
}
