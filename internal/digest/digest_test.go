package digest

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/kpi"
)

var update = flag.Bool("update", false, "write golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	name = "testdata/" + name
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got; go test -update writes it anew):\n%s", name, diff)
	}
}

func shout(id string) string { return strings.ToUpper(id) }

// TestGolden compares whole digests: every language in every form, a month, and one without any data.
func TestGolden(t *testing.T) {
	d := Make(week())
	for _, lang := range kpi.Langs {
		golden(t, "week_"+lang+".md", d.Markdown(lang, shout))
		golden(t, "week_"+lang+".html", d.HTML(lang, shout))
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", " ")
	if err := e.Encode(d); err != nil {
		t.Fatal(err)
	}
	golden(t, "week.json", b.Bytes())

	month := week()
	month.Period, month.By, month.Usual, month.Profile = Month, "channel", nil, nil
	for i := range month.Groups {
		v := &month.Groups[i]
		v.Group = map[string]string{"channel": map[string]string{"Soporte": "whatsapp", odd: "email", "Cobros": "voice"}[v.Group["queue"]]}
	}
	for i := range month.Whole {
		month.Whole[i].From, month.Whole[i].To = "2026-10-01T00:00:00-06:00", "2026-11-01T00:00:00-06:00"
	}
	golden(t, "month_pt.md", Make(month).Markdown("pt", shout))
	nothing := Make(Input{Tenant: "acme", Period: Week, By: "team", Whole: []kpi.Value{answer("csat", "1-5", kpi.Ratio, 0)}})
	golden(t, "nothing_es.md", nothing.Markdown("es", shout))
}

// TestOnlyWhatIsTold: what the API does not call significant is no change, what rests on little ranks nobody, and what is hidden stays so.
func TestOnlyWhatIsTold(t *testing.T) {
	d := Make(week())
	var changed []string
	for _, v := range slices.Concat(d.Changes.Whole, d.Changes.Groups) {
		changed = append(changed, v.KPI+" "+v.Group["queue"])
	}
	want := []string{"conversations_started ", "abandon_rate ", "service_level ", "sla_compliance ", "sla_compliance " + odd, "service_level " + odd}
	if diff := cmp.Diff(want, changed); diff != "" {
		t.Errorf("changes:\n%s", diff)
	}
	for _, f := range slices.Concat(d.Sections[1].Figures, d.Sections[3].Figures, d.Sections[4].Figures) {
		if want := f.KPI == "reopen_rate" || f.KPI == "feedback_conversion" || f.KPI == "fcr"; f.Provisional != want {
			t.Errorf("%s: provisional %t", f.KPI, f.Provisional)
		}
	}
	if d.Changes.Tested != 10 {
		t.Errorf("%d differences were judged", d.Changes.Tested)
	}
	for _, r := range d.Rankings {
		for _, v := range []kpi.Value{r.Best, r.Worst} {
			if v.N < LeastN || v.Group["queue"] != "Soporte" && v.Group["queue"] != odd {
				t.Errorf("%s ranks %q with n = %d", v.KPI, v.Group["queue"], v.N)
			}
		}
		if r.Best.KPI == "reopen_rate" {
			t.Error("two queues that are alike are ranked")
		}
	}
	if d.Complete || d.AsOf != "2026-11-16T13:59:00Z" {
		t.Errorf("complete %t as of %s", d.Complete, d.AsOf)
	}
	if diff := cmp.Diff([]Hidden{{"csat", "1-5", 2, 5}}, d.Hidden); diff != "" {
		t.Errorf("hidden:\n%s", diff)
	}
	if slices.Contains(d.Silent, "fcr") || !slices.Contains(d.Silent, "ces") || !slices.Contains(d.Unanswered, "active_customers") {
		t.Errorf("silent %v, unanswered %v", d.Silent, d.Unanswered)
	}
	if got := d.Busiest.Steps; len(got) != 3 || got[0].At != "monday 10:15" || got[1].At != "monday 10:00" {
		t.Errorf("busiest: %v", got)
	}
}

// TestEveryKPIHasAPlace: each KPI about a time is in one section, or named as left out.
func TestEveryKPIHasAPlace(t *testing.T) {
	seen := map[string]int{}
	for _, id := range append(KPIs(), leftOut...) {
		seen[id]++
	}
	for _, d := range kpi.Catalog() {
		if want := map[bool]int{true: 0, false: 1}[d.Instant()]; seen[d.ID] != want {
			t.Errorf("%s is in %d places", d.ID, seen[d.ID])
		}
		delete(seen, d.ID)
	}
	for id := range seen {
		t.Errorf("there is no KPI %q", id)
	}
	for _, h := range headlineKPIs {
		if !slices.Contains(KPIs(), h.kpi) {
			t.Errorf("no section has the headline %s", h.kpi)
		}
	}
}

var placeholder = regexp.MustCompile(`\{[a-z0-9]+\}`)

// TestTextsAreEqualInKeys: every text is there in every language, with the same places.
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
	for key := range texts["en"] {
		name, ok := strings.CutPrefix(key, "definition_")
		if ok && !slices.ContainsFunc(kpi.Catalog(), func(d *kpi.Def) bool {
			definition, found := strings.CutPrefix(name, d.ID+"_")
			_, known := d.Definition(definition)
			return found && known
		}) {
			t.Errorf("%s names nothing of the catalogue", key)
		}
	}
}

