package mapping

import (
	"fmt"
	"strings"
)

// template is a text with fields in braces, such as "{line}-{call_id}".
type template struct {
	pieces []piece
}

// piece is a literal or, when field is not -1, the value of a field.
type piece struct {
	literal string
	field   int
}

// parseTemplate compiles a template; {{ and }} stand for single braces.
func parseTemplate(src string, field func(name string) (int, error)) (template, error) {
	var t template
	var literal strings.Builder
	for s := src; s != ""; {
		i := strings.IndexAny(s, "{}")
		if i < 0 {
			literal.WriteString(s)
			break
		}
		literal.WriteString(s[:i])
		c := s[i]
		s = s[i+1:]
		if s != "" && s[0] == c {
			literal.WriteByte(c)
			s = s[1:]
			continue
		}
		if c == '}' {
			return template{}, fmt.Errorf("%q has a closing brace without an opening one", src)
		}
		name, rest, closed := strings.Cut(s, "}")
		if !closed {
			return template{}, fmt.Errorf("%q has an opening brace that is never closed", src)
		}
		if literal.Len() > 0 {
			t.pieces = append(t.pieces, piece{literal.String(), -1})
			literal.Reset()
		}
		f, err := field(strings.TrimSpace(name))
		if err != nil {
			return template{}, err
		}
		t.pieces = append(t.pieces, piece{field: f})
		s = rest
	}
	if literal.Len() > 0 {
		t.pieces = append(t.pieces, piece{literal.String(), -1})
	}
	return t, nil
}

// text fills the template. When every field in it is empty the result is empty, literals or not: a conversation called "-" is none.
func (t template) text(r *row) string {
	switch len(t.pieces) {
	case 0:
		return ""
	case 1:
		if f := t.pieces[0].field; f >= 0 {
			return r.text(f)
		}
		return t.pieces[0].literal
	}
	var b strings.Builder
	filled := false
	for _, p := range t.pieces {
		if p.field < 0 {
			b.WriteString(p.literal)
			continue
		}
		if v := r.text(p.field); v != "" {
			b.WriteString(v)
			filled = true
		}
	}
	if !filled {
		return ""
	}
	return b.String()
}

// fixed returns the text of a template without fields.
func (t template) fixed() (string, bool) {
	switch {
	case len(t.pieces) == 0:
		return "", true
	case len(t.pieces) == 1 && t.pieces[0].field < 0:
		return t.pieces[0].literal, true
	}
	return "", false
}
