package mapping

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/token"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
)

// compiler turns a spec into a mapping: names become indexes into Mapping.fields, texts become templates and conditions.
type compiler struct {
	s      *spec
	m      *Mapping
	byName map[string]int
	open   map[string]bool // times being compiled, to find circles
	kept   []string
	// Until the conversation's own template is compiled, its name can still be a column's.
	identified bool
}

func compile(file string, s *spec) (*Mapping, error) {
	c := &compiler{s: s, m: &Mapping{file: file}, byName: map[string]int{}, open: map[string]bool{}}
	for _, step := range []func() error{c.basics, c.names, c.identity, c.threading, c.calling, c.ruling} {
		if err := step(); err != nil {
			return nil, err
		}
		if c.m.jsonl {
			break
		}
	}
	for _, f := range c.m.fields {
		c.m.counts = c.m.counts || f.kind == fieldNth
	}
	c.m.counts = c.m.counts || c.m.apart
	return c.m, nil
}

var delimiters = map[string]byte{"tab": '\t', "comma": ',', "semicolon": ';', "pipe": '|'}

func (c *compiler) basics() (err error) {
	s, m := c.s, c.m
	if m.name = s.Name.s; m.name == "" || len(m.name) > event.MaxID {
		return refusal(s.Name.at, "give the mapping a name: it is part of its events' ids")
	}
	switch s.Format.s {
	case "", "rows":
	case "events":
		m.jsonl = true
	default:
		return refusal(s.Format.at, "format %q is unknown; write rows (a table) or events (one canonical event in JSON a line)", s.Format.s)
	}
	zone := "UTC"
	if s.Zone.set() {
		zone = s.Zone.s
	}
	if m.zone, err = sla.LoadZone(zone); err != nil {
		return refusal(s.Zone.at, "%v", err)
	}
	if err := c.policy(); err != nil {
		return err
	}
	if m.jsonl {
		if len(s.Rows) > 0 {
			return refusal(s.Format.at, "events need no rows: they are written as they are; remove rows, or write format: rows")
		}
		if m.tenant, err = parseTemplate(s.Tenant.s, c.noField); err != nil {
			return refusal(s.Tenant.at, "%v", err)
		}
		return nil
	}
	switch strings.ToLower(s.Encoding.s) {
	case "", "utf-8", "utf8":
		m.encoding = encodingUTF8
	case "windows-1252", "cp1252", "iso-8859-1", "latin1":
		m.encoding = encodingWindows1252
	default:
		return refusal(s.Encoding.at, "encoding %q is unknown; write utf-8 or windows-1252, or save the file as UTF-8", s.Encoding.s)
	}
	if s.Delimiter.set() {
		d, ok := delimiters[s.Delimiter.s]
		if !ok && len(s.Delimiter.s) == 1 && s.Delimiter.s[0] != '"' && s.Delimiter.s[0] != '\n' && s.Delimiter.s[0] < 0x80 {
			d, ok = s.Delimiter.s[0], true
		}
		if !ok {
			return refusal(s.Delimiter.at, "delimiter %q: write comma, semicolon, tab, pipe or one ASCII character", s.Delimiter.s)
		}
		m.delimiter = d
	}
	if s.Decimal.set() {
		if s.Decimal.s != "," && s.Decimal.s != "." {
			return refusal(s.Decimal.at, `decimal: write "," or "."`)
		}
		m.comma = s.Decimal.s == ","
	}
	m.quotes, m.header = s.Quotes, s.Header
	return nil
}

// policy checks the rules against a tenant of no name: what is wrong with them is wrong for all.
func (c *compiler) policy() error {
	if c.s.Policy != nil {
		c.m.policy = c.s.Policy.spec
	}
	if c.m.policy.Retain == "" {
		// A file is read once and whole: a thread may rest for years and go on.
		c.m.policy.Retain = "never"
	}
	if _, err := sla.CompilePolicy(c.m.Policy("tenant"), 1); err != nil {
		return refusal(c.s.Policy.at, "%v", err)
	}
	return nil
}

func (c *compiler) noField(name string) (int, error) {
	return 0, fmt.Errorf("{%s}: events name no columns", name)
}

// names gives every alias, time and kept value its field, so that what nobody uses is checked too.
func (c *compiler) names() error {
	if c.s.Calls != nil {
		c.kept = slices.Sorted(maps.Keys(c.s.Calls.Keep))
	}
	for _, name := range slices.Sorted(maps.Keys(c.s.Columns)) {
		if _, twice := c.s.Times[name]; twice {
			return refusal(c.s.Columns[name].Column.at, "%q is both a column and a time; give one of them another name", name)
		}
		if _, err := c.alias(name, c.s.Columns[name]); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.s.Times)) {
		if _, err := c.instant(name); err != nil {
			return err
		}
	}
	return nil
}

func (c *compiler) add(f field) int {
	c.m.fields = append(c.m.fields, f)
	c.byName[f.name] = len(c.m.fields) - 1
	return len(c.m.fields) - 1
}

func (c *compiler) alias(name string, s colSpec) (int, error) {
	if !s.Column.set() {
		return 0, refusal(nil, "columns: %s names no column; write %s: NAME or a number", name, name)
	}
	f := field{name: name, column: s.Column.s, used: s.Column.at, values: map[string]string{}}
	for _, e := range s.Empty {
		f.empty = append(f.empty, e.s)
	}
	for from, to := range s.Values {
		f.values[from] = to.s
	}
	return c.column(f)
}

