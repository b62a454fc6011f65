package mapping

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// Input is one file to read. R is read once, to its end or to the row limit; plain and gzip are told apart by content.
type Input struct {
	Name string // how messages call it
	R    io.Reader
}

// The encodings a mapping can name.
const (
	encodingUTF8        = "utf-8"
	encodingWindows1252 = "windows-1252"
)

const peekBytes = 4096

var signatures = []struct {
	magic string
	what  string
	todo  string
}{
	{"%PDF", "a PDF document", "export the data as CSV"},
	{"\xd0\xcf\x11\xe0", "an old Excel or Word file", "open it and save the sheet as CSV (UTF-8)"},
	{"PAR1", "a Parquet file", "export the data as CSV"},
	{"SQLite format 3", "an SQLite database", "export the table as CSV"},
	{"7z\xbc\xaf", "a 7-Zip archive", "unpack it first"},
	{"Rar!", "a RAR archive", "unpack it first"},
	{"BZh", "compressed with bzip2", "unpack it first (gzip is read as it is)"},
	{"\xfd7zXZ", "compressed with xz", "unpack it first (gzip is read as it is)"},
	{"\x28\xb5\x2f\xfd", "compressed with zstd", "unpack it first (gzip is read as it is)"},
	{"\xff\xfe", "UTF-16 text", "save it as UTF-8"},
	{"\xfe\xff", "UTF-16 text", "save it as UTF-8"},
	{"<!DOCTYPE", "an HTML or XML page, whatever its name says", "export the data as CSV"},
	{"<html", "an HTML page, whatever its name says", "export the data as CSV"},
	{"<?xml", "an XML document", "export the data as CSV"},
}

// open returns the text of an input: unpacked, without a byte order mark, in UTF-8. What cannot be a table of text is refused in words.
func open(in Input, encoding string) (*bufio.Reader, error) {
	r, err := unpack(in)
	if err != nil {
		return nil, err
	}
	if encoding == encodingWindows1252 {
		return bufio.NewReaderSize(charmap.Windows1252.NewDecoder().Reader(r), 64<<10), nil
	}
	if head, _ := r.Peek(3); string(head) == "\xef\xbb\xbf" {
		_, _ = r.Discard(3) // cannot fail: just peeked
	}
	return r, nil
}

// unpack returns the bytes of an input, unpacked once when it is gzip, after a look at what they are.
func unpack(in Input) (*bufio.Reader, error) {
	r := bufio.NewReaderSize(in.R, 64<<10)
	head, err := peek(in.Name, r)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(head, []byte("\x1f\x8b")) {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, fmt.Errorf("%s looks like gzip, but its header cannot be read (%w): copy it again", in.Name, err)
		}
		r = bufio.NewReaderSize(z, 64<<10)
		if head, err = peek(in.Name, r); err != nil {
			return nil, err
		}
	}
	return r, recognise(in.Name, head)
}

func peek(name string, r *bufio.Reader) ([]byte, error) {
	head, err := r.Peek(peekBytes)
	if err != nil && err != io.EOF {
		return nil, readError(name, err)
	}
	if len(head) == 0 {
		return nil, fmt.Errorf("%s is empty: nothing to read", name)
	}
	return head, nil
}

func recognise(name string, head []byte) error {
	if bytes.HasPrefix(head, []byte("PK\x03\x04")) {
		if bytes.Contains(head, []byte("[Content_Types].xml")) || bytes.Contains(head, []byte("xl/")) || strings.HasSuffix(strings.ToLower(name), ".xlsx") {
			return fmt.Errorf("%s is an Excel workbook (xlsx), not a text file: open it, save the sheet as CSV (UTF-8) and read that", name)
		}
		if bytes.Contains(head, []byte("application/vnd.oasis")) {
			return fmt.Errorf("%s is an OpenDocument file, not a text file: open it, save the sheet as CSV (UTF-8) and read that", name)
		}
		return fmt.Errorf("%s is a ZIP archive: unpack it and read the CSV inside", name)
	}
	for _, s := range signatures {
		if bytes.HasPrefix(head, []byte(s.magic)) {
			return fmt.Errorf("%s is %s: %s", name, s.what, s.todo)
		}
	}
	if n := bytes.Count(head, []byte{0}); n > 0 {
		if n >= len(head)/3 {
			return fmt.Errorf("%s looks like UTF-16 text: save it as UTF-8", name)
		}
		return fmt.Errorf("%s is not a text file (it has zero bytes): export the data as CSV", name)
	}
	return nil
}

// readError says which file could not be read and, for a torn gzip file, why.
func readError(name string, err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s ends in the middle of its compressed data: copy it again", name)
	case errors.Is(err, gzip.ErrChecksum):
		return fmt.Errorf("%s is damaged (wrong checksum): copy it again", name)
	}
	return fmt.Errorf("cannot read %s: %w", name, err)
}
