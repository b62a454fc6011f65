package mapping_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/vigia-cx/vigia/internal/replay/mapping"
)

// FuzzParse: a mapping is refused or compiles, and a compiled one reads any file or refuses it in words; the ledger adds up and every event is valid.
func FuzzParse(f *testing.F) {
	for _, yaml := range []string{minimal, tickets, "name: x\nformat: events\ntenant: y\n", minimal + "unique: \"{id}\"\nencoding: latin1\n", "rows: [", "a: &a [*a]"} {
		f.Add(yaml, "id,at\na,2026-01-01T10:00:00Z\n")
	}
	f.Fuzz(func(t *testing.T, yaml, text string) {
		m, err := mapping.Parse("f.yaml", []byte(yaml))
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}
		check(t, m, text)
	})
}

// FuzzRead: the shipped mappings survive any bytes.
func FuzzRead(f *testing.F) {
	f.Add(bankHeader + "AA0101\t1\t42\t2\tPS\t990201\t8:00:00\t8:00:10\t10\t8:00:10\t8:00:40\t30\tAGENT\t8:00:39\t8:02:00\t81\tTOVA\n")
	f.Add("tweet_id,author_id,inbound,created_at,text,response_tweet_id,in_response_to_tweet_id\n2,Acme,False,Tue Oct 31 22:10:47 +0000 2017,\"@c1 \"\"hello\",,1\n")
	f.Add("1700000010|1.1|sales|NONE|ENTERQUEUE||anonymous|1\n1700000025|1.1|sales|SIP/8|CONNECT|15|1.2|4\n")
	f.Add("\x1f\x8b\x08")
	f.Add(`{"tenantId":"acme"}`)
	var all []*mapping.Mapping
	for _, name := range mapping.Names() {
		all = append(all, load(f, name))
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, m := range all {
			check(t, m, text)
		}
		draft, err := mapping.Sniff("f.csv", strings.NewReader(text))
		if err != nil {
			if strings.Contains(err.Error(), "BUG") {
				t.Error(err)
			}
			return
		}
		m, err := mapping.Parse("draft", draft)
		if err != nil {
			t.Fatal(err)
		}
		check(t, m, text)
	})
}

func check(t *testing.T, m *mapping.Mapping, text string) {
	res, err := m.Read(context.Background(), []mapping.Input{{Name: "f.csv", R: strings.NewReader(text)}}, mapping.Options{MaxRows: 1000})
	if err != nil {
		return
	}
	if !res.Ledger.Balanced() {
		t.Errorf("the ledger does not add up:\n%s", res.Ledger)
	}
	ids := map[string]bool{}
	for i, e := range res.Events {
		if err := e.Validate(); err != nil {
			t.Errorf("%s: %v", mapping.Describe(e), err)
		}
		if i > 0 && e.At < res.Events[i-1].At {
			t.Error("events out of order")
		}
		ids[e.ID] = true
	}
	if len(ids) != len(res.Events) && m.Name() != "events" {
		t.Errorf("%d events have %d ids", len(res.Events), len(ids))
	}
}

func BenchmarkRead(b *testing.B) {
	for _, c := range []struct{ name, file string }{{"anonymous-bank", "anonymous-bank/calls-1999-02-01--14.tsv.gz"}, {"twcs", "twcs/tweets-a.csv.gz"}} {
		b.Run(c.name, func(b *testing.B) {
			data, err := io.ReadAll(sharedData(b, c.file))
			if err != nil {
				b.Fatal(err)
			}
			m := load(b, c.name)
			rows := 0
			for b.Loop() {
				res, err := m.Read(context.Background(), []mapping.Input{{Name: c.file, R: bytes.NewReader(data)}}, mapping.Options{})
				if err != nil {
					b.Fatal(err)
				}
				rows += res.Ledger.Rows
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
