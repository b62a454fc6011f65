package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/exporter"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/store"
	"github.com/vigia-cx/vigia/internal/worker"
)

// trial is an installation of its own on the servers: topics and keys under a prefix that nobody else uses.
type trial struct {
	order  order
	topics worker.Topics
	log    *bus.Client
	state  *store.Store
	redis  *server
}

// newTrial connects and creates the topics.
func newTrial(ctx context.Context, o order) (*trial, error) {
	o.Prefix = fmt.Sprintf("bench%d-%d.", os.Getpid(), time.Now().UnixNano())
	cfg, err := o.configuration()
	if err != nil {
		return nil, err
	}
	t := &trial{order: o, topics: app.Topics(cfg)}
	if t.redis, err = dialServer(o.Redis); err != nil {
		return nil, fmt.Errorf("redis at %s: %w; start it with `make stack`", o.Redis, err)
	}
	state, err := app.StateConfig(cfg)
	if err != nil {
		return nil, errors.Join(err, t.close())
	}
	log, err := app.LogConfig(cfg)
	if err != nil {
		return nil, errors.Join(err, t.close())
	}
	if t.state, err = store.Open(state); err != nil {
		return nil, errors.Join(err, t.close())
	}
	if t.log, err = bus.New(log, nil, nil); err != nil {
		return nil, errors.Join(err, t.close())
	}
	if err := t.log.CreateTopics(ctx, t.topics.Specs()); err != nil {
		return nil, errors.Join(fmt.Errorf("create topics on Kafka at %s: %w; start it with `make stack`", o.Kafka, err), t.close())
	}
	return t, nil
}

// close removes all traces.
func (t *trial) close() error {
	var errs []error
	if t.log != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		errs = append(errs, t.log.DeleteTopics(ctx, t.topics.Names()...), t.log.Close())
	}
	if t.state != nil {
		errs = append(errs, t.redis.drop(t.order.Prefix), t.state.Close())
	}
	if t.redis != nil {
		errs = append(errs, t.redis.Close())
	}
	return errors.Join(errs...)
}

// child starts a process of a role on this trial.
func (t *trial) child(ctx context.Context, role string, greeting any) (*child, error) {
	o := t.order
	o.Role = role
	if role != "worker" {
		o.Profile = ""
	}
	return spawn(ctx, o, greeting)
}

// preload writes the workload into the log, in another process.
func (t *trial) preload(ctx context.Context) error {
	var events int
	c, err := t.child(ctx, "load", &events)
	if err != nil {
		return err
	}
	return c.stop()
}

// slots returns all slots with the topics that they read.
func (t *trial) slots() (slots []store.SlotRefs, topics []string) {
	for _, s := range []struct {
		stage fold.Stage
		topic worker.Topic
	}{{fold.Conversations, t.topics.Interactions}, {fold.Customers, t.topics.Customers}} {
		for p := range int32(s.topic.Partitions) {
			slots = append(slots, store.SlotRefs{Slot: worker.SlotOf(s.stage, p)})
			topics = append(topics, s.topic.Name)
		}
	}
	return slots, topics
}

// drained waits until everything in the log is folded and relayed, both stages.
func (t *trial) drained(ctx context.Context) error {
	slots, topics := t.slots()
	every := time.NewTicker(100 * time.Millisecond)
	defer every.Stop()
	// Stage 1 must reach the end that its log has now: the worker itself goes on writing ticks. What stage 2 must reach is known once stage 1 has relayed everything.
	ends := make([]int64, len(slots))
	for i := range slots {
		var err error
		if _, ends[i], err = t.log.Bounds(ctx, topics[i], slots[i].Slot.Partition); err != nil {
			return err
		}
	}
	for first := 0; ; {
		values, err := t.state.Read(ctx, slots)
		if err != nil {
			return err
		}
		half := len(slots) / 2
		done := func(from, to int) bool {
			for i := from; i < to; i++ {
				if values[i].Absent || values[i].Meta.Position.Offset < ends[i] || values[i].Meta.OutboxLen > 0 {
					return false
				}
			}
			return true
		}
		if first == 0 && done(0, half) {
			for i := half; i < len(slots); i++ {
				if _, ends[i], err = t.log.Bounds(ctx, topics[i], slots[i].Slot.Partition); err != nil {
					return err
				}
			}
			first = half
		}
		if first > 0 && done(half, len(slots)) {
			return nil
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for the worker to catch up: %w", ctx.Err())
		}
	}
}

// reader reads values as the exporter does.
func (t *trial) reader() *exporter.Reader {
	c := exporter.Default()
	c.Interactions, c.Customers = int32(t.topics.Interactions.Partitions), int32(t.topics.Customers.Partitions)
	c.Tenants = []exporter.Tenant{{Name: tenant}}
	return exporter.NewReader(c, t.state)
}

// check compares what can be read with what was written: a figure of a job that lost or doubled something is no figure.
func (t *trial) check(ctx context.Context, w workload) error {
	values, err := t.reader().Values(ctx, exporter.Query{Tenant: tenant, KPIs: []string{"conversations_started"}, Window: exporter.Lasting(48 * time.Hour)})
	if err != nil {
		return err
	}
	if len(values) != 1 || string(values[0].Value) != fmt.Sprint(w.Conversations) {
		return fmt.Errorf("%d conversations were written, the worker counts %+v", w.Conversations, values)
	}
	return nil
}
