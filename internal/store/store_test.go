package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/vigia-cx/vigia/internal/store"
)

var slot = store.Slot{Stage: "i", Partition: 0}

func newMeta() store.Meta {
	return store.Meta{Position: store.Position{Lineage: 1}, Partitions: 4, Partitioner: "murmur2", Schema: 1}
}

func create(t testing.TB, s *store.Store, slots ...store.Slot) {
	t.Helper()
	for _, slot := range slots {
		if _, err := s.Create(t.Context(), slot, newMeta()); err != nil {
			t.Fatal(err)
		}
	}
}

func next(offset int64, writes ...store.Write) store.Apply {
	return store.Apply{Epoch: 1, From: store.Position{Lineage: 1, Offset: offset}, To: store.Position{Lineage: 1, Offset: offset + 1}, Writes: writes}
}

func field(t testing.TB, s *store.Store, slot store.Slot, key, field string) string {
	t.Helper()
	_, _, values, err := s.Load(t.Context(), slot, []store.Ref{{Key: key, Field: field}})
	if err != nil {
		t.Fatal(err)
	}
	return string(values[0].Blob)
}

func TestOpenRefuses(t *testing.T) {
	for _, cfg := range []store.Config{{Prefix: "a{b"}, {Prefix: "a b"}, {Prefix: strings.Repeat("x", 65)}, {Addrs: []string{"a:1", "b:1"}, DB: 1}} {
		if s, err := store.Open(cfg); err == nil {
			t.Errorf("%+v is accepted", cfg)
			_ = s.Close()
		}
	}
}

func TestCheckUnreachable(t *testing.T) {
	s := open(t, store.Config{Addrs: []string{"127.0.0.1:1"}})
	err := s.Check(t.Context())
	if err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") || !strings.Contains(err.Error(), "check that it runs") {
		t.Errorf("error %v does not name the address and a remedy", err)
	}
}

// losing breaks the connection after a call's request was served and before its reply arrives, while armed.
type losing struct {
	net.Conn
	armed *atomic.Int32
}

func (c losing) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == nil && c.armed.Add(-1) >= 0 {
		_ = c.Close()
		return 0, io.EOF
	}
	return n, err
}

// The client resends a script whose reply was lost: the fold's effect must still be there exactly once.
func TestLostReplies(t *testing.T) {
	server := startEmbedded(t, store.EmbeddedConfig{Virtual: true})
	var armed atomic.Int32
	s := open(t, store.Config{Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := server.Dialer()(ctx, network, addr)
		return losing{c, &armed}, err
	}})
	create(t, s, slot)
	const steps = 20
	for n := range int64(steps) {
		a := next(n, store.Write{Key: "k", Field: "n", Value: fmt.Append(nil, n)})
		a.Outbox = []store.Out{{Topic: "t", Offset: n}}
		armed.Store(int32(n % 3)) // at most two replies of the four tries
		r, err := s.Apply(t.Context(), slot, a)
		if err != nil || r.Already != (n%3 > 0) {
			t.Fatalf("apply %d: %+v, %v", n, r, err)
		}
		if n%10 == 9 {
			armed.Store(1)
			if err := s.Trim(t.Context(), slot, 1, n-4); err != nil {
				t.Fatal(err)
			}
		}
	}
	entries, err := s.Outbox(t.Context(), slot, 1, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range entries {
		if want := entries[0].Ordinal + int64(i); e.Ordinal != want || e.Offset != want-1 {
			t.Fatalf("entry %d has ordinal %d and offset %d, want %d and %d", i, e.Ordinal, e.Offset, want, want-1)
		}
	}
	if last := entries[len(entries)-1].Ordinal; last != steps {
		t.Errorf("last ordinal %d, want %d: an output was doubled or lost", last, steps)
	}
}

// Scripts vanish from the server at a restart: no call may notice.
func TestScriptCacheLost(t *testing.T) {
	server := startEmbedded(t, store.EmbeddedConfig{})
	s := open(t, store.Config{Addrs: []string{server.Addr()}})
	c := redis.NewClient(&redis.Options{Addr: server.Addr()})
	t.Cleanup(func() { _ = c.Close() })
	slots := []store.Slot{{Stage: "i", Partition: 0}, {Stage: "i", Partition: 1}, {Stage: "c", Partition: 0}}
	create(t, s, slots...)
	for n := range int64(5) {
		if err := c.ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Apply(t.Context(), slot, next(n)); err != nil {
			t.Fatal(err)
		}
		got, err := s.Read(t.Context(), []store.SlotRefs{{Slot: slots[0]}, {Slot: slots[1]}, {Slot: slots[2]}})
		if err != nil || got[0].Meta.Position.Offset != n+1 {
			t.Fatalf("%+v, %v", got, err)
		}
	}
}

