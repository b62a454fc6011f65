package store

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
)

// A snapshot is a gzip stream: a line that names format and version, records, and a footer record with the SHA-256 of
// everything before it. A record is a kind, a count, and that many byte strings, each behind its length.
const (
	slotsMagic  = "vigia snapshot of slots, format 1\n"
	serverMagic = "vigia dump of the embedded store, format 1\n"
)

const (
	kindSlot   = 'S' // begins a slot: stage, partition, then field, value pairs of the meta hash
	kindHash   = 'H' // a hash: key, then field, value pairs
	kindList   = 'L' // list elements: key, then elements, appended to earlier ones of the same key
	kindText   = 'T' // a string: key, value
	kindFooter = 'Z' // the checksum; nothing follows
)

const (
	// maxStrings and maxString bound what a damaged file can make a reader allocate at once.
	maxStrings = 1 << 24
	maxString  = 1 << 29
)

type recordWriter struct {
	zip *gzip.Writer
	buf *bufio.Writer
	sum hash.Hash
	len []byte
}

func newRecordWriter(w io.Writer, magic string) (*recordWriter, error) {
	zip, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	rw := &recordWriter{zip: zip, sum: sum, buf: bufio.NewWriterSize(io.MultiWriter(zip, sum), 64<<10)}
	_, err = rw.buf.WriteString(magic)
	return rw, err
}

// write writes one record. Errors stick in the buffer, the last write or close reports them.
func (w *recordWriter) write(kind byte, strings ...string) error {
	w.len = append(w.len[:0], kind)
	w.len = binary.AppendUvarint(w.len, uint64(len(strings)))
	_, err := w.buf.Write(w.len)
	for _, s := range strings {
		w.len = binary.AppendUvarint(w.len[:0], uint64(len(s)))
		_, _ = w.buf.Write(w.len)
		_, err = w.buf.WriteString(s)
	}
	return err
}

// close writes the footer and ends the stream; it does not close the writer below.
func (w *recordWriter) close() error {
	if err := w.buf.Flush(); err != nil {
		return err
	}
	sum := w.sum.Sum(nil)
	if err := w.write(kindFooter, string(sum)); err != nil {
		return err
	}
	if err := w.buf.Flush(); err != nil {
		return err
	}
	return w.zip.Close()
}

type recordReader struct {
	buf *bufio.Reader
	sum hash.Hash
	one [1]byte
}

func newRecordReader(r io.Reader, magic string) (*recordReader, error) {
	zip, err := gzip.NewReader(r)
	if err != nil {
		return nil, damaged(err)
	}
	rr := &recordReader{buf: bufio.NewReaderSize(zip, 64<<10), sum: sha256.New()}
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(rr.buf, head); err != nil {
		return nil, damaged(err)
	}
	if string(head) != magic {
		return nil, fmt.Errorf("%w: it begins with %q, expected %q", ErrSnapshot, head, magic)
	}
	rr.sum.Write(head)
	return rr, nil
}

// next returns the next record, or io.EOF after a footer that agrees with what was read.
func (r *recordReader) next() (kind byte, strings []string, err error) {
	before := r.sum.Sum(nil)
	if kind, err = r.ReadByte(); err != nil {
		return 0, nil, damaged(err)
	}
	count, err := binary.ReadUvarint(r)
	if err != nil || count > maxStrings {
		return 0, nil, damaged(err)
	}
	strings = make([]string, 0, min(count, 4096))
	for range count {
		n, err := binary.ReadUvarint(r)
		if err != nil || n > maxString {
			return 0, nil, damaged(err)
		}
		s, err := r.readString(int(n))
		if err != nil {
			return 0, nil, damaged(err)
		}
		strings = append(strings, s)
	}
	if kind != kindFooter {
		return kind, strings, nil
	}
	if len(strings) != 1 || strings[0] != string(before) {
		return 0, nil, fmt.Errorf("%w: the checksum does not agree: the file is damaged", ErrSnapshot)
	}
	if _, err := r.buf.ReadByte(); !errors.Is(err, io.EOF) { // also lets gzip check its own sum
		return 0, nil, damaged(err)
	}
	return 0, nil, io.EOF
}

// ReadByte implements io.ByteReader for the varints.
func (r *recordReader) ReadByte() (byte, error) {
	b, err := r.buf.ReadByte()
	if err == nil {
		r.one[0] = b
		r.sum.Write(r.one[:])
	}
	return b, err
}

func (r *recordReader) readString(n int) (string, error) {
	if n > 1<<20 { // let the data arrive before memory is set aside for it
		var b bytes.Buffer
		if _, err := io.CopyN(&b, r.buf, int64(n)); err != nil {
			return "", err
		}
		r.sum.Write(b.Bytes())
		return b.String(), nil
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r.buf, b); err != nil {
		return "", err
	}
	r.sum.Write(b)
	return string(b), nil
}

func damaged(err error) error {
	if err == nil {
		err = errors.New("impossible length")
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // an end before the footer is never a normal end
	}
	return fmt.Errorf("%w: %w: the file is damaged, cut short, or no snapshot", ErrSnapshot, err)
}
