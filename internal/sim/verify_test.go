package sim_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sim"
	"github.com/vigia-cx/vigia/internal/store"
	"github.com/vigia-cx/vigia/internal/verify"
	"github.com/vigia-cx/vigia/internal/window"
)

// verify compares the world's state with its log.
func (w *world) verify(o verify.Options) *verify.Report {
	w.t.Helper()
	state, err := store.Open(store.Config{Addrs: []string{w.redis.Addr()}, Dialer: w.redis.Dialer()})
	if err != nil {
		w.t.Fatal(err)
	}
	defer state.Close()
	r, err := verify.Compare(w.t.Context(), w.log, state, app.Topics(w.config()), o)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// mustEqual expects that nothing differs, and nothing is undecided.
func (w *world) mustEqual(when string) *verify.Report {
	w.t.Helper()
	r := w.verify(verify.Options{})
	for i, d := range append(slices.Clone(r.Differences), r.Undecided...) {
		if i == 10 {
			w.t.Errorf("%s: … %d differences", when, len(r.Differences))
			break
		}
		w.t.Errorf("%s: %+v %+v", when, d, d.Pane)
	}
	return r
}

// raw is a client that may do everything to the state.
func (w *world) raw() *redis.Client {
	return redis.NewClient(&redis.Options{Addr: w.redis.Addr(), Dialer: w.redis.Dialer(), Protocol: 2, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}})
}

// TestVerify damages a pane, deletes a conversation and lets a worker skip an offset: the comparison names each, and says nothing about what is sound.
func TestVerify(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(9 * time.Hour)
		w := newWorld(t, nil)
		defer w.close()
		io, worker := w.start(app.Connector), w.start(app.Worker)
		settled(worker)
		start := time.Now()
		traffic := sim.New(sim.Shift{Seed: 3, Tenant: "shop", Start: start, PerHour: 200})
		for e := traffic.NextBefore(start.Add(150 * time.Minute)); e != nil; e = traffic.NextBefore(start.Add(150 * time.Minute)) {
			time.Sleep(time.Until(time.UnixMilli(e.At)))
			w.send(io, []*event.Event{e})
		}
		w.mustEqual("while the worker runs")
		time.Sleep(5 * time.Minute)
		settled(worker)
		worker.stop()
		r := w.mustEqual("at rest")
		t.Logf("compared: %+v", r.Compared)
		if c := r.Compared; c.Cells < 1000 || c.Conversations < 300 || c.Open < 10 || c.Breaches < 10 || c.Customers < 100 || c.Records < 3000 {
			t.Errorf("compared only %+v", c)
		}
		if one := w.verify(verify.Options{Tenant: "shop"}); one.Compared != r.Compared || !one.Equal() {
			t.Errorf("of the only tenant %+v is compared, of all %+v", one.Compared, r.Compared)
		}
		hour := w.verify(verify.Options{From: start.Add(time.Hour).UnixMilli(), To: start.Add(2 * time.Hour).UnixMilli()})
		if !hour.Equal() || hour.Compared.Cells == 0 || hour.Compared.Cells >= r.Compared.Cells*2/3 {
			t.Errorf("of an hour %d of %d cells are compared", hour.Compared.Cells, r.Compared.Cells)
		}
		var sound bytes.Buffer
		if err := w.redis.Save(&sound); err != nil {
			t.Fatal(err)
		}
		damage(t, w, "a pane", &sound, func(ctx context.Context, r *redis.Client) func(*verify.Report) error {
			key, field, cell := aCell(ctx, t, r)
			cell.Add(window.Sample{Metric: 1, N: 1}, 1)
			if err := r.HSet(ctx, key, field, cell.Encode()).Err(); err != nil {
				t.Fatal(err)
			}
			return func(report *verify.Report) error {
				if len(report.Differences) != 1 {
					return fmt.Errorf("%d differences", len(report.Differences))
				}
				d := report.Differences[0]
				if d.Kind != verify.Pane || d.Field != field || !strings.HasSuffix(key, d.Key) || !slices.Equal(d.Pane.Metrics, []int{1}) || !slices.Contains(d.Pane.KPIs, "conversations_started") ||
					len(d.Conversations) == 0 {
					return fmt.Errorf("%+v %+v", d, d.Pane)
				}
				return nil
			}
		})
		damage(t, w, "a pane that cannot be read", &sound, func(ctx context.Context, r *redis.Client) func(*verify.Report) error {
			key, field, _ := aCell(ctx, t, r)
			if err := r.HSet(ctx, key, field, "\xff\xff\xff").Err(); err != nil {
				t.Fatal(err)
			}
			return func(report *verify.Report) error { return only(report, verify.Damaged, field) }
		})
		damage(t, w, "a conversation", &sound, func(ctx context.Context, r *redis.Client) func(*verify.Report) error {
			key, fields := aHash(ctx, t, r, "i", ":s")
			if err := r.HDel(ctx, key, fields[7]).Err(); err != nil {
				t.Fatal(err)
			}
			return func(report *verify.Report) error { return only(report, verify.Conversation, fields[7]) }
		})
		damage(t, w, "a customer", &sound, func(ctx context.Context, r *redis.Client) func(*verify.Report) error {
			key, fields := aHash(ctx, t, r, "c", ":s")
			if err := r.HDel(ctx, key, fields[3]).Err(); err != nil {
				t.Fatal(err)
			}
			return func(report *verify.Report) error { return only(report, verify.Customer, fields[3]) }
		})
		damage(t, w, "an open conversation", &sound, func(ctx context.Context, r *redis.Client) func(*verify.Report) error {
			key, fields := aHash(ctx, t, r, "i", ":o:shop")
			if err := r.HDel(ctx, key, fields[0]).Err(); err != nil {
				t.Fatal(err)
			}
			return func(report *verify.Report) error { return only(report, verify.Open, fields[0]) }
		})
		damage(t, w, "the directory of panes", &sound, func(ctx context.Context, r *redis.Client) func(*verify.Report) error {
			key, _ := aHash(ctx, t, r, "i", ":tn:shop")
			if err := r.HSet(ctx, key, "dir", (&window.Dir{}).Encode()).Err(); err != nil {
				t.Fatal(err)
			}
			return func(report *verify.Report) error {
				if len(report.Differences) == 0 || report.Differences[0].Kind != verify.Directory {
					return fmt.Errorf("%d differences", len(report.Differences))
				}
				return nil
			}
		})
		skip(t, w, &sound)
	})
}

