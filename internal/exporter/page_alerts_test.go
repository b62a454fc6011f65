package exporter

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// TestPageAlerts shows what people were called for, in the reader's language; that it is not known does not take the rest of the page away.
func TestPageAlerts(t *testing.T) {
	at := time.UnixMilli(noon).Add(-time.Minute)
	alerts := []Alert{
		{Name: "SLABreach", Queue: "R&D <1>", Channel: "whatsapp", Clock: "first_response", At: at, Open: true, Told: []Told{{Receiver: "leads", At: at.Add(3 * time.Second)}, {Receiver: "pager", Failed: true}}},
		{Name: "ServiceLevelLow", Queue: "PS", Channel: "voice", At: at},
	}
	var failed error
	w := newWorld(t)
	w.busy()
	w.cfg.Alerts = func(_ context.Context, tenant string, most int) ([]Alert, error) {
		if tenant != "acme" || most < 1 {
			t.Errorf("asked for %d alerts of %q", most, tenant)
		}
		return alerts, failed
	}
	h := newHandler(t, w)
	page := func(lang string) string {
		t.Helper()
		got := get(h, "/?lang="+lang)
		if got.Code != 200 {
			t.Fatalf("status %d", got.Code)
		}
		return got.Body.String()
	}
	for lang, want := range map[string][]string{
		"en": {"promise broken", "R&amp;D &lt;1&gt;", "leads 05:59:10, pager", "not delivered", "ServiceLevelLow", "nobody yet"},
		"es": {"promesa incumplida", "primera respuesta", "sin entregar", "nadie todavía"},
		"pt": {"promessa descumprida", "primeira resposta", "não entregue", "ninguém ainda"},
	} {
		text := page(lang)
		for _, part := range want {
			if !strings.Contains(text, part) {
				t.Errorf("%s: the page does not say %q", lang, part)
			}
		}
	}
	if alerts = nil; !strings.Contains(page("es"), "no hizo falta avisar a nadie") {
		t.Error("no alerts, and the page does not say so")
	}
	failed = errors.New("the state is away")
	if text := page("es"); !strings.Contains(text, "no se sabe a quién se avisó") || !strings.Contains(text, "Por cola") {
		t.Error("unknown alerts are not shown as such, or took the rest of the page away")
	}
}
