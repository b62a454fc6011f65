package document

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// File is the text of a file, where its values stand, and what is wrong with it. A nil File is no file: findings about it have paths and no places.
type File struct {
	// Found is what is wrong so far, in the order of finding.
	Found Findings

	name    string
	lines   []string
	places  map[string]place // path → value
	keys    map[string]place // path → key
	anchors map[string]ast.Node
	hidden  string   // what stands for a secret; "" when the file has none
	secrets []string // as they stand in the file
	broken  bool     // the text is not one document, so that nobody knows which of its values are secrets
}

type place struct{ line, column int }

// Parse reads a text. name is how the file is called in messages; hidden is what they show in place of secrets, and empty when the file has none. With it, the values of unknown
// and repeated keys are hidden too: perhaps the key of a secret is misspelled.
//
// The node is the value of the only document. It is nil when the text is empty or, with the reason in Found, when it cannot be read.
func Parse(name string, text []byte, hidden string) (*File, *Node) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	f := &File{
		name: name, lines: strings.Split(string(text), "\n"), places: map[string]place{}, keys: map[string]place{}, anchors: map[string]ast.Node{}, hidden: hidden,
	}
	for i, line := range f.lines {
		f.lines[i] = strings.TrimSuffix(line, "\r")
	}
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		f.broken = true
		if y, ok := errors.AsType[yaml.Error](err); ok && y.GetToken() != nil {
			f.fault(placeOf(y.GetToken()), "", "not YAML: "+y.GetMessage())
		} else {
			f.Found = append(f.Found, Finding{File: name, Message: "not YAML: " + err.Error()})
		}
		return f, nil
	}
	docs := slices.DeleteFunc(file.Docs, func(d *ast.DocumentNode) bool { return d.Body == nil })
	switch len(docs) {
	case 0:
		return f, nil
	case 1:
		return f, f.node(docs[0].Body, "", 0)
	}
	f.broken = true
	f.fault(start(docs[1].Body), "", `a file is one document; remove everything from the second "---" on`)
	return f, nil
}

// Name returns how the file is called.
func (f *File) Name() string { return f.name }

// Broken reports whether the text is not one YAML document.
func (f *File) Broken() bool { return f.broken }

func (f *File) fault(p place, path, message string) {
	f.Found = append(f.Found, Finding{File: f.name, Line: p.line, Column: p.column, Path: path, Message: message})
}

func placeOf(t *token.Token) place {
	if t == nil || t.Position == nil {
		return place{1, 1}
	}
	return place{t.Position.Line, t.Position.Column}
}

// start returns where a node begins; the token of a mapping is its first colon.
func start(n ast.Node) place {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return placeOf(n.Values[0].Key.GetToken())
		}
	case *ast.MappingValueNode:
		return placeOf(n.Key.GetToken())
	}
	return placeOf(n.GetToken())
}

// at returns where the value at a path stands, or its key.
func (f *File) at(path string) (place, bool) {
	if f == nil {
		return place{}, false
	}
	p, ok := f.places[path]
	if !ok {
		p, ok = f.keys[path]
	}
	return p, ok
}

// Has reports whether something stands at a path: tenants[0].rules[1].
func (f *File) Has(path string) bool {
	_, ok := f.at(path)
	return ok
}

// Finding makes a finding about the value at path, or about the nearest thing around it that stands in the file. Without a file the path is in the message.
func (f *File) Finding(path, message string) Finding {
	if f == nil {
		if path != "" {
			message = path + ": " + message
		}
		return Finding{Path: path, Message: message}
	}
	x := Finding{File: f.name, Path: path, Message: message}
	for at := path; at != ""; at = Parent(at) {
		if p, ok := f.at(at); ok {
			x.Line, x.Column = p.line, p.column
			break
		}
	}
	return x
}

// Finish sorts findings and adds the lines that they are about, now that all secrets are known.
func (f *File) Finish(found Findings) Findings {
	slices.SortStableFunc(found, func(a, b Finding) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column)) })
	if f != nil {
		slices.SortFunc(f.secrets, func(a, b string) int { return cmp.Compare(len(b), len(a)) }) // one may contain another
		for i := range found {
			found[i].excerpt, found[i].caret = f.excerpt(found[i].Line, found[i].Column)
		}
	}
	return found
}

// Parent cuts the last step off a path: tenants[0].rules[1].warn → tenants[0].rules[1] → tenants[0].rules → …
func Parent(path string) string {
	return path[:max(0, strings.LastIndexAny(path, ".["))]
}
