package bus

import (
	"github.com/segmentio/kafka-go"
)

// Message is one record of the log.
//
// Publish and Produce read Key, Value, Headers and At; they ignore Topic, Partition and
// Offset. Fetch fills every field.
type Message struct {
	Topic     string
	Partition int32
	// Offset is the record's position in its partition, from 0.
	Offset int64
	// Key decides the partition in Publish. Value nil is a tombstone in compacted topics.
	Key, Value []byte
	Headers    []Header
	// At is the record's timestamp in Unix milliseconds. Zero in a message that is sent
	// means "now".
	At int64
}

// Header is a named annotation of a record. Names may repeat; order is kept.
type Header struct {
	Key   string
	Value []byte
}

// Batch is what one Fetch returned: zero or more records of one partition in offset order,
// all at or past the offset that was asked for.
type Batch struct {
	Messages []Message
	// HighWatermark is the offset that the next record will get, as the broker knew it
	// when it answered; LogStart is the oldest offset that is still there.
	HighWatermark, LogStart int64
	// Next is the offset to fetch next. It is past control markers and compacted holes,
	// so it may be larger than the last message's offset plus one, also when there are no
	// messages.
	Next int64
}

const (
	// recordOverhead bounds what the record format adds to one record besides its data:
	// eight variable-length integers and the attributes byte.
	recordOverhead = 40
	headerOverhead = 10
)

// Size returns an upper bound of the bytes that the message takes in a request. Sums of it
// can be held against [Config.MaxBatchBytes] to cut batches for Produce.
func (m *Message) Size() int {
	n := recordOverhead + len(m.Key) + len(m.Value)
	for i := range m.Headers {
		n += headerOverhead + len(m.Headers[i].Key) + len(m.Headers[i].Value)
	}
	return n
}

func toKafkaHeaders(hs []Header) []kafka.Header {
	if len(hs) == 0 {
		return nil
	}
	out := make([]kafka.Header, len(hs))
	for i, h := range hs {
		out[i] = kafka.Header{Key: h.Key, Value: h.Value}
	}
	return out
}

func fromKafkaHeaders(hs []kafka.Header) []Header {
	if len(hs) == 0 {
		return nil
	}
	out := make([]Header, len(hs))
	for i, h := range hs {
		out[i] = Header{Key: h.Key, Value: h.Value}
	}
	return out
}
