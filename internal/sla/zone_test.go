package sla

import (
	"archive/zip"
	"strings"
	"testing"
	"time"
)

// TestEveryZone compiles an office in each zone there is, some of which change
// their clocks in ways nobody expects.
func TestEveryZone(t *testing.T) {
	r, err := zip.NewReader(strings.NewReader(zoneinfo), int64(len(zoneinfo)))
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	zones := 0
	for _, f := range r.File {
		if f.FileInfo().IsDir() {
			continue
		}
		zones++
		c := compile(t, office(f.Name))
		if due := c.Add(start, 1000*hour); c.Elapsed(start, due) != 1000*hour {
			t.Errorf("%s: 1000 h end at %d", f.Name, due)
		}
		for i := 1; i < len(c.offsets); i++ {
			if a, b := c.offsets[i-1], c.offsets[i]; a.start >= b.start || a.sum > b.sum || a.ms == b.ms {
				t.Errorf("%s: offsets %+v and %+v", f.Name, a, b)
			}
		}
	}
	if zones < 590 {
		t.Errorf("%d zones in the binary, want them all", zones)
	}
}
