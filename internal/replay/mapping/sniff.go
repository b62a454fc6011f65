package mapping

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	sniffBytes = 256 << 10
	sniffRows  = 500
	maxColumns = 500
)

// Sniff looks at the beginning of a file and writes a mapping to start from: encoding, delimiter, header, columns, dates, and the rules that the
// names of the columns suggest, with comments on what to check. [Parse] accepts the draft. Files that are no text are refused as [Mapping.Read] does.
func Sniff(name string, r io.Reader) (draft []byte, err error) {
	text, err := unpack(Input{Name: name, R: r})
	if err != nil {
		return nil, err
	}
	head, err := io.ReadAll(io.LimitReader(text, sniffBytes))
	if err != nil {
		return nil, readError(name, err)
	}
	whole := len(head) < sniffBytes
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")) {
		return []byte("# The file holds JSON objects. If each line is a canonical event, this is all it takes.\nname: events\nformat: events\ntenant: replay   # for lines that name none\n"), nil
	}
	s, err := sampleOf(name, head, whole)
	if err != nil {
		return nil, err
	}
	draft = s.draft()
	if _, err := Parse("draft of "+name, draft); err != nil {
		return nil, fmt.Errorf("BUG: the draft for %s is not a mapping: %w", name, err)
	}
	return draft, nil
}

// sample is the beginning of a file, as it was understood.
type sample struct {
	name     string
	encoding string
	delim    byte
	header   bool
	columns  []column
}

// column is one column of a sample.
type column struct {
	header string // as the file writes it; "" without a header
	number int    // from 1
	alias  string // how the draft calls it
	values []string
	layout string // of instants, "" when it holds none
	date   string // layout of days
	clock  string // layout of times of day
	doubt  string // the other reading of day and month
	never  string // a clock that is repeated so often that it must mean "never"
	unique bool   // every row has another value
}

func sampleOf(name string, head []byte, whole bool) (*sample, error) {
	s := &sample{name: name, encoding: encodingUTF8}
	valid := head
	for i := 0; i < utf8.UTFMax && !utf8.Valid(valid) && !whole && len(valid) > 0; i++ { // a character may be cut
		valid = valid[:len(valid)-1]
	}
	if !utf8.Valid(valid) {
		s.encoding = encodingWindows1252
	}
	var best [][]string
	for _, d := range []byte{',', ';', '\t', '|'} {
		rows, score := cut(name, head, s.encoding, d, whole)
		if len(best) == 0 || score > regularity(best) {
			best, s.delim = rows, d
		}
	}
	if len(best) == 0 {
		return nil, fmt.Errorf("%s has no complete row in its first %d bytes: not a table of text", name, sniffBytes)
	}
	s.header = len(best) > 1 && looksLikeHeader(best[0])
	names := best[0]
	if s.header {
		best = best[1:]
	}
	if len(names) > maxColumns {
		return nil, fmt.Errorf("%s has %d columns (the limit for a draft is %d): is it a table of text?", name, len(names), maxColumns)
	}
	used := map[string]bool{}
	for i := range names {
		c := column{number: i + 1}
		if s.header {
			c.header = strings.TrimSpace(names[i])
		}
		if count(names, names[i]) > 1 {
			c.header = "" // ambiguous: by number
		}
		distinct := map[string]bool{}
		for _, row := range best {
			if i < len(row) && strings.TrimSpace(row[i]) != "" {
				c.values = append(c.values, strings.TrimSpace(row[i]))
				distinct[c.values[len(c.values)-1]] = true
			}
		}
		c.unique = len(distinct) == len(best)
		c.alias = slug(cmp.Or(c.header, fmt.Sprintf("column_%d", c.number)), used)
		c.findDates()
		s.columns = append(s.columns, c)
	}
	return s, nil
}

func count(list []string, s string) (n int) {
	for _, x := range list {
		if x == s {
			n++
		}
	}
	return n
}

// cut reads the rows of the sample under one delimiter and says how regular they are.
func cut(name string, head []byte, encoding string, delim byte, whole bool) (rows [][]string, score float64) {
	text, err := open(Input{Name: name, R: bytes.NewReader(head)}, encoding)
	if err != nil {
		return nil, 0
	}
	r := &rowReader{name: name, r: text, delim: delim, quotes: delim == ',' || delim == ';'}
	for len(rows) < sniffRows {
		cells, _, err := r.next()
		if err != nil {
			if !whole && errors.Is(err, io.EOF) && len(rows) > 1 {
				rows = rows[:len(rows)-1] // the last row is cut off
			}
			break
		}
		rows = append(rows, slices.Clone(cells))
	}
	return rows, regularity(rows)
}

// regularity is high when all rows have as many cells as the first, and many.
func regularity(rows [][]string) float64 {
	if len(rows) == 0 {
		return -1
	}
	same := 0
	for _, row := range rows {
		if len(row) == len(rows[0]) {
			same++
		}
	}
	if len(rows[0]) == 1 {
		return 0
	}
	return float64(same)/float64(len(rows)) + math.Log(float64(len(rows[0])))/100
}

// looksLikeHeader: every cell is a text that is no date and no number; some may be empty.
func looksLikeHeader(row []string) bool {
	empty := 0
	for _, cell := range row {
		if cell = strings.TrimSpace(cell); cell == "" {
			empty++
			continue
		}
		probe := column{header: cell, values: []string{cell}}
		if probe.findDates(); !strings.ContainsFunc(cell, unicode.IsLetter) || probe.layout != "" || probe.date != "" || probe.clock != "" {
			return false
		}
	}
	return empty <= len(row)/2
}

