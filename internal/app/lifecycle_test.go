package app_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vigia-cx/vigia/internal/app"
	"github.com/vigia-cx/vigia/internal/kpi"
)

func mustNew(t testing.TB, o app.Options) *app.App {
	t.Helper()
	a, err := app.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestStop: at any time, from anywhere, repeatedly.
func TestStop(t *testing.T) {
	ctx := t.Context()
	never := mustNew(t, app.Options{Config: configured(t, "", "")})
	if err := never.Stop(ctx); err != nil {
		t.Errorf("before the start: %v", err)
	}
	if err := never.Start(ctx); err == nil {
		t.Error("an app that was stopped started")
	}

	a := mustNew(t, app.Options{Config: configured(t, "", "")})
	if err := a.Start(ctx); err != nil {
		t.Fatal(err)
	}
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			if err := a.Stop(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	callers.Wait()
	if _, err := net.DialTimeout("tcp", a.Addr().String(), time.Second); err == nil {
		t.Error("it still listens")
	}
}

// TestStartAndStopManyTimes also stops while the start is under way, and sees that nothing stays behind.
func TestStartAndStopManyTimes(t *testing.T) {
	dir := t.TempDir()
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	before := 0
	for i := range rounds {
		a := mustNew(t, app.Options{Config: configured(t, dir, "")})
		ended := make(chan error, 1)
		if i%3 == 2 {
			go func() { ended <- a.Stop(context.Background()) }()
		}
		err := a.Start(t.Context())
		if i%3 != 2 {
			if err != nil {
				t.Fatalf("round %d: %v", i, err)
			}
			go func() { ended <- a.Stop(context.Background()) }()
		}
		if err := <-ended; err != nil {
			t.Fatalf("round %d: %v", i, err)
		}
		if i == 1 {
			before = settled()
		}
	}
	http.DefaultClient.CloseIdleConnections()
	if after := settled(); after > before+5 {
		var stacks [1 << 20]byte
		t.Errorf("%d goroutines after the first rounds, %d after the last:\n%s", before, after, stacks[:runtime.Stack(stacks[:], true)])
	}
}

// settled counts the goroutines once their number has stopped falling.
func settled() int {
	n := runtime.NumGoroutine()
	for range 20 {
		<-time.After(20 * time.Millisecond)
		if now := runtime.NumGoroutine(); now < n {
			n = now
		}
	}
	return n
}

// TestRestart: the same data folder, the same values for the same instant, and no trace of the restart in the policies.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	first := started(t, app.Options{Config: configured(t, dir, "")})
	var batch []string
	for i := range 20 {
		batch = append(batch, message(fmt.Sprint("m", i), time.Now()))
	}
	if status, body := call(t, first, ingestToken, http.MethodPost, "/ingest/v1/events", "["+strings.Join(batch, ",")+"]"); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	query := "group=queue&window=1h&kpi=conversations_started,first_response_time,sla_compliance,contacts_offered&at=" + url.QueryEscape(time.Now().Add(5*time.Second).Format(time.RFC3339))
	numbers := func(a *app.App) map[string]kpi.Number {
		out := map[string]kpi.Number{}
		for _, v := range values(t, a, query) {
			out[v.KPI+"/"+v.Definition+"/"+v.Group["queue"]+" "+v.From+" "+v.To] = v.Value
		}
		return out
	}
	var before map[string]kpi.Number
	eventually(t, 20*time.Second, func() string {
		before = numbers(first)
		for _, n := range before {
			if n == "20" {
				return ""
			}
		}
		return fmt.Sprint(before)
	})
	if err := first.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := started(t, app.Options{Config: configured(t, dir, "")})
	if diff := cmp.Diff(before, numbers(second)); diff != "" {
		t.Errorf("after the restart (-before +after):\n%s", diff)
	}
	eventually(t, 20*time.Second, func() string {
		if ready, checks := second.Ready(t.Context()); !ready {
			return fmt.Sprint(checks)
		}
		return ""
	})
	if changed, err := app.ApplyPolicies(t.Context(), second.Log(), second.State(), configured(t, dir, ""), time.Now()); err != nil || len(changed) != 0 {
		t.Errorf("rules that are in force were put in force again: %v, %v", changed, err)
	}
}

// TestDamagedState: a state file that cannot be read is kept aside, and the log makes a new state.
func TestDamagedState(t *testing.T) {
	dir := t.TempDir()
	first := started(t, app.Options{Config: configured(t, dir, "")})
	if status, body := call(t, first, ingestToken, http.MethodPost, "/ingest/v1/events", message("m1", time.Now())); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	if err := first.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	cfg := configured(t, dir, "")
	file := app.StateFile(cfg)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text[:len(text)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	second := started(t, app.Options{Config: cfg})
	eventually(t, 20*time.Second, func() string {
		if v := values(t, second, "kpi=conversations_started&window=1h"); len(v) != 1 || v[0].Value != "1" {
			return fmt.Sprintf("%+v", v)
		}
		return ""
	})
	if aside, _ := filepath.Glob(file + ".damaged-*"); len(aside) != 1 {
		t.Errorf("set aside: %v", aside)
	}
}

func TestRefusals(t *testing.T) {
	occupied, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer occupied.Close()
	dir := t.TempDir()
	started(t, app.Options{Config: configured(t, dir, "")})

	taken := configured(t, "", "")
	taken.Listen, taken.Admin = occupied.Addr().String(), "127.0.0.1:0"
	nobody := configured(t, "", "")
	nobody.Kafka.Brokers, nobody.Redis.Addresses = []string{"127.0.0.1:1"}, []string{"127.0.0.1:1"}
	for _, c := range []struct {
		name        string
		options     app.Options
		want        []string
		unreachable bool
	}{
		{"one role on the embedded engine", app.Options{Config: configured(t, "", ""), Roles: []app.Role{app.Worker}}, []string{"connector and exporter", "kafka.brokers"}, false},
		{"port in use", app.Options{Config: taken}, []string{taken.Listen, "listen:"}, false},
		{"data in use", app.Options{Config: configured(t, dir, "")}, []string{"in use by another process", "data directory"}, false},
		{"no Kafka", app.Options{Config: nobody}, []string{"cannot reach Kafka", "127.0.0.1:1"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := app.New(c.options)
			if err == nil {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				err = a.Start(ctx)
			}
			if err == nil {
				t.Fatal("it started")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
			if _, ok := errors.AsType[*app.UnreachableError](err); ok != c.unreachable {
				t.Errorf("unreachable is %v for %v", ok, err)
			}
		})
	}
}

// TestPolicies: changed rules are put in force, unchanged ones are not, whether or not a worker has seen the last ones.
func TestPolicies(t *testing.T) {
	a := started(t, app.Options{Config: configured(t, "", "")})
	eventually(t, 20*time.Second, func() string {
		if ready, checks := a.Ready(t.Context()); !ready {
			return fmt.Sprint(checks)
		}
		return ""
	})
	now := time.Now()
	original, other := configured(t, "", ""), configured(t, "", "    agent_cells: true\n")
	for i, step := range []struct {
		rules string
		want  int
	}{{"original", 0}, {"other", 1}, {"other", 0}, {"original", 1}, {"original", 0}} {
		cfg := original
		if step.rules == "other" {
			cfg = other
		}
		// At one and the same instant: the serials must grow all the same.
		changed, err := app.ApplyPolicies(t.Context(), a.Log(), a.State(), cfg, now)
		if err != nil || len(changed) != step.want {
			t.Errorf("step %d (%s): %v, %v", i, step.rules, changed, err)
		}
	}
	if err := a.Reload(t.Context(), other); err != nil {
		t.Error(err)
	}
}

// TestServes: health, metrics, and who may not.
func TestServes(t *testing.T) {
	a := started(t, app.Options{Config: configured(t, "", ""), Version: "1.2.3"})
	eventually(t, 20*time.Second, func() string {
		status, body := call(t, a, "", http.MethodGet, "/readyz", "")
		if status != http.StatusOK || !strings.Contains(body, `"ready":true`) || !strings.Contains(body, "8 of 8 partitions") {
			return body
		}
		return ""
	})
	for _, c := range []struct {
		token, path string
		status      int
		want        string
	}{
		{"", "/livez", 200, "ok"},
		{"", "/metrics", 200, `vigia_build_info{goversion="` + runtime.Version() + `",version="1.2.3"} 1`},
		{"", "/api/v1/catalog", 401, "read token"},
		{ingestToken, "/api/v1/catalog", 401, "read token"},
		{readToken, "/api/v1/catalog", 200, "service_level"},
		{readToken, "/nothing", 404, "/api/v1/kpis"},
	} {
		status, body := call(t, a, c.token, http.MethodGet, c.path, "")
		if status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d %.300s", c.path, status, body)
		}
	}
	if status, _ := call(t, a, readToken, http.MethodPost, "/ingest/v1/events", message("m", time.Now())); status != http.StatusUnauthorized {
		t.Errorf("a read token may write: %d", status)
	}
}
