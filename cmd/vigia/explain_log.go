package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/explain"
)

// fromLog reads the partition of a conversation from its begin and folds what concerns it.
func (e *env) fromLog(ctx context.Context, tenant, conversation string) (c *explain.Conversation, err error) {
	cfg, err := e.config()
	if err != nil {
		return nil, err
	}
	of, err := tenantOf(cfg, tenant)
	if err != nil {
		return nil, err
	}
	log, done, err := e.openLog(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	topic := app.Topics(cfg).Interactions
	key := event.ConversationKey(of.Name, conversation)
	partition := bus.Partition([]byte(key), topic.Partitions)
	start, end, err := log.Bounds(ctx, topic.Name, partition)
	if err != nil {
		return nil, err
	}
	h := explain.NewHistory(of.Name, conversation, start > 0)
	for at := start; at < end; {
		batch, err := log.Fetch(ctx, topic.Name, partition, at, bus.FetchOptions{MaxBytes: 8 << 20, NoHeaders: true})
		if err != nil {
			return nil, err
		}
		for i := range batch.Messages {
			m := &batch.Messages[i]
			if len(m.Key) > 0 && string(m.Key) != key {
				continue // of others; what concerns all has no key
			}
			r, err := event.Decode(m.Value)
			if err != nil {
				continue // what cannot be used counts nowhere
			}
			if b, ok := r.Body.(*event.Event); ok && b.Key() != string(m.Key) {
				continue // nor does what stands where it does not belong
			}
			if err := h.Add(m.Offset, r); err != nil {
				return nil, fmt.Errorf("offset %d of partition %d of %s: %w", m.Offset, partition, topic.Name, err)
			}
		}
		at = batch.Next
	}
	if h.Events() == 0 {
		return nil, fmt.Errorf("no event of conversation %q is in the log, which begins at offset %d of partition %d: the id is the one that `vigia conversations` shows; --tenant names another tenant than %s",
			conversation, start, partition, of.Name)
	}
	if start > 0 {
		e.say("The log begins at offset %d: what stood before is gone, and a conversation that begins in the middle counts nowhere here.", start)
	}
	return h.Conversation()
}
