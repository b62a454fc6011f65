package connectortest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vigia-cx/vigia/internal/connector"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/httpapi"
)

const (
	secret      connector.Secret = "the-secret-of-the-app"
	nextSecret  connector.Secret = "the-secret-that-comes-next"
	verifyToken                  = "the-verify-token-of-the-source"
	ingestToken                  = "an-ingest-token-of-the-tenant"
	otherToken                   = "an-ingest-token-of-another-tenant"

	// Sources: one as it should be, one without verify token, one with other accounts.
	source  = "main"
	mute    = "mute"
	foreign = "foreign"
)

// stage is the endpoint with everything around it in sight.
type stage struct {
	t      *testing.T
	c      Case
	hooks  http.Handler
	log    *Log
	out    *bytes.Buffer // what was logged
	reg    *prometheus.Registry
	now    time.Time
	prefix string // of the channel's paths
	path   string // of the source
}

func newStage(t *testing.T, c Case) *stage {
	t.Helper()
	name := c.Channel.Name()
	cfg := connector.Default()
	cfg.Tenants = []connector.TenantConfig{{
		Name: "acme", Tokens: []httpapi.Token{{Plain: ingestToken}}, PseudonymKey: bytes.Repeat([]byte{7}, 32), RateEvents: 1e9, Burst: 1e9,
		Hooks: []connector.HookConfig{
			{Channel: name, Name: source, Secrets: []connector.Secret{secret, nextSecret}, VerifyToken: verifyToken},
			{Channel: name, Name: mute, Secrets: []connector.Secret{secret}},
			{Channel: name, Name: foreign, Secrets: []connector.Secret{secret}, Accounts: []string{"an-account-of-nobody"}},
		},
	}, {Name: "other", Tokens: []httpapi.Token{{Plain: otherToken}}, PseudonymKey: bytes.Repeat([]byte{8}, 32)}}
	s := &stage{t: t, c: c, log: NewLog(), out: &bytes.Buffer{}, reg: prometheus.NewRegistry(), now: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC),
		prefix: connector.HooksPath + name + "/", path: connector.HooksPath + name + "/" + source}
	logger := slog.New(slog.NewTextHandler(s.out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h, err := connector.New(cfg, s.log, logger, s.reg, connector.WithChannels(c.Channel), connector.WithClock(func() time.Time { return s.now }))
	if err != nil {
		t.Fatal(err)
	}
	s.hooks = h.Hooks()
	return s
}

func (s *stage) send(method, target string, body []byte, headers http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for k, v := range headers {
		r.Header[http.CanonicalHeaderKey(k)] = v
	}
	w := httptest.NewRecorder()
	s.hooks.ServeHTTP(w, r)
	return w
}

// stream sends a body in one piece or as one of unknown length.
func (s *stage) stream(target string, body []byte, headers http.Header, chunked bool) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, target, bytes.NewReader(body))
	if chunked {
		r = httptest.NewRequest(http.MethodPost, target, io.MultiReader(bytes.NewReader(body)))
	}
	for k, v := range headers {
		r.Header[http.CanonicalHeaderKey(k)] = v
	}
	w := httptest.NewRecorder()
	s.hooks.ServeHTTP(w, r)
	return w
}

// accepted sends a signed delivery that must be taken, and returns the ids of its events.
func (s *stage) accepted(body []byte) []string {
	s.t.Helper()
	return s.acceptedWith(body, s.c.Sign(body, secret))
}

func (s *stage) acceptedWith(body []byte, headers http.Header) []string {
	s.t.Helper()
	w := s.send(http.MethodPost, s.path, body, headers)
	if w.Code != http.StatusOK {
		s.t.Fatalf("a delivery got %d: %s", w.Code, w.Body)
	}
	return idsOf(s.t, w)
}

func idsOf(t *testing.T, w *httptest.ResponseRecorder) []string {
	t.Helper()
	var answer struct{ IDs []string }
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("the answer is no JSON: %v: %s", err, w.Body)
	}
	return answer.IDs
}

// contents returns the events in the log by id, without what depends on their receipt.
func (s *stage) contents() map[string]event.Event {
	s.t.Helper()
	events, err := s.log.Events()
	if err != nil {
		s.t.Fatal(err)
	}
	out := map[string]event.Event{}
	for _, e := range events {
		c := *e
		c.ReceivedAt = 0
		if c.Quality == event.QualityReceived {
			c.At = 0
		}
		out[c.ID] = c
	}
	return out
}

// series returns the names of all series.
func (s *stage) series() []string {
	s.t.Helper()
	families, err := s.reg.Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	var out []string
	for _, f := range families {
		for _, m := range f.GetMetric() {
			out = append(out, fmt.Sprint(f.GetName(), m.GetLabel()))
		}
	}
	return out
}

func (s *stage) exposition() []byte {
	s.t.Helper()
	families, err := s.reg.Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	var b bytes.Buffer
	for _, f := range families {
		b.WriteString(f.String())
	}
	return b.Bytes()
}

func equal(a, b []string) bool { return slices.Equal(a, b) }

// withoutID is a problem without what tells requests apart.
func withoutID(w *httptest.ResponseRecorder) string {
	return strings.ReplaceAll(w.Body.String(), w.Header().Get("X-Request-Id"), "")
}

// The three below spoil what signs a delivery.

func emptied(h http.Header) http.Header {
	for k := range h {
		h[k] = []string{""}
	}
	return h
}

func cutOff(h http.Header) http.Header {
	for k, v := range h {
		h[k] = []string{v[0][:len(v[0])-1]}
	}
	return h
}

func doubled(a, b http.Header) http.Header {
	for k, v := range b {
		a[k] = append(a[k], v...)
	}
	return a
}
