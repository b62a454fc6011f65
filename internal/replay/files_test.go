package replay_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/replay"
	"github.com/vigia-cx/vigia/internal/replay/mapping"
	"github.com/vigia-cx/vigia/internal/window"
)

// said is values in short: when (by the clock), group, KPI, value, n.
func said(got []kpi.Value) []string {
	var out []string
	for _, v := range got {
		at, _ := time.Parse(time.RFC3339, v.From)
		value := string(v.Value)
		if value == "" {
			value = "null"
		}
		line := fmt.Sprintf("%s %s %s=%s n=%d", at.Format("01-02 15:04"), v.Group["queue"], v.KPI, value, v.N)
		if v.Definition != "default" {
			line += " " + v.Definition
		}
		if !v.Complete {
			line += " incomplete"
		}
		out = append(out, strings.Join(strings.Fields(line), " "))
	}
	return out
}

// queueLog is a morning of an Asterisk server. 1704096000 is 2024-01-01 08:00 UTC.
const queueLog = `1704096000|NONE|NONE|NONE|QUEUESTART|
1704096001|NONE|sales|SIP/anna|ADDMEMBER|
1704096010|call-1|sales|NONE|ENTERQUEUE||5551001|1
1704096015|call-1|sales|SIP/anna|RINGNOANSWER|5000
1704096022|call-1|sales|SIP/ben|CONNECT|12|chan-1|4
1704096122|call-1|sales|SIP/ben|COMPLETECALLER|12|100|1
1704096200|call-2|sales|NONE|ENTERQUEUE||5551002|1
1704096203|call-2|sales|NONE|ABANDON|1|1|3
1704096300|call-3|sales|NONE|ENTERQUEUE||5551003|1
1704096360|call-3|sales|NONE|EXITWITHTIMEOUT|1|1|60
1704096361|call-3|support|NONE|ENTERQUEUE||5551003|1
1704096391|call-3|support|SIP/cora|CONNECT|30|chan-2|2
1704096691|call-3|support|SIP/cora|BLINDTRANSFER|200|default|30|300|1
1704099700|call-4|support|NONE|ENTERQUEUE||5551004|1
1704099710|call-4|support|SIP/cora|CONNECT|10|chan-3|2
1704099770|call-4|support|SIP/cora|COMPLETEAGENT|10|60|1
1704099800|call-5|support|NONE|ENTERQUEUE||5551005|1
1704099801|call-9|support|SIP/cora|CONNECT|10|chan-4|2
`

// TestAsteriskQueueLog replays a log whose values can be counted by hand.
func TestAsteriskQueueLog(t *testing.T) {
	kpis := []string{"contacts_offered", "contacts_answered", "contacts_abandoned", "contacts_lost", "speed_of_answer", "handle_time", "service_level"}
	got := values(t, replay.Options{Mapping: load(t, "asterisk-queue-log"), By: replay.Hour, Group: byQueue, KPIs: kpis, Definitions: []string{"vigia", "connect", "genesys-flowouts"}},
		[]byte(queueLog))
	want := []string{
		"01-01 08:00 sales contacts_offered=3 n=3", "01-01 08:00 sales contacts_answered=1 n=1", "01-01 08:00 sales contacts_abandoned=1 n=1", "01-01 08:00 sales contacts_lost=0 n=0",
		"01-01 08:00 sales speed_of_answer=12 n=1", "01-01 08:00 sales handle_time=100 n=1",
		"01-01 08:00 sales service_level=1 n=1 vigia", "01-01 08:00 sales service_level=0.6666666666666666 n=3 connect", "01-01 08:00 sales service_level=0.3333333333333333 n=3 genesys-flowouts",
		"01-01 08:00 support contacts_offered=1 n=1", "01-01 08:00 support contacts_answered=1 n=1", "01-01 08:00 support contacts_abandoned=0 n=0", "01-01 08:00 support contacts_lost=0 n=0",
		"01-01 08:00 support speed_of_answer=30 n=1", "01-01 08:00 support handle_time=300 n=1",
		"01-01 08:00 support service_level=0 n=1 vigia", "01-01 08:00 support service_level=0 n=1 connect", "01-01 08:00 support service_level=0 n=1 genesys-flowouts",
		"01-01 09:00 support contacts_offered=1 n=1", "01-01 09:00 support contacts_answered=1 n=1", "01-01 09:00 support contacts_abandoned=0 n=0", "01-01 09:00 support contacts_lost=0 n=0",
		"01-01 09:00 support speed_of_answer=10 n=1", "01-01 09:00 support handle_time=60 n=1",
		"01-01 09:00 support service_level=1 n=1 vigia", "01-01 09:00 support service_level=1 n=1 connect", "01-01 09:00 support service_level=1 n=1 genesys-flowouts",
		// call-5 never ends: four hours later it counts as lost.
		"01-01 13:00 support contacts_offered=1 n=1", "01-01 13:00 support contacts_answered=0 n=0", "01-01 13:00 support contacts_abandoned=0 n=0", "01-01 13:00 support contacts_lost=1 n=1",
		"01-01 13:00 support speed_of_answer=null n=0", "01-01 13:00 support handle_time=null n=0",
		"01-01 13:00 support service_level=null n=0 vigia", "01-01 13:00 support service_level=0 n=1 connect", "01-01 13:00 support service_level=null n=0 genesys-flowouts",
	}
	if diff := cmp.Diff(want, said(got)); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}

