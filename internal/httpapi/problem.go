package httpapi

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"
)

// Kind is one row of a role's table of problems.
type Kind struct {
	Slug   string // names the kind, and the place in the role's document that explains it
	Status int    // HTTP status code
	Title  string // what is wrong, the same for all of the kind
}

// Because makes a problem of the kind. Base is the URL of what explains a role's problems, up to and with the #; detail says what is wrong with this request and what to do.
func (k Kind) Because(base, detail string) Problem {
	return Problem{Type: base + k.Slug, Title: k.Title, Status: k.Status, Detail: detail}
}

// Problem is an answer as RFC 9457 describes it: the members that every problem has, and the headers that go with it. A role that says more embeds it first in a
// struct with members of its own.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`

	Retry     time.Duration `json:"-"` // Retry-After, in whole seconds rounded up, when above 0
	Allow     string        `json:"-"` // Allow, the methods that there are, when not empty
	Challenge string        `json:"-"` // WWW-Authenticate, when not empty
}

// Write answers with the problem. Body is p itself, or what embeds it.
func (p *Problem) Write(w http.ResponseWriter, body any) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	if p.Retry > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.Retry.Seconds()))))
	}
	if p.Allow != "" {
		h.Set("Allow", p.Allow)
	}
	if p.Challenge != "" {
		h.Set("WWW-Authenticate", p.Challenge)
	}
	WriteJSON(w, p.Status, body)
}

// WriteJSON answers with a body in JSON and a line's end. The content type is application/json unless the header has another one by then. Body must be made of what
// JSON can say; it panics on anything else.
func WriteJSON(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		panic("httpapi: BUG: " + err.Error())
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // the client is gone; who wants to be sure asks again
}
