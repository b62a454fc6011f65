package alerter

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/notify"
	"github.com/vigia-cx/vigia/internal/store"
)

const partitions = 4

// world is a log and a Redis inside a bubble, and workers that relay signals into it.
type world struct {
	t     *testing.T
	net   *bus.Virtual
	kafka *bus.Embedded
	redis *store.Embedded
	log   *bus.Client
	// sources by partition: what the relay of each has sent last.
	sources map[int32]*event.Seq
	sent    map[int32]event.PrevSeq
}

func inWorld(t *testing.T, run func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, net: bus.NewVirtual(), sources: map[int32]*event.Seq{}, sent: map[int32]event.PrevSeq{}}
		var err error
		w.kafka, err = bus.StartEmbedded(bus.EmbeddedConfig{Listen: w.net.Listen, Dial: w.net.DialContext, Topics: []bus.TopicSpec{
			{Name: "vigia.signals", Partitions: partitions, Replication: 1}, {Name: "vigia.alerts", Partitions: partitions, Replication: 1, Config: map[string]string{"cleanup.policy": "compact"}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		w.startRedis()
		w.log = w.client()
		defer func() {
			_ = w.log.Close()
			w.redis.Close()
			_ = w.kafka.Close()
		}()
		run(t, w)
	})
}

func (w *world) startRedis() {
	var err error
	if w.redis, err = store.StartEmbedded(store.EmbeddedConfig{Virtual: true}); err != nil {
		w.t.Fatal(err)
	}
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

func (w *world) logger() *slog.Logger {
	out := io.Discard
	if os.Getenv("VIGIA_TEST_LOG") != "" {
		out = os.Stderr
	}
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// process is an alerter at work.
type process struct {
	*Alerter
	reg    *prometheus.Registry
	cancel context.CancelFunc
	done   chan error
	close  func()
}

type options struct {
	cfg     Config
	journal func(journal) journal
	vault   func(vault) vault
	values  Values
	net     *wire // nil is the plain network
}

// wire is the network of one process, which can be cut.
type wire struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)

	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

func (x *wire) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.cut {
		return nil, errCrash
	}
	c, err := x.dial(ctx, network, address)
	if err == nil {
		x.conns = append(x.conns, c)
	}
	return c, err
}

// sever ends all connections, and lets nobody open new ones: for the brokers the process is dead.
func (x *wire) sever() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.cut = true
	for _, c := range x.conns {
		_ = c.Close()
	}
}

func (w *world) start(o options) *process {
	w.t.Helper()
	log, state := w.client(), w.open()
	if o.net != nil {
		cfg := w.kafka.Config()
		o.net.dial, cfg.Dial = cfg.Dial, o.net.Dial
		var err error
		if log, err = bus.New(cfg, nil, nil); err != nil {
			w.t.Fatal(err)
		}
	}
	var j journal = log
	var v vault = state
	if o.journal != nil {
		j = o.journal(j)
	}
	if o.vault != nil {
		v = o.vault(v)
	}
	o.cfg.Signals, o.cfg.Alerts, o.cfg.Partitions = "vigia.signals", "vigia.alerts", partitions
	reg := prometheus.NewRegistry()
	a, err := newAlerter(o.cfg, j, v, o.values, w.logger(), reg)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &process{Alerter: a, reg: reg, cancel: cancel, done: make(chan error, 1), close: func() { _ = log.Close(); _ = state.Close() }}
	go func() { r.done <- a.Run(ctx) }()
	return r
}

// startAlone starts an alerter that gets every shard. The embedded log forgets the session of a member whose connection broke while it was being answered, and keeps its share for
// it for good; the next one who joins removes it.
func (w *world) startAlone(o options) *process {
	w.t.Helper()
	for range 5 {
		r := w.start(o)
		for range 300 {
			time.Sleep(100 * time.Millisecond)
			if n, ok := r.Assigned(); ok && n == partitions {
				return r
			}
		}
		r.stop(w.t)
	}
	w.t.Fatal("nobody gets all shards")
	return nil
}

func (r *process) stop(t *testing.T) {
	t.Helper()
	r.cancel()
	if err := <-r.done; err != nil {
		t.Errorf("run: %v", err)
	}
	r.close()
}

