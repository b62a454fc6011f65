package bus

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"
)

// TopicSpec describes a topic to create.
type TopicSpec struct {
	Name       string
	Partitions int
	// Replication is the number of copies; 0 leaves it to the broker's default.
	Replication int
	// Config holds topic settings by Kafka's names, such as retention.ms.
	Config map[string]string
}

// TopicInfo describes a topic as it is.
type TopicInfo struct {
	Exists                  bool
	Partitions, Replication int
	// Config holds every setting in force, defaults included, except secrets.
	Config map[string]string
}

// Topics describes the named topics; one that does not exist has Exists false. It asks the
// brokers past all caches.
func (c *Client) Topics(ctx context.Context, names ...string) (map[string]TopicInfo, error) {
	start := time.Now()
	out, err := c.topics(ctx, names)
	return out, c.metrics.observe("topics", start, wrap(ctx, "topics", "", -1, err))
}

func (c *Client) topics(ctx context.Context, names []string) (map[string]TopicInfo, error) {
	out := make(map[string]TopicInfo, len(names))
	if len(names) == 0 {
		return out, nil
	}
	meta, err := c.freshMetadata(ctx, names...)
	if err != nil {
		return nil, err
	}
	var resources []kafka.DescribeConfigRequestResource
	for _, t := range meta.Topics {
		switch {
		case errors.Is(t.Error, kafka.UnknownTopicOrPartition):
			out[t.Name] = TopicInfo{}
		case t.Error != nil:
			return nil, fmt.Errorf("topic %s: %w", t.Name, t.Error)
		default:
			info := TopicInfo{Exists: true, Partitions: len(t.Partitions), Config: map[string]string{}}
			if len(t.Partitions) > 0 {
				info.Replication = len(t.Partitions[0].Replicas)
			}
			out[t.Name] = info
			resources = append(resources, kafka.DescribeConfigRequestResource{
				ResourceType: kafka.ResourceTypeTopic, ResourceName: t.Name,
			})
		}
	}
	if len(resources) == 0 {
		return out, nil
	}
	res, err := call(ctx, c, func() (*kafka.DescribeConfigsResponse, error) {
		return c.api.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{Resources: resources})
	})
	if err != nil {
		return nil, err
	}
	for _, r := range res.Resources {
		if r.Error != nil {
			return nil, fmt.Errorf("settings of topic %s: %w", r.ResourceName, r.Error)
		}
		for _, e := range r.ConfigEntries {
			if !e.IsSensitive {
				out[r.ResourceName].Config[e.ConfigName] = e.ConfigValue
			}
		}
	}
	return out, nil
}

// CreateTopics creates those of the topics that do not exist and returns when this client
// can use them. One that exists is left as it is, whatever its shape: compare with
// [Client.Topics].
func (c *Client) CreateTopics(ctx context.Context, specs []TopicSpec) error {
	if len(specs) == 0 {
		return nil
	}
	start := time.Now()
	err := c.createTopics(ctx, specs)
	return c.metrics.observe("create_topics", start, wrap(ctx, "create topics", "", -1, err))
}

var topicName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)

