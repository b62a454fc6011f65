package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/pack"
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

// memory is the oracle's store.
type memory map[string]map[string][]byte

func (m memory) load(refs []fold.Ref) ([]fold.Value, error) {
	out := make([]fold.Value, len(refs))
	for i, r := range refs {
		h := m[r.Key]
		if r.Field == "" {
			out[i] = fold.Value{Fields: maps.Clone(h), Found: len(h) > 0}
		} else if b, ok := h[r.Field]; ok {
			out[i] = fold.Value{Blob: b, Found: true}
		}
	}
	return out, nil
}

func (m memory) apply(c fold.Commit) {
	for _, x := range c.Writes {
		switch {
		case x.Field == "":
			delete(m, x.Key)
		case x.Value == nil:
			delete(m[x.Key], x.Field)
			if len(m[x.Key]) == 0 {
				delete(m, x.Key)
			}
		default:
			if m[x.Key] == nil {
				m[x.Key] = map[string][]byte{}
			}
			m[x.Key][x.Field] = x.Value
		}
	}
}

// fold folds a partition's whole log in one go, one record a commit, with no worker in between.
//
// After a rebuild it tells open breaches again at the mark that the state has kept in its root.
func (w *world) fold(s slotOf) (memory, []fold.Out) {
	w.t.Helper()
	values, err := w.state.Read(w.t.Context(), []store.SlotRefs{{Slot: s.slot}})
	if err != nil || values[0].Absent {
		w.t.Fatalf("slot %s: %+v, %v", s.slot, values, err)
	}
	meta := values[0].Meta
	o := newOwner(&Worker{topics: w.topics, route: route, metrics: must(newMetrics(nil)), log: w.logger()}, nil, stage{fold: s.stage, topic: Topic{Name: s.topic, Partitions: 2}}, s.slot.Partition)
	if at, ok := w.poison[s.slot]; ok {
		o.poison = map[int64]bool{at: true}
	}
	var outs []fold.Out
	mem := memory{}
	messages := w.read(s.topic, s.slot.Partition)
	inputs, _ := o.decode(messages)
	config := o.config()
	slot := fold.New(config, mem.load, fold.Position{}, fold.Start{Fresh: true, LogLineage: meta.LogLineage, StateLineage: meta.Position.Lineage, RestateAt: w.restateAt(s)})
	for _, in := range inputs {
		for done := false; !done; {
			if done, err = slot.Apply(in); err != nil {
				w.t.Fatalf("oracle: slot %s offset %d: %v", s.slot, in.Offset, err)
			}
		}
		c := slot.Commit()
		mem.apply(c)
		outs = append(outs, c.Outs...)
		slot.Committed(1 << 30)
	}
	return mem, outs
}