// metric sums a metric over its labels.
func (r *process) metric(t *testing.T, name string) (sum float64) {
	t.Helper()
	families, err := r.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			for _, m := range f.GetMetric() {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

// rest waits until all shards have decided.
func (w *world) rest(r *process) {
	w.t.Helper()
	for range 600 {
		time.Sleep(100 * time.Millisecond)
		if list := r.Status(); len(list) == partitions && !slices.ContainsFunc(list, func(s Status) bool { return !s.CaughtUp() || s.Behind > 0 }) {
			return
		}
	}
	w.t.Fatalf("the shards do not come to rest: %+v", r.Status())
}

// breach is a signal of a promise that was due at an instant.
func breach(conversation string, revision uint32, kind event.SignalKind, due time.Time) event.Signal {
	s := event.Signal{
		Tenant: "t", Conversation: conversation, Clock: "first_response", Instance: "1", Kind: kind, Revision: revision, StartedAt: due.Add(-time.Minute).UnixMilli(), DueAt: due.UnixMilli(),
		At: time.Now().UnixMilli(), Channel: event.WebChat, Queue: "sales", Cause: event.ByTimer,
	}
	if kind == event.SignalSettled {
		s.FulfilledAt = s.At
	}
	return s
}

// relay writes records as the relay of a worker does: in order, each naming the one before it.
func (w *world) relay(signals ...event.Signal) {
	w.t.Helper()
	byPartition := map[int32][]bus.Message{}
	for _, s := range signals {
		key := event.ConversationKey(s.Tenant, s.Conversation)
		p := bus.Partition([]byte(key), partitions)
		id := event.OutputID(s.Conversation, s.Clock, s.Instance, s.Kind.String(), fmt.Sprint(s.Revision))
		byPartition[p] = append(byPartition[p], w.sealed(p, key, id, s, false))
	}
	for _, p := range slices.Sorted(maps.Keys(byPartition)) {
		for page := range slices.Chunk(byPartition[p], 1000) {
			w.produce(p, page)
		}
	}
}

func (w *world) sealed(p int32, key, id string, body event.RecordBody, restart bool) bus.Message {
	seq := w.sources[p]
	if seq == nil {
		seq = &event.Seq{Topic: "vigia.interactions", Partition: p, LogLineage: 1, Offset: -1, Prev: event.PrevSeq{Offset: -1}}
		w.sources[p] = seq
		w.sent[p] = event.PrevSeq{Offset: -1}
	}
	seq.Offset++
	seq.Prev = w.sent[p]
	seq.Prev.Restart = restart
	w.sent[p] = seq.At()
	copied := *seq
	m := bus.Message{Value: event.Encode(event.Record{Body: body, Seq: &copied, OutputID: id})}
	if key != "" {
		m.Key = []byte(key)
	}
	return m
}

func (w *world) produce(p int32, messages []bus.Message) {
	w.t.Helper()
	for range 20 {
		_, err := w.log.Produce(w.t.Context(), "vigia.signals", p, messages)
		if err == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	w.t.Fatal("the log does not take signals")
}

// inbox is a destination: it behaves as told and remembers what it took.
type inbox struct {
	mu     sync.Mutex
	behave func(n notify.Notice) error // nil takes everything
	took   []delivered
	tried  []delivered
}

type delivered struct {
	notify.Notice
	at time.Time
}

func (b *inbox) Notify(ctx context.Context, n notify.Notice) error {
	b.mu.Lock()
	behave := b.behave
	b.tried = append(b.tried, delivered{n, time.Now()})
	b.mu.Unlock()
	if behave != nil {
		if err := behave(n); err != nil {
			if err == errHang {
				<-ctx.Done()
				return ctx.Err()
			}
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.took = append(b.took, delivered{n, time.Now()})
	return nil
}

func (b *inbox) set(behave func(n notify.Notice) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.behave = behave
}

func (b *inbox) all() []delivered {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.took)
}

// types lists what was taken, in order, in short.
func (b *inbox) types() (out []string) {
	for _, d := range b.all() {
		out = append(out, fmt.Sprintf("%s/%d", d.Type, max(1, d.Total)))
	}
	return out
}

var errHang = fmt.Errorf("hangs")

// tenantT is a tenant with one receiver that wants incidents alone, and one route to it.
func tenantT(b *inbox) Tenant {
	return Tenant{
		Name: "t", Lang: "en",
		Receivers: []Receiver{{Name: "hook", Notifier: b, PerIncident: true, MaxAge: 72 * time.Hour}},
		Routes:    []Route{{Name: "all", Receivers: []string{"hook"}, GroupWait: -1}},
	}
}

// grouped is the same with groups by queue.
func grouped(b *inbox) Tenant {
	t := tenantT(b)
	t.Receivers[0].PerIncident = false
	return t
}

func serving(tenants ...Tenant) options { return options{cfg: Config{Tenants: tenants}} }
