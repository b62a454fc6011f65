// Package connectortest is what every channel must pass: see [Exercise].
package connectortest

import (
	"context"
	"errors"
	"sync"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
)

// Partitions of each topic of a [Log].
const Partitions = 4

// Topics of a [Log].
const (
	Interactions = "vigia.interactions"
	Customers    = "vigia.customers"
	DeadLetters  = "vigia.deadletters"
)

// ErrOut is what a [Log] answers that is out.
var ErrOut = errors.New("no broker answers")

// Log is a log in memory with the partitions and the order of a real one. It can be out, and it can hang. It is a [connector.Publisher].
type Log struct {
	mu      sync.Mutex
	records map[string][][]bus.Message // topic → partition → records
	out     func(topic string, partition int32) bool
	hang    bool
}

// NewLog returns an empty log.
func NewLog() *Log {
	l := &Log{}
	l.Clear()
	return l
}

// Clear forgets everything that was written.
func (l *Log) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records = map[string][][]bus.Message{}
	for _, topic := range []string{Interactions, Customers, DeadLetters} {
		l.records[topic] = make([][]bus.Message, Partitions)
	}
}

// SetOut makes partitions refuse what is written; nil makes all of them well.
func (l *Log) SetOut(out func(topic string, partition int32) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.out = out
}

// SetHang makes the log answer nothing.
func (l *Log) SetHang(hang bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hang = hang
}

func (l *Log) append(ctx context.Context, topic string, partition int32, m bus.Message) error {
	l.mu.Lock()
	hang := l.hang
	l.mu.Unlock()
	if hang {
		<-ctx.Done()
		return ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.records[topic] == nil {
		return bus.ErrUnknownTopic
	}
	if l.out != nil && l.out(topic, partition) {
		return ErrOut
	}
	m.Topic, m.Partition, m.Offset = topic, partition, int64(len(l.records[topic][partition]))
	l.records[topic][partition] = append(l.records[topic][partition], m)
	return nil
}

// Publish implements [connector.Publisher].
func (l *Log) Publish(ctx context.Context, topic string, msgs []bus.Message) error {
	for _, m := range msgs {
		if err := l.append(ctx, topic, bus.Partition(m.Key, Partitions), m); err != nil {
			return err
		}
	}
	return nil
}

// Produce implements [connector.Publisher].
func (l *Log) Produce(ctx context.Context, topic string, partition int32, msgs []bus.Message) (int64, error) {
	for _, m := range msgs {
		if err := l.append(ctx, topic, partition, m); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// Topics implements [connector.Publisher].
func (l *Log) Topics(_ context.Context, names ...string) (map[string]bus.TopicInfo, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[string]bus.TopicInfo{}
	for _, name := range names {
		out[name] = bus.TopicInfo{Exists: l.records[name] != nil, Partitions: len(l.records[name])}
	}
	return out, nil
}

// All returns every record of a topic, by partition and offset.
func (l *Log) All(topic string) []bus.Message {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []bus.Message
	for _, p := range l.records[topic] {
		out = append(out, p...)
	}
	return out
}

// Events returns the events in the log, by partition and offset. The error is about a record that cannot be read.
func (l *Log) Events() ([]*event.Event, error) {
	var out []*event.Event
	for _, m := range l.All(Interactions) {
		r, err := event.Decode(m.Value)
		if err != nil {
			return nil, err
		}
		if e, ok := r.Body.(*event.Event); ok {
			out = append(out, e)
		}
	}
	return out, nil
}

// Letters returns the dead letters in the log.
func (l *Log) Letters() ([]event.DeadLetter, error) {
	var out []event.DeadLetter
	for _, m := range l.All(DeadLetters) {
		r, err := event.Decode(m.Value)
		if err != nil {
			return nil, err
		}
		if d, ok := r.Body.(event.DeadLetter); ok {
			out = append(out, d)
		}
	}
	return out, nil
}
