package worker

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/store"
)

// world is a log and a Redis inside a bubble, and what tests do with them.
type world struct {
	t      *testing.T
	net    *bus.Virtual
	kafka  *bus.Embedded
	redis  *store.Embedded
	topics Topics
	log    *bus.Client
	state  *store.Store
	policy *sla.Policy
	serial int
	poison map[store.Slot]int64 // records on which the fold fails
}

// inWorld runs a test in a bubble with a fresh world of two partitions.
func inWorld(t *testing.T, run func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, net: bus.NewVirtual(), topics: topics(2)}
		var err error
		if w.kafka, err = bus.StartEmbedded(bus.EmbeddedConfig{Listen: w.net.Listen, Dial: w.net.DialContext, Topics: w.topics.Specs()}); err != nil {
			t.Fatal(err)
		}
		if w.redis, err = store.StartEmbedded(store.EmbeddedConfig{Virtual: true}); err != nil {
			t.Fatal(err)
		}
		w.log, w.state = w.client(), w.open()
		spec := sla.DefaultPolicy("t", "America/Bogota")
		spec.Rules = []sla.RuleSpec{{Name: "chat", FirstResponse: "1m", NextResponse: "2m", Resolution: "1h"}}
		if w.policy, err = sla.CompilePolicy(spec, 1); err != nil {
			t.Fatal(err)
		}
		defer func() {
			_ = w.state.Close()
			_ = w.log.Close()
			w.redis.Close()
			_ = w.kafka.Close()
		}()
		run(t, w)
	})
}

