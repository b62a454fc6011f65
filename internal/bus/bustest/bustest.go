// Package bustest is the conformance suite of the log: what every broker behind package bus
// must do, run against the embedded one always and against Apache Kafka where one is at
// hand.
package bustest

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/bus"
)

// Log is a running log and what the suite needs to do to it behind the client's back. Nil
// functions skip the tests that need them.
type Log struct {
	Config bus.Config
	// DeleteRecords deletes the records of a partition below an offset.
	DeleteRecords func(ctx context.Context, topic string, partition int32, before int64) error
	// Transact appends messages in one transaction and commits or aborts it.
	Transact func(ctx context.Context, topic string, partition int32, commit bool, msgs []bus.Message) error
	// Compressed appends messages in one batch with a codec: gzip, snappy, lz4 or zstd.
	Compressed func(ctx context.Context, topic string, partition int32, codec string, msgs []bus.Message) error
}

// Exercise runs the suite. open is called once; what it returns must live until the test
// ends. Topics have unique names and are deleted afterwards.
func Exercise(t *testing.T, open func(t *testing.T) Log) {
	log := open(t)
	for _, test := range []struct {
		name string
		run  func(*env)
	}{
		{"publish keeps the order of a key", publishOrder},
		{"keys go where the Java client sends them", keyPartitions},
		{"produce appends to one partition", produce},
		{"headers, timestamps and tombstones survive", roundTrip},
		{"fetch at the end waits and wakes", fetchWaits},
		{"fetch in small steps reads everything once", fetchSteps},
		{"an empty topic", emptyTopic},
		{"offsets out of range carry the bounds", outOfRange},
		{"deleted records", deletedRecords},
		{"compressed batches", compressed},
		{"transaction markers do not surface", transactions},
		{"messages that are too large", tooLarge},
		{"an unknown topic is not created", unknownTopic},
		{"topics: create, describe, change, delete", topics},
		{"many callers at once", concurrency},
		{"commits carry metadata", commits},
		{"a zombie's commit is refused", zombie},
		{"two members share and take over", members},
		{"functions of a generation end with it", generationFunctions},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			t.Cleanup(cancel)
			e := &env{T: t, ctx: ctx, log: log}
			e.c = e.client()
			test.run(e)
		})
	}
}

// env is one test's view: a context that ends in time, a client, and short helpers that fail
// the test.
type env struct {
	*testing.T
	ctx context.Context
	log Log
	c   *bus.Client
}

// client opens another client on the same log.
func (e *env) client() *bus.Client {
	e.Helper()
	c, err := bus.New(e.log.Config, nil, nil)
	if err != nil {
		e.Fatal(err)
	}
	e.Cleanup(func() {
		if err := c.Close(); err != nil {
			e.Errorf("close: %v", err)
		}
	})
	return c
}

// topic creates a topic with a name that nobody else has.
func (e *env) topic(partitions int, config map[string]string) string {
	e.Helper()
	name := unique("topic")
	if err := e.c.CreateTopics(e.ctx, []bus.TopicSpec{{Name: name, Partitions: partitions, Config: config}}); err != nil {
		e.Fatal(err)
	}
	e.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		c, err := bus.New(e.log.Config, nil, nil)
		if err == nil {
			err = errors.Join(c.DeleteTopics(ctx, name), c.Close())
		}
		if err != nil {
			e.Errorf("clean up: %v", err)
		}
	})
	return name
}

func unique(what string) string { return "vigia-test-" + what + "-" + strings.ToLower(rand.Text()) }

// read fetches from offset until the end of the partition.
func (e *env) read(topic string, partition int32, offset int64, o bus.FetchOptions) []bus.Message {
	e.Helper()
	var all []bus.Message
	for {
		b, err := e.c.Fetch(e.ctx, topic, partition, offset, o)
		if err != nil {
			e.Fatal(err)
		}
		if b.Next < offset {
			e.Fatalf("fetch at %d says to go back to %d", offset, b.Next)
		}
		if b.Next == offset && offset < b.HighWatermark {
			e.Fatalf("fetch at %d makes no progress before the end %d", offset, b.HighWatermark)
		}
		all = append(all, b.Messages...)
		offset = b.Next
		if offset >= b.HighWatermark {
			return all
		}
	}
}

// produce appends values with key "k" to a partition.
func (e *env) produce(topic string, partition int32, values ...string) int64 {
	e.Helper()
	first, err := e.c.Produce(e.ctx, topic, partition, messages(values...))
	if err != nil {
		e.Fatal(err)
	}
	return first
}

func messages(values ...string) []bus.Message {
	msgs := make([]bus.Message, len(values))
	for i, v := range values {
		msgs[i] = bus.Message{Key: []byte("k"), Value: []byte(v)}
	}
	return msgs
}

func values(msgs []bus.Message) []string {
	out := make([]string, len(msgs))
	for i, m := range msgs {
		out[i] = string(m.Value)
	}
	return out
}

// want fails unless errors.Is(err, target).
func (e *env) want(err, target error) {
	e.Helper()
	if !errors.Is(err, target) {
		e.Fatalf("got error %v, want %v", err, target)
	}
}
