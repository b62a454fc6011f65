package mapping_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"strings"
	"testing"

	"github.com/vigia-cx/vigia/internal/replay/mapping"
)

// Drafts are read by Parse, fit the file they were made from and say what they found.
func TestSniff(t *testing.T) {
	for _, c := range []struct {
		name, text string
		used       int
		want       []string
	}{
		{"tickets.csv", "Folio;Creado el;Primera respuesta;Cerrado;Cliente;Asesor;Cola\n" +
			"7;13/01/2026 10:00;13/01/2026 10:05;14/01/2026 09:00;c1;Ana;Ventas\n8;14/01/2026 10:00;;;c2;;Ventas\n", 2,
			[]string{"delimiter: semicolon", "header: true", `layout: "dd/MM/yyyy HH:mm"`, "channel: ticket", "message: outbound, at: replied", "at: resolved", `conversation: "{folio}"`, `queue: "{cola}"`, `agent: "{asesor}"`}},
		{"calls.csv.gz", "call_id,queue,agent,created,answered_at,ended_at\n" +
			"1,PS,Ana,2026-01-05 10:00:00,2026-01-05 10:00:20,2026-01-05 10:03:00\n2,PS,,2026-01-05 10:00:00,,2026-01-05 10:00:09\n", 2,
			[]string{"channel: voice", `answered: {column: answered_at, layout: "yyyy-MM-dd HH:mm:ss"}`, `name: "calls"`}},
		{"noheader", "1700000000|a1|x\n1700000060|a2|y\n", 2, []string{"delimiter: pipe", "header: false", "column_1: 1", `layout: "epoch_s"`, `conversation: "{column_2}"`}},
		{"amerikan.csv", "id,when\n1,02/03/2026 10:00\n", 1, []string{`CHECK: or is it "MM/dd/yyyy HH:mm"?`}},
		{"latin.csv", "id,a\xf1o,fecha\n1,x,2026-01-05T10:00:00Z\n", 1, []string{"encoding: windows-1252", `año: "año"`}},
		{"nodates.csv", "id,colour\n1,red\n", 0, []string{"no column looks like a time"}},
		{"twice.csv", "id,id,at\n1,x,2026-01-05\n", 1, []string{"column_1: 1", "column_2: 2"}},
		{"events.jsonl", `{"tenantId":"x"}`, 0, []string{"format: events"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := c.text
			if strings.HasSuffix(c.name, ".gz") {
				var b bytes.Buffer
				z := gzip.NewWriter(&b)
				_, _ = z.Write([]byte(text)) // into memory: cannot fail
				_ = z.Close()
				text = b.String()
			}
			draft, err := mapping.Sniff("/data/"+c.name, strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range c.want {
				if !strings.Contains(string(draft), want) {
					t.Errorf("the draft lacks %q", want)
				}
			}
			m, err := mapping.Parse("draft", draft)
			if err != nil {
				t.Fatal(err)
			}
			res, err := m.Read(context.Background(), []mapping.Input{{Name: c.name, R: strings.NewReader(text)}}, mapping.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if res.Ledger.Used != c.used {
				t.Errorf("the draft uses %d rows, want %d\n%s", res.Ledger.Used, c.used, res.Ledger)
			}
			if t.Failed() {
				t.Logf("draft:\n%s", draft)
			}
		})
	}
}

func TestSniffShared(t *testing.T) {
	for file, want := range map[string][]string{
		"anonymous-bank/calls-1999-02-01--14.tsv.gz": {"channel: voice", `queued: {date: date, clock: q_start, layout: "yymmdd H:mm:ss", follows: col_started, empty: ["0:00:00"]}`},
		"twcs/tweets-a.csv.gz":                       {"threads: {id: tweet_id, parent: in_response_to_tweet_id, at: started}", `inbound == "True"`},
	} {
		draft, err := mapping.Sniff(file, sharedData(t, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(string(draft), strings.ReplaceAll(w, "col_started", "started")) {
				t.Errorf("the draft for %s lacks %q:\n%s", file, w, draft)
			}
		}
	}
}

func TestSniffRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "x is empty",
		"PK\x03\x04\x14[Content_Types].xml": "Excel workbook",
		"%PDF-1":                            "PDF",
		"\xff\xfea\x00":                     "UTF-16",
		"\n\n\n":                            "no complete row",
	} {
		if _, err := mapping.Sniff("x", strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
