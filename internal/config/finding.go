package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Finding is one thing that is wrong with a configuration.
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
	var b strings.Builder
	switch {
	case f.Line > 0:
		fmt.Fprintf(&b, "%s:%d:%d: ", f.File, f.Line, f.Column)
	case f.File != "":
		fmt.Fprintf(&b, "%s: ", f.File)
	}
	b.WriteString(f.Message)
	return b.String()
}

// Findings is everything that is wrong, in the order of the file. It is the error of [Load] and [Config.Validate].
type Findings []Finding

// Error has a line for each finding, and below it the place with a caret.
func (f Findings) Error() string {
	var b strings.Builder
	for i, finding := range f {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(finding.String())
		if finding.excerpt != "" {
			gutter := fmt.Sprintf("%5d | ", finding.Line)
			fmt.Fprintf(&b, "\n%s%s\n%s%s^", gutter, finding.excerpt, strings.Repeat(" ", len(gutter)-2)+"| ", padding(finding.excerpt, finding.caret))
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

// source is the text of a file and where its values stand.
type source struct {
	file    string
	lines   []string
	places  map[string]place // path → value
	keys    map[string]place // path → key
	secrets []string         // as they stand in the file
	broken  bool             // the file is not YAML, so that nobody knows which of its values are secrets
}

type place struct{ line, column int }

func newSource(file string, text []byte) *source {
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSuffix(line, "\r")
	}
	return &source{file: file, lines: lines, places: map[string]place{}, keys: map[string]place{}}
}

// finding makes a finding about the value at path, or about the nearest thing around it that stands in the file.
func (s *source) finding(path, message string) Finding {
	f := Finding{Path: path, Message: message}
	if s == nil {
		if path != "" {
			f.Message = path + ": " + message
		}
		return f
	}
	f.File = s.file
	for at := path; at != ""; at = parent(at) {
		p, ok := s.places[at]
		if !ok {
			p, ok = s.keys[at]
		}
		if ok {
			f.Line, f.Column = p.line, p.column
			break
		}
	}
	return f
}

// at makes a finding about a place.
func (s *source) at(p place, path, message string) Finding {
	return Finding{File: s.file, Line: p.line, Column: p.column, Path: path, Message: message}
}

// finish sorts findings and adds the lines that they are about, now that all secrets are known.
func (s *source) finish(found Findings) Findings {
	slices.SortStableFunc(found, func(a, b Finding) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column)) })
	if s != nil {
		slices.SortFunc(s.secrets, func(a, b string) int { return cmp.Compare(len(b), len(a)) }) // one may contain another
		for i := range found {
			found[i].excerpt, found[i].caret = s.line(found[i].Line, found[i].Column)
		}
	}
	return found
}

// What is named or looks like a secret, in text that is not YAML.
var (
	secretValue = regexp.MustCompile(`(?i)((?:tok|pass|pwd|secret|key|auth)[\w-]*["']?\s*:\s*)(.+)$`)
	longWord    = regexp.MustCompile(`[A-Za-z0-9+/=_-]{16,}`)
)

// line returns a line of the file as it may be shown, without its secrets, and the column that a caret belongs below.
func (s *source) line(number, column int) (string, int) {
	if number < 1 || number > len(s.lines) {
		return "", 0
	}
	if s.broken {
		line := secretValue.ReplaceAllString(s.lines[number-1], "${1}"+hidden)
		line = longWord.ReplaceAllString(line, hidden)
		return line, min(column, utf8.RuneCountInString(line)+1)
	}
	const widest = 160
	runes := []rune(s.lines[number-1])
	column = min(column, len(runes)+1)
	before, after := s.redact(string(runes[:column-1])), s.redact(string(runes[column-1:]))
	if line := before + after; utf8.RuneCountInString(line) > widest {
		after = string([]rune(line)[:widest])[min(len(before), widest):] + "…"
	}
	return before + after, utf8.RuneCountInString(before) + 1
}

// redact hides the known secrets.
func (s *source) redact(text string) string {
	for _, secret := range s.secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, hidden)
		}
	}
	return text
}

// parent cuts the last step off a path: tenants[0].rules[1].warn → tenants[0].rules[1] → tenants[0].rules → …
func parent(path string) string {
	return path[:max(0, strings.LastIndexAny(path, ".["))]
}

// join adds a key to a path.
func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
