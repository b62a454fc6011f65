package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/vigia-cx/vigia/internal/store"
	"github.com/vigia-cx/vigia/internal/store/storetest"
)

// startRedis runs a real server of its own on a Unix socket, or skips. Its dialer goes to the socket.
func startRedis(t *testing.T, args ...string) func(ctx context.Context, network, addr string) (net.Conn, error) {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("needs redis-server in PATH")
	}
	dir, err := os.MkdirTemp("", "vigia") // t.TempDir can be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	var log bytes.Buffer
	cmd := exec.Command(program, append([]string{"--port", "0", "--unixsocket", socket, "--save", "", "--dir", dir}, args...)...)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-exited
	})
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}
	for {
		c := redis.NewClient(&redis.Options{Dialer: dial})
		err := c.Ping(t.Context()).Err()
		_ = c.Close()
		if err == nil {
			return dial
		}
		select {
		case err := <-exited:
			exited <- err
			t.Fatalf("redis-server: %v\n%s", err, log.String())
		case <-t.Context().Done():
			t.Fatal(err)
		default:
		}
	}
}

func TestCheckRefusesEviction(t *testing.T) {
	s := open(t, store.Config{Dialer: startRedis(t, "--maxmemory-policy", "allkeys-lru")})
	err := s.Check(t.Context())
	if err == nil || !strings.Contains(err.Error(), "allkeys-lru") || !strings.Contains(err.Error(), "CONFIG SET maxmemory-policy noeviction") {
		t.Errorf("error %v does not name the policy and the remedy", err)
	}
}

func TestCheckRefusesClusterNode(t *testing.T) {
	s := open(t, store.Config{Dialer: startRedis(t, "--cluster-enabled", "yes")})
	if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "cluster") {
		t.Errorf("one node of a cluster: %v", err)
	}
}

// When memory is short an apply is refused whole, reading and freeing go on, and after that so do applies.
func TestOutOfMemory(t *testing.T) {
	dial := startRedis(t, "--maxmemory", "6mb", "--maxmemory-policy", "noeviction")
	s := open(t, store.Config{Dialer: dial})
	c := redis.NewClient(&redis.Options{Dialer: dial})
	t.Cleanup(func() { _ = c.Close() })
	ctx := t.Context()
	create(t, s, slot)
	var n int64
	for ; ; n++ {
		a := next(n)
		for i := range 20 {
			a.Writes = append(a.Writes, store.Write{Key: fmt.Sprint(n), Field: fmt.Sprint(i), Value: bytes.Repeat([]byte("v"), 1000)})
		}
		// The first command of the script frees memory: without the header the server would let the whole script run.
		a.Writes = append([]store.Write{{Key: "none"}}, a.Writes...)
		a.Outbox = []store.Out{{Topic: "t", Value: bytes.Repeat([]byte("v"), 4000)}}
		_, err := s.Apply(ctx, slot, a)
		if errors.Is(err, store.ErrMemory) {
			break
		}
		if err != nil || n == 1000 {
			t.Fatalf("apply %d beyond maxmemory: %v", n, err)
		}
	}
	position, _, values, err := s.Load(ctx, slot, []store.Ref{{Key: fmt.Sprint(n)}})
	if err != nil || position.Offset != n || values[0].Found {
		t.Errorf("after the refusal: position %s, value found %v, %v", position, values[0].Found, err)
	}
	entries, err := s.Outbox(ctx, slot, 1, 0, 5000)
	if err != nil || int64(len(entries)) != n {
		t.Errorf("%d outputs, %v; want %d", len(entries), err, n)
	}
	if err := s.Trim(ctx, slot, 1, n); err != nil {
		t.Errorf("trim: %v", err)
	}
	if err := c.ConfigSet(ctx, "maxmemory", "20mb").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Apply(ctx, slot, next(n)); err != nil {
		t.Errorf("apply with more memory: %v", err)
	}
}

// A cluster of one node that owns all hash slots: it refuses calls, and accesses from scripts, that cross them.
func TestCluster(t *testing.T) {
	dial := startRedis(t, "--cluster-enabled", "yes", "--maxmemory-policy", "noeviction")
	c := redis.NewClient(&redis.Options{Dialer: dial})
	t.Cleanup(func() { _ = c.Close() })
	if err := c.ClusterAddSlotsRange(t.Context(), 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	for { // the node notices a moment later that nothing is missing
		info, err := c.ClusterInfo(t.Context()).Result()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(info, "cluster_state:ok") {
			break
		}
	}
	storetest.Exercise(t, func(t *testing.T, prefix string) *store.Store {
		return open(t, store.Config{Addrs: []string{"127.0.0.1:1", "127.0.0.1:2"}, Dialer: dial, Prefix: prefix})
	})
}