// jsonLine is an event as ingest takes it.
func jsonLine(at, channel, conversation, customer, rest string) string {
	rest = strings.Replace(rest, `"message":{`, `"message":{"message_id":"`+at+`",`, 1)
	return fmt.Sprintf(`{"tenant_id":"acme","occurred_at":"%s","channel":"CHANNEL_%s","conversation":{"id":"%s"},"customer":{"id":"%s"},%s}`, at, channel, conversation, customer, rest) + "\n"
}

const (
	wrote   = `"actor":{"kind":"KIND_CUSTOMER"},"message":{"direction":"DIRECTION_INBOUND"}`
	replied = `"actor":{"kind":"KIND_AGENT","id":"eva"},"message":{"direction":"DIRECTION_OUTBOUND"}`
)

// TestEvents replays canonical events: a promise that is missed long after the last event, customers counted once a day, a chat that names no conversation.
func TestEvents(t *testing.T) {
	m, err := mapping.Parse("m.yaml", []byte(`
name: m
format: events
tenant: acme
zone: America/Lima
policy:
  rules: [{name: all, resolution: 300h}]
`))
	if err != nil {
		t.Fatal(err)
	}
	log := jsonLine("2026-03-01T23:30:00-05:00", "WHATSAPP", "", "ana", wrote) + // Sunday
		jsonLine("2026-03-01T23:50:00-05:00", "WHATSAPP", "", "ana", replied) +
		jsonLine("2026-03-02T00:10:00-05:00", "WHATSAPP", "", "ana", wrote) +
		jsonLine("2026-03-02T10:00:00-05:00", "EMAIL", "mail-1", "ana", wrote) +
		jsonLine("2026-03-02T11:00:00-05:00", "EMAIL", "mail-2", "bo", wrote) +
		jsonLine("2026-03-02T11:30:00-05:00", "EMAIL", "mail-2", "bo", `"actor":{"kind":"KIND_AGENT"},"conversation_state":{"state":"STATE_RESOLVED"}`)
	kpis := []string{"active_customers", "conversations_started", "first_response_time", "sla_compliance"}
	got := values(t, replay.Options{Mapping: m, By: replay.Day, KPIs: kpis, Definitions: []string{"resolution"}}, []byte(log))
	want := []string{
		"03-01 00:00 active_customers=1 n=1", "03-01 00:00 conversations_started=1 n=1", "03-01 00:00 first_response_time=1200 n=1", "03-01 00:00 sla_compliance=null n=0 resolution",
		"03-02 00:00 active_customers=2 n=2", "03-02 00:00 conversations_started=2 n=2", "03-02 00:00 first_response_time=null n=0", "03-02 00:00 sla_compliance=1 n=1 resolution",
		// mail-1 is never resolved: its promise is broken 300 hours after it began.
		"03-14 00:00 active_customers=0 n=0", "03-14 00:00 conversations_started=0 n=0", "03-14 00:00 first_response_time=null n=0", "03-14 00:00 sla_compliance=0 n=1 resolution",
	}
	if diff := cmp.Diff(want, said(got)); diff != "" {
		t.Errorf("values by day (-want +got):\n%s", diff)
	}
	for by, want := range map[replay.By][]string{
		replay.Hour:  {"03-01 23:00 conversations_started=1 n=1", "03-02 10:00 conversations_started=1 n=1", "03-02 11:00 conversations_started=1 n=1"},
		replay.Week:  {"02-23 00:00 conversations_started=1 n=1", "03-02 00:00 conversations_started=2 n=2"},
		replay.Month: {"03-01 00:00 conversations_started=3 n=3"},
		replay.Total: {"03-01 00:00 conversations_started=3 n=3"},
	} {
		if diff := cmp.Diff(want, said(values(t, replay.Options{Mapping: m, By: by, KPIs: []string{"conversations_started"}}, []byte(log)))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", by, diff)
		}
	}
	utc := values(t, replay.Options{Mapping: m, By: replay.Day, Zone: "UTC", KPIs: []string{"conversations_started"}}, []byte(log))
	if diff := cmp.Diff([]string{"03-02 00:00 conversations_started=3 n=3"}, said(utc)); diff != "" {
		t.Errorf("in another zone (-want +got):\n%s", diff)
	}
}

