package rule

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/vigia-cx/vigia/internal/document"
	"github.com/vigia-cx/vigia/internal/kpi"
)

// placeholder is a field in the text of an annotation: {queue}, {value}.
var placeholder = regexp.MustCompile(`\{([a-z_]*)\}`)

// annotations reads summary and description, each one text or one by language, and checks the fields in them.
func (s *source) annotations(n *document.Node, r *Rule) {
	read := func(into *map[string]string) func(n *document.Node) {
		return func(n *document.Node) {
			if n.Scalar() {
				if t, ok := text(n); ok {
					*into = map[string]string{"en": t}
				}
			} else {
				*into = words(n)
			}
			for _, lang := range slices.Sorted(maps.Keys(*into)) {
				if !slices.Contains(kpi.Langs, lang) {
					n.Fault("%q is not a language here; use es, pt or en", lang)
				}
				for _, f := range placeholder.FindAllStringSubmatch((*into)[lang], -1) {
					if known := r.textFields(); !slices.Contains(known, f[1]) {
						n.Fault("the text (%s) has a field {%s} that this rule does not know; use {%s}", lang, f[1], strings.Join(known, "}, {"))
					}
				}
			}
		}
	}
	fields(n, field{"summary", read(&r.Summary)}, field{"description", read(&r.Description)})
}

// textFields lists what texts of the rule may mention.
func (r *Rule) textFields() []string {
	out := []string{"alert", "tenant", "severity", "value", "n", "condition", "clear", "window", "kpi"}
	for _, d := range r.By {
		out = append(out, string(d))
	}
	if r.Kind == Silent {
		out = append(out, "source")
	}
	return append(out, slices.Sorted(maps.Keys(r.Labels))...)
}

// builtin are the summaries of rules that have none.
var builtin = map[Kind]map[string]string{
	Threshold: {
		"en": "{kpi}{of}: {value} (n = {n}), limit {condition}",
		"es": "{kpi}{of}: {value} (n = {n}), límite {condition}",
		"pt": "{kpi}{of}: {value} (n = {n}), limite {condition}",
	},
	Burn: {
		"en": "{kpi}{of}: promises are broken {value} times as fast as the objective allows",
		"es": "{kpi}{of}: las promesas se incumplen {value} veces más rápido de lo que permite el objetivo",
		"pt": "{kpi}{of}: as promessas são descumpridas {value} vezes mais rápido do que o objetivo permite",
	},
	Absent: {
		"en": "{kpi}{of}: nothing comes any more",
		"es": "{kpi}{of}: ya no llega nada",
		"pt": "{kpi}{of}: não chega mais nada",
	},
	Silent: {
		"en": "The source {source} has been silent for {value}",
		"es": "La fuente {source} lleva {value} en silencio",
		"pt": "A fonte {source} está em silêncio há {value}",
	},
}

// SummaryOf writes what a change is about as one sentence in a language (es, pt or en): the rule's own words where it has some, English or the first ones it has where it lacks
// the language.
func (r *Rule) SummaryOf(lang string, c Change) string {
	if len(r.Summary) == 0 {
		words := builtin[r.Kind]
		text, ok := words[lang]
		if !ok {
			text, lang = words["en"], "en"
		}
		return r.fill(text, lang, c)
	}
	return r.fill(inLang(r.Summary, lang), lang, c)
}

// DescriptionOf writes the longer text of the rule in a language; "" when it has none.
func (r *Rule) DescriptionOf(lang string, c Change) string {
	return r.fill(inLang(r.Description, lang), lang, c)
}

func inLang(texts map[string]string, lang string) string {
	for _, l := range append([]string{lang}, kpi.Langs...) {
		if t, ok := texts[l]; ok {
			return t
		}
	}
	return ""
}

func (r *Rule) fill(text, lang string, c Change) string {
	return placeholder.ReplaceAllStringFunc(text, func(f string) string {
		switch name := f[1 : len(f)-1]; name {
		case "alert":
			return r.Name
		case "tenant":
			return c.Tenant
		case "severity":
			return string(r.Severity)
		case "value":
			return r.Say(lang, c.Seen.Number)
		case "n":
			return strconv.FormatInt(c.Seen.N, 10)
		case "condition":
			return spoken(r.Condition(), lang)
		case "clear":
			return spoken(r.Clear.Text, lang)
		case "window":
			return r.Window
		case "kpi":
			if r.def == nil {
				return ""
			}
			return r.def.Title.In(lang)
		case "of":
			return of(r, c.Group)
		default:
			if v, ok := c.Group[name]; ok {
				return v
			}
			return r.Labels[name]
		}
	})
}

// of names the group for a built-in text.
func of(r *Rule, group map[string]string) string {
	var names []string
	for _, d := range r.By {
		if name := group[string(d)]; name != "" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return " · " + strings.Join(names, " · ")
}

// Say writes a number as the rule judges it, for people: 73.0 %, 2 min 05 s, 12, 1.8.
func (r *Rule) Say(lang string, v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case r.Kind == Burn:
		return spoken(strconv.FormatFloat(v, 'f', 1, 64), lang)
	case r.Unit() == kpi.Ratio:
		return spoken(strconv.FormatFloat(100*v, 'f', 1, 64), lang) + "\u00a0%"
	case r.Unit() == kpi.Seconds:
		return lasting(v, lang)
	}
	return spoken(number(v), lang)
}

// spoken turns the decimal sign to that of the language.
func spoken(s, lang string) string {
	if lang == "es" || lang == "pt" {
		return strings.ReplaceAll(s, ".", ",")
	}
	return s
}

// lasting writes seconds in the two largest units that matter.
func lasting(v float64, lang string) string {
	s := int64(math.Round(v))
	switch {
	case v < 10:
		return spoken(strconv.FormatFloat(v, 'f', 1, 64), lang) + "\u00a0s"
	case s < 60:
		return fmt.Sprintf("%d\u00a0s", s)
	case s < 3600:
		return fmt.Sprintf("%d\u00a0min %02d\u00a0s", s/60, s%60)
	case s < 86_400:
		return fmt.Sprintf("%d\u00a0h %02d\u00a0min", s/3600, s%3600/60)
	}
	return fmt.Sprintf("%d\u00a0d %02d\u00a0h", s/86_400, s%86_400/3600)
}
