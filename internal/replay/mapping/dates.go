package mapping

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// layout is a way of writing an instant, compiled from a notation that people know from spreadsheets. README.md lists the letters.
type layout struct {
	src   string
	whole func(string) (int64, bool) // for epoch_s, epoch_ms and rfc3339
	parts []part
}

type part struct {
	kind    partKind
	literal string // for partLiteral
	min     int    // digits
	max     int
}

type partKind uint8

const (
	partLiteral partKind = iota
	partYear4
	partYear2
	partMonth
	partMonthName
	partDay
	partWeekday
	partHour
	partMinute
	partSecond
	partFraction
	partAmPm
	partOffset
)

var wholes = map[string]func(string) (int64, bool){
	"epoch_s":  func(s string) (int64, bool) { return parseDecimal(s, 3) },
	"epoch_ms": func(s string) (int64, bool) { return parseDecimal(s, 0) },
	"rfc3339": func(s string) (int64, bool) {
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return 0, false
		}
		return t.UnixMilli(), true
	},
}

// parseLayout compiles a notation such as "dd/MM/yyyy HH:mm".
//
// Small m is a month in a date and a minute in a clock: it is a minute after an hour or before a second, else a month.
func parseLayout(src string) (*layout, error) {
	l := &layout{src: src, whole: wholes[strings.ToLower(src)]}
	if l.whole != nil {
		return l, nil
	}
	seen := map[partKind]bool{}
	for rest := src; rest != ""; {
		c := rest[0]
		n := 1
		for n < len(rest) && rest[n] == c {
			n++
		}
		run := rest[:n]
		rest = rest[n:]
		p, quoted, err := layoutPart(run, rest, l.parts)
		if err != nil {
			return nil, fmt.Errorf("date layout %q: %w", src, err)
		}
		if quoted > 0 {
			rest = rest[quoted:]
		}
		if p.kind != partLiteral && p.kind != partWeekday {
			if seen[p.kind] {
				return nil, fmt.Errorf("date layout %q names the same part twice (%q); m is a minute only after an hour or before seconds", src, run)
			}
			seen[p.kind] = true
		}
		l.parts = append(l.parts, p)
	}
	for i := range l.parts[:max(0, len(l.parts)-1)] {
		// Where digits follow directly, the width must be exact; elsewhere 1/2/2024 is as good as 01/02/2024.
		if p := &l.parts[i]; p.max == 2 && l.parts[i+1].max == 0 {
			p.min = 1
		}
	}
	if n := len(l.parts); n > 0 && l.parts[n-1].max == 2 && (n == 1 || l.parts[n-2].max == 0) {
		l.parts[n-1].min = 1
	}
	if !(seen[partYear4] || seen[partYear2]) || !(seen[partMonth] || seen[partMonthName]) || !seen[partDay] {
		return nil, fmt.Errorf("date layout %q lacks a year, a month or a day; write for example \"dd/MM/yyyy HH:mm:ss\", or give the column of the date and the column of the clock", src)
	}
	return l, nil
}

