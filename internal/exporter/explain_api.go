package exporter

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/explain"
	"github.com/vigia-cx/vigia/internal/httpapi"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/window"
)

// explain serves GET /api/v1/explain: why a value is what it is, or what a conversation or customer counts for.
func (h *Handler) explain(w http.ResponseWriter, r *http.Request, q url.Values, tenant Tenant) error {
	if err := only(q, "kpi", "definition", "window", "at", "channel", "queue", "team", "agent", "topic", "conversation", "customer", "format", "lang", "tenant"); err != nil {
		return err
	}
	format, speaks := q.Get("format"), speak(r, tenant.Lang)
	if format != "" && format != "json" && format != "text" {
		return parameter("format", fmt.Sprintf("There is no format %q.", format), "json", "text")
	}
	subjects := []string{"kpi", "conversation", "customer"}
	asked := slices.DeleteFunc(slices.Clone(subjects), func(name string) bool { return q.Get(name) == "" })
	if len(asked) != 1 {
		return parameter("kpi", "Name what is to be explained: one kpi, one conversation or one customer.", subjects...)
	}
	if asked[0] != "kpi" {
		if err := only(q, asked[0], "format", "lang", "tenant"); err != nil {
			return err
		}
	}
	var answer any
	var write func(w io.Writer, lang string) error
	switch asked[0] {
	case "conversation":
		c, err := h.reader.ExplainConversation(r.Context(), tenant.Name, q.Get("conversation"))
		if err != nil {
			return err
		}
		answer, write = c, func(w io.Writer, lang string) error { return WriteConversation(w, lang, c) }
	case "customer":
		c, err := h.reader.ExplainCustomer(r.Context(), tenant.Name, q.Get("customer"))
		if err != nil {
			return err
		}
		answer, write = c, func(w io.Writer, lang string) error { return WriteCustomer(w, lang, c) }
	default:
		why, err := h.why(q, tenant)
		if err != nil {
			return err
		}
		v, err := h.reader.ExplainValue(r.Context(), why)
		if err != nil {
			return err
		}
		answer, write = v, func(w io.Writer, lang string) error { return WriteValue(w, lang, v) }
	}
	if format != "text" {
		httpapi.WriteJSON(w, http.StatusOK, answer)
		return nil
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Language", string(speaks))
	_ = write(w, string(speaks)) // a client that went away is nobody's fault
	return nil
}

// why reads which value is asked for.
func (h *Handler) why(q url.Values, tenant Tenant) (Why, error) {
	out := Why{Tenant: tenant.Name}
	plain := url.Values{}
	for _, name := range []string{"kpi", "definition", "window", "at"} {
		if values, ok := q[name]; ok {
			plain[name] = values
		}
	}
	query, err := h.parse(plain, tenant.Name)
	if err != nil {
		return out, err
	}
	if len(query.KPIs) != 1 {
		return out, parameter("kpi", "One value is explained at a time: name one KPI.", kpi.IDs()...)
	}
	if len(query.Definitions) > 1 {
		return out, parameter("definition", "One value is explained at a time: name one definition.", query.Definitions...)
	}
	out.KPI, out.Definitions, out.Window, out.At = query.KPIs[0], query.Definitions, query.Window, query.At
	if len(out.Definitions) == 0 {
		out.Definitions = tenant.Definitions
	}
	for _, dim := range window.Dimensions {
		if !q.Has(string(dim)) {
			continue
		}
		out.By = append(out.By, dim)
		name := q.Get(string(dim))
		switch dim {
		case window.DimChannel:
			out.Group.Channel = name
		case window.DimQueue:
			out.Group.Queue = name
		case window.DimTeam:
			out.Group.Team = name
		case window.DimAgent:
			out.Group.Agent = name
		case window.DimTopic:
			out.Group.Topic = name
		}
	}
	return out, nil
}

// WriteValue writes why a value is what it is, in a language.
func WriteValue(w io.Writer, lang string, v *explain.Value) error {
	return (&scribe{words: spoken(lang)}).write(w, func(s *scribe) { s.value(v) })
}

// WriteConversation writes what a conversation counts for, in a language.
func WriteConversation(w io.Writer, lang string, c *explain.Conversation) error {
	return (&scribe{words: spoken(lang)}).write(w, func(s *scribe) { s.conversation(c) })
}

// WriteCustomer writes what a customer counts for, in a language.
func WriteCustomer(w io.Writer, lang string, c *explain.Customer) error {
	return (&scribe{words: spoken(lang)}).write(w, func(s *scribe) { s.customer(c) })
}

func spoken(lang string) words {
	if texts[lang] == nil {
		return "en"
	}
	return words(lang)
}

// scribe writes an explanation for people.
type scribe struct {
	words
	out strings.Builder
}

func (s *scribe) write(w io.Writer, tell func(s *scribe)) error {
	tell(s)
	_, err := io.WriteString(w, s.out.String())
	return err
}

func (s *scribe) line(indent int, text string) {
	s.out.WriteString(strings.Repeat("  ", indent))
	s.out.WriteString(text)
	s.out.WriteByte('\n')
}

// head begins a part.
func (s *scribe) head(key string, pairs ...string) {
	s.out.WriteByte('\n')
	s.line(0, s.Say(key, pairs...))
}

// wallTime prints an instant shorter: the date and the time of the day to the second.
func wallTime(at string) string {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return at
	}
	return t.Format("2006-01-02 15:04:05")
}
