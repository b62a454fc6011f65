package bus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// FetchOptions bound one Fetch. Zero values mean the defaults.
type FetchOptions struct {
	// MaxBytes bounds the answer, default 1 MiB. One batch of the log is always returned
	// whole, so the answer can be as large as the topic's max.message.bytes.
	MaxBytes int
	// MinBytes is how much must be there before MaxWait is over, default 1.
	MinBytes int
	// MaxWait is how long the broker waits for MinBytes, default 500 ms.
	MaxWait time.Duration
	// NoHeaders leaves the headers of the messages out: who looks at keys and values only is spared their making.
	NoHeaders bool
}

// Fetch reads records of one partition from offset on. At the end of the log it waits up to
// MaxWait and returns no messages. The messages' bytes are the caller's.
//
// Errors: ErrOffsetOutOfRange with [OutOfRangeError] when the offset was deleted or does
// not exist yet; a record batch whose checksum is wrong (not retryable: the log is damaged
// at that offset); otherwise see [Retryable].
func (c *Client) Fetch(ctx context.Context, topic string, partition int32, offset int64, o FetchOptions) (Batch, error) {
	start := time.Now()
	b, err := c.fetch(ctx, topic, partition, offset, o)
	return b, c.metrics.observe("fetch", start, wrap(ctx, "fetch", topic, partition, err))
}

func (c *Client) fetch(ctx context.Context, topic string, partition int32, offset int64, o FetchOptions) (Batch, error) {
	if offset < 0 {
		// kafka-go reads -1 and -2 as "last" and "first"; a position never means that.
		return Batch{}, fmt.Errorf("offset %d is negative", offset)
	}
	o.MaxBytes = cmp.Or(o.MaxBytes, 1<<20)
	o.MinBytes = cmp.Or(o.MinBytes, 1)
	o.MaxWait = max(cmp.Or(o.MaxWait, 500*time.Millisecond), time.Millisecond)

	res, err := call(ctx, c, func() (*kafka.FetchResponse, error) {
		// kafka-go sets a deadline on the connection only if the context has one; without
		// it a broker that hangs would keep the connection and its goroutine for ever.
		ctx, cancel := context.WithTimeout(ctx, o.MaxWait+requestTimeout)
		defer cancel()
		return c.waiting.Fetch(ctx, &kafka.FetchRequest{
			Topic:     topic,
			Partition: int(partition),
			Offset:    offset,
			MinBytes:  int64(o.MinBytes),
			MaxBytes:  int64(o.MaxBytes),
			MaxWait:   o.MaxWait,
		})
	})
	if err != nil {
		return Batch{}, err
	}
	if errors.Is(res.Error, kafka.OffsetOutOfRange) {
		// Brokers do not fill in the bounds of an answer that is an error.
		first, end, err := c.bounds(ctx, topic, partition)
		if err != nil {
			return Batch{}, err
		}
		return Batch{}, &OutOfRangeError{Offset: offset, LogStart: first, LogEnd: end}
	}
	if res.Error != nil {
		return Batch{}, res.Error
	}
	b := Batch{HighWatermark: res.HighWatermark, LogStart: res.LogStartOffset}
	b.Messages, b.Next, err = decode(topic, partition, offset, res.Records, !o.NoHeaders)
	return b, err
}

// decode copies the records at or past offset and says where to go on.
//
// It walks batch by batch, because kafka-go hides control batches (transaction markers) and
// the last offset that a batch covers. Without that, a marker at the end of an answer, or a
// batch whose last records were compacted away, would be fetched again for ever.
func decode(topic string, partition int32, offset int64, r kafka.RecordReader, headers bool) (msgs []Message, next int64, err error) {
	batches := []protocol.RecordReader{r}
	if s, ok := r.(*protocol.RecordStream); ok {
		batches = s.Records
	}
	var (
		mem  arena
		last = offset - 1
		some bool
	)
	for _, batch := range batches {
		control := false
		switch b := batch.(type) {
		case *protocol.ControlBatch:
			control, some, last = true, true, max(last, b.BaseOffset)
		case *protocol.RecordBatch:
			some, last = true, max(last, b.BaseOffset)
		case *protocol.MessageSet:
			some, last = true, max(last, b.BaseOffset)
		}
		for {
			rec, err := batch.ReadRecord()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, offset, fmt.Errorf("record after offset %d: %w", last, err)
			}
			last = max(last, rec.Offset)
			if control || rec.Offset < offset {
				// The broker returns whole batches, which may begin before the offset.
				drop(rec)
				continue
			}
			m := Message{
				Topic:     topic,
				Partition: partition,
				Offset:    rec.Offset,
				At:        rec.Time.UnixMilli(),
			}
			if headers {
				m.Headers = fromKafkaHeaders(rec.Headers)
			}
			m.Key, err = mem.read(rec.Key)
			if err == nil {
				m.Value, err = mem.read(rec.Value)
			}
			drop(rec)
			if err != nil {
				return nil, offset, fmt.Errorf("record at offset %d: %w", rec.Offset, err)
			}
			msgs = append(msgs, m)
		}
	}
	if some && last < offset {
		// The batch covers the offset, yet holds nothing at or past it: a hole at the end
		// of a compacted batch. How far the hole reaches is hidden; one step is safe.
		last = offset
	}
	return msgs, last + 1, nil
}

// drop gives the record's pages back to kafka-go's pool.
func drop(rec *kafka.Record) {
	if rec.Key != nil {
		_ = rec.Key.Close()
	}
	if rec.Value != nil {
		_ = rec.Value.Close()
	}
}

// arena copies keys and values into few large allocations instead of two per record.
type arena struct{ free []byte }

const arenaChunk = 64 << 10

// read copies all of b; nil stays nil.
func (a *arena) read(b kafka.Bytes) ([]byte, error) {
	if b == nil {
		return nil, nil
	}
	n := b.Len()
	if n > len(a.free) {
		a.free = make([]byte, max(n, arenaChunk))
	}
	out := a.free[:n:n]
	a.free = a.free[n:]
	if _, err := io.ReadFull(b, out); err != nil {
		return nil, err
	}
	return out, nil
}

// Bounds returns the offsets that the partition holds: start is the oldest that is still
// there, end the one that the next record will get. They are equal when it is empty.
func (c *Client) Bounds(ctx context.Context, topic string, partition int32) (start, end int64, err error) {
	began := time.Now()
	start, end, err = c.bounds(ctx, topic, partition)
	return start, end, c.metrics.observe("bounds", began, wrap(ctx, "bounds", topic, partition, err))
}

func (c *Client) bounds(ctx context.Context, topic string, partition int32) (start, end int64, err error) {
	p := int(partition)
	res, err := call(ctx, c, func() (*kafka.ListOffsetsResponse, error) {
		return c.api.ListOffsets(ctx, &kafka.ListOffsetsRequest{
			Topics: map[string][]kafka.OffsetRequest{topic: {kafka.FirstOffsetOf(p), kafka.LastOffsetOf(p)}},
		})
	})
	if err != nil {
		return 0, 0, err
	}
	for _, po := range res.Topics[topic] {
		if po.Partition == p {
			if po.Error != nil {
				return 0, 0, c.explain(ctx, po.Error)
			}
			return po.FirstOffset, po.LastOffset, nil
		}
	}
	return 0, 0, kafka.UnknownTopicOrPartition
}
