package reference

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const bankHeader = "vru+line\tcall_id\tcustomer_id\tpriority\ttype\tdate\tvru_entry\tvru_exit\tvru_time\t" +
	"q_start\tq_exit\tq_time\toutcome\tser_start\tser_exit\tser_time\tserver"

// bankLog writes rows given as "id type date entry exit q_start q_exit outcome ser_start ser_exit server".
func bankLog(rows ...string) string {
	lines := []string{bankHeader}
	for _, row := range rows {
		f := strings.Fields(row)
		if len(f) != 11 {
			lines = append(lines, strings.Join(f, "\t"))
			continue
		}
		lines = append(lines, strings.Join([]string{
			"L1", f[0], "0", "0", f[1], f[2], f[3], f[4], "-1", f[5], f[6], "-1", f[7], f[8], f[9], "-1", f[10],
		}, "\t"))
	}
	return strings.Join(lines, "\n") + "\n"
}

func bank(t *testing.T, text string) BankResult {
	t.Helper()
	result, err := Bank(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := result.Ledger.Check(); err != nil {
		t.Error(err)
	}
	return result
}

func TestBankRows(t *testing.T) {
	type outcome struct {
		answered    bool
		at          string // local time of the outcome
		wait, handl int64
		agent       string
	}
	for name, test := range map[string]struct {
		row    string
		want   *outcome // nil when there is no contact
		reason string   // of an unused row
		notes  []string
	}{
		"answered": {
			row:  "1 PS 990201 8:00:00 8:00:10 8:00:10 8:00:40 AGENT 8:00:39 8:02:00 DORIT",
			want: &outcome{true, "1999-02-01 08:00:39", 29, 81, "DORIT"},
		},
		"never queued": {
			row:  "1 PS 990201 8:00:00 8:00:10 0:00:00 0:00:00 AGENT 8:00:09 8:02:00 DORIT",
			want: &outcome{true, "1999-02-01 08:00:09", 0, 111, "DORIT"},
		},
		"no agent, no length": {
			row:   "1 PS 990201 8:00:00 8:00:10 0:00:00 0:00:00 AGENT 8:00:09 8:00:09 NO_SERVER",
			want:  &outcome{true, "1999-02-01 08:00:09", 0, 0, ""},
			notes: []string{NoteServiceEmpty, NoteNoAgent},
		},
		"service before queue entry": {
			row:   "1 PS 990201 8:00:00 8:00:10 8:00:10 8:00:40 AGENT 8:00:08 8:02:00 DORIT",
			want:  &outcome{true, "1999-02-01 08:00:08", 0, 112, "DORIT"},
			notes: []string{NoteServiceBeforeQueue},
		},
		"service ends before it starts": {
			row:   "1 PS 990201 8:00:00 8:00:10 8:00:10 8:00:40 AGENT 8:00:40 8:00:20 DORIT",
			want:  &outcome{true, "1999-02-01 08:00:40", 30, 0, "DORIT"},
			notes: []string{NoteServiceBackwards, NoteServiceEmpty},
		},
		"queued before vru_entry": {
			row:   "1 PS 990201 8:00:50 8:00:00 8:00:00 8:01:00 AGENT 8:01:00 8:02:00 DORIT",
			want:  &outcome{true, "1999-02-01 08:01:00", 60, 60, "DORIT"},
			notes: []string{NoteBeforeEntry},
		},
		"ends past midnight": {
			row:   "1 PS 990228 23:59:00 23:59:10 23:59:10 23:59:20 AGENT 23:59:20 0:00:20 DORIT",
			want:  &outcome{true, "1999-02-28 23:59:20", 10, 60, "DORIT"},
			notes: []string{NoteNextDay},
		},
		"answered past midnight": {
			row:   "1 PS 990228 23:59:56 23:59:56 0:00:02 0:00:29 AGENT 0:00:29 0:00:58 DORIT",
			want:  &outcome{true, "1999-03-01 00:00:29", 27, 29, "DORIT"},
			notes: []string{NoteNextDay},
		},
		"exactly twelve hours before stays": {
			row:   "1 PS 990201 20:00:00 20:00:00 8:00:00 20:00:10 AGENT 20:00:10 20:00:20 DORIT",
			want:  &outcome{true, "1999-02-01 20:00:10", 12*3600 + 10, 10, "DORIT"},
			notes: []string{NoteBeforeEntry},
		},
		"across the begin of summer time": { // 02:00 became 03:00
			row:  "1 PS 990402 1:59:00 1:59:10 1:59:50 3:00:10 AGENT 3:00:10 3:00:40 DORIT",
			want: &outcome{true, "1999-04-02 03:00:10", 20, 30, "DORIT"},
		},
		"no service start": {
			row:    "1 PS 990201 8:00:00 8:00:10 8:00:10 8:00:40 AGENT 0:00:00 0:00:00 DORIT",
			reason: ReasonNoServiceStart,
		},
		"abandoned": {
			row:  "1 PS 990201 8:00:00 8:00:10 8:00:10 8:00:40 HANG 0:00:00 0:00:00 NO_SERVER",
			want: &outcome{false, "1999-02-01 08:00:40", 30, 0, ""},
		},
		"abandoned at midnight": {
			row:   "1 PS 990201 23:59:30 23:59:40 23:59:40 0:00:00 HANG 0:00:00 0:00:00 NO_SERVER",
			want:  &outcome{false, "1999-02-02 00:00:00", 20, 0, ""},
			notes: []string{NoteNextDay},
		},
		"abandoned with a service": {
			row:   "1 PS 990201 8:00:00 8:00:10 8:00:10 8:00:40 HANG 8:00:41 8:00:59 DORIT",
			want:  &outcome{false, "1999-02-01 08:00:40", 30, 0, ""},
			notes: []string{NoteServedHangup},
		},
		"abandoned before the queue entry": {
			row:   "1 PS 990201 8:00:00 8:00:10 8:00:10 8:00:05 HANG 0:00:00 0:00:00 NO_SERVER",
			want:  &outcome{false, "1999-02-01 08:00:05", 0, 0, ""},
			notes: []string{NoteQueueBackwards},
		},
		"hung up in the IVR":    {row: "1 PS 990201 8:00:00 8:00:10 0:00:00 0:00:00 HANG 0:00:00 0:00:00 NO_SERVER"},
		"phantom, even if torn": {row: "1 PS x x x x x PHANTOM x x x", reason: ReasonPhantom},
		"bad time":              {row: "1 PS 990201 8:00:00 8:00:10 8:00:10 8:00:40 AGENT 8:61:00 8:02:00 DORIT", reason: ReasonBadRow},
		"bad date":              {row: "1 PS 990231 8:00:00 8:00:10 8:00:10 8:00:40 AGENT 8:00:40 8:02:00 DORIT", reason: ReasonBadRow},
		"unknown outcome":       {row: "1 PS 990201 8:00:00 8:00:10 8:00:10 8:00:40 OTHER 8:00:40 8:02:00 DORIT", reason: ReasonBadRow},
		"too few columns":       {row: "1 PS 990201", reason: ReasonBadRow},
		"bad IVR exit":          {row: "1 PS 990201 8:00:00 - 0:00:00 0:00:00 HANG 0:00:00 0:00:00 NO_SERVER", reason: ReasonBadRow},
	} {
		t.Run(name, func(t *testing.T) {
			result := bank(t, bankLog(test.row))
			if test.reason != "" {
				want := Ledger{Rows: 1, Unused: map[string][]int{test.reason: {2}}}
				if diff := cmp.Diff(want, result.Ledger); diff != "" {
					t.Fatal(diff)
				}
			}
			var got *outcome
			zone, _ := time.LoadLocation(BankZone)
			for _, c := range result.Contacts {
				got = &outcome{c.Answered, time.Unix(c.OutcomeAt, 0).In(zone).Format(time.DateTime), c.Wait(), c.Handling(), c.Agent}
			}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(outcome{})); diff != "" {
				t.Error(diff)
			}
			if len(result.Notes) != len(test.notes) {
				t.Errorf("notes %v, want %v", result.Notes, test.notes)
			}
			for _, note := range test.notes {
				if diff := cmp.Diff([]int{2}, result.Notes[note]); diff != "" {
					t.Errorf("%s: %s", note, diff)
				}
			}
		})
	}
}

