package replay

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
)

// Refusals counts what the engine set aside though the mapping had let it through, by topic, reason and field. The values lack it.
type Refusals map[string]int

// String says them in one line.
func (r Refusals) String() string {
	var words []string
	for _, what := range slices.Sorted(maps.Keys(r)) {
		words = append(words, fmt.Sprintf("%d × %s", r[what], what))
	}
	return strings.Join(words, ", ")
}

// refused reads the dead letters of the run. Call it when everything is relayed.
func (e *engine) refused(ctx context.Context) (Refusals, error) {
	out := Refusals{}
	topic := e.topics.DeadLetters.Name
	for p := range int32(e.topics.DeadLetters.Partitions) {
		at, end, err := e.log.Bounds(ctx, topic, p)
		for ; err == nil && at < end; err = ctx.Err() {
			batch, err := e.log.Fetch(ctx, topic, p, at, bus.FetchOptions{})
			if err != nil {
				return nil, err
			}
			for _, m := range batch.Messages {
				if r, err := event.Decode(m.Value); err != nil {
					out["unreadable dead letter"]++
				} else if d, ok := r.Body.(event.DeadLetter); ok {
					out[strings.TrimSpace(fmt.Sprintf("%s: %s %s", d.Topic, d.Reason, d.Field))]++
				}
			}
			at = batch.Next
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
