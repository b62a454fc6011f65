package connector

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
)

// maxResolve bounds the body of a resolve call, in bytes.
const maxResolve = 4 << 10

// resolution is the body of a resolve call.
type resolution struct {
	ID       string    `json:"id"`      // makes a repeated call the same; without it every call is one of its own
	Account  string    `json:"account"` // may be left out when the source has exactly one
	Customer string    `json:"customer"`
	UserID   string    `json:"user_id"`
	GroupID  string    `json:"group_id"`
	State    string    `json:"state"`
	At       time.Time `json:"at"` // RFC 3339; without it, now
}

// resolveStates are the states that an operator may set, by the names of the API.
var resolveStates = map[string]event.ConversationStatus{
	"resolved": event.StatusResolved, "reopened": event.StatusReopened, "pending": event.StatusPendingCustomer, "on_hold": event.StatusOnHold,
}

// resolve takes the word of an operator about a conversation of which the vendor does not know that it is one. It is our own API: what is wrong is said.
func (k *Hooks) resolve(w http.ResponseWriter, r *http.Request, channel Channel, source *hook) ([]string, *problem) {
	t := k.h.dir.Load().authenticate(r)
	if t == nil || t != source.tenant {
		return nil, unauthorized.because("Send the header Authorization: Bearer TOKEN with an ingest token of the tenant that the source belongs to.")
	}
	threadless, ok := channel.(Threadless)
	if !ok {
		return nil, notFound.because("The vendor of this channel knows when conversations are resolved and says so.")
	}
	select {
	case k.inFlight <- struct{}{}:
		defer func() { <-k.inFlight }()
	default:
		return nil, busy.because("The server is working on as many requests as it may; send the request again.").after(retryBusy)
	}
	body, p := readRaw(w, r, maxResolve, hookTimeout)
	if p != nil {
		return nil, p
	}
	e, err := resolution{}.event(body, threadless, source)
	if fault, ok := errors.AsType[*event.Error](err); ok {
		return nil, invalidEvents(&event.BatchError{Faults: []event.Fault{{Err: fault}}})
	}
	if wait := spend(source.limiter, 1, k.h.now()); wait > 0 {
		return nil, sourceLimited.because("The source may send %g events a second.", float64(source.limiter.Limit())).after(max(wait, time.Second))
	}
	var batch Batch
	batch.Add(0, e)
	ids, err := k.accept(context.WithoutCancel(r.Context()), source, &batch, nil)
	switch {
	case err != nil:
		return nil, unavailable.because("The log did not acknowledge the call; send it again.").after(retryLog)
	case len(batch.Faults) > 0:
		return nil, invalidEvents(&event.BatchError{Faults: batch.Faults})
	}
	return ids, nil
}

// event reads a call. Errors are [*event.Error].
func (c resolution) event(body []byte, channel Threadless, source *hook) (*event.Event, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return nil, &event.Error{Reason: event.ReasonGarbage, Detail: "is no JSON object with the fields customer or user_id or group_id, state, and if need be account, id, at (RFC 3339)"}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, &event.Error{Reason: event.ReasonGarbage, Detail: "goes on after the JSON object; send one call a request"}
	}
	state, ok := resolveStates[c.State]
	if !ok {
		names := make([]string, 0, len(resolveStates))
		for name := range resolveStates {
			names = append(names, name)
		}
		slices.Sort(names)
		return nil, &event.Error{Reason: event.ReasonBadValue, Field: "state", Detail: "is not one of " + strings.Join(names, ", ")}
	}
	account, err := source.account(c.Account)
	if err != nil {
		return nil, err
	}
	e, err := channel.Address(account, Who{Customer: c.Customer, User: c.UserID, Group: c.GroupID})
	if err != nil {
		return nil, err
	}
	e.Actor, e.Body = event.ByAgent, event.ConversationState{State: state}
	if c.ID != "" {
		e.Source.NativeID = "resolve:" + c.ID
	}
	if !c.At.IsZero() {
		e.At, e.Quality = c.At.UnixMilli(), event.QualitySubsecond
	}
	return e, nil
}
