package whatsapp_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vigia-cx/vigia/internal/connector"
	"github.com/vigia-cx/vigia/internal/connector/connectortest"
	"github.com/vigia-cx/vigia/internal/connector/whatsapp"
	"github.com/vigia-cx/vigia/internal/event"
)

// shared returns the folder of the vendor's payloads, which are read in place.
func shared(t *testing.T) string {
	t.Helper()
	root := cmp.Or(os.Getenv("VIGIA_SHARED"), filepath.Join("..", "..", "..", "..", "shared"))
	if _, err := os.Stat(filepath.Join(root, "fixtures", "meta-whatsapp")); err != nil {
		t.Skipf("no fixtures/meta-whatsapp under %s: set VIGIA_SHARED to the folder that holds fixtures/", root)
	}
	return filepath.Join(root, "fixtures")
}

// short says what an event is, in the words of the table of expectations.
func short(e *event.Event) string {
	switch b := e.Body.(type) {
	case event.Message:
		out := map[event.Direction]string{event.Inbound: "MessageReceived", event.Outbound: "MessageSent"}[b.Direction] + "(" + e.Actor.String() + " " + b.ContentType
		if b.Receipt {
			out += "receipt"
		}
		if b.Automated {
			out += " automated"
		}
		return out + ")"
	case event.MessageState:
		states := map[event.MessageStatus]string{event.MessageSent: "sent", event.MessageRead: "read", event.MessageFailed: "failed " + b.ErrorCode, event.MessageEdited: "edited",
			event.MessageReacted: "reacted"}
		return "MessageState(" + states[b.State] + ")"
	case event.Call:
		return fmt.Sprintf("Call(%s talk %d)", b.Phase, b.Talk)
	case event.Purchase:
		return fmt.Sprintf("Order(%d %s)", b.AmountMinor, b.Currency)
	case event.CustomerIdentity:
		return fmt.Sprintf("Identity(%s is now %s)", e.Customer, b.Survivor)
	}
	return fmt.Sprintf("%T", e.Body)
}

// expectations per payload, as SOURCES.md beside them has them: what is told, of whom, in Unix seconds. A payload that is missing here fails the test.
var expectations = map[string]struct {
	events   []string
	customer string
	at       int64
	ignored  string
}{
	"call_connect_user_initiated": {[]string{"Call(started talk -1)"}, "US.13491208655302741918", 1752583107, ""},
	"call_terminate":              {[]string{"Call(ended talk 120000)"}, "16315553601", 1671644824, ""},
	"duplicate":                   {[]string{"MessageReceived(customer text)", "MessageReceived(customer text)"}, "5678", 1454119029, ""},
	"error_errors":                {nil, "", 0, "vendor_error"},
	"hello_from_bsuid":            {[]string{"MessageReceived(customer text)"}, "US.1234", 1454119029, ""},
	"list_selection":              {[]string{"MessageReceived(customer postback)"}, "US.13491208655302741918", 1698266905, ""},
	"message_edit":                {[]string{"MessageState(edited)"}, "16505551234", 1749854575, ""},
	"message_image":               {[]string{"MessageReceived(customer image)"}, "US.13491208655302741918", 1697043379, ""},
	"message_order":               {[]string{"MessageReceived(customer order)", "Order(18000 ILS)"}, "US.13491208655302741918", 1697044668, ""},
	"message_reaction":            {[]string{"MessageState(reacted)"}, "US.13491208655302741918", 1697044456, ""},
	"message_referral_ctwa":       {[]string{"MessageReceived(customer text)"}, "US.13491208655302741918", 1697045000, ""},
	"message_reply":               {[]string{"MessageReceived(customer text)"}, "US.13491208655302741918", 1697044746, ""},
	"message_text":                {[]string{"MessageReceived(customer text)"}, "US.13491208655302741918", 1697043223, ""},
	"message_voice":               {[]string{"MessageReceived(customer audio)"}, "US.13491208655302741918", 1697043473, ""},
	"smb_message_echo_text":       {[]string{"MessageSent(unknown_business text)"}, "<BSUID>", 1697043223, ""},
	"status_failed":               {[]string{"MessageState(failed 130472)"}, "US.13491208655302741918", 1689380458, ""},
	"status_read":                 {[]string{"MessageState(read)"}, "US.13491208655302741918", 1689380458, ""},
	"status_sent":                 {[]string{"MessageSent(unknown_business receipt)", "MessageState(sent)"}, "US.13491208655302741918", 1698266945, ""},
	"status_sent_with_biz_opaque": {[]string{"MessageSent(unknown_business receipt)", "MessageState(sent)"}, "US.13491208655302741918", 1698266945, ""},
	"system_user_changed_number":  {[]string{"Identity(972987654321 is now 972912345678)"}, "972987654321", 1753851315, ""},
	"template_quick_reply":        {[]string{"MessageReceived(customer postback)"}, "US.13491208655302741918", 1698269027, ""},
}

