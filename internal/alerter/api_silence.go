package alerter

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/httpapi"
)

// Silence is a silence as the API tells and takes it.
type Silence struct {
	ID       string    `json:"id,omitempty"` // made by the server
	Author   string    `json:"author"`
	Reason   string    `json:"reason"`
	StartsAt string    `json:"starts_at,omitempty"` // RFC 3339; none is now
	EndsAt   string    `json:"ends_at"`             // RFC 3339, at most 14 days from now
	Matchers []Matcher `json:"matchers"`
}

// Matcher compares one label: alertname, queue, channel, clock, severity, team, conversation, or one of a rule.
type Matcher struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	Regex    bool   `json:"regex,omitempty"`    // value is a regular expression for the whole label
	Negative bool   `json:"negative,omitempty"` // the label must not match
}

func (h *Handler) silences(w http.ResponseWriter, r *http.Request) *problem {
	if r.Method == http.MethodPost {
		return h.makeSilence(w, r)
	}
	t, p := h.access.tenant(r, mayRead)
	if p != nil {
		return p
	}
	list, p := h.silencesOf(r, t)
	if p != nil {
		return p
	}
	out := []Silence{}
	for _, s := range list {
		x := Silence{ID: s.ID, Author: s.Author, Reason: s.Reason, StartsAt: t.stamp(s.StartsAt), EndsAt: t.stamp(s.EndsAt)}
		for _, m := range s.Matchers {
			x.Matchers = append(x.Matchers, Matcher(m))
		}
		out = append(out, x)
	}
	httpapi.WriteJSON(w, http.StatusOK, map[string]any{"tenant": t.Name, "silences": out})
	return nil
}

// silencesOf returns a tenant's silences that have not ended, the first to end first.
func (h *Handler) silencesOf(r *http.Request, t *Tenant) ([]event.Silence, *problem) {
	state, p := h.read(r.Context(), t, keySilences)
	if p != nil {
		return nil, p
	}
	var out []event.Silence
	for key, b := range state[keySilences] {
		if s, err := decode[event.Silence](key, b); err == nil && s.Tenant == t.Name && s.EndsAt > h.a.now() {
			out = append(out, *s)
		}
	}
	slices.SortFunc(out, func(a, b event.Silence) int {
		if a.EndsAt != b.EndsAt {
			return int(max(-1, min(1, a.EndsAt-b.EndsAt)))
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out, nil
}

func (h *Handler) makeSilence(w http.ResponseWriter, r *http.Request) *problem {
	t, p := h.access.tenant(r, mayAlert)
	if p != nil {
		return p
	}
	var body Silence
	if p := readJSON(r, &body); p != nil {
		return p
	}
	s, err := body.record(t.Name, h.a.cfg.Clock())
	if err != nil {
		return badRequest.because(err.Error())
	}
	if p := h.publish(r.Context(), event.SilenceKey(t.Name, s.ID), s); p != nil {
		return p
	}
	body.ID, body.StartsAt, body.EndsAt = s.ID, t.stamp(s.StartsAt), t.stamp(s.EndsAt)
	httpapi.WriteJSON(w, http.StatusAccepted, body)
	return nil
}

// record checks a silence and makes the record of it. The error says what to write instead.
func (s *Silence) record(tenant string, now time.Time) (event.Silence, error) {
	out := event.Silence{Tenant: tenant, ID: rand.Text(), Author: strings.TrimSpace(s.Author), Reason: strings.TrimSpace(s.Reason), StartsAt: now.UnixMilli()}
	switch {
	case s.ID != "":
		return out, fmt.Errorf("id: is made by the server; leave it out")
	case out.Author == "" || out.Reason == "" || len(out.Author) > 200 || len(out.Reason) > 1000:
		return out, fmt.Errorf("author and reason: say who silences, and why, in up to 200 and 1000 bytes")
	case len(s.Matchers) == 0 || len(s.Matchers) > 20:
		return out, fmt.Errorf("matchers: give 1 to 20; to silence everything, match severity with the regular expression .*")
	}
	if s.StartsAt != "" {
		at, err := time.Parse(time.RFC3339, s.StartsAt)
		if err != nil {
			return out, fmt.Errorf("starts_at: %q is no instant; write it like 2026-01-31T15:04:05Z", s.StartsAt)
		}
		out.StartsAt = at.UnixMilli()
	}
	end, err := time.Parse(time.RFC3339, s.EndsAt)
	if err != nil || !end.After(now) || end.UnixMilli() <= out.StartsAt || end.Sub(now) > maxSilence {
		return out, fmt.Errorf("ends_at: %q must be an instant like 2026-01-31T15:04:05Z, after now and the begin, at most 14 days ahead", s.EndsAt)
	}
	out.EndsAt = end.UnixMilli()
	for i, m := range s.Matchers {
		if m.Name == "" || len(m.Name) > 100 || len(m.Value) > 500 || !utf8.ValidString(m.Name+m.Value) {
			return out, fmt.Errorf("matchers[%d]: give the name of a label, and a value of up to 500 bytes", i)
		}
		if m.Regex {
			if _, err := regexp.Compile("^(?:" + m.Value + ")$"); err != nil {
				return out, fmt.Errorf("matchers[%d]: the regular expression cannot be read: %w", i, err)
			}
		}
		out.Matchers = append(out.Matchers, event.SilenceMatcher(m))
	}
	if !utf8.ValidString(out.Author + out.Reason) {
		return out, fmt.Errorf("author and reason: not UTF-8")
	}
	return out, nil
}

// unsilence takes a silence back.
func (h *Handler) unsilence(w http.ResponseWriter, r *http.Request) *problem {
	t, p := h.access.tenant(r, mayAlert)
	if p != nil {
		return p
	}
	list, p := h.silencesOf(r, t)
	if p != nil {
		return p
	}
	n := slices.IndexFunc(list, func(s event.Silence) bool { return s.ID == r.PathValue("id") })
	if n < 0 {
		return notFound.because("There is no such silence; it may have ended.")
	}
	s := list[n]
	s.EndsAt = s.StartsAt
	if p := h.publish(r.Context(), event.SilenceKey(t.Name, s.ID), s); p != nil {
		return p
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
