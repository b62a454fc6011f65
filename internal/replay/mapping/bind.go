package mapping

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// bind finds the mapping's columns in one file. first is the file's first row: the header when it has one.
func (m *Mapping) bind(input string, first []string) ([]int, error) {
	place := make([]int, len(m.fields))
	for i := range m.fields {
		f := &m.fields[i]
		place[i] = -1
		if f.kind != fieldColumn {
			continue
		}
		if f.number > 0 {
			// Rows of a file with a list of names may be shorter than the list, so only plain numbers are held to the first row.
			if f.number > len(first) && len(m.header.names) == 0 {
				return nil, m.unknownColumn(f, input, first)
			}
			place[i] = f.number - 1
			continue
		}
		for j, name := range first {
			if strings.TrimSpace(name) != f.column {
				continue
			}
			if place[i] >= 0 {
				return nil, locate(m.file, refusal(f.used, "column %q is there twice in %s (columns %d and %d); name it by number under columns", f.column, input, place[i]+1, j+1))
			}
			place[i] = j
		}
		if place[i] < 0 {
			return nil, m.unknownColumn(f, input, first)
		}
	}
	return place, nil
}

// unknownColumn says which column is missing, what there is instead, and why that may be.
func (m *Mapping) unknownColumn(f *field, input string, first []string) error {
	what := fmt.Sprintf("column %q is not in %s", f.column, input)
	if f.number > 0 {
		what = fmt.Sprintf("column %d is not in %s, whose first row has %d", f.number, input, len(first))
	}
	have := "; it has: " + strings.Join(shorten(first), ", ")
	hint := ""
	switch {
	case len(first) == 1 && otherDelimiter(first[0], m.delimiter) != "":
		hint = "; that is a single column, so the delimiter is probably wrong: try delimiter: " + otherDelimiter(first[0], m.delimiter)
	case f.number == 0 && !m.header.absent && !m.anyColumn(first):
		hint = "; none of the mapping's columns is there: if the file has no header line, write header: [names…]; else this is another kind of file"
	}
	return locate(m.file, refusal(f.used, "%s%s%s", what, have, hint))
}

func (m *Mapping) anyColumn(header []string) bool {
	for i := range m.fields {
		f := &m.fields[i]
		if f.kind == fieldColumn && slices.ContainsFunc(header, func(h string) bool { return strings.TrimSpace(h) == f.column }) {
			return true
		}
	}
	return false
}

// shorten keeps a message readable when the "header" is data or a very wide table.
func shorten(cells []string) []string {
	const most, longest = 40, 40
	var out []string
	for i, c := range cells {
		if i == most {
			return append(out, fmt.Sprintf("… (%d in all)", len(cells)))
		}
		if r := []rune(strings.TrimSpace(c)); len(r) > longest {
			c = string(r[:longest]) + "…"
		}
		out = append(out, fmt.Sprintf("%q", c))
	}
	return out
}

// otherDelimiter names the delimiter that occurs most in a line, "" when there is none but the given one.
func otherDelimiter(line string, not byte) string {
	best, most := "", 0
	for _, d := range []struct {
		name string
		char byte
	}{{"comma", ','}, {"semicolon", ';'}, {"tab", '\t'}, {"pipe", '|'}} {
		if n := strings.Count(line, string(d.char)); n > most && d.char != not {
			best, most = d.name, n
		}
	}
	return best
}

// guessDelimiter finds the delimiter of a file that the mapping does not say it of: the one that the first line has most of.
func guessDelimiter(head []byte) byte {
	line, _, _ := bytes.Cut(head, []byte{'\n'})
	if d, ok := delimiters[otherDelimiter(string(line), 0)]; ok {
		return d
	}
	return ','
}
