package store

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// options translates the configuration for the client library: one server, a primary that sentinels know, or a cluster.
func (c Config) options() (*redis.UniversalOptions, error) {
	addrs := c.Addrs
	switch s := c.Sentinel; {
	case len(s.Addrs) > 0 && len(c.Addrs) > 0:
		return nil, errors.New("store: addresses of servers and of sentinels: give one of them, the sentinels know where the servers are")
	case len(s.Addrs) > 0 && s.Master == "":
		return nil, errors.New("store: sentinels without a master: give the name that `sentinel monitor` gives to the primary, often mymaster")
	case len(s.Addrs) == 0 && s.Master != "":
		return nil, fmt.Errorf("store: master %q without sentinels: give their addresses", s.Master)
	case len(s.Addrs) > 0 && c.Cluster:
		return nil, errors.New("store: sentinels and a cluster: a cluster has no sentinels")
	case len(s.Addrs) > 0:
		addrs = s.Addrs
	case len(addrs) == 0:
		addrs = []string{"127.0.0.1:6379"}
	}
	cluster := c.Cluster || len(c.Addrs) > 1
	if cluster && c.DB != 0 {
		return nil, fmt.Errorf("store: database %d with %d addresses: a Redis cluster has only database 0", c.DB, len(c.Addrs))
	}
	return &redis.UniversalOptions{
		Addrs:            addrs,
		Username:         c.Username,
		Password:         c.Password,
		DB:               c.DB,
		IsClusterMode:    cluster,
		MasterName:       c.Sentinel.Master,
		SentinelUsername: c.Sentinel.Username,
		SentinelPassword: c.Sentinel.Password,
		TLSConfig:        c.TLS,
		Dialer:           c.Dialer,
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
	}, nil
}

// String names the servers and hides the passwords.
func (c Config) String() string {
	switch {
	case len(c.Sentinel.Addrs) > 0:
		return fmt.Sprintf("%s of sentinels %v", c.Sentinel.Master, c.Sentinel.Addrs)
	case c.Cluster || len(c.Addrs) > 1:
		return fmt.Sprintf("cluster %v", c.Addrs)
	}
	return fmt.Sprintf("%s user %q", c.Addrs, cmp.Or(c.Username, "default"))
}

// GoString hides the passwords.
func (c Config) GoString() string { return c.String() }
