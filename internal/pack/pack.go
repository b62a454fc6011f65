// Package pack is the compact encoding of state blobs: varints, and strings that are written once per blob.
package pack

import (
	"encoding/binary"
	"errors"
	"slices"
)

// Writer builds a blob. The zero value is ready.
type Writer struct {
	buf  []byte
	seen []string
}

// Grow makes room for n bytes more.
func (w *Writer) Grow(n int) { w.buf = slices.Grow(w.buf, n) }

// Bytes returns the blob.
func (w *Writer) Bytes() []byte { return w.buf }

// Int appends a signed integer.
func (w *Writer) Int(v int64) { w.buf = binary.AppendVarint(w.buf, v) }

// Uint appends an unsigned integer.
func (w *Writer) Uint(v uint64) { w.buf = binary.AppendUvarint(w.buf, v) }

// Fixed64 appends eight bytes: shorter than a varint for hashes.
func (w *Writer) Fixed64(v uint64) { w.buf = binary.LittleEndian.AppendUint64(w.buf, v) }

// Byte appends one byte.
func (w *Writer) Byte(v byte) { w.buf = append(w.buf, v) }

// Bool appends one byte.
func (w *Writer) Bool(v bool) {
	if v {
		w.Byte(1)
	} else {
		w.Byte(0)
	}
}

// String appends a string; one that was written before costs a byte.
func (w *Writer) String(s string) {
	if s == "" {
		w.Uint(0)
		return
	}
	for i, t := range w.seen {
		if t == s {
			w.Uint(uint64(i + 2))
			return
		}
	}
	w.Uint(1)
	w.Uint(uint64(len(s)))
	w.buf = append(w.buf, s...)
	if len(w.seen) < 100 {
		if w.seen == nil {
			w.seen = make([]string, 0, 16)
		}
		w.seen = append(w.seen, s)
	}
}

// Blob appends bytes as they are.
func (w *Writer) Blob(b []byte) {
	w.Uint(uint64(len(b)))
	w.buf = append(w.buf, b...)
}

// ErrDamaged is the error of a blob that does not read as it was written.
var ErrDamaged = errors.New("damaged state: restore a snapshot, or delete the slot's keys to rebuild it from the log")

// Reader takes a blob apart. After the first fault everything reads as zero and Err says so.
type Reader struct {
	buf  []byte
	seen []string
	bad  bool
}

// NewReader reads a blob.
func NewReader(b []byte) *Reader { return &Reader{buf: b} }

// Err returns ErrDamaged when something did not read.
func (r *Reader) Err() error {
	if r.bad {
		return ErrDamaged
	}
	return nil
}

// More reports whether bytes are left.
func (r *Reader) More() bool { return len(r.buf) > 0 }

// Int reads what Writer.Int wrote.
func (r *Reader) Int() int64 {
	v, n := binary.Varint(r.buf)
	return v * r.advance(n)
}

// Uint reads what Writer.Uint wrote.
func (r *Reader) Uint() uint64 {
	v, n := binary.Uvarint(r.buf)
	return v * uint64(r.advance(n))
}

// Len reads a length that is bounded by the bytes that are left.
func (r *Reader) Len() int {
	n := r.Uint()
	if n > uint64(len(r.buf)) {
		r.fail()
		return 0
	}
	return int(n)
}

// Fixed64 reads what Writer.Fixed64 wrote.
func (r *Reader) Fixed64() uint64 {
	if len(r.buf) < 8 {
		r.fail()
		return 0
	}
	v := binary.LittleEndian.Uint64(r.buf)
	r.buf = r.buf[8:]
	return v
}

// Byte reads one byte.
func (r *Reader) Byte() byte {
	if len(r.buf) == 0 {
		r.fail()
		return 0
	}
	v := r.buf[0]
	r.buf = r.buf[1:]
	return v
}

// Bool reads what Writer.Bool wrote.
func (r *Reader) Bool() bool { return r.Byte() != 0 }

// String reads what Writer.String wrote.
func (r *Reader) String() string {
	switch v := r.Uint(); v {
	case 0:
		return ""
	case 1:
		n := r.Len()
		if r.bad {
			return ""
		}
		s := string(r.buf[:n])
		r.buf = r.buf[n:]
		if len(r.seen) < 100 {
			r.seen = append(r.seen, s)
		}
		return s
	default:
		if v-2 >= uint64(len(r.seen)) {
			r.fail()
			return ""
		}
		return r.seen[v-2]
	}
}

// Blob reads what Writer.Blob wrote; the result is a view into the blob.
func (r *Reader) Blob() []byte {
	n := r.Len()
	b := r.buf[:n]
	r.buf = r.buf[n:]
	return b
}

func (r *Reader) advance(n int) int64 {
	if n <= 0 {
		r.fail()
		return 0
	}
	r.buf = r.buf[n:]
	return 1
}

func (r *Reader) fail() { r.bad, r.buf = true, nil }
