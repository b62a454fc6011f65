package exporter

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/vigia-cx/vigia/internal/httpapi"
	"github.com/vigia-cx/vigia/internal/kpi"
)

// problemKind is one row of the table of problems in README.md.
type problemKind httpapi.Kind

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
	httpapi.Problem
	Parameter string   `json:"parameter,omitempty"` // the query parameter at fault
	Allowed   []string `json:"allowed,omitempty"`   // what it may be

	kind problemKind
}

func (k problemKind) because(detail string) *problem {
	p := &problem{Problem: httpapi.Kind(k).Because(problemBase, detail), kind: k}
	switch k {
	case unauthorized:
		p.Challenge = `Bearer realm="vigia"`
	case wrongMethod:
		p.Allow = "GET, HEAD"
	case stateUnknown, unavailable:
		p.Retry = 2 * time.Second
	}
	return p
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
	if e := as[*ForgottenError](err); e != nil {
		return notFound.because(e.Error())
	}
	if e := as[*UnknownError](err); e != nil {
		return stateUnknown.because(e.Error())
	}
	if as[*storeError](err) != nil || errors.Is(err, context.DeadlineExceeded) {
		return unavailable.because("The store did not answer, so nothing can be said about now. Try again shortly; if this lasts, look at the log of vigia and at Redis.")
	}
	return internalError.because("What the store holds could not be read; the log of vigia says more.")
}

// as returns the error of a type in err's tree, or nil.
func as[E error](err error) (e E) {
	errors.As(err, &e)
	return e
}

func (p *problem) write(w http.ResponseWriter) { p.Write(w, p) }
