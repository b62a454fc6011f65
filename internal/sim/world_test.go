package sim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/sim"
	"github.com/vigia-cx/vigia/internal/store"
	"github.com/vigia-cx/vigia/internal/worker"
)

const (
	writeToken = "write-0123456789abcdef"
	readToken  = "read-0123456789abcdef"
)

// world is a log, a state and processes in one bubble, on a network of their own. Create it inside the bubble.
type world struct {
	t     *testing.T
	net   *bus.Virtual
	kafka *bus.Embedded
	redis *store.Embedded
	log   *bus.Client // the test's own
	http  *http.Client
	all   []*process
	adapt func(*config.Tenant) // what is special about this world's tenant
}

const worldPartitions = 2

// TestMain spends memory for time: most of what these tests do is to make and drop small values.
func TestMain(m *testing.M) {
	debug.SetGCPercent(800)
	os.Exit(m.Run())
}

func newWorld(t *testing.T, adapt func(*config.Tenant)) *world {
	t.Helper()
	w := &world{t: t, net: bus.NewVirtual(), adapt: adapt}
	var err error
	topics := app.Topics(w.config())
	if w.kafka, err = bus.StartEmbedded(bus.EmbeddedConfig{Listen: w.net.Listen, Dial: w.net.DialContext, Topics: topics.Specs()}); err != nil {
		t.Fatal(err)
	}
	if w.redis, err = store.StartEmbedded(store.EmbeddedConfig{Virtual: true}); err != nil {
		t.Fatal(err)
	}
	if w.log, err = bus.New(w.kafka.Config(), nil, nil); err != nil {
		t.Fatal(err)
	}
	w.http = &http.Client{Transport: &http.Transport{DialContext: w.net.DialContext}}
	return w
}

// close ends whatever still runs: a bubble must be empty at its end.
func (w *world) close() {
	for _, p := range w.all {
		_ = p.Stop(context.Background())
	}
	w.http.CloseIdleConnections()
	if err := errors.Join(w.log.Close(), w.kafka.Close()); err != nil {
		w.t.Error(err)
	}
	w.redis.Close()
}

// config is that of every process of the world.
func (w *world) config() *config.Config {
	c := config.Default()
	c.Listen, c.Data = "127.0.0.1:0", ""
	c.Kafka.Brokers, c.Kafka.Partitions = []string{"127.0.0.1:9092"}, worldPartitions
	c.Redis.Addresses = []string{"127.0.0.1:6379"}
	if w.kafka != nil {
		c.Kafka.Brokers = w.kafka.Brokers()
	}
	tenant := sim.Tenant("shop", "UTC")
	tenant.PseudonymKey = config.NewSecret(strings.Repeat("ab", 32))
	tenant.IngestTokens, tenant.ReadTokens = []config.Secret{config.NewSecret(writeToken)}, []config.Secret{config.NewSecret(readToken)}
	if w.adapt != nil {
		w.adapt(&tenant)
	}
	c.Tenants = []config.Tenant{tenant}
	return c
}

// process is one process: some roles with connections of their own.
type process struct {
	*app.App
	w    *world
	plug plug
}

// start runs a process.
func (w *world) start(roles ...app.Role) *process {
	w.t.Helper()
	p := &process{w: w}
	out := io.Discard
	if os.Getenv("VIGIA_TEST_LOG") != "" {
		out = os.Stderr
	}
	var err error
	p.App, err = app.New(app.Options{
		Config: w.config(), Roles: roles, Listen: w.net.Listen, DialLog: p.plug.through(w.net.DialContext), DialState: p.plug.through(w.redis.Dialer()),
		Logger: slog.New(slog.NewTextHandler(out, nil)).With("roles", fmt.Sprint(roles)),
		Worker: func(c *worker.Config) { c.TickEvery, c.CommitEvery = 30*time.Second, time.Minute }, // routine should not cost the test its time
	})
	if err == nil {
		w.all = append(w.all, p)
		err = p.Start(w.t.Context())
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// stop ends the process in order.
func (p *process) stop() {
	p.w.t.Helper()
	if err := p.Stop(context.Background()); err != nil {
		p.w.t.Errorf("stop: %v", err)
	}
}

// kill ends it as a power cut does: nothing it still does reaches anybody.
func (p *process) kill() {
	p.plug.pull()
	_ = p.Stop(context.Background()) // only to end its goroutines
}

// settled waits until all partitions are shared by the workers and folded to the end of the log.
func settled(workers ...*process) {
	for {
		done, idle := 0, false
		for _, p := range workers {
			status := p.Worker().Status()
			idle = idle || len(status) == 0
			for _, s := range status {
				if s.CaughtUp() {
					done++
				}
			}
		}
		if done == 2*worldPartitions && !idle {
			return
		}
		pass(50 * time.Millisecond)
	}
}

// plug cuts connections.
type plug struct {
	mu   sync.Mutex
	open []net.Conn
	off  bool
}

var errUnplugged = errors.New("unplugged")

type dialer = func(ctx context.Context, network, address string) (net.Conn, error)

func (p *plug) through(dial dialer) dialer {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		p.mu.Lock()
		off := p.off
		p.mu.Unlock()
		if off {
			return nil, errUnplugged
		}
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.open = append(p.open, c)
		return c, nil
	}
}

func (p *plug) pull() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.off = true
	for _, c := range p.open {
		_ = c.Close()
	}
}

// send posts events.
func (w *world) send(to *process, events []*event.Event) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, "http://"+to.Addr().String()+"/ingest/v1/events", bytes.NewReader(sim.Wire(events)))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", sim.WireType)
	r.Header.Set("Authorization", "Bearer "+writeToken)
	w.do(r, nil)
}

// values asks the API.
func (w *world) values(of *process, query url.Values) []kpi.Value {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, "http://"+of.Addr().String()+"/api/v1/kpis?"+query.Encode(), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+readToken)
	var answer struct{ Values []kpi.Value }
	w.do(r, &answer)
	return answer.Values
}

func (w *world) do(r *http.Request, into any) {
	w.t.Helper()
	answer, err := w.http.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: %s %s %v", r.URL, answer.Status, body, err)
	}
	if into != nil {
		if err := json.Unmarshal(body, into); err != nil {
			w.t.Fatal(err)
		}
	}
}

// records reads a topic from its begin to its end.
func (w *world) records(topic string) []bus.Message {
	w.t.Helper()
	var all []bus.Message
	for p := range int32(worldPartitions) {
		start, end, err := w.log.Bounds(w.t.Context(), topic, p)
		for at := start; err == nil && at < end; {
			var b bus.Batch
			b, err = w.log.Fetch(w.t.Context(), topic, p, at, bus.FetchOptions{MaxBytes: 8 << 20})
			all, at = append(all, b.Messages...), b.Next
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
	return all
}
