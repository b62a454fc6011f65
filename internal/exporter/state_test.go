package exporter

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/httpapi"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/store"
	"github.com/vigia-cx/vigia/internal/window"
)

// noon is the instant that tests take place at, Unix ms.
var noon = time.Date(2026, 3, 20, 12, 0, 7, 0, time.UTC).UnixMilli()

// openStore starts an embedded server for the test.
func (w *world) openStore(t testing.TB) {
	t.Helper()
	var err error
	if w.embedded, err = store.StartEmbedded(store.EmbeddedConfig{Virtual: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.embedded.Close)
	w.dialStore(t, store.Config{Addrs: []string{w.embedded.Addr()}, Dialer: w.embedded.Dialer()})
}

// openRedis uses the real server of VIGIA_TEST_REDIS, or skips.
func (w *world) openRedis(t testing.TB) {
	t.Helper()
	addr := os.Getenv("VIGIA_TEST_REDIS")
	if addr == "" {
		t.Skip("needs a real server: set VIGIA_TEST_REDIS to the host:port of a Redis or Valkey")
	}
	w.dialStore(t, store.Config{Addrs: []string{addr}, Prefix: fmt.Sprintf("exporter-test-%d", os.Getpid())})
	t.Cleanup(func() {
		for _, x := range append(slices.Clone(w.stage1), w.stage2...) {
			if err := w.store.Drop(context.Background(), x.slot); err != nil {
				t.Error(err)
			}
		}
	})
}

func (w *world) dialStore(t testing.TB, cfg store.Config) {
	t.Helper()
	var err error
	if w.store, err = store.Open(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.store.Close(); err != nil {
			t.Error(err)
		}
	})
}

// slotState writes the state of one slot as a worker does, as far as readers see it.
type slotState struct {
	t       testing.TB
	s       *store.Store
	slot    store.Slot
	pos     store.Position
	dirs    map[string]*window.Dir
	cells   map[store.Ref]*window.Cell
	changes map[store.Ref]int64 // contributions, by chunk
	pending map[store.Ref][]byte
	at      int64 // T and boundary
	zones   map[string]*time.Location
	agents  bool
}

