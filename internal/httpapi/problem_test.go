package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/httpapi"
)

// TestProblem: the members that all problems have come first, then those of the role; headers are there when there is something to say.
func TestProblem(t *testing.T) {
	kind := httpapi.Kind{Slug: "too-warm", Status: http.StatusServiceUnavailable, Title: "Too warm"}
	bare := kind.Because("https://example.org/doc#", "It is 40 °C <here>.")
	full := bare
	full.Retry, full.Allow, full.Challenge = 1100*time.Millisecond, "GET, HEAD", `Bearer realm="x"`
	type more struct {
		httpapi.Problem
		Degrees int `json:"degrees"`
	}
	members := `"type":"https://example.org/doc#too-warm","title":"Too warm","status":503,"detail":"It is 40 °C \u003chere\u003e."`
	for _, c := range []struct {
		name string
		p    *httpapi.Problem
		body any
		want string
		head http.Header
	}{
		{"bare", &bare, &bare, "{" + members + "}\n", http.Header{"Content-Type": {"application/problem+json"}}},
		{"full", &full, more{full, 40}, "{" + members + `,"degrees":40}` + "\n", http.Header{"Content-Type": {"application/problem+json"}, "Retry-After": {"2"},
			"Allow": {"GET, HEAD"}, "Www-Authenticate": {`Bearer realm="x"`}}},
	} {
		w := httptest.NewRecorder()
		w.Header().Set("Content-Type", "text/html") // of what could not be shown
		c.p.Write(w, c.body)
		if diff := cmp.Diff(c.want, w.Body.String()); diff != "" || w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s: %d %s", c.name, w.Code, diff)
		}
		if diff := cmp.Diff(c.head, w.Header()); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestWriteJSON(t *testing.T) {
	for given, want := range map[string]string{"": "application/json", "text/plain": "text/plain"} {
		w := httptest.NewRecorder()
		if given != "" {
			w.Header().Set("Content-Type", given)
		}
		httpapi.WriteJSON(w, http.StatusAccepted, map[string]any{"b": 1, "a": nil})
		if got := w.Header().Get("Content-Type"); got != want || w.Code != http.StatusAccepted || w.Body.String() != `{"a":null,"b":1}`+"\n" {
			t.Errorf("%d %s %s", w.Code, got, w.Body)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a channel was written as JSON")
		}
	}()
	httpapi.WriteJSON(httptest.NewRecorder(), http.StatusOK, make(chan int))
}
