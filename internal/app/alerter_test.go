package app_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/bus"
)

// TestBreachToWebhook goes the whole way in virtual time: a message that nobody answers becomes a signed webhook within a second and a half of the instant at which the promise can
// be called broken, its answer becomes another one, and the API tells who was told.
func TestBreachToWebhook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		world := bus.NewVirtual()
		listener, err := world.Listen("tcp", "127.0.0.1:9000")
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		type hook struct {
			Type string `json:"type"`
			at   time.Time
			id   string
		}
		var hooks []hook
		receiver := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			h := hook{at: time.Now(), id: r.Header.Get("webhook-id")}
			if err := json.Unmarshal(body, &h); err != nil || h.id == "" || r.Header.Get("webhook-signature") == "" {
				t.Errorf("%v %s", err, body)
			}
			mu.Lock()
			defer mu.Unlock()
			hooks = append(hooks, h)
		})}
		go func() { _ = receiver.Serve(listener) }()
		a, err := app.New(app.Options{Listen: world.Listen, DialLog: world.DialContext, DialOut: world.DialContext, Config: configured(t, "", `
    alerting:
      receivers:
        - {name: hook, to: {webhook: {url: "http://127.0.0.1:9000/", secrets: ["whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="]}}}
`)})
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		transport := &http.Transport{DialContext: world.DialContext}
		ask := asking(t, a, transport)
		time.Sleep(20 * time.Second)
		if ready, checks := a.Ready(t.Context()); !ready {
			t.Errorf("not ready: %+v", checks)
		}
		sent := time.Now()
		ask(ingestToken, http.MethodPost, "/ingest/v1/events", message("m1", sent))
		time.Sleep(15*time.Minute + 30*time.Second)
		callable := sent.Add(15*time.Minute + 2*time.Second) // the promise and its grace
		mu.Lock()
		var told []string
		for _, h := range hooks {
			told = append(told, h.Type)
			if late := h.at.Sub(callable); h.Type == "sla.breached" && (late < 0 || late > 1500*time.Millisecond) {
				t.Errorf("told %v after the promise could be called broken", late)
			}
		}
		mu.Unlock()
		if len(told) == 0 || told[len(told)-1] != "sla.breached" {
			t.Errorf("told %v", told)
		}
		if body := ask(readToken, http.MethodGet, "/api/v1/incidents", ""); !strings.Contains(body, `"receiver":"hook","type":"sla.breached"`) {
			t.Errorf("the API tells %s", body)
		}
		transport.CloseIdleConnections()
		if err := a.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		_ = receiver.Close()
	})
}

// TestRuleToPeople evaluates rules on the live state: about now and about a window. What nobody has answered fires, the answer resolves it.
func TestRuleToPeople(t *testing.T) {
	dir := t.TempDir()
	rules := `version: vigia/v1
rules:
  - {alert: Waiting, kpi: contacts_waiting, by: [channel], fire: "> 0", for: 30s, keep_firing_for: 30s, severity: warning}
  - {alert: Slow, kpi: first_response_time, stat: mean, by: [channel], window: 15m, fire: "> 1m", clear: "< 30s", severity: critical}
`
	if err := os.WriteFile(filepath.Join(dir, "rules.yaml"), []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		world := bus.NewVirtual()
		a, err := app.New(app.Options{Listen: world.Listen, DialLog: world.DialContext, Config: configured(t, "", `
    alerting: {rules: ["`+filepath.Join(dir, "rules.yaml")+`"]}
`)})
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		transport := &http.Transport{DialContext: world.DialContext}
		ask := asking(t, a, transport)
		state := func() map[string]string {
			var answer struct {
				Incidents []struct {
					Type   string            `json:"type"`
					Labels map[string]string `json:"labels"`
				} `json:"incidents"`
			}
			if err := json.Unmarshal([]byte(ask(readToken, http.MethodGet, "/api/v1/incidents", "")), &answer); err != nil {
				t.Fatal(err)
			}
			out := map[string]string{}
			for _, i := range answer.Incidents {
				out[i.Labels["alertname"]] = i.Type
			}
			return out
		}
		time.Sleep(20 * time.Second)
		ask(ingestToken, http.MethodPost, "/ingest/v1/events", message("m1", time.Now()))
		time.Sleep(2 * time.Minute)
		if got := state(); got["Waiting"] != "kpi.firing" || got["Slow"] != "" {
			t.Errorf("while it waits: %v", got)
		}
		ask(ingestToken, http.MethodPost, "/ingest/v1/events", answered("m2", time.Now()))
		time.Sleep(2 * time.Minute)
		if got := state(); got["Waiting"] != "kpi.resolved" || got["Slow"] != "kpi.firing" {
			t.Errorf("after the answer: %v", got)
		}
		transport.CloseIdleConnections()
		if err := a.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// answered is what an agent writes in the conversation of message m1.
func answered(id string, at time.Time) string {
	reply := strings.NewReplacer(`"conversation":{"id":"`+id+`"}`, `"conversation":{"id":"m1"}`, "KIND_CUSTOMER", "KIND_AGENT", "INBOUND", "OUTBOUND")
	return reply.Replace(message(id, at))
}

// asking returns a function that makes requests which must be answered 200.
func asking(t *testing.T, a *app.App, transport *http.Transport) func(token, method, path, body string) string {
	return func(token, method, path, body string) string {
		t.Helper()
		r, err := http.NewRequest(method, "http://"+a.Addr().String()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := (&http.Client{Transport: transport}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		if answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %s", path, answer.StatusCode, text)
		}
		return string(text)
	}
}