// slug makes a name that templates and conditions take, one of its kind.
func slug(header string, used map[string]bool) string {
	var b strings.Builder
	for _, r := range strings.ToLower(header) {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "_"):
			b.WriteByte('_')
		}
	}
	s := strings.Trim(b.String(), "_")
	if s == "" || unicode.IsDigit([]rune(s)[0]) || slices.Contains([]string{"and", "or", "not", "in", "is", "empty", "root", "brand", "nth", "conversation", "null", "true", "false", "yes", "no", "on", "off", "y", "n",
		"started", "queued", "answered", "ended", "replied", "resolved"}, s) {
		s = "col_" + s
	}
	for base, i := s, 2; used[s]; i++ {
		s = fmt.Sprintf("%s_%d", base, i)
	}
	used[s] = true
	return s
}

var (
	instantLayouts = []string{"rfc3339", "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm:ss.SSS", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd HH:mm", "yyyy/MM/dd HH:mm:ss", "yyyy/MM/dd HH:mm",
		"dd/MM/yyyy HH:mm:ss", "dd/MM/yyyy HH:mm", "MM/dd/yyyy HH:mm:ss", "MM/dd/yyyy HH:mm", "dd/MM/yyyy h:mm:ss a", "dd/MM/yyyy h:mm a", "MM/dd/yyyy h:mm:ss a", "MM/dd/yyyy h:mm a",
		"dd/MM/yy HH:mm", "MM/dd/yy HH:mm", "dd-MM-yyyy HH:mm:ss", "dd-MM-yyyy HH:mm", "dd.MM.yyyy HH:mm:ss", "dd.MM.yyyy HH:mm", "dd MMM yyyy HH:mm:ss", "dd MMM yyyy HH:mm",
		"ddd MMM dd HH:mm:ss Z yyyy", "ddd, dd MMM yyyy HH:mm:ss Z", "yyyy-MM-dd HH:mm:ss Z", "yyyyMMddHHmmss", "epoch_s", "epoch_ms"}
	dateLayouts  = []string{"yyyy-MM-dd", "yyyy/MM/dd", "dd/MM/yyyy", "MM/dd/yyyy", "dd-MM-yyyy", "dd.MM.yyyy", "dd MMM yyyy", "yyyyMMdd", "yymmdd"}
	clockLayouts = []string{"H:mm:ss", "H:mm", "h:mm:ss a", "h:mm a"}
)

// someDay makes an instant of a clock.
const someDay = "2000-01-01 "

// usual holds the layouts above, compiled; those of clocks under someDay.
var usual = func() map[string]*layout {
	out := map[string]*layout{}
	for _, list := range []struct {
		before, date string
		layouts      []string
	}{{"", "", instantLayouts}, {"", "", dateLayouts}, {someDay, "yyyy-MM-dd ", clockLayouts}} {
		for _, src := range list.layouts {
			l, err := parseLayout(list.date + src)
			if err != nil {
				panic("mapping: BUG: " + err.Error()) // the lists are fixed and tested
			}
			out[list.before+src] = l
		}
	}
	return out
}()

// findDates tries the usual notations on every value of the column; one must read them all.
func (c *column) findDates() {
	named := containsAny(strings.ToLower(c.header), "date", "fecha", "data", "day", "dia", "time", "hora", "stamp", "created", "_at")
	for _, src := range instantLayouts {
		if !c.reads(src, "") || strings.HasPrefix(src, "epoch") && !c.plausibleEpoch(src) {
			continue
		}
		if c.layout == "" {
			c.layout = src
		} else if monthFirst(src) && strings.HasPrefix(c.layout, "dd/MM") {
			c.doubt = src
		}
	}
	if c.layout != "" {
		return
	}
	for _, src := range dateLayouts {
		if !c.reads(src, "") || src == "yymmdd" && !named {
			continue
		}
		if c.date == "" {
			c.date = src
		} else if monthFirst(src) && strings.HasPrefix(c.date, "dd/MM") {
			c.doubt = src
		}
	}
	for _, src := range clockLayouts {
		if c.clock == "" && c.date == "" && c.reads(src, someDay) {
			c.clock = src
		}
	}
	for _, zero := range []string{"0:00:00", "00:00:00", "0:00", "00:00"} {
		if n := count(c.values, zero); c.clock != "" && n > 2 && n > len(c.values)/20 {
			c.never = zero
		}
	}
}

func monthFirst(layout string) bool { return strings.HasPrefix(layout, "MM/dd") }

func (c *column) reads(layout, before string) bool {
	l := usual[before+layout]
	if len(c.values) == 0 {
		return false
	}
	for _, v := range c.values {
		if _, ok := l.parse(before+v, time.UTC); !ok {
			return false
		}
	}
	return true
}

// plausibleEpoch: numbers are instants only when they all lie between 2000 and 2100.
func (c *column) plausibleEpoch(layout string) bool {
	for _, v := range c.values {
		at, ok := wholes[layout](v)
		if !ok || at < 946684800000 || at > 4102444800000 {
			return false
		}
	}
	return true
}

func containsAny(s string, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(s, w) })
}
