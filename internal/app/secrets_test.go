package app_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/app"
)

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// TestNothingShowsASecret reads everything that an app says about itself while it is asked with good and with wrong tokens.
func TestNothingShowsASecret(t *testing.T) {
	log := &lockedBuffer{}
	cfg := configured(t, t.TempDir(), "")
	a := mustNew(t, app.Options{Config: cfg, Logger: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	said := []string{a.String(), fmt.Sprintf("%v %+v", cfg.Tenants, *cfg)}
	for _, token := range []string{ingestToken, readToken, "wrong-token-0123456789", ""} {
		for _, c := range [][2]string{
			{http.MethodPost, "/ingest/v1/events"}, {http.MethodGet, "/api/v1/kpis"}, {http.MethodGet, "/api/v1/conversations"}, {http.MethodGet, "/"},
			{http.MethodGet, "/metrics"}, {http.MethodGet, "/readyz"},
		} {
			_, body := call(t, a, token, c[0], c[1], message("m", time.Now()))
			said = append(said, body)
		}
	}
	if err := a.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	key := cfg.Tenants[0].Key()
	for _, text := range append(said, log.String()) {
		for _, secret := range []string{ingestToken, readToken, "wrong-token", hex.EncodeToString(key), base64.StdEncoding.EncodeToString(key), fmt.Sprint(key)} {
			if strings.Contains(text, secret) {
				t.Errorf("%q is shown in %.2000s", secret, text)
			}
		}
	}
}
