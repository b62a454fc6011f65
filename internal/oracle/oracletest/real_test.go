package oracletest

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/fold"
	"github.com/vigia-cx/vigia/internal/oracle"
	"github.com/vigia-cx/vigia/internal/replay"
	"github.com/vigia-cx/vigia/internal/replay/mapping"
)

// TestRealLogsEqualOracle folds the call log of a bank and the public support conversations of some sixty brands, and computes them again.
func TestRealLogsEqualOracle(t *testing.T) {
	for _, name := range []string{"anonymous-bank", "twcs"} {
		t.Run(name, func(t *testing.T) {
			log := realLog(t, name)
			c := compare(t, log, false)
			if len(c.diffs) > 0 {
				t.Errorf("%d of %d cells differ:\n%s", len(c.diffs), c.cells, strings.Join(c.diffs[:min(20, len(c.diffs))], "\n"))
			}
			t.Logf("compared: %d records, %d moments, %d cells", len(log), len(c.world.Moments()), c.cells)
		})
	}
}

// realLog is a log of the shared data, read with the mapping of its name: its events in the order of time, with a tick for each minute in which something happens and one an hour.
func realLog(t *testing.T, name string) []oracle.Placed {
	t.Helper()
	root := cmp.Or(os.Getenv("VIGIA_SHARED"), filepath.Join("..", "..", "..", "..", "shared"))
	files, err := filepath.Glob(filepath.Join(root, "data", name, "*.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skipf("no %s/*.gz under %s: set VIGIA_SHARED to the folder that holds data/", name, root)
	}
	packed, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	m, err := mapping.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	events, policies, _, err := replay.ReadLog(t.Context(), m, []mapping.Input{{Name: files[0], R: z}}, "")
	if err != nil {
		t.Fatal(err)
	}
	var log []oracle.Placed
	add := func(key string, body event.RecordBody) {
		log = append(log, oracle.Placed{Offset: int64(len(log)), Key: key, Body: body})
	}
	now := events[0].At/minute*minute - minute
	add("", event.Tick{At: now})
	for _, tenant := range slices.Sorted(maps.Keys(policies)) {
		add("", fold.PolicyRecord(policies[tenant], false))
	}
	for _, e := range events {
		for ; e.At/hour > now/hour; now = (now/hour + 1) * hour {
			add("", event.Tick{At: now})
		}
		if at := e.At / minute * minute; at > now {
			add("", event.Tick{At: at})
			now = at
		}
		add(e.Key(), e)
	}
	for range 48 {
		now += hour
		add("", event.Tick{At: now})
	}
	return log
}
