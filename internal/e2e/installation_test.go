package e2e

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/worker"
)

const (
	tenant      = "e2e"
	ingestToken = "e2e-ingest-0123456789"
	readToken   = "e2e-read-0123456789"

	firstTarget, nextTarget, resolutionTarget = 2 * time.Minute, 3 * time.Minute, 10 * time.Minute
)

// installation is one Vigia on the servers, with topics and keys that nobody else uses.
type installation struct {
	t      *testing.T
	dir    string
	prefix string
	log    *bus.Client
	redis  *redis.Client
}

func install(t *testing.T) *installation {
	t.Helper()
	needServers(t)
	in := &installation{t: t, dir: t.TempDir(), prefix: fmt.Sprintf("e2e%d-%d.", os.Getpid(), time.Now().UnixNano())}
	var err error
	if in.log, err = bus.New(bus.Config{Brokers: []string{kafkaAddress}}, nil, nil); err != nil {
		t.Fatal(err)
	}
	in.redis = redis.NewClient(&redis.Options{Addr: redisAddress, Protocol: 2, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := in.log.DeleteTopics(ctx, in.topics(1).Names()...); err != nil {
			t.Error(err)
		}
		in.forget(ctx)
		if err := in.log.Close(); err != nil {
			t.Error(err)
		}
		if err := in.redis.Close(); err != nil {
			t.Error(err)
		}
	})
	return in
}

// config writes a configuration and returns its path. listen may be empty for commands that do not listen.
func (in *installation) config(name, listen string, partitions int) string {
	in.t.Helper()
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	path := filepath.Join(in.dir, name+".yml")
	text := fmt.Sprintf(`
listen: %s
admin: %[1]s
kafka: {brokers: [%q], prefix: %q, partitions: %d, replication: 1}
redis: {addresses: [%q], prefix: %q}
worker: {accept_clock: true}
tenants:
  - name: %s
    zone: America/Mexico_City
    ingest_tokens: [%s]
    read_tokens: [%s]
    pseudonym_key: "%s"
    rules:
      - {name: standard, match: {channel: [web_chat, email]}, first_response: %s, next_response: %s, resolution: %s}
`, listen, kafkaAddress, in.prefix, partitions, redisAddress, in.prefix, tenant, ingestToken, readToken, strings.Repeat("e2", 32), firstTarget, nextTarget, resolutionTarget)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		in.t.Fatal(err)
	}
	return path
}

// topics returns the topics of the installation.
func (in *installation) topics(partitions int) worker.Topics {
	return app.Topics(&config.Config{Kafka: config.Kafka{Brokers: []string{kafkaAddress}, Prefix: in.prefix, Partitions: partitions, Replication: 1}})
}

// forget removes every key of the installation from Redis.
func (in *installation) forget(ctx context.Context) {
	in.t.Helper()
	keys := in.redis.Scan(ctx, 0, in.prefix+"*", 5000).Iterator()
	for keys.Next(ctx) {
		if err := in.redis.Unlink(ctx, keys.Val()).Err(); err != nil {
			in.t.Error(err)
		}
	}
	if err := keys.Err(); err != nil {
		in.t.Error(err)
	}
}

// freeAddress returns an address on which nobody listens. A process that is started again keeps it.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
