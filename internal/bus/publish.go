package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
)

// newWriter sets what kafka-go's defaults get wrong for us: acknowledgements (default
// none), batch time-out (default 1 s), partitioner (default round robin), attempts.
func newWriter(c *Client) *kafka.Writer {
	return &kafka.Writer{
		Addr:            c.addr,
		Transport:       c.transport,
		RequiredAcks:    kafka.RequireAll,
		Balancer:        &kafka.Murmur2Balancer{Consistent: true},
		BatchTimeout:    5 * time.Millisecond,
		BatchSize:       batchMessages,
		BatchBytes:      int64(c.cfg.MaxBatchBytes),
		MaxAttempts:     4,
		WriteBackoffMin: 100 * time.Millisecond,
		WriteBackoffMax: time.Second,
		ReadTimeout:     requestTimeout,
		WriteTimeout:    requestTimeout,
		ErrorLogger:     kafkaLog{c.log},
	}
}

// batchMessages bounds a request of Publish. The writer allocates room for this many
// messages per batch whatever it holds, so more would cost more at low rates.
const batchMessages = 200

// Publish appends msgs to topic, each to the partition of its key, and returns when all
// replicas in sync have all of them. Messages of one call with the same key keep their
// order, and so do calls that follow each other.
//
// Calls share batches: each waits up to 5 ms for company. When ctx ends first, Publish
// returns, but messages already accepted may still be written: keys, values and headers
// must not be changed afterwards. After an error some of the messages may be in the log;
// publishing all of them again is safe for readers that deduplicate.
//
// Errors: ErrTooLarge (nothing was sent; [TooLargeError] has the index), a message without
// key (nothing was sent), ErrUnknownTopic, ErrClosed; [Retryable] tells which may pass.
func (c *Client) Publish(ctx context.Context, topic string, msgs []Message) error {
	if len(msgs) == 0 {
		return nil
	}
	start := time.Now()
	err := c.publish(ctx, topic, msgs)
	return c.metrics.observe("publish", start, wrap(ctx, "publish", topic, -1, err))
}

func (c *Client) publish(ctx context.Context, topic string, msgs []Message) error {
	if c.isClosed() {
		return ErrClosed
	}
	total, err := c.checkSizes(msgs)
	if err != nil {
		return err
	}
	out := make([]kafka.Message, len(msgs))
	for i := range msgs {
		m := &msgs[i]
		if len(m.Key) == 0 {
			return fmt.Errorf("message %d has no key, and its partition would be arbitrary", i)
		}
		out[i] = kafka.Message{Topic: topic, Key: m.Key, Value: m.Value, Headers: toKafkaHeaders(m.Headers)}
		if m.At != 0 {
			out[i].Time = time.UnixMilli(m.At)
		}
	}

	// A call larger than the whole allowance may pass when it is alone.
	weight := min(int64(total), c.cfg.MaxInFlightBytes)
	if err := c.inFlight.Acquire(ctx, weight); err != nil {
		return err
	}
	// The writer keeps what it has accepted even if the caller goes away, so the allowance
	// is given back when it is done and not when the caller leaves. Its own attempts bound
	// the time.
	done := make(chan error, 1)
	go func() {
		defer c.inFlight.Release(weight)
		done <- c.writer.WriteMessages(context.WithoutCancel(ctx), out...)
	}()
	select {
	case err := <-done:
		if err != nil && c.isClosed() {
			return ErrClosed // the writer calls it a closed pipe
		}
		return c.publishError(ctx, err, len(msgs))
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Client) publishError(ctx context.Context, err error, total int) error {
	failures, ok := errors.AsType[kafka.WriteErrors](err)
	if !ok {
		if err != nil {
			err = c.explain(ctx, err)
		}
		return err
	}
	for _, cause := range failures {
		if cause != nil {
			return fmt.Errorf("%d of %d messages not acknowledged: %w", failures.Count(), total, plain(c.explain(ctx, cause)))
		}
	}
	return nil
}

// checkSizes refuses a message that no broker would take before anything is sent, because
// kafka-go would otherwise fail its whole call, and returns the sum.
func (c *Client) checkSizes(msgs []Message) (total int, err error) {
	for i := range msgs {
		size := msgs[i].Size()
		if size > c.cfg.MaxBatchBytes {
			return 0, &TooLargeError{Index: i, Size: size, Limit: c.cfg.MaxBatchBytes}
		}
		total += size
	}
	return total, nil
}

// Produce appends msgs to one partition in one request and returns the offset of the first
// when all replicas in sync have them: either all are written or none. Keys are stored, not
// looked at, and may be empty.
//
// A caller that waits for each answer before its next call keeps its order. After a
// retryable error the request may have been written nevertheless.
//
// Errors: ErrTooLarge for one message or, with index -1, for all together (see
// [Message.Size] and [Client.MaxBatchBytes] to cut batches), ErrUnknownTopic, ErrClosed.
func (c *Client) Produce(ctx context.Context, topic string, partition int32, msgs []Message) (firstOffset int64, err error) {
	if len(msgs) == 0 {
		return -1, &Error{Op: "produce", Topic: topic, Partition: partition, Err: errors.New("no messages")}
	}
	start := time.Now()
	firstOffset, err = c.produce(ctx, topic, partition, msgs)
	return firstOffset, c.metrics.observe("produce", start, wrap(ctx, "produce", topic, partition, err))
}

func (c *Client) produce(ctx context.Context, topic string, partition int32, msgs []Message) (int64, error) {
	if c.isClosed() {
		return -1, ErrClosed
	}
	total, err := c.checkSizes(msgs)
	if err != nil {
		return -1, err
	}
	if total > c.cfg.MaxBatchBytes {
		return -1, &TooLargeError{Index: -1, Size: total, Limit: c.cfg.MaxBatchBytes}
	}
	records := make([]kafka.Record, len(msgs))
	for i := range msgs {
		m := &msgs[i]
		records[i] = kafka.Record{Key: kafka.NewBytes(m.Key), Value: kafka.NewBytes(m.Value), Headers: toKafkaHeaders(m.Headers)}
		if m.At != 0 {
			records[i].Time = time.UnixMilli(m.At)
		}
	}
	res, err := c.api.Produce(ctx, &kafka.ProduceRequest{
		Topic:        topic,
		Partition:    int(partition),
		RequiredAcks: kafka.RequireAll,
		Records:      kafka.NewRecordReader(records...),
	})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		if over(ctx) == nil {
			err = c.explain(ctx, err)
		}
		return -1, err
	}
	return res.BaseOffset, nil
}

// MaxBatchBytes is the limit that a batch for Produce must keep, measured by
// [Message.Size].
func (c *Client) MaxBatchBytes() int { return c.cfg.MaxBatchBytes }
