package sla

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

const (
	dayMinutes = 24 * 60
	minuteMs   = int64(60_000)
	hourMs     = 60 * minuteMs
	dayMs      = dayMinutes * minuteMs
)

// span is [from,to) in minutes since midnight on the wall. In the hours that a
// day owns, to may pass 1440: the night belongs to the day it starts on.
type span struct{ from, to int32 }

var weekdays = [7]string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// week is the hours that each weekday owns, Monday first.
type week [7][]span

// parseWeek reads the keys "mon", "mon-fri" and "daily". The more precise key
// wins, so {"mon-fri": …, "fri": …} means what it looks like.
func parseWeek(spec map[string][]string) (week, error) {
	var (
		w     week
		owner [7]string
		rank  [7]int // 0 = not given yet
		errs  []error
	)
	for _, key := range slices.Sorted(maps.Keys(spec)) {
		days, r, err := parseDays(key)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		hours, err := parseHours(spec[key])
		if err != nil {
			errs = append(errs, within(fmt.Sprintf("week %q", key), err))
			continue
		}
		for _, d := range days {
			switch {
			case rank[d] == r:
				errs = append(errs, fmt.Errorf("week: %q and %q both give hours for %s; keep one", owner[d], key, weekdays[d]))
			case rank[d] < r:
				w[d], owner[d], rank[d] = hours, key, r
			}
		}
	}
	return w, errors.Join(errs...)
}

// parseDays returns the days of a week key, 0 = Monday, and how precise it is.
func parseDays(key string) (days []int, rank int, err error) {
	k := strings.ToLower(strings.TrimSpace(key))
	if k == "daily" {
		return []int{0, 1, 2, 3, 4, 5, 6}, 1, nil
	}
	first, last, isRange := strings.Cut(k, "-")
	from := slices.Index(weekdays[:], first)
	if !isRange {
		if from >= 0 {
			return []int{from}, 3, nil
		}
	} else if to := slices.Index(weekdays[:], last); from >= 0 && to >= 0 && from != to {
		for d := from; ; d = (d + 1) % 7 { // "sat-mon" runs over the week's end
			days = append(days, d)
			if d == to {
				return days, 2, nil
			}
		}
	}
	return nil, 0, fmt.Errorf(`week: %q is not a day; use mon, tue, wed, thu, fri, sat, sun, a range such as "mon-fri", or "daily"`, key)
}

// parseHours reads the hours that one day owns, sorted and without overlaps.
func parseHours(texts []string) ([]span, error) {
	var (
		hours []span
		errs  []error
	)
	for _, text := range texts {
		s, err := parseSpan(text)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		hours = append(hours, s)
	}
	slices.SortFunc(hours, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	for i := 1; i < len(hours); i++ {
		if hours[i].from < hours[i-1].to {
			errs = append(errs, fmt.Errorf("%s overlaps %s; join them or separate them", hours[i-1], hours[i]))
		}
	}
	return hours, errors.Join(errs...)
}

func parseSpan(text string) (span, error) {
	const form = `write it like "08:00-12:00" ("00:00-24:00" is the whole day, "22:00-06:00" ends the next morning)`
	a, b, ok := strings.Cut(text, "-")
	from, okFrom := parseWall(a)
	to, okTo := parseWall(b)
	switch {
	case !ok || !okFrom || !okTo || from == dayMinutes:
		return span{}, fmt.Errorf("%q is not a range of hours; %s", text, form)
	case from == to:
		return span{}, fmt.Errorf("%q is empty; %s, or leave it out", text, form)
	case to < from:
		to += dayMinutes
	}
	return span{from, to}, nil
}

// parseWall reads "8:05", "08:05" or "24:00" as minutes since midnight.
func parseWall(text string) (int32, bool) {
	h, m, ok := strings.Cut(strings.TrimSpace(text), ":")
	if !ok || len(h) < 1 || len(h) > 2 || len(m) != 2 {
		return 0, false
	}
	hour, errH := strconv.ParseUint(h, 10, 8)
	minute, errM := strconv.ParseUint(m, 10, 8)
	if errH != nil || errM != nil || minute > 59 || hour > 24 || (hour == 24 && minute > 0) {
		return 0, false
	}
	return int32(hour*60 + minute), true
}

// String writes the range as a user would.
func (s span) String() string {
	to := s.to
	if to > dayMinutes {
		to -= dayMinutes
	}
	return fmt.Sprintf(`"%02d:%02d-%02d:%02d"`, s.from/60, s.from%60, to/60, to%60)
}

// effective returns when the wall of a day is open, given the hours the day
// owns and the nights that the day before owns: sorted, disjoint, within
// [0,1440].
func effective(before, own []span) []span {
	var all []span
	for _, s := range before {
		if s.to > dayMinutes {
			all = append(all, span{0, s.to - dayMinutes})
		}
	}
	for _, s := range own {
		all = append(all, span{s.from, min(s.to, dayMinutes)})
	}
	// Both lists are sorted but a night may reach into the morning hours.
	slices.SortFunc(all, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	merged := all[:0]
	for _, s := range all {
		if n := len(merged); n > 0 && s.from <= merged[n-1].to {
			merged[n-1].to = max(merged[n-1].to, s.to)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

func openMs(hours []span) int64 {
	var minutes int64
	for _, s := range hours {
		minutes += int64(s.to - s.from)
	}
	return minutes * minuteMs
}
