package exporter

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/vigia-cx/vigia/internal/kpi"
)

// problemKind is one row of the table of problems in README.md.
type problemKind struct {
	slug   string
	status int
	title  string
}

// problemBase is where problem types are explained.
const problemBase = "https://github.com/vigia-cx/vigia/blob/main/internal/exporter/README.md#"

var (
	badParameter  = problemKind{"invalid-parameter", http.StatusBadRequest, "A parameter cannot be used"}
	unauthorized  = problemKind{"unauthorized", http.StatusUnauthorized, "No valid read token"}
	foreignHost   = problemKind{"foreign-host", http.StatusForbidden, "Only local requests"}
	notFound      = problemKind{"not-found", http.StatusNotFound, "There is nothing here"}
	wrongMethod   = problemKind{"method-not-allowed", http.StatusMethodNotAllowed, "Only GET"}
	internalError = problemKind{"internal-error", http.StatusInternalServerError, "The state cannot be read"}
	stateUnknown  = problemKind{"state-unknown", http.StatusServiceUnavailable, "The state is not known yet"}
	unavailable   = problemKind{"store-unavailable", http.StatusServiceUnavailable, "The store does not answer"}
)

// problem is an answer as RFC 9457 describes it.
type problem struct {
	Type      string   `json:"type"`
	Title     string   `json:"title"`
	Status    int      `json:"status"`
	Detail    string   `json:"detail"`
	Parameter string   `json:"parameter,omitempty"` // the query parameter at fault
	Allowed   []string `json:"allowed,omitempty"`   // what it may be

	slug  string
	retry int // Retry-After in seconds, when above 0
}

func (k problemKind) because(detail string) *problem {
	return &problem{slug: k.slug, Type: problemBase + k.slug, Title: k.title, Status: k.status, Detail: detail}
}

// parameter is the problem of a query parameter.
func parameter(name, detail string, allowed ...string) *problem {
	p := badParameter.because(detail)
	p.Parameter, p.Allowed = name, allowed
	return p
}

// Error implements error.
func (p *problem) Error() string { return p.Detail }

// problemOf turns an error into what the client is told. Errors that are nobody's fault but ours are logged by the caller and told without detail.
func problemOf(err error) *problem {
	if p := as[*problem](err); p != nil {
		return p
	}
	if e := as[*kpi.WindowError](err); e != nil {
		return parameter("window", e.Error())
	}
	if e := as[*kpi.GroupError](err); e != nil {
		p := parameter("group", e.Error())
		for _, d := range e.Allowed {
			p.Allowed = append(p.Allowed, string(d))
		}
		return p
	}
	if e := as[*InstantError](err); e != nil {
		return parameter("at", e.Error())
	}
	if e := as[*GoneError](err); e != nil {
		return parameter("at", e.Error())
	}
	if e := as[*AgentsOffError](err); e != nil {
		return parameter("group", e.Error(), "tenant", "channel", "queue", "team")
	}
	if e := as[*TenantError](err); e != nil {
		return parameter("tenant", e.Error())
	}
	if e := as[*UnknownError](err); e != nil {
		p := stateUnknown.because(e.Error())
		p.retry = 2
		return p
	}
	if as[*storeError](err) != nil || errors.Is(err, context.DeadlineExceeded) {
		p := unavailable.because("The store did not answer, so nothing can be said about now. Try again shortly; if this lasts, look at the log of vigia and at Redis.")
		p.retry = 2
		return p
	}
	return internalError.because("What the store holds could not be read; the log of vigia says more.")
}

// as returns the error of a type in err's tree, or nil.
func as[E error](err error) (e E) {
	errors.As(err, &e)
	return e
}

func (p *problem) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	if p.retry > 0 {
		h.Set("Retry-After", strconv.Itoa(p.retry))
	}
	switch p.Status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="vigia"`)
	case http.StatusMethodNotAllowed:
		h.Set("Allow", "GET, HEAD")
	}
	writeJSON(w, p.Status, p)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		panic("exporter: BUG: " + err.Error()) // plain structs of strings and numbers
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // the client is gone
}
