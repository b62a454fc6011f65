package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/retry"
)

// outages is the traffic of the test and what became of it.
type outages struct {
	t          *testing.T
	url        string
	begun      time.Time
	mu         sync.Mutex
	acked      map[string]bool // ids of events that were answered 2xx
	unanswered map[string]time.Time
	replied    map[string]bool // chats whose reply came in time
	refused    int             // answers that told to retry
	faults     []string        // answers that were neither
}

func (o *outages) fault(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.faults = append(o.faults, fmt.Sprintf(format, args...))
}

// send posts an event until it is acknowledged. Whatever is not acknowledged must say when to come again.
func (o *outages) send(ctx context.Context, body string) error {
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, o.url, strings.NewReader(body))
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+ingestToken)
		r.Header.Set("Content-Type", "application/json")
		answer, err := client.Do(r)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			o.fault("a request had no answer at all: %v", err)
			return err
		}
		var taken struct{ IDs []string }
		decoded := json.NewDecoder(answer.Body).Decode(&taken)
		_ = answer.Body.Close()
		if answer.StatusCode/100 == 2 {
			o.mu.Lock()
			defer o.mu.Unlock()
			if decoded != nil || len(taken.IDs) != 1 {
				o.faults = append(o.faults, fmt.Sprintf("%d without the event's id: %v", answer.StatusCode, decoded))
				return decoded
			}
			o.acked[taken.IDs[0]] = true
			return nil
		}
		after, err := strconv.Atoi(answer.Header.Get("Retry-After"))
		if answer.StatusCode != http.StatusServiceUnavailable || err != nil {
			o.fault("status %d with Retry-After %q, want 503 and seconds", answer.StatusCode, answer.Header.Get("Retry-After"))
			return fmt.Errorf("status %d", answer.StatusCode)
		}
		o.mu.Lock()
		o.refused++
		o.mu.Unlock()
		if !retry.Sleep(ctx, time.Duration(after)*time.Second) {
			return ctx.Err()
		}
	}
}

// chat is a question and, mostly, its reply in time. Each says when it happened, however long it is on its way.
func (o *outages) chat(ctx context.Context, n int) {
	id := fmt.Sprintf("chat-%d", n)
	body := func(actor, direction string) string {
		return fmt.Sprintf(`{"occurred_at":%q,"source":{"native_event_id":"%s-%s"},"conversation":{"id":%q},"customer":{"id":"u-%d"},"actor":{"kind":%q},"channel":"CHANNEL_WEB_CHAT",`+
			`"routing":{"queue_id":"shop"},"message":{"message_id":"%s-%s","direction":%q}}`,
			time.Now().UTC().Format(time.RFC3339Nano), id, actor, id, n, actor, id, actor, direction)
	}
	asked := time.Now()
	question := body("KIND_CUSTOMER", "DIRECTION_INBOUND")
	var sent sync.WaitGroup
	sent.Go(func() { _ = o.send(ctx, question) })
	defer sent.Wait()
	if n%silent == 0 {
		o.mu.Lock()
		o.unanswered[id] = asked
		o.mu.Unlock()
		return
	}
	if !retry.Sleep(ctx, replyAfter) {
		return
	}
	o.mu.Lock()
	o.replied[id] = true
	o.mu.Unlock()
	_ = o.send(ctx, body("KIND_AGENT", "DIRECTION_OUTBOUND"))
}

// run begins chats until more ends, and returns when all of them are over.
func (o *outages) run(ctx, more context.Context) {
	var chats sync.WaitGroup
	every := time.NewTicker(chatEvery)
	defer every.Stop()
	for n := 1; more.Err() == nil; n++ {
		chats.Go(func() { o.chat(ctx, n) })
		select {
		case <-every.C:
		case <-more.Done():
		}
	}
	chats.Wait()
}
