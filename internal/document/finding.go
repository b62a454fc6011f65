package document

import (
	"fmt"
	"strings"
)

// Finding is one thing that is wrong, or may be, with a file.
type Finding struct {
	// File, Line and Column (both from 1) say where; Line is 0 when the place is not in the file.
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	// Path names the value: tenants[0].rules[1].first_response.
	Path string `json:"path,omitempty"`
	// Message says what is wrong and what to do. It contains no secret.
	Message string `json:"message"`

	excerpt string // the line, without secrets
	caret   int    // the column below which the caret belongs
}

// String is one line: file:line:column: message.
func (f Finding) String() string {
	switch {
	case f.Line > 0:
		return fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Column, f.Message)
	case f.File != "":
		return f.File + ": " + f.Message
	}
	return f.Message
}

// Findings is everything that is wrong with a file. It is an error; [File.Finish] brings it into the order of the file.
type Findings []Finding

// Error has a line for each finding, and below it the place with a caret.
func (f Findings) Error() string {
	var b strings.Builder
	for i, x := range f {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(x.String())
		if x.excerpt != "" {
			gutter := fmt.Sprintf("%5d | ", x.Line)
			fmt.Fprintf(&b, "\n%s%s\n%s| %s^", gutter, x.excerpt, strings.Repeat(" ", len(gutter)-2), padding(x.excerpt, x.caret))
		}
	}
	return b.String()
}

// padding returns what stands before the caret: blanks, and the line's own tabs so that the caret stays below its column.
func padding(line string, column int) string {
	runes := []rune(line)
	var b strings.Builder
	for _, r := range runes[:min(column-1, len(runes))] {
		if r == '\t' {
			b.WriteByte('\t')
		} else {
			b.WriteByte(' ')
		}
	}
	return b.String()
}
