package reference

import (
	"cmp"
	"compress/gzip"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// shared opens the one gzip file in a folder of the shared data, or skips the test.
func shared(t *testing.T, folder string) io.Reader {
	t.Helper()
	root := cmp.Or(os.Getenv("VIGIA_SHARED"), filepath.Join("..", "..", "..", "..", "shared"))
	files, err := filepath.Glob(filepath.Join(root, "data", folder, "*.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skipf("no %s/*.gz under %s: set VIGIA_SHARED to the folder that holds data/", folder, root)
	}
	file, err := os.Open(files[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	plain, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func logLedger(t *testing.T, ledger Ledger, notes Notes) {
	t.Helper()
	if err := ledger.Check(); err != nil {
		t.Error(err)
	}
	t.Logf("rows %d, used %d", ledger.Rows, ledger.Used)
	for _, reason := range slices.Sorted(maps.Keys(ledger.Unused)) {
		t.Logf("unused %5d  %s", len(ledger.Unused[reason]), reason)
	}
	for _, note := range slices.Sorted(maps.Keys(notes)) {
		lines := notes[note]
		t.Logf("note   %5d  %s, first in lines %v", len(lines), note, lines[:min(3, len(lines))])
	}
}

func percentiles(d Durations) []int64 {
	var values []int64
	for _, percent := range []int{50, 90, 95, 99} {
		if value, ok := d.Percentile(percent); ok {
			values = append(values, value)
		}
	}
	return values
}

// TestBankSharedData checks that every row, contact and cell adds up, and prints totals.
func TestBankSharedData(t *testing.T) {
	result, err := Bank(shared(t, "anonymous-bank"))
	if err != nil {
		t.Fatal(err)
	}
	logLedger(t, result.Ledger, result.Notes)
	if got := len(result.Contacts) + len(result.IVRHangups); got != result.Ledger.Used {
		t.Errorf("%d contacts and IVR hang-ups, but %d used rows", got, result.Ledger.Used)
	}
	tenant := result.Cells[BankKey{"total", Total, ""}]
	if tenant.Offered != int64(len(result.Contacts)) {
		t.Errorf("%d offered, but %d contacts", tenant.Offered, len(result.Contacts))
	}
	type sums struct{ offered, answered, abandoned, short, inTarget, wait, handled, handling int64 }
	of := map[string]*sums{} // by kind of period and group kind: each must equal the tenant's total
	for key, cell := range result.Cells {
		group := "queues"
		if key.Queue == "" {
			group = "tenant"
		}
		s := of[key.By+" "+group]
		if s == nil {
			s = &sums{}
			of[key.By+" "+group] = s
		}
		s.offered += cell.Offered
		s.answered += cell.Outcomes.Answered
		s.abandoned += cell.Outcomes.Abandoned
		s.short += cell.Outcomes.AbandonedShort
		s.inTarget += cell.Outcomes.AnsweredInTarget
		s.wait += cell.SpeedOfAnswer.Sum()
		s.handled += cell.HandleTime.N()
		s.handling += cell.HandleTime.Sum()
		if cell.Offered != cell.Outcomes.Answered+cell.Outcomes.Abandoned || cell.SpeedOfAnswer.N() != cell.Outcomes.Answered {
			t.Errorf("%v does not add up: %+v", key, cell.Outcomes)
		}
	}
	if len(of) != 6 {
		t.Errorf("%d kinds of cells, want 6", len(of))
	}
	for name, s := range of {
		if *s != *of["total tenant"] {
			t.Errorf("%s adds up to %+v, the tenant's total is %+v", name, *s, *of["total tenant"])
		}
	}
	for key, cell := range result.Cells {
		if key.By != "total" {
			continue
		}
		t.Logf("%q offered %d, answered %d, abandoned %d (short %d), wait sum %d n %d %v, handle sum %d n %d %v", key.Queue,
			cell.Offered, cell.Outcomes.Answered, cell.Outcomes.Abandoned, cell.Outcomes.AbandonedShort,
			cell.SpeedOfAnswer.Sum(), cell.SpeedOfAnswer.N(), percentiles(cell.SpeedOfAnswer),
			cell.HandleTime.Sum(), cell.HandleTime.N(), percentiles(cell.HandleTime))
		for _, preset := range Presets {
			t.Logf("%q   %-20s %v", key.Queue, preset, cell.ServiceLevel[preset])
		}
	}
}

// TestTwcsSharedData checks that every row and turn adds up, and prints the brands.
func TestTwcsSharedData(t *testing.T) {
	result, err := Twcs(shared(t, "twcs"))
	if err != nil {
		t.Fatal(err)
	}
	logLedger(t, result.Ledger, result.Notes)
	var first, next, responses int64
	for _, r := range result.Responses {
		responses++
		first += one(r.First)
		if r.AnsweredAt < r.AskedAt {
			t.Errorf("line %d answers line %d before it was asked", r.AnsweredLine, r.AskedLine)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(result.Brands)) {
		b := result.Brands[name]
		first -= b.FirstResponse.N()
		next += b.NextResponse.N()
		responses -= b.FirstResponse.N() + b.NextResponse.N()
		if b.FirstResponse.N() > b.ConversationsStarted {
			t.Errorf("%s: %d first responses in %d conversations", name, b.FirstResponse.N(), b.ConversationsStarted)
		}
		t.Logf("%-16s conversations %3d, first n %3d sum %9d %v, next n %3d sum %8d %v", name, b.ConversationsStarted,
			b.FirstResponse.N(), b.FirstResponse.Sum(), percentiles(b.FirstResponse),
			b.NextResponse.N(), b.NextResponse.Sum(), percentiles(b.NextResponse))
	}
	if first != 0 || responses != 0 {
		t.Errorf("the brands miss %d responses, %d of them first ones", responses, first)
	}
}
