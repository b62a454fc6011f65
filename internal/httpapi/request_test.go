package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/vigia-cx/vigia/internal/httpapi"
)

func TestBearer(t *testing.T) {
	for _, c := range []struct {
		name, header string
		bearer       string // "-" for none
		either       string
	}{
		{"nothing", "", "-", "-"},
		{"bearer", "Bearer abc", "abc", "abc"},
		{"any case", "bEARER abc", "abc", "abc"},
		{"blanks around", "Bearer  \tabc ", "abc", "abc"},
		{"blank inside", "Bearer a b", "a b", "a b"},
		{"empty", "Bearer ", "", ""},
		{"no blank", "Bearer", "-", "-"},
		{"another scheme", "Digest abc", "-", "-"},
		{"basic", "Basic dXNlcjpzZWNyZXQ=", "-", "secret"}, // user:secret
		{"basic without a password", "Basic dXNlcjo=", "-", ""},
		{"broken basic", "Basic !", "-", "-"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		if c.header != "" {
			r.Header.Set("Authorization", c.header)
		}
		check := func(name, want, got string, ok bool) {
			if !ok && got == "" {
				got = "-"
			}
			if got != want {
				t.Errorf("%s: %s found %q, want %q", c.name, name, got, want)
			}
		}
		token, ok := httpapi.Bearer(r)
		check("Bearer", c.bearer, token, ok)
		token, ok = httpapi.BearerOrPassword(r)
		check("BearerOrPassword", c.either, token, ok)
	}
}

func TestLocal(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "localhost:8420": true, "vigia.localhost": true, "127.0.0.1": true, "127.1.2.3:80": true, "[::1]": true, "[::1]:8420": true, "::1": true,
		"": false, "example.org": false, "localhost.example.org:8420": false, "10.0.0.1": false, "[2001:db8::1]:80": false, "notlocalhost": false,
	} {
		if got := httpapi.Local(host); got != want {
			t.Errorf("%q: %v, want %v", host, got, want)
		}
	}
}

// FuzzAuthorization: whatever the header says, a token is part of it without blanks around, and a bearer token is one for both.
func FuzzAuthorization(f *testing.F) {
	for _, seed := range []string{"", "Bearer abc", "bearer  a b ", "Basic dXNlcjpzZWNyZXQ=", "Basic !", "Bearer", "\x00 \xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		r := &http.Request{Header: http.Header{"Authorization": {header}}}
		token, ok := httpapi.Bearer(r)
		if !ok {
			if token != "" {
				t.Errorf("%q is no token and gives %q", header, token)
			}
			return
		}
		if !strings.HasSuffix(strings.TrimSpace(header), token) || strings.TrimSpace(token) != token {
			t.Errorf("%q gives %q", header, token)
		}
		if either, ok := httpapi.BearerOrPassword(r); !ok || either != token {
			t.Errorf("%q gives %q and %q", header, token, either)
		}
	})
}
