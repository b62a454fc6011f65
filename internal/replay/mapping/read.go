package mapping

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
)

// Options of a reading.
type Options struct {
	MaxRows int // rows to read, over all inputs; 0 = all
}

// Result is what a reading gives.
type Result struct {
	Events  []*event.Event // complete and valid, in the order of protocol rule T3: time, rank, order hint (the line), id
	Ledger  Ledger
	First   int64    // time of the first event, Unix ms; 0 without events
	Last    int64    // time of the last one
	Tenants []string // that events were found for, ascending
}

// Read reads the inputs, one after the other, as one body of rows: threads and calls may begin in one and go on in the next.
//
// A row that yields no event is booked under a reason; an error means that an input is not what the mapping says (wrong column, wrong format), or
// cannot be read, and names it. The result does not depend on the inputs' names, and no id on where a row stands: equal rows are told apart by
// their count.
func (m *Mapping) Read(ctx context.Context, inputs []Input, opts Options) (*Result, error) {
	rd := &reading{m: m, max: opts.MaxRows, reasons: map[string]int{}, seen: map[[16]byte]int{}, unique: map[string]bool{}, ids: map[string]bool{}, byConversation: map[string]*conversation{}}
	var offset int
	for _, in := range inputs {
		if rd.full() {
			break
		}
		name := in.Name
		if len(inputs) == 1 {
			name = ""
		}
		read := rd.table
		if m.jsonl {
			read = rd.jsonl
		}
		lines, err := read(ctx, in, name, offset)
		if err != nil {
			return nil, err
		}
		offset += lines
	}
	if m.threads != nil {
		rd.threads()
	}
	rd.ledger.sort()
	return rd.result(), nil
}

// reading is the state of one Read.
type reading struct {
	m      *Mapping
	max    int
	events []*event.Event
	ledger Ledger

	reasons        map[string]int   // index into ledger.Reasons
	seen           map[[16]byte]int // rows of equal content so far
	unique         map[string]bool
	byConversation map[string]*conversation
	ids            map[string]bool // of messages
	messages       []message       // rows of a message export
}

// conversation is what earlier rows of the same conversation left.
type conversation struct {
	n    int // rows used, or calls begun
	kept []string
}

func (rd *reading) full() bool { return rd.max > 0 && rd.ledger.Rows >= rd.max }

func (rd *reading) result() *Result {
	slices.SortFunc(rd.events, func(a, b *event.Event) int {
		if c := order(a.At, b.At); c != 0 { // the common case, without the cost of the rest
			return c
		}
		return convo.CompareEvents(a, b)
	})
	res := &Result{Events: rd.events, Ledger: rd.ledger}
	tenants := map[string]bool{}
	for _, e := range rd.events {
		if !tenants[e.Tenant] {
			tenants[e.Tenant] = true
			res.Tenants = append(res.Tenants, e.Tenant)
		}
	}
	slices.Sort(res.Tenants)
	if n := len(rd.events); n > 0 {
		res.First, res.Last = rd.events[0].At, rd.events[n-1].At
	}
	return res
}

// table reads one delimited file and returns how many lines it has.
func (rd *reading) table(ctx context.Context, in Input, name string, offset int) (lines int, err error) {
	m := rd.m
	text, err := open(in, m.encoding)
	if err != nil {
		return 0, err
	}
	rows := &rowReader{name: in.Name, r: text, delim: m.delimiter}
	if rows.delim == 0 {
		head, _ := text.Peek(peekBytes) // shorter files give what they have
		rows.delim = guessDelimiter(head)
	}
	rows.quotes = rows.delim == ',' || rows.delim == ';'
	if m.quotes != nil {
		rows.quotes = *m.quotes
	}
	r := &row{m: m, times: make([]instant, len(m.fields))}
	width := 0
	for ; !rd.full(); rd.ledger.Rows++ {
		if rd.ledger.Rows%1024 == 0 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
		cells, line, err := rows.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, err
		}
		if r.place == nil {
			if r.place, err = m.bind(in.Name, cells); err != nil {
				return 0, err
			}
			if !m.header.absent {
				width = len(cells)
				if cells, line, err = rows.next(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					return 0, err
				}
			}
		}
		r.take(cells, Line{name, line})
		r.hint = decimal(offset + line)
		if width > 0 && len(cells) > width && !blank(cells[width:]) {
			rd.refuse(r, reason("more cells than the header has columns"))
			continue
		}
		if m.threads != nil {
			rd.keep(r)
			continue
		}
		rd.book(r, rd.use(r))
	}
	return rows.line, nil
}

