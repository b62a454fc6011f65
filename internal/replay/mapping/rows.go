package mapping

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
)

// maxRowBytes bounds one row; a longer one means a wrong delimiter, an open quote or a file that is no table.
const maxRowBytes = 1 << 20

// rowReader cuts text into rows of cells.
//
// A quote is special only at the start of a cell, so that inches and nicknames do no harm; a doubled quote inside a quoted cell stands for one.
// Quoted cells may span lines. Blank lines are no rows.
type rowReader struct {
	name   string
	r      *bufio.Reader
	delim  byte
	quotes bool
	line   int    // lines read so far
	long   []byte // a line longer than the reader's buffer
	cells  []string
}

// next returns the cells of the next row and the number of the line it starts on, from 1. The slice is valid until the following call; the strings stay. At the end it returns
// io.EOF.
func (r *rowReader) next() (cells []string, line int, err error) {
	raw, err := r.readLine()
	for err == nil && len(raw) == 0 {
		raw, err = r.readLine()
	}
	if err != nil {
		return nil, 0, err
	}
	line = r.line
	if !r.quotes || bytes.IndexByte(raw, '"') < 0 {
		return r.split(string(raw)), line, nil
	}
	cells, err = r.splitQuoted(string(raw))
	return cells, line, err
}

func (r *rowReader) split(s string) []string {
	r.cells = r.cells[:0]
	for {
		i := strings.IndexByte(s, r.delim)
		if i < 0 {
			r.cells = append(r.cells, s)
			return r.cells
		}
		r.cells = append(r.cells, s[:i])
		s = s[i+1:]
	}
}

func (r *rowReader) splitQuoted(s string) ([]string, error) {
	r.cells = r.cells[:0]
	first := r.line
	for {
		var cell string
		if strings.HasPrefix(s, `"`) {
			var b strings.Builder
			s = s[1:]
			for {
				i := strings.IndexByte(s, '"')
				if i < 0 { // the cell goes on in the next line
					b.WriteString(s)
					b.WriteByte('\n')
					more, err := r.readLine()
					if err == io.EOF {
						return nil, fmt.Errorf("%s: the quote opened in line %d is never closed: repair the line, or say quotes: false in the mapping if quotes mean nothing in this file", r.name, first)
					}
					if err != nil {
						return nil, err
					}
					if b.Len()+len(more) > maxRowBytes {
						return nil, fmt.Errorf("%s: the row that starts in line %d is longer than 1 MiB: is a quote missing?", r.name, first)
					}
					s = string(more)
					continue
				}
				b.WriteString(s[:i])
				s = s[i+1:]
				if !strings.HasPrefix(s, `"`) {
					break
				}
				b.WriteByte('"')
				s = s[1:]
			}
			cell = b.String()
		}
		i := strings.IndexByte(s, r.delim)
		if i < 0 {
			r.cells = append(r.cells, cell+s)
			return r.cells, nil
		}
		r.cells = append(r.cells, cell+s[:i])
		s = s[i+1:]
	}
}

// readLine returns the next line without its end; the bytes are valid until the following call.
func (r *rowReader) readLine() ([]byte, error) {
	raw, err := r.r.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		r.long = append(r.long[:0], raw...)
		for err == bufio.ErrBufferFull {
			if len(r.long) > maxRowBytes {
				return nil, fmt.Errorf("%s: line %d is longer than 1 MiB: not a table of text with one row a line", r.name, r.line+1)
			}
			raw, err = r.r.ReadSlice('\n')
			r.long = append(r.long, raw...)
		}
		raw = r.long
	}
	if err != nil && err != io.EOF {
		return nil, readError(r.name, err)
	}
	if len(raw) == 0 {
		return nil, io.EOF
	}
	r.line++
	raw = bytes.TrimSuffix(raw, []byte{'\n'})
	return bytes.TrimSuffix(raw, []byte{'\r'}), nil
}