// layoutPart reads one run of equal letters. quoted is the number of further bytes that a text in single quotes takes.
func layoutPart(run, rest string, before []part) (p part, quoted int, err error) {
	n := len(run)
	digits := func(k partKind) (part, int, error) {
		if n > 2 {
			return part{}, 0, fmt.Errorf("%q has too many letters", run)
		}
		return part{kind: k, min: n, max: 2}, 0, nil
	}
	switch run[0] {
	case 'y':
		switch n {
		case 4:
			return part{kind: partYear4, min: 4, max: 4}, 0, nil
		case 2:
			return part{kind: partYear2, min: 2, max: 2}, 0, nil
		}
		return part{}, 0, fmt.Errorf("%q: write yy or yyyy", run)
	case 'M':
		if n >= 3 {
			return part{kind: partMonthName}, 0, nil
		}
		return digits(partMonth)
	case 'm':
		if isMinute(before, rest) {
			return digits(partMinute)
		}
		if n >= 3 {
			return part{kind: partMonthName}, 0, nil
		}
		return digits(partMonth)
	case 'd', 'D':
		if n >= 3 {
			return part{kind: partWeekday}, 0, nil
		}
		return digits(partDay)
	case 'E':
		return part{kind: partWeekday}, 0, nil
	case 'H', 'h':
		return digits(partHour)
	case 's':
		return digits(partSecond)
	case 'S':
		return part{kind: partFraction, min: 1, max: 9}, 0, nil
	case 'a':
		return part{kind: partAmPm}, 0, nil
	case 'Z', 'z', 'X', 'x':
		return part{kind: partOffset}, 0, nil
	case 'T':
		return part{literal: run}, 0, nil
	case '\'':
		if n > 1 {
			return part{}, 0, fmt.Errorf("write literal text as 'text'")
		}
		i := strings.IndexByte(rest, '\'')
		if i < 0 {
			return part{}, 0, fmt.Errorf("the quote ' is never closed")
		}
		return part{literal: rest[:i]}, i + 1, nil
	}
	if c := run[0]; 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
		return part{}, 0, fmt.Errorf("the letter %q means nothing; known are y M d H h m s S a Z, ddd, MMM and the words epoch_s, epoch_ms, rfc3339", run[:1])
	}
	return part{literal: run}, 0, nil
}

func isMinute(before []part, rest string) bool {
	for i := len(before) - 1; i >= 0; i-- {
		if before[i].kind == partLiteral {
			continue
		}
		if before[i].kind == partHour {
			return true
		}
		break
	}
	return strings.HasPrefix(strings.TrimLeft(rest, ":. "), "s")
}

// parse reads a text written as the layout says, in the zone where it names no offset. Unix ms.
func (l *layout) parse(s string, zone *time.Location) (at int64, ok bool) {
	return l.parseOn(s, zone, 0)
}

// parseOn reads a text as if its date were some days later, which is not the same as adding days to an instant: the clock may skip or repeat the time on one of them.
func (l *layout) parseOn(s string, zone *time.Location, days int) (at int64, ok bool) {
	if l.whole != nil {
		at, ok = l.whole(s)
		return at + int64(days)*dayMs, ok
	}
	var year, month, day, hour, minute, second, nano, offset int
	hasOffset, pm, hasAmPm := false, false, false
	for i := range l.parts {
		p := &l.parts[i]
		var n int
		switch p.kind {
		case partLiteral:
			if !strings.HasPrefix(s, p.literal) {
				return 0, false
			}
			s = s[len(p.literal):]
			continue
		case partMonthName:
			if month, s, ok = monthName(s); !ok {
				return 0, false
			}
			continue
		case partWeekday:
			s = strings.TrimLeftFunc(s, isLetterOrDot)
			continue
		case partAmPm:
			if pm, s, ok = amPm(s); !ok {
				return 0, false
			}
			hasAmPm = true
			continue
		case partOffset:
			if offset, s, ok = parseOffset(s); !ok {
				return 0, false
			}
			hasOffset = true
			continue
		}
		width := 0
		if n, width = leadingNumber(s, p.max); width < p.min {
			return 0, false
		}
		s = s[width:]
		switch p.kind {
		case partYear4:
			year = n
		case partYear2:
			if year = 2000 + n; n >= 69 { // as POSIX has it
				year = 1900 + n
			}
		case partMonth:
			month = n
		case partDay:
			day = n
		case partHour:
			hour = n
		case partMinute:
			minute = n
		case partSecond:
			second = n
		case partFraction:
			for ; width < 9; width++ {
				n *= 10
			}
			nano = n
		}
	}
	if hasAmPm {
		if hour < 1 || hour > 12 {
			return 0, false
		}
		hour %= 12
		if pm {
			hour += 12
		}
	}
	if s != "" || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || minute > 59 || second > 59 || hour > 24 || hour == 24 && (minute|second|nano) != 0 {
		return 0, false
	}
	day += days
	if hasOffset {
		return time.Date(year, time.Month(month), day, hour, minute, second, nano, time.UTC).UnixMilli() - int64(offset)*1000, true
	}
	return local(time.Date(year, time.Month(month), day, hour, minute, second, nano, zone), year, month, day, hour, minute, second).UnixMilli(), true
}

