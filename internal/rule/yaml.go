package rule

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// source reads one YAML file. It goes on after a mistake, so that one run finds all of them.
type source struct {
	file   string
	lines  []string
	found  Findings
	warned Findings
}

func newSource(file string, data []byte) *source {
	lines := strings.Split(string(data), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSuffix(line, "\r")
	}
	return &source{file: file, lines: lines}
}

// document returns the body of the file's only document, nil when there is none.
func (s *source) document(data []byte) ast.Node {
	file, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		f := Finding{File: s.file, Message: "not YAML: " + err.Error()}
		if y, ok := errors.AsType[yaml.Error](err); ok && y.GetToken() != nil {
			f.Message = "not YAML: " + y.GetMessage()
			f.Line, f.Column = place(y.GetToken())
		}
		s.found = append(s.found, f)
		return nil
	}
	docs := slices.DeleteFunc(file.Docs, func(d *ast.DocumentNode) bool { return d.Body == nil })
	if len(docs) == 0 {
		s.found = append(s.found, Finding{File: s.file, Message: "the file is empty"})
		return nil
	}
	if len(docs) > 1 {
		s.fault(docs[1].Body, `a file is one document; remove everything from the second "---" on`)
	}
	return docs[0].Body
}

// finish returns the mistakes in the order of the file, with the lines that they are about; nil when there are none.
func (s *source) finish() error {
	if len(s.found) == 0 {
		return nil
	}
	return s.sorted(s.found)
}

func (s *source) sorted(f Findings) Findings {
	slices.SortStableFunc(f, func(a, b Finding) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column)) })
	const widest = 160
	for i := range f {
		if n := f[i].Line; n >= 1 && n <= len(s.lines) {
			if runes := []rune(s.lines[n-1]); len(runes) > widest {
				f[i].excerpt = string(runes[:widest]) + "…"
			} else {
				f[i].excerpt = s.lines[n-1]
			}
		}
	}
	return f
}

func place(t *token.Token) (line, column int) {
	if t == nil || t.Position == nil {
		return 1, 1
	}
	return t.Position.Line, t.Position.Column
}

// start returns where a node begins; the token of a mapping is its first colon.
func start(n ast.Node) (line, column int) {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return place(n.Values[0].Key.GetToken())
		}
	case *ast.MappingValueNode:
		return place(n.Key.GetToken())
	}
	return place(n.GetToken())
}

func (s *source) finding(n ast.Node, format string, args ...any) Finding {
	line, column := start(n)
	return Finding{File: s.file, Line: line, Column: column, Message: fmt.Sprintf(format, args...)}
}

func (s *source) fault(n ast.Node, format string, args ...any) {
	s.found = append(s.found, s.finding(n, format, args...))
}

func (s *source) warn(n ast.Node, format string, args ...any) {
	s.warned = append(s.warned, s.finding(n, format, args...))
}

// pairs returns the keys and values of a mapping, each key once.
func (s *source) pairs(n ast.Node, what string) []*ast.MappingValueNode {
	var all []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		all = n.Values
	case *ast.MappingValueNode:
		all = []*ast.MappingValueNode{n}
	default:
		s.fault(n, "%s must be a mapping of keys to values", what)
		return nil
	}
	seen := map[string]bool{}
	var once []*ast.MappingValueNode
	for _, pair := range all {
		key := keyOf(pair)
		switch {
		case pair.Key.IsMergeKey():
			s.fault(pair, `merge keys ("<<") are not read here; write the values out, or put them under defaults`)
		case seen[key]:
			s.fault(pair, "the key %q stands here twice; keep one", key)
		default:
			seen[key] = true
			once = append(once, pair)
		}
	}
	return once
}

func keyOf(pair *ast.MappingValueNode) string { return pair.Key.GetToken().Value }

// field is a key that a mapping may have, and what reads its value.
type field struct {
	key  string
	read func(n ast.Node)
}

// fields reads a mapping; a key that is not among the fields is a mistake.
func (s *source) fields(n ast.Node, what string, fields ...field) {
	var known []string
	for _, f := range fields {
		known = append(known, f.key)
	}
	for _, pair := range s.pairs(n, what) {
		key := keyOf(pair)
		i := slices.Index(known, key)
		if i < 0 {
			s.fault(pair, "unknown key %q in %s; %s", key, what, suggest(key, known))
			continue
		}
		if _, null := pair.Value.(*ast.NullNode); null {
			s.fault(pair, "%s has no value; write one, or remove the key", key)
			continue
		}
		fields[i].read(pair.Value)
	}
}

// items calls read for each item of a list.
func (s *source) items(n ast.Node, what string, read func(i int, n ast.Node)) {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		s.fault(n, "%s must be a list; write [a, b], or one item a line, each after a dash", what)
		return
	}
	for i, item := range list.Values {
		read(i, item)
	}
}

// text returns a scalar as it is written.
func (s *source) text(n ast.Node) (string, bool) {
	switch x := n.(type) {
	case *ast.StringNode:
		return x.Value, true
	case *ast.LiteralNode:
		return strings.TrimRight(x.Value.Value, "\n"), true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	}
	s.fault(n, "here belongs one value, not a %s", strings.ToLower(n.Type().String()))
	return "", false
}

// texts returns a list of scalars; a single one stands for a list of one.
func (s *source) texts(n ast.Node, what string) []string {
	if _, single := n.(ast.ScalarNode); single {
		if v, ok := s.text(n); ok {
			return []string{v}
		}
		return nil
	}
	var out []string
	s.items(n, what, func(_ int, n ast.Node) {
		if v, ok := s.text(n); ok {
			out = append(out, v)
		}
	})
	return out
}

// words returns a mapping of texts.
func (s *source) words(n ast.Node, what string) map[string]string {
	out := map[string]string{}
	for _, pair := range s.pairs(n, what) {
		if v, ok := s.text(pair.Value); ok {
			out[keyOf(pair)] = v
		}
	}
	return out
}

// whole reads a whole number of at least least.
func (s *source) whole(n ast.Node, what string, least int64) int64 {
	t, ok := s.text(n)
	if !ok {
		return least
	}
	v, err := strconv.ParseInt(t, 10, 64)
	if err != nil || v < least {
		s.fault(n, "%s: %q is not a whole number of %d or more", what, t, least)
		return least
	}
	return v
}

// duration reads a duration in ms.
func (s *source) duration(n ast.Node) int64 {
	t, ok := s.text(n)
	if !ok {
		return 0
	}
	ms, err := parseDuration(t)
	if err != nil {
		s.fault(n, "%v", err)
	}
	return ms
}

// percent reads "99%" or "99.5 %" as a share.
func (s *source) percent(n ast.Node, what string) float64 {
	t, ok := s.text(n)
	if !ok {
		return 0
	}
	digits, isPercent := strings.CutSuffix(t, "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if err != nil || !isPercent || !(v >= 0 && v <= 100) {
		s.fault(n, "%s: %q is not a percentage; write it like 99%%", what, t)
		return 0
	}
	return v / 100
}

// suggest says which known key an unknown one may have been.
func suggest(key string, known []string) string {
	best, least := "", len(key)/3+2
	for _, k := range known {
		if n := distance(key, k); n < least {
			best, least = k, n
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return "the keys here are " + strings.Join(known, ", ")
}

// distance counts the letters to insert, delete or replace to get from a to b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
