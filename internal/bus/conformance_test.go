package bus_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/bus/bustest"
)

func TestEmbeddedConforms(t *testing.T) {
	for name, dir := range map[string]string{"in memory": "", "with a data directory": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			bustest.Exercise(t, func(t *testing.T) bustest.Log {
				return other(startEmbedded(t, bus.EmbeddedConfig{Dir: dir}).Config())
			})
		})
	}
}

func TestKafkaConforms(t *testing.T) {
	brokers := os.Getenv("VIGIA_TEST_KAFKA")
	if brokers == "" {
		t.Skip("VIGIA_TEST_KAFKA is not set: start a broker with `make stack` and set it to host:port to run the suite on Apache Kafka")
	}
	bustest.Exercise(t, func(t *testing.T) bustest.Log {
		c := bus.Config{Brokers: strings.Split(brokers, ",")}
		client := newClient(t, c)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := client.Ping(ctx); err != nil {
			t.Fatal(err)
		}
		return other(c)
	})
}

// other does what the bus cannot do through another client library.
func other(c bus.Config) bustest.Log {
	open := func(opts ...kgo.Opt) (*kgo.Client, error) {
		opts = append(opts, kgo.SeedBrokers(c.Brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
		if c.Dial != nil {
			opts = append(opts, kgo.Dialer(c.Dial))
		}
		return kgo.NewClient(opts...)
	}
	records := func(topic string, partition int32, msgs []bus.Message) []*kgo.Record {
		out := make([]*kgo.Record, len(msgs))
		for i, m := range msgs {
			out[i] = &kgo.Record{Topic: topic, Partition: partition, Key: m.Key, Value: m.Value}
		}
		return out
	}
	codecs := map[string]kgo.CompressionCodec{
		"gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}
	return bustest.Log{
		Config: c,
		DeleteRecords: func(ctx context.Context, topic string, partition int32, before int64) error {
			k, err := open()
			if err != nil {
				return err
			}
			defer k.Close()
			p := kmsg.NewDeleteRecordsRequestTopicPartition()
			p.Partition, p.Offset = partition, before
			rt := kmsg.NewDeleteRecordsRequestTopic()
			rt.Topic, rt.Partitions = topic, []kmsg.DeleteRecordsRequestTopicPartition{p}
			req := kmsg.NewPtrDeleteRecordsRequest()
			req.Topics, req.TimeoutMillis = []kmsg.DeleteRecordsRequestTopic{rt}, 10_000
			res, err := req.RequestWith(ctx, k)
			if err != nil {
				return err
			}
			return kerr.ErrorForCode(res.Topics[0].Partitions[0].ErrorCode)
		},
		Transact: func(ctx context.Context, topic string, partition int32, commit bool, msgs []bus.Message) error {
			k, err := open(kgo.TransactionalID(topic + "-tx"))
			if err != nil {
				return err
			}
			defer k.Close()
			if err := k.BeginTransaction(); err != nil {
				return err
			}
			if err := k.ProduceSync(ctx, records(topic, partition, msgs)...).FirstErr(); err != nil {
				return err
			}
			return k.EndTransaction(ctx, kgo.TransactionEndTry(commit))
		},
		Compressed: func(ctx context.Context, topic string, partition int32, codec string, msgs []bus.Message) error {
			k, err := open(kgo.ProducerBatchCompression(codecs[codec]))
			if err != nil {
				return err
			}
			defer k.Close()
			return k.ProduceSync(ctx, records(topic, partition, msgs)...).FirstErr()
		},
	}
}

func startEmbedded(t testing.TB, cfg bus.EmbeddedConfig) *bus.Embedded {
	t.Helper()
	e, err := bus.StartEmbedded(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("close the embedded log: %v", err)
		}
	})
	return e
}

func newClient(t testing.TB, cfg bus.Config) *bus.Client {
	t.Helper()
	c, err := bus.New(cfg, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return c
}
