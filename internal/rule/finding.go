package rule

import (
	"fmt"
	"strings"
)

// Finding is one thing that is wrong, or may be, with a file.
type Finding struct {
	File    string `json:"file"`
	Line    int    `json:"line"` // from 1; 0 when no place is meant
	Column  int    `json:"column"`
	Message string `json:"message"` // what is wrong and what to do

	excerpt string
}

// String is one line: file:line:column: message.
func (f Finding) String() string {
	if f.Line == 0 {
		return f.File + ": " + f.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Column, f.Message)
}

// Findings is everything that is wrong with a file, in its order. It is the error of [Parse] and [ParseCases].
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
			fmt.Fprintf(&b, "\n%s%s\n%s| %s^", gutter, x.excerpt, strings.Repeat(" ", len(gutter)-2), padding(x.excerpt, x.Column))
		}
	}
	return b.String()
}

// padding returns what stands before the caret: blanks, and the line's own tabs so that the caret stays below its column.
func padding(line string, column int) string {
	var b strings.Builder
	for i, r := range []rune(line) {
		if i >= column-1 {
			break
		}
		if r == '\t' {
			b.WriteByte('\t')
		} else {
			b.WriteByte(' ')
		}
	}
	return b.String()
}
