package sla

import "testing"

func TestHolidaySet(t *testing.T) {
	dates, err := HolidaySet("mx")
	if err != nil {
		t.Fatal(err)
	}
	for date, want := range map[string]bool{"2026-09-16": true, "2026-12-25": true, "2026-11-16": true, "2026-09-15": false} {
		if dates[date] != want {
			t.Errorf("%s: %v, want %v", date, dates[date], want)
		}
	}
	if _, err := HolidaySet("atlantis"); err == nil {
		t.Error("a set that does not exist is no error")
	}
}
