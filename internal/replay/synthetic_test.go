package replay_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/vigia-cx/vigia/internal/replay"
	"github.com/vigia-cx/vigia/internal/replay/reference"
	"github.com/vigia-cx/vigia/internal/window"
)

const bankHeader = "vru+line\tcall_id\tcustomer_id\tpriority\ttype\tdate\tvru_entry\tvru_exit\tvru_time\tq_start\tq_exit\tq_time\toutcome\tser_start\tser_exit\tser_time\tserver"

// bankLog invents a call log with every fault that a real one has, and some that it may have elsewhere.
type bankLog struct {
	*rand.Rand
	days []string // yymmdd
	id   int
}

func clock(s int) string {
	s = (s%86400 + 86400) % 86400
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

func (b *bankLog) one(of ...string) string { return of[b.IntN(len(of))] }

// row is one call; most are plain.
func (b *bankLog) row() string {
	// Around midnight, around the hours that the clocks skip and repeat, and through the day.
	entry := b.IntN(86400)
	switch b.IntN(8) {
	case 0:
		entry = 86400 - 600 + b.IntN(900)
	case 1:
		entry = 3600/2 + b.IntN(3*3600)
	}
	date := b.days[b.IntN(len(b.days))]
	if date == "990903" || date == "990902" {
		entry = 4*3600 + entry%(12*3600) // which of two hours a clock means that shows both, no rule says
	}
	exit := entry + b.IntN(60)
	queued := exit
	wait := []int{0, 1, 4, 5, 6, 19, 20, 21, b.IntN(600), b.IntN(600)}[b.IntN(10)]
	start := queued + wait
	end := start + b.IntN(1200)
	const never = "0:00:00"
	qs, qe, ss, se := clock(queued), clock(start), clock(start), clock(end)
	outcome, server := "AGENT", b.one("TOVA", "YIFAT", "ANAT", "NO_SERVER")
	kind := b.one("PS", "PS", "PS", "PE", "IN", "NE", "NW", "TT")
	b.id++
	id := b.id
	if b.IntN(10) == 0 {
		id = b.IntN(b.id) + 1 // a repeated id, often while the other call lasts
	}
	switch b.IntN(24) {
	case 0: // never queued
		qs, qe = never, never
		ss = clock(exit)
	case 1: // served before the queue
		ss = clock(queued - b.IntN(30))
	case 2: // no service start
		ss = never
	case 3, 4, 5: // abandoned
		outcome, ss, se, server = "HANG", never, never, "NO_SERVER"
	case 6: // abandoned, yet with a service
		outcome = "HANG"
	case 7: // abandoned before the queue entry
		outcome, qe = "HANG", clock(queued-b.IntN(40))
	case 8: // hung up in the IVR
		outcome, qs, qe, ss, se, server = "HANG", never, never, never, never, "NO_SERVER"
	case 9:
		outcome = "PHANTOM"
	case 10: // ends before it starts
		se = clock(start - 1 - b.IntN(100))
	case 11: // ends in the second it starts
		se = ss
	case 12: // the queue is entered before the call
		qs = clock(entry - 1 - b.IntN(100))
	case 13: // far longer than any call
		se = clock(start + 3600*b.IntN(11))
	case 14: // waits for hours
		ss, se = clock(queued+3600*6), clock(queued+3600*6+b.IntN(100))
	case 15: // unreadable
		switch b.IntN(5) {
		case 0:
			outcome = "TRANSFER"
		case 1:
			kind = ""
		case 2:
			qs = "25:61:00"
		case 3:
			se = "soon"
		case 4:
			date = "990230"
		}
	}
	return strings.Join([]string{fmt.Sprintf("AA01%02d", b.IntN(3)), fmt.Sprint(id), b.one("0", "4711", "815"), b.one("0", "1", "2"), kind, date, clock(entry), clock(exit),
		fmt.Sprint(exit - entry), qs, qe, "0", outcome, ss, se, "0", server}, "\t")
}

// rows invents rows, some of them twice.
func (b *bankLog) rows(n int) []string {
	var out []string
	for range n {
		row := b.row()
		out = append(out, row)
		if b.IntN(40) == 0 {
			out = append(out, row)
		}
	}
	b.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestInventedLogs compares invented logs with the independent computation: weeks with the days on which the clocks change, sparse months, years apart; in several
// files, zipped, with the line ends of Windows.
func TestInventedLogs(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	for seed, days := range [][]string{
		{"990331", "990401", "990402", "990403"},           // the clocks go forward on 2 April
		{"990901", "990902", "990903", "990904", "990905"}, // and back on 3 September
		{"990101", "990228", "990305", "990720", "991231"}, // sparse: every day comes long after the panes of the one before have moved
		{"990314", "990315", "990316", "990317", "990318", "990319", "990320", "990321", "990322", "990323", "990324", "990325", "990326", "990327"},
		{"981230", "990101", "000229", "010301"}, // years
	} {
		log := &bankLog{Rand: rand.New(rand.NewPCG(uint64(seed), 7)), days: days}
		rows := log.rows(700)
		result, err := reference.Bank(strings.NewReader(bankHeader + "\n" + strings.Join(rows, "\n") + "\n"))
		if err != nil {
			t.Fatal(err)
		}
		compareLedger(t, load(t, "anonymous-bank"), []byte(bankHeader+"\n"+strings.Join(rows, "\n")+"\n"), result.Ledger)
		half := len(rows) / 2
		files := [][]byte{
			zipped(t, bankHeader+"\n"+strings.Join(rows[:half], "\n")),
			[]byte(bankHeader + "\r\n" + strings.Join(rows[half:], "\r\n") + "\r\n"),
		}
		for _, c := range []struct {
			by    replay.By
			group []window.Dimension
		}{{replay.Day, byQueue}, {replay.Day, nil}, {replay.Hour, byQueue}, {replay.Hour, nil}, {replay.Total, byQueue}} {
			group := "tenant"
			if len(c.group) > 0 {
				group = "queue"
			}
			t.Run(fmt.Sprintf("%s %s %s", days[0], c.by, group), func(t *testing.T) {
				got := values(t, replay.Options{Mapping: load(t, "anonymous-bank"), By: c.by, Group: c.group, KPIs: bankKPIs, Definitions: bankTypes}, files...)
				compareBank(t, string(c.by), group, result, got)
			})
		}
	}
}
