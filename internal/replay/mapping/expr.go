package mapping

import (
	"fmt"
	"strings"
)

// condition is a compiled `when:`. Its error is a [reason]: the row cannot be judged, for example because a time in it is unreadable.
type condition func(*row) (bool, error)

// reason is why a row yields no event. It is an error so that it travels up from the place that found it.
type reason string

func (r reason) Error() string { return string(r) }

// skipped is a reason that the mapping gives itself.
type skipped string

func (s skipped) Error() string { return string(s) }

// operand is one side of a comparison: a field or, when field is -1, a literal.
type operand struct {
	field   int
	literal string
}

func (o operand) text(r *row) string {
	if o.field < 0 {
		return o.literal
	}
	return r.text(o.field)
}

// exprParser reads conditions:
//
//	or    = and { "or" and }
//	and   = not { "and" not }
//	not   = "not" not | "(" or ")" | test
//	test  = side ("==" | "!=" | "<" | "<=" | ">" | ">=") side
//	      | side ["not"] "in" "(" side { "," side } ")"
//	      | side "is" ["not"] "empty"
//	side  = name | `name with spaces` | "text" | 'text' | number
//
// A name is a column, one of the mapping's own names for a column, a time or a computed value. < and > compare two times or two numbers; with
// something else on a side they are false.
type exprParser struct {
	tokens  []exprToken
	field   func(name string) (int, error)
	isTime  func(field int) bool
	nesting int
}

type exprToken struct {
	text string
	kind byte // 'n' name, 's' text or number, 'o' operator or bracket, 'q' quoted name
}

func parseCondition(src string, field func(string) (int, error), isTime func(int) bool) (condition, error) {
	tokens, err := exprTokens(src)
	if err != nil {
		return nil, err
	}
	p := &exprParser{tokens: tokens, field: field, isTime: isTime}
	c, err := p.or()
	if err != nil {
		return nil, err
	}
	if len(p.tokens) > 0 {
		return nil, fmt.Errorf("%q is left over; join tests with and / or", p.tokens[0].text)
	}
	return c, nil
}

func exprTokens(src string) (out []exprToken, err error) {
	for s := strings.TrimLeft(src, " \t\r\n"); s != ""; s = strings.TrimLeft(s, " \t\r\n") {
		switch c := s[0]; c {
		case '"', '\'', '`':
			i := strings.IndexByte(s[1:], c)
			if i < 0 {
				return nil, fmt.Errorf("the quote %c is never closed", c)
			}
			kind := byte('s')
			if c == '`' {
				kind = 'q'
			}
			out = append(out, exprToken{s[1 : i+1], kind})
			s = s[i+2:]
		case '(', ')', ',':
			out = append(out, exprToken{s[:1], 'o'})
			s = s[1:]
		case '=', '!', '<', '>':
			n := 1
			if len(s) > 1 && s[1] == '=' {
				n = 2
			}
			if op := s[:n]; op == "=" || op == "!" {
				return nil, fmt.Errorf("%q is no comparison; write ==, !=, <, <=, >, >=, in (…), is empty or is not empty", op)
			}
			out = append(out, exprToken{s[:n], 'o'})
			s = s[n:]
		default:
			n := strings.IndexAny(s, " \t\r\n()=!<>,\"'`")
			if n < 0 {
				n = len(s)
			}
			kind := byte('n')
			if _, ok := parseDecimal(s[:n], 6); ok {
				kind = 's'
			}
			out = append(out, exprToken{s[:n], kind})
			s = s[n:]
		}
	}
	return out, nil
}

// word takes the next token when it is the given keyword or sign.
func (p *exprParser) word(w string) bool {
	if len(p.tokens) > 0 && p.tokens[0].text == w && (p.tokens[0].kind == 'n' || p.tokens[0].kind == 'o') {
		p.tokens = p.tokens[1:]
		return true
	}
	return false
}

func (p *exprParser) or() (condition, error) {
	return p.chain("or", p.and, func(a, b condition) condition {
		return func(r *row) (bool, error) {
			if ok, err := a(r); ok || err != nil {
				return ok, err
			}
			return b(r)
		}
	})
}

func (p *exprParser) and() (condition, error) {
	return p.chain("and", p.not, func(a, b condition) condition {
		return func(r *row) (bool, error) {
			if ok, err := a(r); !ok || err != nil {
				return false, err
			}
			return b(r)
		}
	})
}

func (p *exprParser) chain(word string, next func() (condition, error), join func(a, b condition) condition) (condition, error) {
	c, err := next()
	for err == nil && p.word(word) {
		var d condition
		if d, err = next(); err == nil {
			c = join(c, d)
		}
	}
	return c, err
}

