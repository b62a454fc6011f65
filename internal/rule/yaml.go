package rule

import (
	"slices"
	"strconv"
	"strings"

	"github.com/vigia-cx/vigia/internal/document"
)

// source is a file being read.
type source struct {
	*document.File
	warned document.Findings
}

// parse returns the value of a file's only document; nil, with the reason among the findings, when there is none.
func parse(name string, data []byte) (*source, *document.Node) {
	f, body := document.Parse(name, data, "")
	if body == nil && len(f.Found) == 0 {
		f.Found = append(f.Found, f.Finding("", "the file is empty"))
	}
	return &source{File: f}, body
}

// finish returns the mistakes in the order of the file, with the lines that they are about; nil when there are none.
func (s *source) finish() error {
	if len(s.Found) == 0 {
		return nil
	}
	return s.Finish(s.Found)
}

func (s *source) warn(n *document.Node, format string, args ...any) {
	s.warned = append(s.warned, n.Finding(format, args...))
}

// field is a key that a mapping may have, and what reads its value.
type field struct {
	key  string
	read func(n *document.Node)
}

// fields reads a mapping; a key that is not among the fields is a mistake.
func fields(n *document.Node, fields ...field) {
	var known []string
	for _, f := range fields {
		known = append(known, f.key)
	}
	for _, pair := range n.Fields(known) {
		if pair.Value.Null() {
			pair.Name.Fault("%s has no value; write one, or remove the key", pair.Key)
			continue
		}
		fields[slices.Index(known, pair.Key)].read(pair.Value)
	}
}

// items calls read for each item of a list.
func items(n *document.Node, read func(n *document.Node)) {
	for _, item := range n.Items() {
		if item != nil {
			read(item)
		}
	}
}

// text returns a single value as it is written.
func text(n *document.Node) (string, bool) {
	t, ok := n.Text()
	return strings.TrimRight(t, "\n"), ok // a block ends with a line break that nobody means
}

// texts returns a list of texts; a single one stands for a list of one.
func texts(n *document.Node) (out []string) {
	read := func(n *document.Node) {
		if t, ok := text(n); ok {
			out = append(out, t)
		}
	}
	if n.Scalar() {
		read(n)
	} else {
		items(n, read)
	}
	return out
}

// words returns a mapping of texts.
func words(n *document.Node) map[string]string {
	out := map[string]string{}
	for _, pair := range n.Entries() {
		if t, ok := text(pair.Value); ok {
			out[pair.Key] = t
		}
	}
	return out
}

// whole reads a whole number of at least least.
func whole(n *document.Node, what string, least int64) int64 {
	t, ok := text(n)
	if !ok {
		return least
	}
	v, err := strconv.ParseInt(t, 10, 64)
	if err != nil || v < least {
		n.Fault("%s: %q is not a whole number of %d or more", what, t, least)
		return least
	}
	return v
}

// duration reads a duration in ms.
func duration(n *document.Node) int64 {
	t, ok := text(n)
	if !ok {
		return 0
	}
	ms, err := parseDuration(t)
	if err != nil {
		n.Fault("%v", err)
	}
	return ms
}

// percent reads "99%" or "99.5 %" as a share.
func percent(n *document.Node, what string) float64 {
	t, ok := text(n)
	if !ok {
		return 0
	}
	digits, isPercent := strings.CutSuffix(t, "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if err != nil || !isPercent || !(v >= 0 && v <= 100) {
		n.Fault("%s: %q is not a percentage; write it like 99%%", what, t)
		return 0
	}
	return v / 100
}
