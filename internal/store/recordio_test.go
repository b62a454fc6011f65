package store

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRecords(t *testing.T) {
	want := [][]string{{"", "a\x00\xff", ""}, {}, {strings.Repeat("long", 1<<19)}, {"end"}}
	var file bytes.Buffer
	w, err := newRecordWriter(&file, slotsMagic)
	if err != nil {
		t.Fatal(err)
	}
	for _, strings := range want {
		if err := w.write(kindHash, strings...); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	r, err := newRecordReader(bytes.NewReader(file.Bytes()), slotsMagic)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		kind, strings, err := r.next()
		if err != nil || kind != kindHash || !slices.Equal(strings, want[i]) {
			t.Fatalf("record %d: kind %q, %d strings, %v", i, kind, len(strings), err)
		}
	}
	if _, _, err := r.next(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
	if _, err := newRecordReader(bytes.NewReader(file.Bytes()), serverMagic); !errors.Is(err, ErrSnapshot) {
		t.Errorf("a file of the other kind: %v", err)
	}
}

// FuzzRecords reads anything without panicking, without a footer that does not agree, and ends.
func FuzzRecords(f *testing.F) {
	var file bytes.Buffer
	w, _ := newRecordWriter(&file, slotsMagic)
	_ = w.write(kindSlot, "i", "0")
	_ = w.write(kindHash, "k", "f", "v")
	_ = w.close()
	f.Add(file.Bytes())
	f.Add([]byte(slotsMagic))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := newRecordReader(bytes.NewReader(data), slotsMagic)
		for err == nil {
			_, _, err = r.next()
		}
		if err != io.EOF && !errors.Is(err, ErrSnapshot) {
			t.Errorf("unexpected error %v", err)
		}
	})
}

func FuzzOutboxEntry(f *testing.F) {
	o := Out{Topic: "vigia.signals", Partition: 3, Key: []byte("t/c"), Value: []byte{0, 1}, Offset: 1 << 60, At: -5}
	f.Add([]byte{})
	f.Add(encodeOuts([]Out{o})[0])
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := decodeOut(data)
		if err != nil {
			return
		}
		again, err := decodeOut(encodeOuts([]Out{got})[0])
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("%+v → %+v, %v", got, again, err)
		}
	})
}

func TestOutboxEntries(t *testing.T) {
	outs := []Out{
		{Topic: "vigia.signals", Partition: 11, Key: []byte("key"), Value: []byte("value"), Offset: 1<<63 - 1, At: 1_700_000_000_000},
		{Topic: "t", Key: []byte{}, Value: []byte{}, Offset: -1, At: -1},
	}
	for i, entry := range encodeOuts(outs) {
		got, err := decodeOut(entry)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(outs[i], got); d != "" {
			t.Error(d)
		}
		for n := range len(entry) - len(outs[i].Value) {
			if _, err := decodeOut(entry[:n]); err == nil {
				t.Errorf("entry %d cut at %d is accepted", i, n)
			}
		}
	}
}
