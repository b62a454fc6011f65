package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vigia-cx/vigia/internal/kpi"
)

func TestDemoSpeaksAllLanguages(t *testing.T) {
	keys := slices.Sorted(maps.Keys(demoWords["en"]))
	for _, lang := range kpi.Langs {
		if d := cmp.Diff(keys, slices.Sorted(maps.Keys(demoWords[lang]))); d != "" {
			t.Errorf("%s: %s", lang, d)
		}
		for key, text := range demoWords[lang] {
			if strings.Count(text, "{") != strings.Count(demoWords["en"][key], "{") {
				t.Errorf("%s %s: other places than in English: %s", lang, key, text)
			}
		}
	}
	for locale, want := range map[string]string{"es_MX.UTF-8": "es", "pt_BR": "pt", "C.UTF-8": "en", "": "en", "EN_us": "en"} {
		if got := systemLanguage(func(name string) string { return map[string]string{"LANG": locale}[name] }); got != want {
			t.Errorf("%s: %s", locale, got)
		}
	}
}

// demoAt starts a demonstration in a folder and returns how to stop it, which gives the exit code.
func demoAt(t *testing.T, address, folder string) (*transcript, func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	said, ended := &transcript{}, make(chan int, 1)
	getenv := func(name string) string { return map[string]string{"TZ": "America/Bogota"}[name] }
	go func() {
		ended <- run(ctx, []string{"demo", "--listen", address, "--data", folder, "--speed", "30", "--lang", "en"}, getenv, said, said)
	}()
	return said, func() int { cancel(); return <-ended }
}

// TestDemo: the incident's breaches are called, Ctrl-C stops with 0, and after a restart the past is what it was.
func TestDemo(t *testing.T) {
	address, _, err := freePair()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "data")

	said, stop := demoAt(t, address, folder)
	said.until(t, "The past is played", nil)
	said.until(t, "BROKEN   whatsapp/soporte  first reply, due ", nil)
	said.until(t, "alert delivered, signed: CRITICAL · Promise broken: first reply · soporte (WhatsApp)", nil)
	said.until(t, "settled  whatsapp/soporte", nil) // people catch up
	said.until(t, "alert delivered, signed: Settled late: first reply · soporte (WhatsApp)", nil)
	newest, err := time.Parse(time.RFC3339, demoValues(t, address, "")[0].AsOf)
	if err != nil {
		t.Fatal(err)
	}
	at := newest.Add(-3 * time.Minute).Format(time.RFC3339)
	before := demoValues(t, address, at)
	if code := stop(); code != exitOK {
		t.Fatalf("exit code %d\n%s", code, said)
	}
	if strings.Contains(said.String(), "BROKEN   voice") || strings.Contains(said.String(), "\nretracted") {
		t.Errorf("calls for nothing:\n%s", said)
	}
	if n := conversationsOf(before); n < 100 {
		t.Errorf("%v conversations in half an hour", n)
	}

	said, stop = demoAt(t, address, folder)
	said.until(t, "The past is played", nil)
	after := demoValues(t, address, at)
	if d := cmp.Diff(before, after, cmpopts.IgnoreFields(kpi.Value{}, "AsOf", "FreshnessS", "Complete")); d != "" {
		t.Errorf("the past has changed over the restart (-before +after):\n%s", d)
	}
	if code := stop(); code != exitOK {
		t.Fatalf("exit code %d\n%s", code, said)
	}
	info, err := os.Stat(filepath.Join(folder, "demo.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the plan, which holds a key: %v %v", info, err)
	}
}

func conversationsOf(values []kpi.Value) float64 {
	for _, v := range values {
		if v.KPI == "conversations_started" && v.Group["queue"] == "" {
			return v.Value.Float()
		}
	}
	return 0
}

// demoValues asks for the numbers of half an hour, for the tenant and by queue.
func demoValues(t *testing.T, address, at string) []kpi.Value {
	t.Helper()
	var all []kpi.Value
	for _, group := range []string{"tenant", "queue"} {
		q := url.Values{"window": {"30m"}, "group": {group}, "kpi": {
			"conversations_started,contacts_offered,contacts_answered,speed_of_answer,first_response_time,next_response_time,resolution_time,handle_time,sla_compliance,service_level"}}
		if at != "" {
			q.Set("at", at)
		}
		answer, err := http.Get(fmt.Sprintf("http://%s/api/v1/kpis?%s", address, q.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		var body struct{ Values []kpi.Value }
		err = json.NewDecoder(answer.Body).Decode(&body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %v", answer.Status, err)
		}
		all = append(all, body.Values...)
	}
	return all
}