// TestBankPeriods puts an outcome and its end into different hours and days, and an
// entry before the outcome's hour.
func TestBankPeriods(t *testing.T) {
	result := bank(t, bankLog(
		"1 PS 990201 22:59:40 22:59:50 22:59:50 23:00:10 AGENT 23:00:10 0:00:10 DORIT",   // waits 20 s: in target
		"2 PS 990201 23:10:00 23:10:10 23:10:10 23:10:15 HANG 0:00:00 0:00:00 NO_SERVER", // 5 s: short
		"3 NW 990201 23:10:00 23:10:10 23:10:10 23:10:31 HANG 0:00:00 0:00:00 NO_SERVER", // 21 s: not in target
		"4 NW 990201 23:20:00 23:20:10 0:00:00 0:00:00 HANG 0:00:00 0:00:00 NO_SERVER",
	))
	if diff := cmp.Diff([]int{5}, result.IVRHangups); diff != "" {
		t.Error(diff)
	}
	// hour and day of the outcomes, and of the end: each with total, by PS, NW and tenant
	if got, want := len(result.Cells), 3*3+2*2; got != want {
		t.Errorf("%d cells, want %d", got, want)
	}
	hour := result.Cells[BankKey{"hour", "1999-02-01T23:00:00+02:00", ""}]
	want := BankCell{
		Offered:       3,
		Outcomes:      Outcomes{Answered: 1, AnsweredInTarget: 1, Abandoned: 2, AbandonedInTarget: 1, AbandonedShort: 1},
		SpeedOfAnswer: Durations{[]int64{20}},
		AbandonRate:   Ratio{2, 3},
		ServiceLevel: map[string]Ratio{
			"vigia": {1, 2}, "connect": {2, 3}, "genesys": {1, 3}, "genesys-no-short": {1, 2}, "genesys-flowouts": {1, 3},
			"genesys-no-abandons": {1, 1}, "talkdesk-contacts": {1, 2}, "talkdesk-calls": {1, 1},
		},
	}
	if diff := cmp.Diff(want, hour); diff != "" {
		t.Error(diff)
	}
	next := result.Cells[BankKey{"day", "1999-02-02T00:00:00+02:00", "PS"}]
	if next.Offered != 0 || next.HandleTime.N() != 1 || next.HandleTime.Sum() != 3600 {
		t.Errorf("the day after holds %+v, want one handle time of 3600 s and no contact", next)
	}
	if _, ok := result.Cells[BankKey{"hour", "1999-02-01T22:00:00+02:00", ""}]; ok {
		t.Error("the hour of the queue entry holds a contribution")
	}
}

