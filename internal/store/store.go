package store

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Config says where Redis is and under which names the state lives.
type Config struct {
	// Addrs is host:port of the server; several are the seeds of a cluster. Default 127.0.0.1:6379.
	Addrs []string
	// Username and Password authenticate; both may be empty.
	Username, Password string
	// DB is the database number; a cluster has only 0.
	DB int
	// Prefix begins every key: 1 to 64 of A–Z a–z 0–9 . _ : -. Default "vigia".
	Prefix string
	// Dialer, if set, replaces the network dialer: the embedded server, tests.
	Dialer func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Store is a client of the state. It is safe for concurrent use.
type Store struct {
	client redis.UniversalClient
	keys   layout
	addrs  string
	// header remembers whether the server takes scripts that begin with "#!lua".
	header atomic.Int32
}

// Open prepares a client. It does not connect: call [Store.Check] to know whether the server can be used.
func Open(cfg Config) (*Store, error) {
	if cfg.Prefix == "" {
		cfg.Prefix = "vigia"
	}
	if len(cfg.Addrs) == 0 {
		cfg.Addrs = []string{"127.0.0.1:6379"}
	}
	if !prefixPattern.MatchString(cfg.Prefix) {
		return nil, fmt.Errorf("store: key prefix %q: use 1 to 64 letters, digits, dots, underscores, colons or hyphens", cfg.Prefix)
	}
	if len(cfg.Addrs) > 1 && cfg.DB != 0 {
		return nil, fmt.Errorf("store: database %d with %d addresses: a Redis cluster has only database 0", cfg.DB, len(cfg.Addrs))
	}
	client := redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs:    cfg.Addrs,
		Username: cfg.Username,
		Password: cfg.Password,
		DB:       cfg.DB,
		Dialer:   cfg.Dialer,
		// RESP2: scripts see it anyway, and it saves a handshake that some proxies do not know.
		Protocol: 2,
		// Few and quick: the caller has its own back-off, and a resent script is harmless ("already applied").
		MaxRetries:         3,
		MinRetryBackoff:    8 * time.Millisecond,
		MaxRetryBackoff:    512 * time.Millisecond,
		DialTimeout:        5 * time.Second,
		DialerRetries:      1,
		DialerRetryTimeout: 100 * time.Millisecond,
		ReadTimeout:        5 * time.Second,
		WriteTimeout:       5 * time.Second,
		PoolSize:           32,
		PoolTimeout:        6 * time.Second,
		// Without it a context's deadline would not bound a read from the socket.
		ContextTimeoutEnabled: true,
		DisableIdentity:       true,
		// In its default mode the client resolves host names and sends a command that Redis does not know.
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	return &Store{client: client, keys: layout{prefix: cfg.Prefix}, addrs: strings.Join(cfg.Addrs, ",")}, nil
}

// Prefix returns the prefix of all keys.
func (s *Store) Prefix() string { return s.keys.prefix }

// Close releases the connections.
func (s *Store) Close() error { return s.client.Close() }

// node returns the server that holds a slot's keys.
func (s *Store) node(ctx context.Context, slot Slot) (*redis.Client, error) {
	switch c := s.client.(type) {
	case *redis.Client:
		return c, nil
	case *redis.ClusterClient:
		return c.MasterForKey(ctx, s.keys.meta(slot))
	}
	return nil, fmt.Errorf("store: unknown kind of client %T", s.client)
}

// eachNode calls fn for every primary server, one after the other.
func (s *Store) eachNode(ctx context.Context, fn func(context.Context, *redis.Client) error) error {
	switch c := s.client.(type) {
	case *redis.Client:
		return fn(ctx, c)
	case *redis.ClusterClient:
		turn := make(chan struct{}, 1)
		return c.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
			turn <- struct{}{}
			defer func() { <-turn }()
			return fn(ctx, node)
		})
	}
	return fmt.Errorf("store: unknown kind of client %T", s.client)
}

// quiet drops the client library's own log lines: what they tell is in the errors that we return.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

func init() { redis.SetLogger(quiet{}) }
