package exporter

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/vigia-cx/vigia/internal/kpi"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/store"
)

var update = flag.Bool("update", false, "write testdata anew")

func newHandler(t testing.TB, w *world) *Handler {
	t.Helper()
	h, err := New(w.cfg, w, slog.New(slog.NewTextHandler(io.Discard, nil)), prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// get asks with the token of the tenant acme; headers are pairs.
func get(h http.Handler, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Authorization", "Bearer "+acmeToken)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func values(t testing.TB, h http.Handler, path string) []kpi.Value {
	t.Helper()
	w := get(h, path)
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	var body struct{ Values []kpi.Value }
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	return body.Values
}

func TestGoldenHourOverHTTP(t *testing.T) {
	w := newWorld(t)
	w.busy()
	h := newHandler(t, w)
	got := map[string]string{}
	for _, v := range values(t, h, "/api/v1/kpis?kpi=service_level&group=queue&window=1h&definition=vigia,connect,genesys&definition=genesys-no-short,genesys-flowouts,"+
		"genesys-no-abandons,talkdesk-contacts,talkdesk-calls") {
		if v.Group["queue"] == "PS" {
			got[v.Definition] = fmt.Sprintf("%.1f", 100*v.Value.Float())
		}
	}
	if diff := cmp.Diff(map[string]string{"vigia": "75.3", "connect": "79.0", "genesys": "72.2", "genesys-no-short": "75.3", "genesys-flowouts": "70.0",
		"genesys-no-abandons": "82.4", "talkdesk-contacts": "75.3", "talkdesk-calls": "82.4"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestAnswers compares whole answers with files: the shape is public.
func TestAnswers(t *testing.T) {
	w := newWorld(t)
	w.busy()
	h := newHandler(t, w)
	for name, path := range map[string]string{
		"kpis_by_queue": "/api/v1/kpis?group=queue&window=1h&kpi=contacts_offered,contacts_answered,contacts_abandoned,contacts_lost,abandon_rate,service_level,speed_of_answer," +
			"handle_time,contacts_waiting,longest_wait,conversations_started,first_response_time,next_response_time,resolution_time,sla_compliance,sla_running,sla_at_risk,sla_overdue," +
			"sentiment_balance,active_customers&definition=default,vigia,from_creation,first_response,next_response,resolution",
		"kpis_total_24h":       "/api/v1/kpis?kpi=contacts_offered,handle_time,service_level,active_customers,longest_wait&window=24h",
		"kpis_by_agent":        "/api/v1/kpis?kpi=contacts_answered,speed_of_answer&group=agent&window=today",
		"kpis_at":              "/api/v1/kpis?kpi=contacts_answered&group=channel,queue&window=15m&at=2026-03-20T05:45:00-06:00",
		"conversations":        "/api/v1/conversations",
		"conversations_filter": "/api/v1/conversations?queue=PS,other&channel=whatsapp&limit=1",
		"catalog":              "/api/v1/catalog",
		"problem_kpi":          "/api/v1/kpis?kpi=asa",
		"problem_window":       "/api/v1/kpis?kpi=active_customers&window=1h&at=2026-03-20T05:45:00-06:00",
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			got := get(h, path)
			var body any
			if err := json.Unmarshal(got.Body.Bytes(), &body); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "%d %s\n", got.Code, got.Header().Get("Content-Type"))
			// One line a value: fields stay in the order in which they are sent.
			b.WriteString(strings.NewReplacer(`},{"kpi"`, "},\n{\"kpi\"", `},{"conversation"`, "},\n{\"conversation\"", `},{"id"`, "},\n{\"id\"").Replace(got.Body.String()))
			golden(t, "testdata/"+name+".golden", b.String())
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; go test -update writes it anew):\n%s", name, diff)
	}
}

func TestProblems(t *testing.T) {
	w := newWorld(t)
	h := newHandler(t, w)
	for _, c := range []struct {
		path            string
		status          int
		slug, parameter string
		says            string
	}{
		{"/api/v1/kpis?kpi=asa", 400, "invalid-parameter", "kpi", "first_response_time"},
		{"/api/v1/kpis?window=5", 400, "invalid-parameter", "window", "today"},
		{"/api/v1/kpis?window=5s", 400, "invalid-parameter", "window", "today"},
		{"/api/v1/kpis?window=500d", 400, "invalid-parameter", "window", "today"},
		{"/api/v1/kpis?window=-5m", 400, "invalid-parameter", "window", "today"},
		{"/api/v1/kpis?window=99999999999999999999s", 400, "invalid-parameter", "window", "today"},
		{"/api/v1/kpis?group=customer", 400, "invalid-parameter", "group", "channel"},
		{"/api/v1/kpis?kpi=abandon_rate&group=agent", 400, "invalid-parameter", "group", "queue"},
		{"/api/v1/kpis?kpi=handle_time&group=agent,team", 400, "invalid-parameter", "group", "agent"},
		{"/api/v1/kpis?kpi=service_level&definition=gold", 400, "invalid-parameter", "definition", "talkdesk-calls"},
		{"/api/v1/kpis?at=yesterday", 400, "invalid-parameter", "at", "RFC 3339"},
		{"/api/v1/kpis?at=2026-03-21T10:00:00Z", 400, "invalid-parameter", "at", "in the future"},
		{"/api/v1/kpis?at=1950-03-21T10:00:00Z", 400, "invalid-parameter", "at", "1970"},
		{"/api/v1/kpis?kpi=longest_wait&at=2026-03-20T10:00:00Z", 400, "invalid-parameter", "at", "about now"},
		{"/api/v1/kpis?kpi=contacts_offered&at=2024-03-20T06:00:00-06:00", 400, "invalid-parameter", "at", "nothing is kept from before that instant"},
		{"/api/v1/kpis?at=2024-03-20T06:00:00-06:00", 400, "invalid-parameter", "at", "nothing is kept from before that instant"},
		{"/api/v1/kpis?kpis=nps", 400, "invalid-parameter", "kpis", "definition"},
		{"/api/v1/kpis?kpi=%zz", 400, "invalid-parameter", "", "percent-encode"},
		{"/api/v1/kpis?tenant=other", 400, "invalid-parameter", "tenant", "another tenant"},
		{"/api/v1/conversations?limit=0", 400, "invalid-parameter", "limit", "1000"},
		{"/api/v1/conversations?limit=1001", 400, "invalid-parameter", "limit", "1000"},
		{"/api/v1/conversations?sort=x", 400, "invalid-parameter", "sort", "limit"},
		{"/api/v2/kpis", 404, "not-found", "", "/api/v1/kpis"},
	} {
		got := get(h, c.path)
		var p problem
		if err := json.Unmarshal(got.Body.Bytes(), &p); err != nil {
			t.Fatalf("%s: %v in %s", c.path, err, got.Body)
		}
		if got.Code != c.status || p.Status != c.status || p.Type != problemBase+c.slug || p.Parameter != c.parameter || p.Title == "" || p.Detail == "" {
			t.Errorf("%s: %d %+v, want %d %s about %q", c.path, got.Code, p, c.status, c.slug, c.parameter)
		}
		if got.Header().Get("Content-Type") != "application/problem+json" || !strings.Contains(got.Body.String(), c.says) {
			t.Errorf("%s: does not say %q: %s", c.path, c.says, got.Body)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/api/v1/kpis", nil)
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	if rec.Code != 405 || rec.Header().Get("Allow") == "" {
		t.Errorf("POST: %d", rec.Code)
	}
}

// TestAgentsAreOff: where nothing is kept by agent there are no numbers by agent, neither zeros nor an empty answer.
func TestAgentsAreOff(t *testing.T) {
	w := newWorld(t)
	w.busy()
	for _, x := range slices.Concat(w.stage1, w.stage2) {
		x.enrol(sla.DefaultPolicy("acme", "America/Mexico_City"))
		x.commit()
	}
	h := newHandler(t, w)
	for _, path := range []string{"/api/v1/kpis?kpi=handle_time&group=agent", "/api/v1/kpis?kpi=sla_running,contacts_answered&group=queue,agent"} {
		if got := get(h, path); got.Code != 400 || !strings.Contains(got.Body.String(), `"parameter":"group"`) || !strings.Contains(got.Body.String(), "agent_cells: true") {
			t.Errorf("%s: %d %s", path, got.Code, got.Body)
		}
	}
	for _, v := range values(t, h, "/api/v1/kpis?group=agent") { // open conversations have agents all the same
		if d, err := kpi.ByID(v.KPI); err != nil || !d.Instant() {
			t.Errorf("%s by agent is %s", v.KPI, v.Value)
		}
	}
}

func TestReadmeListsEveryProblem(t *testing.T) {
	problems := []problemKind{badParameter, unauthorized, foreignHost, notFound, wrongMethod, internalError, stateUnknown, unavailable}
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if !strings.Contains(string(b), fmt.Sprintf("### %s\n", p.Slug)) {
			t.Errorf("README.md does not explain %s, which problems link to", p.Slug)
		}
	}
}

// TestUnknownIsNotZero: without state there is no number.
func TestUnknownIsNotZero(t *testing.T) {
	w := &world{now: noon}
	w.openStore(t)
	w.cfg = testConfig(w, 2)
	h := newHandler(t, w)
	expect := func(when string, code int, says string) {
		t.Helper()
		for _, path := range []string{"/api/v1/kpis", "/api/v1/conversations", "/"} {
			got := get(h, path)
			if got.Code != code || code != 200 && (got.Header().Get("Retry-After") == "" && path != "/" || !strings.Contains(got.Body.String(), says)) {
				t.Errorf("%s: %s: %d %s", when, path, got.Code, got.Body)
			}
		}
	}
	expect("nothing at all", 503, "interactions partitions 0 1")
	a := begin(t, w.store, stageInteractions, 0)
	expect("created, but nothing applied", 503, "interactions partitions 0 1")
	a.tick(noon)
	a.commit()
	expect("one of two", 503, "interactions partitions 1")
	for _, slot := range []store.Slot{{Stage: stageInteractions, Partition: 1}, {Stage: stageCustomers, Partition: 0}, {Stage: stageCustomers, Partition: 1}} {
		x := begin(t, w.store, slot.Stage, slot.Partition)
		x.tick(noon)
		x.commit()
	}
	expect("all of them", 200, "")

	w.embedded.Flush()
	expect("a store that came back empty", 503, "interactions partitions 0 1")
	w.down = errors.New("connection refused")
	expect("a store that is gone", 503, "")
	if got := get(h, "/api/v1/kpis"); !strings.Contains(got.Body.String(), "store-unavailable") || strings.Contains(got.Body.String(), "refused") {
		t.Errorf("%s", got.Body)
	}
}

func TestEmptyIsTrueZero(t *testing.T) {
	w := newWorld(t)
	h := newHandler(t, w)
	anomaly, err := kpi.ByID("volume_anomaly")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range values(t, h, "/api/v1/kpis?window=5m") {
		want := kpi.Number("")
		if d, err := kpi.ByID(v.KPI); err != nil || d.Shapes()[0] == kpi.ShapeCount || d.Shapes()[0] == kpi.ShapeEstimate || d == anomaly {
			want = "0" // none, or as many as ever
		}
		if v.Value != want || v.N != 0 || !v.Complete {
			t.Errorf("%s: %q n %d complete %v, want %q", v.KPI, v.Value, v.N, v.Complete, want)
		}
	}
	if got := values(t, h, "/api/v1/kpis?group=queue"); len(got) != 0 {
		t.Errorf("groups without contributions: %v", got)
	}
}

func TestComplete(t *testing.T) {
	w := newWorld(t)
	w.busy()
	h := newHandler(t, w)
	const path = "/api/v1/kpis?kpi=contacts_offered,contacts_waiting&group=queue&window=1h"
	expect := func(when, path string, want bool) {
		t.Helper()
		got := values(t, h, path)
		if len(got) == 0 {
			t.Errorf("%s: no values", when)
		}
		for _, v := range got {
			if v.Complete != want {
				t.Errorf("%s: %s complete %v, want %v", when, v.KPI, v.Complete, want)
			}
		}
	}
	expect("now", path, true)
	w.now += 10_000
	expect("stale", path, false)
	if v := values(t, h, path)[0]; v.FreshnessS != "11.5" || v.AsOf != "2026-03-20T06:00:07-06:00" {
		t.Errorf("freshness %s as of %s", v.FreshnessS, v.AsOf)
	}
	expect("the past stays known", "/api/v1/kpis?kpi=contacts_offered&group=queue&at=2026-03-20T06:00:00-06:00", true)
	expect("a past that is not known yet", "/api/v1/kpis?kpi=contacts_offered&group=queue&at=2026-03-20T06:00:08-06:00", false)
	expect("in part before panes are kept", "/api/v1/kpis?kpi=contacts_offered&window=400d&at=2025-12-01T00:00:00-06:00", false)
	w.now -= 10_000

	w.stage1[1].set("pub", "inc", varint(noon-1_800_000))
	w.stage1[1].commit()
	expect("lost records", strings.Replace(path, ",contacts_waiting", "", 1), false)
	expect("lost records before", "/api/v1/kpis?kpi=contacts_offered,contacts_waiting&group=queue&window=15m", true)
	w.stage1[1].set("pub", "inc", varint(0))
	w.stage1[0].set("tn:acme", "capped", []byte("queue,agent"))
	w.stage1[0].commit()
	w.stage1[1].commit()
	expect("folded names", path, false)
	expect("folded names, not grouped by", "/api/v1/kpis?kpi=contacts_offered,contacts_waiting&group=team", true)
}

func TestHeaders(t *testing.T) {
	w := newWorld(t)
	h := newHandler(t, w)
	for _, path := range []string{"/api/v1/kpis", "/api/v1/catalog", "/"} {
		got := get(h, path)
		if got.Header().Get("Cache-Control") != "no-store" || got.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, got.Header())
		}
	}
	got := get(h, stylePath)
	if !strings.Contains(got.Header().Get("Cache-Control"), "immutable") || got.Header().Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("style: %v", got.Header())
	}
	csp := get(h, "/").Header().Get("Content-Security-Policy")
	if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "script") || strings.Contains(csp, "unsafe") {
		t.Errorf("content security policy: %s", csp)
	}
}

func TestMetricsAreCounted(t *testing.T) {
	w := newWorld(t)
	reg := prometheus.NewPedanticRegistry()
	h, err := New(w.cfg, w, slog.New(slog.DiscardHandler), reg)
	if err != nil {
		t.Fatal(err)
	}
	get(h, "/api/v1/kpis")
	get(h, "/api/v1/kpis?kpi=none")
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range families {
		names = append(names, f.GetName())
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if f.GetName() == "vigia_api_requests_total" && l.GetName() == "route" && !slices.Contains(routes, l.GetValue()) {
					t.Errorf("route %q", l.GetValue())
				}
			}
		}
	}
	golden(t, "testdata/metrics.golden", strings.Join(names, "\n")+"\n")
}

func TestTimesOut(t *testing.T) {
	w := newWorld(t)
	w.cfg.ReadTimeout = time.Nanosecond
	h := newHandler(t, w)
	if got := get(h, "/api/v1/kpis"); got.Code != 503 || !strings.Contains(got.Body.String(), "store-unavailable") {
		t.Errorf("%d %s", got.Code, got.Body)
	}
}
