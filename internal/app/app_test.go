package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/config"
	"github.com/vigia-cx/vigia/internal/kpi"
)

const (
	ingestToken = "ingest-0123456789abcdef"
	readToken   = "read-0123456789abcdef"
)

// configured returns a configuration with one tenant that keeps its data in dir ("" is memory).
func configured(t testing.TB, dir, extra string) *config.Config {
	t.Helper()
	text := fmt.Sprintf(`
listen: 127.0.0.1:0
data: %q
tenants:
  - name: acme
    zone: America/Mexico_City
    ingest_tokens: [%s]
    read_tokens: [%s]
    pseudonym_key: "%s"
    rules:
      - {name: standard, first_response: 15m}
%s`, dir, ingestToken, readToken, strings.Repeat("ab", 32), extra)
	cfg, err := config.Parse("vigia.yml", []byte(text), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// started starts an app and stops it when the test ends.
func started(t testing.TB, o app.Options) *app.App {
	t.Helper()
	o.Logger = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	a, err := app.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return a
}

// call makes a request with a token and returns status and body.
func call(t testing.TB, a *app.App, token, method, path, body string) (int, string) {
	t.Helper()
	address := a.Addr()
	if strings.HasPrefix(path, "/metrics") || path == "/livez" || path == "/readyz" || strings.HasPrefix(path, "/-/") {
		address = a.AdminAddr()
	}
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+address.String()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
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

// message is an event: a customer's first message.
func message(id string, at time.Time) string {
	return fmt.Sprintf(`{"occurred_at":%q,"source":{"native_event_id":%q},"conversation":{"id":%q},"customer":{"id":"ana"},"actor":{"kind":"KIND_CUSTOMER"},`+
		`"channel":"CHANNEL_EMAIL","routing":{"queue_id":"Ventas"},"message":{"message_id":%q,"direction":"DIRECTION_INBOUND"}}`, at.UTC().Format(time.RFC3339Nano), id, id, id)
}

// values asks for KPIs; nil while the state is not known yet.
func values(t testing.TB, a *app.App, query string) []kpi.Value {
	t.Helper()
	status, body := call(t, a, readToken, http.MethodGet, "/api/v1/kpis?"+query, "")
	if status == http.StatusServiceUnavailable {
		return nil
	}
	if status != http.StatusOK {
		t.Fatalf("GET %s: %d %s", query, status, body)
	}
	var answer struct{ Values []kpi.Value }
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Values
}

// eventually calls check until it returns "" or the time is over.
func eventually(t testing.TB, within time.Duration, check func() string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	every := time.NewTicker(50 * time.Millisecond)
	defer every.Stop()
	for {
		missing := check()
		if missing == "" {
			return
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			t.Fatalf("after %v still: %s", within, missing)
		}
	}
}

func TestFromEventToValue(t *testing.T) {
	a := started(t, app.Options{Config: configured(t, t.TempDir(), "")})
	status, body := call(t, a, ingestToken, http.MethodPost, "/ingest/v1/events", "["+message("m1", time.Now())+","+message("m2", time.Now())+"]")
	if status != http.StatusOK {
		t.Fatalf("ingest: %d %s", status, body)
	}
	eventually(t, 20*time.Second, func() string {
		v := values(t, a, "kpi=conversations_started&window=1h&group=queue")
		if len(v) != 1 || v[0].Value != "2" || v[0].Group["queue"] != "Ventas" {
			return fmt.Sprintf("%+v", v)
		}
		return ""
	})
	eventually(t, 20*time.Second, func() string {
		if ready, checks := a.Ready(t.Context()); !ready {
			return fmt.Sprintf("not ready: %+v", checks)
		}
		return ""
	})
}
