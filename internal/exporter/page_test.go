package exporter

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

var tags = regexp.MustCompile(`(?s)<[^>]*>`)

// visible returns the words of a page, one space between them.
func visible(html string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(tags.ReplaceAllString(html, " "), "\u00a0", " ")), " ")
}

func TestPageSaysWhatPresses(t *testing.T) {
	w := newWorld(t)
	w.busy()
	h := newHandler(t, w)
	for lang, want := range map[string][]string{
		"en": {"1 conversation overdue · 1 due within 15 minutes", "As of 06:00:07, 1.5 s ago", "Waiting now 2", "Longest wait 11 min 40 s", "PS 5 min", "1 hour 100 85", "IN 5 min 0 0 – no data", "75.3 % 70/93",
			"overdue 05:59:07 1 min 00 s late PS first response WhatsApp", "at risk 06:05:07 in 5 min 00 s PS first response WhatsApp", "Refreshes every 5 seconds"},
		"es": {"1 conversación vencida · 1 vence en menos de 15 minutos", "Datos de las 06:00:07, hace 1,5 s", "75,3 % 70/93", "vencida 05:59:07", "sin datos"},
		"pt": {"1 conversa vencida · 1 vence em menos de 15 minutos", "há 1,5 s", "75,3 % 70/93", "sem dados"},
	} {
		got := get(h, "/?lang="+lang)
		text := visible(got.Body.String())
		for _, words := range want {
			if !strings.Contains(text, words) {
				t.Errorf("%s does not say %q: %s", lang, words, text)
			}
		}
		if got.Code != 200 || !strings.Contains(got.Body.String(), `<html lang="`+lang+`">`) {
			t.Errorf("%s: %d", lang, got.Code)
		}
		for _, id := range []string{"p1far", "p1paused"} {
			if strings.Contains(text, id) {
				t.Errorf("%s shows %s, which does not press", lang, id)
			}
		}
	}
}

func TestPageWithoutData(t *testing.T) {
	w := newWorld(t)
	text := visible(get(newHandler(t, w), "/?lang=en").Body.String())
	for _, words := range []string{"Nothing has arrived yet", "curl http://example.com/ingest/v1/events", "vigia demo", `"occurred_at":"2026-03-20T12:00:08Z"`} {
		if !strings.Contains(text, words) {
			t.Errorf("does not say %q: %s", words, text)
		}
	}
	if strings.Contains(text, "within target") {
		t.Errorf("praises what does not exist: %s", text)
	}
}

func TestPageIsStale(t *testing.T) {
	w := newWorld(t)
	w.busy()
	w.now += 60_000
	text := visible(get(newHandler(t, w), "/?lang=en").Body.String())
	for _, words := range []string{"⚠ Stale. Everything is known only up to 06:00:07, 1 min 02 s ago", "incomplete: Something is missing", "1 conversation overdue"} {
		if !strings.Contains(text, words) {
			t.Errorf("does not say %q: %s", words, text)
		}
	}
}

func TestPageAllWell(t *testing.T) {
	w := newWorld(t)
	w.stage1[0].count("acme", 1, convo.Moment{Kind: convo.Answered, At: noon - 1000, Band: convo.InTarget})
	w.stage1[0].commit()
	text := visible(get(newHandler(t, w), "/?lang=en").Body.String())
	for _, words := range []string{"All open conversations are within target", "No conversation is overdue", "No queue"} {
		if !strings.Contains(text, words) {
			t.Errorf("does not say %q: %s", words, text)
		}
	}
}

func TestPageWithoutState(t *testing.T) {
	w := newWorld(t)
	w.down = fmt.Errorf("connection refused")
	got := get(newHandler(t, w), "/?lang=en")
	text := visible(got.Body.String())
	if got.Code != 503 || !strings.Contains(text, "The state is not known") || strings.Contains(text, "Waiting now") || !strings.Contains(got.Body.String(), `http-equiv="refresh"`) {
		t.Errorf("%d %s", got.Code, text)
	}
}

func TestPageSignsIn(t *testing.T) {
	w := newWorld(t)
	got := get(newHandler(t, w), "/?lang=en", "Authorization", "")
	if got.Code != 401 || !strings.HasPrefix(got.Header().Get("WWW-Authenticate"), "Basic ") || strings.Contains(got.Body.String(), `http-equiv="refresh"`) ||
		strings.Contains(got.Body.String(), "acme") {
		t.Errorf("%d %v %s", got.Code, got.Header(), got.Body)
	}
}

