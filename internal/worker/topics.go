package worker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/vigia-cx/vigia/internal/bus"
)

// Partitioner is the name, kept with the state, of the function that maps keys to partitions: that of Kafka's Java client.
const Partitioner = "murmur2"

const (
	day = 24 * time.Hour
	// minRetention is the shortest retention that is accepted: the dedupe horizon, and a day in which workers may be down before records are lost.
	minRetention = 2 * day
)

// Topic is a topic of Vigia and what it must be like.
type Topic struct {
	Name       string
	Partitions int
	// Replication is the number of copies when it is created; 0 leaves it to the brokers.
	Replication int
	// Retention is how long records are kept; 0 for a compacted topic, which keeps the last record of each key.
	Retention time.Duration
}

// Topics are all topics of one installation.
type Topics struct {
	Interactions, Customers, Signals, DeadLetters, Alerts Topic
}

// DefaultTopics are the topics of an installation on servers: 12 partitions.
func DefaultTopics() Topics { return topics(12) }

// EmbeddedTopics are those of the embedded engine: 4 partitions.
func EmbeddedTopics() Topics { return topics(4) }

func topics(partitions int) Topics {
	return Topics{
		Interactions: Topic{Name: "vigia.interactions", Partitions: partitions, Retention: 15 * day},
		Customers:    Topic{Name: "vigia.customers", Partitions: partitions, Retention: 15 * day},
		Signals:      Topic{Name: "vigia.signals", Partitions: partitions, Retention: 15 * day},
		DeadLetters:  Topic{Name: "vigia.deadletters", Partitions: partitions, Retention: 30 * day},
		Alerts:       Topic{Name: "vigia.alerts", Partitions: partitions},
	}
}

// WithPrefix returns the same topics under names that begin with the prefix, for a replay beside the live ones.
func (t Topics) WithPrefix(prefix string) Topics {
	for _, p := range []*Topic{&t.Interactions, &t.Customers, &t.Signals, &t.DeadLetters, &t.Alerts} {
		p.Name = prefix + p.Name
	}
	return t
}

// All returns the topics in the order in which people read about them.
func (t Topics) All() []Topic {
	return []Topic{t.Interactions, t.Customers, t.Signals, t.DeadLetters, t.Alerts}
}

// Names returns the names of all topics.
func (t Topics) Names() []string {
	var names []string
	for _, topic := range t.All() {
		names = append(names, topic.Name)
	}
	return names
}

// Specs returns what to create.
func (t Topics) Specs() []bus.TopicSpec {
	var specs []bus.TopicSpec
	for _, topic := range t.All() {
		specs = append(specs, topic.spec())
	}
	return specs
}

func (t Topic) spec() bus.TopicSpec {
	config := map[string]string{
		"cleanup.policy": "delete",
		// Kept by when the log got them: an event of last year must not expire at once.
		"message.timestamp.type": "LogAppendTime",
		"retention.ms":           strconv.FormatInt(t.Retention.Milliseconds(), 10),
		"retention.bytes":        "-1",
	}
	if t.Retention == 0 {
		config = map[string]string{"cleanup.policy": "compact"}
	}
	if t.Replication > 2 {
		// A record that was acknowledged must survive the loss of a broker, and no broker that missed it may lead.
		config["min.insync.replicas"] = "2"
		config["unclean.leader.election.enable"] = "false"
	}
	return bus.TopicSpec{Name: t.Name, Partitions: t.Partitions, Replication: t.Replication, Config: config}
}

// CheckTopics reports every reason why the topics that exist cannot be used, each with its remedy: missing, another partition count, compacted, kept too short, messages too
// small. nil means go. An error that is [bus.Retryable] says nothing about the topics.
func CheckTopics(ctx context.Context, log *bus.Client, topics Topics) error {
	return checkTopics(ctx, log, topics)
}

type topicReader interface {
	Topics(ctx context.Context, names ...string) (map[string]bus.TopicInfo, error)
	MaxBatchBytes() int
}

func checkTopics(ctx context.Context, log topicReader, topics Topics) error {
	have, err := log.Topics(ctx, topics.Names()...)
	if err != nil {
		return err
	}
	var errs []error
	for _, t := range topics.All() {
		errs = append(errs, t.judge(have[t.Name], log.MaxBatchBytes()))
	}
	return errors.Join(errs...)
}

// judge compares a topic as it is with what it must be.
func (t Topic) judge(have bus.TopicInfo, maxBytes int) error {
	if !have.Exists {
		return fmt.Errorf("topic %s does not exist: create it with `vigia topics --create`", t.Name)
	}
	var errs []error
	fault := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("topic "+t.Name+" "+format, args...))
	}
	if have.Partitions != t.Partitions {
		fault("has %d partitions, the configuration says %d: the count is part of the address of all state. Put the real count into the configuration; if the topic has grown, "+
			"create a topic of another name with the new count, move over to it, and rebuild", have.Partitions, t.Partitions)
	}
	want := t.spec().Config
	set := func(name string) (string, bool) { v, ok := have.Config[name]; return v, ok && v != "" }
	if v, ok := set("cleanup.policy"); ok && v != want["cleanup.policy"] {
		fault("has cleanup.policy=%s, it must be %s or records vanish before they are folded: set it with `kafka-configs --alter`", v, want["cleanup.policy"])
	}
	if t.Retention > 0 {
		if v, ok := set("retention.ms"); ok {
			ms, err := strconv.ParseInt(v, 10, 64)
			if err != nil || ms >= 0 && ms < min(minRetention, t.Retention).Milliseconds() {
				fault("has retention.ms=%s, less than %v: records would be lost while workers are down for a day. Set it to %s", v, minRetention, want["retention.ms"])
			}
		}
	}
	if v, ok := set("unclean.leader.election.enable"); ok && v == "true" && have.Replication > 1 {
		fault("has unclean.leader.election.enable=true: acknowledged records could vanish. Set it to false")
	}
	if v, ok := set("max.message.bytes"); ok {
		if n, err := strconv.Atoi(v); err == nil && n < maxBytes {
			fault("has max.message.bytes=%s, this client sends batches of up to %d: raise it", v, maxBytes)
		}
	}
	return errors.Join(errs...)
}

// Differences tells, by setting, where an existing topic's configuration differs from the recommended one: have, then want.
func (t Topic) Differences(have bus.TopicInfo) map[string][2]string {
	out := map[string][2]string{}
	want := t.spec().Config
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if v, ok := have.Config[name]; ok && v != want[name] {
			out[name] = [2]string{v, want[name]}
		}
	}
	return out
}