// restateAt reads the sixth number of a root.
func (w *world) restateAt(s slotOf) int64 {
	w.t.Helper()
	_, _, values, err := w.state.Load(w.t.Context(), s.slot, []store.Ref{{Key: "root", Field: "r"}})
	if err != nil || !values[0].Found {
		w.t.Fatalf("slot %s: no root: %v", s.slot, err)
	}
	r := pack.NewReader(values[0].Blob)
	r.Uint() // schema
	for range 4 {
		r.Int() // time, boundary, lineages
	}
	return r.Int()
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// verify compares the state of every partition with the log folded anew, and every output in Kafka, once repetitions are dropped, with what that fold emits. The root holds
// lineages and is compared only if no rebuild has happened.
func (w *world) verify(rebuilt bool) {
	w.t.Helper()
	w.rest()
	got := map[string][]string{}
	for _, topic := range []Topic{w.topics.Customers, w.topics.Signals, w.topics.DeadLetters} {
		for p := range int32(topic.Partitions) {
			w.collect(got, topic.Name, p)
		}
	}
	want := map[string][]string{}
	for _, s := range w.slots() {
		mem, outs := w.fold(s)
		for _, o := range outs {
			lane := fmt.Sprintf("%s/%d → %s/%d", s.topic, s.slot.Partition, o.Topic, o.Partition)
			want[lane] = append(want[lane], o.Record.OutputID)
		}
		w.compare(s, mem, rebuilt)
	}
	for _, lane := range slices.Sorted(maps.Keys(want)) {
		if !slices.Equal(got[lane], want[lane]) {
			w.t.Errorf("%s: %d outputs in Kafka, want %d: %v, want %v", lane, len(got[lane]), len(want[lane]), got[lane], want[lane])
		}
	}
}

// collect reads one destination as a consumer does: by the highest offset of each source and the ids at that offset.
func (w *world) collect(got map[string][]string, topic string, partition int32) {
	w.t.Helper()
	type seen struct {
		lineage, offset int64
		ids             []string
	}
	sources := map[string]*seen{}
	for _, m := range w.read(topic, partition) {
		r, err := event.Decode(m.Value)
		if err != nil || r.Seq == nil {
			continue // control records
		}
		lane := fmt.Sprintf("%s/%d → %s/%d", r.Seq.Topic, r.Seq.Partition, topic, partition)
		s := sources[lane]
		if s == nil {
			s = &seen{offset: -1}
			sources[lane] = s
		}
		if r.Seq.LogLineage > s.lineage {
			*s = seen{lineage: r.Seq.LogLineage, offset: -1}
			got[lane] = nil
		}
		if r.Seq.LogLineage < s.lineage || r.Seq.Offset < s.offset || r.Seq.Offset == s.offset && slices.Contains(s.ids, r.OutputID) {
			continue
		}
		if r.Seq.Offset > s.offset {
			s.offset, s.ids = r.Seq.Offset, nil
		}
		s.ids = append(s.ids, r.OutputID)
		got[lane] = append(got[lane], r.OutputID)
	}
}

func (w *world) compare(s slotOf, mem memory, rebuilt bool) {
	w.t.Helper()
	keys := slices.Sorted(maps.Keys(mem))
	refs := make([]store.Ref, len(keys))
	for i, k := range keys {
		refs[i] = store.Ref{Key: k}
	}
	_, _, values, err := w.state.Load(w.t.Context(), s.slot, refs)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(keys) < 3 {
		w.t.Errorf("slot %s: the oracle has only %v", s.slot, keys)
	}
	for i, k := range keys {
		if rebuilt && k == "root" {
			continue
		}
		if !maps.EqualFunc(values[i].Fields, mem[k], func(a, b []byte) bool { return string(a) == string(b) }) {
			w.t.Errorf("slot %s: %s differs from the log folded anew:\n%s\nwant\n%s", s.slot, k, text(values[i].Fields), text(mem[k]))
		}
	}
}

func text(h map[string][]byte) string {
	var b strings.Builder
	for _, f := range slices.Sorted(maps.Keys(h)) {
		fmt.Fprintf(&b, "  %q: %x\n", f, h[f])
	}
	return b.String()
}

// signals counts the distinct breaches in Kafka.
func (w *world) signals(kind event.SignalKind) int {
	ids := map[string]bool{}
	for p := range int32(w.topics.Signals.Partitions) {
		for _, m := range w.read(w.topics.Signals.Name, p) {
			if r, err := event.Decode(m.Value); err == nil {
				if s, ok := r.Body.(event.Signal); ok && s.Kind == kind {
					ids[r.OutputID] = true
				}
			}
		}
	}
	return len(ids)
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

var errCrash = errors.New("the process is dead")

// plug is a process that dies at one of its calls: every call passes it before and after it is made, and from that moment all fail.
type plug struct {
	at     string                  // the pass at which it dies; "" never
	filter func(name string) error // a fault at a pass

	mu   sync.Mutex
	left int // passes of that name until death
	dead bool
}

func (p *plug) pass(name string) error {
	if p.filter != nil {
		if err := p.filter(name); err != nil {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.dead && name == p.at {
		p.dead = p.left == 0
		p.left--
	}
	if p.dead {
		return errCrash
	}
	return nil
}

// through makes a call between two passes, so that death can come before it, or after it with the answer lost.
func through[T any](p *plug, name string, call func() (T, error)) (T, error) {
	var zero T
	if err := p.pass("before " + name); err != nil {
		return zero, err
	}
	v, err := call()
	if crash := p.pass("after " + name); crash != nil {
		return zero, crash
	}
	return v, err
}
