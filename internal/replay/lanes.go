package replay

import (
	"context"
	"errors"
	"sync"

	"github.com/cenkalti/backoff/v5"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
)

const (
	// laneMessages and laneBytes bound one request to the log.
	laneMessages = 1000
	laneBytes    = 512 << 10
	// laneBatches is how many requests may wait behind the one in flight.
	laneBatches = 4
)

// lanes writes to the log in order: one request in flight per partition, so that a tick stands behind every event that came before it. Ingest publishes to it; what it has
// published is in the log only after a flush.
type lanes struct {
	ctx   context.Context
	log   *bus.Client
	fail  context.CancelCauseFunc
	lanes map[laneKey]*lane
	parts map[string]int // partitions by topic
	wg    sync.WaitGroup
}

type laneKey struct {
	topic     string
	partition int32
}

type lane struct {
	key   laneKey
	batch []bus.Message
	bytes int
	out   chan load
}

// load is a batch to write, or a question whether all before it is written.
type load struct {
	messages []bus.Message
	written  chan<- struct{}
}

func newLanes(ctx context.Context, log *bus.Client, fail context.CancelCauseFunc) *lanes {
	return &lanes{ctx: ctx, log: log, fail: fail, lanes: map[laneKey]*lane{}, parts: map[string]int{}}
}

// Publish implements connector.Publisher. Errors of the log surface at the next flush.
func (l *lanes) Publish(ctx context.Context, topic string, messages []bus.Message) error {
	n, ok := l.parts[topic]
	if !ok {
		info, err := l.log.Topics(ctx, topic)
		if err != nil {
			return err
		}
		n = info[topic].Partitions
		if n == 0 {
			return bus.ErrUnknownTopic
		}
		l.parts[topic] = n
	}
	for _, m := range messages {
		l.add(topic, bus.Partition(m.Key, n), m)
	}
	return context.Cause(l.ctx)
}

// Produce implements connector.Publisher. The offset is not known yet.
func (l *lanes) Produce(_ context.Context, topic string, partition int32, messages []bus.Message) (int64, error) {
	for _, m := range messages {
		l.add(topic, partition, m)
	}
	return -1, context.Cause(l.ctx)
}

// Topics implements connector.Publisher.
func (l *lanes) Topics(ctx context.Context, names ...string) (map[string]bus.TopicInfo, error) {
	return l.log.Topics(ctx, names...)
}

// control appends a control record to a partition.
func (l *lanes) control(topic string, partition int32, body event.RecordBody) {
	m := bus.Message{Value: event.Encode(event.Record{Body: body})}
	for _, h := range event.ControlHeaders(body, "") {
		m.Headers = append(m.Headers, bus.Header{Key: h.Key, Value: []byte(h.Value)})
	}
	l.add(topic, partition, m)
}

func (l *lanes) add(topic string, partition int32, m bus.Message) {
	key := laneKey{topic, partition}
	x := l.lanes[key]
	if x == nil {
		x = &lane{key: key, out: make(chan load, laneBatches)}
		l.lanes[key] = x
		l.wg.Go(func() { l.run(x) })
	}
	if size := m.Size(); len(x.batch) == laneMessages || x.bytes+size > laneBytes {
		l.send(x, load{messages: x.batch})
		x.batch, x.bytes = nil, 0
	}
	x.batch = append(x.batch, m)
	x.bytes += m.Size()
}

func (l *lanes) send(x *lane, b load) {
	select {
	case x.out <- b:
	case <-l.ctx.Done():
	}
}

// run writes the batches of one lane.
func (l *lanes) run(x *lane) {
	for b := range x.out {
		if len(b.messages) > 0 && l.ctx.Err() == nil {
			if err := l.write(x.key, b.messages); err != nil {
				l.fail(err)
			}
		}
		if b.written != nil {
			b.written <- struct{}{}
		}
	}
}

// write repeats a request that may have failed: readers tell repeated events by their ids, and a control record that repeats changes nothing.
func (l *lanes) write(key laneKey, messages []bus.Message) error {
	_, err := backoff.Retry(l.ctx, func() (int64, error) {
		offset, err := l.log.Produce(l.ctx, key.topic, key.partition, messages)
		if err != nil && !bus.Retryable(err) {
			err = backoff.Permanent(err)
		}
		return offset, err
	}, backoff.WithMaxTries(8))
	if p, ok := errors.AsType[*backoff.PermanentError](err); ok {
		err = p.Err
	}
	return err
}

// flush waits until everything is in the log.
func (l *lanes) flush(ctx context.Context) error {
	written := make(chan struct{}, len(l.lanes))
	for _, x := range l.lanes {
		l.send(x, load{messages: x.batch, written: written})
		x.batch, x.bytes = nil, 0
	}
	for range l.lanes {
		select {
		case <-written:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-l.ctx.Done():
			return context.Cause(l.ctx)
		}
	}
	return context.Cause(l.ctx)
}

// close stops the lanes; what was not flushed is dropped.
func (l *lanes) close() {
	for _, x := range l.lanes {
		close(x.out)
	}
	l.wg.Wait()
}