// local settles wall times near a change of the zone's offset: a time that the clock shows twice is the first of the two, one that it skips is
// as much later as the clock is put forward. (time.Date promises neither.)
func local(t time.Time, year, month, day, hour, minute, second int) time.Time {
	_, now := t.Zone()
	_, before := t.Add(-3 * time.Hour).Zone()
	if now == before {
		if _, after := t.Add(3 * time.Hour).Zone(); after == now {
			return t
		}
	}
	wall := time.Date(year, time.Month(month), day, hour, minute, second, t.Nanosecond(), time.UTC)
	first := wall.Add(-time.Duration(before) * time.Second).In(t.Location())
	_, offset := first.Zone()
	if offset == before {
		return first
	}
	second2 := wall.Add(-time.Duration(offset) * time.Second).In(t.Location())
	if _, o := second2.Zone(); o == offset {
		return second2
	}
	return first
}

func leadingNumber(s string, most int) (n, width int) {
	for width < len(s) && width < most && s[width] >= '0' && s[width] <= '9' {
		n = n*10 + int(s[width]-'0')
		width++
	}
	return n, width
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// monthNumbers knows months by three letters in English, Spanish and Portuguese.
var monthNumbers = map[string]int{
	"jan": 1, "ene": 1, "feb": 2, "fev": 2, "mar": 3, "apr": 4, "abr": 4, "may": 5, "mai": 5, "jun": 6, "jul": 7, "aug": 8, "ago": 8,
	"sep": 9, "set": 9, "oct": 10, "out": 10, "nov": 11, "dec": 12, "dic": 12, "dez": 12,
}

func monthName(s string) (month int, rest string, ok bool) {
	rest = strings.TrimLeftFunc(s, isLetterOrDot)
	if len(s)-len(rest) < 3 {
		return 0, s, false
	}
	month, ok = monthNumbers[strings.ToLower(s[:3])]
	return month, rest, ok
}

func isLetterOrDot(r rune) bool {
	return r == '.' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r >= 0xc0
}

func amPm(s string) (pm bool, rest string, ok bool) {
	t := strings.ToLower(s)
	for _, form := range []string{"am", "a.m.", "a. m.", "pm", "p.m.", "p. m."} {
		if strings.HasPrefix(t, form) {
			return form[0] == 'p', s[len(form):], true
		}
	}
	return false, s, false
}

// parseOffset reads Z, UTC, GMT, +hh, +hhmm or +hh:mm.
func parseOffset(s string) (seconds int, rest string, ok bool) {
	for _, zero := range []string{"UTC", "GMT", "Z"} {
		if strings.HasPrefix(s, zero) {
			return 0, s[len(zero):], true
		}
	}
	if s == "" || s[0] != '+' && s[0] != '-' {
		return 0, s, false
	}
	negative := s[0] == '-'
	hours, width := leadingNumber(s[1:], 2)
	if width != 2 {
		return 0, s, false
	}
	rest = s[3:]
	minutes := 0
	if m, w := leadingNumber(strings.TrimPrefix(rest, ":"), 2); w == 2 {
		minutes = m
		rest = strings.TrimPrefix(rest, ":")[2:]
	}
	if hours > 15 || minutes > 59 {
		return 0, s, false
	}
	seconds = hours*3600 + minutes*60
	if negative {
		seconds = -seconds
	}
	return seconds, rest, true
}

// parseDecimal reads a number with a point and returns it times ten to the given power, cut to an integer.
func parseDecimal(s string, power int) (int64, bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	if len(fraction) > power {
		if !isDigits(fraction) {
			return 0, false
		}
		fraction = fraction[:power]
	}
	for len(fraction) < power {
		fraction += "0"
	}
	if whole == "" || whole == "-" || whole == "+" || len(whole) > 15 {
		return 0, false
	}
	n, err := strconv.ParseInt(whole+fraction, 10, 64)
	return n, err == nil
}

func isDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
