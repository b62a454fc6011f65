package exporter

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/text/language"

	"github.com/vigia-cx/vigia/internal/kpi"
)

//go:embed lang/*.json
var langFiles embed.FS

// texts holds the words of the page: by language, by key.
var texts = func() map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, lang := range kpi.Langs {
		b, err := langFiles.ReadFile("lang/" + lang + ".json")
		if err != nil {
			panic("exporter: BUG: " + err.Error())
		}
		words := map[string]string{}
		if err := json.Unmarshal(b, &words); err != nil {
			panic("exporter: BUG: lang/" + lang + ".json: " + err.Error())
		}
		all[lang] = words
	}
	return all
}()

var langMatcher = language.NewMatcher([]language.Tag{language.English, language.Spanish, language.Portuguese})

// speak chooses the language of the page: ?lang=, else what the browser prefers, else the tenant's.
func speak(r *http.Request, fallback string) words {
	if asked := r.URL.Query().Get("lang"); texts[asked] != nil {
		return words(asked)
	}
	if tags, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language")); err == nil && len(tags) > 0 {
		if _, i, sure := langMatcher.Match(tags...); sure >= language.High {
			return words([]string{"en", "es", "pt"}[i])
		}
	}
	if texts[fallback] != nil {
		return words(fallback)
	}
	return "en"
}

// words speaks one language.
type words string

// Say returns a text; pairs of name and value fill its {places}.
func (w words) Say(key string, pairs ...string) string {
	text, ok := texts[string(w)][key]
	if !ok {
		panic(fmt.Sprintf("exporter: BUG: no text %q in %s", key, w))
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		text = strings.ReplaceAll(text, "{"+pairs[i]+"}", pairs[i+1])
	}
	return text
}

// Count returns the text for a number of things.
func (w words) Count(key string, n int) string {
	form := "_other"
	if n == 1 {
		form = "_one"
	}
	return w.Say(key+form, "n", strconv.Itoa(n))
}

// channel returns the name of a channel.
func (w words) channel(id string) string {
	if text, ok := texts[string(w)]["channel_"+id]; ok {
		return text
	}
	return id
}

// alert names an alert; rules and triggers are called as their authors called them.
func (w words) alert(name string) string {
	if name == "SLABreach" || name == "SLAWarning" {
		return w.Say("alert_" + name)
	}
	return name
}

// problem explains why nothing can be shown: in the reader's language where a reader can meet it, else in English.
func (w words) problem(p *problem) string {
	if text, ok := texts[string(w)]["problem_"+p.kind.Slug]; ok {
		return text
	}
	return p.Detail
}

// decimal prints a number with digits after the decimal sign of the language.
func (w words) decimal(f float64, digits int) string {
	s := strconv.FormatFloat(f, 'f', digits, 64)
	if w != "en" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}

// percent prints a ratio.
func (w words) percent(f float64) string { return w.decimal(100*f, 1) + "\u00a0%" }

// duration prints milliseconds in the two largest units that matter.
func (w words) duration(ms int64) string {
	s := (ms + 500) / 1000
	switch {
	case ms < 10_000:
		return w.decimal(float64(ms)/1000, 1) + "\u00a0s"
	case s < 60:
		return fmt.Sprintf("%d\u00a0s", s)
	case s < 3600:
		return fmt.Sprintf("%d\u00a0min %02d\u00a0s", s/60, s%60)
	case s < 86_400:
		return fmt.Sprintf("%d\u00a0h %02d\u00a0min", s/3600, s%3600/60)
	}
	return fmt.Sprintf("%d\u00a0d %02d\u00a0h", s/86_400, s%86_400/3600)
}
