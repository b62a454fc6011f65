package document

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// maxDepth stops an alias that contains itself.
const maxDepth = 64

// Node is a value of a file. Anchors, aliases and what is wrong with the value as YAML have been dealt with.
type Node struct {
	// Path names the value: tenants[0].rules[1].first_response. That of the document is empty.
	Path string

	file  *File
	ast   ast.Node
	depth int
}

// Pair is a key of a mapping and its value.
type Pair struct {
	Key string
	// Name is the key itself, for findings about it.
	Name  *Node
	Value *Node
}

// node sees through anchors and aliases and notes where the value stands. It returns nil, with the reason in Found, when the value cannot be read.
func (f *File) node(value ast.Node, path string, depth int) *Node {
	n := &Node{Path: path, file: f, ast: value, depth: depth}
	for range maxDepth {
		switch x := n.ast.(type) {
		case nil:
			return nil
		case *ast.AnchorNode:
			f.anchors[x.Name.GetToken().Value] = x.Value
			n.ast = x.Value
		case *ast.AliasNode:
			name := x.Value.GetToken().Value
			target, ok := f.anchors[name]
			if !ok {
				n.Fault("the alias *%s has no anchor before it", name)
				return nil
			}
			n.ast = target
		case *ast.TagNode:
			n.Fault("tags such as %s are not read here; remove it", x.GetToken().Value)
			n.ast = x.Value // what is wrong with the value is worth knowing too, and it may be a secret
		default:
			if depth > maxDepth {
				n.Fault("nested deeper than %d levels", maxDepth)
				return nil
			}
			f.places[path] = start(x)
			return n
		}
	}
	f.fault(start(value), path, "the alias stands for itself; write the value")
	return nil
}

// String returns how messages call the value: its path.
func (n *Node) String() string {
	if n.Path == "" {
		return "the file"
	}
	return n.Path
}

// Line returns the line at which the value begins, from 1.
func (n *Node) Line() int { return start(n.ast).line }

// Finding makes a finding about the value.
func (n *Node) Finding(format string, args ...any) Finding {
	p := start(n.ast)
	return Finding{File: n.file.name, Line: p.line, Column: p.column, Path: n.Path, Message: fmt.Sprintf(format, args...)}
}

// Fault adds a finding about the value to those of the file.
func (n *Node) Fault(format string, args ...any) {
	n.file.Found = append(n.file.Found, n.Finding(format, args...))
}

// Null reports whether nothing is written: "key:", "~" or "null".
func (n *Node) Null() bool {
	_, null := n.ast.(*ast.NullNode)
	return null
}

// Scalar reports whether the value is a single one, no list and no mapping.
func (n *Node) Scalar() bool {
	_, scalar := n.ast.(ast.ScalarNode)
	return scalar
}

// Fields returns the pairs of a mapping whose keys are known, each once; a key that is not is a mistake. It is nil when the value is no mapping, which is one too.
func (n *Node) Fields(known []string) []Pair {
	return n.pairs(func(key string) string { return strings.TrimPrefix(n.Path+"."+key, ".") }, func(key string, name *Node) bool {
		if slices.Contains(known, key) {
			return true
		}
		where := ""
		if n.Path != "" {
			where = " in " + n.Path
		}
		name.Fault("unknown key %q%s; %s", key, where, suggest(key, known))
		return false
	})
}

// Entries returns the pairs of a mapping that may have any keys, each once; the paths of their values are like queues["sales"]. It is nil when the value is no mapping,
// which is a mistake.
func (n *Node) Entries() []Pair {
	return n.pairs(func(key string) string { return n.Path + "[" + strconv.Quote(key) + "]" }, func(string, *Node) bool { return true })
}

// pairs returns the pairs that are wanted and can be read.
func (n *Node) pairs(pathOf func(key string) string, want func(key string, name *Node) bool) []Pair {
	var all []*ast.MappingValueNode
	switch x := n.ast.(type) {
	case *ast.MappingNode:
		all = x.Values
	case *ast.MappingValueNode:
		all = []*ast.MappingValueNode{x}
	default:
		n.Fault("%s must be a mapping of keys to values", n)
		return nil
	}
	seen := map[string]bool{}
	out := []Pair{}
	for _, pair := range all {
		key := pair.Key.GetToken().Value
		name := &Node{Path: pathOf(key), file: n.file, ast: pair, depth: n.depth}
		switch {
		case pair.Key.IsMergeKey():
			name.Path = n.Path // the key stands for others, which would be reported as missing
			name.Fault(`merge keys ("<<") are not read here; write the values out`)
			continue
		case seen[key]:
			name.Fault("the key %q stands here twice; keep one", key)
			n.file.hide(pair.Value)
			continue
		}
		seen[key] = true
		n.file.keys[name.Path] = start(pair)
		if !want(key, name) {
			n.file.hide(pair.Value)
			continue
		}
		if value := n.file.node(pair.Value, name.Path, n.depth+1); value != nil {
			out = append(out, Pair{key, name, value})
		}
	}
	return out
}

// Items returns the values of a list; those that cannot be read are nil. It is nil when the value is no list, which is a mistake.
func (n *Node) Items() []*Node {
	list, ok := n.ast.(*ast.SequenceNode)
	if !ok {
		n.Fault("%s must be a list; write [a, b], or one item a line, each after a dash", n)
		return nil
	}
	out := make([]*Node, len(list.Values))
	for i, item := range list.Values {
		out[i] = n.file.node(item, fmt.Sprintf("%s[%d]", n.Path, i), n.depth+1)
	}
	return out
}

// Text returns a single value as it is written. It is false when the value is not a single one, which is a mistake.
func (n *Node) Text() (string, bool) {
	switch x := n.ast.(type) {
	case *ast.StringNode:
		return x.Value, true
	case *ast.LiteralNode:
		return x.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return x.GetToken().Value, true
	}
	if text, ok := glued(n.ast); ok {
		return text, true
	}
	n.Fault("%s must be a single value", n)
	return "", false
}

// glued puts back together what the parser takes for a mapping although it is one word: in {mon-fri: [09:00-12:00]} it sees a key 09. YAML only begins a value after ": ".
func glued(n ast.Node) (string, bool) {
	pair, ok := n.(*ast.MappingValueNode)
	if m, isMapping := n.(*ast.MappingNode); isMapping && len(m.Values) == 1 {
		pair, ok = m.Values[0], true
	}
	if !ok || pair.Key.IsMergeKey() {
		return "", false
	}
	key, value := pair.Key.GetToken(), pair.Value.GetToken()
	plain := func(t *token.Token) bool {
		return t.Type != token.SingleQuoteType && t.Type != token.DoubleQuoteType && t.Position != nil
	}
	if _, scalar := pair.Value.(ast.ScalarNode); !scalar || !plain(key) || !plain(value) || key.Position.Line != value.Position.Line ||
		value.Position.Column != key.Position.Column+utf8.RuneCountInString(key.Value)+1 {
		return "", false
	}
	return key.Value + ":" + value.Value, true
}