// begin creates a slot without any tick.
func begin(t testing.TB, s *store.Store, stage string, partition int32) *slotState {
	t.Helper()
	x := &slotState{t: t, s: s, slot: store.Slot{Stage: stage, Partition: partition}, pos: store.Position{Lineage: 1},
		dirs: map[string]*window.Dir{}, zones: map[string]*time.Location{}, cells: map[store.Ref]*window.Cell{}, changes: map[store.Ref]int64{}, pending: map[store.Ref][]byte{}}
	_, err := s.Create(context.Background(), x.slot, store.Meta{Position: x.pos, LogLineage: 1, Partitions: 12, Partitioner: "murmur2", Schema: 1})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func varint(v int64) []byte { return binary.AppendVarint(nil, v) }

func (x *slotState) set(key, field string, value []byte) {
	x.pending[store.Ref{Key: key, Field: field}] = value
}

// tick sets the time, up to which everything is known.
func (x *slotState) tick(at int64) {
	x.at = at
	x.set("pub", "t", varint(at))
	x.set("pub", "b", varint(at))
	x.set("pub", "inc", varint(0))
}

// enrol makes a tenant known, with the rules of a policy.
func (x *slotState) enrol(spec sla.PolicySpec) {
	x.t.Helper()
	p, err := sla.CompilePolicy(spec, 1)
	if err != nil {
		x.t.Fatal(err)
	}
	x.set("tn:"+spec.Tenant, "zone", []byte(p.Zone().String()))
	x.set("tn:"+spec.Tenant, "params", p.JSON())
	x.agents, x.zones[spec.Tenant] = p.AgentCells(), p.Zone()
	if x.dirs[spec.Tenant] == nil {
		x.dirs[spec.Tenant] = &window.Dir{}
	}
}

// count adds moments of a tenant to the panes where they live, or takes them back.
func (x *slotState) count(tenant string, sign int64, moments ...convo.Moment) {
	x.t.Helper()
	dir := x.dirs[tenant]
	if dir == nil {
		x.t.Fatalf("tenant %s is not enrolled", tenant)
	}
	for _, m := range moments {
		place, ok := window.Locate(m.At, x.at, x.zones[tenant])
		if !ok {
			x.t.Fatalf("%+v is too old", m)
		}
		kpi.Observe(m, x.agents, func(f window.Family, g window.Group, s window.Sample) {
			dir.Add(f, place.Chunk)
			ref := store.Ref{Key: place.Chunk.Key(tenant, f), Field: window.Field(place.Pane, g)}
			if x.cells[ref] == nil {
				x.cells[ref] = &window.Cell{}
			}
			x.cells[ref].Add(s, sign)
			x.pending[ref] = x.cells[ref].Encode()
			x.changes[store.Ref{Key: "chg:" + tenant, Field: ref.Key}]++
		})
	}
	x.set("tn:"+tenant, "dir", dir.Encode())
	for ref, n := range x.changes {
		x.pending[ref] = varint(n)
	}
}

// open shows an open conversation.
func (x *slotState) open(tenant string, o convo.Open) { x.set("o:"+tenant, o.Conversation, o.Encode()) }

// commit makes everything since the last one visible in one apply.
func (x *slotState) commit() {
	x.t.Helper()
	to := x.pos
	to.Offset++
	a := store.Apply{Epoch: 1, From: x.pos, To: to}
	for _, ref := range slices.SortedFunc(maps.Keys(x.pending), func(a, b store.Ref) int {
		return strings.Compare(a.Key+"\x00"+a.Field, b.Key+"\x00"+b.Field)
	}) {
		a.Writes = append(a.Writes, store.Write{Key: ref.Key, Field: ref.Field, Value: x.pending[ref]})
	}
	if _, err := x.s.Apply(context.Background(), x.slot, a); err != nil {
		x.t.Fatal(err)
	}
	x.pos = to
	clear(x.pending)
}

// world is a small contact centre: two partitions a stage, one tenant with two queues.
type world struct {
	store          *store.Store
	embedded       *store.Embedded
	stage1, stage2 []*slotState
	now            int64
	cfg            Config
	reader         *Reader
	fetched        atomic.Int64 // values beside facts that the store gave
	down           error        // what the store answers instead
	before         func()       // what happens before the store is read
}

// Read watches the calls on their way to the store.
func (w *world) Read(ctx context.Context, r []store.SlotRefs) ([]store.SlotValues, error) {
	if w.down != nil {
		return nil, w.down
	}
	if w.before != nil {
		w.before()
	}
	answers, err := w.store.Read(ctx, r)
	for _, a := range answers {
		w.fetched.Add(int64(max(0, len(a.Values)-factCount)))
	}
	return answers, err
}

func testConfig(w *world, partitions int32) Config {
	cfg := Default()
	cfg.Interactions, cfg.Customers = partitions, partitions
	cfg.Tenants = []Tenant{{Name: "acme", Zone: "America/Mexico_City", Lang: "es", Tokens: []httpapi.Token{{Plain: acmeToken}}}, {Name: "other", Tokens: []httpapi.Token{{Plain: otherToken}}}}
	cfg.Now = func() time.Time { return time.UnixMilli(w.now) }
	return cfg
}

const (
	acmeToken  = "acme-reads-with-this"
	otherToken = "other-reads-with-this"
)

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{now: noon + 1500}
	w.openStore(t)
	w.begin(t, 2)
	return w
}

