package exporter

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/sla"
)

var breaks = regexp.MustCompile(`>\s*\n\s*<`)

// lines returns a page with a line for each tag: a line break between two tags means nothing there, every other blank stays.
func lines(page string) string {
	page = breaks.ReplaceAllString(strings.TrimSpace(page), "><")
	page = strings.Replace(page, stylePath, "/style.css", 1)
	return strings.ReplaceAll(page, "><", ">\n<") + "\n"
}

// TestPageWhole compares whole pages: every language, and every state that the page knows.
func TestPageWhole(t *testing.T) {
	busy := func(w *world) { w.busy() }
	for _, c := range []struct {
		name, path string
		status     int
		fill       func(*world)
		headers    []string
	}{
		{"en", "/?lang=en", 200, busy, nil},
		{"es", "/?lang=es", 200, busy, nil},
		{"pt", "/?lang=pt", 200, busy, nil},
		{"stale", "/?lang=es&tenant=acme&refresh=off", 200, func(w *world) { w.busy(); w.crowd(12); w.now += 60_000 }, nil},
		{"empty", "/?lang=pt", 200, func(*world) {}, nil},
		{"well", "/?lang=en", 200, func(w *world) {
			w.stage1[0].count("acme", 1, convo.Moment{Kind: convo.Answered, At: noon - 1000, Band: convo.InTarget})
			w.stage1[0].commit()
		}, nil},
		{"unknown", "/?lang=es", 503, func(w *world) { w.down = fmt.Errorf("connection refused") }, nil},
		{"sign_in", "/?lang=pt", 401, func(*world) {}, []string{"Authorization", ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			c.fill(w)
			got := get(newHandler(t, w), c.path, c.headers...)
			if got.Code != c.status {
				t.Errorf("status %d, want %d", got.Code, c.status)
			}
			golden(t, "testdata/page_"+c.name+".golden", lines(got.Body.String()))
		})
	}
}

// crowd opens n conversations that are overdue, with names that need to be escaped.
func (w *world) crowd(n int) {
	for i := range n {
		w.stage1[i%2].open("acme", convo.Open{Conversation: fmt.Sprintf("<c%d> & \"d'or\"", i), Channel: "fax", Queue: "R&D", Agent: "O'Hara <7>", Link: fmt.Sprintf("https://desk.example/?id=%d&tab=1", i),
			OpenedAt: noon - 900_000, Promises: []convo.OpenPromise{{Clock: sla.NextResponse, StartAt: noon - 900_000, WarnAt: noon - 600_000, DueAt: noon - 90_000_000 - int64(i)*1000}}})
	}
	w.stage1[0].count("acme", 1, convo.Moment{Kind: convo.Started, At: noon, Group: voice(`"Q'1" <&>`, "7")})
	w.stage1[0].commit()
	w.stage1[1].commit()
}

// TestPageLinksOnlyToTheWeb: a link comes with an event, and what was stored may be older than the rules for events.
func TestPageLinksOnlyToTheWeb(t *testing.T) {
	for _, link := range []string{"https://desk.example/c1", "http://desk.example:8080/?id=1&tab=2#top", "HTTPS://DESK.EXAMPLE/", "https://desk.example/\"><script>alert(1)</script>"} {
		want := fmt.Sprintf(`<a href="%s" rel="noreferrer">c1</a>`, strings.NewReplacer("&", "&amp;", `"`, "&#34;", "<", "&lt;", ">", "&gt;").Replace(link))
		if got := fmt.Sprint(outward(link, "c1")); got != want {
			t.Errorf("%q: %s, want %s", link, got, want)
		}
	}
	for _, link := range []string{
		"", "javascript:alert(1)", "JavaScript:alert(1)", " javascript:alert(1)", "\tjavascript:alert(1)", "java\nscript:alert(1)", "java\tscript:alert(1)", "\x00javascript:alert(1)", "javascript&colon;alert(1)",
		"javascript://desk.example/%0aalert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:msgbox(1)", "file:///etc/passwd", "//desk.example", "/api/v1/kpis", "https:", "https:/c1", "https:c1", "mailto:a@desk.example",
		"view-source:https://desk.example", "https://desk.example\x7f",
	} {
		if got := fmt.Sprint(outward(link, "<c1>")); got != "&lt;c1&gt;" {
			t.Errorf("%q: %s, want no link", link, got)
		}
	}
}

// FuzzOutward: whatever the link, the page shows plain text or an element with a link to the web.
func FuzzOutward(f *testing.F) {
	for _, seed := range []string{"https://desk.example/c1", "javascript:alert(1)", `https://"x`, "http://[::1]:80/\u2028", "https://a@b:c/"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, link, text string) {
		got := fmt.Sprint(outward(link, text))
		inner := strings.TrimSuffix(got, "</a>")
		if inner != got {
			if !onTheWeb.MatchString(inner) {
				t.Fatalf("%q: %s", link, got)
			}
			inner = onTheWeb.ReplaceAllString(inner, "")
		}
		if strings.ContainsAny(inner, `<>"'`) {
			t.Fatalf("%q, %q: %s", link, text, got)
		}
	})
}

var onTheWeb = regexp.MustCompile(`(?i)^<a href="https?://[^"<>']*" rel="noreferrer">`)
