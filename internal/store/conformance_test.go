package store_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/vigia-cx/vigia/internal/store"
	"github.com/vigia-cx/vigia/internal/store/storetest"
)

func TestEmbedded(t *testing.T) {
	server := startEmbedded(t, store.EmbeddedConfig{})
	storetest.Exercise(t, func(t *testing.T, prefix string) *store.Store {
		return open(t, store.Config{Addrs: []string{server.Addr()}, Prefix: prefix})
	})
}

func TestEmbeddedVirtual(t *testing.T) {
	server := startEmbedded(t, store.EmbeddedConfig{Virtual: true})
	storetest.Exercise(t, func(t *testing.T, prefix string) *store.Store {
		return open(t, store.Config{Addrs: []string{server.Addr()}, Dialer: server.Dialer(), Prefix: prefix})
	})
}

func TestRedis(t *testing.T) {
	addr := redisAddr(t)
	storetest.Exercise(t, func(t *testing.T, prefix string) *store.Store {
		t.Cleanup(func() { removePrefix(t, addr, prefix) })
		return open(t, store.Config{Addrs: []string{addr}, Prefix: prefix})
	})
}

// redisAddr returns the address of a real server for tests, or skips.
func redisAddr(t testing.TB) string {
	addr := os.Getenv("VIGIA_TEST_REDIS")
	if addr == "" {
		t.Skip("needs a real server: set VIGIA_TEST_REDIS to the host:port of a Redis or Valkey with maxmemory-policy noeviction")
	}
	return addr
}

func startEmbedded(t testing.TB, cfg store.EmbeddedConfig) *store.Embedded {
	t.Helper()
	server, err := store.StartEmbedded(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

func open(t testing.TB, cfg store.Config) *store.Store {
	t.Helper()
	s, err := store.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// removePrefix deletes what a test has left on a real server.
func removePrefix(t testing.TB, addr, prefix string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer func() { _ = c.Close() }()
	var cursor uint64
	for {
		keys, next, err := c.Scan(ctx, cursor, prefix+"*", 5000).Result()
		if err == nil && len(keys) > 0 {
			err = c.Unlink(ctx, keys...).Err()
		}
		if err != nil {
			t.Errorf("clean up %s: %v", prefix, err)
			return
		}
		if cursor = next; cursor == 0 {
			return
		}
	}
}
