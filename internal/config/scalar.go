package config

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// texter is a type that reads its own text.
type texter interface{ fromText(text string) error }

func (d *decoder) scalar(n ast.Node, v reflect.Value, path string) {
	text, ok := d.text(n, path)
	if !ok {
		return
	}
	if v.Type() == reflect.TypeFor[Secret]() {
		v.Set(reflect.ValueOf(NewSecret(text)))
		return
	}
	if t, ok := v.Addr().Interface().(texter); ok {
		if err := t.fromText(text); err != nil {
			d.fault(n, path, "%s: %v", path, err)
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			d.fault(n, path, "%s must be true or false", path)
		}
		v.SetBool(text == "true")
	case reflect.Int, reflect.Int64:
		i, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			d.fault(n, path, "%s must be a whole number", path)
		}
		v.SetInt(i)
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			d.fault(n, path, "%s must be a number", path)
		}
		v.SetFloat(f)
	default:
		panic("config: no reader for " + v.Type().String())
	}
}

// text returns the text of a scalar with its environment variables filled in.
func (d *decoder) text(n ast.Node, path string) (string, bool) {
	var raw string
	switch n := n.(type) {
	case *ast.StringNode:
		raw = n.Value
	case *ast.LiteralNode:
		raw = n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	default:
		var ok bool
		if raw, ok = glued(n); !ok {
			d.fault(n, path, "%s must be a single value", named(path))
			return "", false
		}
	}
	var missing []string
	text := interpolate(raw, func(name string) string {
		value := d.getenv(name)
		if value == "" && !slices.Contains(missing, name) {
			missing = append(missing, name)
		}
		return value
	})
	for _, name := range missing {
		d.fault(n, path, "the environment variable %s is not set; export it, or write the value here", name)
	}
	return text, len(missing) == 0
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

// interpolate replaces ${NAME} by the variable and "$${" by "${". A dollar sign elsewhere is a dollar sign.
func interpolate(text string, variable func(name string) string) string {
	var b strings.Builder
	for {
		i := strings.Index(text, "${")
		if i < 0 {
			break
		}
		if i > 0 && text[i-1] == '$' {
			b.WriteString(text[:i-1] + "${")
			text = text[i+2:]
			continue
		}
		name, rest, ok := strings.Cut(text[i+2:], "}")
		if !ok {
			break
		}
		b.WriteString(text[:i] + variable(name))
		text = rest
	}
	b.WriteString(text)
	return b.String()
}
