package connector

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
)

// take writes what a proved delivery says. What cannot be read becomes dead letters and is acknowledged with the rest: the vendor would send it again for days, and stop
// altogether in the end.
func (k *Hooks) take(ctx context.Context, channel Channel, source *hook, body []byte) ([]string, *problem) {
	batch := k.decode(channel, source, body)
	if wait := spend(source.limiter, max(1, len(batch.Events)), k.h.now()); wait > 0 {
		return nil, sourceLimited.because("The source may send %g events a second.", float64(source.limiter.Limit())).after(max(wait, time.Second))
	}
	ids, err := k.accept(ctx, source, &batch, body)
	if err != nil {
		return nil, unavailable.because("The log did not acknowledge the delivery; send it again, repeated events are counted once.").after(retryLog)
	}
	k.metrics.last.WithLabelValues(source.channel, source.name).Set(float64(k.h.now().UnixMilli()) / 1000)
	for reason, n := range batch.Ignored {
		k.metrics.ignored.WithLabelValues(source.channel, reason).Add(float64(n))
	}
	for _, f := range batch.Faults {
		k.metrics.dead.WithLabelValues(source.channel, string(f.Err.Reason)).Inc()
	}
	if len(batch.Faults) > 0 {
		source.unreadable.Do(func() {
			first := batch.Faults[0].Err
			k.h.logger.Warn("parts of a delivery could not be read; they became dead letters", "channel", source.channel, "source", source.name, "tenant", source.tenant.name,
				"parts", len(batch.Faults), "reason", first.Reason, "field", first.Field, "detail", first.Detail)
		})
	}
	return ids, nil
}

// accept hides, checks and publishes the events, each once, and returns their ids. Events that break the schema join the faults. body is nil where nothing can be dead.
func (k *Hooks) accept(ctx context.Context, source *hook, batch *Batch, body []byte) ([]string, error) {
	h, t, received := k.h, source.tenant, k.h.now().UnixMilli()
	ids := make([]string, 0, len(batch.Events))
	seen := make(map[string]bool, len(batch.Events))
	var (
		messages []bus.Message
		hidden   []*event.Event
		tally    tally
	)
	for i, e := range batch.Events {
		in := *e
		in.Source.Connector, in.ReceivedAt = source.channel, received
		out, err := h.prepare(t, &in, received, &tally)
		if err != nil {
			fault, ok := errors.AsType[*event.Error](err)
			if !ok {
				return nil, err
			}
			batch.Faults = append(batch.Faults, event.Fault{Index: batch.items[i], Err: fault})
			continue
		}
		if seen[out.ID] {
			batch.Ignore(ignoredRepeated, 1)
			continue
		}
		seen[out.ID] = true
		ids, hidden, messages = append(ids, out.ID), append(hidden, out), append(messages, message(out))
	}
	if len(messages) > 0 {
		if err := h.publish(ctx, t, hidden, messages, received); err != nil {
			return nil, err
		}
	}
	if body != nil && len(batch.Faults) > 0 {
		if err := k.bury(ctx, source, batch.Faults, body, received); err != nil {
			return nil, err
		}
	}
	h.metrics.clamped.Add(float64(tally.clamped))
	for _, field := range tally.altered {
		h.metrics.altered.WithLabelValues(field).Inc()
	}
	k.metrics.events.WithLabelValues(source.channel).Add(float64(len(ids)))
	return ids, nil
}

// bury publishes dead letters: which delivery of which source, what is wrong with which of its items, and never what it says. The delivery has no offset yet, so that the
// item's index stands in its place.
func (k *Hooks) bury(ctx context.Context, source *hook, faults []event.Fault, body []byte, at int64) error {
	sum := sha256.Sum256(body)
	digest, place := hex.EncodeToString(sum[:]), HooksPath+source.channel+"/"+source.name
	var letters []bus.Message
	for _, f := range faults {
		d := event.DeadLetter{Topic: place, Offset: int64(f.Index), Reason: f.Err.Reason, Field: f.Err.Field, PayloadSHA256: digest, PayloadBytes: uint32(len(body)), At: at}
		id := event.OutputID("dead", source.tenant.name, place, digest, fmt.Sprint(f.Index), string(f.Err.Reason), f.Err.Field)
		m := bus.Message{Key: []byte(source.tenant.name), Value: event.Encode(event.Record{Body: d, OutputID: id})}
		for _, header := range event.ControlHeaders(d, id) {
			m.Headers = append(m.Headers, bus.Header{Key: header.Key, Value: []byte(header.Value)})
		}
		letters = append(letters, m)
	}
	ctx, cancel := context.WithTimeout(ctx, k.h.cfg.PublishTimeout)
	defer cancel()
	if err := k.h.log.Publish(ctx, k.h.cfg.DeadLetters, letters); err != nil {
		k.h.logger.Warn("the log did not take dead letters; the delivery was not acknowledged", "channel", source.channel, "source", source.name, "err", err)
		return &UnavailableError{err}
	}
	return nil
}