// TestLateChange: a ticket that is reopened after eleven days was not resolved, neither on that day nor in that hour.
func TestLateChange(t *testing.T) {
	const head = `"actor":{"kind":"KIND_AGENT"},"conversation_state":{"state":"STATE_`
	log := jsonLine("2026-03-02T10:00:00Z", "TICKET", "t-1", "ana", wrote) +
		jsonLine("2026-03-02T10:30:00Z", "TICKET", "t-1", "ana", head+`RESOLVED"}`) +
		jsonLine("2026-03-03T10:00:00Z", "TICKET", "t-2", "bo", wrote) +
		jsonLine("2026-03-03T11:00:00Z", "TICKET", "t-2", "bo", head+`RESOLVED"}`) +
		jsonLine("2026-03-13T10:00:00Z", "TICKET", "t-1", "ana", head+`REOPENED"}`)
	for by, want := range map[replay.By][]string{
		replay.Day:  {"03-03 00:00 resolution_time=3600 n=1 from_creation"},
		replay.Hour: {"03-03 11:00 resolution_time=3600 n=1 from_creation"},
	} {
		got := values(t, replay.Options{Mapping: load(t, "events"), By: by, KPIs: []string{"resolution_time"}}, []byte(log))
		if diff := cmp.Diff(want, said(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", by, diff)
		}
	}
}

// TestNothing: an input without any event is no error, and has no values.
func TestNothing(t *testing.T) {
	if got := values(t, replay.Options{Mapping: load(t, "anonymous-bank")}, []byte(bankHeader+"\n")); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func TestUsage(t *testing.T) {
	for _, c := range []struct {
		o    replay.Options
		want string
	}{
		{replay.Options{KPIs: []string{"happiness"}}, "unknown"},
		{replay.Options{KPIs: []string{"contacts_waiting"}}, "about now"},
		{replay.Options{KPIs: []string{"active_customers"}, By: replay.Hour}, "by day"},
		{replay.Options{KPIs: []string{"abandon_rate"}, Group: []window.Dimension{window.DimAgent}}, "cannot be grouped by agent"},
		{replay.Options{Definitions: []string{"conect"}}, "service_level has vigia, connect"},
		{replay.Options{Contributions: "active_customers", By: replay.Day}, "no contributions"},
		{replay.Options{Contributions: "fcr", By: replay.Day}, "no contributions"},
		{replay.Options{KPIs: []string{"volume_profile"}, By: replay.Day}, "derived from several windows"},
		{replay.Options{KPIs: []string{"nps"}, By: replay.Hour}, "by day"},
	} {
		c.o.Mapping = load(t, "anonymous-bank")
		c.o.Inputs = []mapping.Input{{Name: "file", R: strings.NewReader(bankHeader + "\n")}}
		_, err := replay.Run(t.Context(), c.o)
		if usage := (*replay.UsageError)(nil); !errors.As(err, &usage) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want a usage error with %q", c.o, err, c.want)
		}
	}
}