func TestBankRepeatedIdentity(t *testing.T) {
	result := bank(t, bankLog(
		"7 PS 990201 8:00:00 8:00:10 8:00:10 8:00:40 HANG 0:00:00 0:00:00 NO_SERVER",
		"7 NW 990201 8:10:00 8:10:10 8:10:10 8:10:12 AGENT 8:10:12 8:11:00 DORIT",
		"7 NW 990202 8:10:00 8:10:10 8:10:10 8:10:12 AGENT 8:10:12 8:11:00 DORIT", // another day, another call
	))
	if len(result.Contacts) != 3 || result.Ledger.Used != 3 {
		t.Errorf("%d contacts of %d used rows, want 3 of 3", len(result.Contacts), result.Ledger.Used)
	}
	if diff := cmp.Diff(Notes{NoteRepeated: {2, 3}}, result.Notes); diff != "" {
		t.Error(diff)
	}
}

func TestBankHeader(t *testing.T) {
	for _, text := range []string{"", "a\tb\n", "PK\x03\x04"} {
		if _, err := Bank(strings.NewReader(text)); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
	result := bank(t, "\ufeff"+strings.ReplaceAll(bankLog("1 PS 990201 8:00:00 8:00:10 0:00:00 0:00:00 AGENT 8:00:09 8:02:00 DORIT"), "\n", "\r\n")+"\r\n")
	if result.Ledger.Used != 1 || result.Contacts[0].Agent != "DORIT" {
		t.Errorf("with BOM and CRLF: %+v", result)
	}
}