func (p *exprParser) not() (condition, error) {
	if p.nesting++; p.nesting > 100 {
		return nil, fmt.Errorf("more than 100 brackets and nots: split it into several rows")
	}
	defer func() { p.nesting-- }()
	if p.word("not") {
		c, err := p.not()
		if err != nil {
			return nil, err
		}
		return negate(c), nil
	}
	if p.word("(") {
		c, err := p.or()
		if err == nil && !p.word(")") {
			err = fmt.Errorf("a closing bracket is missing")
		}
		return c, err
	}
	return p.test()
}

func negate(c condition) condition {
	return func(r *row) (bool, error) {
		ok, err := c(r)
		return !ok && err == nil, err
	}
}

func (p *exprParser) side() (operand, error) {
	if len(p.tokens) == 0 {
		return operand{}, fmt.Errorf("something is missing at the end; write for example: status == \"closed\"")
	}
	t := p.tokens[0]
	p.tokens = p.tokens[1:]
	switch t.kind {
	case 's':
		return operand{-1, t.text}, nil
	case 'o':
		return operand{}, fmt.Errorf("%q stands where a column or a text in quotes is expected", t.text)
	}
	f, err := p.field(t.text)
	return operand{field: f}, err
}

func (p *exprParser) test() (condition, error) {
	left, err := p.side()
	if err != nil {
		return nil, err
	}
	if p.word("is") {
		no := p.word("not")
		if !p.word("empty") {
			return nil, fmt.Errorf("after \"is\" only empty or not empty can follow")
		}
		c := p.empty(left)
		if no {
			c = negate(c)
		}
		return c, nil
	}
	no := p.word("not")
	if p.word("in") {
		c, err := p.in(left)
		if err == nil && no {
			c = negate(c)
		}
		return c, err
	}
	if no || len(p.tokens) == 0 || p.tokens[0].kind != 'o' {
		return nil, fmt.Errorf("a comparison is missing; write ==, !=, <, <=, >, >=, in (…), is empty or is not empty")
	}
	op := p.tokens[0].text
	p.tokens = p.tokens[1:]
	right, err := p.side()
	if err != nil {
		return nil, err
	}
	return p.compare(left, op, right)
}

func (p *exprParser) time(o operand) bool { return o.field >= 0 && p.isTime(o.field) }

func (p *exprParser) empty(o operand) condition {
	if p.time(o) {
		return func(r *row) (bool, error) {
			_, ok, err := r.instant(o.field)
			return !ok && err == nil, err
		}
	}
	return func(r *row) (bool, error) { return o.text(r) == "", nil }
}

func (p *exprParser) in(left operand) (condition, error) {
	if p.time(left) {
		return nil, fmt.Errorf("a time cannot be compared with texts")
	}
	if !p.word("(") {
		return nil, fmt.Errorf("after \"in\" comes a list in brackets: in (\"A\", \"B\")")
	}
	var list []operand
	for {
		o, err := p.side()
		if err != nil {
			return nil, err
		}
		list = append(list, o)
		if p.word(")") {
			break
		}
		if !p.word(",") {
			return nil, fmt.Errorf("a comma or a closing bracket is missing in the list after \"in\"")
		}
	}
	return func(r *row) (bool, error) {
		s := left.text(r)
		for _, o := range list {
			if o.text(r) == s {
				return true, nil
			}
		}
		return false, nil
	}, nil
}

func (p *exprParser) compare(left operand, op string, right operand) (condition, error) {
	hold, ok := map[string]func(int) bool{
		"==": func(c int) bool { return c == 0 }, "!=": func(c int) bool { return c != 0 },
		"<": func(c int) bool { return c < 0 }, "<=": func(c int) bool { return c <= 0 },
		">": func(c int) bool { return c > 0 }, ">=": func(c int) bool { return c >= 0 },
	}[op]
	if !ok {
		return nil, fmt.Errorf("%q is no comparison", op)
	}
	if p.time(left) != p.time(right) {
		return nil, fmt.Errorf("a time can only be compared with a time")
	}
	if p.time(left) {
		return func(r *row) (bool, error) {
			a, okA, err := r.instant(left.field)
			if err != nil {
				return false, err
			}
			b, okB, err := r.instant(right.field)
			return okA && okB && err == nil && hold(order(a, b)), err
		}, nil
	}
	if op == "==" || op == "!=" {
		want := op == "=="
		return func(r *row) (bool, error) { return (left.text(r) == right.text(r)) == want, nil }, nil
	}
	return func(r *row) (bool, error) {
		a, okA := r.number(left.text(r))
		b, okB := r.number(right.text(r))
		return okA && okB && hold(order(a, b)), nil
	}, nil
}

func order(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
