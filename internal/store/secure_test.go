package store_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/vigia-cx/vigia/internal/store"
	"github.com/vigia-cx/vigia/internal/store/storetest"
)

// secured returns what the servers of scripts/secure-stack.sh are reached by, or skips.
func secured(t *testing.T, name string) (address, password string, trust *tls.Config) {
	t.Helper()
	address, password = os.Getenv(name), os.Getenv("VIGIA_TEST_SECURE_PASSWORD")
	ca, err := os.ReadFile(os.Getenv("VIGIA_TEST_SECURE_CA"))
	if address == "" || password == "" || err != nil {
		t.Skipf("%s, VIGIA_TEST_SECURE_CA and _PASSWORD are not set: `eval \"$(scripts/secure-stack.sh up)\"` starts the servers and sets them", name)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	return address, password, &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

// conform runs the suite, and looks at the server as a worker does at its start.
func conform(t *testing.T, cfg store.Config) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := open(t, cfg).Check(ctx); err != nil {
		t.Fatal(err)
	}
	storetest.Exercise(t, func(t *testing.T, prefix string) *store.Store {
		c := cfg
		c.Prefix = prefix
		return open(t, c)
	})
}

// TestSecureRedis: TLS, and a user who may do no more than Vigia needs.
func TestSecureRedis(t *testing.T) {
	address, password, trust := secured(t, "VIGIA_TEST_SECURE_REDIS")
	cfg := store.Config{Addrs: []string{address}, Username: "vigia", Password: password, TLS: trust}
	conform(t, cfg)
	wrong, stranger, plain := cfg, cfg, cfg
	wrong.Password, stranger.TLS, plain.TLS = "wrong-password", &tls.Config{RootCAs: x509.NewCertPool()}, nil
	for name, c := range map[string]store.Config{"wrong password": wrong, "unknown authority": stranger, "without TLS": plain} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		err := open(t, c).Check(ctx)
		cancel()
		if err == nil || strings.Contains(err.Error(), c.Password) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSecureCluster(t *testing.T) {
	address, _, _ := secured(t, "VIGIA_TEST_SECURE_CLUSTER")
	conform(t, store.Config{Addrs: []string{address}, Cluster: true})
}

// TestSecureSentinel also lets the sentinel move the primary: the store follows, and says where it is not allowed to go on.
func TestSecureSentinel(t *testing.T) {
	address, password, _ := secured(t, "VIGIA_TEST_SECURE_SENTINEL")
	cfg := store.Config{Sentinel: store.Sentinel{Addrs: []string{address}, Master: "mymaster", Password: password}}
	conform(t, cfg)

	sentinel := redis.NewSentinelClient(&redis.Options{Addr: address, Password: password})
	defer sentinel.Close()
	s := open(t, cfg)
	before, err := sentinel.GetMasterAddrByName(t.Context(), "mymaster").Result()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Heartbeat(t.Context(), "acme", "here", time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := sentinel.Failover(t.Context(), "mymaster").Err(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	every := time.NewTicker(200 * time.Millisecond)
	defer every.Stop()
	for {
		now, err := sentinel.GetMasterAddrByName(ctx, "mymaster").Result()
		if err == nil && fmt.Sprint(now) != fmt.Sprint(before) {
			if err = s.Check(ctx); err == nil {
				if err = s.Heartbeat(ctx, "acme", "there", time.Minute); err == nil {
					return
				}
			}
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			t.Fatalf("the store did not follow the primary from %v: now %v, %v", before, now, err)
		}
	}
}

// TestOptions: what can be known without a server.
func TestOptions(t *testing.T) {
	for _, c := range []struct {
		cfg  store.Config
		want string
	}{
		{store.Config{Addrs: []string{"a:1"}, Sentinel: store.Sentinel{Addrs: []string{"b:1"}, Master: "m"}}, "give one of them"},
		{store.Config{Sentinel: store.Sentinel{Addrs: []string{"b:1"}}}, "without a master"},
		{store.Config{Sentinel: store.Sentinel{Master: "m"}}, "without sentinels"},
		{store.Config{Sentinel: store.Sentinel{Addrs: []string{"b:1"}, Master: "m"}, Cluster: true}, "has no sentinels"},
		{store.Config{Addrs: []string{"a:1"}, Cluster: true, DB: 1}, "only database 0"},
		{store.Config{Addrs: []string{"a:1", "b:1"}, DB: 1}, "only database 0"},
	} {
		if _, err := store.Open(c.cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.cfg, err, c.want)
		}
	}
	for _, c := range []store.Config{
		{Addrs: []string{"a:1"}, Password: "hunter2"}, {Addrs: []string{"a:1"}, Cluster: true, Password: "hunter2"},
		{Sentinel: store.Sentinel{Addrs: []string{"a:1"}, Master: "m", Password: "hunter2"}, Password: "hunter2"},
	} {
		if text := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(text, "hunter2") {
			t.Error(text)
		}
	}
}
