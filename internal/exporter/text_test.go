package exporter

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/sla"
)

func TestParseSpan(t *testing.T) {
	zone, err := sla.LoadZone("America/Mexico_City")
	if err != nil {
		t.Fatal(err)
	}
	for s, want := range map[string]string{
		"30s": "2026-03-20T05:59:37-06:00 2026-03-20T06:00:07-06:00", "5m": "2026-03-20T05:55:07-06:00 2026-03-20T06:00:07-06:00",
		"7d": "2026-03-13T06:00:07-06:00 2026-03-20T06:00:07-06:00", "2w": "2026-03-06T06:00:07-06:00 2026-03-20T06:00:07-06:00",
		"today": "2026-03-20T00:00:00-06:00 2026-03-20T06:00:07-06:00", "yesterday": "2026-03-19T00:00:00-06:00 2026-03-20T00:00:00-06:00",
		"last_week": "2026-03-09T00:00:00-06:00 2026-03-16T00:00:00-06:00", "last_month": "2026-02-01T00:00:00-06:00 2026-03-01T00:00:00-06:00",
	} {
		span, err := ParseSpan(s)
		if err != nil {
			t.Fatal(err)
		}
		from, to := span.ends(noon, zone)
		if got := kpi.Timestamp(from, zone) + " " + kpi.Timestamp(to, zone); got != want {
			t.Errorf("%s: %s, want %s", s, got, want)
		}
	}
	for _, s := range []string{"", "5", "m", "5 m", "0m", "9s", "401d", "1y", "tomorrow"} {
		if _, err := ParseSpan(s); err == nil {
			t.Errorf("%q is a window", s)
		}
	}
}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

func TestTextsAreEqualInKeys(t *testing.T) {
	for lang, words := range texts {
		for key, text := range words {
			for other, theirs := range texts {
				if diff := cmp.Diff(slices.Sorted(slices.Values(placeholder.FindAllString(text, -1))), slices.Sorted(slices.Values(placeholder.FindAllString(theirs[key], -1)))); diff != "" {
					t.Errorf("%s: %s and %s differ in places: %s", key, lang, other, diff)
				}
				if theirs[key] == "" {
					t.Errorf("%s is in %s, not in %s", key, lang, other)
				}
			}
		}
	}
	for _, id := range event.Channels() {
		if texts["en"]["channel_"+id] == "" {
			t.Errorf("channel %s has no name", id)
		}
	}
	if len(texts) != len(kpi.Langs) {
		t.Errorf("%d languages", len(texts))
	}
}

func TestSpeak(t *testing.T) {
	for _, c := range []struct{ query, accept, tenant, want string }{
		{"", "", "", "en"}, {"", "", "es", "es"}, {"", "pt-BR,pt;q=0.9,en;q=0.8", "es", "pt"}, {"lang=en", "es", "es", "en"}, {"", "es-419", "", "es"},
		{"", "de-DE, fr;q=0.5", "pt", "pt"}, {"lang=xx", "", "", "en"}, {"", ";;;", "es", "es"}, {"", "en-GB", "es", "en"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/?"+c.query, nil)
		r.Header.Set("Accept-Language", c.accept)
		if got := speak(r, c.tenant); string(got) != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func TestDurations(t *testing.T) {
	for ms, want := range map[int64]string{0: "0,0 s", 1_460: "1,5 s", 12_400: "12 s", 59_600: "1 min 00 s", 61_000: "1 min 01 s", 7_384_000: "2 h 03 min", 90_000_000: "1 d 01 h"} {
		if got := strings.ReplaceAll(words("es").duration(ms), "\u00a0", " "); got != want {
			t.Errorf("%d ms: %s, want %s", ms, got, want)
		}
	}
}
