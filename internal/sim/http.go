package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
)

// Refusal is an answer other than success. Its text is what the server says.
type Refusal struct {
	Status int           // HTTP status
	After  time.Duration // when to try again
	Detail string
}

func (r *Refusal) Error() string { return fmt.Sprintf("the server answers %d: %s", r.Status, r.Detail) }

// Temporary reports whether the same request may succeed later.
func (r *Refusal) Temporary() bool {
	return r.Status == http.StatusTooManyRequests || r.Status == http.StatusServiceUnavailable || r.Status == http.StatusBadGateway || r.Status == http.StatusGatewayTimeout
}

// Ingest sends events to a running Vigia.
type Ingest struct {
	URL    string // of the endpoint
	Token  string // ingest token
	Client *http.Client
}

// answerMost bounds how much of an answer is read.
const answerMost = 1 << 20

// Send posts events. Errors: [*Refusal] for an answer that is not 200, the error of the connection otherwise.
func (i *Ingest) Send(ctx context.Context, events []*event.Event) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, i.URL, bytes.NewReader(Wire(events)))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", WireType)
	r.Header.Set("Authorization", "Bearer "+i.Token)
	answer, err := i.Client.Do(r)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, answerMost))
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		return err
	}
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	refusal := &Refusal{Status: answer.StatusCode, After: time.Second, Detail: answer.Status}
	if s, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && s >= 0 {
		refusal.After = time.Duration(s) * time.Second
	}
	var problem struct {
		Detail string
		Errors []struct {
			Index         int
			Field, Detail string
		}
	}
	if json.Unmarshal(body, &problem) == nil && problem.Detail != "" {
		refusal.Detail = problem.Detail
		if len(problem.Errors) > 0 {
			e := problem.Errors[0]
			refusal.Detail += fmt.Sprintf(" Event %d, %s: %s", e.Index, e.Field, e.Detail)
		}
	}
	return refusal
}