// A whole day of virtual time: freezes end, heartbeats carry the bubble's clock, nothing touches the network.
func TestBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := startEmbedded(t, store.EmbeddedConfig{Virtual: true})
		s := open(t, store.Config{Addrs: []string{server.Addr()}, Dialer: server.Dialer()})
		ctx := t.Context()
		if err := s.Check(ctx); err != nil {
			t.Fatal(err)
		}
		create(t, s, slot)
		for n := range int64(24) {
			if err := s.Freeze(ctx, slot, "snapshot", 30*time.Minute); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Apply(ctx, slot, next(n)); !errors.Is(err, store.ErrFrozen) {
				t.Fatalf("apply during a freeze: %v", err)
			}
			time.Sleep(time.Hour)
			// Larger than any buffer on the way, both ways.
			writes := []store.Write{{Key: "k", Field: "large", Value: bytes.Repeat([]byte("v"), 300_000)}}
			if _, err := s.Apply(ctx, slot, next(n, writes...)); err != nil {
				t.Fatal(err)
			}
			var reads []store.SlotRefs
			for range 30 {
				reads = append(reads, store.SlotRefs{Slot: slot, Refs: []store.Ref{{Key: "k"}}})
			}
			if _, err := s.Read(ctx, reads); err != nil {
				t.Fatal(err)
			}
			if err := s.Heartbeat(ctx, "t", "s", time.Minute); err != nil {
				t.Fatal(err)
			}
			beats, err := s.LastHeartbeats(ctx, []store.Source{{Tenant: "t", Source: "s"}})
			if err != nil || !beats[0].Equal(time.Now()) {
				t.Fatalf("heartbeat %v, %v; want %v", beats, err, time.Now())
			}
		}
	})
}

func TestSaveFile(t *testing.T) {
	server := startEmbedded(t, store.EmbeddedConfig{})
	s := open(t, store.Config{Addrs: []string{server.Addr()}})
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "store.snapshot")
	if err := server.LoadFile(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	second := store.Slot{Stage: "c", Partition: 3}
	create(t, s, slot, second)
	a := next(0, store.Write{Key: "k", Field: "f", Value: []byte("saved\x00\xff")}, store.Write{Key: "k", Field: "empty", Value: []byte{}})
	a.Outbox = []store.Out{{Topic: "t", Value: []byte("1")}, {Topic: "t", Value: []byte("2")}}
	if _, err := s.Apply(ctx, slot, a); err != nil {
		t.Fatal(err)
	}
	if err := server.SaveFile(path); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Apply(ctx, slot, next(1, store.Write{Key: "k", Field: "f", Value: []byte("later")})); err != nil {
		t.Fatalf("nothing may be frozen after a save: %v", err)
	}

	// Another process.
	server2 := startEmbedded(t, store.EmbeddedConfig{Virtual: true})
	s2 := open(t, store.Config{Dialer: server2.Dialer()})
	if err := server2.LoadFile(path); err != nil {
		t.Fatal(err)
	}
	if got := field(t, s2, slot, "k", "f"); got != "saved\x00\xff" {
		t.Errorf("loaded %q", got)
	}
	if _, err := s2.Apply(ctx, slot, next(1)); err != nil {
		t.Errorf("apply after a load: %v", err)
	}
	if entries, err := s2.Outbox(ctx, slot, 1, 0, 10); err != nil || len(entries) != 2 || string(entries[1].Value) != "2" {
		t.Errorf("outbox %v, %v", entries, err)
	}
	if slots, err := s2.Slots(ctx); err != nil || len(slots) != 2 {
		t.Errorf("slots %v, %v", slots, err)
	}

	// Back in time within the same process, as after a fail-over to an old replica.
	if err := server.LoadFile(path); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Apply(ctx, slot, next(2)); !errors.Is(err, store.ErrMoved) {
		t.Errorf("apply after a roll-back: %v", err)
	}
	// A damaged file changes nothing, and a save does not destroy the last one before the new one is complete.
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".cut", b[:len(b)-9], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := server.LoadFile(path + ".cut"); !errors.Is(err, store.ErrSnapshot) {
		t.Errorf("load of a damaged file: %v", err)
	}
	if got := field(t, s, slot, "k", "f"); got != "saved\x00\xff" {
		t.Errorf("state after a failed load: %q", got)
	}
	if err := s.Freeze(ctx, slot, "other", time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := server.SaveFile(path); !errors.Is(err, store.ErrFrozen) {
		t.Errorf("save during another snapshot: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*.tmp-*")); err != nil || len(left) > 0 {
		t.Errorf("temporary files left: %v, %v", left, err)
	}
	server.Flush()
	if _, _, _, err := s.Load(ctx, slot, nil); !errors.Is(err, store.ErrAbsent) {
		t.Errorf("load after a flush: %v", err)
	}
}