// TestPageEscapes: names come from outside.
func TestPageEscapes(t *testing.T) {
	w := newWorld(t)
	evil := `<script>alert(1)</script>"'>`
	w.stage1[0].count("acme", 1, convo.Moment{Kind: convo.Started, At: noon, Group: window.Group{Channel: "voice", Queue: evil}})
	w.stage1[0].open("acme", convo.Open{Conversation: evil, Queue: evil, Agent: evil, Link: "javascript:alert(1)",
		Promises: []convo.OpenPromise{{Clock: sla.FirstResponse, StartAt: 1, DueAt: noon - 1}}})
	w.stage1[0].commit()
	body := get(newHandler(t, w), "/?lang="+strings.ReplaceAll(evil, `"`, "%22")+"&tenant=acme").Body.String()
	for _, bad := range []string{"<script", "javascript:", `="'`} {
		if strings.Contains(body, bad) {
			t.Errorf("the page contains %q: %s", bad, body)
		}
	}
	if !strings.Contains(body, "&lt;script&gt;") {
		t.Errorf("the name is not shown: %s", body)
	}
}

func TestPageRefresh(t *testing.T) {
	w := newWorld(t)
	h := newHandler(t, w)
	if body := get(h, "/?lang=pt").Body.String(); !strings.Contains(body, `content="5"`) || !strings.Contains(body, `href="/?lang=pt&amp;refresh=off"`) {
		t.Errorf("no pause: %s", body)
	}
	if body := get(h, "/?lang=pt&refresh=off").Body.String(); strings.Contains(body, `content="5"`) || !strings.Contains(body, `refresh=on"`) {
		t.Errorf("not paused: %s", body)
	}
}

// TestPageIsWellFormed: every element is closed, every table has headings with a scope, nothing needs a script, every image of meaning has words.
func TestPageIsWellFormed(t *testing.T) {
	w := newWorld(t)
	w.busy()
	for _, path := range []string{"/", "/?refresh=off"} {
		body := get(newHandler(t, w), path).Body.String()
		if dir := os.Getenv("VIGIA_PAGE_DIR"); dir != "" { // to look at it in a browser
			shown := strings.Replace(body, `href="`+stylePath+`"`, `href="style.css"`, 1)
			for name, b := range map[string][]byte{"page.html": []byte(shown), "style.css": style} {
				if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
		d := xml.NewDecoder(strings.NewReader(body))
		d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
		depth, captions, headings := 0, 0, ""
		for {
			token, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			switch e := token.(type) {
			case xml.StartElement:
				depth++
				attr := map[string]string{}
				for _, a := range e.Attr {
					attr[a.Name.Local] = a.Value
				}
				if e.Name.Local == "th" && attr["scope"] == "" || e.Name.Local == "script" || attr["style"] != "" || attr["onclick"] != "" {
					t.Errorf("<%s> %v", e.Name.Local, attr)
				}
				switch e.Name.Local {
				case "table":
					captions--
				case "caption":
					captions++
				case "h1", "h2":
					headings += e.Name.Local
				}
				if attr["class"] == "icon" && attr["aria-hidden"] != "true" {
					t.Errorf("an icon is read aloud: %v", attr)
				}
			case xml.EndElement:
				depth--
			}
		}
		if depth != 0 || captions != 0 || headings != "h1h2h2" {
			t.Errorf("%d elements are not closed, %d tables have no caption, headings are %s", depth, -captions, headings)
		}
	}
}

var variable = regexp.MustCompile(`--([a-z]+): (#[0-9a-f]{6});`)

// TestContrast computes the contrasts of both colour schemes: 4.5:1 for text, 3:1 for edges that tell something (WCAG 2.2, 1.4.3 and 1.4.11).
func TestContrast(t *testing.T) {
	parts := bytes.SplitN(style, []byte("@media"), 2)
	for scheme, css := range map[string][]byte{"light": parts[0], "dark": parts[1]} {
		colour := map[string]string{}
		for _, m := range variable.FindAllStringSubmatch(string(css), -1) {
			colour[m[1]] = m[2]
		}
		for _, back := range []string{"back", "raised"} {
			for name, least := range map[string]float64{"text": 4.5, "muted": 4.5, "link": 4.5, "ok": 4.5, "warn": 4.5, "bad": 4.5, "edge": 3} {
				if ratio := contrast(t, colour[name], colour[back]); ratio < least {
					t.Errorf("%s: %s on %s is %.2f:1, below %.1f:1", scheme, name, back, ratio, least)
				}
			}
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	light := func(hex string) float64 {
		var sum float64
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			v, err := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
			if err != nil {
				t.Fatal(err)
			}
			c := float64(v) / 255
			if c <= 0.04045 {
				c /= 12.92
			} else {
				c = math.Pow((c+0.055)/1.055, 2.4)
			}
			sum += weight * c
		}
		return sum
	}
	x, y := light(a), light(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}
