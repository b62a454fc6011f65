package exporter

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/digest"
	"github.com/vigia-cx/vigia/internal/kpi"
)

// weeks fills two whole weeks before the one that noon lies in (Friday 2026-03-20): of the newer one fewer calls are answered in target.
func (w *world) weeks(t *testing.T) {
	t.Helper()
	zone := mustZone(t, "America/Mexico_City")
	at := func(day, hour int) int64 { return time.Date(2026, 3, day, hour, 0, 0, 0, zone).UnixMilli() }
	add := func(day int, inTarget, late int, queue string) {
		for i := range inTarget + late {
			band := convo.InTarget
			if i >= inTarget {
				band = convo.Late
			}
			m := convo.Moment{Kind: convo.Answered, At: at(day, 10), Group: about(queue, "voice", "billing"), Band: band, Value: 1000}
			w.stage1[i%2].count("acme", 1, m, convo.Moment{Kind: convo.Started, At: m.At, Group: m.Group})
		}
	}
	add(2, 90, 10, "PS") // Monday of the week before
	add(9, 60, 40, "PS") // Monday of the last whole week
	add(15, 40, 0, "IN") // its Sunday
	add(16, 500, 0, "PS")
	add(1, 500, 0, "PS")
	for _, x := range w.stage1 {
		x.commit()
	}
}

// TestDigest: the last whole week of the tenant's zone, beside the week before.
func TestDigest(t *testing.T) {
	w := newWorld(t)
	w.weeks(t)
	h := newHandler(t, w)
	var d digest.Digest
	got := get(h, "/api/v1/digest")
	if err := json.Unmarshal(got.Body.Bytes(), &d); err != nil || got.Code != 200 {
		t.Fatalf("%d %v %s", got.Code, err, got.Body)
	}
	if d.From != "2026-03-09T00:00:00-06:00" || d.To != "2026-03-16T00:00:00-06:00" || !d.Complete || d.By != "queue" {
		t.Errorf("%s to %s, complete %t, by %s", d.From, d.To, d.Complete, d.By)
	}
	if v := d.Headlines[0]; v.KPI != "conversations_started" || v.Value.Value != "140" || said(v.Baseline) != "100 n=100 [2026-03-02T00:00:00-06:00, 2026-03-09T00:00:00-06:00) 40 true poisson_z" {
		t.Errorf("%s %s %s", v.KPI, v.Value.Value, said(v.Baseline))
	}
	var changed []string
	for _, v := range d.Changes.Groups {
		changed = append(changed, v.KPI+" "+v.Group["queue"])
	}
	if got := strings.Join(changed, ", "); got != "service_level PS, conversations_started IN, contacts_offered IN, contacts_answered IN" {
		t.Error(got)
	}
	if len(d.Rankings) != 1 || d.Rankings[0].Best.Group["queue"] != "IN" || d.Rankings[0].Apart == nil || !*d.Rankings[0].Apart {
		t.Errorf("%+v", d.Rankings)
	}
	// Of Mondays 0, 100, 100 and 500, of Sundays 0, 0, 40 and 500.
	if b := d.Busiest; b == nil || b.N != 1240 || len(b.Steps) != 2 || b.Steps[0].Value != "100" || b.Steps[1].Value != "20" {
		t.Errorf("%+v", b)
	}
}

// TestDigestOfEverything: with something counted for every KPI, each is told or named as one that cannot be told of a time that is over.
func TestDigestOfEverything(t *testing.T) {
	w := newWorld(t)
	w.everything()
	later := noon + 4*86_400_000 // Tuesday of the next week
	for _, x := range slices.Concat(w.stage1, w.stage2) {
		x.tick(later)
		x.commit()
	}
	w.now = later + 1500
	h := newHandler(t, w)
	var d digest.Digest
	for _, by := range digest.Groupings {
		got := get(h, "/api/v1/digest?by="+by)
		if err := json.Unmarshal(got.Body.Bytes(), &d); err != nil {
			t.Fatalf("%v %s", err, got.Body)
		}
		for _, id := range d.Unanswered {
			if got := get(h, "/api/v1/kpis?window=last_week&kpi="+id); got.Code != 400 {
				t.Errorf("%s is not told, but can be: %d %.300s", id, got.Code, got.Body)
			}
		}
		if !slices.Contains(d.Unanswered, "active_customers") {
			t.Errorf("not told: %v", d.Unanswered)
		}
		told := slices.Concat(d.Silent, d.Unanswered)
		for _, s := range d.Sections {
			for _, f := range s.Figures {
				told = append(told, f.KPI)
			}
		}
		for _, id := range digest.KPIs() {
			if !slices.Contains(told, id) {
				t.Errorf("by %s: nothing is said of %s", by, id)
			}
		}
		if len(d.Sections) < 6 {
			t.Errorf("%d sections", len(d.Sections))
		}
		for _, lang := range kpi.Langs {
			if text := get(h, "/api/v1/digest?format=md&lang="+lang+"&by="+by).Body.String(); strings.Contains(text, "NaN") || strings.Contains(text, "{") {
				t.Errorf("%s by %s: %s", lang, by, text)
			}
		}
	}
}

// TestDigestForms: the form goes by name, then by what is accepted; the language by name, by the browser, by the tenant.
func TestDigestForms(t *testing.T) {
	w := newWorld(t)
	w.weeks(t)
	h := newHandler(t, w)
	for _, c := range []struct{ path, accept, media, want string }{
		{"", "", "application/json", `"tenant":"acme"`},
		{"", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8", "<h1"},
		{"", "text/markdown, text/html;q=0.9", "text/markdown; charset=utf-8", "# Semana de acme\n\nlunes 9 de marzo de 2026 a domingo 15 de marzo de 2026"},
		{"?format=md&lang=pt", "text/html", "text/markdown; charset=utf-8", "segunda-feira, 9 de março de 2026 a domingo, 15 de março de 2026"},
		{"?format=md&lang=en&period=month&by=channel", "", "text/markdown; charset=utf-8", "# Month of acme\n\nSunday 1 February 2026 to Saturday 28 February 2026"},
		{"?format=md&lang=en&period=month&at=2026-03-31T23:00:00-06:00", "", "application/problem+json", "in the future"},
		{"?format=md&lang=en&at=2026-03-10T00:00:00-06:00", "", "text/markdown; charset=utf-8", "Monday 2 March 2026 to Sunday 8 March 2026"},
		{"?period=year", "", "application/problem+json", `"allowed":["week","month"]`},
		{"?by=agent", "", "application/problem+json", `"allowed":["queue","channel","team"]`},
		{"?lang=de", "", "application/problem+json", `"allowed":["en","es","pt"]`},
		{"?format=pdf", "", "application/problem+json", `"allowed":["json","md","html"]`},
		{"?window=1h", "", "application/problem+json", "There is no parameter"},
		{"?at=2001-01-01T00:00:00Z", "", "application/problem+json", "nothing is kept from before"},
	} {
		headers := []string{}
		if c.accept != "" {
			headers = []string{"Accept", c.accept}
		}
		got := get(h, "/api/v1/digest"+c.path, headers...)
		if media := got.Header().Get("Content-Type"); media != c.media || !strings.Contains(got.Body.String(), c.want) {
			t.Errorf("%s (%s): %d %s %.600s", c.path, c.accept, got.Code, media, got.Body)
		}
		if c.media == "text/html; charset=utf-8" && !strings.HasPrefix(got.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Error("the page may load things")
		}
	}
}
