package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/vigia-cx/vigia/internal/notify"
)

const (
	maxWebhookBody = 64 << 10 // bytes; ours have less than 20 kB
	maxWebhookIDs  = 10_000   // ids whose attempts are counted
)

// webhookListener is a receiver of webhooks that shows what it gets.
type webhookListener struct {
	env        *env
	secrets    []notify.Secret
	json       bool
	retryAfter time.Duration
	enough     chan struct{} // closed when count is reached

	mu       sync.Mutex
	answers  []int
	left     int // webhooks to go, 0 when nobody counts
	bad      bool
	attempts map[string]int
}

// webhookLine is a webhook on stdout with --format json.
type webhookLine struct {
	Received string          `json:"received"`
	Status   int             `json:"status"`
	ID       string          `json:"id"`
	Attempt  int             `json:"attempt"`
	Type     notify.Type     `json:"type"`
	Verified *bool           `json:"verified"` // null: there was no secret to check with
	Problem  string          `json:"problem,omitempty"`
	Title    string          `json:"title"`
	Body     json.RawMessage `json:"body,omitempty"`
}

// wrong reports whether a count was asked for and one of the webhooks was not as it should be.
func (l *webhookListener) wrong() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bad
}

// ServeHTTP implements [http.Handler].
func (l *webhookListener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodPost:
	case http.MethodGet, http.MethodHead:
		_, _ = io.WriteString(w, "vigia webhook listen: configure this address as the url of a webhook receiver.\n")
		return
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		http.Error(w, "post webhooks here", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxWebhookBody))
	if err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			http.Error(w, "a webhook has less than 20 kB", http.StatusRequestEntityTooLarge)
		}
		return
	}
	line := l.read(r.Header, body)
	if l.retryAfter > 0 && line.Status >= 300 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(l.retryAfter.Seconds()))))
	}
	w.WriteHeader(line.Status)
	if line.Problem != "" {
		_, _ = io.WriteString(w, line.Problem+"\n")
	}
}

// read looks at a webhook, prints it and says how it is answered, one at a time.
func (l *webhookListener) read(header http.Header, body []byte) webhookLine {
	l.mu.Lock()
	defer l.mu.Unlock()
	line := webhookLine{Received: time.Now().UTC().Format(time.RFC3339)}
	d, unread := notify.ParseWebhook(header, body)
	line.ID, line.Type, line.Title = d.ID, d.Type, d.Title
	if len(l.attempts) >= maxWebhookIDs {
		clear(l.attempts)
	}
	l.attempts[line.ID]++
	line.Attempt = l.attempts[line.ID]
	if len(l.secrets) > 0 {
		unsigned := notify.Verify(l.secrets, header, body)
		verified := unsigned == nil
		line.Verified = &verified
		if !verified {
			line.Status, line.Problem = http.StatusUnauthorized, unsigned.Error()
		}
	}
	switch {
	case line.Problem != "":
	case unread != nil:
		line.Status, line.Problem = http.StatusBadRequest, unread.Error()
	default:
		line.Status = l.status()
	}
	if json.Valid(body) {
		line.Body = body
	}
	l.print(line)
	if l.left > 0 {
		l.bad = l.bad || line.Problem != ""
		if l.left--; l.left == 0 {
			close(l.enough)
		}
	}
	return line
}

// print writes a webhook to stdout. Nothing can be done about a terminal that is gone.
func (l *webhookListener) print(line webhookLine) {
	if l.json {
		_ = writeLines(l.env.stdout, []webhookLine{line})
		return
	}
	state := "unchecked"
	switch {
	case line.Problem != "":
		state = "REFUSED: " + strconv.QuoteToGraphic(line.Problem)
	case line.Verified != nil:
		state = "verified"
	}
	parts := []string{line.Received, strconv.Itoa(line.Status), string(line.Type), line.ID, fmt.Sprintf("attempt %d", line.Attempt), state, line.Title}
	for i, p := range parts {
		if p == "" {
			parts[i] = "–"
		}
	}
	fmt.Fprintln(l.env.stdout, strings.Join(parts, "  "))
}
