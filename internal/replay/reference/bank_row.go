package reference

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Reasons under which [Bank] leaves a row unused.
const (
	// ReasonPhantom marks a row that is no call.
	ReasonPhantom = "phantom"
	// ReasonNoServiceStart marks an AGENT row whose ser_start is 0:00:00.
	ReasonNoServiceStart = "answered without a service start"
	// ReasonBadRow marks a row with a wrong number of columns, an unreadable date or
	// time among those its outcome needs, an unknown outcome or an empty queue.
	ReasonBadRow = "bad row"
)

// bankColumns are the columns that the rules need.
var bankColumns = []string{
	"vru+line", "call_id", "type", "date", "vru_entry", "vru_exit",
	"q_start", "q_exit", "outcome", "ser_start", "ser_exit", "server",
}

// never tells whether a q_start or ser_start never was: the log writes 0:00:00 for it. A
// true midnight cannot be told from it there. An exit column is only read when there was
// a start, so in an exit column 0:00:00 is midnight.
func never(start string) bool {
	second, err := secondOfDay(start)
	return err == nil && second == 0
}

type bankRow struct {
	line   int
	values map[string]string
}

// readBank returns the rows of the log in file order. A row with a wrong number of
// columns comes without values. It fails on an unreadable stream or a header without
// the needed columns.
func readBank(r io.Reader) ([]bankRow, error) {
	lines := bufio.NewScanner(r)
	if !lines.Scan() {
		return nil, errors.Join(errors.New("bank: no header line"), lines.Err())
	}
	names := strings.Split(strings.TrimRight(strings.TrimPrefix(lines.Text(), "\ufeff"), "\r"), "\t")
	known := map[string]bool{}
	for _, name := range names {
		known[name] = true
	}
	for _, name := range bankColumns {
		if !known[name] {
			return nil, fmt.Errorf("bank: line 1 has no column %q", name)
		}
	}
	var rows []bankRow
	line := 2
	for ; lines.Scan(); line++ {
		text := strings.TrimRight(lines.Text(), "\r")
		if text == "" {
			continue
		}
		row := bankRow{line: line}
		if fields := strings.Split(text, "\t"); len(fields) == len(names) {
			row.values = map[string]string{}
			for i, name := range names {
				row.values[name] = fields[i]
			}
		}
		rows = append(rows, row)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("bank: line %d: %w", line, err)
	}
	return rows, nil
}

// clock is one row's sense of time: its date and the moment it began.
type clock struct {
	date  time.Time // midnight of the row's date, in UTC, used for its year, month and day
	entry int       // vru_entry, seconds after midnight
	zone  *time.Location
}

func (row bankRow) clock(zone *time.Location) (clock, error) {
	date, err := time.Parse("060102", row.values["date"])
	if err != nil {
		return clock{}, err
	}
	entry, err := secondOfDay(row.values["vru_entry"])
	if err != nil {
		return clock{}, err
	}
	return clock{date: date, entry: entry, zone: zone}, nil
}

// instant turns h:mm:ss into Unix seconds. A time more than 12 h before the row's
// vru_entry belongs to the next day; any other stays on the row's date, even one that
// stands before vru_entry.
func (c clock) instant(text string) (int64, error) {
	second, err := secondOfDay(text)
	if err != nil {
		return 0, err
	}
	year, month, day := c.date.Date()
	if c.entry-second > 12*60*60 {
		day++
	}
	return time.Date(year, month, day, second/3600, second/60%60, second%60, 0, c.zone).Unix(), nil
}

// secondOfDay reads h:mm:ss or hh:mm:ss, 0:00:00 to 23:59:59.
func secondOfDay(text string) (int, error) {
	t, err := time.Parse("15:04:05", text)
	if err != nil {
		return 0, err
	}
	return t.Hour()*3600 + t.Minute()*60 + t.Second(), nil
}