// begin creates the slots of both stages, which know the tenant and nothing else.
func (w *world) begin(t testing.TB, partitions int32) {
	t.Helper()
	w.cfg = testConfig(w, partitions)
	w.reader = NewReader(w.cfg, w)
	spec := sla.DefaultPolicy("acme", "America/Mexico_City")
	spec.AgentCells = true
	for p := range partitions {
		a, b := begin(t, w.store, stageInteractions, p), begin(t, w.store, stageCustomers, p)
		for _, x := range []*slotState{a, b} {
			x.tick(noon)
			x.enrol(spec)
			x.commit()
		}
		w.stage1, w.stage2 = append(w.stage1, a), append(w.stage2, b)
	}
}

func voice(queue, agent string) window.Group {
	return window.Group{Channel: "voice", Queue: queue, Team: "t1", Agent: agent}
}

// busy fills the world with a known hour: queue PS has the golden hour over both partitions, queue IN one answer an hour and a half ago.
func (w *world) busy() {
	i := 0
	add := func(n int, kind convo.MomentKind, band convo.Band, wait int64) {
		for range n {
			at := noon - 3_500_000 + int64(i)*34_000
			w.stage1[i%2].count("acme", 1, convo.Moment{Kind: kind, At: at, Group: voice("PS", "7"), Band: band, Value: wait})
			i++
		}
	}
	add(70, convo.Answered, convo.InTarget, 20_000)
	add(15, convo.Answered, convo.Late, 21_500)
	add(4, convo.Abandoned, convo.Short, 5_000)
	add(3, convo.Abandoned, convo.InTarget, 20_000)
	add(5, convo.Abandoned, convo.Late, 60_000)
	add(2, convo.FlowOut, convo.InTarget, 3_000)
	add(1, convo.FlowOut, convo.Late, 30_000)
	w.stage1[0].count("acme", 1,
		convo.Moment{Kind: convo.Answered, At: noon - 5_400_000, Group: voice("IN", "8"), Band: convo.InTarget, Value: 1000},
		convo.Moment{Kind: convo.Handled, At: noon - 60_000, Group: voice("PS", "7"), Value: 181_001})
	promise := func(c sla.Clock, warn, due int64) convo.OpenPromise {
		return convo.OpenPromise{Clock: c, StartAt: noon - 900_000, WarnAt: warn, DueAt: due}
	}
	w.stage1[0].open("acme", convo.Open{Conversation: "p1late", Channel: "whatsapp", Queue: "PS", OpenedAt: noon - 900_000, WaitingSince: noon - 300_000, Customer: "p1who",
		Link: "https://desk.example/p1late", Promises: []convo.OpenPromise{promise(sla.Resolution, noon+1_000_000, noon+2_000_000), promise(sla.FirstResponse, noon-120_000, noon-60_000)}})
	w.stage1[1].open("acme", convo.Open{Conversation: "p1soon", Channel: "whatsapp", Queue: "PS", OpenedAt: noon - 800_000, WaitingSince: noon - 700_000,
		Promises: []convo.OpenPromise{promise(sla.FirstResponse, noon-10, noon+300_000)}})
	w.stage1[1].open("acme", convo.Open{Conversation: "p1far", Channel: "email", Queue: "IN", OpenedAt: noon - 700_000,
		Promises: []convo.OpenPromise{promise(sla.Resolution, noon+5_000_000, noon+6_000_000)}})
	w.stage1[0].open("acme", convo.Open{Conversation: "p1paused", Channel: "email", OpenedAt: noon - 600_000, Promises: []convo.OpenPromise{promise(sla.Resolution, 0, 0)}})
	w.stage1[0].open("acme", convo.Open{Conversation: "p1none", Channel: "email", OpenedAt: noon - 500_000})
	for p, n := range []int{3, 4} {
		for range n {
			w.stage2[p].count("acme", 1, convo.Moment{Kind: convo.Active, At: noon - 1000}, convo.Moment{Kind: convo.Active, At: noon - 1000, Group: window.Group{Queue: "PS"}})
		}
	}
	for _, x := range append(slices.Clone(w.stage1), w.stage2...) {
		x.commit()
	}
}
