package bus

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go/protocol"
)

// What brokers can answer and a healthy embedded one never does: compacted batches whose last
// offsets are gone, batches kept empty, markers.
func TestDecode(t *testing.T) {
	records := func(offsets ...int64) protocol.RecordReader {
		rs := make([]protocol.Record, len(offsets))
		for i, o := range offsets {
			rs[i] = protocol.Record{Offset: o, Value: protocol.NewBytes([]byte("v"))}
		}
		return protocol.NewRecordReader(rs...)
	}
	data := func(base int64, offsets ...int64) protocol.RecordReader {
		return &protocol.RecordBatch{BaseOffset: base, Records: records(offsets...)}
	}
	marker := func(offset int64) protocol.RecordReader {
		return &protocol.ControlBatch{BaseOffset: offset, Records: records(offset)}
	}
	for _, test := range []struct {
		name    string
		offset  int64
		batches []protocol.RecordReader
		want    []int64
		next    int64
	}{
		{"nothing", 7, nil, nil, 7},
		{"plain", 0, []protocol.RecordReader{data(0, 0, 1), data(2, 2)}, []int64{0, 1, 2}, 3},
		{"from the middle of a batch", 1, []protocol.RecordReader{data(0, 0, 1, 2)}, []int64{1, 2}, 3},
		{"a hole before the next batch", 5, []protocol.RecordReader{data(9, 9)}, []int64{9}, 10},
		{"a hole at the end of a batch, and more", 3, []protocol.RecordReader{data(0, 0, 1), data(6, 6)}, []int64{6}, 7},
		{"a hole at the end of the only batch", 3, []protocol.RecordReader{data(0, 0, 1)}, nil, 4},
		{"a batch kept empty", 3, []protocol.RecordReader{data(3)}, nil, 4},
		{"a batch kept empty further on", 3, []protocol.RecordReader{data(8)}, nil, 9},
		{"only a marker", 4, []protocol.RecordReader{marker(4)}, nil, 5},
		{"a marker last", 3, []protocol.RecordReader{data(3, 3), marker(4)}, []int64{3}, 5},
		{"a marker between", 3, []protocol.RecordReader{data(3, 3), marker(4), data(5, 5)}, []int64{3, 5}, 6},
	} {
		t.Run(test.name, func(t *testing.T) {
			msgs, next, err := decode("t", 1, test.offset, &protocol.RecordStream{Records: test.batches}, true)
			if err != nil {
				t.Fatal(err)
			}
			var got []int64
			for _, m := range msgs {
				got = append(got, m.Offset)
			}
			if d := cmp.Diff(test.want, got); d != "" || next != test.next {
				t.Errorf("next %d, want %d\n%s", next, test.next, d)
			}
		})
	}
}

type brokenReader struct{}

var errDamaged = errors.New("damaged")

func (brokenReader) ReadRecord() (*protocol.Record, error) { return nil, errDamaged }

func TestDecodeReportsDamage(t *testing.T) {
	_, next, err := decode("t", 1, 5, &protocol.RecordStream{Records: []protocol.RecordReader{
		&protocol.RecordBatch{BaseOffset: 5, Records: brokenReader{}},
	}}, true)
	if !errors.Is(err, errDamaged) || next != 5 {
		t.Fatalf("got %d, %v", next, err)
	}
	if Retryable(wrap(t.Context(), "fetch", "t", 1, err)) {
		t.Error("damage is retryable")
	}
}

func TestArenaKeepsValuesApart(t *testing.T) {
	var a arena
	read := func(s string) []byte {
		b, err := a.read(protocol.NewBytes([]byte(s)))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	first := read("first")
	_ = append(first, "overwrites?"...)
	if got := read("second"); string(got) != "second" || string(first) != "first" {
		t.Fatalf("got %q, %q", first, got)
	}
	big := read(string(make([]byte, 3*arenaChunk)))
	if len(big) != 3*arenaChunk {
		t.Fatalf("got %d bytes", len(big))
	}
	if b, err := a.read(nil); b != nil || err != nil {
		t.Fatalf("nil became %v, %v", b, err)
	}
	if b := read(""); b == nil {
		t.Fatal("an empty value became nil")
	}
}