// only expects one difference, at a field.
func only(report *verify.Report, kind verify.Kind, field string) error {
	if len(report.Differences) != 1 || report.Differences[0].Kind != kind || report.Differences[0].Field != field {
		return fmt.Errorf("want only %s at %q, have %+v", kind, field, report.Differences)
	}
	return nil
}

// damage begins from a sound state, damages it and looks at what is found.
func damage(t *testing.T, w *world, what string, sound *bytes.Buffer, harm func(context.Context, *redis.Client) func(*verify.Report) error) {
	t.Helper()
	if err := w.redis.Load(bytes.NewReader(sound.Bytes())); err != nil {
		t.Fatal(err)
	}
	r := w.raw()
	defer r.Close()
	found := harm(t.Context(), r)
	if err := found(w.verify(verify.Options{})); err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// aHash returns a hash of partition 0 of a stage by the end of its key, and its fields.
func aHash(ctx context.Context, t *testing.T, r *redis.Client, stage, suffix string) (key string, fields []string) {
	t.Helper()
	keys, err := r.Keys(ctx, "vigia{"+stage+"0-*"+suffix).Result()
	if err != nil || len(keys) == 0 {
		t.Fatal(keys, err)
	}
	slices.Sort(keys)
	if fields, err = r.HKeys(ctx, keys[0]).Result(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(fields)
	return keys[0], fields
}

// aCell returns a cell in which a conversation began.
func aCell(ctx context.Context, t *testing.T, r *redis.Client) (key, field string, cell *window.Cell) {
	t.Helper()
	keys, err := r.Keys(ctx, "vigia{i0-*:p:r:0:*").Result()
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(keys)
	for _, key := range keys {
		all, err := r.HGetAll(ctx, key).Result()
		if err != nil {
			t.Fatal(err)
		}
		for field, b := range all {
			if c, err := window.DecodeCell([]byte(b)); err == nil && c.Metric(1).N > 0 {
				return key, field, c
			}
		}
	}
	t.Fatal("no cell in which a conversation began")
	return "", "", nil
}

// skip moves the position of a partition over an event of a conversation while no worker runs: it is found at once, and by what it says after a worker has gone on.
func skip(t *testing.T, w *world, sound *bytes.Buffer) {
	t.Helper()
	ctx := t.Context()
	if err := w.redis.Load(bytes.NewReader(sound.Bytes())); err != nil {
		t.Fatal(err)
	}
	now := time.Now().UnixMilli()
	e := &event.Event{ID: "skipped", Tenant: "shop", Source: event.Source{Connector: "http", NativeID: "skipped"}, At: now, ReceivedAt: now, Quality: event.QualitySubsecond, Conversation: "unlucky",
		Customer: "ana", Actor: event.ByCustomer, Channel: event.WebChat, Routing: event.Routing{Queue: "ventas"}, Body: event.Message{ID: "m1", Direction: event.Inbound}}
	partition := bus.Partition([]byte(e.Key()), worldPartitions)
	offset, err := w.log.Produce(ctx, "vigia.interactions", partition, []bus.Message{{Key: []byte(e.Key()), Value: event.Encode(event.Record{Body: e})}})
	if err != nil {
		t.Fatal(err)
	}
	r := w.raw()
	defer r.Close()
	metas, err := r.Keys(ctx, fmt.Sprintf("vigia{i%d-*:meta", partition)).Result()
	if err != nil || len(metas) != 1 {
		t.Fatal(metas, err)
	}
	pos, err := store.ParsePosition(r.HGet(ctx, metas[0], "pos").Val())
	if err != nil || pos.Offset != offset {
		t.Fatalf("the position is %v, %v; want offset %d", pos, err, offset)
	}
	pos.Offset++
	if err := r.HSet(ctx, metas[0], "pos", pos.String()).Err(); err != nil {
		t.Fatal(err)
	}
	found := func(when string, wants ...verify.Kind) {
		t.Helper()
		report := w.verify(verify.Options{})
		for _, kind := range wants {
			if !slices.ContainsFunc(report.Differences, func(d verify.Difference) bool {
				return d.Kind == kind && d.Partition == partition && (kind != verify.Position || d.Offset == nil || *d.Offset == offset) && (kind == verify.Position || slices.Equal(d.Conversations, []string{"unlucky"}))
			}) {
				t.Errorf("%s: no %s: %+v", when, kind, report.Differences)
			}
		}
	}
	found("the moved position", verify.Position, verify.Conversation)
	// A worker would notice it too, and begin anew: it must think that it has applied the record.
	value := event.Encode(event.Record{Body: e})
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, uint64(offset)), value...))
	if err := r.HSet(ctx, metas[0], "fingerprint", hex.EncodeToString(sum[:8])).Err(); err != nil {
		t.Fatal(err)
	}
	worker := w.start(app.Worker)
	settled(worker)
	time.Sleep(time.Minute)
	again := *e
	again.ID, again.At, again.ReceivedAt, again.Body = "next", time.Now().UnixMilli(), time.Now().UnixMilli(), event.Message{ID: "m2", Direction: event.Inbound}
	if err := w.log.Publish(ctx, "vigia.interactions", []bus.Message{{Key: []byte(e.Key()), Value: event.Encode(event.Record{Body: &again})}}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Minute)
	settled(worker)
	worker.stop()
	found("after the worker has gone on", verify.Position, verify.Event, verify.Pane)
	named := func(when string) {
		t.Helper()
		if report := w.verify(verify.Options{}); !slices.ContainsFunc(report.Differences, func(d verify.Difference) bool {
			return d.Kind == verify.Event && d.Offset != nil && *d.Offset == offset
		}) {
			t.Errorf("%s: offset %d is not named: %+v", when, offset, report.Differences)
		}
	}
	named("after the worker has gone on")
	// Once the events of that time are forgotten, it is found by what the numbers lack.
	worker = w.start(app.Worker)
	time.Sleep(26 * time.Hour)
	settled(worker)
	worker.stop()
	named("two days later")
}