func (w *world) client() *bus.Client {
	c, err := bus.New(w.kafka.Config(), nil, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) open() *store.Store {
	s, err := store.Open(store.Config{Addrs: []string{w.redis.Addr()}, Dialer: w.redis.Dialer()})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// running is a worker at work.
type running struct {
	*Worker
	reg    *prometheus.Registry
	cancel context.CancelFunc
	done   chan error
	close  func()
}

type options struct {
	cfg     Config
	journal func(journal) journal
	vault   func(vault) vault
	route   func(key string, partitions int32) int32
}

// start runs a worker with clients of its own.
func (w *world) start(o options) *running {
	log, state := w.client(), w.open()
	var j journal = log
	var v vault = state
	if o.journal != nil {
		j = o.journal(j)
	}
	if o.vault != nil {
		v = o.vault(v)
	}
	reg := prometheus.NewRegistry()
	o.cfg.Embedded = true
	worker, err := newWorker(o.cfg, j, v, w.topics, w.logger(), reg)
	if err != nil {
		w.t.Fatal(err)
	}
	if o.route != nil {
		worker.route = o.route
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{Worker: worker, reg: reg, cancel: cancel, done: make(chan error, 1), close: func() { _ = log.Close(); _ = state.Close() }}
	go func() { r.done <- worker.Run(ctx) }()
	return r
}

func (w *world) logger() *slog.Logger {
	out := io.Discard
	if os.Getenv("VIGIA_TEST_LOG") != "" {
		out = os.Stderr
	}
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// stop drains the worker and returns what Run returned.
func (r *running) stop() error {
	r.cancel()
	err := <-r.done
	r.close()
	return err
}

func (r *running) mustStop(t *testing.T) {
	t.Helper()
	if err := r.stop(); err != nil {
		t.Errorf("run: %v", err)
	}
}

// apply puts the policy in force.
func (w *world) applyPolicy() int {
	w.t.Helper()
	n, err := AppendPolicies(w.t.Context(), w.log, w.state, w.topics, []event.Policy{fold.PolicyRecord(w.policy, false)})
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// say publishes a message of a conversation, now.
func (w *world) say(conversation string, dir event.Direction) {
	w.t.Helper()
	e := w.message(conversation, dir)
	w.publish(e.Key(), event.Encode(event.Record{Body: e}))
}

func (w *world) message(conversation string, dir event.Direction) *event.Event {
	w.t.Helper()
	w.serial++
	now := time.Now().UnixMilli()
	e := &event.Event{
		ID: fmt.Sprintf("%026d", w.serial), Tenant: "t", Source: event.Source{Connector: "http", NativeID: fmt.Sprint(w.serial), Basis: 1}, At: now, ReceivedAt: now,
		Conversation: conversation, Customer: "ana", Actor: event.ByCustomer, Channel: event.WebChat, Quality: event.QualitySubsecond,
		Routing: event.Routing{Queue: "sales"}, Body: event.Message{ID: fmt.Sprint("m", w.serial), Direction: dir},
	}
	if dir == event.Outbound {
		e.Actor, e.ActorID = event.ByAgent, "zoe"
	}
	if err := e.Validate(); err != nil {
		w.t.Fatal(err)
	}
	return e
}

func (w *world) publish(key string, value []byte) {
	w.t.Helper()
	if err := w.log.Publish(w.t.Context(), w.topics.Interactions.Name, []bus.Message{{Key: []byte(key), Value: value}}); err != nil {
		w.t.Fatal(err)
	}
}

// talk lets conversations begin and be answered, some too late, over n minutes.
func (w *world) talk(name string, minutes int) {
	w.t.Helper()
	for i := range minutes {
		for c := range 4 {
			w.say(fmt.Sprint(name, "-", i, "-", c), event.Inbound)
		}
		time.Sleep(30 * time.Second)
		w.say(fmt.Sprint(name, "-", i, "-0"), event.Outbound)
		w.say(fmt.Sprint(name, "-", i, "-1"), event.Outbound)
		if i > 1 {
			w.say(fmt.Sprint(name, "-", i-2, "-2"), event.Outbound)
		}
		time.Sleep(30 * time.Second)
	}
}

// pass lets time pass in the bubble.
func (w *world) pass(d time.Duration) { time.Sleep(d) }

// rest waits until every partition is applied to its end, with nothing left to relay.
func (w *world) rest() {
	w.t.Helper()
	for range 600 {
		time.Sleep(100 * time.Millisecond)
		if w.settled() {
			return
		}
	}
	for _, s := range w.slots() {
		v, err := w.state.Read(w.t.Context(), []store.SlotRefs{{Slot: s.slot}})
		_, end, _ := w.log.Bounds(w.t.Context(), s.topic, s.slot.Partition)
		w.t.Logf("slot %s: %+v, %v, the log ends at %d", s.slot, v, err, end)
	}
	w.t.Fatal("the partitions do not come to rest")
}

func (w *world) settled() bool {
	for _, s := range w.slots() {
		v, err := w.state.Read(w.t.Context(), []store.SlotRefs{{Slot: s.slot}})
		if err != nil || v[0].Absent {
			return false
		}
		_, end, err := w.log.Bounds(w.t.Context(), s.topic, s.slot.Partition)
		if err != nil || v[0].Meta.Position.Offset != end || v[0].Meta.OutboxLen > 0 {
			return false
		}
	}
	return true
}

type slotOf struct {
	slot  store.Slot
	stage fold.Stage
	topic string
}

func (w *world) slots() []slotOf {
	var out []slotOf
	for p := range int32(w.topics.Interactions.Partitions) {
		out = append(out, slotOf{SlotOf(fold.Conversations, p), fold.Conversations, w.topics.Interactions.Name})
	}
	for p := range int32(w.topics.Customers.Partitions) {
		out = append(out, slotOf{SlotOf(fold.Customers, p), fold.Customers, w.topics.Customers.Name})
	}
	return out
}

// read returns all records of a partition.
func (w *world) read(topic string, partition int32) []bus.Message {
	w.t.Helper()
	start, end, err := w.log.Bounds(w.t.Context(), topic, partition)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []bus.Message
	for next := start; next < end; {
		b, err := w.log.Fetch(w.t.Context(), topic, partition, next, bus.FetchOptions{})
		if err != nil {
			w.t.Fatal(err)
		}
		out, next = append(out, b.Messages...), b.Next
	}
	return out
}

// metric sums a metric over its labels.
func (r *running) metric(t *testing.T, name string) float64 {
	t.Helper()
	families, err := r.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		if f.GetName() == name {
			for _, m := range f.GetMetric() {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

// deleteRecords lets the log forget what stands below an offset, as retention does.
func (w *world) deleteRecords(topic string, partition int32, before int64) {
	w.t.Helper()
	k, err := kgo.NewClient(kgo.SeedBrokers(w.kafka.Brokers()...), kgo.Dialer(w.net.DialContext))
	if err != nil {
		w.t.Fatal(err)
	}
	defer k.Close()
	p := kmsg.NewDeleteRecordsRequestTopicPartition()
	p.Partition, p.Offset = partition, before
	rt := kmsg.NewDeleteRecordsRequestTopic()
	rt.Topic, rt.Partitions = topic, []kmsg.DeleteRecordsRequestTopicPartition{p}
	req := kmsg.NewPtrDeleteRecordsRequest()
	req.Topics, req.TimeoutMillis = []kmsg.DeleteRecordsRequestTopic{rt}, 10_000
	if _, err := req.RequestWith(w.t.Context(), k); err != nil {
		w.t.Fatal(err)
	}
}
