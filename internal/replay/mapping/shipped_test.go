package mapping_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/replay/mapping"
)

// sharedData opens a file of the shared data, or skips the test.
func sharedData(t testing.TB, name string) *os.File {
	t.Helper()
	root := os.Getenv("VIGIA_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared")
	}
	f, err := os.Open(filepath.Join(root, "data", name))
	if err != nil {
		t.Skipf("needs the shared data set (set VIGIA_SHARED to its folder): %v", err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func load(t testing.TB, name string) *mapping.Mapping {
	t.Helper()
	m, err := mapping.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func read(t testing.TB, m *mapping.Mapping, text string) *mapping.Result {
	t.Helper()
	res, err := m.Read(context.Background(), []mapping.Input{{Name: "file", R: strings.NewReader(text)}}, mapping.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !res.Ledger.Balanced() {
		t.Errorf("the ledger does not add up:\n%s", res.Ledger)
	}
	for _, e := range res.Events {
		if err := e.Validate(); err != nil {
			t.Errorf("%s: %v", mapping.Describe(e), err)
		}
	}
	return res
}

// said is what a reading gives, in words.
func said(res *mapping.Result) []string {
	var out []string
	for _, e := range res.Events {
		out = append(out, mapping.Describe(e))
	}
	return append(out, strings.Split(strings.TrimRight(res.Ledger.String(), "\n"), "\n")...)
}

func wantSaid(t *testing.T, res *mapping.Result, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, said(res)); diff != "" {
		t.Fatalf("events and ledger (-want +got):\n%s", diff)
	}
}

const bankHeader = "vru+line\tcall_id\tcustomer_id\tpriority\ttype\tdate\tvru_entry\tvru_exit\tvru_time\tq_start\tq_exit\tq_time\toutcome\tser_start\tser_exit\tser_time\tserver\n"

func TestAnonymousBank(t *testing.T) {
	rows := []string{
		"AA0101\t1\t42\t2\tPS\t990201\t8:00:00\t8:00:10\t10\t8:00:10\t8:00:40\t30\tAGENT\t8:00:39\t8:02:00\t81\tTOVA",      // queued
		"AA0101\t2\t0\t0\tNW\t990201\t9:00:00\t9:00:10\t10\t0:00:00\t0:00:00\t0\tAGENT\t9:00:09\t9:01:00\t51\tNO_SERVER",   // never queued
		"AA0101\t3\t0\t0\tIN\t990201\t10:00:00\t10:00:10\t10\t10:00:10\t10:00:50\t40\tAGENT\t10:00:08\t10:03:00\t10\tANAT", // served before the queue
		"AA0101\t4\t0\t0\tPS\t990201\t11:00:00\t11:00:10\t10\t11:00:10\t11:00:15\t5\tHANG\t0:00:00\t0:00:00\t0\tNO_SERVER",
		"AA0101\t5\t0\t0\tPS\t990201\t12:00:00\t12:00:10\t10\t0:00:00\t0:00:00\t0\tHANG\t0:00:00\t0:00:00\t0\tNO_SERVER",
		"AA0101\t6\t0\t0\tPS\t990201\t12:30:00\t12:30:10\t10\t12:30:10\t12:31:00\t50\tPHANTOM\t0:00:00\t0:00:00\t0\tNO_SERVER",
		"AA0101\t7\t0\t0\tPS\t990201\t12:40:00\t12:40:10\t10\t12:40:10\t12:41:00\t50\tAGENT\t0:00:00\t0:00:00\t0\tYIFAT",
		"AA0101\t8\t0\t0\tPS\t990201\t23:59:50\t0:00:05\t15\t0:00:05\t0:00:20\t15\tAGENT\t0:00:20\t0:03:00\t160\tYIFAT", // past midnight
	}
	res := read(t, load(t, "anonymous-bank"), bankHeader+strings.Join(rows, "\n")+"\n")
	wantSaid(t, res,
		"1999-02-01T06:00:00Z  anonymous-bank  AA0101-990201-1  voice call started customer=42 by=customer",
		"1999-02-01T06:00:10Z  anonymous-bank  AA0101-990201-1  voice call queued queue=PS customer=42 by=customer",
		"1999-02-01T06:00:39Z  anonymous-bank  AA0101-990201-1  voice call answered queue=PS agent=TOVA customer=42 by=agent",
		"1999-02-01T06:02:00Z  anonymous-bank  AA0101-990201-1  voice call ended queue=PS agent=TOVA customer=42 by=system",
		"1999-02-01T07:00:00Z  anonymous-bank  AA0101-990201-2  voice call started by=customer",
		"1999-02-01T07:00:09Z  anonymous-bank  AA0101-990201-2  voice call queued queue=NW by=customer",
		"1999-02-01T07:00:09Z  anonymous-bank  AA0101-990201-2  voice call answered wait=0s queue=NW by=agent",
		"1999-02-01T07:01:00Z  anonymous-bank  AA0101-990201-2  voice call ended queue=NW by=system",
		"1999-02-01T08:00:00Z  anonymous-bank  AA0101-990201-3  voice call started by=customer",
		"1999-02-01T08:00:08Z  anonymous-bank  AA0101-990201-3  voice call queued queue=IN by=customer",
		"1999-02-01T08:00:08Z  anonymous-bank  AA0101-990201-3  voice call answered wait=0s queue=IN agent=ANAT by=agent",
		"1999-02-01T08:03:00Z  anonymous-bank  AA0101-990201-3  voice call ended queue=IN agent=ANAT by=system",
		"1999-02-01T09:00:00Z  anonymous-bank  AA0101-990201-4  voice call started by=customer",
		"1999-02-01T09:00:10Z  anonymous-bank  AA0101-990201-4  voice call queued queue=PS by=customer",
		"1999-02-01T09:00:15Z  anonymous-bank  AA0101-990201-4  voice call abandoned queue=PS by=customer",
		"1999-02-01T10:00:00Z  anonymous-bank  AA0101-990201-5  voice call started by=customer",
		"1999-02-01T10:00:10Z  anonymous-bank  AA0101-990201-5  voice call ended by=system",
		"1999-02-01T21:59:50Z  anonymous-bank  AA0101-990201-8  voice call started by=customer",
		"1999-02-01T22:00:05Z  anonymous-bank  AA0101-990201-8  voice call queued queue=PS by=customer",
		"1999-02-01T22:00:20Z  anonymous-bank  AA0101-990201-8  voice call answered queue=PS agent=YIFAT by=agent",
		"1999-02-01T22:03:00Z  anonymous-bank  AA0101-990201-8  voice call ended queue=PS agent=YIFAT by=system",
		"8 rows", "6 used", "1 answered without a service start (line 8)", "1 phantom (line 7)",
	)
	if res.First != res.Events[0].At || res.Last != res.Events[len(res.Events)-1].At || !cmp.Equal(res.Tenants, []string{"anonymous-bank"}) {
		t.Errorf("First, Last, Tenants = %d, %d, %v", res.First, res.Last, res.Tenants)
	}
	if hint := res.Events[0].OrderHint; hint != "2" {
		t.Errorf("order hint of the first row is %q, want its line, 2", hint)
	}
}

// Rows that repeat an id, or are wholly equal, are calls of their own, or calls that overlap would merge: their events, calls and conversations differ.
func TestRepeatedCalls(t *testing.T) {
	row := "AA0101\t1\t42\t2\tPS\t990201\t8:00:00\t8:00:10\t10\t8:00:10\t8:00:40\t30\tAGENT\t8:00:39\t8:02:00\t81\tTOVA\n"
	later := strings.ReplaceAll(row, "\t8:", "\t9:")
	res := read(t, load(t, "anonymous-bank"), bankHeader+row+row+later)
	ids, calls, conversations := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, e := range res.Events {
		ids[e.ID], calls[e.Body.(event.Call).ID], conversations[e.Conversation] = true, true, true
	}
	if len(ids) != 12 || len(calls) != 3 || len(conversations) != 3 || !conversations["AA0101-990201-1.3"] {
		t.Errorf("%d event ids, %d calls, %d conversations; want 12, 3, 3", len(ids), len(calls), len(conversations))
	}
}

func TestTwcs(t *testing.T) {
	const header = "tweet_id,author_id,inbound,created_at,text,response_tweet_id,in_response_to_tweet_id\n"
	at := func(clock string) string { return "Tue Oct 31 " + clock + " +0000 2017" }
	text := header +
		"2,Acme,False," + at("22:05:00") + ",@c1 hello,,1\n" + // stands before its parent
		"1,c1,True," + at("22:00:00") + ",\"@Acme help,\nplease\",2,\n" +
		"3,Other,False," + at("22:06:00") + ",@c1 us too,,1\n" +
		"4,Other,False," + at("21:00:00") + ",@c2 hi,,99\n" + // parent is not in the file
		"5,c3,True," + at("23:00:00") + ",ask a@Acme then @acme or @Other,,\n" +
		"6,c4,True," + at("23:10:00") + ",nobody,,\n" +
		"7,c4,True,yesterday,unreadable,,6\n" +
		"1,c1,True," + at("22:30:00") + ",again,,\n" +
		"8,c5,True," + at("23:20:00") + ",answers a lost one @Acme,,7\n"
	res := read(t, load(t, "twcs"), text)
	wantSaid(t, res,
		"2017-10-31T21:00:00Z  Other  4  social message outbound id=4 reply_to=99 chars=6 by=agent",
		"2017-10-31T22:00:00Z  Acme  1  social message inbound id=1 chars=18 customer=c1 by=customer",
		"2017-10-31T22:05:00Z  Acme  1  social message outbound id=2 reply_to=1 chars=9 by=agent",
		"2017-10-31T23:00:00Z  Other  5  social message inbound id=5 chars=31 customer=c3 by=customer",
		"9 rows", "4 used",
		"2 no brand (lines 8, 11)",
		"1 repeated tweet_id (line 10)",
		"1 reply of another brand (line 5)",
		"1 unreadable time in sent (line 9)",
	)
}

func TestAsteriskQueueLog(t *testing.T) {
	text := `1700000000|NONE|NONE|NONE|QUEUESTART|
1700000001|9.1|sales|SIP/7|CONNECT|3|9.2|2
1700000010|1.1|sales|NONE|DID|5550100
1700000010|1.1|sales|NONE|ENTERQUEUE||anonymous|1
1700000020|1.1|sales|SIP/7|RINGNOANSWER|5000
1700000025|1.1|sales|SIP/8|CONNECT|15|1.2|4
1700000085|1.1|sales|SIP/8|COMPLETECALLER|15|60|1
1700000100|2.1|sales|NONE|ENTERQUEUE||anonymous|1
1700000130|2.1|sales|NONE|EXITWITHTIMEOUT|1|1|30
1700000131|2.1|backup|NONE|ENTERQUEUE||anonymous|1
1700000140|2.1|backup|NONE|ABANDON|1|1|9
1700000150|NONE|sales|SIP/8|PAUSE|lunch
1700000200|3.1|sales|NONE|ENTERQUEUE||c9|1
1700000201|3.1|sales|SIP/8|CONNECT|1|3.2|1
1700000231|3.1|sales|SIP/8|BLINDTRANSFER|200|default|1|30|1
1700000300|4.1|sales|NONE|SOMETHINGNEW|x
`
	res := read(t, load(t, "asterisk-queue-log"), text)
	wantSaid(t, res,
		"2023-11-14T22:13:30Z  asterisk  1.1  voice call started customer=anonymous by=customer",
		"2023-11-14T22:13:30Z  asterisk  1.1  voice call queued queue=sales customer=anonymous by=customer",
		"2023-11-14T22:13:40Z  asterisk  1.1  voice call offer_failed ring=5s queue=sales agent=SIP/7 customer=anonymous by=system",
		"2023-11-14T22:13:45Z  asterisk  1.1  voice call answered wait=15s ring=4s queue=sales agent=SIP/8 customer=anonymous by=agent",
		"2023-11-14T22:14:45Z  asterisk  1.1  voice call ended talk=1m0s queue=sales agent=SIP/8 customer=anonymous by=customer",
		"2023-11-14T22:15:00Z  asterisk  2.1  voice call started customer=anonymous by=customer",
		"2023-11-14T22:15:00Z  asterisk  2.1  voice call queued queue=sales customer=anonymous by=customer",
		"2023-11-14T22:15:30Z  asterisk  2.1  voice call flow_out wait=30s queue=sales customer=anonymous by=system",
		"2023-11-14T22:15:31Z  asterisk  2.1  voice call queued queue=backup customer=anonymous by=customer",
		"2023-11-14T22:15:40Z  asterisk  2.1  voice call abandoned wait=9s queue=backup customer=anonymous by=customer",
		"2023-11-14T22:16:40Z  asterisk  3.1  voice call started customer=c9 by=customer",
		"2023-11-14T22:16:40Z  asterisk  3.1  voice call queued queue=sales customer=c9 by=customer",
		"2023-11-14T22:16:41Z  asterisk  3.1  voice call answered wait=1s ring=1s queue=sales agent=SIP/8 customer=c9 by=agent",
		"2023-11-14T22:17:11Z  asterisk  3.1  voice call transferred talk=30s queue=sales agent=SIP/8 customer=c9 by=agent",
		"2023-11-14T22:17:11Z  asterisk  3.1  voice call ended queue=sales agent=SIP/8 customer=c9 by=agent",
		"16 rows", "11 used",
		" 1 about a member, not a call (PAUSE) (line 12)",
		" 1 about the server, not a call (QUEUESTART) (line 1)",
		" 1 changes no figure (DID) (line 3)",
		" 1 its call entered the queue before this log begins (line 2)",
		" 1 unknown event (SOMETHINGNEW) (line 16)",
	)
}

func TestEvents(t *testing.T) {
	text := `{"occurredAt":"2026-01-05T10:00:00Z","channel":"CHANNEL_EMAIL","conversation":{"id":"7"},"actor":{"kind":"KIND_CUSTOMER"},"message":{"messageId":"m1","direction":"DIRECTION_INBOUND"}}

{"tenantId":"acme","occurredAt":"2026-01-05T09:00:00Z","channel":"CHANNEL_EMAIL","conversation":{"id":"6"},"actor":{"kind":"KIND_AGENT"},"message":{"messageId":"m0","direction":"DIRECTION_OUTBOUND"}}
{"occurredAt":"2026-01-05T10:00:00Z","color":"red"}
{"channel":"CHANNEL_EMAIL","conversation":{"id":"7"},"actor":{"kind":"KIND_CUSTOMER"},"message":{"messageId":"m1","direction":"DIRECTION_INBOUND"}}
not json
`
	res := read(t, load(t, "events"), text)
	if len(res.Events) != 2 || !cmp.Equal(res.Tenants, []string{"acme", "replay"}) || res.Ledger.Rows != 5 || res.Ledger.Used != 2 {
		t.Errorf("tenants %v\n%s", res.Tenants, strings.Join(said(res), "\n"))
	}
	_, err := load(t, "events").Read(context.Background(), []mapping.Input{{Name: "calls.csv", R: strings.NewReader("a,b\n1,2\n")}}, mapping.Options{})
	if err == nil || !strings.Contains(err.Error(), "calls.csv does not begin with a JSON object") {
		t.Errorf("a table read as events: %v", err)
	}
}

// The figures of the shared data, found once by separate means (sorting and counting rows).
func TestSharedLedgers(t *testing.T) {
	for _, c := range []struct {
		name, file   string
		rows, used   int
		reasons      map[string]int
		conversation int
	}{
		{"anonymous-bank", "anonymous-bank/calls-1999-02-01--14.tsv.gz", 17456, 17456 - 143 - 25, map[string]int{"phantom": 143, "answered without a service start": 25}, 17288},
		{"twcs", "twcs/tweets-a.csv.gz", 2878, 2877, map[string]int{"unreadable time in sent": 1}, 753},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			res, err := load(t, c.name).Read(t.Context(), []mapping.Input{{Name: c.file, R: sharedData(t, c.file)}}, mapping.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d events of %d tenants in %v\n%s", len(res.Events), len(res.Tenants), time.Since(start), res.Ledger)
			got := map[string]int{}
			for _, r := range res.Ledger.Reasons {
				got[r.Reason] = r.Count
			}
			if res.Ledger.Rows != c.rows || res.Ledger.Used != c.used || !res.Ledger.Balanced() || !cmp.Equal(got, c.reasons) {
				t.Errorf("ledger:\n%s", res.Ledger)
			}
			ids, conversations := map[string]bool{}, map[string]bool{}
			for _, e := range res.Events {
				ids[e.ID] = true
				conversations[e.Tenant+"/"+e.Conversation] = true
			}
			if len(ids) != len(res.Events) {
				t.Errorf("%d events have %d ids", len(res.Events), len(ids))
			}
			if len(conversations) != c.conversation {
				t.Errorf("%d conversations, want %d", len(conversations), c.conversation)
			}
		})
	}
}
