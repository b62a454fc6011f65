package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Check reports why the servers cannot hold the state: not reachable, older than 6.2, a replica, a cluster configured as a
// single server, or allowed to evict keys. The error says what, where, and what to do. nil means go.
func (s *Store) Check(ctx context.Context) error {
	_, single := s.client.(*redis.Client)
	err := s.eachNode(ctx, func(ctx context.Context, node *redis.Client) error {
		return checkNode(ctx, node, single)
	})
	if err != nil {
		return fmt.Errorf("store: Redis at %s: %w", s.addrs, err)
	}
	return nil
}

func checkNode(ctx context.Context, node *redis.Client, single bool) error {
	if err := node.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("cannot be used: %w: check that it runs, its address and password, and that it is not loading its data", err)
	}
	info := map[string]string{}
	for _, section := range []string{"server", "replication", "memory"} {
		text, err := node.Info(ctx, section).Result()
		if err != nil {
			if strings.Contains(err.Error(), "is not supported") {
				continue // the embedded server has nothing to tell, and never evicts
			}
			return fmt.Errorf("INFO %s fails: %w: the user needs permission for INFO", section, err)
		}
		for line := range strings.Lines(text) {
			if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
				info[name] = value
			}
		}
	}
	return judge(info, single)
}

// judge finds the first reason in the server's own words not to use it.
func judge(info map[string]string, single bool) error {
	if v := info["redis_version"]; v != "" && !atLeast(v, 6, 2) {
		return fmt.Errorf("is version %s: use Redis 6.2 or later, or Valkey", v)
	}
	if info["redis_mode"] == "sentinel" {
		return fmt.Errorf("is a sentinel and holds no data: give the address of the primary server, or name the sentinels in redis.sentinel.addresses")
	}
	if info["redis_mode"] == "cluster" && single {
		return fmt.Errorf("is one node of a cluster: give the addresses of two or more nodes, or set redis.cluster: true")
	}
	if info["role"] == "slave" {
		return fmt.Errorf("is a replica of %s:%s and takes no writes: give the address of the primary server", info["master_host"], info["master_port"])
	}
	if p := info["maxmemory_policy"]; p != "" && p != "noeviction" {
		return fmt.Errorf("has maxmemory-policy %s and would delete state silently when memory is short: run `CONFIG SET maxmemory-policy noeviction` and put it in redis.conf, or use a Redis of its own for Vigia", p)
	}
	return nil
}

func atLeast(version string, major, minor int) bool {
	a, rest, _ := strings.Cut(version, ".")
	b, _, _ := strings.Cut(rest, ".")
	x, err1 := strconv.Atoi(a)
	y, err2 := strconv.Atoi(b)
	if err1 != nil || err2 != nil {
		return true // an unknown numbering: let the scripts decide
	}
	return x > major || x == major && y >= minor
}
