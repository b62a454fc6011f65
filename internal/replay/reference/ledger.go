package reference

import (
	"fmt"
	"slices"
)

// Ledger says what became of every row. It adds up: Rows = Used + the rows under
// each reason; see [Ledger.Check].
type Ledger struct {
	// Rows counts the rows read: neither the header nor blank lines.
	Rows int
	// Used counts the rows that yielded at least one event.
	Used int
	// Unused holds, for each reason, the ascending line numbers of the rows that
	// yielded no event.
	Unused map[string][]int
}

// Check returns an error when rows were lost or counted twice: when the rows do not
// equal the used ones plus those under a reason, or a line has two reasons.
func (l Ledger) Check() error {
	total := l.Used
	reasonOf := map[int]string{}
	for reason, lines := range l.Unused {
		total += len(lines)
		for _, line := range lines {
			if other, twice := reasonOf[line]; twice {
				return fmt.Errorf("ledger: line %d stands under %q and %q", line, other, reason)
			}
			reasonOf[line] = reason
		}
	}
	if total != l.Rows {
		return fmt.Errorf("ledger: %d rows, but %d used or under a reason", l.Rows, total)
	}
	return nil
}

func (l *Ledger) refuse(reason string, line int) {
	if l.Unused == nil {
		l.Unused = map[string][]int{}
	}
	l.Unused[reason] = append(l.Unused[reason], line)
}

// sort puts the lines of each reason in ascending order.
func (l *Ledger) sort() {
	for _, lines := range l.Unused {
		slices.Sort(lines)
	}
}

// Notes lists, by what was noticed, the line numbers of rows that were used although
// something about them is unusual. They change no figure: they tell a reader where
// to look first when two computations disagree.
type Notes map[string][]int
