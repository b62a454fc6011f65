package app_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/bus"
	"github.com/vigia-cx/vigia/internal/kpi"
)

// TestInABubble runs the whole installation in virtual time: a promise of fifteen minutes is overdue in the second after it, and when the app has stopped no goroutine is left
// (the bubble would not end).
func TestInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		world := bus.NewVirtual()
		a, err := app.New(app.Options{Config: configured(t, "", ""), Listen: world.Listen, DialLog: world.DialContext})
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		transport := &http.Transport{DialContext: world.DialContext}
		client := &http.Client{Transport: transport}
		ask := func(token, method, path, body string) (int, string) {
			r, err := http.NewRequest(method, "http://"+a.Addr().String()+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", "Bearer "+token)
			answer, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			text, _ := io.ReadAll(answer.Body)
			return answer.StatusCode, string(text)
		}
		overdue := func() string {
			status, body := ask(readToken, http.MethodGet, "/api/v1/kpis?kpi=sla_overdue&definition=first_response", "")
			var answer struct{ Values []kpi.Value }
			if err := json.Unmarshal([]byte(body), &answer); status != http.StatusOK || err != nil || len(answer.Values) != 1 {
				t.Fatalf("%d %s", status, body)
			}
			return string(answer.Values[0].Value)
		}
		time.Sleep(10 * time.Second)
		if status, body := ask(ingestToken, http.MethodPost, "/ingest/v1/events", message("m1", time.Now())); status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
		time.Sleep(15*time.Minute - time.Second)
		if n := overdue(); n != "0" {
			t.Errorf("a second before the promise ends %s conversations are overdue", n)
		}
		// The clock has its grace of two seconds and the tick one of its own.
		time.Sleep(5 * time.Second)
		if n := overdue(); n != "1" {
			t.Errorf("after the promise %s conversations are overdue", n)
		}
		transport.CloseIdleConnections()
		if err := a.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}