// TestHTMLStandsAlone: nothing runs, nothing is loaded, and every style is at its element; names remain names.
func TestHTMLStandsAlone(t *testing.T) {
	for _, lang := range kpi.Langs {
		page := string(Make(week()).HTML(lang, shout))
		for _, no := range []string{"<script", "<link", "<style", " src=", " href=", "url(", "@import", " class=", " id=", "<b>", "javascript:"} {
			if strings.Contains(page, no) {
				t.Errorf("%s has %s", lang, no)
			}
		}
		for _, yes := range []string{`<html lang="` + lang + `">`, "<h1", `scope="col"`, `scope="row"`, "&lt;b&gt;*VIP*&lt;/b&gt;"} {
			if !strings.Contains(page, yes) {
				t.Errorf("%s lacks %s", lang, yes)
			}
		}
	}
}

// TestNumbers reads numbers of every kind in every language.
func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		lang, got, want string
	}{
		{"en", words{lang: "en"}.count(1234567), "1,234,567"}, {"es", words{lang: "es"}.count(1234), "1234"}, {"es", words{lang: "es"}.count(12345), "12.345"}, {"pt", words{lang: "pt"}.count(1234), "1.234"},
		{"en", words{lang: "en"}.decimal(-1234.56, 1), "−1,234.6"}, {"pt", words{lang: "pt"}.decimal(-0.04, 1), "0,0"}, {"es", words{lang: "es"}.signed(0.04, 1), "0,0"}, {"es", words{lang: "es"}.signed(3.25, 1), "+3,2"},
		{"es", words{lang: "es"}.duration(1.46), "1,5 s"}, {"en", words{lang: "en"}.duration(9.97), "10 s"}, {"en", words{lang: "en"}.duration(59.6), "1 min 00 s"}, {"en", words{lang: "en"}.duration(7384), "2 h 03 min"},
		{"pt", words{lang: "pt"}.duration(-90_000), "−1 d 01 h"}, {"es", words{lang: "es"}.step("wednesday 23:45"), "miércoles 23:45–00:00"},
		{"pt", words{lang: "pt"}.span("2026-03-01T00:00:00-03:00", "2026-04-01T00:00:00-03:00"), "domingo, 1 de março de 2026 a terça-feira, 31 de março de 2026"},
	} {
		if got := strings.ReplaceAll(c.got, nbsp, " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.lang, got, c.want)
		}
	}
}

// FuzzEscape: whatever a name is, no line of Markdown is broken by it and nothing in it is markup.
func FuzzEscape(f *testing.F) {
	for _, seed := range []string{odd, "a_b", "_a_", "|", "\\|", "`x`", "\u2028", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got := escape(name)
		if strings.ContainsAny(got, "\n\r\t\x00") {
			t.Fatalf("%q: %q", name, got)
		}
		for i, r := range got {
			if strings.ContainsRune("`*[]<>|~&#", r) && (i == 0 || got[i-1] != '\\') {
				t.Fatalf("%q: %q is not escaped", name, got)
			}
		}
	})
}
