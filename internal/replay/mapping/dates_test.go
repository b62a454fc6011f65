package mapping

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/vigia-cx/vigia/internal/sla"
)

func TestLayouts(t *testing.T) {
	for _, c := range []struct{ layout, text, want string }{
		{"yymmdd h:mm:ss", "990201 7:02:47", "1999-02-01T07:02:47Z"},
		{"yymmdd h:mm:ss", "680201 17:02:47", "2068-02-01T17:02:47Z"},
		{"ddd MMM dd HH:mm:ss Z yyyy", "Tue Oct 31 22:10:47 +0000 2017", "2017-10-31T22:10:47Z"},
		{"ddd MMM dd HH:mm:ss Z yyyy", "Tue Oct 31 22:10:47 -0330 2017", "2017-11-01T01:40:47Z"},
		{"rfc3339", "2026-01-05T10:00:00.25-06:00", "2026-01-05T16:00:00.25Z"},
		{"epoch_s", "1366720340.303267", "2013-04-23T12:32:20.303Z"},
		{"epoch_ms", "1366720340303", "2013-04-23T12:32:20.303Z"},
		{"dd/MM/yyyy HH:mm", "1/2/2026 9:05", "2026-02-01T09:05:00Z"},
		{"d/m/yy H:mm", "1/2/26 9:05", "2026-02-01T09:05:00Z"},
		{"dd/mm/yyyy hh:mm:ss a", "01/02/2026 12:00:01 a. m.", "2026-02-01T00:00:01Z"},
		{"MM/dd/yyyy h:mm a", "02/01/2026 12:30 PM", "2026-02-01T12:30:00Z"},
		{"yyyy-MM-dd'T'HH:mm:ss.SSSZ", "2026-02-01T10:00:00.5Z", "2026-02-01T10:00:00.5Z"},
		{"yyyyMMddHHmmss", "20260201100203", "2026-02-01T10:02:03Z"},
		{"dd MMM yyyy", "3 ene. 2026", "2026-01-03T00:00:00Z"},
		{"dd MMM yyyy", "3 dezembro 2026", "2026-12-03T00:00:00Z"},
		{"yyyy-MM-dd HH:mm", "2026-02-01 24:00", "2026-02-02T00:00:00Z"},
		{"yyyy-MM-dd 'at' HH:mm", "2026-02-01 at 10:00", "2026-02-01T10:00:00Z"},
		{"yyyy-MM-dd", "2024-02-29", "2024-02-29T00:00:00Z"},
		{"yyyy-MM-dd", "2026-02-29", ""},
		{"yyyy-MM-dd", "2026-13-01", ""},
		{"yyyy-MM-dd", "2026-01-01 ", ""},
		{"yyyy-MM-dd", "", ""},
		{"yymmdd h:mm:ss", "990201 7:60:47", ""},
		{"yymmdd h:mm:ss", "990201 25:00:00", ""},
		{"yymmdd h:mm:ss", "9902 7:02:47", ""},
		{"MM/dd/yyyy h:mm a", "02/01/2026 13:30 PM", ""},
		{"epoch_s", "1e9", ""},
		{"epoch_s", "soon", ""},
		{"dd MMM yyyy", "3 foo 2026", ""},
	} {
		l, err := parseLayout(c.layout)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		got := ""
		if at, ok := l.parse(c.text, time.UTC); ok {
			got = time.UnixMilli(at).UTC().Format(time.RFC3339Nano)
		}
		if got != c.want {
			t.Errorf("%q as %q = %q, want %q", c.text, c.layout, got, c.want)
		}
	}
}

// A wall time that comes twice is the first of the two; one that never comes is moved on by what the clock skips.
func TestWallTimes(t *testing.T) {
	for _, c := range []struct{ zone, text, want string }{
		{"Europe/Madrid", "2026-03-29 02:30", "2026-03-29T01:30:00Z"}, // skipped
		{"Europe/Madrid", "2026-10-25 02:30", "2026-10-25T00:30:00Z"}, // twice
		{"Europe/Madrid", "2026-10-25 03:00", "2026-10-25T02:00:00Z"},
		{"America/New_York", "2026-03-08 02:30", "2026-03-08T07:30:00Z"},
		{"America/New_York", "2026-11-01 01:30", "2026-11-01T05:30:00Z"},
		{"America/New_York", "2026-11-01 02:00", "2026-11-01T07:00:00Z"},
		{"America/Santiago", "2026-04-04 23:30", "2026-04-05T02:30:00Z"},
		{"Asia/Jerusalem", "1999-02-01 08:00", "1999-02-01T06:00:00Z"},
	} {
		zone, err := sla.LoadZone(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		l, err := parseLayout("yyyy-MM-dd HH:mm")
		if err != nil {
			t.Fatal(err)
		}
		at, ok := l.parse(c.text, zone)
		if got := time.UnixMilli(at).UTC().Format(time.RFC3339); !ok || got != c.want {
			t.Errorf("%s in %s = %s, want %s", c.text, c.zone, got, c.want)
		}
	}
}

// Reading back what was written gives the instant again, or the earlier of two that look alike.
func TestLayoutRoundTrip(t *testing.T) {
	zones := []string{"UTC", "America/Mexico_City", "America/Sao_Paulo", "Asia/Kathmandu", "Europe/Madrid", "Australia/Lord_Howe"}
	rapid.Check(t, func(t *rapid.T) {
		zone, err := sla.LoadZone(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		at := time.Unix(rapid.Int64Range(946684800, 4102444800).Draw(t, "at"), 0).In(zone)
		const wall = "2006-01-02 15:04:05"
		l, err := parseLayout("yyyy-MM-dd HH:mm:ss")
		if err != nil {
			t.Fatal(err)
		}
		ms, ok := l.parse(at.Format(wall), zone)
		got := time.UnixMilli(ms).In(zone)
		if !ok || got.Format(wall) != at.Format(wall) || got.After(at) {
			t.Fatalf("%s became %s", at, got)
		}
	})
}

func TestLayoutErrors(t *testing.T) {
	for src, want := range map[string]string{
		"yyyy-MM-dd mm:yyyy": "twice",
		"yyy-MM-dd":          "write yy or yyyy",
		"yyyy-MM-ddd":        "lacks",
		"yyyy-MM-dd HHH":     "too many letters",
		"yyyy-MM-dd 'at":     "never closed",
		"":                   "lacks",
	} {
		if _, err := parseLayout(src); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want it to contain %q", src, err, want)
		}
	}
}

// A clock that belongs to the next day is read on that day, also when the clocks change on the one before or after.
func TestParseNextDay(t *testing.T) {
	zone, err := time.LoadLocation("Asia/Jerusalem")
	if err != nil {
		t.Fatal(err)
	}
	l, err := parseLayout("yymmdd h:mm:ss")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"990402 2:30:00": "1999-04-03T02:30:00+03:00", // skipped on the 2nd
		"990401 2:30:00": "1999-04-02T03:30:00+03:00", // skipped on the day it is read on
		"990903 1:30:00": "1999-09-04T01:30:00+02:00", // twice on the 3rd
		"990902 1:30:00": "1999-09-03T01:30:00+03:00", // twice on the day it is read on: the first
		"991231 0:10:00": "2000-01-01T00:10:00+02:00",
	} {
		at, ok := l.parseOn(text, zone, 1)
		if got := time.UnixMilli(at).In(zone).Format(time.RFC3339); !ok || got != want {
			t.Errorf("the day after %s: %s, want %s", text, got, want)
		}
	}
}
