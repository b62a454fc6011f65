package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/vigia-cx/vigia/internal/notify"
)

// decoder fills Go values from a YAML tree. It goes on after a fault, so that one run finds all of them, and notes where every value stands.
type decoder struct {
	source  *source
	getenv  func(string) string
	anchors map[string]ast.Node
	found   Findings
	depth   int
	broken  bool // the text is not one YAML document
}

// maxDepth stops an alias that contains itself.
const maxDepth = 64

// decode reads text into the struct that v points to.
func (d *decoder) decode(text []byte, v any) {
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		d.syntax(err)
		return
	}
	docs := slices.DeleteFunc(file.Docs, func(doc *ast.DocumentNode) bool { return doc.Body == nil })
	if len(docs) > 1 {
		d.broken, d.source.broken = true, true
		d.fault(docs[1].Body, "", `a configuration is one document; remove everything from the second "---" on`)
		return
	}
	if len(docs) == 1 {
		d.value(docs[0].Body, reflect.ValueOf(v).Elem(), "")
	}
}

func (d *decoder) syntax(err error) {
	d.broken, d.source.broken = true, true
	y, ok := errors.AsType[yaml.Error](err)
	if !ok || y.GetToken() == nil {
		d.found = append(d.found, Finding{File: d.source.file, Message: "not YAML: " + err.Error()})
		return
	}
	d.found = append(d.found, d.source.at(placeOf(y.GetToken()), "", "not YAML: "+y.GetMessage()))
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

func (d *decoder) fault(n ast.Node, path, format string, args ...any) {
	d.found = append(d.found, d.source.at(start(n), path, fmt.Sprintf(format, args...)))
}

// resolve sees through anchors, aliases and tags.
func (d *decoder) resolve(n ast.Node, path string) ast.Node {
	for range maxDepth {
		switch node := n.(type) {
		case *ast.AnchorNode:
			d.anchors[node.Name.GetToken().Value] = node.Value
			n = node.Value
		case *ast.AliasNode:
			target, ok := d.anchors[node.Value.GetToken().Value]
			if !ok {
				d.fault(n, path, "the alias *%s has no anchor before it", node.Value.GetToken().Value)
				return nil
			}
			n = target
		case *ast.TagNode:
			d.fault(n, path, "tags such as %s are not read here; remove it", node.GetToken().Value)
			return nil
		default:
			return n
		}
	}
	return nil
}

func (d *decoder) value(n ast.Node, v reflect.Value, path string) {
	if n = d.resolve(n, path); n == nil {
		return
	}
	if d.depth++; d.depth > maxDepth {
		d.fault(n, path, "nested deeper than %d levels", maxDepth)
		d.depth--
		return
	}
	defer func() { d.depth-- }()
	if _, ok := d.source.places[path]; !ok {
		d.source.places[path] = start(n)
	}
	if _, null := n.(*ast.NullNode); null {
		return // as if it were not there
	}
	if secret(v.Type()) || v.Kind() == reflect.Slice && secret(v.Type().Elem()) {
		d.hide(n)
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(n, v.Elem(), path)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[Secret]() {
			d.scalar(n, v, path)
			return
		}
		d.fields(n, v, path)
	case reflect.Map:
		d.entries(n, v, path)
	case reflect.Slice:
		d.items(n, v, path)
	default:
		d.scalar(n, v, path)
	}
}

// secret reports whether values of a type must never be shown.
func secret(t reflect.Type) bool {
	return t == reflect.TypeFor[Secret]() || t == reflect.TypeFor[notify.Secret]()
}

// pairs returns the keys and values of a mapping, each key once.
func (d *decoder) pairs(n ast.Node, path string) ([]*ast.MappingValueNode, bool) {
	var all []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		all = n.Values
	case *ast.MappingValueNode:
		all = []*ast.MappingValueNode{n}
	default:
		d.fault(n, path, "%s must be a mapping of keys to values", named(path))
		return nil, false
	}
	seen := map[string]bool{}
	var once []*ast.MappingValueNode
	for _, pair := range all {
		key := keyText(pair)
		switch {
		case pair.Key.IsMergeKey():
			d.fault(pair, path, `merge keys ("<<") are not read here; write the values out`)
			continue
		case seen[key]:
			d.fault(pair, join(path, key), "the key %q stands here twice; keep one", key)
			d.hide(pair.Value)
			continue
		}
		seen[key] = true
		once = append(once, pair)
	}
	return once, true
}

// hide keeps the values below a node out of everything that is shown.
func (d *decoder) hide(n ast.Node) { ast.Walk(hider{d.source}, n) }

type hider struct{ source *source }

// Visit implements [ast.Visitor].
func (h hider) Visit(n ast.Node) ast.Visitor {
	const shortest = 4 // hiding "a" wherever it stands would hide the message
	if _, ok := n.(ast.ScalarNode); ok {
		if raw := n.GetToken().Value; len(raw) >= shortest && !strings.Contains(raw, "${") {
			h.source.secrets = append(h.source.secrets, strings.Split(raw, "\n")...)
		}
	}
	return h
}

func keyText(pair *ast.MappingValueNode) string { return pair.Key.GetToken().Value }

func named(path string) string {
	if path == "" {
		return "the configuration"
	}
	return path
}

func (d *decoder) fields(n ast.Node, v reflect.Value, path string) {
	pairs, ok := d.pairs(n, path)
	if !ok {
		return
	}
	index := map[string]int{}
	var known []string
	for i := range v.NumField() {
		if name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ","); name != "" && name != "-" {
			index[name] = i
			known = append(known, name)
		}
	}
	for _, pair := range pairs {
		key := keyText(pair)
		at := join(path, key)
		d.source.keys[at] = placeOf(pair.Key.GetToken())
		i, ok := index[key]
		if !ok {
			where := ""
			if path != "" {
				where = " in " + path
			}
			d.fault(pair, at, "unknown key %q%s; %s", key, where, suggest(key, known))
			d.hide(pair.Value) // perhaps the key of a secret is misspelled
			continue
		}
		d.value(pair.Value, v.Field(i), at)
	}
}

func (d *decoder) entries(n ast.Node, v reflect.Value, path string) {
	pairs, ok := d.pairs(n, path)
	if !ok {
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, pair := range pairs {
		key := keyText(pair)
		at := path + "[" + strconv.Quote(key) + "]"
		d.source.keys[at] = placeOf(pair.Key.GetToken())
		item := reflect.New(v.Type().Elem()).Elem()
		d.value(pair.Value, item, at)
		v.SetMapIndex(reflect.ValueOf(key), item)
	}
}

func (d *decoder) items(n ast.Node, v reflect.Value, path string) {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		d.fault(n, path, "%s must be a list; write [a, b], or one item a line, each after a dash", named(path))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(list.Values), len(list.Values)))
	for i, item := range list.Values {
		d.value(item, v.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
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
