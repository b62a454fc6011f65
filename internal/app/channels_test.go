package app

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/sla"
)

// TestEveryChannelHasItsHorizon: a vendor that goes on trying for days must not have its late deliveries taken for too late.
func TestEveryChannelHasItsHorizon(t *testing.T) {
	var names []string
	for _, c := range channels {
		names = append(names, c.Name())
	}
	slices.Sort(names)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(config.WebhookHorizons)), names); diff != "" {
		t.Errorf("config.WebhookHorizons and app.channels name different channels:\n%s", diff)
	}
}

// TestWebhook: from the configuration file to the log, on the embedded engine.
func TestWebhook(t *testing.T) {
	cfg, err := config.Parse("vigia.yml", fmt.Appendf(nil, `
listen: 127.0.0.1:0
data: ""
tenants:
  - name: acme
    zone: UTC
    ingest_tokens: [an-ingest-token-for-tests]
    pseudonym_key: %q
    sources:
      - connector: whatsapp
        webhook: {name: shop, secrets: [the-secret-of-the-app], verify_token: a-verify-token, phone_number_ids: ["106540352242922"]}
`, strings.Repeat("5e", 32)), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	policy, err := sla.CompilePolicy(cfg.Tenants[0].PolicySpec(), 1)
	if err != nil || policy.HorizonMs("whatsapp") != (8*24*time.Hour).Milliseconds() || policy.HorizonMs("http") != (24*time.Hour).Milliseconds() {
		t.Errorf("horizon of whatsapp %d ms (%v)", policy.HorizonMs("whatsapp"), err)
	}
	a, err := New(Options{Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	url := "http://" + a.Addr().String() + "/hooks/v1/whatsapp/shop"
	body := fmt.Sprintf(`{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"106540352242922"},`+
		`"messages":[{"from":"59899123456","id":"wamid.1","timestamp":"%d","type":"text","text":{"body":"hola"}},{"from":"59899123456"}]}}]}]}`, time.Now().Unix())
	do := func(method, url, body string, headers ...string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(text)
	}
	if code, text := do(http.MethodGet, url+"?hub.mode=subscribe&hub.verify_token=a-verify-token&hub.challenge=1158201444", ""); code != 200 || text != "1158201444" {
		t.Errorf("the handshake got %d %q", code, text)
	}
	mac := hmac.New(sha256.New, []byte("the-secret-of-the-app"))
	mac.Write([]byte(body))
	if code, text := do(http.MethodPost, url, body, "X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil))); code != 200 {
		t.Fatalf("the delivery got %d %s", code, text)
	}
	if code, text := do(http.MethodPost, url+"/resolve", `{"customer":"+59899123456","state":"resolved"}`, "Authorization", "Bearer an-ingest-token-for-tests"); code != 200 {
		t.Fatalf("the resolve call got %d %s", code, text)
	}
	var conversations, letters []string
	for _, topic := range []string{a.Topics().Interactions.Name, a.Topics().DeadLetters.Name} {
		for p := range int32(a.Topics().Interactions.Partitions) {
			batch, err := a.Log().Fetch(t.Context(), topic, p, 0, bus.FetchOptions{MaxWait: 50 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range batch.Messages {
				if bytes.Contains(m.Value, []byte("59899123456")) {
					t.Error("a phone number is in the log")
				}
				r, err := event.Decode(m.Value)
				if err != nil {
					t.Fatal(err)
				}
				switch b := r.Body.(type) {
				case *event.Event:
					if b.Source.Account != "106540352242922" {
						t.Errorf("the declared account became %q", b.Source.Account)
					}
					conversations = append(conversations, b.Conversation)
				case event.DeadLetter:
					letters = append(letters, b.Topic+" "+b.Field)
				}
			}
		}
	}
	if len(conversations) != 2 || conversations[0] != conversations[1] {
		t.Errorf("message and resolve are of the conversations %v", conversations)
	}
	if diff := cmp.Diff([]string{"/hooks/v1/whatsapp/shop messages.id"}, letters); diff != "" {
		t.Errorf("dead letters: %s", diff)
	}
}
