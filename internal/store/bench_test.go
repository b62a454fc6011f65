package store_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/vigia-cx/vigia/internal/store"
)

const (
	benchKeys   = 500
	benchFields = 4
)

// batch is a step of 2,000 writes of 40 bytes over 500 keys.
func batch(offset int64) store.Apply {
	a := next(offset)
	a.Writes = make([]store.Write, 0, benchKeys*benchFields)
	value := bytes.Repeat([]byte("v"), 40)
	for k := range benchKeys {
		for f := range benchFields {
			a.Writes = append(a.Writes, store.Write{Key: "c:" + strconv.Itoa(k), Field: strconv.Itoa(f), Value: value})
		}
	}
	return a
}

// servers runs a benchmark on the embedded server and, if there is one, on a real server, whose CPU time it reports too.
func servers(b *testing.B, run func(b *testing.B, s *store.Store)) {
	b.Run("embedded", func(b *testing.B) {
		server := startEmbedded(b, store.EmbeddedConfig{Virtual: true})
		run(b, open(b, store.Config{Dialer: server.Dialer()}))
	})
	b.Run("redis", func(b *testing.B) {
		addr, prefix := redisAddr(b), fmt.Sprint("bench.", os.Getpid())
		b.Cleanup(func() { removePrefix(b, addr, prefix) })
		before := cpuSeconds(b, addr)
		run(b, open(b, store.Config{Addrs: []string{addr}, Prefix: prefix}))
		b.ReportMetric((cpuSeconds(b, addr)-before)*1e6/float64(b.N), "redis-µs/op")
	})
}

func cpuSeconds(b *testing.B, addr string) float64 {
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer func() { _ = c.Close() }()
	info, err := c.Info(b.Context(), "cpu").Result()
	if err != nil {
		b.Fatal(err)
	}
	var sum float64
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if name == "used_cpu_sys" || name == "used_cpu_user" {
			v, err := strconv.ParseFloat(value, 64)
			if err != nil {
				b.Fatal(err)
			}
			sum += v
		}
	}
	return sum
}

func BenchmarkApply(b *testing.B) {
	servers(b, func(b *testing.B, s *store.Store) {
		removeSlot(b, s)
		create(b, s, slot)
		a := batch(0)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Apply(b.Context(), slot, a); err != nil {
				b.Fatal(err)
			}
			a.From, a.To = a.To, store.Position{Lineage: 1, Offset: a.To.Offset + 1}
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	servers(b, func(b *testing.B, s *store.Store) {
		removeSlot(b, s)
		create(b, s, slot)
		a := batch(0)
		if _, err := s.Apply(b.Context(), slot, a); err != nil {
			b.Fatal(err)
		}
		refs := make([]store.Ref, len(a.Writes))
		for i, w := range a.Writes {
			refs[i] = store.Ref{Key: w.Key, Field: w.Field}
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, _, _, err := s.Load(b.Context(), slot, refs); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// removeSlot makes a benchmark's second round begin where its first one did.
func removeSlot(b *testing.B, s *store.Store) {
	b.Helper()
	if _, exists, err := s.Claim(b.Context(), slot, store.Expect{Partitions: 4, Partitioner: "murmur2", Schema: 1}); err != nil || exists {
		b.Fatalf("the slot exists already: %v, %v", exists, err)
	}
}

// BenchmarkSaveFile writes and reads a server of 100,000 keys.
func BenchmarkSaveFile(b *testing.B) {
	server := startEmbedded(b, store.EmbeddedConfig{Virtual: true})
	s := open(b, store.Config{Dialer: server.Dialer()})
	create(b, s, slot)
	value := bytes.Repeat([]byte("v"), 60)
	for n := range int64(100) {
		a := next(n)
		for k := range 1000 {
			a.Writes = append(a.Writes, store.Write{Key: fmt.Sprint(n, ".", k), Field: "a", Value: value}, store.Write{Key: fmt.Sprint(n, ".", k), Field: "b", Value: value})
		}
		if _, err := s.Apply(b.Context(), slot, a); err != nil {
			b.Fatal(err)
		}
	}
	path := filepath.Join(b.TempDir(), "file")
	b.Run("save", func(b *testing.B) {
		for b.Loop() {
			if err := server.SaveFile(path); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("load", func(b *testing.B) {
		for b.Loop() {
			if err := server.LoadFile(path); err != nil {
				b.Fatal(err)
			}
		}
	})
}
