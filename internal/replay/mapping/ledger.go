package mapping

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Ledger accounts for every row: Rows = Used + the sum of the reasons' counts.
type Ledger struct {
	Rows    int           // rows read, header and blank lines not counted
	Used    int           // rows that yielded at least one event
	Reasons []ReasonCount // why the others did not, most frequent first
}

// ReasonCount is how many rows yielded no event for one reason.
type ReasonCount struct {
	Reason string
	Count  int
	Lines  []Line // where they start, in order of reading; the first MaxLines of them
	// Meant says that the mapping leaves such rows out on purpose (skip); other reasons are findings.
	Meant bool
}

// Line is a place in an input.
type Line struct {
	Input  string // name of the input; "" when there is only one
	Number int    // from 1
}

func (l Line) String() string {
	if l.Input == "" {
		return strconv.Itoa(l.Number)
	}
	return l.Input + ":" + strconv.Itoa(l.Number)
}

// Limits of what a ledger lists; counts are always full.
const (
	MaxLines   = 100_000 // lines kept a reason
	maxReasons = 200     // different reasons; further ones count as otherReasons
	shownLines = 20      // lines that String prints a reason
)

const otherReasons = "further reasons"

// refuse books a row under a reason.
func (l *Ledger) refuse(why string, meant bool, at Line, index map[string]int) {
	i, ok := index[why]
	if !ok {
		if len(l.Reasons) >= maxReasons && why != otherReasons {
			l.refuse(otherReasons, false, at, index)
			return
		}
		i = len(l.Reasons)
		index[why] = i
		l.Reasons = append(l.Reasons, ReasonCount{Reason: why, Meant: meant})
	}
	r := &l.Reasons[i]
	r.Count++
	r.Meant = r.Meant && meant
	if len(r.Lines) < MaxLines {
		r.Lines = append(r.Lines, at)
	}
}

func (l *Ledger) sort() {
	slices.SortFunc(l.Reasons, func(a, b ReasonCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Reason, b.Reason))
	})
}

// Balanced reports whether the ledger adds up.
func (l Ledger) Balanced() bool {
	sum := l.Used
	for _, r := range l.Reasons {
		sum += r.Count
	}
	return sum == l.Rows
}

// Findings is how many rows yielded no event though the mapping does not leave them out on purpose.
func (l Ledger) Findings() int {
	n := 0
	for _, r := range l.Reasons {
		if !r.Meant {
			n += r.Count
		}
	}
	return n
}

// String is a table: rows, used, and each reason with the first of its lines.
func (l Ledger) String() string { return l.Table(shownLines) }

// Table is String with up to so many lines a reason; of no reason more than [MaxLines] are known.
func (l Ledger) Table(most int) string {
	var b strings.Builder
	width := len(strconv.Itoa(l.Rows))
	fmt.Fprintf(&b, "%*d rows\n%*d used\n", width, l.Rows, width, l.Used)
	for _, r := range l.Reasons {
		var lines []string
		for _, at := range r.Lines[:min(len(r.Lines), most)] {
			lines = append(lines, at.String())
		}
		more := ""
		if r.Count > len(lines) {
			more = fmt.Sprintf(" and %d more", r.Count-len(lines))
		}
		word := "lines"
		if r.Count == 1 {
			word = "line"
		}
		fmt.Fprintf(&b, "%*d %s (%s %s%s)\n", width, r.Count, r.Reason, word, strings.Join(lines, ", "), more)
	}
	return b.String()
}
