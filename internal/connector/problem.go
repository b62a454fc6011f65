package connector

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/httpapi"
)

// problemKind is one row of the table of problems in README.md.
type problemKind httpapi.Kind

func (k problemKind) reason() string { return strings.ReplaceAll(k.Slug, "-", "_") }

// problemBase is where problem types are explained.
const problemBase = "https://github.com/vigia-cx/vigia/blob/main/internal/connector/README.md#"

var (
	incomplete      = problemKind{"incomplete", http.StatusBadRequest, "The body did not arrive whole"}
	unauthorized    = problemKind{"unauthorized", http.StatusUnauthorized, "No valid token"}
	wrongMethod     = problemKind{"method-not-allowed", http.StatusMethodNotAllowed, "Only POST"}
	slowBody        = problemKind{"timeout", http.StatusRequestTimeout, "The body took too long"}
	tooLarge        = problemKind{"too-large", http.StatusRequestEntityTooLarge, "The request is too large"}
	unsupportedType = problemKind{"unsupported-media-type", http.StatusUnsupportedMediaType, "A format that is not read here"}
	invalid         = problemKind{"invalid-events", http.StatusUnprocessableEntity, "Events that break the schema"}
	rateLimited     = problemKind{"rate-limited", http.StatusTooManyRequests, "Too many events"}
	busy            = problemKind{"busy", http.StatusServiceUnavailable, "Too many requests at the same time"}
	unavailable     = problemKind{"log-unavailable", http.StatusServiceUnavailable, "The log does not take events"}
)

// Problems of webhooks alone.
var (
	badSignature     = problemKind{"bad-signature", http.StatusUnauthorized, "The signature does not fit"}
	handshakeRefused = problemKind{"handshake-refused", http.StatusForbidden, "The verify token does not fit"}
	notFound         = problemKind{"not-found", http.StatusNotFound, "There is nothing here"}
	sourceLimited    = problemKind{"source-limited", http.StatusServiceUnavailable, "Too many events of one source"}
)

var problems = []problemKind{incomplete, unauthorized, wrongMethod, slowBody, tooLarge, unsupportedType, invalid, rateLimited, busy, unavailable}

// problem is an answer as RFC 9457 describes it. It never repeats a value that the client sent.
type problem struct {
	httpapi.Problem
	kind   problemKind
	faults []event.Fault
	more   bool // there may be more faults than listed
}

// wholeBody is the index of a fault that is not one event's.
const wholeBody = -1

func (k problemKind) because(format string, args ...any) *problem {
	p := &problem{Problem: httpapi.Kind(k).Because(problemBase, fmt.Sprintf(format, args...)), kind: k}
	switch k {
	case unauthorized:
		p.Challenge = `Bearer realm="vigia ingest"`
	case wrongMethod:
		p.Allow = http.MethodPost
	}
	return p
}

func (p *problem) after(d time.Duration) *problem {
	p.Retry = d
	return p
}

// problemBody is the JSON of a problem.
type problemBody struct {
	httpapi.Problem
	Instance  string      `json:"instance"`
	RequestID string      `json:"request_id"`
	Errors    []faultBody `json:"errors,omitempty"`
	More      bool        `json:"more_errors,omitempty"`
}

type faultBody struct {
	Index  *int   `json:"index,omitempty"` // absent when the body as a whole is at fault
	Field  string `json:"field,omitempty"`
	Reason string `json:"reason"`
	Detail string `json:"detail"`
}

func (p *problem) write(w http.ResponseWriter, requestID string) {
	keepToOne(w)
	if p.kind == unsupportedType {
		w.Header().Set("Accept-Post", acceptedTypes)
		w.Header().Set("Accept-Encoding", "gzip")
	}
	body := problemBody{Problem: p.Problem, Instance: "urn:vigia:request:" + requestID, RequestID: requestID, More: p.more}
	for _, f := range p.faults {
		fault := faultBody{Field: f.Err.Field, Reason: string(f.Err.Reason), Detail: f.Err.Detail}
		if f.Index != wholeBody {
			fault.Index = &f.Index
		}
		body.Errors = append(body.Errors, fault)
	}
	p.Write(w, body)
}

// invalidEvents is the problem of a request whose events are faulty.
func invalidEvents(batch *event.BatchError) *problem {
	first := batch.Faults[0]
	what := first.Err.Detail
	if first.Err.Field != "" {
		what = "field " + first.Err.Field + " " + what
	}
	p := invalid.because("event %d: %s. Nothing of the request was taken; correct the events listed under errors and send all of them again.", first.Index, what)
	p.faults, p.more = batch.Faults, batch.Full()
	return p
}

// writeAccepted answers that the log has these events.
func writeAccepted(w http.ResponseWriter, ids []string) {
	keepToOne(w)
	httpapi.WriteJSON(w, http.StatusOK, struct {
		Accepted int      `json:"accepted"`
		IDs      []string `json:"ids"`
	}{len(ids), ids})
}

// keepToOne keeps an answer to whom it is for, and to what it says that it is.
func keepToOne(w http.ResponseWriter) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
}
