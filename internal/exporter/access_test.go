package exporter

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/httpapi"
	"github.com/vigia-cx/vigia/internal/sla"
)

func TestAccess(t *testing.T) {
	w := newWorld(t)
	for _, x := range w.stage1 {
		x.enrol(sla.DefaultPolicy("other", "UTC"))
		x.count("other", 1, convo.Moment{Kind: convo.Started, At: noon})
		x.commit()
	}
	h := newHandler(t, w)
	ask := func(h http.Handler, host, path string, auth func(r *http.Request)) (int, string) {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Host = host
		auth(r)
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return rec.Code, rec.Body.String()
	}
	bearer := func(token string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
	}
	basic := func(token string) func(*http.Request) { return func(r *http.Request) { r.SetBasicAuth("me", token) } }
	none := func(*http.Request) {}
	const path = "/api/v1/kpis?kpi=conversations_started"
	for _, c := range []struct {
		name, path string
		auth       func(*http.Request)
		code       int
		says       string
	}{
		{"no token", path, none, 401, "Bearer TOKEN"},
		{"wrong token", path, bearer("acme-reads-with-thi"), 401, "not known"},
		{"empty token", path, bearer(""), 401, "not known"},
		{"other scheme", path, func(r *http.Request) { r.Header.Set("Authorization", "Digest "+acmeToken) }, 401, "Bearer"},
		{"acme", path, bearer(acmeToken), 200, `"tenant":"acme"`},
		{"acme sees none of other's", path, bearer(acmeToken), 200, `"value":0`},
		{"other", path, bearer(otherToken), 200, `"value":2`},
		{"basic", path, basic(otherToken), 200, `"tenant":"other"`},
		{"lower case scheme", path, func(r *http.Request) { r.Header.Set("Authorization", "bearer "+otherToken) }, 200, `"tenant":"other"`},
		{"across tenants", path + "&tenant=acme", bearer(otherToken), 400, "another tenant"},
		{"own tenant named", path + "&tenant=other", bearer(otherToken), 200, `"value":2`},
		{"conversations", "/api/v1/conversations", none, 401, "Bearer TOKEN"},
		{"catalog", "/api/v1/catalog", none, 401, "Bearer TOKEN"},
		{"page", "/", none, 401, "Sign in"},
	} {
		if code, body := ask(h, "vigia.example", c.path, c.auth); code != c.code || !strings.Contains(body, c.says) {
			t.Errorf("%s: %d %.300s, want %d and %q", c.name, code, body, c.code, c.says)
		}
	}

	w.cfg.Open = true
	open := newHandler(t, w)
	for _, c := range []struct {
		name, host, path string
		auth             func(*http.Request)
		code             int
		says             string
	}{
		{"first tenant", "127.0.0.1:8420", path, none, 200, `"tenant":"acme"`},
		{"named tenant", "localhost:8420", path + "&tenant=other", none, 200, `"value":2`},
		{"with a token", "[::1]:8420", path, bearer(otherToken), 200, `"tenant":"other"`},
		{"with a token that is none", "localhost", path, bearer("whatever"), 200, `"tenant":"acme"`},
		{"unknown tenant", "localhost", path + "&tenant=nobody", none, 400, "no event of it"},
		{"a name that was bound to loopback", "evil.example", path, none, 403, "localhost"},
	} {
		if code, body := ask(open, c.host, c.path, c.auth); code != c.code || !strings.Contains(body, c.says) {
			t.Errorf("open, %s: %d %.300s, want %d and %q", c.name, code, body, c.code, c.says)
		}
	}
	if n := len(open.reader.views); n != 2 {
		t.Errorf("%d views are kept, want those of the 2 configured tenants", n)
	}
}

func TestConfigIsChecked(t *testing.T) {
	cfg := Default()
	cfg.Interactions, cfg.CacheBytes = 0, 0
	cfg.Tenants = []Tenant{{Name: "a", Zone: "Mars/Base", Lang: "xx", Tokens: []httpapi.Token{{Plain: "short"}, {SHA256: "zz"}}}, {Name: "a", Tokens: []httpapi.Token{{Plain: acmeToken}}},
		{Tokens: []httpapi.Token{{Plain: acmeToken}}}}
	err := cfg.Validate()
	for _, want := range []string{"partition counts", "cache bytes", "Mars/Base", `language "xx"`, "token 0 is shorter", "token 1 the SHA-256", "is there twice", "tenant 2 has no name", "also a token of tenant a"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no word of %q in: %v", want, err)
		}
	}
	if err := Default().Validate(); err == nil || !strings.Contains(err.Error(), "nobody could read") {
		t.Errorf("a configuration without tokens: %v", err)
	}
	if s := fmt.Sprintf("%v %+v %#v", httpapi.Token{Plain: acmeToken}, httpapi.Token{Plain: acmeToken}, httpapi.Token{Plain: acmeToken}); strings.Contains(s, acmeToken) {
		t.Errorf("a token prints itself: %s", s)
	}
}