func TestSharedPayloads(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared(t), "meta-whatsapp", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			want, ok := expectations[name]
			if !ok {
				t.Fatal("nothing is expected of this payload: add it to the table")
			}
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			b := whatsapp.New().Decode(body, everybody)
			var got []string
			for _, e := range b.Events {
				got = append(got, short(e))
				if e.Customer != want.customer || e.At != want.at*1000 || e.Quality != event.QualitySecond {
					t.Errorf("of %q at %d (quality %d), want %q at %d s", e.Customer, e.At, e.Quality, want.customer, want.at)
				}
			}
			if strings.Join(got, "; ") != strings.Join(want.events, "; ") || len(b.Faults) > 0 {
				t.Errorf("got %v, faults %v; want %v", got, b.Faults, want.events)
			}
			if want.ignored != "" && b.Ignored[want.ignored] != 1 {
				t.Errorf("ignored %v, want one %s", b.Ignored, want.ignored)
			}
		})
	}
}

// TestSharedVectors: the known answers of Meta's signatures.
func TestSharedVectors(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(shared(t), "signatures", "vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []struct {
			Scheme, Secret, Body, Note string
			Headers                    map[string]string
			Valid                      bool
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, v := range file.Vectors {
		if v.Scheme != "meta" {
			continue
		}
		n++
		r := &connector.Request{Header: http.Header{}, Body: []byte(v.Body)}
		for name, value := range v.Headers {
			r.Header.Set(name, value)
		}
		if got := whatsapp.New().Verifier().Verify(r, []connector.Secret{connector.Secret(v.Secret)}); got != v.Valid {
			t.Errorf("%q: %v, want %v", v.Note, got, v.Valid)
		}
	}
	if n == 0 {
		t.Error("no vector of Meta's scheme")
	}
}

// TestSharedOnTheWay: all payloads pass from HTTP to the log; the message that stands in one delivery twice is one event.
func TestSharedOnTheWay(t *testing.T) {
	dir := shared(t)
	read := func(name string) []byte {
		body, err := os.ReadFile(filepath.Join(dir, "meta-whatsapp", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	log := connectortest.NewLog()
	cfg := connector.Default()
	cfg.Tenants = []connector.TenantConfig{{Name: "acme", PseudonymKey: []byte(strings.Repeat("k", 32)),
		Hooks: []connector.HookConfig{{Channel: whatsapp.Name, Name: "main", Secrets: []connector.Secret{"app-secret-a"}}}}}
	h, err := connector.New(cfg, log, nil, nil, connector.WithChannels(whatsapp.New()))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range expectations {
		n := len(want.events)
		if name == "duplicate" {
			n = 1
		}
		log.Clear()
		body := read(name)
		w := post(h.Hooks(), connector.HooksPath+whatsapp.Name+"/main", body, sign(body, "app-secret-a"))
		events, err := log.Events()
		if w.Code != http.StatusOK || err != nil || len(events) != n || len(log.All(connectortest.DeadLetters)) > 0 {
			t.Errorf("%s: got %d %s, %d events (%v), %d dead letters; want %d events", name, w.Code, w.Body, len(events), err, len(log.All(connectortest.DeadLetters)), n)
		}
	}
}