// column adds a field for a column; a name of digits is a place in the row.
func (c *compiler) column(f field) (int, error) {
	if isDigits(f.column) && f.column != "" {
		n, err := strconv.Atoi(f.column)
		if err != nil || n < 1 || n > 10000 {
			return 0, refusal(f.used, "column %s: columns are counted from 1", f.column)
		}
		f.number = n
	}
	for i, w := range c.s.Header.names {
		if f.number == 0 && w.s == f.column {
			f.number = i + 1
		}
	}
	if f.number == 0 && c.s.Header.absent {
		if len(c.s.Header.names) == 0 {
			return 0, refusal(f.used, "the file has no header, so column %q has no name; write its number (from 1), or header: [names…]", f.column)
		}
		var names []string
		for _, w := range c.s.Header.names {
			names = append(names, w.s)
		}
		return 0, refusal(f.used, "column %q is not in the header list; it has: %s", f.column, strings.Join(names, ", "))
	}
	return c.add(f), nil
}

// field finds what a name stands for: a time, an alias, a computed value or a column of the file.
func (c *compiler) field(at *token.Token) func(string) (int, error) {
	return func(name string) (int, error) {
		if name == "" {
			return 0, refusal(at, "a name is missing between the braces")
		}
		if f, ok := c.byName[name]; ok {
			return f, nil
		}
		if i := slices.Index(c.kept, name); i >= 0 {
			return c.add(field{name: name, kind: fieldKept, kept: i}), nil
		}
		switch {
		case name == "conversation" && c.identified:
			return c.add(field{name: name, kind: fieldConversation}), nil
		case name == "nth":
			return c.add(field{name: name, kind: fieldNth}), nil
		case name == "root" && c.s.Threads != nil:
			return c.add(field{name: name, kind: fieldRoot}), nil
		case name == "brand" && c.s.Threads != nil && c.s.Threads.Brand != nil:
			return c.add(field{name: name, kind: fieldBrand}), nil
		}
		return c.column(field{name: name, column: name, used: at})
	}
}

func (c *compiler) template(w word) (template, error) {
	t, err := parseTemplate(w.s, c.textField(w.at))
	if _, own := err.(*fault); err != nil && !own {
		err = refusal(w.at, "%v", err)
	}
	return t, err
}

// textField refuses times where a text is wanted.
func (c *compiler) textField(at *token.Token) func(string) (int, error) {
	return func(name string) (int, error) {
		f, err := c.field(at)(name)
		if err == nil && c.isTime(f) {
			err = refusal(at, "%q is a time; name the column it comes from", name)
		}
		return f, err
	}
}

func (c *compiler) isTime(f int) bool { return c.m.fields[f].kind == fieldTime }

func (c *compiler) condition(w word) (condition, error) {
	if !w.set() {
		return nil, nil
	}
	cond, err := parseCondition(w.s, c.field(w.at), c.isTime)
	if _, own := err.(*fault); err != nil && !own {
		err = refusal(w.at, "%v", err)
	}
	return cond, err
}

// instant compiles a time of the mapping.
func (c *compiler) instant(name string) (int, error) {
	if f, ok := c.byName[name]; ok {
		return f, nil
	}
	s := c.s.Times[name]
	source, where := s.Clock, s.Clock.at
	if s.Column.set() {
		source, where = s.Column, s.Column.at
	}
	t := &timing{date: -1, follows: -1}
	var err error
	switch {
	case s.Column.set() && (s.Date.set() || s.Clock.set()):
		return 0, refusal(s.Column.at, "time %s: give either column, or date and clock", name)
	case !s.Column.set() && !(s.Date.set() && s.Clock.set()):
		return 0, refusal(where, "time %s: give column, or date and clock", name)
	case s.Date.set():
		if t.date, err = c.textField(s.Date.at)(s.Date.s); err != nil {
			return 0, err
		}
	}
	if t.clock, err = c.textField(where)(source.s); err != nil {
		return 0, err
	}
	layouts := s.Layout
	if len(layouts) == 0 {
		layouts = c.s.Layouts
	}
	if len(layouts) == 0 {
		return 0, refusal(where, `time %s: say how it is written, for example layout: "dd/MM/yyyy HH:mm:ss" (for a date and a clock: both, with a space between), or layouts: for all`, name)
	}
	for _, w := range layouts {
		l, err := parseLayout(w.s)
		if err != nil {
			return 0, refusal(w.at, "%v", err)
		}
		t.layouts = append(t.layouts, l)
	}
	for _, w := range s.Empty {
		t.empty = append(t.empty, w.s)
	}
	if s.Follows.set() {
		if _, ok := c.s.Times[s.Follows.s]; !ok {
			return 0, refusal(s.Follows.at, "follows: there is no time %q under times", s.Follows.s)
		}
		if c.open[name] || s.Follows.s == name {
			return 0, refusal(s.Follows.at, "the times follow each other in a circle")
		}
		c.open[name] = true
		if t.follows, err = c.instant(s.Follows.s); err != nil {
			return 0, err
		}
		c.open[name] = false
	}
	return c.add(field{name: name, kind: fieldTime, used: where, time: t}), nil
}

// named returns the field of a time that must be under times.
func (c *compiler) named(w word, what string) (int, error) {
	if _, ok := c.s.Times[w.s]; !ok {
		known := strings.Join(slices.Sorted(maps.Keys(c.s.Times)), ", ")
		return 0, refusal(w.at, "%s: there is no time %q under times; it has: %s", what, w.s, known)
	}
	return c.instant(w.s)
}

// place returns the first token that is known, for a message about something that is missing.
func place(words ...word) *token.Token {
	for _, w := range words {
		if w.set() {
			return w.at
		}
	}
	return nil
}

// maxGap is how far before the instant it follows a time may lie before it is read as the next day's.
const maxGap = int64(12 * time.Hour / time.Millisecond)

const dayMs = int64(24 * time.Hour / time.Millisecond)
