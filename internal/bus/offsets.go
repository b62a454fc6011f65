package bus

import (
	"context"
	"errors"
	"time"

	"github.com/segmentio/kafka-go"
)

// Commit is what a group has stored for a partition.
type Commit struct {
	// Offset is the committed offset, -1 if there is none.
	Offset int64
	// Metadata is the text that was committed with it.
	Metadata string
}

// Commit stores offset and metadata for a partition in the group of gen. The broker refuses
// it with ErrStaleGeneration once the group has moved on, so a member that has lost its
// assignment without noticing cannot move the mark. Metadata may have up to 4,096 bytes.
//
// gen needs only ID, Member and Group.
func (c *Client) Commit(ctx context.Context, gen *Generation, topic string, partition int32, offset int64, metadata string) error {
	start := time.Now()
	res, err := call(ctx, c, func() (*kafka.OffsetCommitResponse, error) {
		return c.api.OffsetCommit(ctx, &kafka.OffsetCommitRequest{
			GroupID:      gen.Group,
			GenerationID: int(gen.ID),
			MemberID:     gen.Member,
			Topics: map[string][]kafka.OffsetCommit{topic: {{
				Partition: int(partition), Offset: offset, Metadata: metadata,
			}}},
		})
	})
	if err == nil {
		for _, p := range res.Topics[topic] {
			if p.Error != nil {
				err = p.Error
			}
		}
	}
	return c.metrics.observe("commit", start, wrap(ctx, "commit", topic, partition, err))
}

// Committed returns what the group has stored for each of the partitions.
func (c *Client) Committed(ctx context.Context, group, topic string, partitions []int32) (map[int32]Commit, error) {
	start := time.Now()
	out, err := c.committed(ctx, group, topic, partitions)
	return out, c.metrics.observe("committed", start, wrap(ctx, "committed", topic, -1, err))
}

func (c *Client) committed(ctx context.Context, group, topic string, partitions []int32) (map[int32]Commit, error) {
	out := make(map[int32]Commit, len(partitions))
	ids := make([]int, len(partitions))
	for i, p := range partitions {
		ids[i] = int(p)
		out[p] = Commit{Offset: -1}
	}
	if len(ids) == 0 {
		return out, nil // an empty list would mean every topic of the group
	}
	res, err := call(ctx, c, func() (*kafka.OffsetFetchResponse, error) {
		res, err := c.api.OffsetFetch(ctx, &kafka.OffsetFetchRequest{
			GroupID: group, Topics: map[string][]int{topic: ids},
		})
		if err == nil {
			err = res.Error
		}
		return res, err
	})
	if errors.Is(err, kafka.GroupIdNotFound) {
		return out, nil // brokers differ in whether a group that never was is an error
	}
	if err != nil {
		return nil, err
	}
	for _, p := range res.Topics[topic] {
		if p.Error != nil {
			return nil, p.Error
		}
		out[int32(p.Partition)] = Commit{Offset: p.CommittedOffset, Metadata: p.Metadata}
	}
	return out, nil
}