func blank(cells []string) bool {
	return !slices.ContainsFunc(cells, func(c string) bool { return c != "" })
}

// book counts the row as used, or under the reason that err is.
func (rd *reading) book(r *row, err error) {
	if err != nil {
		rd.refuse(r, err)
		return
	}
	rd.ledger.Used++
}

func (rd *reading) refuse(r *row, why error) {
	_, meant := why.(skipped)
	rd.ledger.refuse(why.Error(), meant, r.line, rd.reasons)
}

// use applies the rules to the row and keeps its events; the error is the reason why there are none.
func (rd *reading) use(r *row) error {
	m := rd.m
	var key string
	var before *conversation
	begins := false
	if m.counts || m.calls != nil {
		key = m.tenant.text(r) + "\x1f" + r.text(m.convoField)
		before = rd.byConversation[key]
		if before == nil {
			before = &conversation{}
		}
		begins = m.calls == nil
		if m.calls != nil {
			var err error
			if begins, err = m.calls.begin(r); err != nil {
				return err
			}
		}
		r.nth, r.kept = before.n, before.kept
		if begins {
			r.nth++
			if m.calls != nil {
				r.kept = nil
				for _, t := range m.calls.keep {
					r.kept = append(r.kept, t.text(r))
				}
			}
		}
		if m.apart && r.nth > 1 {
			r.conversation += "." + decimal(r.nth)
		}
	}
	for i := range m.rules {
		rule := &m.rules[i]
		if rule.when != nil {
			ok, err := rule.when(r)
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
		}
		if rule.skips {
			if why := rule.skip.text(r); why != "" {
				return skipped(why)
			}
			return skipped("skipped by the mapping")
		}
		if m.calls != nil && r.nth == 0 {
			return reason(m.calls.orphan)
		}
		u := m.unique.text(r)
		if u != "" && rd.unique[u] {
			return reason("repeated " + m.uniqueName)
		}
		digest := r.digest()
		events, err := r.events(rule.events, string(digest[:])+"/"+decimal(rd.seen[digest]))
		if err != nil {
			return err
		}
		rd.seen[digest]++
		if u != "" {
			rd.unique[u] = true
		}
		if begins {
			rd.byConversation[key] = &conversation{r.nth, r.kept}
		}
		rd.events = append(rd.events, events...)
		return nil
	}
	return reason("no rule of the mapping matches")
}

// keep stores a row of a message export until all are read.
func (rd *reading) keep(r *row) {
	t := rd.m.threads
	msg := message{cells: slices.Clone(r.cells), place: r.place, line: r.line, hint: r.hint, id: r.text(t.id), parent: r.text(t.parent)}
	at, ok, err := r.instant(t.at)
	msg.at = at
	switch {
	case err != nil || !ok:
		msg.refused = "unreadable time in " + rd.m.fields[t.at].name
	case msg.id == "":
		msg.refused = "no " + t.idName
	case rd.ids[msg.id]:
		msg.refused = "repeated " + t.idName
	default:
		rd.ids[msg.id] = true
	}
	rd.messages = append(rd.messages, msg)
}

// threads gives the kept rows their roots and brands and makes their events.
func (rd *reading) threads() {
	if len(rd.messages) == 0 {
		return
	}
	m := rd.m
	r := &row{m: m, times: make([]instant, len(m.fields))}
	roots := link(rd.messages)
	var brands map[string]thread
	if m.threads.ours != nil {
		brands = m.brandsOf(r, rd.messages, roots)
	}
	for i := range rd.messages {
		msg := &rd.messages[i]
		r.again(msg)
		if msg.refused != "" {
			rd.refuse(r, reason(msg.refused))
			continue
		}
		r.root = roots[msg.id]
		r.brand = brands[r.root].brand
		rd.book(r, rd.use(r))
	}
}

func decimal(n int) string { return strconv.Itoa(n) }
