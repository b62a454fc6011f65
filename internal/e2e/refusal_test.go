package e2e

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/worker"
)

// refuses runs a worker that must not start: it ends with exit code 1 and says why and what to do.
func refuses(t *testing.T, config string, words ...string) {
	t.Helper()
	code, out := command(t, time.Minute, "run", "worker", "--config", config)
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	for _, w := range words {
		if !strings.Contains(out, w) {
			t.Errorf("says nothing of %q:\n%s", w, out)
		}
	}
}

// create makes the topics of the installation.
func (in *installation) create(partitions int) worker.Topics {
	in.t.Helper()
	topics := in.topics(partitions)
	if err := in.log.CreateTopics(in.t.Context(), topics.Specs()); err != nil {
		in.t.Fatal(err)
	}
	return topics
}

func TestRefusesEviction(t *testing.T) {
	in := install(t)
	in.create(2)
	before, err := in.redis.ConfigGet(t.Context(), "maxmemory-policy").Result()
	if err != nil {
		t.Fatal(err)
	}
	set := func(ctx context.Context, policy string) {
		if err := in.redis.ConfigSet(ctx, "maxmemory-policy", policy).Err(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		set(ctx, before["maxmemory-policy"])
	})
	set(t.Context(), "allkeys-lru")
	refuses(t, in.config("worker", "", 2), "allkeys-lru", "CONFIG SET maxmemory-policy noeviction")
}

func TestRefusesTopics(t *testing.T) {
	in := install(t)
	config := in.config("worker", "", 2)
	refuses(t, config, "does not exist", "vigia topics")
	topics := in.create(2)
	refuses(t, in.config("more", "", 3), "has 2 partitions, the configuration says 3")
	for _, c := range []struct{ name, value, normal, word string }{
		{"cleanup.policy", "compact", "delete", "cleanup.policy=compact"},
		{"retention.ms", "3600000", fmt.Sprint(topics.Interactions.Retention.Milliseconds()), "retention.ms=3600000"},
	} {
		if err := in.log.AlterConfig(t.Context(), topics.Interactions.Name, map[string]string{c.name: c.value}); err != nil {
			t.Fatal(err)
		}
		// The brokers of a cluster learn of it one after the other.
		eventually(t, 30*time.Second, c.name+" is in force", func(ctx context.Context) error {
			have, err := in.log.Topics(ctx, topics.Interactions.Name)
			if err == nil && have[topics.Interactions.Name].Config[c.name] != c.value {
				err = fmt.Errorf("still %s", have[topics.Interactions.Name].Config[c.name])
			}
			return err
		})
		refuses(t, config, topics.Interactions.Name, c.word)
		if err := in.log.AlterConfig(t.Context(), topics.Interactions.Name, map[string]string{c.name: c.normal}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRefusesAnotherPartitionCount creates the topics anew with more partitions than the state was built with.
func TestRefusesAnotherPartitionCount(t *testing.T) {
	in := install(t)
	topics := in.create(2)
	p := newProcess(in, "worker", 2)
	eventually(t, time.Minute, "the state exists", func(ctx context.Context) error {
		found := 0
		keys := in.redis.Scan(ctx, 0, in.prefix+"*:meta", 5000).Iterator()
		for keys.Next(ctx) {
			found++
		}
		if err := keys.Err(); err != nil {
			return err
		}
		if found < 4 {
			return fmt.Errorf("%d of 4 partitions", found)
		}
		return nil
	})
	p.end(syscall.SIGTERM)
	if err := in.log.DeleteTopics(t.Context(), topics.Names()...); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, "the topics are deleted", func(ctx context.Context) error {
		have, err := in.log.Topics(ctx, topics.Names()...)
		for name, info := range have {
			if info.Exists {
				err = fmt.Errorf("%s still exists", name)
			}
		}
		return err
	})
	in.create(3)
	refuses(t, in.config("worker", "", 3), "the partition count has changed: stored 2, expected 3", "start with an empty key prefix")
}
