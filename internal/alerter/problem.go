package alerter

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// problemKind is one row of the table of problems in README.md.
type problemKind struct {
	slug   string
	status int
	title  string
}

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
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`

	allow string
	retry int // Retry-After in seconds, when above 0
}

func (k problemKind) because(detail string) *problem {
	return &problem{Type: problemBase + k.slug, Title: k.title, Status: k.status, Detail: detail}
}

func (p *problem) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	if p.retry > 0 {
		h.Set("Retry-After", strconv.Itoa(p.retry))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="vigia"`)
	}
	if p.allow != "" {
		h.Set("Allow", p.allow)
	}
	writeJSON(w, p.Status, p)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	b, err := json.Marshal(body)
	if err != nil {
		panic("alerter: BUG: " + err.Error()) // plain structs of strings and numbers
	}
	_, _ = w.Write(append(b, '\n')) // the client is gone
}
