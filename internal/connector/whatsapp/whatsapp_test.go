package whatsapp_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/connector"
	"github.com/vigia-cx/vigia/internal/connector/connectortest"
	"github.com/vigia-cx/vigia/internal/connector/whatsapp"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/httpapi"
)

var update = flag.Bool("update", false, "write the golden files anew")

const account = "106540352242922"

func everybody(string) bool { return true }

// payloads returns the recreated payloads by name.
func payloads(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	out := map[string][]byte{}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(file), ".json")] = body
	}
	return out
}

// tell writes a batch for people.
func tell(b connector.Batch) string {
	var out strings.Builder
	for _, e := range b.Events {
		fmt.Fprintf(&out, "%s %+v\n", e.Body.Kind(), e.Body)
		fmt.Fprintf(&out, "  at %d (quality %d) on %s by %s, customer %q %v\n", e.At, e.Quality, e.Channel, e.Actor, e.Customer, e.Identities)
		fmt.Fprintf(&out, "  conversation %q threadless %v, account %q, native id %q (basis %d), hint %q, labels %v\n", e.Conversation, e.Threadless, e.Source.Account, e.Source.NativeID,
			e.Source.Basis, e.OrderHint, e.Labels)
	}
	for _, reason := range slices.Sorted(maps.Keys(b.Ignored)) {
		fmt.Fprintf(&out, "ignored %s: %d\n", reason, b.Ignored[reason])
	}
	for _, f := range b.Faults {
		fmt.Fprintf(&out, "fault of item %d: %v\n", f.Index, f.Err)
	}
	return out.String()
}

// TestGolden compares what is read from each payload with what stands beside it.
func TestGolden(t *testing.T) {
	for name, body := range payloads(t) {
		t.Run(name, func(t *testing.T) {
			got, golden := tell(whatsapp.New().Decode(body, everybody)), filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got), -update accepts it:\n%s", diff)
			}
		})
	}
}

func sign(body []byte, secret connector.Secret) http.Header {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return http.Header{"X-Hub-Signature-256": {"sha256=" + hex.EncodeToString(mac.Sum(nil))}}
}

