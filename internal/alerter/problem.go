package alerter

import (
	"net/http"

	"github.com/vigia-cx/vigia/internal/httpapi"
)

// problemKind is one row of the table of problems in README.md.
type problemKind httpapi.Kind

// problemBase is where problem types are explained.
const problemBase = "https://github.com/vigia-cx/vigia/blob/main/internal/alerter/README.md#"

var (
	badRequest   = problemKind{"invalid-request", http.StatusBadRequest, "The request cannot be used"}
	unauthorized = problemKind{"unauthorized", http.StatusUnauthorized, "No valid token"}
	forbidden    = problemKind{"forbidden", http.StatusForbidden, "Not permitted"}
	notFound     = problemKind{"not-found", http.StatusNotFound, "There is nothing here"}
	wrongMethod  = problemKind{"method-not-allowed", http.StatusMethodNotAllowed, "The method is another one"}
	gone         = problemKind{"expired", http.StatusGone, "Expired"}
	unavailable  = problemKind{"unavailable", http.StatusServiceUnavailable, "Try again"}
)

// problem is an answer as RFC 9457 describes it.
type problem = httpapi.Problem

func (k problemKind) because(detail string) *problem {
	p := httpapi.Kind(k).Because(problemBase, detail)
	if k == unauthorized {
		p.Challenge = `Bearer realm="vigia"`
	}
	return &p
}