func (c *Client) createTopics(ctx context.Context, specs []TopicSpec) error {
	req := &kafka.CreateTopicsRequest{}
	for _, s := range specs {
		// Brokers refuse such names too, in words that do not say which rule.
		if !topicName.MatchString(s.Name) || s.Name == "." || s.Name == ".." {
			return fmt.Errorf("topic name %q: use 1 to 249 of the characters a-z A-Z 0-9 . _ -", s.Name)
		}
		t := kafka.TopicConfig{Topic: s.Name, NumPartitions: s.Partitions, ReplicationFactor: s.Replication}
		if s.Replication == 0 {
			t.ReplicationFactor = -1
		}
		for _, name := range slices.Sorted(maps.Keys(s.Config)) {
			t.ConfigEntries = append(t.ConfigEntries, kafka.ConfigEntry{ConfigName: name, ConfigValue: s.Config[name]})
		}
		req.Topics = append(req.Topics, t)
	}
	res, err := call(ctx, c, func() (*kafka.CreateTopicsResponse, error) { return c.api.CreateTopics(ctx, req) })
	if err != nil {
		return err
	}
	var errs []error
	for _, s := range specs {
		if err := res.Errors[s.Name]; err != nil && !errors.Is(err, kafka.TopicAlreadyExists) {
			errs = append(errs, fmt.Errorf("topic %s: %w", s.Name, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return c.awaitLeaders(ctx, specs)
}

// awaitLeaders returns when every partition of the topics answers. For a moment after the
// creation the metadata, of which the shared transport's view is up to metadataTTL old, knows
// no leader or one that does not know it yet, and requests fail with retryable errors: a poor
// welcome for a caller that has just created the topic.
func (c *Client) awaitLeaders(ctx context.Context, specs []TopicSpec) error {
	ctx, cancel := context.WithTimeout(ctx, 2*metadataTTL)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := c.leaders(ctx, specs)
		if err == nil || !Retryable(wrap(ctx, "", "", -1, err)) {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return err
		}
	}
}

// leaders asks the leader of every partition for something that only a leader answers.
func (c *Client) leaders(ctx context.Context, specs []TopicSpec) error {
	names := make([]string, len(specs))
	for i, s := range specs {
		names[i] = s.Name
	}
	meta, err := c.api.Metadata(ctx, &kafka.MetadataRequest{Topics: names})
	if err != nil {
		return err
	}
	ask := map[string][]kafka.OffsetRequest{}
	for _, t := range meta.Topics {
		if t.Error != nil {
			return t.Error
		}
		for _, p := range t.Partitions {
			ask[t.Name] = append(ask[t.Name], kafka.LastOffsetOf(p.ID))
		}
	}
	res, err := c.api.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: ask})
	if err != nil {
		return err
	}
	for _, partitions := range res.Topics {
		for _, p := range partitions {
			err = firstErr(err, p.Error)
		}
	}
	return err
}

// AlterConfig sets the given settings of a topic and leaves the others alone.
func (c *Client) AlterConfig(ctx context.Context, name string, settings map[string]string) error {
	if len(settings) == 0 {
		return nil
	}
	start := time.Now()
	resource := kafka.IncrementalAlterConfigsRequestResource{ResourceType: kafka.ResourceTypeTopic, ResourceName: name}
	for _, k := range slices.Sorted(maps.Keys(settings)) {
		resource.Configs = append(resource.Configs, kafka.IncrementalAlterConfigsRequestConfig{
			Name: k, Value: settings[k], ConfigOperation: kafka.ConfigOperationSet,
		})
	}
	res, err := call(ctx, c, func() (*kafka.IncrementalAlterConfigsResponse, error) {
		return c.api.IncrementalAlterConfigs(ctx, &kafka.IncrementalAlterConfigsRequest{
			Resources: []kafka.IncrementalAlterConfigsRequestResource{resource},
		})
	})
	if err == nil {
		for _, r := range res.Resources {
			err = firstErr(err, r.Error)
		}
	}
	return c.metrics.observe("alter_config", start, wrap(ctx, "alter config", name, -1, err))
}

// DeleteTopics deletes the topics with everything in them. One that does not exist is no
// error.
func (c *Client) DeleteTopics(ctx context.Context, names ...string) error {
	if len(names) == 0 {
		return nil
	}
	start := time.Now()
	res, err := call(ctx, c, func() (*kafka.DeleteTopicsResponse, error) {
		return c.api.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: names})
	})
	if err == nil {
		for _, name := range names {
			if e := res.Errors[name]; e != nil && !errors.Is(e, kafka.UnknownTopicOrPartition) {
				err = firstErr(err, fmt.Errorf("topic %s: %w", name, e))
			}
		}
	}
	return c.metrics.observe("delete_topics", start, wrap(ctx, "delete topics", "", -1, err))
}

// firstErr keeps the first error.
func firstErr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
