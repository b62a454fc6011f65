package sla

import "time"

// HolidaySet returns the dates, such as "2026-12-25", on which a national holiday set is closed. It fails on sets that are unknown.
func HolidaySet(set string) (map[string]bool, error) {
	days, err := setDays(set)
	if err != nil {
		return nil, err
	}
	dates := make(map[string]bool, len(days))
	for _, d := range days {
		dates[time.UnixMilli(int64(d)*dayMs).UTC().Format(time.DateOnly)] = true
	}
	return dates, nil
}
