package bustest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/bus"
)

func tooLarge(e *env) {
	topic := e.topic(1, nil)
	limit := e.c.MaxBatchBytes()
	big := bus.Message{Key: []byte("k"), Value: make([]byte, limit)}
	fits := bus.Message{Key: []byte("k"), Value: make([]byte, limit)}
	fits.Value = fits.Value[:2*limit-fits.Size()]
	if fits.Size() != limit {
		e.Fatalf("size %d, want %d", fits.Size(), limit)
	}

	err := e.c.Publish(e.ctx, topic, []bus.Message{{Key: []byte("k")}, big})
	e.wantLarge(err, bus.TooLargeError{Index: 1, Size: big.Size(), Limit: limit})
	_, err = e.c.Produce(e.ctx, topic, 0, []bus.Message{big})
	e.wantLarge(err, bus.TooLargeError{Index: 0, Size: big.Size(), Limit: limit})
	_, err = e.c.Produce(e.ctx, topic, 0, []bus.Message{fits, fits})
	e.wantLarge(err, bus.TooLargeError{Index: -1, Size: 2 * limit, Limit: limit})
	if _, end, err := e.c.Bounds(e.ctx, topic, 0); err != nil || end != 0 {
		e.Fatalf("refused messages left %d records, %v", end, err)
	}

	// What the client calls small enough, the broker's default takes.
	if err := e.c.Publish(e.ctx, topic, []bus.Message{fits, {Key: []byte("k")}, fits}); err != nil {
		e.Fatal(err)
	}
	if _, err := e.c.Produce(e.ctx, topic, 0, []bus.Message{fits}); err != nil {
		e.Fatal(err)
	}

	// A broker may take less than the client thinks.
	narrow := e.topic(1, map[string]string{"max.message.bytes": "2000"})
	medium := bus.Message{Key: []byte("k"), Value: make([]byte, 5000)}
	e.wantLarge(e.c.Publish(e.ctx, narrow, []bus.Message{medium}), bus.TooLargeError{Index: -1})
	_, err = e.c.Produce(e.ctx, narrow, 0, []bus.Message{medium})
	e.wantLarge(err, bus.TooLargeError{Index: -1})
}

func (e *env) wantLarge(err error, want bus.TooLargeError) {
	e.Helper()
	e.want(err, bus.ErrTooLarge)
	got, _ := errors.AsType[*bus.TooLargeError](err)
	if d := cmp.Diff(&want, got); d != "" {
		e.Fatal(d)
	}
	if bus.Retryable(err) {
		e.Error("too large is retryable")
	}
}

func concurrency(e *env) {
	const callers, calls, per, partitions = 8, 30, 5, 3
	topic := e.topic(partitions, nil)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			for j := range calls {
				var msgs []bus.Message
				for k := range per {
					msgs = append(msgs, bus.Message{Key: fmt.Append(nil, i, k), Value: fmt.Append(nil, i, " ", j, " ", k)})
				}
				if err := e.c.Publish(e.ctx, topic, msgs); err != nil {
					e.Error(err)
					return
				}
			}
		})
	}
	seen := make([]map[string]int, partitions)
	for p := range seen {
		seen[p] = map[string]int{}
	}
	done := make(chan struct{})
	var readers sync.WaitGroup
	for p := range int32(partitions) {
		readers.Go(func() {
			for next, last := int64(0), false; ; {
				b, err := e.c.Fetch(e.ctx, topic, p, next, bus.FetchOptions{MaxWait: 50 * time.Millisecond})
				if err != nil {
					e.Error(err)
					return
				}
				for _, m := range b.Messages {
					seen[p][string(m.Value)]++
				}
				next = b.Next
				if last && next >= b.HighWatermark {
					return
				}
				select {
				case <-done:
					last = true
				default:
				}
			}
		})
	}
	wg.Wait()
	close(done)
	readers.Wait()
	total := 0
	for _, s := range seen {
		for v, n := range s {
			if n != 1 {
				e.Errorf("%q came %d times", v, n)
			}
			total++
		}
	}
	if total != callers*calls*per {
		e.Fatalf("%d records, want %d", total, callers*calls*per)
	}
}
