package mapping_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/replay/mapping"
)

func parse(t testing.TB, yaml string) *mapping.Mapping {
	t.Helper()
	m, err := mapping.Parse("my.yaml", []byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const tickets = `
name: tickets
tenant: acme
channel: ticket
zone: America/Mexico_City
decimal: ","
labels: {tier: "{tier}"}
columns:
  id: Ticket
  tier: {column: Tier, values: {A: gold, B: silver}, empty: [none]}
times:
  created: {column: Created, layout: ["dd/MM/yyyy HH:mm", "yyyy-MM-dd"]}
  replied: {column: Replied, layout: "dd/MM/yyyy HH:mm", empty: ["-"]}
  solved: {column: Solved, layout: "dd/MM/yyyy HH:mm"}
conversation: "{id}"
customer: "{Customer}"
rows:
  - when: Status in ("spam", "test") or (Priority < 1 and not tier is empty)
    skip: "not a case ({Status})"
  - events:
      - {state: opened, at: created, priority: "{Priority}"}
      - {message: inbound, at: created, queue: "{Team name}", id: "{id}/1"}
      - {message: outbound, at: replied, when: replied is not empty, agent: "{Agent}", actor_id: "{Agent}"}
      - {assignment: routed, at: replied, when: replied is not empty, team: second}
      - {state: resolved, at: solved, when: solved is not empty and solved >= created}
      - {survey: csat, at: solved, when: Score is not empty, instrument: csat, score: "{Score}", scale_min: 1, scale_max: 5}
`

const ticketHeader = "Ticket;Tier;Created;Replied;Solved;Customer;Status;Priority;Team name;Agent;Score\n"

func TestTickets(t *testing.T) {
	res := read(t, parse(t, tickets), ticketHeader+
		"1;A;05/01/2026 10:00;5/1/2026 10:30;05/01/2026 12:00;c1;closed;2;\"Sales; north\";Ana;4,5\r\n"+
		"\n"+
		"2;B;2026-01-06;-;;c2;open;2;Sales;;\n"+
		"3;none;05/01/2026 10:00;;;c3;spam;2;;;\n"+
		"4;A;05/01/2026 10:00;;;c3;open;0,5;;;\n"+
		"5;A;31/02/2026 10:00;;;c3;open;2;;;\n"+
		"6;A;05/01/2026 10:00;;05/01/2026 12:00;c3;open;2;;;lots\n"+
		";A;05/01/2026 10:00;;;c3;open;2;;;\n"+
		"8;A;05/01/2026 10:00;;;c3;open;2;;;;;surplus\n"+
		"9;A;05/01/1950 10:00;;;c3;open;2;;;\n"+
		"10;A;;;;c3;open;2;;;\n")
	wantSaid(t, res,
		"2026-01-05T16:00:00Z  acme  1  ticket state opened priority=2 customer=c1 by=customer",
		"2026-01-05T16:00:00Z  acme  1  ticket message inbound id=1/1 queue=Sales; north customer=c1 by=customer",
		"2026-01-05T16:30:00Z  acme  1  ticket assignment routed team=second customer=c1 by=system",
		"2026-01-05T16:30:00Z  acme  1  ticket message outbound id="+messageID(t, res, event.Outbound)+" agent=Ana customer=c1 by=agent",
		"2026-01-05T18:00:00Z  acme  1  ticket state resolved customer=c1 by=agent",
		"2026-01-05T18:00:00Z  acme  1  ticket survey csat score=4.5 of 1 to 5 customer=c1 by=customer",
		"2026-01-06T06:00:00Z  acme  2  ticket state opened priority=2 customer=c2 by=customer",
		"2026-01-06T06:00:00Z  acme  2  ticket message inbound id=2/1 queue=Sales customer=c2 by=customer",
		"10 rows", " 2 used",
		" 1 bad_time in occurred_at (line 11)",
		" 1 more cells than the header has columns (line 10)",
		" 1 no conversation (line 9)",
		" 1 no time in created (line 12)",
		" 1 not a case (open) (line 6)",
		" 1 not a case (spam) (line 5)",
		" 1 unreadable number in score (line 8)",
		" 1 unreadable time in created (line 7)",
	)
	if diff := cmp.Diff([]event.Label{{Key: "tier", Value: "gold"}}, res.Events[0].Labels); diff != "" {
		t.Errorf("labels: %s", diff)
	}
}

func messageID(t *testing.T, res *mapping.Result, d event.Direction) string {
	for _, e := range res.Events {
		if m, ok := e.Body.(event.Message); ok && m.Direction == d {
			return m.ID
		}
	}
	t.Fatal("no such message")
	return ""
}

const minimal = `
name: minimal
tenant: acme
channel: ticket
times: {at: {column: at, layout: rfc3339}}
conversation: "{id}"
rows: [{events: [{message: inbound, at: at}]}]
`

func TestOrderAndIdentity(t *testing.T) {
	m := parse(t, minimal+"unique: \"{id}\"\n")
	res := read(t, m, "id,at\nb,2026-01-01T10:00:00Z\na,2026-01-01T10:00:00Z\na,2026-01-01T09:00:00Z\nc,2026-01-01T09:30:00+01:00\n")
	wantSaid(t, res,
		"2026-01-01T08:30:00Z  acme  c  ticket message inbound id="+res.Events[0].ID+" by=customer",
		"2026-01-01T10:00:00Z  acme  b  ticket message inbound id="+res.Events[1].ID+" by=customer",
		"2026-01-01T10:00:00Z  acme  a  ticket message inbound id="+res.Events[2].ID+" by=customer",
		"4 rows", "3 used", "1 repeated id (line 4)")

	// The id of a row's events does not depend on its file or line, and equal rows have different ones.
	plain := parse(t, minimal)
	one := read(t, plain, "id,at\na,2026-01-01T10:00:00Z\na,2026-01-01T10:00:00Z\n")
	two, err := plain.Read(context.Background(), []mapping.Input{
		{Name: "x.csv", R: strings.NewReader("at,id\n2026-01-01T09:00:00Z,z\n")},
		{Name: "y.csv", R: strings.NewReader("id,at\na,2026-01-01T10:00:00Z\na,yesterday\n")},
	}, mapping.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if one.Events[0].ID == one.Events[1].ID {
		t.Error("two equal rows share an event id")
	}
	if ids := []string{one.Events[0].ID, one.Events[1].ID}; two.Events[1].ID != ids[0] && two.Events[1].ID != ids[1] {
		t.Error("the same row has another event id in another file")
	}
	if got := two.Ledger.String(); !strings.Contains(got, "unreadable time in at (line y.csv:3)") {
		t.Errorf("the ledger of two files does not name the file:\n%s", got)
	}
	if hint := two.Events[1].OrderHint; hint != "4" {
		t.Errorf("order hint %q in the second file, want 4: lines are counted on", hint)
	}
}

func TestMaxRows(t *testing.T) {
	res, err := parse(t, minimal).Read(context.Background(), []mapping.Input{{Name: "x.csv", R: strings.NewReader("id,at\na,2026-01-01T10:00:00Z\nb,2026-01-01T10:00:00Z\nc,2026-01-01T10:00:00Z\n")}}, mapping.Options{MaxRows: 2})
	if err != nil || res.Ledger.Rows != 2 || len(res.Events) != 2 {
		t.Errorf("%v, %+v", err, res)
	}
}

func TestFormats(t *testing.T) {
	m := strings.Replace(minimal, "{id}", "{caf\u00e9}", 1)
	const want = "ni\u00f1o"
	for _, c := range []struct{ name, extra, text string }{
		{"comma", "", "caf\u00e9,at\nni\u00f1o,2026-01-01T10:00:00Z\n"},
		{"byte order mark", "", "\xef\xbb\xbfcaf\u00e9,at\nni\u00f1o,2026-01-01T10:00:00Z\n"},
		{"tab, found", "", "caf\u00e9\tat\nni\u00f1o\t2026-01-01T10:00:00Z"},
		{"semicolon, found", "", "caf\u00e9;at\r\nni\u00f1o;2026-01-01T10:00:00Z\r\n"},
		{"own character", "delimiter: \"^\"\n", "caf\u00e9^at\nni\u00f1o^2026-01-01T10:00:00Z\n"},
		{"windows-1252", "encoding: windows-1252\n", "caf\xe9,at\nni\xf1o,2026-01-01T10:00:00Z\n"},
		{"names", "header: [caf\u00e9, at]\n", "ni\u00f1o,2026-01-01T10:00:00Z\n"},
		{"numbers", "header: false\ncolumns: {caf\u00e9: 2, at_: 1}\n", "2026-01-01T10:00:00Z,ni\u00f1o\n"},
		{"quotes are text", "quotes: false\n", "caf\u00e9,at\nni\u00f1o,2026-01-01T10:00:00Z\n"},
		{"quoted", "", "\"caf\u00e9\",\"at\"\n\"ni\u00f1o\", 2026-01-01T10:00:00Z \n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			yaml := m + c.extra
			if c.name == "numbers" {
				yaml = strings.Replace(yaml, "column: at,", "column: at_,", 1)
			}
			var packed bytes.Buffer
			z := gzip.NewWriter(&packed)
			_, _ = z.Write([]byte(c.text)) // into memory: cannot fail
			_ = z.Close()
			for _, text := range []string{c.text, packed.String()} {
				if res := read(t, parse(t, yaml), text); len(res.Events) != 1 || res.Events[0].Conversation != want {
					t.Errorf("%q: %s", text[:min(len(text), 20)], said(res))
				}
			}
		})
	}
}

func TestQuotedCells(t *testing.T) {
	yaml := strings.Replace(minimal, "message: inbound", "message: inbound, text: \"{text}\", id: \"{id}\"", 1)
	res := read(t, parse(t, yaml), "id,text,at\n1,\"a \"\"b\"\",\n\nc\",2026-01-01T10:00:00Z\n2,5\" pipe,2026-01-01T10:00:01Z\n3,\"x\"y,2026-01-01T10:00:02Z\n4,bad\xff,2026-01-01T10:00:03Z\n5\xff,,2026-01-01T10:00:03Z\n")
	var texts []string
	for _, e := range res.Events {
		texts = append(texts, e.OrderHint+" "+e.Body.(event.Message).Text)
	}
	if diff := cmp.Diff([]string{"2 a \"b\",\n\nc", "5 5\" pipe", "6 xy", "7 bad\ufffd"}, texts); diff != "" {
		t.Error(diff)
	}
	if got := res.Ledger.Reasons; len(got) != 1 || got[0].Reason != "bad_value in conversation.id" {
		t.Errorf("bytes that are no text in an id: %v", got)
	}
}

func TestKeptAndNth(t *testing.T) {
	yaml := `
name: legs
tenant: "{site}"
channel: "{kind}"
columns: {kind: {column: kind, values: {phone: voice}}}
times: {at: {column: at, layout: rfc3339}}
conversation: "{id}"
customer: "{who}"
calls: {begin: step == "in", orphan: no beginning, keep: {who: "{caller}"}}
rows:
  - when: step == "in"
    events: [{call: queued, at: at, id: "{id}#{nth}", wait: "{secs} clock"}]
  - when: step not in ("noise", "x")
    events: [{call: ended, at: at, id: "{id}#{nth}", talk: "{secs} min"}]
`
	res := read(t, parse(t, yaml), `site,kind,id,step,caller,at,secs
s1,phone,1,out,,2026-01-01T10:00:00Z,1
s1,phone,1,in,ann,2026-01-01T10:00:01Z,1:02:03
s1,phone,1,out,zzz,2026-01-01T10:00:02Z,1.5
s2,phone,1,out,zzz,2026-01-01T10:00:02Z,1.5
s1,phone,1,in,bob,2026-01-01T10:00:03Z,0:05
s1,phone,1,out,,2026-01-01T10:00:04Z,
s1,phone,1,noise,,2026-01-01T10:00:04Z,
s1,pigeon,1,out,,2026-01-01T10:00:05Z,
s1,phone,1,out,,2026-01-01T10:00:05Z,-1
s1,phone,1,out,,2026-01-01T10:00:05Z,soon
`)
	wantSaid(t, res,
		"2026-01-01T10:00:01Z  s1  1  voice call queued wait=1h2m3s customer=ann by=customer",
		"2026-01-01T10:00:02Z  s1  1  voice call ended talk=1m30s customer=ann by=system",
		"2026-01-01T10:00:03Z  s1  1  voice call queued wait=5s customer=bob by=customer",
		"2026-01-01T10:00:04Z  s1  1  voice call ended customer=bob by=system",
		"10 rows", " 4 used", " 2 no beginning (lines 2, 5)", " 1 negative duration in talk (line 10)", " 1 no rule of the mapping matches (line 8)", " 1 unknown channel (line 9)",
		" 1 unreadable duration in talk (line 11)")
	if id := res.Events[2].Body.(event.Call).ID; id != "1#2" {
		t.Errorf("second call has id %q, want 1#2", id)
	}
}

// The example in README.md is a mapping.
func TestReadmeExample(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```yaml\n")
	example, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("README.md has no example")
	}
	res := read(t, parse(t, example), "Ticket;Owner;Tier;Created;Solved;Day;Answered;Customer;Status;Queue\n7;jl;A;05/01/2026 23:50;06/01/2026 10:00;260105;0:10:00;c1;closed;Sales\n")
	var got []string
	for _, e := range res.Events {
		got = append(got, strings.Join(strings.Fields(mapping.Describe(e))[4:], " "))
	}
	want := []string{"state opened customer=c1 by=customer", "message inbound id=" + messageID(t, res, event.Inbound) + " queue=Sales customer=c1 by=customer",
		"message outbound id=" + messageID(t, res, event.Outbound) + " agent=Julia customer=c1 by=agent", "state resolved customer=c1 by=agent"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if wait := res.Events[2].At - res.Events[1].At; wait != 20*60*1000 {
		t.Errorf("the answer after midnight comes %d ms after the question, want 20 min", wait)
	}
}
