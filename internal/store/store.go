package store

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
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
	// Cluster says that a single address is the seed of a cluster.
	Cluster bool
	// TLS encrypts the connections, those to sentinels too; nil does not.
	TLS *tls.Config
	// Sentinel finds the primary of a replicated server; then Addrs stays empty.
	Sentinel Sentinel
	// Dialer, if set, replaces the network dialer: the embedded server, tests.
	Dialer func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Sentinel says who knows where the primary is. The zero value means that nobody is asked.
type Sentinel struct {
	// Addrs are the host:port of the sentinels, Master is their name of the primary.
	Addrs  []string
	Master string
	// Username and Password are those of the sentinels; those of [Config] are for the data.
	Username, Password string
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
	options, err := cfg.options()
	if err != nil {
		return nil, err
	}
	if !prefixPattern.MatchString(cfg.Prefix) {
		return nil, fmt.Errorf("store: key prefix %q: use 1 to 64 letters, digits, dots, underscores, colons or hyphens", cfg.Prefix)
	}
	return &Store{client: redis.NewUniversalClient(options), keys: layout{prefix: cfg.Prefix}, addrs: strings.Join(options.Addrs, ",")}, nil
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
