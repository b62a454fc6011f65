package connector

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
)

// ErrUnknownTenant: the configuration has no such tenant.
var ErrUnknownTenant = errors.New("unknown tenant")

// UnavailableError says that the log did not acknowledge the events; some of them may be in it. Sending all of them again is safe.
type UnavailableError struct{ Err error }

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("the log did not take the events: %v", e.Err)
}

func (e *UnavailableError) Unwrap() error { return e.Err }

// Accept takes events of a tenant as a request does, without rate limits: all of them or none are refused, people are hidden, and it returns their ids when the log has
// them. An event that carries ReceivedAt (Unix ms) keeps it; others get the clock's time. The events are not changed, so a failed call can be repeated.
//
// Errors: [ErrUnknownTenant], [*event.BatchError] when events break the schema, [*UnavailableError] when the log does not take them within the configured time, the
// error of ctx.
func (h *Handler) Accept(ctx context.Context, tenantName string, events []*event.Event) ([]string, error) {
	t := h.dir.Load().tenants[tenantName]
	if t == nil {
		return nil, fmt.Errorf("%w %q: add it to the configuration", ErrUnknownTenant, tenantName)
	}
	received := h.now().UnixMilli()
	var (
		ids      = make([]string, 0, len(events))
		messages = make([]bus.Message, 0, len(events))
		hidden   = make([]*event.Event, 0, len(events))
		faults   []event.Fault
		tally    tally
	)
	for i, e := range events {
		out, err := h.prepare(t, e, received, &tally)
		if err != nil {
			fault, ok := errors.AsType[*event.Error](err)
			if !ok {
				return nil, err
			}
			if faults = append(faults, event.Fault{Index: i, Err: fault}); len(faults) >= event.MaxFaults {
				break
			}
			continue
		}
		ids, hidden, messages = append(ids, out.ID), append(hidden, out), append(messages, message(out))
	}
	if len(faults) > 0 {
		h.countFaults(faults)
		return nil, &event.BatchError{Faults: faults}
	}
	if len(messages) == 0 {
		return ids, nil
	}
	if err := h.publish(ctx, t, hidden, messages, received); err != nil {
		return nil, err
	}
	h.metrics.events.WithLabelValues(resultAccepted).Add(float64(len(ids)))
	h.metrics.clamped.Add(float64(tally.clamped))
	for _, field := range tally.altered {
		h.metrics.altered.WithLabelValues(field).Inc()
	}
	return ids, nil
}

// tally counts what was corrected; it reaches the metrics only when the request is accepted, so that retries do not count twice.
type tally struct {
	clamped int
	altered []string
}

// prepare returns the event as it enters the log.
func (h *Handler) prepare(t *tenant, e *event.Event, received int64, n *tally) (*event.Event, error) {
	if e.Tenant != "" && e.Tenant != t.name {
		return nil, &event.Error{Reason: event.ReasonNoTenant, Field: "tenant_id", Detail: "is not the tenant of the token: leave it out, or use that tenant's token"}
	}
	in := *e
	in.Tenant = t.name
	if in.Source.Connector == "" {
		in.Source.Connector = "http"
	}
	if in.ReceivedAt == 0 {
		in.ReceivedAt = received
	}
	out, altered, err := event.Pseudonymise(&in, t.pseudonyms, t.rulesOf(in.Source))
	if err != nil {
		return nil, err
	}
	switch {
	case out.At == 0:
		out.At, out.Quality = out.ReceivedAt, event.QualityReceived
	case out.Quality == event.QualityUnknown:
		out.Quality = event.QualitySubsecond
	}
	if out.ClampFuture() {
		n.clamped++
	}
	n.altered = append(n.altered, altered...)
	return out, out.Validate()
}

// rulesOf returns what is declared about a source: its own entry, else that of its connector, else the tenant's.
func (t *tenant) rulesOf(s event.Source) event.SourceRules {
	if r, ok := t.rules[[2]string{s.Connector, s.Account}]; ok {
		return r
	}
	if r, ok := t.rules[[2]string{s.Connector, ""}]; ok {
		r.DeclaredAccount = false
		return r
	}
	return t.rules[[2]string{}]
}

func message(e *event.Event) bus.Message {
	m := bus.Message{Value: event.Encode(event.Record{Body: e})}
	if key := e.Key(); key != "" {
		m.Key = []byte(key)
	}
	for _, header := range e.Headers() {
		m.Headers = append(m.Headers, bus.Header{Key: header.Key, Value: []byte(header.Value)})
	}
	return m
}

// append returns when the log has the messages, those without a key in every partition.
func (h *Handler) append(ctx context.Context, messages []bus.Message) error {
	keyed, general := messages, []bus.Message(nil)
	if slices.ContainsFunc(messages, keyless) {
		keyed = slices.DeleteFunc(slices.Clone(messages), keyless)
		general = slices.DeleteFunc(slices.Clone(messages), func(m bus.Message) bool { return !keyless(m) })
	}
	if len(keyed) > 0 {
		if err := h.log.Publish(ctx, h.cfg.Topic, keyed); err != nil {
			return err
		}
	}
	if len(general) == 0 {
		return nil
	}
	topics, err := h.log.Topics(ctx, h.cfg.Topic)
	if err != nil {
		return err
	}
	if !topics[h.cfg.Topic].Exists {
		return fmt.Errorf("topic %s does not exist; create it with `vigia topics --create`", h.cfg.Topic)
	}
	for p := range int32(topics[h.cfg.Topic].Partitions) {
		if _, err := h.log.Produce(ctx, h.cfg.Topic, p, general); err != nil {
			return err
		}
	}
	return nil
}

func keyless(m bus.Message) bool { return m.Key == nil }

// publish returns when the log has the messages. A refusal by the log makes the sources blind.
func (h *Handler) publish(ctx context.Context, t *tenant, events []*event.Event, messages []bus.Message, received int64) error {
	limited, cancel := context.WithTimeout(ctx, h.cfg.PublishTimeout)
	defer cancel()
	err := h.append(limited, messages)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err() // our caller gave up, not the log
	}
	h.metrics.events.WithLabelValues(resultUnavailable).Add(float64(len(events)))
	h.logger.Warn("the log did not take events; they were not acknowledged", "tenant", t.name, "events", len(events), "err", err)
	for _, e := range events {
		h.gaps.fail(gapKey{t.name, e.Source.Connector, e.Source.Account}, received, h.now().UnixMilli())
	}
	return &UnavailableError{err}
}
