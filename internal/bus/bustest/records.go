package bustest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/bus"
)

func publishOrder(e *env) {
	const partitions, keys, n = 4, 17, 600
	topic := e.topic(partitions, nil)
	want := map[string][]string{}
	var batch []bus.Message
	for i := range n {
		key, value := fmt.Sprintf("key-%d", i%keys), fmt.Sprint(i)
		want[key] = append(want[key], value)
		batch = append(batch, bus.Message{Key: []byte(key), Value: []byte(value)})
		if len(batch) == 37 || i == n-1 {
			if err := e.c.Publish(e.ctx, topic, batch); err != nil {
				e.Fatal(err)
			}
			batch = nil
		}
	}
	got := map[string][]string{}
	for p := range int32(partitions) {
		for i, m := range e.read(topic, p, 0, bus.FetchOptions{}) {
			if m.Topic != topic || m.Partition != p || m.Offset != int64(i) {
				e.Fatalf("record %d of partition %d says %s/%d@%d", i, p, m.Topic, m.Partition, m.Offset)
			}
			if q := bus.Partition(m.Key, partitions); q != p {
				e.Fatalf("key %q is in partition %d, want %d", m.Key, p, q)
			}
			got[string(m.Key)] = append(got[string(m.Key)], string(m.Value))
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		e.Fatal(d)
	}
	if err := e.c.Publish(e.ctx, topic, []bus.Message{{Key: []byte("k")}, {Value: []byte("no key")}}); err == nil || bus.Retryable(err) {
		e.Fatalf("a message without key: got %v", err)
	}
	if err := e.c.Publish(e.ctx, topic, nil); err != nil {
		e.Fatal(err)
	}
}

// keyPartitions uses the vectors of the Java client's own test of murmur2.
func keyPartitions(e *env) {
	const partitions = 7
	topic := e.topic(partitions, nil)
	hashes := map[string]int32{
		"21":                         -973932308,
		"foobar":                     -790332482,
		"a-little-bit-long-string":   -985981536,
		"a-little-bit-longer-string": -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
		"abc": 479470107,
	}
	for key, hash := range hashes {
		if err := e.c.Publish(e.ctx, topic, []bus.Message{{Key: []byte(key)}}); err != nil {
			e.Fatal(err)
		}
		p := (hash & 0x7fffffff) % partitions
		if !slices.ContainsFunc(e.read(topic, p, 0, bus.FetchOptions{}), func(m bus.Message) bool { return string(m.Key) == key }) {
			e.Errorf("key %q is not in partition %d", key, p)
		}
	}
}

func produce(e *env) {
	topic := e.topic(3, nil)
	if first := e.produce(topic, 2, "a", "b"); first != 0 {
		e.Fatalf("first offset %d, want 0", first)
	}
	if first := e.produce(topic, 2, "c"); first != 2 {
		e.Fatalf("first offset %d, want 2", first)
	}
	// Keys are not looked at, not even their absence.
	first, err := e.c.Produce(e.ctx, topic, 2, []bus.Message{{Value: []byte("d")}})
	if err != nil || first != 3 {
		e.Fatalf("got %d, %v", first, err)
	}
	if d := cmp.Diff([]string{"a", "b", "c", "d"}, values(e.read(topic, 2, 0, bus.FetchOptions{}))); d != "" {
		e.Fatal(d)
	}
	if d := cmp.Diff([]string{"c", "d"}, values(e.read(topic, 2, 2, bus.FetchOptions{}))); d != "" {
		e.Fatal("a fetch from the middle of a batch: ", d)
	}
	if rest := e.read(topic, 1, 0, bus.FetchOptions{MaxWait: time.Millisecond}); len(rest) != 0 {
		e.Fatalf("partition 1 has %d records", len(rest))
	}
	if _, err := e.c.Produce(e.ctx, topic, 2, nil); err == nil || bus.Retryable(err) {
		e.Fatalf("no messages: got %v", err)
	}
	_, err = e.c.Produce(e.ctx, topic, 99, messages("x"))
	e.want(err, bus.ErrUnknownTopic)
}

func roundTrip(e *env) {
	topic := e.topic(1, nil)
	at := time.Now().Add(-time.Hour).UnixMilli()
	sent := []bus.Message{
		{Key: []byte("k"), Value: []byte("v"), At: at, Headers: []bus.Header{
			{Key: "content-type", Value: []byte("application/x-protobuf")}, {Key: "empty", Value: []byte{}},
			{Key: "twice", Value: []byte{0, 255}}, {Key: "twice", Value: []byte("ünïcode")},
		}},
		{Key: []byte("k"), Value: nil, At: at + 1},
		{Key: []byte("k"), Value: []byte{}, At: at - 1000},
		{Key: []byte("k"), Value: []byte(strings.Repeat("large ", 10_000)), At: at},
	}
	if err := e.c.Publish(e.ctx, topic, sent); err != nil {
		e.Fatal(err)
	}
	if _, err := e.c.Produce(e.ctx, topic, 0, sent); err != nil {
		e.Fatal(err)
	}
	var want []bus.Message
	for i := range 2 * len(sent) {
		m := sent[i%len(sent)]
		m.Topic, m.Offset = topic, int64(i)
		want = append(want, m)
	}
	if d := cmp.Diff(want, e.read(topic, 0, 0, bus.FetchOptions{})); d != "" {
		e.Fatal(d)
	}
	before := time.Now().UnixMilli()
	first := e.produce(topic, 0, "now")
	got := e.read(topic, 0, first, bus.FetchOptions{})[0].At
	if after := time.Now().UnixMilli(); got < before || got > after {
		e.Fatalf("a message without time got %d, want between %d and %d", got, before, after)
	}
}

func fetchWaits(e *env) {
	topic := e.topic(1, nil)
	next := e.produce(topic, 0, "first") + 1

	const wait = 300 * time.Millisecond
	start := time.Now()
	b, err := e.c.Fetch(e.ctx, topic, 0, next, bus.FetchOptions{MaxWait: wait})
	took := time.Since(start)
	if err != nil || len(b.Messages) != 0 || b.Next != next || b.HighWatermark != next {
		e.Fatalf("got %+v, %v", b, err)
	}
	if took < wait/2 || took > wait+5*time.Second {
		e.Fatalf("waited %v, want about %v", took, wait)
	}

	got := make(chan error, 1)
	go func() {
		b, err := e.c.Fetch(e.ctx, topic, 0, next, bus.FetchOptions{MaxWait: 20 * time.Second})
		if err == nil && (len(b.Messages) != 1 || string(b.Messages[0].Value) != "second") {
			err = fmt.Errorf("got %+v", b)
		}
		got <- err
	}()
	start = time.Now()
	e.produce(topic, 0, "second")
	if err := <-got; err != nil {
		e.Fatal(err)
	}
	if took := time.Since(start); took > 10*time.Second {
		e.Fatalf("a record that arrived was seen after %v", took)
	}

	ctx, cancel := context.WithTimeout(e.ctx, 50*time.Millisecond)
	defer cancel()
	_, err = e.c.Fetch(ctx, topic, 0, next+1, bus.FetchOptions{MaxWait: 20 * time.Second})
	e.want(err, context.DeadlineExceeded)
	if !bus.Retryable(err) {
		e.Error("a deadline of the caller is not retryable")
	}
	ctx, cancel = context.WithCancel(e.ctx)
	cancel()
	_, err = e.c.Fetch(ctx, topic, 0, next+1, bus.FetchOptions{})
	e.want(err, context.Canceled)
	if bus.Retryable(err) {
		e.Error("a cancelled call is retryable")
	}
}

func fetchSteps(e *env) {
	topic := e.topic(1, nil)
	var want []string
	for i := range 40 {
		batch := []string{fmt.Sprint(i, "a"), fmt.Sprint(i, "b"), fmt.Sprint(i, "c")}
		e.produce(topic, 0, batch...)
		want = append(want, batch...)
	}
	if d := cmp.Diff(want, values(e.read(topic, 0, 0, bus.FetchOptions{MaxBytes: 1}))); d != "" {
		e.Fatal(d)
	}
	if d := cmp.Diff(want, values(e.read(topic, 0, 0, bus.FetchOptions{MaxBytes: 700}))); d != "" {
		e.Fatal(d)
	}
}

func emptyTopic(e *env) {
	topic := e.topic(1, nil)
	start, end, err := e.c.Bounds(e.ctx, topic, 0)
	if err != nil || start != 0 || end != 0 {
		e.Fatalf("bounds: got %d, %d, %v", start, end, err)
	}
	b, err := e.c.Fetch(e.ctx, topic, 0, 0, bus.FetchOptions{MaxWait: 10 * time.Millisecond})
	if err != nil {
		e.Fatal(err)
	}
	if d := cmp.Diff(bus.Batch{}, b); d != "" {
		e.Fatal(d)
	}
}

func outOfRange(e *env) {
	topic := e.topic(1, nil)
	e.produce(topic, 0, "a", "b", "c")
	_, err := e.c.Fetch(e.ctx, topic, 0, 10, bus.FetchOptions{})
	e.wantRange(err, bus.OutOfRangeError{Offset: 10, LogStart: 0, LogEnd: 3})
	if _, err := e.c.Fetch(e.ctx, topic, 0, -1, bus.FetchOptions{}); err == nil || bus.Retryable(err) {
		e.Fatalf("a negative offset: got %v", err)
	}
}

func deletedRecords(e *env) {
	if e.log.DeleteRecords == nil {
		e.Skip("records of this log cannot be deleted from here")
	}
	topic := e.topic(1, nil)
	e.produce(topic, 0, "a", "b", "c", "d")
	if err := e.log.DeleteRecords(e.ctx, topic, 0, 2); err != nil {
		e.Fatal(err)
	}
	_, err := e.c.Fetch(e.ctx, topic, 0, 1, bus.FetchOptions{})
	e.wantRange(err, bus.OutOfRangeError{Offset: 1, LogStart: 2, LogEnd: 4})
	b, err := e.c.Fetch(e.ctx, topic, 0, 2, bus.FetchOptions{})
	if err != nil {
		e.Fatal(err)
	}
	if d := cmp.Diff([]string{"c", "d"}, values(b.Messages)); d != "" || b.LogStart != 2 || b.HighWatermark != 4 {
		e.Fatalf("log start %d, high watermark %d\n%s", b.LogStart, b.HighWatermark, d)
	}
	start, end, err := e.c.Bounds(e.ctx, topic, 0)
	if err != nil || start != 2 || end != 4 {
		e.Fatalf("bounds: got %d, %d, %v", start, end, err)
	}
}

func (e *env) wantRange(err error, want bus.OutOfRangeError) {
	e.Helper()
	e.want(err, bus.ErrOffsetOutOfRange)
	got, _ := errors.AsType[*bus.OutOfRangeError](err)
	if d := cmp.Diff(&want, got); d != "" {
		e.Fatal(d)
	}
	if bus.Retryable(err) {
		e.Error("out of range is retryable")
	}
}

func compressed(e *env) {
	if e.log.Compressed == nil {
		e.Skip("no other client to compress with")
	}
	topic := e.topic(1, nil)
	var want []string
	for _, codec := range []string{"gzip", "snappy", "lz4", "zstd"} {
		batch := []string{codec, strings.Repeat(codec, 1000), ""}
		if err := e.log.Compressed(e.ctx, topic, 0, codec, messages(batch...)); err != nil {
			e.Fatalf("%s: %v", codec, err)
		}
		want = append(want, batch...)
	}
	if d := cmp.Diff(want, values(e.read(topic, 0, 0, bus.FetchOptions{}))); d != "" {
		e.Fatal(d)
	}
}

func transactions(e *env) {
	if e.log.Transact == nil {
		e.Skip("no other client to write transactions with")
	}
	topic := e.topic(1, nil)
	e.produce(topic, 0, "before")
	if err := e.log.Transact(e.ctx, topic, 0, true, messages("committed")); err != nil {
		e.Fatal(err)
	}
	e.produce(topic, 0, "between")
	if err := e.log.Transact(e.ctx, topic, 0, true, messages("last")); err != nil {
		e.Fatal(err)
	}
	// One record at a time and everything at once: the marker may come alone, last, or
	// between records.
	for _, o := range []bus.FetchOptions{{MaxBytes: 1}, {}} {
		if d := cmp.Diff([]string{"before", "committed", "between", "last"}, values(e.read(topic, 0, 0, o))); d != "" {
			e.Fatal(d)
		}
	}
	_, end, err := e.c.Bounds(e.ctx, topic, 0)
	if err != nil || end != 6 {
		e.Fatalf("end %d, %v; want 6: four records and two markers", end, err)
	}
	// Only a marker is left.
	b, err := e.c.Fetch(e.ctx, topic, 0, 5, bus.FetchOptions{})
	if err != nil || len(b.Messages) != 0 || b.Next != 6 {
		e.Fatalf("got %+v, %v", b, err)
	}
}
