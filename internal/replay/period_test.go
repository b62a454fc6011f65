package replay

import (
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/sla"
)

func TestPeriods(t *testing.T) {
	for _, c := range []struct {
		by             By
		zone, at       string
		from, to       string
		hours, minutes int // length
	}{
		{Quarter, "UTC", "2026-01-01T10:14:59Z", "2026-01-01T10:00:00Z", "2026-01-01T10:15:00Z", 0, 15},
		{Half, "UTC", "2026-01-01T10:30:00Z", "2026-01-01T10:30:00Z", "2026-01-01T11:00:00Z", 0, 30},
		{Hour, "Asia/Kathmandu", "2026-01-01T10:30:00+05:45", "2026-01-01T10:00:00+05:45", "2026-01-01T11:00:00+05:45", 1, 0},
		{Hour, "Europe/Madrid", "2026-10-25T02:30:00+02:00", "2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00", 1, 0}, // first of two
		{Hour, "Europe/Madrid", "2026-10-25T02:30:00+01:00", "2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00", 1, 0}, // second
		{Hour, "Australia/Lord_Howe", "2026-04-05T01:45:00+10:30", "2026-04-05T01:30:00+10:30", "2026-04-05T02:00:00+10:30", 0, 30},
		{Day, "Asia/Jerusalem", "1999-04-02T12:00:00+03:00", "1999-04-02T00:00:00+02:00", "1999-04-03T00:00:00+03:00", 23, 0},
		{Day, "America/Sao_Paulo", "2018-11-04T12:00:00-02:00", "2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00", 23, 0}, // no midnight
		{Week, "America/Lima", "2026-01-04T23:00:00-05:00", "2025-12-29T00:00:00-05:00", "2026-01-05T00:00:00-05:00", 168, 0},
		{Week, "America/Lima", "2026-01-05T00:00:00-05:00", "2026-01-05T00:00:00-05:00", "2026-01-12T00:00:00-05:00", 168, 0},
		{Month, "America/Lima", "2025-12-31T23:59:59-05:00", "2025-12-01T00:00:00-05:00", "2026-01-01T00:00:00-05:00", 744, 0},
		{Week, "UTC", "1969-12-31T00:00:00Z", "1969-12-29T00:00:00Z", "1970-01-05T00:00:00Z", 168, 0},
	} {
		zone, err := sla.LoadZone(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		from, to := c.by.period(at.UnixMilli(), zone)
		show := func(ms int64) string { return time.UnixMilli(ms).In(zone).Format(time.RFC3339) }
		if show(from) != c.from || show(to) != c.to || to-from != int64(c.hours)*hourMs+int64(c.minutes)*minuteMs {
			t.Errorf("%s of %s in %s: [%s, %s), want [%s, %s)", c.by, c.at, c.zone, show(from), show(to), c.from, c.to)
		}
		if again, _ := c.by.period(to-1, zone); again != from {
			t.Errorf("%s of %s in %s: the last instant belongs to another period", c.by, c.at, c.zone)
		}
	}
}

func TestParseBy(t *testing.T) {
	if _, err := ParseBy("fortnight"); err == nil {
		t.Error("fortnight is no period")
	}
	for _, b := range periods {
		if got, err := ParseBy(string(b)); err != nil || got != b {
			t.Errorf("%s: %v, %v", b, got, err)
		}
	}
}
