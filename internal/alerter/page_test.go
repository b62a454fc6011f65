package alerter

import (
	"flag"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/notify"
)

var update = flag.Bool("update", false, "write testdata anew")

// TestAckPage compares whole pages: every language, and every state of an incident. Names come from outside.
func TestAckPage(t *testing.T) {
	open := incident{ID: "i1", Tenant: "t", Type: notify.SLABreached, Severity: notify.Warning, Rev: 1, Conversation: `<c1> & "d'or"`, Clock: "first_response", Channel: "chat",
		Queue: "<script>alert(1)</script>", StartedAt: 1_774_000_000_000, DueAt: 1_774_000_600_000, At: 1_774_000_600_000}
	taken, over := open, open
	taken.AckAt = open.At + 1000
	over.Type, over.EndedAt = notify.SLASettled, open.At+1000
	var b strings.Builder
	for _, lang := range []string{"en", "es", "pt", "xx"} {
		for _, c := range []struct {
			name string
			i    incident
			done bool
		}{{"open", open, false}, {"just taken", open, true}, {"taken", taken, false}, {"over", over, false}} {
			got := httptest.NewRecorder()
			if p := showAckPage(got, &Tenant{Name: "t", Lang: lang, Zone: time.UTC}, &c.i, c.done); p != nil {
				t.Fatalf("%s %s: %v", lang, c.name, p)
			}
			if kind := got.Header().Get("Content-Type"); got.Code != 200 || kind != "text/html; charset=utf-8" {
				t.Errorf("%s %s: %d %s", lang, c.name, got.Code, kind)
			}
			b.WriteString("== " + lang + ", " + c.name + "\n" + strings.ReplaceAll(got.Body.String(), "><", ">\n<") + "\n") // a line for each tag
		}
	}
	const name = "testdata/ack_page.golden"
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), b.String()); d != "" {
		t.Errorf("%s (-want +got; go test -update writes it anew):\n%s", name, d)
	}
}
