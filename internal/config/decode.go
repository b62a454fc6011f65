package config

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/vigia-cx/vigia/internal/document"
	"github.com/vigia-cx/vigia/internal/notify"
)

// texter is a type that reads its own text.
type texter interface{ fromText(text string) error }

// decoder fills Go values from a file.
type decoder struct{ getenv func(string) string }

// decode reads a document into the struct that v points to; one that is nil leaves it as it is. What is wrong is among the findings of the file.
func decode(body *document.Node, v any, getenv func(string) string) {
	decoder{getenv}.value(body, reflect.ValueOf(v).Elem())
}

func (d decoder) value(n *document.Node, v reflect.Value) {
	if n == nil || n.Null() {
		return // as if it were not there
	}
	if secret(v.Type()) || v.Kind() == reflect.Slice && secret(v.Type().Elem()) {
		n.Hide()
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(n, v.Elem())
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[Secret]() {
			d.scalar(n, v)
			return
		}
		d.fields(n, v)
	case reflect.Map:
		d.entries(n, v)
	case reflect.Slice:
		d.items(n, v)
	default:
		d.scalar(n, v)
	}
}

// secret reports whether values of a type must never be shown.
func secret(t reflect.Type) bool {
	return t == reflect.TypeFor[Secret]() || t == reflect.TypeFor[notify.Secret]()
}

func (d decoder) fields(n *document.Node, v reflect.Value) {
	index := map[string]int{}
	var known []string
	for i := range v.NumField() {
		if name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ","); name != "" && name != "-" {
			index[name] = i
			known = append(known, name)
		}
	}
	for _, pair := range n.Fields(known) {
		d.value(pair.Value, v.Field(index[pair.Key]))
	}
}

func (d decoder) entries(n *document.Node, v reflect.Value) {
	pairs := n.Entries()
	if pairs == nil {
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, pair := range pairs {
		item := reflect.New(v.Type().Elem()).Elem()
		d.value(pair.Value, item)
		v.SetMapIndex(reflect.ValueOf(pair.Key), item)
	}
}

func (d decoder) items(n *document.Node, v reflect.Value) {
	items := n.Items()
	if items == nil {
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
	for i, item := range items {
		d.value(item, v.Index(i))
	}
}

func (d decoder) scalar(n *document.Node, v reflect.Value) {
	text, ok := d.text(n)
	if !ok {
		return
	}
	if v.Type() == reflect.TypeFor[Secret]() {
		v.Set(reflect.ValueOf(NewSecret(text)))
		return
	}
	if t, ok := v.Addr().Interface().(texter); ok {
		if err := t.fromText(text); err != nil {
			n.Fault("%s: %v", n, err)
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			n.Fault("%s must be true or false", n)
		}
		v.SetBool(text == "true")
	case reflect.Int, reflect.Int64:
		i, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			n.Fault("%s must be a whole number", n)
		}
		v.SetInt(i)
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			n.Fault("%s must be a number", n)
		}
		v.SetFloat(f)
	default:
		panic("config: no reader for " + v.Type().String())
	}
}

// text returns the text of a single value with its environment variables filled in.
func (d decoder) text(n *document.Node) (string, bool) {
	raw, ok := n.Text()
	if !ok {
		return "", false
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
		n.Fault("the environment variable %s is not set; export it, or write the value here", name)
	}
	return text, len(missing) == 0
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