func post(h http.Handler, path string, body []byte, headers http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(body))
	r.Header = headers
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// cut sends each item of the lists of a value alone, with the contacts of all.
func cut(t *testing.T, body []byte) [][]byte {
	t.Helper()
	type object = map[string]json.RawMessage
	parse := func(raw []byte, v any) {
		if err := json.Unmarshal(raw, v); err != nil {
			t.Fatal(err)
		}
	}
	join := func(v any) json.RawMessage {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	var whole struct {
		Object string
		Entry  []struct {
			Changes []struct {
				Field string
				Value object
			}
		}
	}
	parse(body, &whole)
	var out [][]byte
	for _, e := range whole.Entry {
		for _, c := range e.Changes {
			for _, list := range []string{"messages", "message_echoes", "statuses", "calls", "user_preferences", "user_id_update"} {
				var items []json.RawMessage
				if c.Value[list] != nil {
					parse(c.Value[list], &items)
				}
				for _, item := range items {
					value := object{"metadata": c.Value["metadata"], list: join([]json.RawMessage{item})}
					if contacts := c.Value["contacts"]; contacts != nil {
						value["contacts"] = contacts
					}
					out = append(out, join(map[string]any{"object": whole.Object, "entry": []any{map[string]any{"changes": []any{map[string]any{"field": c.Field, "value": value}}}}}))
				}
			}
		}
	}
	return out
}

func TestExercise(t *testing.T) {
	all := payloads(t)
	c := connectortest.Case{
		Channel: whatsapp.New(), Account: account, Sign: sign, Deliveries: [][]byte{all["text"], all["batch"]},
		Personal: []string{"5215587654321", "59899123456", "MX.7310028846120193", "MX.ENT.99120044817", "Rosaura Quintanilla", "rosaquin", "Tabaré Larrañaga", "Evaristo Camacho",
			"¿A qué hora abren mañana?", "QURO900101MDFNSS09", "Calle Cedro 14", "wamid.HBgNNTIxNTU4NzY1NDMyMRUCABIYIDNB0001", "wacid.HBgNNTIxNTU4NzY1NDMyMRUC",
			"Y2FwaV9ncm91cDoxNzA1NTU1MDEzOToxMjAzNjM0MDQ2OTQyMzM4MjAZD", "CO.5500417"},
		Cut: func(body []byte) [][]byte { return cut(t, body) },
		Handshake: func(token, challenge string) url.Values {
			return url.Values{"hub.mode": {"subscribe"}, "hub.verify_token": {token}, "hub.challenge": {challenge}}
		},
		Resolve: []byte(`{"account": "` + account + `", "user_id": "MX.7310028846120193", "state": "resolved"}`),
	}
	ignored := map[string]bool{"text": true, "batch": true} // there already
	for _, name := range slices.Sorted(maps.Keys(all)) {
		b := whatsapp.New().Decode(all[name], everybody)
		if !ignored[name] && len(b.Events) > 0 && len(b.Faults) == 0 {
			c.Deliveries = append(c.Deliveries, all[name])
		}
	}
	connectortest.Exercise(t, c)
}

// TestVectors: the known answers of Meta's scheme, over JSON, over what is no text, and without a body.
func TestVectors(t *testing.T) {
	verifier := whatsapp.New().Verifier()
	for name, x := range map[string]struct {
		secret, body, signature string
		want                    bool
	}{
		"right":      {"It's a Secret to Everybody", "Hello, World!", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17", true},
		"upper case": {"It's a Secret to Everybody", "Hello, World!", "sha256=757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E17", true},
		"no prefix":  {"It's a Secret to Everybody", "Hello, World!", "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17", false},
		"sha1":       {"It's a Secret to Everybody", "Hello, World!", "sha1=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17", false},
		"long":       {"It's a Secret to Everybody", "Hello, World!", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e1700", false},
	} {
		r := &connector.Request{Header: http.Header{"X-Hub-Signature-256": {x.signature}}, Body: []byte(x.body)}
		if got := verifier.Verify(r, []connector.Secret{"another", connector.Secret(x.secret)}); got != x.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestOnePersonOneConversation: whatever of a person's ids a payload carries, it is about the same conversation.
func TestOnePersonOneConversation(t *testing.T) {
	all := payloads(t)
	for _, group := range [][]string{
		{"text", "text_bsuid_only", "text_contact_only", "text_bsuid_in_from", "sent", "delivered", "read", "echo_text", "referral"}, {"text_plain", "failed"},
	} {
		want := ""
		for _, name := range group {
			for _, e := range whatsapp.New().Decode(all[name], everybody).Events {
				if want == "" {
					want = e.Customer
				}
				if e.Customer != want || e.Conversation != "" || !e.Threadless {
					t.Errorf("%s is about %q, not about %q", name, e.Customer, want)
				}
			}
		}
	}
	const group = "Y2FwaV9ncm91cDoxNzA1NTU1MDEzOToxMjAzNjM0MDQ2OTQyMzM4MjAZD"
	if e, err := whatsapp.New().Address(account, connector.Who{Group: group}); err != nil ||
		e.Conversation != whatsapp.New().Decode(all["group"], everybody).Events[0].Conversation {
		t.Errorf("the group is addressed as %+v (%v)", e, err)
	}
	for customer, want := range map[string]string{"+59899123456": "59899123456", "59899123456": "59899123456", "+598 99 123 456": "59899123456", "+5215587654321": "525587654321",
		"+52 55 8765 4321": "525587654321", "BR.17": "BR.17"} {
		e, err := whatsapp.New().Address(account, connector.Who{Customer: customer})
		if err != nil || e.Customer != want {
			t.Errorf("%s is addressed as %q (%v), want %q", customer, e.Customer, err, want)
		}
	}
}

// FuzzWhatsApp: whatever the bytes are, the decoder returns, says the same twice, and every event can be told from others.
func FuzzWhatsApp(f *testing.F) {
	for _, body := range payloads(f) {
		var compact bytes.Buffer
		if err := json.Compact(&compact, body); err != nil {
			f.Fatal(err)
		}
		f.Add(compact.Bytes())
	}
	ignores := whatsapp.New().Ignores()
	f.Fuzz(func(t *testing.T, body []byte) {
		b := whatsapp.New().Decode(body, everybody)
		if again := tell(whatsapp.New().Decode(body, everybody)); again != tell(b) {
			t.Fatalf("read differently the second time:\n%s\n%s", tell(b), again)
		}
		for _, e := range b.Events {
			if e.Source.NativeID == "" || e.Body == nil || e.Channel == event.ChannelUnknown || e.Actor == event.ActorUnknown || e.At < 0 {
				t.Errorf("an event lacks something: %+v", e)
			}
			if e.Customer == "" && e.Conversation == "" {
				t.Errorf("an event of nobody: %+v", e)
			}
		}
		for reason := range b.Ignored {
			if !slices.Contains(ignores, reason) {
				t.Errorf("%q is not among the reasons", reason)
			}
		}
		for _, fault := range b.Faults {
			if fault.Err.Reason == "" || fault.Err.Detail == "" || fault.Index < connector.WholeDelivery {
				t.Errorf("fault %+v", fault)
			}
		}
	})
}

// TestSendersOwnWord: what a sender tells ingest about its message belongs to the conversation of the customer, and is the message that the receipt is for.
func TestSendersOwnWord(t *testing.T) {
	const token = "an-ingest-token-for-tests"
	log := connectortest.NewLog()
	cfg := connector.Default()
	cfg.Tenants = []connector.TenantConfig{{Name: "acme", Tokens: []httpapi.Token{{Plain: token}}, PseudonymKey: bytes.Repeat([]byte{7}, 32),
		Hooks: []connector.HookConfig{{Channel: whatsapp.Name, Name: "main", Secrets: []connector.Secret{"the-app-secret"}, Accounts: []string{account}}}}}
	h, err := connector.New(cfg, log, nil, nil, connector.WithChannels(whatsapp.New()))
	if err != nil {
		t.Fatal(err)
	}
	body := payloads(t)["sent"]
	if w := post(h.Hooks(), connector.HooksPath+"whatsapp/main", body, sign(body, "the-app-secret")); w.Code != http.StatusOK {
		t.Fatal(w.Code, w.Body)
	}
	own := `{"source":{"connector":"whatsapp","account":"` + account + `","native_event_id":"crm-1"},"customer":{"id":"MX.7310028846120193"},"channel":"CHANNEL_WHATSAPP",` +
		`"actor":{"kind":"KIND_AGENT","id":"ana"},"message":{"message_id":"wamid.OURS01","direction":"DIRECTION_OUTBOUND"}}`
	headers := http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}}
	if w := post(h, connector.Path, []byte(own), headers); w.Code != http.StatusOK {
		t.Fatal(w.Code, w.Body)
	}
	events, err := log.Events()
	if err != nil {
		t.Fatal(err)
	}
	conversations, messages := map[string]int{}, map[string]int{}
	for _, e := range events {
		conversations[e.Conversation]++
		if m, ok := e.Body.(event.Message); ok {
			messages[m.ID]++
		}
	}
	if len(events) != 3 || len(conversations) != 1 || len(messages) != 1 {
		t.Errorf("%d events in %d conversations about %d messages", len(events), len(conversations), len(messages))
	}
}
